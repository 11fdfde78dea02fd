/*
 * pool: upstream connections kept between plain requests. One owner at a time, and only
 * between callers of one uid. A connection that speaks while idle, or ends, is dropped.
 */
#ifndef CCGATE_UP_POOL_H
#define CCGATE_UP_POOL_H

#include "up/upstream.h"

#define POOL_NO_OWNER UINT32_MAX /* a caller without a uid: nothing is kept for it */

#define POOL_LIMIT     128 /* connections kept in all */
#define POOL_KEY_LIMIT 16  /* for one key and owner */

struct pool;

struct pool *pool_new(struct loop *loop);
void pool_free(struct pool *pool); /* closes all. NULL-safe */

/* The most recently kept connection for this key and owner that is still quiet, or
 * NULL. */
struct upstream *pool_take(struct pool *pool, const char *key, uint32_t owner);

/* Likewise, but one that is logged in. */
struct upstream *pool_take_logged_in(struct pool *pool, const char *key,
                                     uint32_t owner);

/* Keeps a connection for at most idle_ms; it is the pool's from now on. */
void pool_put(struct pool *pool, struct upstream *upstream, uint64_t idle_ms);

/* Closes all kept connections (network change, reload). */
void pool_flush(struct pool *pool);

size_t pool_size(const struct pool *pool);

#endif
