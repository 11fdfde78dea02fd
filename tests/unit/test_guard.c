/*
 * test_guard: one try at a time, none after a rejection.
 */
#include "auth/guard.h"

#include <string.h>

#include "suite.h"

#define HOP "http://wp1.corp:8080"

static struct loop *loop;
static struct guard *guard;
static char calls[64]; /* a letter per callback: upper case was allowed */

static struct config_login login_of(const char *user, const char *domain,
                                    const char *password)
{
    struct config_login login = {.auth = CONFIG_AUTH_AUTO};

    login.login_name = span_dup(span_of(user));
    login.domain = domain == NULL ? NULL : span_dup(span_of(domain));
    login.password = secret_new(span_of(password));
    ck_assert_ptr_nonnull(login.login_name);
    ck_assert_ptr_nonnull(login.password);
    return login;
}

static void login_end(struct config_login *login)
{
    free(login->login_name);
    free(login->domain);
    secret_free(login->password);
}

static struct config_login alice;

static void setup(void)
{
    loop = loop_new();
    guard = guard_new(loop);
    ck_assert_ptr_nonnull(loop);
    ck_assert_ptr_nonnull(guard);
    alice = login_of("alice", NULL, "sesame");
    calls[0] = '\0';
}

static void teardown(void)
{
    guard_free(guard);
    login_end(&alice);
    ck_assert_int_eq(loop_free(loop), 0);
}

/* ctx is the name of the ticket, a small letter. */
static void answered(void *ctx, bool allowed)
{
    const char *name = ctx;
    size_t n = strlen(calls);

    ck_assert_uint_lt(n + 1, sizeof(calls));
    calls[n] = (char)(allowed ? *name - 'a' + 'A' : *name);
    calls[n + 1] = '\0';
}

static struct guard_ticket *ask(const struct config_login *login, const char *name)
{
    static char names[26];
    char *own = &names[*name - 'a'];
    struct guard_ticket *ticket;

    *own = *name;
    ticket = guard_ask(guard, login, answered, own);
    ck_assert_ptr_nonnull(ticket);
    return ticket;
}

/* What was called back since the last time. */
static const char *run(void)
{
    static char seen[sizeof(calls)];

    loop_run(loop);
    memcpy(seen, calls, sizeof(seen));
    calls[0] = '\0';
    return seen;
}

static enum guard_state state(void)
{
    return guard_state_of(guard, &alice, NULL);
}

START_TEST(one_tries_and_the_others_wait)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct guard_ticket *c = ask(&alice, "c");
    struct guard_ticket *d;

    ck_assert_str_eq(calls, ""); /* never before guard_ask() returns */
    ck_assert_str_eq(run(), "A");
    ck_assert_int_eq(state(), GUARD_TRYING);
    guard_accepted(a);
    ck_assert_str_eq(calls, "");
    ck_assert_str_eq(run(), "BC");
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    d = ask(&alice, "d");
    ck_assert_str_eq(run(), "D");
    guard_accepted(b);
    guard_accepted(d);
    guard_drop(c);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
}
END_TEST

START_TEST(one_rejection_closes)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct guard_ticket *c;
    const char *hop = NULL;

    ck_assert_str_eq(run(), "A");
    guard_rejected(a, HOP);
    ck_assert_str_eq(run(), "b");
    ck_assert_int_eq(guard_state_of(guard, &alice, &hop), GUARD_CLOSED);
    ck_assert_str_eq(hop, HOP);
    c = ask(&alice, "c");
    ck_assert_str_eq(run(), "c");
    guard_drop(b);
    guard_drop(c);
    ck_assert_int_eq(state(), GUARD_CLOSED);
}
END_TEST

START_TEST(drop_lets_the_next_one_try)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct guard_ticket *c = ask(&alice, "c");
    struct guard_ticket *d = ask(&alice, "d");

    ck_assert_str_eq(run(), "A");
    guard_drop(b); /* a waiter in the middle */
    guard_drop(a);
    ck_assert_str_eq(run(), "C");
    guard_drop(c);
    guard_drop(d); /* allowed, and not yet told */
    ck_assert_str_eq(run(), "");
    ck_assert_int_eq(state(), GUARD_UNTRIED);
    guard_drop(NULL);
}
END_TEST

START_TEST(drop_of_the_last_waiter_keeps_the_queue)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct guard_ticket *c;

    guard_drop(b);
    c = ask(&alice, "c");
    ck_assert_str_eq(run(), "A");
    guard_drop(a);
    ck_assert_str_eq(run(), "C");
    guard_drop(c);
}
END_TEST

START_TEST(never_after_drop)
{
    guard_drop(ask(&alice, "a"));
    ck_assert_str_eq(run(), "");
}
END_TEST

START_TEST(lost_closes_unless_accepted)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct config_login bob = login_of("bob", NULL, "sesame");
    struct guard_ticket *c = ask(&bob, "c");
    struct guard_ticket *d = ask(&bob, "d");

    ck_assert_str_eq(run(), "AC");
    guard_accepted(a);
    ck_assert_str_eq(run(), "B");
    guard_lost(b, HOP);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    guard_lost(c, HOP);
    ck_assert_int_eq(guard_state_of(guard, &bob, NULL), GUARD_CLOSED);
    ck_assert_str_eq(run(), "d");
    guard_drop(d);
    login_end(&bob);
}
END_TEST

START_TEST(a_rejection_counts_even_after_acceptance)
{
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b = ask(&alice, "b");
    struct guard_ticket *c = ask(&alice, "c");
    struct guard_ticket *d;

    ck_assert_str_eq(run(), "A");
    guard_accepted(a);
    ck_assert_str_eq(run(), "BC");
    d = ask(&alice, "d"); /* is to be told that it may, when the guard closes */
    guard_rejected(b, HOP);
    ck_assert_str_eq(run(), "d");
    guard_accepted(c); /* does not open it again */
    ck_assert_int_eq(state(), GUARD_CLOSED);
    guard_drop(d);
}
END_TEST

static const struct {
    const char *user, *domain, *password;
    bool same;
} keys[] = {
    {"alice", NULL, "sesame", true},        {"alice", NULL, "sesamf", false},
    {"alice", NULL, "sesame1", false},      {"alice", "CORP", "sesame", false},
    {"Alice", NULL, "sesame", false},       {"bob", NULL, "sesame", false},
    {"CORP\\alice", NULL, "sesame", false},
};

START_TEST(key)
{
    struct config_login other =
        login_of(keys[_i].user, keys[_i].domain, keys[_i].password);
    struct guard_ticket *a = ask(&alice, "a");
    struct guard_ticket *b;

    (void)run();
    guard_rejected(a, HOP);
    b = ask(&other, "b");
    ck_assert_str_eq(run(), keys[_i].same ? "b" : "B");
    guard_drop(b);
    login_end(&other);
}
END_TEST

/* The configuration may go while the guard remembers. */
START_TEST(outlives_the_login)
{
    struct config_login first = login_of("carol", "CORP", "tulip");
    struct config_login again = login_of("carol", "CORP", "tulip");
    struct guard_ticket *a = ask(&first, "a");

    (void)run();
    login_end(&first);
    guard_rejected(a, HOP);
    ck_assert_int_eq(guard_state_of(guard, &again, NULL), GUARD_CLOSED);
    login_end(&again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *tcase = tcase_create("guard");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_tries_and_the_others_wait);
    tcase_add_test(tcase, one_rejection_closes);
    tcase_add_test(tcase, drop_lets_the_next_one_try);
    tcase_add_test(tcase, drop_of_the_last_waiter_keeps_the_queue);
    tcase_add_test(tcase, never_after_drop);
    tcase_add_test(tcase, lost_closes_unless_accepted);
    tcase_add_test(tcase, a_rejection_counts_even_after_acceptance);
    tcase_add_loop_test(tcase, key, 0, (int)(sizeof(keys) / sizeof(keys[0])));
    tcase_add_test(tcase, outlives_the_login);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
