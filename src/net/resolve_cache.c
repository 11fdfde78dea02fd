/*
 * resolve_cache: results shared by reference, and the cache of them: a hash table whose
 * entries also stand in a list by age, bounded in number.
 */
#include "net/resolve_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CACHE_LIMIT   1024
#define CACHE_BUCKETS 512

/* Seconds. */
#define TTL_LEAST    1
#define TTL_MOST     300
#define TTL_NEGATIVE 2

struct entry {
    struct entry *chain;
    TAILQ_ENTRY(entry) age;
    struct resolve_result *result;
    uint64_t expires;
    uint32_t hash;
    char name[];
};

struct resolve_cache {
    struct entry *buckets[CACHE_BUCKETS];
    TAILQ_HEAD(entry_list, entry) by_age; /* the oldest first */
    size_t count;
};

struct resolve_result *resolve_result_new(size_t limit)
{
    struct resolve_result *r = calloc(1, sizeof(*r) + limit * sizeof(r->addresses[0]));

    if (r != NULL) {
        r->refs = 1;
        r->outcome = OUTCOME_OK;
    }
    return r;
}

struct resolve_result *resolve_failure_new(enum outcome outcome, const char *detail)
{
    struct resolve_result *r = resolve_result_new(0);

    if (r != NULL) {
        r->outcome = outcome;
        r->detail = detail;
    }
    return r;
}

struct resolve_result *resolve_result_ref(struct resolve_result *result)
{
    if (result != NULL)
        result->refs++;
    return result;
}

void resolve_result_unref(struct resolve_result *result)
{
    if (result != NULL && --result->refs == 0)
        free(result);
}

/* FNV-1a. The table is bounded, so names made to collide cost little. */
uint32_t resolve_name_hash(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

struct resolve_cache *resolve_cache_new(void)
{
    struct resolve_cache *cache = calloc(1, sizeof(*cache));

    if (cache != NULL)
        TAILQ_INIT(&cache->by_age);
    return cache;
}

static void cache_drop(struct resolve_cache *cache, struct entry *entry)
{
    struct entry **at = &cache->buckets[entry->hash % CACHE_BUCKETS];

    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    TAILQ_REMOVE(&cache->by_age, entry, age);
    cache->count--;
    resolve_result_unref(entry->result);
    free(entry);
}

void resolve_cache_flush(struct resolve_cache *cache)
{
    struct entry *entry;

    while ((entry = TAILQ_FIRST(&cache->by_age)) != NULL)
        cache_drop(cache, entry);
}

void resolve_cache_free(struct resolve_cache *cache)
{
    if (cache == NULL)
        return;
    resolve_cache_flush(cache);
    free(cache);
}

size_t resolve_cache_count(const struct resolve_cache *cache)
{
    return cache->count;
}

static struct entry *cache_find(struct resolve_cache *cache, const char *name,
                                uint32_t hash)
{
    struct entry *entry = cache->buckets[hash % CACHE_BUCKETS];

    while (entry != NULL && (entry->hash != hash || strcmp(entry->name, name) != 0))
        entry = entry->chain;
    return entry;
}

struct resolve_result *resolve_cache_get(struct resolve_cache *cache, const char *name,
                                         uint64_t now)
{
    struct entry *entry = cache_find(cache, name, resolve_name_hash(name));

    if (entry == NULL)
        return NULL;
    if (entry->expires <= now) {
        cache_drop(cache, entry);
        return NULL;
    }
    return resolve_result_ref(entry->result);
}

uint64_t resolve_cache_lifetime(struct resolve_cache *cache, const char *name,
                                uint64_t now)
{
    const struct entry *entry = cache_find(cache, name, resolve_name_hash(name));

    return entry != NULL && entry->expires > now ? entry->expires - now : 0;
}

/* Drops what has expired; if that is nothing, the oldest. */
static void cache_make_room(struct resolve_cache *cache, uint64_t now)
{
    struct entry *entry = TAILQ_FIRST(&cache->by_age);
    struct entry *oldest = NULL;

    while (entry != NULL) {
        struct entry *next = TAILQ_NEXT(entry, age);

        if (entry->expires <= now)
            cache_drop(cache, entry);
        else if (oldest == NULL)
            oldest = entry;
        entry = next;
    }
    if (oldest != NULL && cache->count >= CACHE_LIMIT)
        cache_drop(cache, oldest);
}

static uint64_t result_lifetime(const struct resolve_result *result)
{
    uint32_t ttl = result->ttl;

    if (result->count == 0)
        ttl = TTL_NEGATIVE;
    if (ttl < TTL_LEAST)
        ttl = TTL_LEAST;
    if (ttl > TTL_MOST)
        ttl = TTL_MOST;
    return (uint64_t)ttl * 1000;
}

void resolve_cache_put(struct resolve_cache *cache, const char *name,
                       struct resolve_result *result, uint64_t now)
{
    uint32_t hash = resolve_name_hash(name);
    size_t size = strlen(name) + 1;
    struct entry *entry;

    if (result == NULL || !result->definitive)
        return;
    if ((entry = cache_find(cache, name, hash)) != NULL)
        cache_drop(cache, entry);
    if (cache->count >= CACHE_LIMIT)
        cache_make_room(cache, now);
    entry = calloc(1, sizeof(*entry) + size);
    if (entry == NULL)
        return;
    memcpy(entry->name, name, size);
    entry->hash = hash;
    entry->expires = now + result_lifetime(result);
    entry->result = resolve_result_ref(result);
    entry->chain = cache->buckets[hash % CACHE_BUCKETS];
    cache->buckets[hash % CACHE_BUCKETS] = entry;
    TAILQ_INSERT_TAIL(&cache->by_age, entry, age);
    cache->count++;
}
