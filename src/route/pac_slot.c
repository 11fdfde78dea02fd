/*
 * pac_slot: the children of the pool: started, loaded, asked, ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/counters.h"
#include "base/log.h"
#include "route/pac_pool_internal.h"

#define MY_IP_MS 1000 /* for how long our own address is believed */

/* A script that could not be run for lack of time or memory is tried again. */
#define BROKEN_MS 30000

/* ---- our own address, and the question ---- */

static uint64_t wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void ask_fill(struct pac_pool *pool, struct pac_ask *ask,
                     const struct pac_names *names, uint64_t limit_ms)
{
    uint64_t now = loop_now(pool->options.loop);

    if (pool->my_ip_until <= now) {
        pac_my_ip_find(&pool->my_ip);
        pool->my_ip_until = now + MY_IP_MS;
    }
    ask->now_ms = wall_ms();
    ask->limit_ms = (uint32_t)(limit_ms - limit_ms / 20); /* before the kill */
    ask->my_ip = span_of(pool->my_ip.one);
    ask->my_ip_ex = span_of(pool->my_ip.all);
    pac_names_fill(names, ask);
}

/* ---- slots ---- */

/* Whether one but this is in that state. */
static bool has_slot(const struct pac_pool *pool, enum pac_slot_state state,
                     const struct slot *but)
{
    const struct slot *slot = TAILQ_FIRST(&pool->slots);

    while (slot != NULL && (slot == but || slot->state != state))
        slot = TAILQ_NEXT(slot, link);
    return slot != NULL;
}

static void slot_enter(struct slot *slot, enum pac_slot_state state)
{
    struct pac_pool *pool = slot->pool;

    if (slot->state != PAC_SLOT_DYING && state == PAC_SLOT_DYING)
        pool->live--;
    slot->state = state;
    slot->since = loop_now(pool->options.loop);
    if (state == PAC_SLOT_IDLE)
        deadline_set(pool->options.loop, &slot->limit, pool->options.idle_ms);
    else if (state == PAC_SLOT_DYING)
        deadline_clear(pool->options.loop, &slot->limit);
}

void slot_free(struct slot *slot)
{
    struct pac_pool *pool = slot->pool;

    if (slot->state != PAC_SLOT_DYING)
        pool->live--;
    TAILQ_REMOVE(&pool->slots, slot, link);
    deadline_clear(pool->options.loop, &slot->limit);
    pac_names_clear(&slot->names);
    pac_child_free(slot->child);
    free(slot);
}

static void slot_kill(struct slot *slot)
{
    slot_enter(slot, PAC_SLOT_DYING);
    pac_names_clear(&slot->names);
    pac_child_kill(slot->child);
}

/* ---- loading ---- */

/* A child that cannot be had is missed only if there is no other. */
static void slot_failed(struct pac_pool *pool, const char *why, uint64_t for_ms)
{
    if (!has_slot(pool, PAC_SLOT_IDLE, NULL) &&
        !has_slot(pool, PAC_SLOT_RUNNING, NULL)) {
        pool_broken(pool, why, for_ms);
        return;
    }
    pool->grow_at = loop_now(pool->options.loop) + BROKEN_MS;
    LOG_WARN("pac_child_failed", LOG_TEXT("why", why));
}

static void time_text(const struct pac_pool *pool, char why[PAC_WHY])
{
    (void)snprintf(why, PAC_WHY, "the script ran out of time (timeout.pac, %.4g s)",
                   (double)pool->options.limit_ms / 1000);
}

/* An engine that can be interrupted notices itself that time is out. */
static void error_text(const struct pac_pool *pool, const struct pac_answer *answer,
                       char why[PAC_WHY])
{
    if (answer->error == PAC_ERROR_TIME)
        time_text(pool, why);
    else if (answer->line != 0)
        (void)snprintf(why, PAC_WHY, "line %u of the script: %.*s",
                       (unsigned)answer->line, SPAN_ARG(answer->text));
    else
        (void)snprintf(why, PAC_WHY, "the script: %.*s", SPAN_ARG(answer->text));
}

static void slot_load(struct slot *slot)
{
    struct pac_ask ask = {.type = PAC_LOAD};
    uint64_t limit_ms = slot->pool->options.limit_ms;

    ask_fill(slot->pool, &ask, &slot->names, limit_ms);
    deadline_set(slot->pool->options.loop, &slot->limit, limit_ms);
    if (!pac_child_ask(slot->child, &ask)) {
        slot_kill(slot);
        slot_failed(slot->pool, "memory is out", BROKEN_MS);
    }
}

static void load_found(void *ctx)
{
    slot_load(ctx);
}

static void load_answered(struct slot *slot, const struct pac_answer *answer)
{
    struct pac_pool *pool = slot->pool;
    char why[PAC_WHY];

    switch (answer->type) {
    case PAC_READY:
        (void)snprintf(pool->engine, sizeof(pool->engine), "%s",
                       pac_child_engine(slot->child));
        pool->sandbox = pac_child_sandbox(slot->child);
        if (!pool->loads && pool->options.loaded != NULL)
            pool->options.loaded(pool->options.ctx);
        pool->loads = true;
        pool->reloading = false;
        pool_mended(pool);
        pac_names_clear(&slot->names);
        slot_enter(slot, PAC_SLOT_IDLE);
        break;
    case PAC_NEED_DNS:
        deadline_clear(pool->options.loop, &slot->limit);
        if (pac_names_find(&slot->names, answer->text, answer->family))
            break;
        slot_kill(slot);
        slot_failed(pool, "memory is out", BROKEN_MS);
        break;
    default:
        error_text(pool, answer, why);
        slot_kill(slot);
        slot_failed(pool, why,
                    answer->error == PAC_ERROR_TIME || answer->error == PAC_ERROR_MEMORY
                        ? BROKEN_MS
                        : 0);
        break;
    }
}

/* ---- running ---- */

void slot_run(struct slot *slot, struct pac_run *run)
{
    struct pac_pool *pool = slot->pool;
    uint64_t limit_ms = pool->options.limit_ms;
    struct pac_ask ask = {
        .type = PAC_FIND,
        .url = span_of(run->url),
        .host = span_of(run->host),
        .trace = run->trace,
    };

    limit_ms = run->spent_ms < limit_ms ? limit_ms - run->spent_ms : 1;
    ask_fill(pool, &ask, &run->names, limit_ms);
    run->rounds++;
    if (!pac_child_ask(slot->child, &ask)) {
        run_fail(run, PAC_RUN_FAILED, "the URL is too long");
        return;
    }
    run->state = RUN_RUNNING;
    run->slot = slot;
    slot->run = run;
    slot_enter(slot, PAC_SLOT_RUNNING);
    slot->until = slot->since + limit_ms;
    if (pool->options.deaf_ms != 0 && pool->options.deaf_ms < limit_ms)
        limit_ms = pool->options.deaf_ms;
    deadline_set(pool->options.loop, &slot->limit, limit_ms);
}

struct pac_run *slot_leave(struct slot *slot)
{
    struct pac_run *run = slot->run;

    slot->run = NULL;
    run->slot = NULL;
    run->spent_ms += loop_now(slot->pool->options.loop) - slot->since;
    return run;
}

static void log_alerts(const struct pac_run *run, struct span alerts)
{
    struct span line;

    while (span_next(&alerts, "\n", &line))
        LOG_DEBUG("pac_alert", LOG_TEXT("host", run->host), LOG_SPAN("text", line));
}

/* What the script was told, for those who ask later why it said what it said. */
static void run_note(struct pac_run *run, unsigned flags)
{
    const struct pac_my_ip *my_ip = &run->pool->my_ip;

    pac_names_tell(&run->names, &run->facts);
    if ((flags & PAC_USED_MY_IP) != 0)
        (void)buf_printf(&run->facts, "%smyIpAddress = %s",
                         run->facts.len > 0 ? ", " : "", my_ip->one);
    if ((flags & PAC_USED_CLOCK) != 0)
        (void)buf_printf(&run->facts, "%sthe clock", run->facts.len > 0 ? ", " : "");
}

static void run_error(struct slot *slot, struct pac_run *run,
                      const struct pac_answer *answer)
{
    char why[PAC_WHY];

    error_text(slot->pool, answer, why);
    run_note(run, answer->flags);
    (void)buf_append_span(&run->calls, answer->trace);
    if (answer->error == PAC_ERROR_TIME || answer->error == PAC_ERROR_MEMORY) {
        counter_add(answer->error == PAC_ERROR_TIME ? COUNTER_PAC_TIMEOUTS
                                                    : COUNTER_PAC_CRASHES,
                    1);
        slot_kill(slot);
        run_offended(run, why);
    } else {
        run_fail(run, PAC_RUN_FAILED, why);
    }
}

static uint64_t lifetime_of(const struct pac_run *run, const struct pac_answer *answer)
{
    if ((answer->flags & PAC_USED_CLOCK) != 0)
        return 0;
    return pac_names_lifetime(&run->names, answer->names_used, PAC_LIFETIME_MS);
}

static void run_result(struct pac_run *run, const struct pac_answer *answer)
{
    struct pac_run_result result = {
        .end = PAC_RUN_RESULT,
        .text = answer->text,
        .lifetime_ms = lifetime_of(run, answer),
        .ns = run->ns,
        .rounds = run->rounds,
        .trace = answer->trace,
    };

    run_note(run, answer->flags);
    result.facts = buf_span(&run->facts);
    pac_offenders_forgive(&run->pool->offenders, run->host);
    if (run->callback != NULL)
        run->callback(run->ctx, &result);
    run_free(run);
}

static void run_look_up(struct pac_run *run, const struct pac_answer *answer)
{
    run->state = RUN_LOOKING;
    if (run->callback == NULL)
        run_free(run);
    else if (!pac_names_find(&run->names, answer->text, answer->family))
        run_fail(run, PAC_RUN_FAILED, "memory is out");
}

static void find_answered(struct slot *slot, const struct pac_answer *answer)
{
    struct pac_pool *pool = slot->pool;
    struct pac_run *run = slot_leave(slot);

    run->ns += answer->ns;
    log_alerts(run, answer->alerts);
    slot_enter(slot, PAC_SLOT_IDLE);
    if (answer->type == PAC_RESULT) {
        counter_add(COUNTER_PAC_EVALUATIONS, 1);
        pool_pump(pool);
        run_result(run, answer); /* last: whoever hears it may do anything */
        return;
    }
    if (answer->type == PAC_NEED_DNS) {
        run_look_up(run, answer);
    } else {
        counter_add(COUNTER_PAC_EVALUATIONS, 1);
        run_error(slot, run, answer);
    }
    pool_pump(pool);
}

static void answered(void *ctx, const struct pac_answer *answer)
{
    struct slot *slot = ctx;

    if (slot->state == PAC_SLOT_RUNNING) {
        find_answered(slot, answer);
    } else {
        load_answered(slot, answer);
        pool_pump(slot->pool);
    }
}

/* ---- the end of a child ---- */

/* What may be no fault of its own is tried once more. */
static void load_lost(struct pac_pool *pool, enum pac_child_end end, const char *how)
{
    if (end == PAC_CHILD_FAILED || pool->reloading)
        slot_failed(pool, how, BROKEN_MS);
    else
        pool->reloading = true;
}

static void ended(void *ctx, enum pac_child_end end, const char *how)
{
    struct slot *slot = ctx;
    struct pac_pool *pool = slot->pool;
    enum pac_slot_state state = slot->state;
    struct pac_run *run = state == PAC_SLOT_RUNNING ? slot_leave(slot) : NULL;

    if (state != PAC_SLOT_DYING) {
        counter_add(COUNTER_PAC_CRASHES, 1);
        LOG_WARN("pac_child_ended", LOG_TEXT("how", how));
    }
    slot_free(slot);
    if (run != NULL)
        run_lost(run, end, how);
    else if (state == PAC_SLOT_LOADING)
        load_lost(pool, end, how);
    pool_pump(pool);
}

/* The script has not begun: whoever stopped the process is no fault of the host's. */
static void is_deaf(struct slot *slot)
{
    static const char how[] = "ccgate-pac does not take its question: is it stopped?";
    struct pac_pool *pool = slot->pool;
    struct pac_run *run = slot_leave(slot);

    LOG_WARN("pac_child_deaf", LOG_INT("pid", pac_child_pid(slot->child)));
    slot_kill(slot);
    if (run->spent_ms < pool->options.limit_ms)
        run_lost(run, PAC_CHILD_UNHEARD, how);
    else
        run_fail(run, PAC_RUN_FAILED, how);
    pool_pump(pool);
}

/* Whether a child that runs may go on, or is taken care of. */
static bool runs_on(struct slot *slot)
{
    struct pac_pool *pool = slot->pool;
    uint64_t now = loop_now(pool->options.loop);

    if (pac_child_is_deaf(slot->child)) {
        is_deaf(slot);
        return true;
    }
    if (now < slot->until)
        deadline_set(pool->options.loop, &slot->limit, slot->until - now);
    return now < slot->until;
}

static void out_of_time(void *ctx)
{
    struct slot *slot = ctx;
    struct pac_pool *pool = slot->pool;
    struct pac_run *run;
    char why[PAC_WHY];

    if (slot->state == PAC_SLOT_IDLE) {
        if (has_slot(pool, PAC_SLOT_IDLE, slot))
            slot_kill(slot);
        return; /* the last one stays: a request after a pause is to find one */
    }
    if (slot->state == PAC_SLOT_RUNNING && runs_on(slot))
        return;
    run = slot->state == PAC_SLOT_RUNNING ? slot_leave(slot) : NULL;
    counter_add(COUNTER_PAC_TIMEOUTS, 1);
    time_text(pool, why);
    slot_kill(slot);
    if (run != NULL)
        run_offended(run, why);
    else
        slot_failed(pool, why, BROKEN_MS);
    pool_pump(pool);
}

/* ---- children are started ---- */

void slot_start(struct pac_pool *pool)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    char why[PAC_WHY];
    int error = 0;

    if (slot == NULL) {
        slot_failed(pool, "memory is out", BROKEN_MS);
        return;
    }
    slot->pool = pool;
    slot->child = pac_child_new(&(struct pac_child_options){.loop = pool->options.loop,
                                                            .program = pool->program,
                                                            .script = pool->script,
                                                            .answered = answered,
                                                            .ended = ended,
                                                            .ctx = slot},
                                &error);
    if (slot->child == NULL) {
        free(slot);
        (void)snprintf(why, sizeof(why), "%s cannot be started: %s", pool->program,
                       strerror(-error));
        slot_failed(pool, why, BROKEN_MS);
        return;
    }
    deadline_init(&slot->limit, out_of_time, slot);
    pac_names_init(&slot->names, pool->options.loop, pool->options.resolver,
                   pool->options.lookup_ms, load_found, slot);
    TAILQ_INSERT_TAIL(&pool->slots, slot, link);
    pool->live++;
    slot_enter(slot, PAC_SLOT_LOADING);
    slot_load(slot);
}
