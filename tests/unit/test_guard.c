/*
 * test_guard: who may try a login, and what its answer means, without a state file.
 */
#include "guard_rig.h"

static struct guard *guard;

static void setup(void)
{
    rig_begin();
    guard = guard_new(loop, NULL);
    ck_assert_ptr_nonnull(guard);
    guard_set_repeater(guard, &repeater, &repeats);
}

static void teardown(void)
{
    guard_free(guard);
    rig_end();
}

static struct guard_ticket *ask(const char *name)
{
    return ask_at(guard, &alice, HOP, TARGET, name);
}

static enum guard_state state(void)
{
    return guard_state_of(guard, &alice, NULL);
}

/* The secret was accepted at HOP for TARGET, too long ago to count for others. */
static void accept_long_ago(void)
{
    struct guard_ticket *a = ask("a");

    ck_assert_str_eq(await(1), "A");
    guard_accepted(a);
    pass_ms(300);
}

/* ---- never accepted ---- */

START_TEST(one_tries_and_the_others_wait)
{
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b = ask("b");
    struct guard_ticket *c = ask("c");
    struct guard_ticket *d;

    ck_assert_str_eq(calls, ""); /* never before guard_ask() returns */
    ck_assert_str_eq(soon(), "A");
    ck_assert_int_eq(state(), GUARD_TRYING);
    guard_accepted(a);
    ck_assert_str_eq(calls, "");
    ck_assert_str_eq(soon(), "B"); /* one after the other, also from now on */
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    d = ask("d");
    ck_assert_str_eq(soon(), "");
    guard_accepted(b);
    ck_assert_str_eq(soon(), "C");
    guard_drop(c);
    ck_assert_str_eq(soon(), "D");
    guard_accepted(d);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
}
END_TEST

START_TEST(one_rejection_closes)
{
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b = ask("b");
    struct guard_ticket *c;
    const struct ledger_login *record = NULL;

    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    ck_assert_str_eq(calls, "");
    ck_assert_str_eq(soon(), "-ab");
    ck_assert_int_eq(guard_state_of(guard, &alice, &record), GUARD_CLOSED);
    ck_assert_str_eq(record->at, HOP);
    ck_assert_str_eq(record->target_at, TARGET);
    ck_assert(guard_is_closed(guard, &alice));
    c = ask("c");
    ck_assert_str_eq(soon(), "c");
    guard_drop(a);
    guard_drop(b);
    guard_drop(c);
    ck_assert_int_eq(state(), GUARD_CLOSED);
    ck_assert_uint_eq(repeats, 0);
}
END_TEST

START_TEST(two_hundred_wait)
{
    struct guard_ticket *tickets[200];

    for (int i = 0; i < 200; i++)
        tickets[i] = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(tickets[0]);
    ck_assert_uint_eq(strlen(soon()), 201);
    for (int i = 0; i < 200; i++)
        guard_drop(tickets[i]);
}
END_TEST

START_TEST(drop_lets_the_next_one_try)
{
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b = ask("b");
    struct guard_ticket *c = ask("c");
    struct guard_ticket *d = ask("d");

    ck_assert_str_eq(soon(), "A");
    guard_drop(b); /* a waiter in the middle */
    guard_drop(a);
    ck_assert_str_eq(soon(), "C");
    guard_drop(c);
    guard_drop(d); /* allowed, and not yet told */
    ck_assert_str_eq(soon(), "");
    ck_assert_int_eq(state(), GUARD_UNTRIED);
    guard_drop(NULL);
}
END_TEST

START_TEST(drop_of_the_last_waiter_keeps_the_queue)
{
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b = ask("b");
    struct guard_ticket *c;

    guard_drop(b);
    c = ask("c");
    ck_assert_str_eq(soon(), "A");
    guard_drop(a);
    ck_assert_str_eq(soon(), "C");
    guard_drop(c);
}
END_TEST

START_TEST(never_after_drop)
{
    guard_drop(ask("a"));
    ck_assert_str_eq(soon(), "");
}
END_TEST

START_TEST(lost_closes_unless_accepted)
{
    struct config_login bob = login_of("bob", NULL, "sesame");
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b = ask("b");
    struct guard_ticket *c = ask_at(guard, &bob, HOP, TARGET, "c");
    struct guard_ticket *d = ask_at(guard, &bob, HOP, TARGET, "d");

    ck_assert_str_eq(soon(), "AC");
    guard_accepted(a);
    ck_assert_str_eq(soon(), "B");
    guard_lost(b);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    guard_lost(c);
    ck_assert_int_eq(guard_state_of(guard, &bob, NULL), GUARD_CLOSED);
    ck_assert_str_eq(soon(), "d");
    guard_drop(d);
    login_end(&bob);
}
END_TEST

/* ---- accepted before ---- */

/* A while after an acceptance one login goes first again, and the others wait for it.
 */
START_TEST(acceptance_ages)
{
    struct guard_ticket *a, *b, *c;

    accept_long_ago();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    guard_lost(a); /* no failure: it was good before */
    ck_assert_str_eq(soon(), "B");
    c = ask("c");
    ck_assert_str_eq(soon(), "");
    guard_accepted(b);
    ck_assert_str_eq(soon(), "C");
    guard_drop(c);
}
END_TEST

START_TEST(refused_target)
{
    struct guard_ticket *a, *b, *c, *d;

    accept_long_ago();
    a = ask_at(guard, &alice, HOP2, OTHER, "a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    ck_assert_str_eq(repeat_hop, HOP);
    ck_assert_str_eq(repeat_target, TARGET);
    ck_assert_int_eq(state(), GUARD_TRYING);
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "~aB");
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    guard_drop(a);
    guard_accepted(b);
    c = ask_at(guard, &alice, HOP2, OTHER, "c"); /* remembered */
    d = ask_at(guard, &alice, HOP, OTHER, "d");  /* for that hop */
    ck_assert_str_eq(soon(), "~cD");
    guard_drop(c);
    guard_accepted(d);
    ck_assert_uint_eq(repeats, 1);
}
END_TEST

/* A 407 where the same login was accepted before and after is no rule of the proxy. */
START_TEST(refused_at_the_good_place)
{
    struct guard_ticket *a, *b;

    accept_long_ago();
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "~a");
    guard_drop(a);
    b = ask("b");
    ck_assert_str_eq(soon(), "B");
    guard_drop(b);
}
END_TEST

START_TEST(rejected_twice)
{
    struct guard_ticket *a, *b, *c;

    accept_long_ago();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    repeat_end(GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), "-ab");
    ck_assert_int_eq(state(), GUARD_CLOSED);
    c = ask("c");
    ck_assert_str_eq(soon(), "c");
    guard_drop(a);
    guard_drop(b);
    guard_drop(c);
    ck_assert_uint_eq(repeats, 1);
}
END_TEST

/* Where nothing can be repeated, the next login decides, one at a time. */
START_TEST(doubt)
{
    struct guard_ticket *a, *b, *c;

    accept_long_ago();
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    repeat_end(GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(soon(), "-a");
    ck_assert_int_eq(state(), GUARD_DOUBTED);
    guard_drop(a);
    b = ask("b");
    c = ask("c");
    ck_assert_str_eq(soon(), "B");
    guard_drop(b); /* never sent: still in doubt */
    ck_assert_str_eq(soon(), "C");
    guard_drop(c);
    ck_assert_int_eq(state(), GUARD_DOUBTED);
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    if (_i == 0)
        guard_rejected(a);
    else
        guard_lost(a);
    ck_assert_str_eq(soon(), _i == 0 ? "-ab" : "b");
    ck_assert_int_eq(state(), GUARD_CLOSED);
    if (_i == 0)
        guard_drop(a);
    guard_drop(b);
    ck_assert_uint_eq(repeats, 1);
}
END_TEST

START_TEST(doubt_is_over_when_accepted)
{
    struct guard_ticket *a;

    accept_long_ago();
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    repeat_end(GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(soon(), "-a");
    guard_drop(a);
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_accepted(a);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
}
END_TEST

static struct guard_ticket *ask_brief(const char *target, const char *name)
{
    const struct guard_place place = {HOP, target, true};

    return ask_place(guard, &alice, &place, name);
}

/* One whose answer has to wait for the target's is waited for only a moment. */
START_TEST(rejected_together)
{
    struct guard_ticket *b, *c, *d;

    accept_long_ago();
    b = ask_brief(OTHER, "b");
    c = ask_at(guard, &alice, HOP2, OTHER, "c");
    d = ask("d");
    ck_assert_str_eq(await(1), "B");
    ck_assert_str_eq(soon(), "");
    ck_assert_str_eq(await(1), "C");
    guard_rejected(b);
    guard_rejected(c);
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "~b~cD");
    ck_assert_uint_eq(repeats, 1);
    guard_drop(b);
    guard_drop(c);
    guard_drop(d);
}
END_TEST

/* It is to be told that it may, when the rejection of an earlier one comes. */
START_TEST(taken_back)
{
    struct guard_ticket *b, *c;

    accept_long_ago();
    b = ask_brief(OTHER, "b");
    ck_assert_str_eq(await(1), "B");
    pass_ms(200);
    c = ask("c");
    guard_rejected(b);
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), "-bc");
    guard_drop(b);
    guard_drop(c);
}
END_TEST

/* It knows another password for this user: not one failure per target. */
START_TEST(hop_that_never_accepted)
{
    static const char *const TARGETS[] = {"one.test:443", "two.test:443",
                                          "three.test:443"};
    struct guard_ticket *a;

    accept_long_ago();
    for (int i = 0; i < COUNT(TARGETS); i++) {
        a = ask_at(guard, &alice, HOP2, TARGETS[i], "a");
        ck_assert_str_eq(soon(), i < 2 ? "A" : "~a");
        if (i < 2) {
            guard_rejected(a);
            await_repeat();
            repeat_end(GUARD_REPEAT_ACCEPTED);
            ck_assert_str_eq(soon(), "~a");
        }
        guard_drop(a);
    }
    ck_assert_uint_eq(repeats, 2);
}
END_TEST

/* The client of a rejected login left: what it means is found out all the same. */
START_TEST(dropped_before_the_verdict)
{
    struct guard_ticket *a, *b;

    accept_long_ago();
    a = ask_at(guard, &alice, HOP, OTHER, "a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    guard_drop(a);
    repeat_end(GUARD_REPEAT_ACCEPTED);
    b = ask_at(guard, &alice, HOP, OTHER, "b");
    ck_assert_str_eq(soon(), "~b");
    guard_drop(b);
}
END_TEST

/* ---- answers that take long ---- */

/* With others waiting, the login is repeated, so that they need not wait for ever. */
START_TEST(slow_answer)
{
    struct guard_ticket *a, *b;

    accept_long_ago();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    await_repeat();
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    repeat_end(_i == 0 ? GUARD_REPEAT_ACCEPTED : GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), _i == 0 ? "B" : "b");
    ck_assert_int_eq(state(), _i == 0 ? GUARD_ACCEPTED : GUARD_CLOSED);
    guard_rejected(a);
    if (_i == 0) {
        await_repeat();
        repeat_end(GUARD_REPEAT_REJECTED);
    }
    ck_assert_str_eq(soon(), "-a");
    ck_assert_int_eq(state(), GUARD_CLOSED);
    guard_drop(a);
    guard_drop(b);
}
END_TEST

/* The next one that asks does not go before the secret is known to be good. */
START_TEST(slow_answer_and_nobody_waits)
{
    struct guard_ticket *a, *b, *c;

    accept_long_ago();
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    pass_ms(1100);
    ck_assert_uint_eq(repeats, 0);
    b = ask("b");
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(soon(), "B"); /* somebody has to find out */
    guard_accepted(b);
    guard_drop(a);
    pass_ms(300);
    c = ask("c");
    ck_assert_str_eq(soon(), "C");
    guard_accepted(c);
    ck_assert_uint_eq(repeats, 1);
}
END_TEST

/* ---- the end ---- */

START_TEST(freed_during_a_repeat)
{
    struct guard_ticket *a;

    accept_long_ago();
    a = ask("a");
    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    await_repeat();
    guard_drop(a);
    guard_free(guard);
    guard = NULL;
    ck_assert_ptr_null(repeat_done); /* cancelled */
}
END_TEST

/* ---- keys ---- */

static const struct {
    const char *user, *domain, *password;
    bool same;
} keys[] = {
    {"alice", NULL, "sesame", true},        {"alice", NULL, "sesamf", false},
    {"alice", NULL, "sesame1", false},      {"alice", "CORP", "sesame", false},
    {"Alice", NULL, "sesame", true},        {"bob", NULL, "sesame", false},
    {"CORP\\alice", NULL, "sesame", false},
};

START_TEST(key)
{
    struct config_login other =
        login_of(keys[_i].user, keys[_i].domain, keys[_i].password);
    struct guard_ticket *a = ask("a");
    struct guard_ticket *b;

    ck_assert_str_eq(soon(), "A");
    guard_rejected(a);
    b = ask_at(guard, &other, HOP2, OTHER, "b");
    ck_assert_str_eq(soon(), keys[_i].same ? "-ab" : "-aB");
    guard_drop(a);
    guard_drop(b);
    login_end(&other);
}
END_TEST

/* The configuration may go while the guard remembers. */
START_TEST(outlives_the_login)
{
    struct config_login first = login_of("carol", "CORP", "tulip");
    struct config_login again = login_of("carol", "CORP", "tulip");
    struct guard_ticket *a = ask_at(guard, &first, HOP, TARGET, "a");

    ck_assert_str_eq(soon(), "A");
    login_end(&first);
    guard_rejected(a);
    ck_assert_str_eq(soon(), "-a");
    guard_drop(a);
    ck_assert_int_eq(guard_state_of(guard, &again, NULL), GUARD_CLOSED);
    login_end(&again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *tcase = tcase_create("guard");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_tries_and_the_others_wait);
    tcase_add_test(tcase, one_rejection_closes);
    tcase_add_test(tcase, two_hundred_wait);
    tcase_add_test(tcase, drop_lets_the_next_one_try);
    tcase_add_test(tcase, drop_of_the_last_waiter_keeps_the_queue);
    tcase_add_test(tcase, never_after_drop);
    tcase_add_test(tcase, lost_closes_unless_accepted);
    tcase_add_test(tcase, acceptance_ages);
    tcase_add_test(tcase, refused_target);
    tcase_add_test(tcase, refused_at_the_good_place);
    tcase_add_test(tcase, rejected_twice);
    tcase_add_loop_test(tcase, doubt, 0, 2);
    tcase_add_test(tcase, doubt_is_over_when_accepted);
    tcase_add_test(tcase, rejected_together);
    tcase_add_test(tcase, taken_back);
    tcase_add_test(tcase, hop_that_never_accepted);
    tcase_add_test(tcase, dropped_before_the_verdict);
    tcase_add_loop_test(tcase, slow_answer, 0, 2);
    tcase_add_test(tcase, slow_answer_and_nobody_waits);
    tcase_add_test(tcase, freed_during_a_repeat);
    tcase_add_loop_test(tcase, key, 0, COUNT(keys));
    tcase_add_test(tcase, outlives_the_login);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
