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

/* What was said for the URL and still holds at `now` (ms), until the next put; at is
 * NULL if nothing. */
struct span pac_cache_get(struct pac_cache *cache, struct span url, uint64_t now);

/* Keeps it until `expires`. Without memory, or for a long URL, nothing is kept. */
void pac_cache_put(struct pac_cache *cache, struct span url, struct span said,
                   uint64_t now, uint64_t expires);

void pac_cache_flush(struct pac_cache *cache);
size_t pac_cache_count(const struct pac_cache *cache);

#endif
