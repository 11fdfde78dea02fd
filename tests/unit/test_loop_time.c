/*
 * test_loop_time: deadlines, deferred calls, work, signals. The program
 * test_loop_time_poll is this file with the waiter of loop_poll.c linked in place.
 */
#include <pthread.h>
#include <semaphore.h>
#include <uv.h>

#include "watch_rig.h"

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

/* What is left holds the end up for nothing; what is cancelled is waited for. */
START_TEST(work_left_outlives_the_loop)
{
    static struct job left, queued[64], cancelled; /* as the threads go on */
    static struct loop *kept;

    kept = loop;
    job_init(&left, true);
    job_init(&cancelled, false);
    struct work *work = job_start(&left);
    sem_wait(&left.begun);
    ck_assert(!loop_runs_on());
    work_leave(work);
    work_leave(NULL);
    work_cancel(job_start(&cancelled));
    for (int i = 0; i < COUNT(queued); i++) {
        job_init(&queued[i], false);
        work_leave(job_start(&queued[i]));
    }
    deadline_clear(loop, &patience);
    ck_assert_int_eq(loop_free(loop), 0);
    ck_assert(loop_runs_on());
    ck_assert_ptr_nonnull(kept); /* of which the threads have the memory */
    ck_assert_uint_eq(left.freed, 0);
    ck_assert_uint_eq(cancelled.freed, 1);
    loop = NULL;
    sem_post(&left.go);
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

int main(void)
{
    Suite *suite = suite_create("loop_time");
    TCase *time = with_loop("time");
    TCase *deferred = with_loop("deferred");
    TCase *work = with_loop("work");
    TCase *others = with_loop("others");

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
    tcase_add_test(work, work_left_outlives_the_loop);
    suite_add_tcase(suite, work);
    tcase_add_test(others, signals_come_until_they_are_closed);
    tcase_add_test(others, idle_hook_comes_once_per_turn);
    tcase_add_test(others, clock_goes_on);
    tcase_add_test(others, stop_leaves_what_waits);
    tcase_add_test(others, free_tells_what_was_forgotten);
    suite_add_tcase(suite, others);
    return suite_run(suite);
}
