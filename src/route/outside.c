/*
 * outside: the names, a check of all of them at a time, and those who wait for it. See
 * outside.h.
 */
#include "route/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"

#define LEAST_MS  1000
#define MOST_MS   60000
#define FAILED_MS 2000 /* a lookup that failed is not tried again for that long */
#define WHY_SIZE  256
#define WHY_NAMES 3 /* are named, the others counted */

struct name {
    struct outside *outside;
    struct resolve_query *query; /* while it is looked up */
    char host[];
};

struct outside_query {
    TAILQ_ENTRY(outside_query) link;
    struct outside *outside; /* a reference is held */
    void (*known)(void *ctx);
    void *ctx;
};

struct outside {
    unsigned refs;
    struct loop *loop;
    struct resolver *resolver;
    struct name **names; /* each once */
    size_t count;
    bool fixed;     /* an address, or no name: inside for ever */
    bool known;     /* what was found out last still counts */
    bool used;      /* somebody asked since the last answer */
    size_t pending; /* lookups of the check under way; 0: none is */
    uint64_t lifetime_ms;
    enum outside_state state;
    enum outside_state logged;
    char why[WHY_SIZE];
    struct deadline expiry;
    TAILQ_HEAD(query_list, outside_query) waiting;
};

/* ---- what is known ---- */

static void release(struct outside *outside)
{
    struct outside_query *query;

    outside_ref(outside); /* the callbacks may give theirs back */
    /* One of them may have learned of another network. */
    while (outside->known && (query = TAILQ_FIRST(&outside->waiting)) != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list has no freed ones */
        void (*known)(void *ctx) = query->known;
        void *ctx = query->ctx;

        outside_cancel(query);
        known(ctx);
    }
    outside_unref(outside);
}

static void check_end(struct outside *outside)
{
    for (size_t i = 0; i < outside->count; i++) {
        resolve_cancel(outside->names[i]->query);
        outside->names[i]->query = NULL;
    }
    outside->pending = 0;
}

/* Being inside is what everybody expects at first. */
static void log_change(struct outside *outside)
{
    if (outside->state == outside->logged)
        return;
    outside->logged = outside->state;
    if (outside->state == OUTSIDE_YES)
        LOG_INFO("outside", LOG_TEXT("way", "direct"), LOG_TEXT("why", outside->why));
    else
        LOG_INFO("inside", LOG_TEXT("why", outside->why));
}

static void settle(struct outside *outside, enum outside_state state,
                   uint64_t lifetime_ms)
{
    check_end(outside);
    outside->state = state;
    outside->known = true;
    outside->used = false; /* those who wait will ask */
    if (lifetime_ms < LEAST_MS)
        lifetime_ms = LEAST_MS;
    deadline_set(outside->loop, &outside->expiry,
                 lifetime_ms < MOST_MS ? lifetime_ms : MOST_MS);
    log_change(outside);
    release(outside);
}

/* "a and b do not exist", "a, b, c and 2 more do not exist" */
static void say_missing(struct outside *outside)
{
    size_t count = outside->count;
    size_t shown = count <= WHY_NAMES ? count : WHY_NAMES;
    size_t n = 0;

    for (size_t i = 0; i < shown && n < WHY_SIZE; i++)
        n += (size_t)snprintf(outside->why + n, WHY_SIZE - n, "%s%.60s",
                              i == 0                             ? ""
                              : i + 1 == shown && shown == count ? " and "
                                                                 : ", ",
                              outside->names[i]->host);
    if (shown < count && n < WHY_SIZE)
        n += (size_t)snprintf(outside->why + n, WHY_SIZE - n, " and %zu more",
                              count - shown);
    if (n < WHY_SIZE)
        (void)snprintf(outside->why + n, WHY_SIZE - n, "%s",
                       count == 1 ? " does not exist" : " do not exist");
}

static void looked_up(void *ctx, const struct resolve_answer *answer)
{
    struct name *name = ctx;
    struct outside *outside = name->outside;

    name->query = NULL;
    outside->pending--;
    if (answer->outcome == OUTCOME_OK) {
        (void)snprintf(outside->why, WHY_SIZE, "%.200s exists", name->host);
        settle(outside, OUTSIDE_NO, answer->lifetime_ms);
    } else if (!answer->no_such_name) {
        (void)snprintf(outside->why, WHY_SIZE, "%.120s: %.100s", name->host,
                       answer->detail);
        settle(outside, OUTSIDE_NO, FAILED_MS);
    } else {
        if (answer->lifetime_ms < outside->lifetime_ms)
            outside->lifetime_ms = answer->lifetime_ms;
        if (outside->pending > 0)
            return;
        say_missing(outside);
        settle(outside, OUTSIDE_YES, outside->lifetime_ms);
    }
}

/* Looks up all names; what is known stays so meanwhile. */
static void check(struct outside *outside)
{
    if (outside->fixed || outside->pending > 0)
        return;
    deadline_clear(outside->loop, &outside->expiry);
    outside->lifetime_ms = MOST_MS;
    for (size_t i = 0; i < outside->count; i++) {
        struct name *name = outside->names[i];

        name->query =
            resolve_start(outside->resolver, span_of(name->host), 0, looked_up, name);
        if (name->query == NULL) {
            check_end(outside);
            outside->known = false;
            deadline_set(outside->loop, &outside->expiry, LEAST_MS);
            return;
        }
        outside->pending++;
    }
}

static void expired(void *ctx)
{
    struct outside *outside = ctx;

    if (outside->used || !TAILQ_EMPTY(&outside->waiting))
        check(outside);
    else
        outside->known = false;
}

void outside_network_changed(struct outside *outside)
{
    if (outside->fixed)
        return;
    check_end(outside);
    outside->known = false;
    check(outside);
}

void outside_doubt(struct outside *outside)
{
    if (outside == NULL || outside->fixed)
        return;
    outside->known = false;
    check(outside);
}

enum outside_state outside_ask(struct outside *outside, const char **why)
{
    outside->used = true;
    return outside->known ? outside_view(outside, why) : OUTSIDE_UNKNOWN;
}

enum outside_state outside_view(const struct outside *outside, const char **why)
{
    *why = outside->state != OUTSIDE_UNKNOWN ? outside->why : NULL;
    return outside->state;
}

/* ---- those who wait ---- */

struct outside_query *outside_start(struct outside *outside, void (*known)(void *ctx),
                                    void *ctx)
{
    struct outside_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->outside = outside_ref(outside);
    query->known = known;
    query->ctx = ctx;
    TAILQ_INSERT_TAIL(&outside->waiting, query, link);
    check(outside);
    return query;
}

void outside_cancel(struct outside_query *query)
{
    if (query == NULL)
        return;
    TAILQ_REMOVE(&query->outside->waiting, query, link);
    outside_unref(query->outside);
    free(query);
}

/* ---- the names ---- */

static bool has_name(const struct outside *outside, struct span host)
{
    for (size_t i = 0; i < outside->count; i++)
        if (span_equal_nocase(span_of(outside->names[i]->host), host))
            return true;
    return false;
}

static bool add_name(struct outside *outside, struct span host)
{
    struct name *name = calloc(1, sizeof(*name) + host.len + 1);
    struct name **larger =
        realloc(outside->names, (outside->count + 1) * sizeof(struct name *));

    if (larger != NULL)
        outside->names = larger;
    if (name == NULL || larger == NULL) {
        free(name);
        return false;
    }
    name->outside = outside;
    memcpy(name->host, host.at, host.len);
    larger[outside->count++] = name;
    return true;
}

static void stay_inside(struct outside *outside)
{
    outside->fixed = true;
    outside->known = true;
    outside->state = OUTSIDE_NO;
}

static bool read_names(struct outside *outside, const struct config *config)
{
    struct netaddr literal;
    struct span host;

    for (size_t i = 0; config_way_host(config, i, &host); i++) {
        if (netaddr_from_ip(&literal, host, 0)) {
            stay_inside(outside);
            (void)snprintf(outside->why, WHY_SIZE, "%.*s is an address",
                           SPAN_ARG(host));
        } else if (host.len > 0 && !has_name(outside, host) &&
                   !add_name(outside, host)) {
            return false;
        }
    }
    if (outside->count == 0 && !outside->fixed) {
        stay_inside(outside);
        (void)snprintf(outside->why, WHY_SIZE, "neither pac nor proxy names a host");
    }
    return true;
}

struct outside *outside_new(const struct outside_options *options)
{
    struct outside *outside = calloc(1, sizeof(*outside));

    if (outside == NULL)
        return NULL;
    outside->refs = 1;
    outside->loop = options->loop;
    outside->resolver = options->resolver;
    outside->logged = OUTSIDE_NO;
    deadline_init(&outside->expiry, expired, outside);
    TAILQ_INIT(&outside->waiting);
    if (!read_names(outside, options->config)) {
        outside_unref(outside);
        return NULL;
    }
    check(outside);
    return outside;
}

struct outside *outside_ref(struct outside *outside)
{
    if (outside != NULL)
        outside->refs++;
    return outside;
}

void outside_unref(struct outside *outside)
{
    if (outside == NULL || --outside->refs > 0)
        return;
    check_end(outside);
    deadline_clear(outside->loop, &outside->expiry);
    for (size_t i = 0; i < outside->count; i++)
        free(outside->names[i]);
    free(outside->names);
    free(outside);
}

static bool is_named(const struct config *config, const char *name)
{
    struct span host;

    for (size_t i = 0; config_way_host(config, i, &host); i++)
        if (span_equal_nocase(host, span_of(name)))
            return true;
    return false;
}

bool outside_is_for(const struct outside *outside, const struct config *config)
{
    struct span host;

    if (outside->fixed || config->outside != CONFIG_OUTSIDE_DIRECT)
        return false;
    for (size_t i = 0; i < outside->count; i++)
        if (!is_named(config, outside->names[i]->host))
            return false;
    for (size_t i = 0; config_way_host(config, i, &host); i++)
        if (host.len > 0 && !has_name(outside, host))
            return false;
    return true;
}
