/*
 * loop_deadline: all deadlines of a loop in one skew heap, linked through themselves.
 *
 * Nothing is allocated, so that setting a deadline cannot fail. Setting, moving and
 * clearing cost O(log n) amortised and no system call.
 */
#include <limits.h>

#include "base/loop_internal.h"

/* Merges two heaps into *at: the right spine is walked down, and turned to the left. */
static void heap_merge(struct deadline **at, struct deadline *a, struct deadline *b)
{
    while (a && b) {
        if (b->at < a->at) {
            struct deadline *later = a;

            a = b;
            b = later;
        }
        struct deadline *right = a->right;
        *at = a;
        a->place = at;
        a->right = a->left;
        if (a->right)
            a->right->place = &a->right;
        at = &a->left;
        a = right;
    }
    *at = a ? a : b;
    if (*at)
        (*at)->place = at;
}

static void heap_remove(struct deadline *d)
{
    heap_merge(d->place, d->left, d->right);
    d->left = d->right = NULL;
    d->at = 0;
}

void loop_deadlines_run(struct loop *loop)
{
    while (loop->deadlines && loop->deadlines->at <= loop->now) {
        struct deadline *d = loop->deadlines;

        heap_remove(d);
        d->callback(d->ctx);
    }
}

int loop_deadlines_next(const struct loop *loop)
{
    if (!loop->deadlines)
        return -1;
    uint64_t at = loop->deadlines->at;
    if (at <= loop->now)
        return 0;
    return at - loop->now > INT_MAX ? INT_MAX : (int)(at - loop->now);
}

void deadline_init(struct deadline *d, void (*callback)(void *ctx), void *ctx)
{
    *d = (struct deadline){.callback = callback, .ctx = ctx};
}

void deadline_set(struct loop *loop, struct deadline *d, uint64_t ms)
{
    deadline_clear(loop, d);
    if (ms == 0)
        return;
    d->at = loop->now + ms;
    heap_merge(&loop->deadlines, loop->deadlines, d);
}

void deadline_clear(struct loop *loop, struct deadline *d)
{
    (void)loop;
    if (d->at != 0)
        heap_remove(d);
}
