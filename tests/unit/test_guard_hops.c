/*
 * test_guard_hops: hops that reject a secret which others accept. They may know another
 * password for the user, or refuse the target; neither is to be found out often.
 */
#include "guard_rig.h"
#include "state_rig.h"

#define HOP3 "http://wp3.corp:8080"
#define HOP4 "http://wp4.corp:8080"

static struct guard *guard;

static void guard_begin(void)
{
    guard = guard_new(loop, state_dir);
    ck_assert_ptr_nonnull(guard);
    guard_set_repeater(guard, &repeater, &repeats);
}

static void setup(void)
{
    state_begin();
    rig_begin();
    guard_begin();
}

static void teardown(void)
{
    guard_free(guard);
    rig_end();
    state_end();
}

static void restart(void)
{
    guard_free(guard);
    guard_begin();
}

static void accept_at(const char *hop, const char *target)
{
    struct guard_ticket *a = ask_at(guard, &alice, hop, target, "a");

    ck_assert_str_eq(await(1), "A");
    guard_accepted(a);
    loop_await_idle();
}

/* Tried, rejected, and the repeat is accepted. */
static void refuse_at(const char *hop, const char *target)
{
    struct guard_ticket *a = ask_at(guard, &alice, hop, target, "a");

    ck_assert_str_eq(await(1), "A");
    guard_rejected(a);
    await_repeat();
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(await(2), "~a");
    guard_drop(a);
    loop_await_idle();
}

/* What is said at once, or after a look at the file. */
static void is_answered(const char *hop, const char *target, const char *answer)
{
    struct guard_ticket *a = ask_at(guard, &alice, hop, target, "a");

    ck_assert_str_eq(await(strlen(answer)), answer);
    guard_drop(a);
    loop_await_idle();
}

/* Two in all, whichever hops they are; those that accepted it go on. */
START_TEST(two_in_all)
{
    accept_at(HOP, TARGET);
    accept_at(HOP2, TARGET);
    refuse_at(HOP3, "one.test:443");
    refuse_at(_i == 0 ? HOP3 : HOP4, "two.test:443");
    is_answered(HOP3, TARGET, "~a");
    is_answered(HOP4, TARGET, "~a");
    is_answered(HOP, OTHER, "A");
    is_answered(HOP2, OTHER, "A");
}
END_TEST

START_TEST(survives_a_restart)
{
    accept_at(HOP, TARGET);
    refuse_at(HOP3, "one.test:443");
    restart();
    accept_at(HOP, TARGET);
    refuse_at(HOP3, "two.test:443");
    restart();
    is_answered(HOP3, TARGET, "~a");
    is_answered(HOP, TARGET, "A");
}
END_TEST

/* A reload forgets targets, not this. */
START_TEST(survives_a_reload)
{
    accept_at(HOP, TARGET);
    refuse_at(HOP3, "one.test:443");
    refuse_at(HOP3, "two.test:443");
    guard_forget_refusals(guard);
    is_answered(HOP3, TARGET, "~a");
}
END_TEST

/* A hop that accepted it once, in whatever process, refuses targets. */
START_TEST(good_hops_refuse_targets)
{
    accept_at(HOP3, TARGET);
    accept_at(HOP, TARGET);
    restart();
    refuse_at(HOP3, "one.test:443");
    refuse_at(HOP3, "two.test:443");
    refuse_at(HOP3, "three.test:443");
    is_answered(HOP3, "one.test:443", "~a");
    is_answered(HOP3, TARGET, "A");
}
END_TEST

START_TEST(acceptance_takes_it_back)
{
    accept_at(HOP, TARGET);
    refuse_at(HOP3, "one.test:443");
    accept_at(HOP3, TARGET);
    refuse_at(HOP3, "two.test:443");
    refuse_at(HOP3, "three.test:443");
    is_answered(HOP4, TARGET, "A");
}
END_TEST

START_TEST(rearmed)
{
    struct ledger *ledger = ledger_new(state_dir);
    char why[LEDGER_WHY];
    size_t count;

    accept_at(HOP, TARGET);
    refuse_at(HOP3, "one.test:443");
    refuse_at(HOP3, "two.test:443");
    is_answered(HOP3, "one.test:443", "~a");
    ck_assert(ledger_rearm(ledger, NULL, &count, why));
    ck_assert_uint_eq(count, 1);
    ledger_unref(ledger);
    is_answered(HOP3, "one.test:443", "A");
    is_answered(HOP, TARGET, "A");
}
END_TEST

/* Those that wait for a target while it is refused do not try it, too. */
START_TEST(waiting_meanwhile)
{
    struct guard_ticket *b, *c, *d;

    accept_at(HOP, TARGET);
    b = ask_at(guard, &alice, HOP3, OTHER, "b");
    c = ask_at(guard, &alice, HOP3, OTHER, "c");
    d = ask_at(guard, &alice, HOP, TARGET, "d");
    ck_assert_str_eq(await(1), "B");
    guard_rejected(b);
    await_repeat();
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(await(5), "~b~cD");
    guard_drop(b);
    guard_drop(c);
    guard_drop(d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_hops");
    TCase *tcase = tcase_create("hops");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, two_in_all, 0, 2);
    tcase_add_test(tcase, survives_a_restart);
    tcase_add_test(tcase, survives_a_reload);
    tcase_add_test(tcase, good_hops_refuse_targets);
    tcase_add_test(tcase, acceptance_takes_it_back);
    tcase_add_test(tcase, rearmed);
    tcase_add_test(tcase, waiting_meanwhile);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
