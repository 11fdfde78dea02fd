/*
 * relay_pipe: pipes for splice(2), pooled. relay_nopipe.c stands in where there is no
 * splice: relay_pipe_take() then always returns NULL. Private to fwd/relay*.c.
 */
#ifndef CCGATE_FWD_RELAY_PIPE_H
#define CCGATE_FWD_RELAY_PIPE_H

#include <sys/types.h>

#include "base/span.h"

/*
 * Measured (proxy.md section 11): 256 KiB costs the least CPU per byte; a larger pipe
 * hurts the latency of its neighbours.
 */
#define RELAY_PIPE_SIZE  (256 * 1024)
#define RELAY_PIPE_LIMIT 32 /* pipes in use or kept */

struct relay_pipe {
    struct relay_pipe *next;
    int ends[2];
    size_t held; /* bytes inside */
};

struct relay_pipes {
    struct relay_pipe *free;
    unsigned count;
};

/* An empty pipe, or NULL: none left. */
struct relay_pipe *relay_pipe_take(struct relay_pipes *pipes);

/* Gives a pipe back; one that still holds bytes is closed. NULL-safe. */
void relay_pipe_give(struct relay_pipes *pipes, struct relay_pipe *pipe);
void relay_pipes_clear(struct relay_pipes *pipes);

/* Moves bytes. > 0, 0 at the end of fd (fill only), or a negative errno. */
ssize_t relay_pipe_fill(struct relay_pipe *pipe, int fd);
ssize_t relay_pipe_drain(struct relay_pipe *pipe, int fd);

#endif
