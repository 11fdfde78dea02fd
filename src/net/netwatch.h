/*
 * netwatch: notices that the network is another one: an address, a route, an interface
 * or the resolver's configuration changed, or the machine slept.
 *
 * One change comes as many messages. The first is told at once, those that follow
 * within NETWATCH_QUIET_MS together as one more.
 */
#ifndef CCGATE_NET_NETWATCH_H
#define CCGATE_NET_NETWATCH_H

#include "base/loop.h"

enum {
    NETWATCH_QUIET_MS = 500,
    NETWATCH_SLEPT_MS = 3000, /* clocks that differ by more were asleep */
};

struct netwatch;

/* why: "an address changed", static. */
typedef void netwatch_callback(void *ctx, const char *why);

struct netwatch_options {
    struct loop *loop;
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    /*
     * Milliseconds that have passed with those asleep (CLOCK_BOOTTIME), and without
     * (CLOCK_MONOTONIC). NULL: those of the system.
     */
    uint64_t (*asleep_too)(void *ctx);
    uint64_t (*awake)(void *ctx);
    void *clock_ctx;
    netwatch_callback *callback;
    void *ctx;
};

/*
 * NULL when memory is out. What the system does not let us watch is left out:
 * netwatch_sources() says what is.
 */
struct netwatch *netwatch_new(const struct netwatch_options *options);
void netwatch_free(struct netwatch *watch); /* NULL-safe */

/* "netlink, resolv.conf, clock", or "polling": for status. Static. */
const char *netwatch_sources(const struct netwatch *watch);

/*
 * Looks at the clocks now. Where waking up is not told by the system, whoever begins
 * something asks here first. Cheap.
 */
void netwatch_check(struct netwatch *watch);

#endif
