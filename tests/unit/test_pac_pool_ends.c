/*
 * test_pac_pool_ends: how children of the pool end, and who is blamed for it: by a
 * crash, by somebody else's signal, for want of work; and programs that only pretend to
 * be ccgate-pac.
 */
#include "pac_pool_rig.h"

static const char looping[] = FIND("if (host == 'loop') for (;;);"
                                   "if (host == 'slow') for (var i = 0; i < 1e7; i++);"
                                   "return 'DIRECT';");

/* Of pool_odd(). */
static char odd_directory[] = "/tmp/test_pac_pool_ends.XXXXXX";
static char odd_program[64];

/* A pool whose children are not killed for being stopped, or slow under a sanitizer. */
static void pool_patient(size_t children)
{
    pool_with(children, looping);
    pac_pool_configure(pool, &(struct pac_pool_options){.children = children,
                                                        .limit_ms = PATIENCE_MS / 2,
                                                        .lookup_ms = 5000,
                                                        .idle_ms = IDLE_MS});
}

static void wait_done(const struct outcome_of *o)
{
    for (int i = 0; i < PATIENCE_MS / 10 && !o->done; i++)
        pass_ms(10);
    ck_assert(o->done);
}

/* Sends a signal and waits until it has had its effect, of which the loop knows
 * nothing. */
static void signal_child(pid_t pid, int signal, int effect)
{
    siginfo_t info;

    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill(pid, signal), 0);
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, effect | WNOWAIT), 0);
}

/* Idle children: each but the last one is stopped at a question until all are there. */
static void grow_to(size_t count, pid_t pids[])
{
    static const char *const HOSTS[] = {"h0", "h1", "h2", "h3"};
    struct outcome_of held[COUNT(HOSTS)], o;
    struct pac_pool_view view;

    for (size_t i = 0; i < count; i++) {
        run(&o, "free");
        wait_done(&o);
        pac_pool_view(pool, &view);
        ck_assert_uint_eq(view.count, i + 1);
        pids[i] = view.children[i].pid;
        signal_child(pids[i], SIGSTOP, WSTOPPED);
        run(&held[i], HOSTS[i]);
    }
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(kill(pids[i], SIGCONT), 0);
    for (size_t i = 0; i < count; i++)
        wait_done(&held[i]);
}

/* ---- of their own ---- */

static void kill_child(void *ctx)
{
    (void)ctx;
    ck_assert_int_gt(child_pid(), 0);
    ck_assert_int_eq(kill(child_pid(), SIGSEGV), 0);
}

START_TEST(test_crash)
{
    struct outcome_of o;
    struct deadline d;
    pid_t before;

    pool_with(1, looping);
    o = ran("good");
    deadline_init(&d, kill_child, NULL);
    deadline_set(loop, &d, 50);
    o = ran("loop");
    ck_end(&o, PAC_RUN_FAILED, "ended");
    o = ran("loop");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in");
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    /* An idle one that ends is replaced. */
    before = child_pid();
    kill_child(NULL);
    for (int i = 0; i < 1000 && (child_pid() == before || child_pid() == 0); i++)
        pass_ms(10);
    ck_assert_int_ne(child_pid(), before);
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* ---- by somebody else ---- */

static const int SIGNALS[] = {SIGKILL, SIGTERM, SIGSEGV};

/* It was dead before it was asked, however it died. */
START_TEST(test_killed_while_idle)
{
    struct outcome_of o;

    pool_patient(1);
    o = ran("a");
    signal_child(child_pid(), SIGNALS[_i], WEXITED);
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_eq(o.rounds, 2);
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_eq(o.rounds, 1);
}
END_TEST

START_TEST(test_killed_before_reading)
{
    struct outcome_of o;
    pid_t pid;

    pool_patient(1);
    o = ran("a");
    pid = child_pid();
    signal_child(pid, SIGSTOP, WSTOPPED);
    run(&o, "a");
    ck_assert_int_eq(kill(pid, SIGSEGV), 0);
    ck_assert_int_eq(kill(pid, SIGCONT), 0); /* which comes after the other one */
    loop_await();
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_eq(o.rounds, 2);
    ck_assert_int_ne(child_pid(), pid);
}
END_TEST

/* As by pkill: the one request tries them all. */
START_TEST(test_all_killed_while_idle)
{
    struct outcome_of o;
    pid_t pids[4];

    pool_patient(4);
    grow_to(4, pids);
    for (int i = 0; i < 4; i++)
        signal_child(pids[i], SIGKILL, WEXITED);
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* Nobody is blamed, and nobody waits for the script's whole time. */
START_TEST(test_stopped_while_idle)
{
    struct outcome_of o, others[2];
    pid_t pids[4];

    pool_patient(4);
    grow_to(4, pids);
    pac_pool_configure(pool, &(struct pac_pool_options){.children = 4,
                                                        .limit_ms = PATIENCE_MS / 2,
                                                        .deaf_ms = 100,
                                                        .lookup_ms = 5000,
                                                        .idle_ms = PATIENCE_MS});
    for (int i = 0; i < 4; i++)
        signal_child(pids[i], SIGSTOP, WSTOPPED);
    run(&o, "a");
    run(&others[0], "b");
    run(&others[1], "a");
    loop_await();
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_end(&others[0], PAC_RUN_RESULT, "DIRECT");
    ck_end(&others[1], PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_gt(o.rounds, 1);
    /* One that has read its question has all the time that a script may take. */
    o = ran("slow");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_eq(o.rounds, 1);
}
END_TEST

/* Where it takes all the time there is, that is still no fault of the host's. */
START_TEST(test_never_heard)
{
    struct outcome_of o;

    pool_with(1, looping);
    o = ran("a");
    signal_child(child_pid(), SIGSTOP, WSTOPPED);
    o = ran("a");
    ck_end(&o, PAC_RUN_FAILED, "does not take its question");
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* A process that has been at it for a while has read its question. */
struct killer {
    struct deadline look;
    int signal;
    unsigned left, done;
};

static void killer_look(void *ctx)
{
    struct killer *killer = ctx;
    struct pac_pool_view view;

    pac_pool_view(pool, &view);
    if (view.count > 0 && view.children[0].state == PAC_SLOT_RUNNING &&
        view.children[0].for_ms >= 30 && killer->left > 0) {
        ck_assert_int_eq(kill(view.children[0].pid, killer->signal), 0);
        killer->left--;
        killer->done++;
    }
    if (killer->left > 0)
        deadline_set(loop, &killer->look, 10);
}

static struct outcome_of ran_killed(const char *host, int signal, unsigned times)
{
    struct killer killer = {.signal = signal, .left = times};
    struct outcome_of o;

    deadline_init(&killer.look, killer_look, &killer);
    deadline_set(loop, &killer.look, 10);
    o = ran(host);
    deadline_clear(loop, &killer.look);
    ck_assert_uint_ge(killer.done, 1);
    return o;
}

/* SIGSEGV could be the script's doing. */
START_TEST(test_killed_while_running)
{
    struct outcome_of o;

    pool_patient(1);
    o = ran("a");
    o = ran_killed("slow", SIGNALS[_i], 1);
    if (SIGNALS[_i] != SIGSEGV) {
        ck_end(&o, PAC_RUN_RESULT, "DIRECT");
        ck_assert_uint_eq(o.rounds, 2);
        return;
    }
    ck_end(&o, PAC_RUN_FAILED, "ccgate-pac");
    o = ran("slow");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in");
}
END_TEST

START_TEST(test_killed_again)
{
    struct outcome_of o;

    pool_patient(1);
    o = ran("a");
    o = ran_killed("loop", SIGKILL, 100);
    ck_end(&o, PAC_RUN_FAILED, "ended by signal 9");
    ck_assert_uint_ge(o.rounds, 2);
    o = ran("loop");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in");
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* ---- for want of work ---- */

START_TEST(test_idle_ones_end)
{
    struct outcome_of o;
    pid_t pids[3], last;

    pool_patient(4);
    grow_to(3, pids);
    for (int i = 0; i < PATIENCE_MS / 10 && children() > 1; i++)
        pass_ms(10);
    ck_assert_uint_eq(children(), 1);
    last = child_pid();
    pass_ms(3 * (uint64_t)IDLE_MS);
    ck_assert_int_eq(child_pid(), last);
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_int_eq(child_pid(), last);
}
END_TEST

/* ---- programs ---- */

START_TEST(test_no_program)
{
    struct outcome_of o;

    pool_of("/nonexistent/ccgate-pac", 2, FIND("return 'DIRECT';"));
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, "/nonexistent/ccgate-pac cannot be started: ");
    ck_assert_uint_eq(children(), 0);
}
END_TEST

/* Makes a shell script, which the caller deletes. */
static void write_program(char path[], const char *text)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(dprintf(fd, "#!/bin/sh\n%s\n", text), 0);
    ck_assert_int_eq(fchmod(fd, 0755), 0);
    (void)close(fd);
}

/* What it writes to the socket; the shell then stays until it is killed. */
static const char *const impostors[][2] = {
    {"printf garbage-that-is-long-enough >&3; read x <&3", "nonsense"},
    {"printf '\\377\\377\\377\\377' >&3; read x <&3", "nonsense"},
    {"printf '\\000\\000\\000\\001\\004' >&3; read x <&3", "nonsense"},
    {"exit 7", "exit status 7"},
    {"kill -9 $$", "signal 9"},
    {"exec 3>&- 3<&-; while :; do :; done", "signal 9"},
};

START_TEST(test_impostor)
{
    char path[] = "/tmp/test_pac_pool_ends.XXXXXX";
    struct outcome_of o;

    write_program(path, impostors[_i][0]);
    pool_of(path, 1, FIND("return 'DIRECT';"));
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, impostors[_i][1]);
    (void)unlink(path);
}
END_TEST

/* A pool whose program does something else at some of its starts: $n, from 0. */
static void pool_odd(size_t children, const char *which, const char *what)
{
    char text[512];

    ck_assert_ptr_nonnull(mkdtemp(odd_directory));
    (void)snprintf(odd_program, sizeof(odd_program), "%s/XXXXXX", odd_directory);
    (void)snprintf(text, sizeof(text),
                   "n=0\n"
                   "while ! mkdir %s/$n 2>/dev/null; do n=$((n + 1)); done\n"
                   "if [ $n %s ]; then %s; fi\n"
                   "exec %s",
                   odd_directory, which, what, pac_program());
    write_program(odd_program, text);
    pool_of(odd_program, children, looping);
}

static void odd_end(void)
{
    char path[64];

    (void)unlink(odd_program);
    for (int n = 0; n < 8; n++) {
        (void)snprintf(path, sizeof(path), "%s/%d", odd_directory, n);
        (void)rmdir(path);
    }
    ck_assert_int_eq(rmdir(odd_directory), 0);
}

START_TEST(test_killed_while_loading)
{
    struct outcome_of o;

    pool_odd(1, "-eq 0", "kill -9 $$");
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    odd_end();
}
END_TEST

/* The one that works goes on when a second one cannot be had. */
START_TEST(test_no_second_child)
{
    struct outcome_of stopped, o;
    pid_t pid;

    pool_odd(2, "-gt 0", "exit 7");
    o = ran("a");
    pid = child_pid();
    signal_child(pid, SIGSTOP, WSTOPPED);
    run(&stopped, "b");
    run(&o, "a");
    wait_done(&o);
    ck_end(&o, PAC_RUN_FAILED, "busy");
    ck_assert_int_eq(kill(pid, SIGCONT), 0);
    wait_done(&stopped);
    ck_end(&stopped, PAC_RUN_RESULT, "DIRECT");
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_int_eq(child_pid(), pid);
    odd_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_pool_ends");
    TCase *tcase = tcase_create("pac_pool_ends");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_crash);
    tcase_add_loop_test(tcase, test_killed_while_idle, 0, COUNT(SIGNALS));
    tcase_add_test(tcase, test_killed_before_reading);
    tcase_add_test(tcase, test_all_killed_while_idle);
    tcase_add_test(tcase, test_stopped_while_idle);
    tcase_add_test(tcase, test_never_heard);
    tcase_add_loop_test(tcase, test_killed_while_running, 0, COUNT(SIGNALS));
    tcase_add_test(tcase, test_killed_again);
    tcase_add_test(tcase, test_idle_ones_end);
    tcase_add_test(tcase, test_no_program);
    tcase_add_loop_test(tcase, test_impostor, 0, COUNT(impostors));
    tcase_add_test(tcase, test_killed_while_loading);
    tcase_add_test(tcase, test_no_second_child);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
