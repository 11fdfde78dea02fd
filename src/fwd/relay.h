/*
 * relay: bytes between two streams, both ways, until both have ended.
 *
 * Copies through a buffer shared by all relays of a loop; once a flow is bulk, and both
 * sides are plain sockets, its bytes go by splice(2) through a pooled pipe. Half-close
 * is two directions, counted separately. Nothing is buffered beyond one read.
 */
#ifndef CCGATE_FWD_RELAY_H
#define CCGATE_FWD_RELAY_H

#include "base/outcome.h"
#include "config/config.h"
#include "up/stream.h"

/* What relays of one loop share. */
struct relay_pool;
struct relay_pool *relay_pool_new(void);
void relay_pool_free(struct relay_pool *pool); /* NULL-safe */

struct relay_options {
    struct loop *loop;
    struct relay_pool *pool;
    struct stream *client; /* both stay the caller's, not to be used meanwhile */
    struct stream *upstream;
    enum config_relay mode;
    uint64_t idle_ms; /* silence in both directions; 0: never cut */
};

struct relay_result {
    enum outcome outcome; /* OK: both directions ended; REQUEST_INCOMPLETE: the client's
                             side broke; ANSWER_INCOMPLETE: the other; IDLE_TIMEOUT */
    const char *detail;   /* NULL when OK */
    uint64_t bytes_up, bytes_down; /* delivered */
};

typedef void relay_callback(void *ctx, const struct relay_result *result);

struct relay;

/* The usual contract: once, never before this returns, never after relay_cancel(). */
struct relay *relay_start(const struct relay_options *options, relay_callback *callback,
                          void *ctx);
void relay_cancel(struct relay *relay); /* NULL-safe */

/* Bytes delivered so far. */
uint64_t relay_bytes_up(const struct relay *relay);
uint64_t relay_bytes_down(const struct relay *relay);

#endif
