/*
 * pac_cache: a hash table of bounded size whose entries also stand in a list by age.
 */
#include "route/pac_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CACHE_LIMIT   2048 /* entries */
#define CACHE_BUCKETS 1024
#define URL_LIMIT     2048 /* bytes of a URL that is kept, and of an answer */

struct entry {
    struct entry *chain;
    TAILQ_ENTRY(entry) age;
    uint64_t made, expires;
    uint32_t hash;
    size_t url_len, said_len, facts_len;
    char text[]; /* the URL, what was said, the facts */
};

struct pac_cache {
    struct entry *buckets[CACHE_BUCKETS];
    TAILQ_HEAD(entry_list, entry) by_age; /* the oldest first */
    size_t count;
};

/* FNV-1a. The table is bounded, so URLs made to collide cost little. */
static uint32_t hash_of(struct span url)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < url.len; i++)
        hash = (hash ^ (unsigned char)url.at[i]) * 16777619u;
    return hash;
}

struct pac_cache *pac_cache_new(void)
{
    struct pac_cache *cache = calloc(1, sizeof(*cache));

    if (cache != NULL)
        TAILQ_INIT(&cache->by_age);
    return cache;
}

static void drop(struct pac_cache *cache, struct entry *entry)
{
    struct entry **at = &cache->buckets[entry->hash % CACHE_BUCKETS];

    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    TAILQ_REMOVE(&cache->by_age, entry, age);
    cache->count--;
    free(entry);
}

void pac_cache_flush(struct pac_cache *cache)
{
    struct entry *entry;

    while ((entry = TAILQ_FIRST(&cache->by_age)) != NULL)
        drop(cache, entry);
}

void pac_cache_free(struct pac_cache *cache)
{
    if (cache == NULL)
        return;
    pac_cache_flush(cache);
    free(cache);
}

static struct entry *find(struct pac_cache *cache, struct span url, uint32_t hash)
{
    struct entry *entry = cache->buckets[hash % CACHE_BUCKETS];

    while (entry != NULL &&
           (entry->hash != hash ||
            !span_equal((struct span){entry->text, entry->url_len}, url)))
        entry = entry->chain;
    return entry;
}

bool pac_cache_get(struct pac_cache *cache, struct span url, uint64_t now,
                   struct pac_cached *cached)
{
    struct entry *entry = find(cache, url, hash_of(url));
    const char *said;

    if (entry == NULL)
        return false;
    if (entry->expires <= now) {
        drop(cache, entry);
        return false;
    }
    said = entry->text + entry->url_len;
    *cached = (struct pac_cached){.said = {said, entry->said_len},
                                  .facts = {said + entry->said_len, entry->facts_len},
                                  .made = entry->made};
    return true;
}

/* Drops the old ones that have expired; if the oldest has not, it alone. */
static void make_room(struct pac_cache *cache, uint64_t now)
{
    struct entry *entry = TAILQ_FIRST(&cache->by_age);
    bool first = true;

    while (entry != NULL && (first || entry->expires <= now)) {
        struct entry *next = TAILQ_NEXT(entry, age);

        drop(cache, entry);
        entry = next;
        first = false;
    }
}

static void append(struct entry *entry, size_t *at, struct span text)
{
    if (text.len > 0)
        memcpy(entry->text + *at, text.at, text.len);
    *at += text.len;
}

void pac_cache_put(struct pac_cache *cache, struct span url,
                   const struct pac_cached *cached, uint64_t expires)
{
    struct span said = cached->said;
    uint64_t now = cached->made;
    size_t at = 0;
    uint32_t hash = hash_of(url);
    struct entry *entry = find(cache, url, hash);

    if (entry != NULL)
        drop(cache, entry);
    if (expires <= now || url.len > URL_LIMIT || said.len > URL_LIMIT)
        return;
    if (cache->count >= CACHE_LIMIT)
        make_room(cache, now);
    entry = calloc(1, sizeof(*entry) + url.len + said.len + cached->facts.len);
    if (entry == NULL)
        return;
    append(entry, &at, url);
    append(entry, &at, said);
    append(entry, &at, cached->facts);
    entry->url_len = url.len;
    entry->said_len = said.len;
    entry->facts_len = cached->facts.len;
    entry->made = now;
    entry->hash = hash;
    entry->expires = expires;
    entry->chain = cache->buckets[hash % CACHE_BUCKETS];
    cache->buckets[hash % CACHE_BUCKETS] = entry;
    TAILQ_INSERT_TAIL(&cache->by_age, entry, age);
    cache->count++;
}

size_t pac_cache_count(const struct pac_cache *cache)
{
    return cache->count;
}
