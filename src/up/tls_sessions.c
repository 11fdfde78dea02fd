/*
 * tls_sessions: see tls_sessions.h.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "up/tls_sessions.h"

struct kept {
    char *key;            /* NULL: free */
    SSL_SESSION *session; /* NULL: none, and none is to be kept */
};

struct tls_sessions {
    struct kept kept[TLS_SESSIONS];
    size_t next; /* to be replaced */
};

static void drop(struct kept *kept)
{
    SSL_SESSION_free(kept->session);
    free(kept->key);
    *kept = (struct kept){NULL, NULL};
}

static struct kept *find(struct tls_sessions *sessions, const char *key)
{
    for (size_t i = 0; i < TLS_SESSIONS; i++)
        if (sessions->kept[i].key && strcmp(sessions->kept[i].key, key) == 0)
            return &sessions->kept[i];
    return NULL;
}

struct tls_sessions *tls_sessions_new(void)
{
    return calloc(1, sizeof(struct tls_sessions));
}

void tls_sessions_free(struct tls_sessions *sessions)
{
    for (size_t i = 0; sessions && i < TLS_SESSIONS; i++)
        drop(&sessions->kept[i]);
    free(sessions);
}

/* The place of a key; where there is none, a new one. NULL when memory is out. */
static struct kept *place(struct tls_sessions *sessions, const char *key)
{
    struct kept *kept = find(sessions, key);
    char *own = kept ? NULL : strdup(key);

    if (kept || !own)
        return kept;
    kept = &sessions->kept[sessions->next];
    sessions->next = (sessions->next + 1) % TLS_SESSIONS;
    drop(kept);
    kept->key = own;
    return kept;
}

/* OpenSSL forbids to resume its own, if the connection ends without close_notify. */
void tls_sessions_keep(struct tls_sessions *sessions, const char *key,
                       const SSL_SESSION *session)
{
    const struct kept *known = find(sessions, key);
    SSL_SESSION *copy = known && !known->session ? NULL : SSL_SESSION_dup(session);
    struct kept *kept = copy ? place(sessions, key) : NULL;

    if (!kept) {
        SSL_SESSION_free(copy);
        return;
    }
    SSL_SESSION_free(kept->session);
    kept->session = copy;
}

void tls_sessions_refuse(struct tls_sessions *sessions, const char *key)
{
    struct kept *kept = find(sessions, key);

    if (!kept)
        return;
    SSL_SESSION_free(kept->session);
    kept->session = NULL;
}

SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, const char *key)
{
    struct kept *kept = find(sessions, key);

    if (!kept || !kept->session)
        return NULL;
    if (SSL_SESSION_is_resumable(kept->session))
        return kept->session;
    drop(kept);
    return NULL;
}
