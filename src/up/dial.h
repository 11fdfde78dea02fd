/*
 * dial: a name and a port to a connected socket: lookup, then the addresses by Happy
 * Eyeballs (RFC 8305: families alternate, 250 ms between attempts, the first to connect
 * wins).
 */
#ifndef CCGATE_UP_DIAL_H
#define CCGATE_UP_DIAL_H

#include "base/loop.h"
#include "net/resolve.h"

struct dial_options {
    struct loop *loop;
    struct resolver *resolver;
    struct span host; /* copied */
    uint16_t port;
    bool refuse_local; /* loopback and link-local addresses are refused */
    /* Whether an address is one of our listeners: then nothing is dialled. May be NULL.
     */
    bool (*is_own)(void *ctx, const struct netaddr *addr);
    void *is_own_ctx;
    uint64_t connect_ms;   /* for all addresses together */
    uint64_t keepalive_ms; /* TCP keepalive; 0: off */
};

struct dial_result {
    enum outcome outcome; /* OK, DNS_*, CONNECT_*, LOCAL_TARGET_REFUSED, LOOP,
                             INTERNAL */
    const char *detail;   /* "192.0.2.1:8080: Connection refused"; NULL when OK */
    bool no_such_name;    /* see resolve_answer */
    int fd;               /* OK: non-blocking, the receiver's */
    uint64_t resolve_ns, connect_ns;
};

typedef void dial_callback(void *ctx, const struct dial_result *result);

struct dial;

/*
 * The callback comes exactly once, never before this returns, never after
 * dial_cancel(); the result is valid during the call. NULL when memory is out.
 */
struct dial *dial_start(const struct dial_options *options, dial_callback *callback,
                        void *ctx);
void dial_cancel(struct dial *dial); /* NULL-safe */

/* Whether the name is being looked up still; *since: loop_clock() when that, or else
 * the connecting, began. */
bool dial_is_looking_up(const struct dial *dial, uint64_t *since);

#endif
