/*
 * pac_pool: the children that run the PAC script, and the requests that wait for one.
 *
 * A request waits behind no child that has run for over 50 ms while another can be
 * started. When all have run for long, what waits fails at once. A child that runs out
 * of time is killed and replaced; one that has had nothing to do for a while ends, if
 * another one is idle, too.
 *
 * One host never takes more than one child at a time, and a host for which the script
 * ran out of time, took all memory or crashed is left alone for a while, so that the
 * others go on. A request whose child ended before it had read the question is asked
 * again and blamed for nothing; one whose child was killed from outside is asked once
 * more, and blamed the second time: an administrator kills once, but a kernel that is
 * out of memory because of the script does it each time. A child that does not take its
 * question, for it is stopped, is killed, and another one is asked.
 */
#ifndef CCGATE_ROUTE_PAC_POOL_H
#define CCGATE_ROUTE_PAC_POOL_H

#include <sys/types.h>

#include "base/pac_protocol.h"
#include "net/resolve.h"

#define PAC_POOL_LIMIT 64   /* children at most, whatever the options say */
#define PAC_FACTS      1024 /* bytes of pac_run_result.facts */

struct pac_pool;
struct pac_run;

struct pac_pool_options {
    struct loop *loop;
    struct resolver *resolver;
    const char *program; /* ccgate-pac; copied */
    size_t children;     /* at most; 0 counts as 1 */
    uint64_t limit_ms;   /* of the script, for a request */
    uint64_t deaf_ms;    /* in which a child has to take its question; 0: limit_ms */
    uint64_t lookup_ms;  /* of all lookups for a request; 0: none */
    uint64_t idle_ms;    /* after which a child that is not needed ends */
    void (*loaded)(void *ctx); /* a child has loaded the script, the first since it was
                                  given; or NULL */
    void *ctx;
};

enum pac_run_end {
    PAC_RUN_RESULT,
    PAC_RUN_FAILED, /* for this request */
    PAC_RUN_BROKEN, /* the script cannot be run at all */
};

/* Views that last during the callback. */
struct pac_run_result {
    enum pac_run_end end;
    struct span text;     /* RESULT: what FindProxyForURL returned */
    const char *why;      /* else: a sentence fragment */
    uint64_t lifetime_ms; /* RESULT: for how long the same can be said; 0: not at all */
    uint64_t ns;          /* spent in the engine, all rounds together */
    unsigned rounds;      /* how often it was asked: once more for each lookup */
    struct span facts;    /* what it was told that may be another thing next time:
                             "a.test = 192.0.2.1, myIpAddress, the clock"; may be empty */
    struct span trace;    /* of the last round, for pac_trace_next() */
};

typedef void pac_run_callback(void *ctx, const struct pac_run_result *result);

/* NULL when memory is out. */
struct pac_pool *pac_pool_new(const struct pac_pool_options *options);
void pac_pool_free(struct pac_pool *pool); /* runs must have ended or been cancelled */

/* What a reload may change: all times and how many children there are. */
void pac_pool_configure(struct pac_pool *pool, const struct pac_pool_options *options);

/*
 * Takes another script, for the requests that wait, too. 0 or -errno; the old script is
 * then gone as well.
 */
int pac_pool_load(struct pac_pool *pool, struct span script);

/* Our own addresses may be others now. */
void pac_pool_network_changed(struct pac_pool *pool);

/*
 * Calls FindProxyForURL(url, host); both are copied. The callback comes exactly once,
 * never before this returns, never after pac_run_cancel(). NULL when memory is out.
 */
struct pac_run *pac_run_start(struct pac_pool *pool, struct span url, struct span host,
                              bool trace, pac_run_callback *callback, void *ctx);
void pac_run_cancel(struct pac_run *run); /* NULL-safe */

/* ---- for status ---- */

enum pac_slot_state {
    PAC_SLOT_LOADING,
    PAC_SLOT_IDLE,
    PAC_SLOT_RUNNING,
    PAC_SLOT_DYING
};

struct pac_child_view {
    pid_t pid;
    enum pac_slot_state state;
    uint64_t for_ms; /* in that state */
};

struct pac_pool_view {
    const char *broken; /* why the script cannot be run, or NULL */
    char engine[64];    /* of the child that said so last; empty: none did */
    uint32_t sandbox;   /* enum pac_sandbox */
    size_t waiting;     /* requests */
    struct pac_child_view children[PAC_POOL_LIMIT];
    size_t count;
};

void pac_pool_view(const struct pac_pool *pool, struct pac_pool_view *view);

#endif
