/*
 * access: what is known of one request, for the access log and the counters.
 */
#ifndef CCGATE_FWD_ACCESS_H
#define CCGATE_FWD_ACCESS_H

#include "base/span.h"
#include "up/trail.h"

struct access {
    const char *method; /* see access_method(); NULL: no request was read */
    char *target;       /* "host:port" or the URL without query */
    const char *why;    /* of the route; not owned */
    const char *hop;    /* not owned; NULL: direct or none */
    bool tunnel, direct;
    bool connect;  /* CONNECT or what stands for it */
    uint16_t port; /* of the target */
    const char
        *reused; /* "warm": over a kept connection; NULL: it was opened for this */
    uint16_t status;
    uint64_t began;     /* loop_clock() */
    struct trail trail; /* its id, and what failed on the way */
    uint64_t resolve_ns, connect_ns, tls_ns, wait_ns;
    uint64_t bytes_up, bytes_down;
};

/* The method as it is logged: the name, or "other" for one that is not registered. */
const char *access_method(struct span method);

void access_clear(struct access *access);

/*
 * Writes the line (when `log` says so) and counts the outcome. client:
 * "127.0.0.1:41234"; uid -1: unknown.
 */
void access_end(struct access *access, bool log, const char *client, int64_t uid,
                enum outcome outcome, const char *detail);

#endif
