/*
 * keytab: see keytab.h.
 */
#include "auth/keytab.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define KEYTAB_LIMIT ((size_t)1024 * 1024) /* bytes */

/* What this process knows of a keytab, as it is on the disk. */
struct keytab {
    struct keytab *next;
    char *path, *principal; /* principal empty: whichever the keytab has */
    struct timespec modified, changed;
    off_t size;
    ino_t inode;
    bool trying;   /* by a thread; the others wait */
    bool accepted; /* by the KDC */
    bool rejected; /* likewise */
    bool written;  /* that it was, so that the ledger knows better: it may be rearmed */
    bool keyed;    /* the key is good for the salt: */
    unsigned char salt[LEDGER_SALT], key[LEDGER_KEY];
};

struct keytabs {
    struct ledger *ledger;
    pthread_mutex_t mutex;
    pthread_cond_t tried;
    struct keytab *first; /* one per path and principal */
};

/* ---- the key ---- */

bool keytab_key(const unsigned char salt[LEDGER_SALT], const char *path,
                const char *principal, unsigned char key[LEDGER_KEY])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct buf content;
    bool ok = false;

    if (fd < 0)
        return false;
    buf_init(&content, KEYTAB_LIMIT);
    if (file_read(fd, &content) == 0)
        ok = ledger_key(salt, buf_span(&content), principal == NULL ? "" : principal,
                        "keytab", key);
    buf_wipe(&content);
    close(fd);
    return ok;
}

/* Of a keytab that one thread tries, so that only this one touches it. */
static bool key_for(struct keytab *keytab, const struct ledger_book *book)
{
    if (keytab->keyed && memcmp(keytab->salt, book->salt, LEDGER_SALT) == 0)
        return true;
    memcpy(keytab->salt, book->salt, LEDGER_SALT);
    keytab->keyed =
        keytab_key(keytab->salt, keytab->path, keytab->principal, keytab->key);
    return keytab->keyed;
}

/* ---- the ledger ---- */

/* Whether it is closed there; where it could not be written, memory has to do. */
static bool is_closed(struct keytabs *keytabs, struct keytab *keytab)
{
    const struct ledger_login *login;
    struct ledger_stamp stamp;
    struct ledger_book book;
    bool closed = keytab->rejected;
    char why[LEDGER_WHY];

    if (keytabs->ledger == NULL || (keytab->rejected && !keytab->written))
        return closed;
    ledger_book_init(&book);
    if (ledger_load(keytabs->ledger, &book, &stamp, why) && stamp.inode != 0 &&
        key_for(keytab, &book)) {
        login = ledger_book_find(&book, keytab->key);
        closed = login != NULL && login->state == LEDGER_CLOSED;
    }
    ledger_book_clear(&book);
    return closed;
}

static bool put_closed(void *ctx, struct ledger_book *book)
{
    struct keytab *keytab = ctx;
    struct ledger_login login = {
        .state = LEDGER_CLOSED,
        .time = (uint64_t)time(NULL),
    };

    if (!key_for(keytab, book))
        return false;
    memcpy(login.key, keytab->key, LEDGER_KEY);
    ledger_text_set(login.user,
                    keytab->principal[0] != '\0' ? keytab->principal : keytab->path,
                    true);
    ledger_text_set(login.keytab, keytab->path, true);
    ledger_text_set(login.why, "rejected", true);
    ledger_text_set(login.at, "the KDC", true);
    return ledger_book_put(book, &login);
}

/* That it fails, others notice, too: the guard says so. */
static void close_keytab(struct keytabs *keytabs, struct keytab *keytab)
{
    struct ledger_stamp stamp;
    struct ledger_book book;
    char why[LEDGER_WHY];

    keytab->rejected = true;
    keytab->written = false;
    if (keytabs->ledger == NULL)
        return;
    ledger_book_init(&book);
    keytab->written =
        ledger_update(keytabs->ledger, put_closed, keytab, &book, &stamp, why) &&
        keytab->keyed;
    ledger_book_clear(&book);
}

/* ---- who tries ---- */

static bool is_same_file(const struct keytab *keytab, const struct stat *st)
{
    return keytab->inode == st->st_ino && keytab->size == st->st_size &&
           memcmp(&keytab->modified, &st->st_mtim, sizeof(st->st_mtim)) == 0 &&
           memcmp(&keytab->changed, &st->st_ctim, sizeof(st->st_ctim)) == 0;
}

/* Another file: nothing is known of it. */
static void take_stamp(struct keytab *keytab, const struct stat *st)
{
    keytab->inode = st->st_ino;
    keytab->size = st->st_size;
    keytab->modified = st->st_mtim;
    keytab->changed = st->st_ctim;
    keytab->accepted = keytab->rejected = keytab->keyed = false;
}

static struct keytab *keytab_add(struct keytabs *keytabs, const char *path,
                                 const char *principal)
{
    struct keytab *keytab = calloc(1, sizeof(*keytab));

    if (keytab == NULL)
        return NULL;
    keytab->path = span_dup(span_of(path));
    keytab->principal = span_dup(span_of(principal));
    if (keytab->path == NULL || keytab->principal == NULL) {
        free(keytab->path);
        free(keytab->principal);
        free(keytab);
        return NULL;
    }
    keytab->next = keytabs->first;
    keytabs->first = keytab;
    return keytab;
}

/* With the mutex. NULL when memory is out. */
static struct keytab *keytab_get(struct keytabs *keytabs,
                                 const struct gss_target *target)
{
    const char *principal = target->principal == NULL ? "" : target->principal;
    struct keytab *keytab = keytabs->first;

    while (keytab != NULL && (strcmp(keytab->path, target->keytab) != 0 ||
                              strcmp(keytab->principal, principal) != 0))
        keytab = keytab->next;
    return keytab != NULL ? keytab : keytab_add(keytabs, target->keytab, principal);
}

/* Waits until nobody tries it. Whether it is to be tried, and not just used. */
static bool trying_begin(struct keytabs *keytabs, struct keytab *keytab,
                         const struct stat *st)
{
    while (keytab->trying)
        pthread_cond_wait(&keytabs->tried, &keytabs->mutex);
    if (!is_same_file(keytab, st))
        take_stamp(keytab, st);
    keytab->trying = !keytab->accepted;
    return keytab->trying;
}

static void trying_end(struct keytabs *keytabs, struct keytab *keytab)
{
    keytab->trying = false;
    pthread_cond_broadcast(&keytabs->tried);
}

static void tell_held(const struct gss_target *target, struct gss_result *result)
{
    result->verdict = GSS_UNABLE;
    (void)snprintf(result->why, sizeof(result->why),
                   "the KDC rejected the keytab %.120s, which is held back until it "
                   "changes (have it made anew), or `ccgate auth rearm`",
                   target->keytab);
}

/* Only the thread that tries is here. */
static void keytab_try(struct keytabs *keytabs, struct keytab *keytab,
                       const struct gss_maker *maker, void **context,
                       const struct gss_target *target, struct gss_result *result)
{
    if (is_closed(keytabs, keytab)) {
        tell_held(target, result);
        return;
    }
    keytab->rejected = false;
    maker->step(context, target, (struct span){NULL, 0}, result);
    if (result->rejected)
        close_keytab(keytabs, keytab);
}

/* One that was good before; the KDC may have another key by now. */
static void keytab_use(struct keytabs *keytabs, struct keytab *keytab,
                       const struct gss_maker *maker, void **context,
                       const struct gss_target *target, struct gss_result *result)
{
    maker->step(context, target, (struct span){NULL, 0}, result);
    if (!result->rejected)
        return;
    pthread_mutex_lock(&keytabs->mutex);
    while (keytab->trying)
        pthread_cond_wait(&keytabs->tried, &keytabs->mutex);
    keytab->trying = true;
    keytab->accepted = false;
    pthread_mutex_unlock(&keytabs->mutex);
    close_keytab(keytabs, keytab);
    pthread_mutex_lock(&keytabs->mutex);
    trying_end(keytabs, keytab);
    pthread_mutex_unlock(&keytabs->mutex);
}

void keytabs_step(struct keytabs *keytabs, const struct gss_maker *maker,
                  void **context, const struct gss_target *target, struct span input,
                  struct gss_result *result)
{
    struct keytab *keytab;
    struct stat st;
    bool tries = false;

    if (target->keytab == NULL || *context != NULL || stat(target->keytab, &st) != 0) {
        maker->step(context, target, input, result);
        return;
    }
    pthread_mutex_lock(&keytabs->mutex);
    keytab = keytab_get(keytabs, target);
    if (keytab != NULL)
        tries = trying_begin(keytabs, keytab, &st);
    pthread_mutex_unlock(&keytabs->mutex);
    if (keytab == NULL) {
        result->verdict = GSS_UNABLE;
        (void)snprintf(result->why, sizeof(result->why), "memory is out");
        return;
    }
    if (!tries) {
        keytab_use(keytabs, keytab, maker, context, target, result);
        return;
    }
    keytab_try(keytabs, keytab, maker, context, target, result);
    pthread_mutex_lock(&keytabs->mutex);
    keytab->accepted = result->verdict != GSS_UNABLE;
    trying_end(keytabs, keytab);
    pthread_mutex_unlock(&keytabs->mutex);
}

/* ---- life ---- */

struct keytabs *keytabs_new(struct ledger *ledger)
{
    struct keytabs *keytabs = calloc(1, sizeof(*keytabs));

    if (keytabs == NULL)
        return NULL;
    if (pthread_mutex_init(&keytabs->mutex, NULL) != 0) {
        free(keytabs);
        return NULL;
    }
    if (pthread_cond_init(&keytabs->tried, NULL) != 0) {
        pthread_mutex_destroy(&keytabs->mutex);
        free(keytabs);
        return NULL;
    }
    keytabs->ledger = ledger == NULL ? NULL : ledger_ref(ledger);
    return keytabs;
}

void keytabs_free(struct keytabs *keytabs)
{
    struct keytab *next;

    if (keytabs == NULL)
        return;
    for (struct keytab *keytab = keytabs->first; keytab != NULL; keytab = next) {
        next = keytab->next;
        free(keytab->path);
        free(keytab->principal);
        free(keytab);
    }
    pthread_cond_destroy(&keytabs->tried);
    pthread_mutex_destroy(&keytabs->mutex);
    ledger_unref(keytabs->ledger);
    free(keytabs);
}
