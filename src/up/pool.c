/*
 * pool: a list of idle connections, the youngest first.
 */
#include "up/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    struct kept *next, *prev;
    struct pool *pool;
    struct upstream *upstream;
    struct deadline limit;
    uint64_t since, most; /* loop milliseconds */
};

struct pool {
    struct loop *loop;
    struct lifetimes *lifetimes;
    struct kept list; /* list head */
    size_t count;
};

static struct upstream *kept_remove(struct kept *k)
{
    struct upstream *upstream = k->upstream;

    k->prev->next = k->next;
    k->next->prev = k->prev;
    k->pool->count--;
    deadline_clear(k->pool->loop, &k->limit);
    free(k);
    return upstream;
}

static void kept_drop(struct kept *k)
{
    upstream_free(kept_remove(k));
}

/* ---- what it says about the hop ---- */

/* NULL: nothing is learned. Origins are too many to remember. */
static struct lifetime *lifetime_of(const struct pool *pool, const struct upstream *u)
{
    return u->hop && hop_kind_is_http(u->hop->kind)
               ? lifetimes_of(pool->lifetimes, u->hop->name)
               : NULL;
}

static uint64_t kept_age(const struct kept *k)
{
    return loop_now(k->pool->loop) - k->since;
}

static void kept_was_closed(const struct kept *k)
{
    struct lifetime *lifetime = lifetime_of(k->pool, k->upstream);

    if (lifetime)
        lifetime_closed(lifetime, kept_age(k), loop_now(k->pool->loop));
}

void pool_learn(struct pool *pool, const struct upstream *u, bool was_closed,
                uint64_t most)
{
    struct lifetime *lifetime = lifetime_of(pool, u);

    if (lifetime && was_closed)
        lifetime_closed(lifetime, u->idle_ms, loop_now(pool->loop));
    else if (lifetime)
        lifetime_outlived(lifetime, u->idle_ms, most, loop_now(pool->loop));
}

/* Whether it ended or said good-bye first, nobody had asked for anything. */
static void kept_spoke(void *ctx, unsigned events)
{
    (void)events;
    kept_was_closed(ctx);
    kept_drop(ctx);
}

static void kept_expired(void *ctx)
{
    struct kept *k = ctx;
    struct lifetime *lifetime = lifetime_of(k->pool, k->upstream);

    if (lifetime && stream_is_quiet(k->upstream->stream))
        lifetime_outlived(lifetime, kept_age(k), k->most, loop_now(k->pool->loop));
    kept_drop(k);
}

/* ---- the pool ---- */

struct pool *pool_new(struct loop *loop, struct lifetimes *lifetimes)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->lifetimes = lifetimes;
    pool->list.next = pool->list.prev = &pool->list;
    return pool;
}

void pool_flush(struct pool *pool)
{
    for (struct kept *k = pool->list.next, *next; k != &pool->list; k = next) {
        next = k->next;
        kept_drop(k);
    }
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pool_flush(pool);
    free(pool);
}

size_t pool_size(const struct pool *pool)
{
    return pool->count;
}

static bool kept_is_for(const struct kept *k, const char *key, uint32_t owner)
{
    return k->upstream->owner == owner && strcmp(k->upstream->key, key) == 0;
}

static bool is_logged_in(const struct upstream *u)
{
    return u->auth && auth_logged_in(u->auth);
}

size_t pool_count(const struct pool *pool, const char *key, bool logged_in)
{
    size_t count = 0;

    for (const struct kept *k = pool->list.next; k != &pool->list; k = k->next)
        count += strcmp(k->upstream->key, key) == 0 &&
                 (!logged_in || is_logged_in(k->upstream));
    return count;
}

/* A session may still go by a configuration that is not in force any more. */
static bool kept_fits(const struct kept *k, const struct pool_want *want)
{
    const struct route *route = k->upstream->route;

    return (kept_is_for(k, want->key, want->owner) ||
            kept_is_for(k, want->key, POOL_ALL_OWNERS)) &&
           (!route || route->config == want->config) &&
           (!want->logged_in || is_logged_in(k->upstream));
}

struct upstream *pool_take(struct pool *pool, const struct pool_want *want)
{
    for (struct kept *k = pool->list.next, *next; k != &pool->list; k = next) {
        next = k->next;
        if (!kept_fits(k, want))
            continue;
        struct upstream *upstream = k->upstream;
        if (stream_is_quiet(upstream->stream)) {
            upstream->reused = true;
            upstream->owner = want->owner;
            upstream->idle_ms = kept_age(k);
            stream_want(upstream->stream, 0);
            return kept_remove(k);
        }
        kept_spoke(k, 0);
    }
    return NULL;
}

/* What the hop allows, and the caller. */
static uint64_t time_for(const struct pool *pool, const struct upstream *u,
                         uint64_t most)
{
    const struct lifetime *lifetime = lifetime_of(pool, u);
    uint64_t limit = lifetime ? lifetime->limit : LIFETIME_FIRST;

    return limit < most ? limit : most;
}

/* Makes room: the oldest of that key and owner, then the oldest of all. */
static void pool_trim(struct pool *pool, const char *key, uint32_t owner)
{
    size_t same = 0;

    for (struct kept *k = pool->list.next, *next; k != &pool->list; k = next) {
        next = k->next;
        if (kept_is_for(k, key, owner) && ++same >= POOL_KEY_LIMIT)
            kept_drop(k);
    }
    if (pool->count >= POOL_LIMIT)
        kept_drop(pool->list.prev);
}

void pool_put(struct pool *pool, struct upstream *upstream, uint64_t idle_ms)
{
    bool keep = idle_ms > 0 && upstream->owner != POOL_NO_OWNER;
    struct kept *k = keep ? calloc(1, sizeof(*k)) : NULL;

    /* squid keeps a helper busy for each login that is under way. */
    assert(!upstream->auth || auth_logged_in(upstream->auth) ||
           !auth_bound(upstream->auth));
    assert(!upstream->login_at);
    if (!k) {
        upstream_free(upstream);
        return;
    }
    pool_trim(pool, upstream->key, upstream->owner);
    k->pool = pool;
    k->upstream = upstream;
    k->next = pool->list.next;
    k->prev = &pool->list;
    k->next->prev = k;
    pool->list.next = k;
    pool->count++;
    k->since = loop_now(pool->loop);
    k->most = idle_ms;
    deadline_init(&k->limit, kept_expired, k);
    deadline_set(pool->loop, &k->limit, time_for(pool, upstream, idle_ms));
    stream_on_event(upstream->stream, kept_spoke, k);
    stream_want(upstream->stream, STREAM_READ);
}
