/*
 * tls_sessions: sessions to resume (RFC 8446 section 2.2, RFC 5077), one per hop, of
 * one set of trust. Private to up/tls*.c.
 */
#ifndef CCGATE_UP_TLS_SESSIONS_H
#define CCGATE_UP_TLS_SESSIONS_H

#include <openssl/ssl.h>

#define TLS_SESSIONS 64 /* the one kept first goes for a new one */

struct tls_sessions;

/* NULL when memory is out. */
struct tls_sessions *tls_sessions_new(void);
void tls_sessions_free(struct tls_sessions *sessions); /* NULL-safe */

/* Keeps a copy of a session, if memory allows. */
void tls_sessions_keep(struct tls_sessions *sessions, const char *key,
                       const SSL_SESSION *session);

/* Forgets what is kept by that key, and keeps nothing for it any more. */
void tls_sessions_refuse(struct tls_sessions *sessions, const char *key);

/* One that can be resumed, or NULL. It stays where it is. */
SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, const char *key);

#endif
