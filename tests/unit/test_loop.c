/*
 * test_loop: descriptors, deadlines, deferred calls, work, signals. The program
 * test_loop_poll is this file with the waiter of loop_poll.c linked in place of
 * epoll's.
 */
#include "loop_rig.h"

#include <pthread.h>
#include <semaphore.h>
#include <uv.h>

#define PAIRS 300 /* more than one epoll_wait() tells of, more than one poll table */

/* ---- descriptors ---- */

struct end {
    int other; /* the far end's descriptor */
    struct watch *watch;
    unsigned calls, events;
    void (*act)(struct end *end); /* in the callback */
    struct end *victim;
};

static void end_fired(void *ctx, unsigned events)
{
    struct end *end = ctx;

    ck_assert_msg(end->watch != NULL, "called after it was closed");
    end->calls++;
    end->events = events;
    if (end->act)
        end->act(end);
}

static void end_open(struct end *end, void (*act)(struct end *end))
{
    int ends[2];

    pair_open(ends);
    *end = (struct end){.other = ends[1], .act = act};
    end->watch = watch_new(loop, ends[0], end_fired, end);
    ck_assert_ptr_nonnull(end->watch);
}

static void end_shut(struct end *end)
{
    struct watch *watch = end->watch;

    end->watch = NULL;
    watch_close(watch);
}

static void end_close(struct end *end)
{
    end_shut(end);
    if (end->other >= 0)
        close(end->other);
    end->other = -1;
}

static void say(const struct end *end)
{
    ck_assert_int_eq(write(end->other, "x", 1), 1);
}

static void hear(struct end *end)
{
    char byte;

    ck_assert_int_eq(read(watch_fd(end->watch), &byte, 1), 1);
}

static void stop(struct end *end)
{
    (void)end;
    loop_stop(loop);
}

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

/* ---- deadlines ---- */

#define DEADLINES 2000

struct timer {
    struct deadline d;
    uint64_t due; /* 0: must not fire */
    unsigned fired;
};

static struct timer timers[DEADLINES];
static uint64_t fired_last;
static unsigned fired_count;

static void timer_fired(void *ctx)
{
    struct timer *t = ctx;

    ck_assert_uint_ne(t->due, 0);
    ck_assert_uint_eq(t->d.at, 0);
    ck_assert_uint_ge(loop_now(loop), t->due);
    ck_assert_uint_ge(t->due, fired_last);
    fired_last = t->due;
    fired_count++;
    t->fired++;
}

static void timer_set(struct timer *t, uint64_t ms)
{
    deadline_set(loop, &t->d, ms);
    t->due = ms ? loop_now(loop) + ms : 0;
}

static void timers_init(void)
{
    fired_last = fired_count = 0;
    memset(timers, 0, sizeof(timers));
    for (int i = 0; i < DEADLINES; i++)
        deadline_init(&timers[i].d, timer_fired, &timers[i]);
}

START_TEST(deadlines_fire_in_order)
{
    timers_init();
    timer_set(&timers[0], 30);
    timer_set(&timers[1], 10);
    timer_set(&timers[2], 20);
    timer_set(&timers[3], 15);
    timer_set(&timers[3], 40); /* moved back */
    timer_set(&timers[0], 5);  /* moved forward */
    timer_set(&timers[2], 0);  /* cleared */
    deadline_clear(loop, &timers[2].d);
    loop_run(loop);
    ck_assert_uint_eq(fired_count, 3);
    ck_assert_uint_eq(timers[2].fired, 0);
}
END_TEST

START_TEST(many_deadlines_set_moved_and_cleared)
{
    unsigned expected = 0;

    srand(2);
    timers_init();
    for (int step = 0; step < 10 * DEADLINES; step++) {
        struct timer *t = &timers[rand() % DEADLINES];

        timer_set(t, (uint64_t)(rand() % 60));
        if (rand() % 8 == 0)
            timer_set(t, 0);
    }
    for (int i = 0; i < DEADLINES; i++)
        expected += timers[i].due != 0;
    ck_assert_uint_gt(expected, DEADLINES / 2);
    loop_run(loop);
    ck_assert_uint_eq(fired_count, expected);
    for (int i = 0; i < DEADLINES; i++)
        ck_assert_uint_eq(timers[i].fired, timers[i].due != 0);
}
END_TEST

static void clear_the_rest(void *ctx)
{
    (void)ctx;
    fired_count++;
    for (int i = 0; i < DEADLINES; i++)
        deadline_clear(loop, &timers[i].d);
}

START_TEST(cleared_in_another_callback_of_the_turn)
{
    timers_init();
    for (int i = 0; i < DEADLINES; i++) {
        deadline_init(&timers[i].d, clear_the_rest, NULL);
        deadline_set(loop, &timers[i].d, 5);
    }
    loop_run(loop);
    ck_assert_uint_eq(fired_count, 1);
}
END_TEST

static void set_again(void *ctx)
{
    struct timer *t = ctx;

    if (++t->fired < 5)
        deadline_set(loop, &t->d, 1);
}

START_TEST(set_again_in_its_own_callback)
{
    struct timer t = {.fired = 0};
    uint64_t began = loop_now(loop);

    deadline_init(&t.d, set_again, &t);
    deadline_set(loop, &t.d, 1);
    loop_run(loop);
    ck_assert_uint_eq(t.fired, 5);
    ck_assert_uint_ge(loop_now(loop), began + 5);
}
END_TEST

/* ---- deferred ---- */

struct link {
    struct deferred d;
    struct link *next;
    unsigned calls;
};

static void link_fired(void *ctx)
{
    struct link *l = ctx;

    l->calls++;
    if (l->next)
        defer(loop, &l->next->d);
}

START_TEST(a_chain_runs_before_the_loop_sleeps)
{
    struct link links[100];

    for (int i = 0; i < COUNT(links); i++) {
        links[i] = (struct link){.next = i + 1 < COUNT(links) ? &links[i + 1] : NULL};
        deferred_init(&links[i].d, link_fired, &links[i]);
    }
    uint64_t began = loop_clock();
    defer(loop, &links[0].d);
    defer(loop, &links[0].d); /* twice is once */
    ck_assert_uint_eq(links[0].calls, 0);
    loop_run(loop);
    for (int i = 0; i < COUNT(links); i++)
        ck_assert_uint_eq(links[i].calls, 1);
    ck_assert_uint_lt(loop_clock() - began, 1000000000u);
}
END_TEST

static void cancel_next(void *ctx)
{
    struct link *l = ctx;

    l->calls++;
    defer_cancel(&l->next->d);
}

START_TEST(cancelled_calls_never_come)
{
    struct link a = {.next = NULL}, b = {.next = NULL}, c = {.next = NULL};

    a.next = &b;
    deferred_init(&a.d, cancel_next, &a);
    deferred_init(&b.d, link_fired, &b);
    deferred_init(&c.d, link_fired, &c);
    defer(loop, &a.d);
    defer(loop, &b.d);
    defer(loop, &c.d);
    defer_cancel(&c.d);
    defer_cancel(&c.d);
    loop_run(loop);
    ck_assert_uint_eq(a.calls, 1);
    ck_assert_uint_eq(b.calls, 0);
    ck_assert_uint_eq(c.calls, 0);
    defer(loop, &b.d);
    loop_run(loop);
    ck_assert_uint_eq(b.calls, 1);
}
END_TEST

START_TEST(an_endless_chain_does_not_starve_the_rest)
{
    struct link l = {.next = &l};
    struct end a;

    deferred_init(&l.d, link_fired, &l);
    end_open(&a, stop);
    watch_want(a.watch, WATCH_READ);
    say(&a);
    defer(loop, &l.d);
    loop_await();
    ck_assert_uint_eq(a.calls, 1);
    ck_assert_uint_lt(l.calls, 10000);
    pass_ms(5); /* a deadline comes through, too */
    defer_cancel(&l.d);
    end_close(&a);
}
END_TEST

/* ---- work ---- */

struct job {
    sem_t begun, go;
    pthread_t ran_in;
    unsigned ran, done, freed;
    bool gated;
};

static void job_run(void *arg)
{
    struct job *job = arg;

    sem_post(&job->begun);
    if (job->gated)
        sem_wait(&job->go);
    job->ran_in = pthread_self();
    job->ran++;
}

static void job_free(void *arg)
{
    ((struct job *)arg)->freed++;
}

static void job_done(void *ctx)
{
    struct job *job = ctx;

    ck_assert_uint_eq(job->ran, 1);
    ck_assert_uint_eq(job->freed, 0);
    job->done++;
}

static void job_init(struct job *job, bool gated)
{
    *job = (struct job){.gated = gated};
    sem_init(&job->begun, 0, 0);
    sem_init(&job->go, 0, 0);
}

static struct work *job_start(struct job *job)
{
    struct work *work = work_start(loop, job_run, job, job_free, job_done, job);

    ck_assert_ptr_nonnull(work);
    return work;
}

START_TEST(work_runs_elsewhere_and_is_done_here)
{
    struct job jobs[20];

    for (int i = 0; i < COUNT(jobs); i++) {
        job_init(&jobs[i], false);
        job_start(&jobs[i]);
    }
    loop_run(loop);
    for (int i = 0; i < COUNT(jobs); i++) {
        ck_assert(!pthread_equal(jobs[i].ran_in, pthread_self()));
        ck_assert_uint_eq(jobs[i].done, 1);
        ck_assert_uint_eq(jobs[i].freed, 1);
    }
}
END_TEST

START_TEST(work_cancelled_while_it_runs)
{
    struct job job;

    job_init(&job, true);
    struct work *work = job_start(&job);
    sem_wait(&job.begun);
    work_cancel(work);
    ck_assert_uint_eq(job.freed, 0); /* the worker still has it */
    sem_post(&job.go);
    loop_run(loop);
    ck_assert_uint_eq(job.ran, 1);
    ck_assert_uint_eq(job.done, 0);
    ck_assert_uint_eq(job.freed, 1);
}
END_TEST

START_TEST(work_cancelled_before_it_runs)
{
    struct job busy[64], job;
    struct work *works[64];

    for (int i = 0; i < COUNT(busy); i++) { /* keeps the whole pool busy */
        job_init(&busy[i], true);
        works[i] = job_start(&busy[i]);
    }
    job_init(&job, false);
    work_cancel(job_start(&job));
    for (int i = 0; i < COUNT(busy); i++) {
        work_cancel(works[i]);
        sem_post(&busy[i].go);
    }
    work_cancel(NULL);
    loop_run(loop);
    ck_assert_uint_eq(job.ran, 0);
    ck_assert_uint_eq(job.done, 0);
    ck_assert_uint_eq(job.freed, 1);
}
END_TEST

START_TEST(work_outlives_its_cancel_until_the_loop_is_freed)
{
    struct job job;

    job_init(&job, false);
    work_cancel(job_start(&job));
    deadline_clear(loop, &patience);
    ck_assert_int_eq(loop_free(loop), 0);
    ck_assert_uint_eq(job.freed, 1);
    loop = NULL;
}
END_TEST

/* ---- signals, idle, stop, free ---- */

static void count_and_stop(void *ctx)
{
    ++*(unsigned *)ctx;
    loop_stop(loop);
}

START_TEST(signals_come_until_they_are_closed)
{
    unsigned one = 0, two = 0;

    ck_assert_int_eq(loop_signal(loop, SIGUSR1, count_and_stop, &one), 0);
    ck_assert_int_eq(loop_signal(loop, SIGUSR2, count_and_stop, &two), 0);
    ck_assert_int_lt(loop_signal(loop, SIGKILL, count_and_stop, &one), 0);
    raise(SIGUSR1);
    loop_await();
    ck_assert_uint_eq(one, 1);
    ck_assert_uint_eq(two, 0);
    raise(SIGUSR2);
    loop_await();
    raise(SIGUSR1);
    loop_await();
    ck_assert_uint_eq(one, 2);
    ck_assert_uint_eq(two, 1);
    loop_signals_close(loop);
    loop_run(loop); /* ends by itself */
}
END_TEST

static void count_only(void *ctx)
{
    ++*(unsigned *)ctx;
}

START_TEST(idle_hook_comes_once_per_turn)
{
    unsigned calls = 0;

    loop_on_idle(loop, count_only, &calls);
    pass_ms(5);
    ck_assert_uint_ge(calls, 1);
    ck_assert_uint_lt(calls, 100);
}
END_TEST

START_TEST(clock_goes_on)
{
    uint64_t before = loop_now(loop), clock = loop_clock();

    pass_ms(20);
    ck_assert_uint_ge(loop_now(loop), before + 20);
    ck_assert_uint_ge(loop_clock(), clock + 19000000u);
}
END_TEST

START_TEST(stop_leaves_what_waits)
{
    struct link l = {.next = NULL};
    struct timer t = {.fired = 0};
    unsigned stops = 0;
    struct deferred first;

    deferred_init(&first, count_and_stop, &stops);
    deferred_init(&l.d, link_fired, &l);
    deadline_init(&t.d, set_again, &t);
    deadline_set(loop, &t.d, 10000);
    defer(loop, &first);
    loop_run(loop);
    ck_assert_uint_eq(stops, 1);
    ck_assert_uint_eq(t.fired, 0);
    ck_assert_uint_ne(t.d.at, 0);
    deadline_clear(loop, &t.d);
}
END_TEST

START_TEST(free_tells_what_was_forgotten)
{
    struct link l = {.next = NULL};
    struct end a;

    deferred_init(&l.d, link_fired, &l);
    ck_assert_int_eq(loop_free(NULL), 0);
    deadline_set(loop, &patience, 1000);
    ck_assert_int_eq(loop_free(loop), UV_EBUSY);
    deadline_clear(loop, &patience);
    defer(loop, &l.d);
    ck_assert_int_eq(loop_free(loop), UV_EBUSY);
    defer_cancel(&l.d);
    end_open(&a, NULL);
    ck_assert_int_eq(loop_free(loop), UV_EBUSY);
    end_close(&a);
}
END_TEST

static void begin(void)
{
    loop_begin();
}

static void end(void)
{
    if (loop)
        loop_end();
}

static TCase *with_loop(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *watches = with_loop("watches");
    TCase *time = with_loop("time");
    TCase *deferred = with_loop("deferred");
    TCase *work = with_loop("work");
    TCase *rest = with_loop("rest");

    tcase_add_test(watches, readable_and_writable);
    tcase_add_test(watches, what_is_not_read_is_told_again);
    tcase_add_test(watches, paused_and_resumed);
    tcase_add_test(watches, end_shows_as_what_is_wanted);
    tcase_add_test(watches, close_in_another_callback_of_the_turn);
    tcase_add_test(watches, event_of_a_closed_one_does_not_reach_its_successor);
    tcase_add_test(watches, close_in_own_callback);
    tcase_add_test(watches, run_ends_when_nothing_is_waited_for);
    tcase_add_test(watches, release_gives_the_descriptor_back);
    tcase_add_test(watches, events_are_handed_to_somebody_else);
    tcase_add_test(watches, many_at_once);
    tcase_add_test(watches, closing_and_opening_at_random);
    suite_add_tcase(suite, watches);
    tcase_add_test(time, deadlines_fire_in_order);
    tcase_add_test(time, many_deadlines_set_moved_and_cleared);
    tcase_add_test(time, cleared_in_another_callback_of_the_turn);
    tcase_add_test(time, set_again_in_its_own_callback);
    suite_add_tcase(suite, time);
    tcase_add_test(deferred, a_chain_runs_before_the_loop_sleeps);
    tcase_add_test(deferred, cancelled_calls_never_come);
    tcase_add_test(deferred, an_endless_chain_does_not_starve_the_rest);
    suite_add_tcase(suite, deferred);
    tcase_add_test(work, work_runs_elsewhere_and_is_done_here);
    tcase_add_test(work, work_cancelled_while_it_runs);
    tcase_add_test(work, work_cancelled_before_it_runs);
    tcase_add_test(work, work_outlives_its_cancel_until_the_loop_is_freed);
    suite_add_tcase(suite, work);
    tcase_add_test(rest, signals_come_until_they_are_closed);
    tcase_add_test(rest, idle_hook_comes_once_per_turn);
    tcase_add_test(rest, clock_goes_on);
    tcase_add_test(rest, stop_leaves_what_waits);
    tcase_add_test(rest, free_tells_what_was_forgotten);
    suite_add_tcase(suite, rest);
    return suite_run(suite);
}
