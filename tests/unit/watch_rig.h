/*
 * watch_rig: one end of a pair of sockets on the loop, for the loop's own tests.
 */
#ifndef CCGATE_TESTS_UNIT_WATCH_RIG_H
#define CCGATE_TESTS_UNIT_WATCH_RIG_H

#include "loop_rig.h"

struct end {
    int other; /* the far end's descriptor */
    struct watch *watch;
    unsigned calls, events;
    void (*act)(struct end *end); /* in the callback */
    struct end *victim;
};

static inline void end_fired(void *ctx, unsigned events)
{
    struct end *end = ctx;

    ck_assert_msg(end->watch != NULL, "called after it was closed");
    end->calls++;
    end->events = events;
    if (end->act)
        end->act(end);
}

static inline void end_open(struct end *end, void (*act)(struct end *end))
{
    int ends[2];

    pair_open(ends);
    *end = (struct end){.other = ends[1], .act = act};
    end->watch = watch_new(loop, ends[0], end_fired, end);
    ck_assert_ptr_nonnull(end->watch);
}

static inline void end_shut(struct end *end)
{
    struct watch *watch = end->watch;

    end->watch = NULL;
    watch_close(watch);
}

static inline void end_close(struct end *end)
{
    end_shut(end);
    if (end->other >= 0)
        close(end->other);
    end->other = -1;
}

static inline void say(const struct end *end)
{
    ck_assert_int_eq(write(end->other, "x", 1), 1);
}

static inline void hear(struct end *end)
{
    char byte;

    ck_assert_int_eq(read(watch_fd(end->watch), &byte, 1), 1);
}

static inline void stop(struct end *end)
{
    (void)end;
    loop_stop(loop);
}

static void begin(void)
{
    loop_begin();
}

static void end(void)
{
    if (loop)
        loop_end();
}

static inline TCase *with_loop(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

#endif
