/*
 * loop_deadline: all deadlines of a loop in one binary heap behind one timer.
 *
 * Setting and clearing cost O(log n) and no system call; the timer is only moved when
 * the first deadline moves forward, and a firing that comes too early re-arms it.
 */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "base/loop_internal.h"

static void heap_place(struct loop *loop, uint32_t slot, struct deadline *d)
{
    loop->heap[slot] = d;
    d->slot = slot;
}

static void heap_up(struct loop *loop, uint32_t slot)
{
    struct deadline *d = loop->heap[slot];

    while (slot > 0) {
        uint32_t parent = (slot - 1) / 2;

        if (loop->heap[parent]->at <= d->at)
            break;
        heap_place(loop, slot, loop->heap[parent]);
        slot = parent;
    }
    heap_place(loop, slot, d);
}

static void heap_down(struct loop *loop, uint32_t slot)
{
    struct deadline *d = loop->heap[slot];

    for (;;) {
        uint32_t child = 2 * slot + 1;

        if (child >= loop->heap_count)
            break;
        if (child + 1 < loop->heap_count &&
            loop->heap[child + 1]->at < loop->heap[child]->at)
            child++;
        if (d->at <= loop->heap[child]->at)
            break;
        heap_place(loop, slot, loop->heap[child]);
        slot = child;
    }
    heap_place(loop, slot, d);
}

/* Grows in steps; a heap that cannot grow is a programmer's or machine's end. */
static void heap_reserve(struct loop *loop)
{
    if (loop->heap_count < loop->heap_capacity)
        return;
    uint32_t capacity = loop->heap_capacity ? 2 * loop->heap_capacity : 64;
    struct deadline **heap = realloc(loop->heap, capacity * sizeof(struct deadline *));
    if (!heap)
        abort();
    loop->heap = heap;
    loop->heap_capacity = capacity;
}

static void heap_remove(struct loop *loop, struct deadline *d)
{
    uint32_t slot = d->slot;
    struct deadline *last = loop->heap[--loop->heap_count];

    assert(loop->heap[slot] == d || last == d);
    d->at = 0;
    if (last == d)
        return;
    heap_place(loop, slot, last);
    heap_down(loop, slot);
    heap_up(loop, last->slot);
}

void loop_deadlines_run(struct loop *loop)
{
    while (loop->heap_count > 0 && loop->heap[0]->at <= loop->now) {
        struct deadline *d = loop->heap[0];

        heap_remove(loop, d);
        d->callback(d->ctx);
    }
}

int loop_deadlines_next(const struct loop *loop)
{
    if (loop->heap_count == 0)
        return -1;
    uint64_t at = loop->heap[0]->at;
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
    if (ms == 0) {
        deadline_clear(loop, d);
        return;
    }
    uint64_t before = d->at;
    d->at = loop->now + ms;
    if (before == 0) {
        heap_reserve(loop);
        heap_place(loop, loop->heap_count++, d);
        heap_up(loop, d->slot);
    } else if (d->at < before) {
        heap_up(loop, d->slot);
    } else {
        heap_down(loop, d->slot);
    }
}

void deadline_clear(struct loop *loop, struct deadline *d)
{
    if (d->at == 0)
        return;
    heap_remove(loop, d);
}

void loop_deadlines_free(struct loop *loop)
{
    free(loop->heap);
}
