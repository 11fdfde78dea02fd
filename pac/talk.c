/*
 * talk: see talk.h.
 */
#include "pac/talk.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

void talk_init(struct talk *talk, int fd, size_t limit, size_t out_limit)
{
    *talk = (struct talk){.fd = fd, .limit = limit};
    buf_init(&talk->in, limit + WIRE_LENGTH);
    buf_init(&talk->out, out_limit);
}

bool talk_is_possible(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool say(struct talk *talk)
{
    while (talk->out.len > 0) {
        struct span left = buf_span(&talk->out);
        ssize_t n = write(talk->fd, left.at, left.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_consume(&talk->out, (size_t)n);
    }
    return true;
}

static bool hear(struct talk *talk)
{
    ssize_t n;

    if (buf_reserve(&talk->in, 1) != 0)
        return false;
    do
        n = read(talk->fd, buf_tail(&talk->in), buf_room(&talk->in));
    while (n < 0 && errno == EINTR);
    if (n > 0)
        buf_commit(&talk->in, (size_t)n);
    return n > 0;
}

bool talk_next(struct talk *talk, struct span *body)
{
    long taken;

    buf_consume(&talk->in, talk->taken);
    talk->taken = 0;
    if (!say(talk))
        return false;
    do {
        taken = wire_take(buf_span(&talk->in), talk->limit, body);
        if (taken > 0)
            talk->taken = (size_t)taken;
    } while (taken == 0 && hear(talk));
    return taken > 0;
}
