/*
 * test_loop: descriptors on the loop. The program test_loop_poll is this file with the
 * waiter of loop_poll.c linked in place of epoll's.
 */
#include <uv.h>

#include "watch_rig.h"

#define PAIRS 300 /* more than one epoll_wait() tells of, more than one poll table */

START_TEST(readable_and_writable)
{
    struct end a;

    end_open(&a, stop);
    watch_want(a.watch, WATCH_READ);
    pass_ms(5);
    ck_assert_uint_eq(a.calls, 0);
    say(&a);
    loop_await();
    ck_assert_uint_eq(a.events, WATCH_READ);
    watch_want(a.watch, WATCH_READ | WATCH_WRITE);
    loop_await();
    ck_assert_uint_eq(a.events, WATCH_READ | WATCH_WRITE);
    watch_want(a.watch, WATCH_WRITE);
    loop_await();
    ck_assert_uint_eq(a.events, WATCH_WRITE);
    end_close(&a);
}
END_TEST

static void stop_at_third(struct end *end)
{
    if (end->calls == 3)
        loop_stop(loop);
}

START_TEST(what_is_not_read_is_told_again)
{
    struct end a;

    end_open(&a, stop_at_third);
    watch_want(a.watch, WATCH_READ);
    say(&a);
    loop_await();
    ck_assert_uint_eq(a.calls, 3);
    end_close(&a);
}
END_TEST

START_TEST(paused_and_resumed)
{
    struct end a;

    end_open(&a, hear);
    watch_want(a.watch, WATCH_READ);
    pass_ms(1);
    watch_want(a.watch, 0);
    say(&a);
    pass_ms(5);
    ck_assert_uint_eq(a.calls, 0);
    watch_want(a.watch, WATCH_READ);
    watch_want(a.watch, 0);
    pass_ms(5);
    ck_assert_uint_eq(a.calls, 0);
    watch_want(a.watch, WATCH_READ);
    pass_ms(5);
    ck_assert_uint_eq(a.calls, 1);
    end_close(&a);
}
END_TEST

START_TEST(end_shows_as_what_is_wanted)
{
    struct end a;

    for (unsigned want = WATCH_READ; want <= WATCH_WRITE; want++) {
        end_open(&a, stop);
        watch_want(a.watch, want);
        close(a.other);
        a.other = -1;
        loop_await();
        ck_assert_uint_eq(a.events, want);
        end_close(&a);
    }
}
END_TEST

static void close_victim(struct end *end)
{
    loop_stop(loop);
    if (end->victim->watch)
        end_shut(end->victim);
}

START_TEST(close_in_another_callback_of_the_turn)
{
    struct end a, b;

    end_open(&a, close_victim);
    end_open(&b, close_victim);
    a.victim = &b;
    b.victim = &a;
    watch_want(a.watch, WATCH_READ);
    watch_want(b.watch, WATCH_READ);
    say(&a);
    say(&b);
    loop_await();
    ck_assert_uint_eq(a.calls + b.calls, 1);
    end_close(&a);
    end_close(&b);
}
END_TEST

static struct end successor;

/* The new watch most likely gets the descriptor of the closed one. */
static void succeed_victim(struct end *end)
{
    if (!end->victim->watch)
        return;
    end_shut(end->victim);
    end_open(&successor, NULL);
    watch_want(successor.watch, WATCH_READ);
    hear(end);
}

START_TEST(event_of_a_closed_one_does_not_reach_its_successor)
{
    struct end a, b;

    end_open(&a, succeed_victim);
    end_open(&b, succeed_victim);
    a.victim = &b;
    b.victim = &a;
    watch_want(a.watch, WATCH_READ);
    watch_want(b.watch, WATCH_READ);
    say(&a);
    say(&b);
    pass_ms(5);
    ck_assert_uint_eq(successor.calls, 0);
    say(&successor);
    successor.act = hear;
    pass_ms(5);
    ck_assert_uint_eq(successor.calls, 1);
    end_close(&successor);
    end_close(&a);
    end_close(&b);
}
END_TEST

static void close_own(struct end *end)
{
    end_shut(end);
}

START_TEST(close_in_own_callback)
{
    struct end a;

    end_open(&a, close_own);
    watch_want(a.watch, WATCH_READ | WATCH_WRITE);
    say(&a);
    loop_run(loop); /* ends by itself: nothing is waited for any more */
    ck_assert_uint_eq(a.calls, 1);
    end_close(&a);
}
END_TEST

/* As a child has one between fork() and exec(). */
START_TEST(copy_of_a_closed_one_is_not_heard)
{
    struct end a, b;
    int copy;

    end_open(&a, hear);
    end_open(&b, stop);
    watch_want(a.watch, WATCH_READ);
    pass_ms(1);
    copy = dup(watch_fd(a.watch));
    ck_assert_int_ge(copy, 0);
    end_shut(&a);
    pass_ms(1); /* its memory is gone */
    say(&a);
    watch_want(b.watch, WATCH_READ);
    say(&b);
    loop_await();
    pass_ms(1);
    ck_assert_uint_eq(a.calls, 0);
    close(copy);
    end_close(&a);
    end_close(&b);
}
END_TEST

START_TEST(run_ends_when_nothing_is_waited_for)
{
    struct end a, paused;

    end_open(&a, close_own);
    end_open(&paused, NULL);
    watch_want(a.watch, WATCH_WRITE);
    loop_run(loop);
    ck_assert_uint_eq(a.calls, 1);
    ck_assert_int_eq(loop_free(loop), UV_EBUSY); /* the paused one is still there */
    end_close(&a);
    end_close(&paused);
}
END_TEST

static void release_victim(struct end *end)
{
    struct watch *watch = end->victim->watch;

    hear(end);
    if (!watch)
        return;
    end->victim->watch = NULL;
    end->victim->calls += 100 * (unsigned)watch_release(watch);
}

START_TEST(release_gives_the_descriptor_back)
{
    struct end a, b;
    char byte;

    end_open(&a, release_victim);
    end_open(&b, release_victim);
    a.victim = &b;
    b.victim = &a;
    watch_want(a.watch, WATCH_READ);
    watch_want(b.watch, WATCH_READ);
    say(&a);
    say(&b);
    pass_ms(5);
    struct end *kept = a.watch ? &a : &b, *given = kept->victim;
    ck_assert_uint_eq(kept->calls, 1);
    ck_assert_uint_eq(given->calls % 100, 0);
    int fd = (int)given->calls / 100;
    ck_assert_int_eq(read(fd, &byte, 1), 1);
    given->calls = 0;
    given->watch = watch_new(loop, fd, end_fired, given);
    given->act = stop;
    watch_want(given->watch, WATCH_READ);
    say(given);
    loop_await();
    ck_assert_uint_eq(given->calls, 1);
    end_close(&a);
    end_close(&b);
}
END_TEST

START_TEST(events_are_handed_to_somebody_else)
{
    struct end a, heir = {.act = stop};

    end_open(&a, NULL);
    watch_want(a.watch, WATCH_WRITE);
    heir.watch = a.watch;
    watch_set_callback(a.watch, end_fired, &heir);
    loop_await();
    ck_assert_uint_eq(a.calls, 0);
    ck_assert_uint_eq(heir.calls, 1);
    end_close(&a);
}
END_TEST

static struct end crowd[PAIRS];
static unsigned crowd_left;

static void close_counted(struct end *end)
{
    end_shut(end);
    if (--crowd_left == 0)
        loop_stop(loop);
}

START_TEST(many_at_once)
{
    crowd_left = PAIRS;
    for (int i = 0; i < PAIRS; i++) {
        end_open(&crowd[i], close_counted);
        watch_want(crowd[i].watch, WATCH_READ);
        say(&crowd[i]);
    }
    loop_await();
    for (int i = 0; i < PAIRS; i++) {
        ck_assert_uint_eq(crowd[i].calls, 1);
        end_close(&crowd[i]);
    }
}
END_TEST

/* Each closes three others at random, opens one, and is told of no closed one. */
static void crowd_stir(struct end *end)
{
    hear(end);
    for (int i = 0; i < 3; i++) {
        struct end *other = &crowd[rand() % PAIRS];

        if (other != end && other->watch && crowd_left > 0) {
            crowd_left--;
            end_close(other);
        }
    }
    if (crowd_left == 0) {
        loop_stop(loop);
        return;
    }
    for (int i = 0; i < PAIRS; i++) {
        if (crowd[i].watch)
            continue;
        end_open(&crowd[i], crowd_stir);
        watch_want(crowd[i].watch, WATCH_READ);
        say(&crowd[i]);
        break;
    }
}

START_TEST(closing_and_opening_at_random)
{
    srand(1);
    crowd_left = 5000;
    for (int i = 0; i < PAIRS; i++) {
        end_open(&crowd[i], crowd_stir);
        watch_want(crowd[i].watch, WATCH_READ);
        say(&crowd[i]);
    }
    while (crowd_left > 0) {
        for (int i = 0; i < PAIRS; i++)
            if (crowd[i].watch)
                say(&crowd[i]);
        pass_ms(1);
    }
    for (int i = 0; i < PAIRS; i++)
        end_close(&crowd[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *watches = with_loop("watches");

    tcase_add_test(watches, readable_and_writable);
    tcase_add_test(watches, what_is_not_read_is_told_again);
    tcase_add_test(watches, paused_and_resumed);
    tcase_add_test(watches, end_shows_as_what_is_wanted);
    tcase_add_test(watches, close_in_another_callback_of_the_turn);
    tcase_add_test(watches, event_of_a_closed_one_does_not_reach_its_successor);
    tcase_add_test(watches, close_in_own_callback);
    tcase_add_test(watches, copy_of_a_closed_one_is_not_heard);
    tcase_add_test(watches, run_ends_when_nothing_is_waited_for);
    tcase_add_test(watches, release_gives_the_descriptor_back);
    tcase_add_test(watches, events_are_handed_to_somebody_else);
    tcase_add_test(watches, many_at_once);
    tcase_add_test(watches, closing_and_opening_at_random);
    suite_add_tcase(suite, watches);
    return suite_run(suite);
}
