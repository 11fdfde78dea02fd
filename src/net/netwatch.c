/*
 * netwatch: gathers the news of its source, and looks at the clocks. See netwatch.h.
 */
#include "net/netwatch.h"

#include <stdlib.h>
#include <time.h>

#include "net/netwatch_parts.h"

struct netwatch {
    struct netwatch_options o;
    struct netwatch_source *source;
    uint64_t slept;        /* ms in all, when last looked at */
    bool quiet;            /* a change was told less than NETWATCH_QUIET_MS ago */
    const char *more;      /* and another one came since, or NULL */
    struct deferred first; /* the callback is due */
    struct deadline rest;
};

/* ---- clocks ---- */

static uint64_t clock_ms(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t system_awake(void *ctx)
{
    (void)ctx;
    return clock_ms(CLOCK_MONOTONIC);
}

static uint64_t system_asleep_too(void *ctx)
{
    (void)ctx;
#ifdef CLOCK_BOOTTIME
    return clock_ms(CLOCK_BOOTTIME);
#else
    return clock_ms(CLOCK_MONOTONIC);
#endif
}

/* The clock that runs on is read last, so that the difference is never too small. */
static uint64_t slept_now(const struct netwatch *watch)
{
    uint64_t awake = watch->o.awake(watch->o.clock_ctx);
    uint64_t all = watch->o.asleep_too(watch->o.clock_ctx);

    return all > awake ? all - awake : 0;
}

void netwatch_check(struct netwatch *watch)
{
    uint64_t slept = slept_now(watch);

    if (slept < watch->slept + NETWATCH_SLEPT_MS)
        return;
    watch->slept = slept;
    netwatch_changed(watch, "the machine slept");
}

/* ---- news ---- */

static void first_fired(void *ctx)
{
    struct netwatch *watch = ctx;
    const char *why = watch->more;

    watch->more = NULL;
    watch->quiet = true;
    deadline_set(watch->o.loop, &watch->rest, NETWATCH_QUIET_MS);
    watch->o.callback(watch->o.ctx, why);
}

static void rest_fired(void *ctx)
{
    struct netwatch *watch = ctx;

    watch->quiet = false;
    if (watch->more != NULL)
        defer(watch->o.loop, &watch->first);
}

void netwatch_changed(struct netwatch *watch, const char *why)
{
    watch->more = why;
    if (!watch->quiet)
        defer(watch->o.loop, &watch->first);
}

/* ---- life cycle ---- */

struct netwatch *netwatch_new(const struct netwatch_options *options)
{
    struct netwatch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->o = *options;
    if (watch->o.awake == NULL)
        watch->o.awake = system_awake;
    if (watch->o.asleep_too == NULL)
        watch->o.asleep_too = system_asleep_too;
    if (watch->o.resolv_conf == NULL)
        watch->o.resolv_conf = "/etc/resolv.conf";
    deferred_init(&watch->first, first_fired, watch);
    deadline_init(&watch->rest, rest_fired, watch);
    watch->slept = slept_now(watch);
    watch->source = netwatch_source_new(watch, watch->o.loop, watch->o.resolv_conf);
    if (watch->source != NULL)
        return watch;
    free(watch);
    return NULL;
}

void netwatch_free(struct netwatch *watch)
{
    if (watch == NULL)
        return;
    netwatch_source_free(watch->source);
    defer_cancel(&watch->first);
    deadline_clear(watch->o.loop, &watch->rest);
    free(watch);
}

const char *netwatch_sources(const struct netwatch *watch)
{
    return netwatch_source_text(watch->source);
}
