/*
 * dial: lookup, then a race of connection attempts.
 */
#include "up/dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/sockopt.h"

#define ATTEMPT_DELAY_MS 250 /* RFC 8305 section 5 */

struct attempt {
    struct dial *dial;
    struct watch *watch; /* NULL: not started, or over */
    struct netaddr addr;
};

struct dial {
    struct loop *loop;
    struct resolve_query *query;
    struct deadline limit; /* for all attempts */
    struct deadline next;  /* when the next address is tried */
    struct attempt *attempts;
    size_t count, started, failed;
    bool refuse_local;
    bool own_found; /* the name leads to one of our listeners */
    bool (*is_own)(void *ctx, const struct netaddr *addr);
    void *is_own_ctx;
    uint64_t connect_ms, keepalive_ms;
    bool no_such_name;
    uint64_t begun, resolved;
    char *host;
    enum outcome outcome;  /* of the attempt that failed last */
    char detail[256 + 96]; /* a name or an address, and what happened */
    dial_callback *callback;
    void *ctx;
};

void dial_cancel(struct dial *d)
{
    if (!d)
        return;
    resolve_cancel(d->query);
    deadline_clear(d->loop, &d->limit);
    deadline_clear(d->loop, &d->next);
    for (size_t i = 0; i < d->count; i++)
        watch_close(d->attempts[i].watch);
    free(d->attempts);
    free(d->host);
    free(d);
}

static void dial_finish(struct dial *d, int fd)
{
    uint64_t now = loop_clock();
    struct dial_result result = {.outcome = fd >= 0 ? OUTCOME_OK : d->outcome,
                                 .no_such_name = d->no_such_name,
                                 .fd = fd};
    dial_callback *callback = d->callback;
    void *ctx = d->ctx;
    char detail[sizeof(d->detail)];

    memcpy(detail, d->detail, sizeof(detail));
    if (fd < 0)
        result.detail = detail;
    result.resolve_ns = (d->resolved ? d->resolved : now) - d->begun;
    result.connect_ns = d->resolved ? now - d->resolved : 0;
    dial_cancel(d);
    callback(ctx, &result);
}

static void attempt_failed(struct attempt *a, int error)
{
    struct dial *d = a->dial;
    char text[NETADDR_TEXT];

    netaddr_format(&a->addr, text);
    d->outcome = outcome_from_connect(error);
    snprintf(d->detail, sizeof(d->detail), "%s: %s", text, strerror(error));
    d->failed++;
}

static void attempts_go_on(struct dial *d);

static void attempt_fired(void *ctx, unsigned events)
{
    struct attempt *a = ctx;
    struct dial *d = a->dial;
    int error = 0;
    socklen_t len = sizeof(error);

    (void)events;
    if (getsockopt(watch_fd(a->watch), SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error == 0) {
        struct watch *watch = a->watch;

        a->watch = NULL;
        dial_finish(d, watch_release(watch));
        return;
    }
    watch_close(a->watch);
    a->watch = NULL;
    attempt_failed(a, error);
    attempts_go_on(d);
}

/* Loopback answers within connect() itself; asking saves a turn of the loop. */
static bool connected_already(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/* 0 when under way, a descriptor when connected at once, or -errno. */
static int attempt_start(struct attempt *a)
{
    struct dial *d = a->dial;
    int on = 1, fd = socket(a->addr.u.sa.sa_family,
                            SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockopt_keepalive(fd, d->keepalive_ms);
    if (connect(fd, &a->addr.u.sa, a->addr.len) < 0 && errno != EINPROGRESS) {
        int error = errno;

        close(fd);
        return -error;
    }
    if (netaddr_is_loopback(&a->addr) && connected_already(fd))
        return fd;
    a->watch = watch_new(d->loop, fd, attempt_fired, a);
    if (!a->watch) {
        close(fd);
        return -ENOMEM;
    }
    watch_want(a->watch, WATCH_WRITE);
    return 0;
}

/*
 * Starts the next address, skipping those that fail at once. The end comes when every
 * address has failed; while one is under way, the next starts after the delay.
 */
static void attempts_go_on(struct dial *d)
{
    while (d->started < d->count) {
        struct attempt *a = &d->attempts[d->started++];
        int begun = attempt_start(a);

        if (begun > 0) {
            dial_finish(d, begun);
            return;
        }
        if (begun == 0) {
            if (d->started < d->count)
                deadline_set(d->loop, &d->next, ATTEMPT_DELAY_MS);
            return;
        }
        attempt_failed(a, -begun);
    }
    if (d->failed == d->count)
        dial_finish(d, -1);
}

static void next_fired(void *ctx)
{
    attempts_go_on(ctx);
}

static void limit_fired(void *ctx)
{
    struct dial *d = ctx;
    char text[NETADDR_TEXT];

    netaddr_format(&d->attempts[0].addr, text);
    d->outcome = OUTCOME_CONNECT_TIMEOUT;
    snprintf(d->detail, sizeof(d->detail), "%s: no answer within %llu ms", text,
             (unsigned long long)d->connect_ms);
    dial_finish(d, -1);
}

static bool address_usable(const struct dial *d, const struct netaddr *addr)
{
    return !d->refuse_local || !(netaddr_is_loopback(addr) || netaddr_is_any(addr) ||
                                 netaddr_is_link_local(addr));
}

/* The families alternate, beginning with the resolver's first choice. */
static void attempts_fill(struct dial *d, const struct resolve_answer *answer)
{
    bool taken[RESOLVE_ADDRESS_LIMIT] = {false};
    sa_family_t family = answer->addresses[0].u.sa.sa_family;

    for (size_t n = 0; n < answer->count; n++) {
        size_t pick = answer->count;

        for (size_t i = 0; i < answer->count; i++) {
            if (taken[i])
                continue;
            if (pick == answer->count)
                pick = i;
            if (answer->addresses[i].u.sa.sa_family == family) {
                pick = i;
                break;
            }
        }
        taken[pick] = true;
        const struct netaddr *addr = &answer->addresses[pick];
        family = addr->u.sa.sa_family == AF_INET ? AF_INET6 : AF_INET;
        d->own_found |= d->is_own && d->is_own(d->is_own_ctx, addr);
        if (address_usable(d, addr))
            d->attempts[d->count++] = (struct attempt){.dial = d, .addr = *addr};
    }
}

static void resolved(void *ctx, const struct resolve_answer *answer)
{
    struct dial *d = ctx;

    d->query = NULL;
    if (answer->outcome != OUTCOME_OK) {
        d->outcome = answer->outcome;
        d->no_such_name = answer->no_such_name;
        snprintf(d->detail, sizeof(d->detail), "%s: %s", d->host,
                 answer->detail ? answer->detail : "not found");
        dial_finish(d, -1);
        return;
    }
    d->resolved = loop_clock();
    d->attempts = calloc(answer->count, sizeof(struct attempt));
    if (!d->attempts) {
        d->outcome = OUTCOME_INTERNAL;
        snprintf(d->detail, sizeof(d->detail), "out of memory");
        dial_finish(d, -1);
        return;
    }
    attempts_fill(d, answer);
    if (d->own_found) {
        d->outcome = OUTCOME_LOOP;
        snprintf(d->detail, sizeof(d->detail), "%s leads to our own listener", d->host);
        dial_finish(d, -1);
        return;
    }
    if (d->count == 0) {
        d->outcome = OUTCOME_LOCAL_TARGET_REFUSED;
        snprintf(d->detail, sizeof(d->detail),
                 "the name has only addresses of this host or link");
        dial_finish(d, -1);
        return;
    }
    deadline_set(d->loop, &d->limit, d->connect_ms);
    attempts_go_on(d);
}

bool dial_is_looking_up(const struct dial *d, uint64_t *since)
{
    *since = d->resolved ? d->resolved : d->begun;
    return !d->resolved;
}

struct dial *dial_start(const struct dial_options *options, dial_callback *callback,
                        void *ctx)
{
    struct dial *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    d->loop = options->loop;
    d->refuse_local = options->refuse_local;
    d->is_own = options->is_own;
    d->is_own_ctx = options->is_own_ctx;
    d->connect_ms = options->connect_ms;
    d->keepalive_ms = options->keepalive_ms;
    d->callback = callback;
    d->ctx = ctx;
    d->begun = loop_clock();
    deadline_init(&d->limit, limit_fired, d);
    deadline_init(&d->next, next_fired, d);
    d->host = span_dup(options->host);
    if (d->host)
        d->query =
            resolve_start(options->resolver, options->host, options->port, resolved, d);
    if (!d->query) {
        free(d->host);
        free(d);
        return NULL;
    }
    return d;
}
