/*
 * test_guard: who may try a login that was never accepted, and what makes a login.
 */
#include "guard_alone_rig.h"

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
    tcase_add_loop_test(tcase, key, 0, COUNT(keys));
    tcase_add_test(tcase, outlives_the_login);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
