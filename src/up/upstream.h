/*
 * upstream: an open connection on the way out, as the connector yields it: the stream,
 * its login state, and which hop it leads through.
 */
#ifndef CCGATE_UP_UPSTREAM_H
#define CCGATE_UP_UPSTREAM_H

#include "auth/auth.h"
#include "route/route.h"
#include "up/stream.h"
#include "up/tls.h"

struct upstream {
    struct stream *stream;
    struct auth *auth;              /* NULL but for an HTTP proxy */
    struct route *route;            /* a reference: keeps hop alive */
    const struct hop *hop;          /* NULL when direct */
    struct tls_end_point end_point; /* empty without TLS */
    char *key;        /* what the pool finds it by: an HTTP proxy's name; else
                         "host:port", behind the name of a SOCKS proxy */
    char *login_at;   /* "host:port" of the server whose own NTLM or Negotiate passed on
                         it: it is one client connection's, never the pool's; or NULL */
    uint32_t owner;   /* uid of the caller it was opened for, see pool.h */
    bool reused;      /* came from the pool, ... */
    bool ready;       /* or is a tunnel that was opened before it was asked for, ... */
    uint64_t idle_ms; /* ... and was idle that long */
};

/* An empty one; NULL when memory is out. */
struct upstream *upstream_new(void);

/* Closes everything. NULL-safe. */
void upstream_free(struct upstream *upstream);

#endif
