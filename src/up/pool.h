/*
 * pool: upstream connections kept between requests. One owner at a time, and only
 * between callers of one uid. A connection that speaks while idle, or ends, is dropped.
 * How long a hop leaves them open is learned (lifetime.h).
 */
#ifndef CCGATE_UP_POOL_H
#define CCGATE_UP_POOL_H

#include "up/lifetime.h"
#include "up/upstream.h"

#define POOL_NO_OWNER UINT32_MAX /* a caller without a uid: nothing is kept for it */

#define POOL_ALL_OWNERS                                                                \
    (UINT32_MAX - 1) /* of a connection on which no caller's request has passed */

#define POOL_LIMIT     128 /* connections kept in all */
#define POOL_KEY_LIMIT 16  /* for one key and owner */

struct pool;

/* lifetimes: of the hops; must live as long as the pool. */
struct pool *pool_new(struct loop *loop, struct lifetimes *lifetimes);
void pool_free(struct pool *pool); /* closes all. NULL-safe */

struct pool_want {
    const char *key;
    uint32_t owner;
    const struct config *config; /* that it was opened under: whose login it has */
    bool logged_in; /* only one that needs no login any more, see auth_logged_in() */
};

/* The most recently kept connection like this that is still quiet, or NULL. */
struct upstream *pool_take(struct pool *pool, const struct pool_want *want);

/*
 * Keeps a connection, which is the pool's from now on, for as long as its hop allows,
 * but at most idle_ms. No login may be under way on it, and none of a server's own may
 * have passed.
 */
void pool_put(struct pool *pool, struct upstream *upstream, uint64_t idle_ms);

/*
 * A connection that was taken has been used: what that says about how long its hop
 * keeps idle ones. most: as with pool_put().
 */
void pool_learn(struct pool *pool, const struct upstream *upstream, bool was_closed,
                uint64_t most);

/* Closes all kept connections (network change, reload). */
void pool_flush(struct pool *pool);

size_t pool_size(const struct pool *pool);

/* How many are kept for a key, or of those the ones that are logged in. */
size_t pool_count(const struct pool *pool, const char *key, bool logged_in);

#endif
