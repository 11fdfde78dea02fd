/*
 * relay_pipe: splice(2) through pipes (Linux).
 */
#include "fwd/relay_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void pipe_close(struct relay_pipes *pipes, struct relay_pipe *pipe)
{
    close(pipe->ends[0]);
    close(pipe->ends[1]);
    free(pipe);
    pipes->count--;
}

struct relay_pipe *relay_pipe_take(struct relay_pipes *pipes)
{
    struct relay_pipe *pipe = pipes->free;

    if (pipe) {
        pipes->free = pipe->next;
        return pipe;
    }
    if (pipes->count >= RELAY_PIPE_LIMIT)
        return NULL;
    pipe = calloc(1, sizeof(*pipe));
    if (!pipe)
        return NULL;
    if (pipe2(pipe->ends, O_NONBLOCK | O_CLOEXEC) < 0) {
        free(pipe);
        return NULL;
    }
    /* Beyond the user's soft limit the pipe keeps its size; it still works. */
    (void)fcntl(pipe->ends[1], F_SETPIPE_SZ, RELAY_PIPE_SIZE);
    pipes->count++;
    return pipe;
}

void relay_pipe_give(struct relay_pipes *pipes, struct relay_pipe *pipe)
{
    if (!pipe)
        return;
    if (pipe->held > 0) {
        pipe_close(pipes, pipe);
        return;
    }
    pipe->next = pipes->free;
    pipes->free = pipe;
}

void relay_pipes_clear(struct relay_pipes *pipes)
{
    while (pipes->free) {
        struct relay_pipe *pipe = pipes->free;

        pipes->free = pipe->next;
        pipe_close(pipes, pipe);
    }
}

static ssize_t result_of(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EINTR ? -EAGAIN : -errno;
}

ssize_t relay_pipe_fill(struct relay_pipe *pipe, int fd)
{
    ssize_t n = result_of(splice(fd, NULL, pipe->ends[1], NULL, RELAY_PIPE_SIZE,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK));

    if (n > 0)
        pipe->held += (size_t)n;
    return n;
}

ssize_t relay_pipe_drain(struct relay_pipe *pipe, int fd)
{
    ssize_t n = result_of(splice(pipe->ends[0], NULL, fd, NULL, pipe->held,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK));

    if (n > 0)
        pipe->held -= (size_t)n;
    return n;
}
