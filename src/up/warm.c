/*
 * warm: targets, their ready tunnels, and opening more of them. See warm.h.
 */
#include "up/warm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "up/connector.h"
#include "up/demand.h"
#include "up/primer.h"

#define TICK_MS 1000 /* while a target is busy */

struct target;

/* A tunnel that is ready, or is being opened (then there is no upstream). */
struct ready {
    struct ready *next;
    struct target *target;
    struct upstream *upstream;
    struct connector *connector;
    struct deadline limit;
    uint64_t since; /* loop milliseconds */
};

struct target {
    struct target *next; /* the one used last comes first */
    struct warm *warm;
    char *host;
    uint16_t port;
    struct route *route; /* of the last request */
    struct demand demand;
    struct lifetime lifetime; /* the proxy and the far side may both close it */
    struct ready *ready;      /* the youngest first */
};

struct tally {
    struct tally *next;
    char *hop;
    struct warm_view view;
};

struct warm {
    struct egress *egress;
    const struct config *config;
    struct target *targets;
    struct tally *tallies; /* there are as many as configurations named hops */
    struct deadline tick;
};

static uint64_t now_of(const struct warm *warm)
{
    return loop_now(warm->egress->loop);
}

/* ---- what is counted ---- */

static struct warm_view nowhere; /* when memory is out */

static struct warm_view *tally_of(struct warm *warm, const char *hop)
{
    struct tally *t = warm->tallies;

    while (t && strcmp(t->hop, hop) != 0)
        t = t->next;
    if (t)
        return &t->view;
    t = calloc(1, sizeof(*t));
    if (t)
        t->hop = span_dup(span_of(hop));
    if (!t || !t->hop) {
        free(t);
        return &nowhere;
    }
    t->next = warm->tallies;
    warm->tallies = t;
    return &t->view;
}

void warm_view(const struct warm *warm, const char *hop, struct warm_view *view)
{
    const struct tally *tally = warm->tallies;

    while (tally && strcmp(tally->hop, hop) != 0)
        tally = tally->next;
    *view = tally ? tally->view : (struct warm_view){0};
    for (const struct target *t = warm->targets; t; t = t->next)
        for (const struct ready *r = t->ready; r; r = r->next)
            view->ready += r->upstream && strcmp(r->upstream->hop->name, hop) == 0;
}

/* ---- one tunnel ---- */

static struct upstream *ready_remove(struct ready *r)
{
    struct upstream *upstream = r->upstream;
    struct ready **place = &r->target->ready;

    while (*place != r)
        place = &(*place)->next;
    *place = r->next;
    deadline_clear(r->target->warm->egress->loop, &r->limit);
    connector_cancel(r->connector);
    free(r);
    return upstream;
}

static void ready_drop(struct ready *r)
{
    upstream_free(ready_remove(r));
}

static uint64_t ready_age(const struct ready *r)
{
    return now_of(r->target->warm) - r->since;
}

static void ready_died(struct ready *r)
{
    struct target *t = r->target;
    uint64_t now = now_of(t->warm);

    tally_of(t->warm, r->upstream->hop->name)->died++;
    lifetime_closed(&t->lifetime, ready_age(r), now);
    demand_failed(&t->demand, now);
    ready_drop(r);
}

static void target_fill(struct target *t);

/* Nobody has said anything yet, so that this is the end, or no TLS server. */
static void ready_spoke(void *ctx, unsigned events)
{
    struct ready *r = ctx;
    struct target *t = r->target;

    (void)events;
    ready_died(r);
    target_fill(t);
}

static void ready_expired(void *ctx)
{
    struct ready *r = ctx;
    struct target *t = r->target;
    uint64_t most = t->route->config->timeout.pool_idle;

    if (stream_is_quiet(r->upstream->stream))
        lifetime_outlived(&t->lifetime, ready_age(r), most, now_of(t->warm));
    ready_drop(r);
    target_fill(t);
}

static void ready_keep(struct ready *r, struct upstream *upstream)
{
    struct target *t = r->target;
    struct loop *loop = t->warm->egress->loop;
    uint64_t most = t->route->config->timeout.pool_idle;

    r->upstream = upstream;
    r->since = loop_now(loop);
    tally_of(t->warm, upstream->hop->name)->opened++;
    deadline_init(&r->limit, ready_expired, r);
    deadline_set(loop, &r->limit, t->lifetime.limit < most ? t->lifetime.limit : most);
    stream_on_event(upstream->stream, ready_spoke, r);
    stream_want(upstream->stream, STREAM_READ);
}

static void opened(void *ctx, const struct connector_result *result)
{
    struct ready *r = ctx;
    struct target *t = r->target;

    r->connector = NULL;
    if (result->outcome == OUTCOME_OK) {
        ready_keep(r, result->upstream);
        return;
    }
    demand_failed(&t->demand, now_of(t->warm));
    ready_drop(r);
}

static bool ready_open(struct target *t)
{
    struct ready *r = calloc(1, sizeof(*r));
    char via[64];

    if (!r)
        return false;
    snprintf(via, sizeof(via), "Via: 1.1 %s\r\n", t->warm->egress->name);
    deadline_init(&r->limit, ready_expired, r);
    r->target = t;
    r->connector = connector_start(
        &(struct connector_options){
            .egress = t->warm->egress,
            .config = t->route->config,
            .route = t->route,
            .mode = CONNECTOR_TUNNEL,
            .host = span_of(t->host),
            .port = t->port,
            .via = span_of(via),
            .owner = POOL_NO_OWNER,
            .fresh = true,
            .in_advance = true,
        },
        opened, r);
    if (!r->connector) {
        free(r);
        return false;
    }
    r->next = t->ready;
    t->ready = r;
    return true;
}

/* ---- a target ---- */

static void target_flush(struct target *t)
{
    while (t->ready)
        ready_drop(t->ready);
}

static void target_free(struct target *t)
{
    target_flush(t);
    route_unref(t->route);
    free(t->host);
    free(t);
}

static size_t target_count(const struct target *t)
{
    size_t count = 0;

    for (const struct ready *r = t->ready; r; r = r->next)
        count++;
    return count;
}

static bool route_allows(const struct target *t)
{
    for (size_t i = 0; i < t->route->hop_count; i++)
        if (egress_allows_advance(t->warm->egress, &t->route->hops[i]))
            return true;
    return false;
}

/* One target gets half of all ready tunnels at most. */
static void target_fill(struct target *t)
{
    size_t all = t->route->config->warm.tunnels, sum = 0, here = target_count(t);
    size_t wants = demand_wants(&t->demand, now_of(t->warm), (all + 1) / 2);

    if (here >= wants || t->route->config != t->warm->config || !route_allows(t))
        return;
    for (const struct target *other = t->warm->targets; other; other = other->next)
        sum += target_count(other);
    for (; here < wants && sum < all; here++, sum++)
        if (!ready_open(t))
            return;
}

static bool same_route(const struct route *a, const struct route *b)
{
    if (a->config != b->config || a->hop_count != b->hop_count)
        return false;
    for (size_t i = 0; i < a->hop_count; i++)
        if (strcmp(a->hops[i].name, b->hops[i].name) != 0)
            return false;
    return true;
}

/* The place of a target in the list, or of the end. */
static struct target **target_place(struct warm *warm, struct span host, uint16_t port)
{
    struct target **place = &warm->targets;

    while (*place && ((*place)->port != port ||
                      !span_equal_nocase(span_of((*place)->host), host)))
        place = &(*place)->next;
    return place;
}

static void target_forget_last(struct warm *warm)
{
    struct target **place = &warm->targets;
    size_t count = 0;

    for (const struct target *t = warm->targets; t; t = t->next)
        count++;
    if (count < WARM_TARGETS)
        return;
    while ((*place)->next)
        place = &(*place)->next;
    target_free(*place);
    *place = NULL;
}

static struct target *target_new(struct warm *warm, const struct warm_request *request)
{
    struct target *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->host = span_dup(request->host);
    if (!t->host) {
        free(t);
        return NULL;
    }
    target_forget_last(warm);
    t->warm = warm;
    t->port = request->port;
    t->route = route_ref(request->route);
    lifetime_init(&t->lifetime);
    return t;
}

/* The target with the request's route, in front of the others. NULL: none. */
static struct target *target_use(struct warm *warm, const struct warm_request *request)
{
    struct target **place = target_place(warm, request->host, request->port);
    struct target *t = *place;

    if (t)
        *place = t->next;
    else
        t = target_new(warm, request);
    if (!t)
        return NULL;
    t->next = warm->targets;
    warm->targets = t;
    if (!same_route(t->route, request->route))
        target_flush(t);
    route_ref(request->route);
    route_unref(t->route);
    t->route = request->route;
    demand_use(&t->demand, now_of(warm));
    return t;
}

/* ---- all of them ---- */

static void tick_fired(void *ctx)
{
    struct warm *warm = ctx;
    bool busy = false;

    for (struct target *t = warm->targets; t; t = t->next) {
        target_fill(t);
        busy = busy || demand_is_busy(&t->demand, now_of(warm));
    }
    if (busy)
        deadline_set(warm->egress->loop, &warm->tick, TICK_MS);
}

struct warm *warm_new(struct egress *egress, const struct config *config)
{
    struct warm *warm = calloc(1, sizeof(*warm));

    if (!warm)
        return NULL;
    warm->egress = egress;
    warm->config = config;
    deadline_init(&warm->tick, tick_fired, warm);
    return warm;
}

void warm_configure(struct warm *warm, const struct config *config)
{
    struct target *next;

    for (struct target *t = warm->targets; t; t = next) {
        next = t->next;
        target_free(t);
    }
    warm->targets = NULL;
    warm->config = config;
    deadline_clear(warm->egress->loop, &warm->tick);
}

void warm_free(struct warm *warm)
{
    struct tally *next;

    if (!warm)
        return;
    warm_configure(warm, NULL);
    for (struct tally *t = warm->tallies; t; t = next) {
        next = t->next;
        free(t->hop);
        free(t);
    }
    free(warm);
}

/* What came with the request would have to be told to the proxy. */
static bool is_plain(const struct warm *warm, struct span via)
{
    struct span name = span_of(warm->egress->name);

    return span_starts(via, SPAN("Via: 1.1 ")) &&
           span_starts(span_skip(via, 9), name) &&
           span_equal(span_skip(via, 9 + name.len), SPAN("\r\n"));
}

static bool is_warmed(const struct warm *warm, const struct warm_request *request)
{
    const struct route *route = request->route;

    return route->kind == ROUTE_HOPS && route->config &&
           route->config == warm->config && route->config->warm.enabled &&
           route->config->warm.tunnels > 0 && request->port == WARM_PORT &&
           is_plain(warm, request->via);
}

/* The youngest tunnel through this hop that is still quiet. */
static struct upstream *ready_take(struct target *t, const struct hop *hop)
{
    for (struct ready *r = t->ready, *next; r; r = next) {
        next = r->next;
        if (!r->upstream || strcmp(r->upstream->hop->name, hop->name) != 0)
            continue;
        if (!stream_is_quiet(r->upstream->stream)) {
            ready_died(r);
            continue;
        }
        r->upstream->idle_ms = ready_age(r);
        r->upstream->ready = true;
        stream_want(r->upstream->stream, 0);
        stream_on_event(r->upstream->stream, NULL, NULL);
        return ready_remove(r);
    }
    return NULL;
}

struct upstream *warm_take(struct warm *warm, const struct warm_request *request)
{
    struct target *t;
    struct upstream *upstream;

    if (!is_warmed(warm, request))
        return NULL;
    t = *target_place(warm, request->host, request->port);
    if (!t || !t->ready || !same_route(t->route, request->route))
        return NULL;
    upstream = ready_take(t, request->hop);
    if (!upstream)
        return NULL;
    tally_of(warm, request->hop->name)->used++;
    warm_used(warm, request, false);
    return upstream;
}

void warm_used(struct warm *warm, const struct warm_request *request, bool on_kept)
{
    struct target *t;

    if (on_kept)
        tally_of(warm, request->hop->name)->kept_connects++;
    primer_noted(warm->egress->primer, request->route, request->hop);
    t = is_warmed(warm, request) ? target_use(warm, request) : NULL;
    if (!t)
        return;
    target_fill(t);
    if (demand_is_busy(&t->demand, now_of(warm)))
        deadline_set(warm->egress->loop, &warm->tick, TICK_MS);
}

void warm_tell(struct warm *warm, const char *hop, struct span host, uint16_t port,
               uint64_t idle_ms, bool died)
{
    struct warm_view *view = tally_of(warm, hop);
    struct target *t = *target_place(warm, host, port);

    view->died += died;
    view->replayed += died;
    if (t && died) {
        lifetime_closed(&t->lifetime, idle_ms, now_of(warm));
        demand_failed(&t->demand, now_of(warm));
    } else if (t) {
        demand_worked(&t->demand);
    }
}
