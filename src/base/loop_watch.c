/*
 * loop_watch: descriptors on the loop. A change of mind within a turn costs nothing:
 * the waiter learns the last wish before the loop sleeps.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop_internal.h"

/* Marks the end of the list of dirty watches, so that a member's link is never NULL. */
static struct watch list_end;

struct watch *watch_new(struct loop *loop, int fd, watch_callback *callback, void *ctx)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w) {
        errno = ENOMEM;
        return NULL;
    }
    w->loop = loop;
    w->fd = fd;
    w->callback = callback;
    w->ctx = ctx;
    loop->watch_open++;
    return w;
}

static void dirty_add(struct watch *w)
{
    if (w->next_dirty)
        return;
    w->next_dirty = w->loop->dirty ? w->loop->dirty : &list_end;
    w->loop->dirty = w;
}

void watch_want(struct watch *w, unsigned events)
{
    if (w->want == events)
        return;
    if (w->want == 0)
        w->loop->watch_count++;
    else if (events == 0)
        w->loop->watch_count--;
    w->want = (uint8_t)events;
    dirty_add(w);
}

void watch_set_callback(struct watch *w, watch_callback *callback, void *ctx)
{
    w->callback = callback;
    w->ctx = ctx;
}

int watch_fd(const struct watch *w)
{
    return w->fd;
}

void watch_fire(struct watch *w, unsigned events)
{
    if (w->callback && (events & w->want))
        w->callback(w->ctx, events & w->want);
}

/* Events of this turn may still name the watch, so its memory stays until the end. */
static void watch_detach(struct watch *w)
{
    watch_want(w, 0);
    waiter_remove(w->loop->waiter, w);
    w->callback = NULL;
    w->loop->watch_open--;
    w->next_dead = w->loop->dead;
    w->loop->dead = w;
}

void watch_close(struct watch *w)
{
    if (!w)
        return;
    watch_detach(w);
    close(w->fd);
}

int watch_release(struct watch *w)
{
    watch_detach(w);
    return w->fd;
}

void loop_watches_apply(struct loop *loop)
{
    while (loop->dirty) {
        struct watch *w = loop->dirty;

        loop->dirty = w->next_dirty == &list_end ? NULL : w->next_dirty;
        w->next_dirty = NULL;
        if (w->callback && w->want != w->armed)
            waiter_set(loop->waiter, w);
    }
}

/* A dead watch may still be in the dirty list: that is emptied first. */
void loop_watches_bury(struct loop *loop)
{
    loop_watches_apply(loop);
    while (loop->dead) {
        struct watch *w = loop->dead;

        loop->dead = w->next_dead;
        free(w);
    }
}
