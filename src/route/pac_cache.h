/*
 * pac_cache: what the PAC script said for a URL, for a while.
 */
#ifndef CCGATE_ROUTE_PAC_CACHE_H
#define CCGATE_ROUTE_PAC_CACHE_H

#include "base/span.h"

struct pac_cache;

/* NULL when memory is out. */
struct pac_cache *pac_cache_new(void);
void pac_cache_free(struct pac_cache *cache); /* NULL-safe */

struct pac_cached {
    struct span said;
    struct span facts; /* see pac_run_result */
    uint64_t made;     /* ms: when it was said */
};

/* What was said for the URL and still holds at `now` (ms): views until the next put.
 * False: nothing was. */
bool pac_cache_get(struct pac_cache *cache, struct span url, uint64_t now,
                   struct pac_cached *cached);

/* Keeps it until `expires`. Without memory, or for a long URL, nothing is kept. */
void pac_cache_put(struct pac_cache *cache, struct span url,
                   const struct pac_cached *cached, uint64_t expires);

void pac_cache_flush(struct pac_cache *cache);
size_t pac_cache_count(const struct pac_cache *cache);

#endif
