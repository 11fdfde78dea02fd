/*
 * loop_poll: the loop sleeps in poll(2), where there is no epoll.
 */
#include <poll.h>
#include <stdlib.h>

#include "base/loop_internal.h"

struct waiter {
    struct pollfd *fds; /* slot 0 is libuv's */
    struct watch **watches;
    uint32_t count, capacity;
};

static bool waiter_grow(struct waiter *waiter)
{
    uint32_t capacity = waiter->capacity ? 2 * waiter->capacity : 64;
    struct pollfd *fds = realloc(waiter->fds, capacity * sizeof(*fds));

    if (!fds)
        return false;
    waiter->fds = fds;
    struct watch **watches =
        realloc(waiter->watches, capacity * sizeof(struct watch *));
    if (!watches)
        return false;
    waiter->watches = watches;
    waiter->capacity = capacity;
    return true;
}

struct waiter *waiter_new(int uv_fd)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (!waiter || !waiter_grow(waiter)) {
        waiter_free(waiter);
        return NULL;
    }
    waiter->fds[0] = (struct pollfd){.fd = uv_fd, .events = POLLIN};
    waiter->count = 1;
    return waiter;
}

void waiter_free(struct waiter *waiter)
{
    if (!waiter)
        return;
    free(waiter->fds);
    free(waiter->watches);
    free(waiter);
}

void waiter_set(struct waiter *waiter, struct watch *w)
{
    short events = 0;

    if (!w->known) {
        if (waiter->count == waiter->capacity && !waiter_grow(waiter)) {
            watch_fire(w, WATCH_READ | WATCH_WRITE);
            return;
        }
        w->slot = waiter->count++;
        waiter->watches[w->slot] = w;
        waiter->fds[w->slot].fd = w->fd;
        w->known = true;
    }
    if (w->want & WATCH_READ)
        events |= POLLIN;
    if (w->want & WATCH_WRITE)
        events |= POLLOUT;
    waiter->fds[w->slot].fd = w->want ? w->fd : -1;
    waiter->fds[w->slot].events = events;
    w->armed = w->want;
}

/* The last slot moves into the hole. */
void waiter_remove(struct waiter *waiter, struct watch *w)
{
    if (!w->known)
        return;
    uint32_t last = --waiter->count;
    waiter->fds[w->slot] = waiter->fds[last];
    waiter->watches[w->slot] = waiter->watches[last];
    waiter->watches[w->slot]->slot = w->slot;
    w->known = false;
    w->armed = 0;
}

static unsigned events_of(short seen)
{
    unsigned events = 0;

    if (seen & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
        events |= WATCH_READ;
    if (seen & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
        events |= WATCH_WRITE;
    return events;
}

/*
 * Callbacks may remove slots: the walk goes downwards, so that what moves into a hole
 * was looked at already, or is looked at in the next turn.
 */
bool waiter_wait(struct waiter *waiter, struct loop *loop, int timeout)
{
    int n = poll(waiter->fds, waiter->count, timeout);

    loop_clock_update(loop);
    if (n <= 0)
        return false;
    for (uint32_t i = waiter->count; i-- > 1;) {
        if (i >= waiter->count || waiter->fds[i].revents == 0)
            continue;
        short seen = waiter->fds[i].revents;
        waiter->fds[i].revents = 0;
        watch_fire(waiter->watches[i], events_of(seen));
    }
    return waiter->fds[0].revents != 0;
}
