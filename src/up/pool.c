/*
 * pool: a list of idle connections, the youngest first.
 */
#include "up/pool.h"

#include <stdlib.h>
#include <string.h>

struct kept {
    struct kept *next, *prev;
    struct pool *pool;
    struct upstream *upstream;
    struct deadline limit;
};

struct pool {
    struct loop *loop;
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

static void kept_drop(void *ctx)
{
    upstream_free(kept_remove(ctx));
}

static void kept_spoke(void *ctx, unsigned events)
{
    (void)events;
    kept_drop(ctx);
}

struct pool *pool_new(struct loop *loop)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->loop = loop;
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

static bool kept_is_logged_in(const struct kept *k)
{
    return k->upstream->auth != NULL && auth_bound(k->upstream->auth);
}

static struct upstream *take(struct pool *pool, const char *key, uint32_t owner,
                             bool logged_in)
{
    if (owner == POOL_NO_OWNER)
        return NULL;
    for (struct kept *k = pool->list.next, *next; k != &pool->list; k = next) {
        next = k->next;
        if (!kept_is_for(k, key, owner) || (logged_in && !kept_is_logged_in(k)))
            continue;
        struct upstream *upstream = kept_remove(k);
        stream_want(upstream->stream, 0);
        if (stream_is_quiet(upstream->stream)) {
            upstream->reused = true;
            return upstream;
        }
        upstream_free(upstream);
    }
    return NULL;
}

struct upstream *pool_take(struct pool *pool, const char *key, uint32_t owner)
{
    return take(pool, key, owner, false);
}

struct upstream *pool_take_logged_in(struct pool *pool, const char *key, uint32_t owner)
{
    return take(pool, key, owner, true);
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
    deadline_init(&k->limit, kept_drop, k);
    deadline_set(pool->loop, &k->limit, idle_ms);
    stream_on_event(upstream->stream, kept_spoke, k);
    stream_want(upstream->stream, STREAM_READ);
}
