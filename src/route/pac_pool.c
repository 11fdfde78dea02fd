/*
 * pac_pool: the requests that wait for a child. The children are in pac_slot.c. See
 * pac_pool.h.
 */
#include "route/pac_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "route/pac_pool_internal.h"

#define SLOW_MS  50  /* nobody waits behind a child for longer if another can start */
#define STUCK_MS 500 /* when all children have run for so long, nobody waits at all */
#define LOOK_MS  25  /* how often that is looked at while somebody waits */

/* ---- the end of a run ---- */

void run_free(struct pac_run *run)
{
    defer_cancel(&run->delivery);
    pac_names_clear(&run->names);
    buf_clear(&run->facts);
    buf_clear(&run->calls);
    free(run->url);
    free(run->host);
    free(run->why);
    free(run);
}

static void run_deliver(void *ctx)
{
    struct pac_run *run = ctx;
    struct pac_run_result result = {
        .end = run->end,
        .why = run->why != NULL ? run->why : "memory is out",
        .ns = run->ns,
        .rounds = run->rounds,
        .facts = buf_span(&run->facts),
        .trace = buf_span(&run->calls),
    };

    run->callback(run->ctx, &result);
    run_free(run);
}

void run_fail(struct pac_run *run, enum pac_run_end end, const char *why)
{
    if (run->callback == NULL) {
        run_free(run);
        return;
    }
    run->state = RUN_DONE;
    run->end = end;
    run->why = span_dup(span_of(why));
    if (run->facts.len == 0)
        pac_names_tell(&run->names, &run->facts);
    pac_names_clear(&run->names);
    defer(run->pool->options.loop, &run->delivery);
}

void run_wait(struct pac_run *run)
{
    if (run->callback == NULL) {
        run_free(run);
        return;
    }
    run->state = RUN_WAITING;
    TAILQ_INSERT_HEAD(&run->pool->queue, run, link);
}

static void queue_fail(struct pac_pool *pool, enum pac_run_end end, const char *why)
{
    struct pac_run *run;

    while ((run = TAILQ_FIRST(&pool->queue)) != NULL) {
        TAILQ_REMOVE(&pool->queue, run, link);
        run_fail(run, end, why);
    }
}

void run_offended(struct pac_run *run, const char *what)
{
    struct pac_pool *pool = run->pool;
    uint64_t rest = pac_offenders_add(&pool->offenders, run->host, what,
                                      loop_now(pool->options.loop));

    LOG_WARN("pac_offender", LOG_TEXT("host", run->host), LOG_TEXT("why", what),
             LOG_INT("rests_ms", rest));
    run_fail(run, PAC_RUN_FAILED, what);
}

/* No more than all children can have ended at once. */
void run_lost(struct pac_run *run, enum pac_child_end end, const char *how)
{
    bool killed = run->killed;

    run->killed |= end == PAC_CHILD_KILLED;
    if (end == PAC_CHILD_FAILED || (end == PAC_CHILD_KILLED && killed))
        run_offended(run, how);
    else if (end == PAC_CHILD_UNHEARD && run->unheard++ >= PAC_POOL_LIMIT)
        run_fail(run, PAC_RUN_FAILED, how);
    else
        run_wait(run);
}

/* ---- a script that cannot be run ---- */

void pool_broken(struct pac_pool *pool, const char *why, uint64_t for_ms)
{
    free(pool->broken);
    pool->broken = span_dup(span_of(why));
    pool->broken_until =
        for_ms != 0 ? loop_now(pool->options.loop) + for_ms : UINT64_MAX;
    LOG_WARN("pac_broken", LOG_TEXT("why", why));
    queue_fail(pool, PAC_RUN_BROKEN, why);
}

void pool_mended(struct pac_pool *pool)
{
    free(pool->broken);
    pool->broken = NULL;
    pool->broken_until = 0;
}

/* ---- who waits gets a child ---- */

static void offender_text(const struct pac_offender *offender, uint64_t now,
                          char why[PAC_WHY])
{
    (void)snprintf(why, PAC_WHY, "%s for this host; it is run again in %u s",
                   offender->what, (unsigned)((offender->until - now + 999) / 1000));
}

/* An idle child, if none is at work for the host. */
static struct slot *slot_for(struct pac_pool *pool, const char *host, bool *host_busy)
{
    struct slot *idle = NULL;
    struct slot *slot;

    *host_busy = false;
    for (slot = TAILQ_FIRST(&pool->slots); slot != NULL;
         slot = TAILQ_NEXT(slot, link)) {
        if (slot->state == PAC_SLOT_RUNNING && strcmp(slot->run->host, host) == 0)
            *host_busy = true;
        if (slot->state == PAC_SLOT_IDLE && idle == NULL)
            idle = slot;
    }
    return *host_busy ? NULL : idle;
}

/* How long the youngest of all children that count has been at it. */
static uint64_t least_busy_ms(const struct pac_pool *pool)
{
    uint64_t now = loop_now(pool->options.loop);
    uint64_t least = UINT64_MAX;
    const struct slot *slot;

    for (slot = TAILQ_FIRST(&pool->slots); slot != NULL;
         slot = TAILQ_NEXT(slot, link)) {
        uint64_t ms = slot->state == PAC_SLOT_IDLE ? 0 : now - slot->since;

        if (slot->state != PAC_SLOT_DYING && ms < least)
            least = ms;
    }
    return least;
}

/* Hands children to those that wait. True if one waits for want of a child. */
static bool serve_queue(struct pac_pool *pool)
{
    struct pac_run *run, *next;
    bool want = false;

    for (run = TAILQ_FIRST(&pool->queue); run != NULL; run = next) {
        const struct pac_offender *offender = pac_offenders_find(
            &pool->offenders, run->host, loop_now(pool->options.loop));
        struct slot *slot;
        bool host_busy;
        char why[PAC_WHY];

        next = TAILQ_NEXT(run, link);
        slot = slot_for(pool, run->host, &host_busy);
        if (offender != NULL) {
            offender_text(offender, loop_now(pool->options.loop), why);
            TAILQ_REMOVE(&pool->queue, run, link);
            run_fail(run, PAC_RUN_FAILED, why);
        } else if (slot != NULL) {
            TAILQ_REMOVE(&pool->queue, run, link);
            slot_run(slot, run);
        } else if (!host_busy) {
            want = true;
        }
    }
    return want;
}

/* Of those that wait, the ones that want a child and find all of them stuck. */
static void fail_stuck(struct pac_pool *pool)
{
    struct pac_run *run, *next;
    char why[PAC_WHY];

    (void)snprintf(why, sizeof(why),
                   "the script has kept all %zu children busy for over %d ms",
                   pool->live, STUCK_MS);
    for (run = TAILQ_FIRST(&pool->queue); run != NULL; run = next) {
        bool host_busy;

        next = TAILQ_NEXT(run, link);
        (void)slot_for(pool, run->host, &host_busy);
        if (host_busy)
            continue;
        TAILQ_REMOVE(&pool->queue, run, link);
        run_fail(run, PAC_RUN_FAILED, why);
    }
}

static void grow(struct pac_pool *pool, bool want)
{
    uint64_t busy_ms = least_busy_ms(pool);
    bool full = pool->live >= pool->options.children ||
                pool->grow_at > loop_now(pool->options.loop);

    if (pool->live > 0 && !pool->loads)
        return; /* a second one would find no better script */
    if (pool->live == 0 || (want && !full && busy_ms >= SLOW_MS))
        slot_start(pool);
    else if (want && full && busy_ms >= STUCK_MS)
        fail_stuck(pool);
}

void pool_pump(struct pac_pool *pool)
{
    bool want;

    if (pool->broken_until > loop_now(pool->options.loop)) {
        queue_fail(pool, PAC_RUN_BROKEN,
                   pool->broken != NULL ? pool->broken : "memory is out");
        return;
    }
    want = serve_queue(pool);
    if (pool->script >= 0)
        grow(pool, want);
    if (TAILQ_EMPTY(&pool->queue))
        deadline_clear(pool->options.loop, &pool->look);
    else
        deadline_set(pool->options.loop, &pool->look, LOOK_MS);
}

static void look(void *ctx)
{
    pool_pump(ctx);
}

/* ---- runs ---- */

/* The name that was missing has its answer. */
static void run_found(void *ctx)
{
    struct pac_run *run = ctx;
    struct pac_pool *pool = run->pool;

    run_wait(run);
    pool_pump(pool);
}

struct pac_run *pac_run_start(struct pac_pool *pool, struct span url, struct span host,
                              bool trace, pac_run_callback *callback, void *ctx)
{
    struct pac_run *run = calloc(1, sizeof(*run));

    if (run == NULL)
        return NULL;
    run->pool = pool;
    run->trace = trace;
    run->callback = callback;
    run->ctx = ctx;
    buf_init(&run->facts, PAC_FACTS);
    buf_init(&run->calls, PAC_TRACE_LIMIT);
    deferred_init(&run->delivery, run_deliver, run);
    pac_names_init(&run->names, pool->options.loop, pool->options.resolver,
                   pool->options.lookup_ms, run_found, run);
    run->url = span_dup(url);
    run->host = span_dup(host);
    if (run->url == NULL || run->host == NULL) {
        run_free(run);
        return NULL;
    }
    run->state = RUN_WAITING;
    TAILQ_INSERT_TAIL(&pool->queue, run, link);
    pool_pump(pool);
    return run;
}

void pac_run_cancel(struct pac_run *run)
{
    if (run == NULL)
        return;
    run->callback = NULL;
    /* A child cannot be interrupted; the run is freed when it has answered. */
    if (run->state == RUN_RUNNING)
        return;
    if (run->state == RUN_WAITING)
        TAILQ_REMOVE(&run->pool->queue, run, link);
    run_free(run);
}

/* ---- the pool ---- */

struct pac_pool *pac_pool_new(const struct pac_pool_options *options)
{
    struct pac_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL)
        return NULL;
    TAILQ_INIT(&pool->slots);
    TAILQ_INIT(&pool->queue);
    pool->script = -1;
    deadline_init(&pool->look, look, pool);
    pool->options.loop = options->loop;
    pool->options.resolver = options->resolver;
    pool->options.loaded = options->loaded;
    pool->options.ctx = options->ctx;
    pac_pool_configure(pool, options);
    pool->program = span_dup(span_of(options->program));
    if (pool->program != NULL)
        return pool;
    pac_pool_free(pool);
    return NULL;
}

void pac_pool_configure(struct pac_pool *pool, const struct pac_pool_options *options)
{
    size_t children = options->children;

    if (children > PAC_POOL_LIMIT)
        children = PAC_POOL_LIMIT;
    pool->options.children = children > 0 ? children : 1;
    pool->options.limit_ms = options->limit_ms;
    pool->options.deaf_ms = options->deaf_ms;
    pool->options.lookup_ms = options->lookup_ms;
    pool->options.idle_ms = options->idle_ms;
}

/* Ends all children; their runs wait anew. */
static void drop_slots(struct pac_pool *pool)
{
    struct slot *slot;

    while ((slot = TAILQ_FIRST(&pool->slots)) != NULL) {
        struct pac_run *run = slot->run != NULL ? slot_leave(slot) : NULL;

        slot_free(slot);
        if (run != NULL)
            run_wait(run);
    }
}

void pac_pool_network_changed(struct pac_pool *pool)
{
    pool->my_ip_until = 0;
}

int pac_pool_load(struct pac_pool *pool, struct span script)
{
    drop_slots(pool);
    if (pool->script >= 0)
        (void)close(pool->script);
    pool_mended(pool);
    pool->loads = false;
    pool->reloading = false;
    pac_offenders_clear(&pool->offenders);
    pool->script = pac_child_script(script);
    if (pool->script < 0) {
        int error = pool->script;

        pool->script = -1;
        pool_broken(pool, "the script cannot be passed on", 0);
        return error;
    }
    pool_pump(pool);
    return 0;
}

void pac_pool_free(struct pac_pool *pool)
{
    if (pool == NULL)
        return;
    drop_slots(pool);
    deadline_clear(pool->options.loop, &pool->look);
    if (pool->script >= 0)
        (void)close(pool->script);
    pac_offenders_clear(&pool->offenders);
    free(pool->broken);
    free(pool->program);
    free(pool);
}

void pac_pool_view(const struct pac_pool *pool, struct pac_pool_view *view)
{
    uint64_t now = loop_now(pool->options.loop);
    const struct pac_run *run;
    const struct slot *slot;

    *view = (struct pac_pool_view){.broken = pool->broken, .sandbox = pool->sandbox};
    memcpy(view->engine, pool->engine, sizeof(view->engine));
    for (run = TAILQ_FIRST(&pool->queue); run != NULL; run = TAILQ_NEXT(run, link))
        view->waiting++;
    for (slot = TAILQ_FIRST(&pool->slots); slot != NULL; slot = TAILQ_NEXT(slot, link))
        if (view->count < PAC_POOL_LIMIT)
            view->children[view->count++] = (struct pac_child_view){
                .pid = pac_child_pid(slot->child),
                .state = slot->state,
                .for_ms = now - slot->since,
            };
}
