/*
 * relay_nopipe: stands in for relay_pipe.c where there is no splice(2): every relay
 * copies.
 */
#include <errno.h>

#include "fwd/relay_pipe.h"

struct relay_pipe *relay_pipe_take(struct relay_pipes *pipes)
{
    (void)pipes;
    return NULL;
}

void relay_pipe_give(struct relay_pipes *pipes, struct relay_pipe *pipe)
{
    (void)pipes;
    (void)pipe;
}

void relay_pipes_clear(struct relay_pipes *pipes)
{
    (void)pipes;
}

ssize_t relay_pipe_fill(struct relay_pipe *pipe, int fd)
{
    (void)pipe;
    (void)fd;
    return -ENOSYS;
}

ssize_t relay_pipe_drain(struct relay_pipe *pipe, int fd)
{
    (void)pipe;
    (void)fd;
    return -ENOSYS;
}
