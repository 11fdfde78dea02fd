/*
 * resolve: names to addresses, on the loop, by c-ares with a TTL cache of its own, or
 * by getaddrinfo in the thread pool.
 *
 * IP literals never reach c-ares (1.18 sends them to DNS). resolv.conf is watched by
 * its modification time, since c-ares reads it only once. Lookups of one name in flight
 * are shared; their number is bounded, the rest waits in line.
 */
#ifndef CCGATE_NET_RESOLVE_H
#define CCGATE_NET_RESOLVE_H

#include "base/loop.h"
#include "base/netaddr.h"
#include "base/outcome.h"

#define RESOLVE_ADDRESS_LIMIT 16

enum resolve_mode {
    RESOLVE_AUTO,   /* DNS; where DNS says "no such name", getaddrinfo (mDNS, sssd) */
    RESOLVE_DNS,    /* c-ares only (it reads /etc/hosts) */
    RESOLVE_SYSTEM, /* getaddrinfo only */
};

struct resolve_options {
    enum resolve_mode mode;
    uint64_t timeout;        /* ms for one lookup */
    const char *servers;     /* "127.0.0.1:5353,...": instead of resolv.conf, or NULL */
    const char *resolv_conf; /* path; NULL: /etc/resolv.conf */
    uint16_t dns_port;       /* of the servers in resolv.conf; 0: 53 */
};

struct resolver;
struct resolve_query;

struct resolve_answer {
    enum outcome outcome; /* OK, DNS_ERROR, DNS_TIMEOUT, INTERNAL */
    const char *detail;   /* "no such name (NXDOMAIN)", or NULL when OK */
    bool no_such_name;    /* the name does not exist, as opposed to any other failure */
    const struct netaddr *addresses; /* with the port asked for; the best first */
    size_t count;
    bool cached;
    uint64_t lifetime_ms; /* for how long it stays true; 0: nobody knows */
};

/* Valid only during the call. */
typedef void resolve_callback(void *ctx, const struct resolve_answer *answer);

/* NULL when memory is out. */
struct resolver *resolver_new(struct loop *loop, const struct resolve_options *options);

/* All queries must have ended or been cancelled. NULL-safe. */
void resolver_free(struct resolver *resolver);

/*
 * Changes what a reload may change, and flushes; lookups under way keep their time.
 * False when memory is out; nothing has changed then.
 */
bool resolver_configure(struct resolver *resolver, enum resolve_mode mode,
                        uint64_t timeout);

/* Forgets all cached answers and rereads resolv.conf (network change). */
void resolver_flush(struct resolver *resolver);

/*
 * Looks up host (a name or literal, without brackets). The callback comes exactly once,
 * never before this returns, never after resolve_cancel(); a cached answer is delivered
 * from the loop, too. NULL when memory is out.
 */
struct resolve_query *resolve_start(struct resolver *resolver, struct span host,
                                    uint16_t port, resolve_callback *callback,
                                    void *ctx);
void resolve_cancel(struct resolve_query *query); /* NULL-safe */

#endif
