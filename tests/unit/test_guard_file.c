/*
 * test_guard_file: what a guard remembers over restarts and crashes, and shares with
 * others: several guards on one folder.
 */
#include <sys/wait.h>

#include "guard_rig.h"
#include "state_rig.h"

static struct guard *guard, *second;

static struct guard *guard_begin(void)
{
    struct guard *made = guard_new(loop, state_dir);

    ck_assert_ptr_nonnull(made);
    guard_set_repeater(made, &repeater, &repeats);
    return made;
}

static void setup(void)
{
    state_begin();
    rig_begin();
}

static void teardown(void)
{
    guard_free(guard);
    guard_free(second);
    guard = second = NULL;
    rig_end();
    state_end();
}

static void restart(void)
{
    guard_free(guard);
    guard = guard_begin();
}

static struct guard_ticket *ask(struct guard *of, const char *name)
{
    return ask_at(of, &alice, HOP, TARGET, name);
}

/* Tries and ends it: 'a'ccepted, 'r'ejected, 'l'ost, 'd'ropped. */
static void try_once(char how)
{
    struct guard_ticket *a = ask(guard, "a");

    ck_assert_str_eq(await(1), "A");
    if (how == 'a') {
        guard_accepted(a);
    } else if (how == 'l') {
        guard_lost(a);
    } else if (how == 'r') {
        guard_rejected(a);
        ck_assert_str_eq(await(2), "-a");
        guard_drop(a);
    } else {
        guard_drop(a);
    }
}

static const struct {
    char how;
    const char *then; /* another one in a new process */
    const char *word; /* in the file */
} RESTARTS[] = {
    {'a', "B", " accepted "},
    {'r', "b", " closed "},
    {'l', "b", " closed "},
    {'d', "B", NULL},
};

/* Even when the process ends at once, all is written down. */
START_TEST(survives_a_restart)
{
    struct guard_ticket *b;

    guard = guard_begin();
    ck_assert_ptr_null(guard_trouble(guard));
    try_once(RESTARTS[_i].how);
    guard_free(guard);
    guard = NULL;
    if (RESTARTS[_i].word != NULL)
        ck_assert_ptr_nonnull(strstr(state_get("logins"), RESTARTS[_i].word));
    else
        ck_assert_ptr_null(strstr(state_get("logins"), "login "));
    ck_assert_ptr_null(strstr(state_get("logins"), "sesame"));
    guard = guard_begin();
    b = ask(guard, "b");
    ck_assert_str_eq(await(1), RESTARTS[_i].then);
    guard_drop(b);
}
END_TEST

START_TEST(another_password_opens)
{
    struct config_login changed = login_of("alice", NULL, "tulip");
    struct guard_ticket *b;

    guard = guard_begin();
    try_once('r');
    restart();
    b = ask_at(guard, &changed, HOP, TARGET, "b");
    ck_assert_str_eq(await(1), "B");
    guard_drop(b);
    login_end(&changed);
}
END_TEST

/* What is tried is in the file before it is allowed. */
START_TEST(written_before_it_is_sent)
{
    struct guard_ticket *a;

    guard = guard_begin();
    a = ask(guard, "a");
    ck_assert_str_eq(await(1), "A");
    ck_assert_ptr_nonnull(strstr(state_get("logins"), " trying "));
    guard_drop(a);
}
END_TEST

/* ---- two processes ---- */

static const struct {
    char how;
    const char *then;
} TWO[] = {{'a', "B"}, {'r', "-ab"}, {'l', "b"}, {'d', "B"}};

START_TEST(two_at_once)
{
    struct guard_ticket *a, *b;

    guard = guard_begin();
    second = guard_begin();
    a = ask(guard, "a");
    ck_assert_str_eq(await(1), "A");
    b = ask(second, "b");
    pass_ms(500); /* the key is computed, and the turn is not to be had */
    ck_assert_str_eq(soon(), "");
    if (TWO[_i].how == 'a')
        guard_accepted(a);
    else if (TWO[_i].how == 'l')
        guard_lost(a);
    else if (TWO[_i].how == 'd')
        guard_drop(a);
    else
        guard_rejected(a);
    ck_assert_str_eq(await(strlen(TWO[_i].then)), TWO[_i].then);
    if (TWO[_i].how == 'r')
        guard_drop(a);
    guard_drop(b);
}
END_TEST

/* A process that tries, says so, and hangs until it is killed. */
static pid_t trying_child(bool was_good)
{
    int ends[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        guard = guard_begin();
        if (was_good)
            try_once('a');
        (void)ask(guard, "a");
        (void)await(1);
        (void)!write(ends[1], "x", 1);
        while (1)
            pause();
    }
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

START_TEST(crash_counts)
{
    pid_t child = trying_child(false);
    const struct ledger_login *record;
    struct guard_ticket *b;

    guard = guard_begin();
    b = ask(guard, "b");
    pass_ms(500);
    ck_assert_str_eq(soon(), ""); /* it may still get its answer */
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_str_eq(await(1), "b");
    ck_assert_int_eq(guard_state_of(guard, &alice, &record), GUARD_CLOSED);
    ck_assert_str_eq(record->at, HOP);
    ck_assert_ptr_nonnull(strstr(record->why, "process ended"));
    guard_drop(b);
}
END_TEST

/* ---- accepted by an earlier process ---- */

START_TEST(repeat_after_a_restart)
{
    struct guard_ticket *b;

    guard = guard_begin();
    try_once('a');
    restart();
    b = ask_at(guard, &alice, HOP2, OTHER, "b");
    ck_assert_str_eq(await(1), "B");
    guard_rejected(b);
    await_repeat();
    ck_assert_str_eq(repeat_hop, HOP);
    ck_assert_str_eq(repeat_target, TARGET);
    ck_assert_ptr_nonnull(strstr(state_get("logins"), " trying "));
    repeat_end(_i == 0 ? GUARD_REPEAT_ACCEPTED : GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(await(2), _i == 0 ? "~b" : "-b");
    guard_drop(b);
    restart();
    b = ask(guard, "b");
    ck_assert_str_eq(await(1), _i == 0 ? "B" : "b");
    guard_drop(b);
}
END_TEST

/* The secret is tried where it was good, and that is in the file first. */
static void expect_look(void)
{
    await_repeat();
    ck_assert_str_eq(repeat_hop, HOP);
    ck_assert_ptr_nonnull(strstr(state_get("logins"), " trying "));
}

/*
 * A process was killed while a login was under way whose secret had been good: the next
 * one looks first whether it still is. Otherwise each killed one could cost a failure.
 */
static void expect_look_first(bool rejected)
{
    struct guard_ticket *b = ask(guard, "b");

    expect_look();
    if (rejected) {
        repeat_end(GUARD_REPEAT_REJECTED);
        ck_assert_str_eq(await(1), "b");
        guard_drop(b);
        return;
    }
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(await(1), "B");
    guard_accepted(b);
    restart();
    try_once('a'); /* no doubt is left */
    ck_assert_uint_eq(repeats, 1);
}

START_TEST(killed_under_way)
{
    pid_t child = trying_child(true);

    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    guard = guard_begin();
    expect_look_first(_i == 0);
}
END_TEST

/* Likewise when the process ends in order, but has no time to wait for the answer. */
START_TEST(ended_under_way)
{
    struct guard_ticket *a;

    guard = guard_begin();
    try_once('a');
    a = ask(guard, "a");
    ck_assert_str_eq(await(1), "A");
    guard_end(guard);
    guard_lost(a);
    restart();
    expect_look_first(_i == 0);
}
END_TEST

/*
 * A login that was not answered for long is in the file: another process looks first
 * whether the secret is still good, also after this one was killed.
 */
START_TEST(late_login_is_known)
{
    struct guard_ticket *a, *b;

    guard = guard_begin();
    try_once('a');
    a = ask(guard, "a");
    ck_assert_str_eq(await(1), "A");
    loop_await_idle();
    ck_assert_ptr_nonnull(strstr(state_get("logins"), " late "));
    second = guard_begin();
    b = ask(second, "b");
    expect_look();
    if (_i == 0) {
        repeat_end(GUARD_REPEAT_REJECTED);
        ck_assert_str_eq(await(1), "b");
        loop_await_idle();
        ck_assert_ptr_nonnull(strstr(state_get("logins"), " closed "));
        guard_drop(b);
    } else if (_i == 1) {
        repeat_end(GUARD_REPEAT_ACCEPTED);
        ck_assert_str_eq(await(1), "B");
        guard_accepted(b);
        loop_await_idle();
        ck_assert_ptr_nonnull(strstr(state_get("logins"), " accepted "));
    } else { /* an orderly end in the middle */
        guard_drop(b);
        guard_free(second);
        second = NULL;
        ck_assert_ptr_nonnull(strstr(state_get("logins"), " late "));
    }
    guard_accepted(a);
}
END_TEST

/* The doubt survives, too: then one rejection is enough. */
START_TEST(doubt_after_a_restart)
{
    struct guard_ticket *b;

    guard = guard_begin();
    try_once('a');
    pass_ms(300);
    b = ask_at(guard, &alice, HOP2, OTHER, "b");
    ck_assert_str_eq(await(1), "B");
    guard_rejected(b);
    await_repeat();
    repeat_end(GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(await(2), "-b");
    guard_drop(b);
    restart();
    try_once('r');
    ck_assert_uint_eq(repeats, 1);
    ck_assert_int_eq(guard_state_of(guard, &alice, NULL), GUARD_CLOSED);
}
END_TEST

/* ---- what is known ---- */

START_TEST(expected_logins_are_known)
{
    guard = guard_begin();
    try_once('r');
    restart();
    ck_assert(!guard_is_closed(guard, &alice)); /* the key is slow */
    guard_expect(guard, &alice);
    loop_await_idle();
    ck_assert(guard_is_closed(guard, &alice));
}
END_TEST

START_TEST(rearmed_by_another_process)
{
    struct ledger *ledger = ledger_new(state_dir);
    struct guard_ticket *b;
    char why[LEDGER_WHY];
    size_t count;

    guard = guard_begin();
    try_once('r');
    loop_await_idle();
    ck_assert(guard_is_closed(guard, &alice));
    ck_assert(ledger_rearm(ledger, "alice", &count, why));
    ck_assert_uint_eq(count, 1);
    ck_assert(!guard_is_closed(guard, &alice));
    guard_look(guard);
    ck_assert_int_eq(guard_state_of(guard, &alice, NULL), GUARD_UNTRIED);
    b = ask(guard, "b");
    ck_assert_str_eq(await(1), "B");
    guard_rejected(b);
    ck_assert_str_eq(await(2), "-b");
    guard_drop(b);
    ledger_unref(ledger);
}
END_TEST

START_TEST(stronger_hops)
{
    guard = guard_begin();
    guard_note_stronger(guard, HOP);
    guard_note_stronger(guard, HOP);
    ck_assert(guard_is_stronger(guard, HOP));
    loop_await_idle();
    restart();
    ck_assert(guard_is_stronger(guard, HOP));
    ck_assert(!guard_is_stronger(guard, HOP2));
}
END_TEST

/* What could not be written for a while is written when the hop is met again. */
START_TEST(stronger_hops_later)
{
    guard = guard_begin();
    ck_assert_int_eq(unlink(state_path("logins")), 0);
    ck_assert_int_eq(mkdir(state_path("logins"), 0700), 0);
    guard_note_stronger(guard, HOP);
    loop_await_idle();
    ck_assert_ptr_nonnull(guard_trouble(guard));
    ck_assert(guard_is_stronger(guard, HOP));
    ck_assert_int_eq(rmdir(state_path("logins")), 0);
    guard_note_stronger(guard, HOP);
    loop_await_idle();
    ck_assert_ptr_null(guard_trouble(guard));
    restart();
    ck_assert(guard_is_stronger(guard, HOP));
}
END_TEST

/* ---- trouble ---- */

/* One login per process, and never more. */
START_TEST(no_state_file)
{
    struct guard_ticket *b;

    state_put("logins", "my diary\n", 0600);
    guard = guard_begin();
    ck_assert_ptr_nonnull(guard_trouble(guard));
    ck_assert_ptr_nonnull(strstr(guard_trouble(guard), "line 1"));
    try_once('r');
    b = ask(guard, "b");
    ck_assert_str_eq(await(1), "b");
    guard_drop(b);
    ck_assert_str_eq(state_get("logins"), "my diary\n");
    restart();
    try_once('a');
}
END_TEST

/* The file is used as soon as it can be, and then knows what memory knew. */
START_TEST(trouble_ends)
{
    guard = guard_begin();
    ck_assert_int_eq(mkdir(state_path("logins.new"), 0700),
                     0); /* where it is written */
    try_once('r');
    loop_await_idle();
    ck_assert_ptr_nonnull(guard_trouble(guard));
    ck_assert(guard_is_closed(guard, &alice));
    ck_assert_int_eq(rmdir(state_path("logins.new")), 0);
    restart();
    ck_assert_ptr_null(guard_trouble(guard));
    guard_expect(guard, &alice);
    loop_await_idle();
    ck_assert(guard_is_closed(guard, &alice));
}
END_TEST

/* Another file in the place of ours, with another salt: the key is computed anew. */
START_TEST(another_file)
{
    static const char text[] =
        "ccgate-logins 1\nsalt "
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\nend\n";
    struct guard_ticket *b;

    guard = guard_begin();
    guard_expect(guard, &alice);
    loop_await_idle();
    state_put("logins", text, 0600);
    b = ask(guard, "b");
    ck_assert_str_eq(await(1), "B");
    ck_assert_ptr_nonnull(strstr(state_get("logins"), "salt 01020304"));
    ck_assert_ptr_nonnull(strstr(state_get("logins"), " trying "));
    guard_rejected(b);
    ck_assert_str_eq(await(2), "-b");
    guard_drop(b);
    restart();
    guard_expect(guard, &alice);
    loop_await_idle();
    ck_assert(guard_is_closed(guard, &alice));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_file");
    TCase *tcase = tcase_create("guard_file");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, survives_a_restart, 0, COUNT(RESTARTS));
    tcase_add_test(tcase, another_password_opens);
    tcase_add_test(tcase, written_before_it_is_sent);
    tcase_add_loop_test(tcase, two_at_once, 0, COUNT(TWO));
    tcase_add_test(tcase, crash_counts);
    tcase_add_loop_test(tcase, repeat_after_a_restart, 0, 2);
    tcase_add_loop_test(tcase, killed_under_way, 0, 2);
    tcase_add_loop_test(tcase, ended_under_way, 0, 2);
    tcase_add_loop_test(tcase, late_login_is_known, 0, 3);
    tcase_add_test(tcase, doubt_after_a_restart);
    tcase_add_test(tcase, expected_logins_are_known);
    tcase_add_test(tcase, rearmed_by_another_process);
    tcase_add_test(tcase, stronger_hops);
    tcase_add_test(tcase, stronger_hops_later);
    tcase_add_test(tcase, no_state_file);
    tcase_add_test(tcase, trouble_ends);
    tcase_add_test(tcase, another_file);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
