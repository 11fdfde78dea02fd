/*
 * loop_epoll: the loop sleeps in epoll (Linux).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/loop_internal.h"

#define EVENTS_PER_TURN 256

struct waiter {
    int epoll;
};

struct waiter *waiter_new(int uv_fd)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    struct epoll_event event = {.events = EPOLLIN}; /* data.ptr NULL: libuv's */

    if (!waiter)
        return NULL;
    waiter->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (waiter->epoll >= 0 &&
        epoll_ctl(waiter->epoll, EPOLL_CTL_ADD, uv_fd, &event) == 0)
        return waiter;
    waiter_free(waiter);
    return NULL;
}

void waiter_free(struct waiter *waiter)
{
    if (waiter->epoll >= 0)
        close(waiter->epoll);
    free(waiter);
}

void waiter_set(struct waiter *waiter, struct watch *w)
{
    struct epoll_event event = {.data.ptr = w};
    int operation = w->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (w->want == 0) {
        waiter_remove(waiter, w);
        return;
    }
    if (w->want & WATCH_READ)
        event.events |= EPOLLIN;
    if (w->want & WATCH_WRITE)
        event.events |= EPOLLOUT;
    w->armed = w->want;
    if (epoll_ctl(waiter->epoll, operation, w->fd, &event) == 0)
        w->known = true;
    else /* memory for a descriptor ran out: its owner is told as of an error */
        watch_fire(w, WATCH_READ | WATCH_WRITE);
}

/*
 * A closed descriptor does not leave epoll by itself as long as another process has a
 * copy of it, which every child has between fork() and exec().
 */
void waiter_remove(struct waiter *waiter, struct watch *w)
{
    if (w->known)
        epoll_ctl(waiter->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    w->known = false;
    w->armed = 0;
}

static unsigned events_of(uint32_t seen)
{
    unsigned events = 0;

    if (seen & (EPOLLIN | EPOLLHUP | EPOLLERR))
        events |= WATCH_READ;
    if (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= WATCH_WRITE;
    return events;
}

bool waiter_wait(struct waiter *waiter, struct loop *loop, int timeout)
{
    struct epoll_event events[EVENTS_PER_TURN];
    bool uv_ready = false;
    int n = epoll_wait(waiter->epoll, events, EVENTS_PER_TURN, timeout);

    loop_clock_update(loop);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr)
            watch_fire(events[i].data.ptr, events_of(events[i].events));
        else
            uv_ready = true;
    }
    return uv_ready;
}
