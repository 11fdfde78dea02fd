/*
 * test_guard_repeat: what an answer, or none, to a login means that was accepted
 * before.
 */
#include "guard_alone_rig.h"

/* Asks, and is told at once that it may. */
static struct guard_ticket *allowed(const char *name)
{
    struct guard_ticket *ticket = ask(name);
    const char wanted[] = {(char)(*name - 'a' + 'A'), '\0'};

    ck_assert_str_eq(soon(), wanted);
    return ticket;
}

/* Is rejected, and the repeat ends like this. */
static void reject(struct guard_ticket *ticket, enum guard_repeated result)
{
    guard_rejected(ticket);
    await_repeat();
    repeat_end(result);
}

/* ---- rejections ---- */

/* One after the other, also once the secret was accepted. */
START_TEST(one_at_a_time)
{
    struct guard_ticket *a, *b, *c;

    accept_before();
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

    accept_before();
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
START_TEST(refusals_are_forgotten_at_a_reload)
{
    struct guard_ticket *a;

    accept_before();
    for (int i = 0; i < 2; i++) {
        a = ask_at(guard, &alice, HOP, OTHER, "a");
        ck_assert_str_eq(soon(), "A");
        reject(a, GUARD_REPEAT_ACCEPTED);
        ck_assert_str_eq(soon(), "~a");
        guard_drop(a);
        guard_forget_refusals(guard);
    }
}
END_TEST

START_TEST(refused_at_the_good_place)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = allowed("a");
    reject(a, GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "~a");
    guard_drop(a);
    b = allowed("b");
    guard_drop(b);
}
END_TEST

START_TEST(rejected_twice)
{
    struct guard_ticket *a, *b, *c;

    accept_before();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    reject(a, GUARD_REPEAT_REJECTED);
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

    accept_before();
    a = allowed("a");
    reject(a, GUARD_REPEAT_IMPOSSIBLE);
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
    guard_rejected(a);
    ck_assert_str_eq(soon(), "-ab");
    ck_assert_int_eq(state(), GUARD_CLOSED);
    guard_drop(a);
    guard_drop(b);
    ck_assert_uint_eq(repeats, 1);
}
END_TEST

/*
 * A connection that is cut proves nothing; but a proxy may say so that a password is
 * wrong. So there is a rest, and an end to it.
 */
START_TEST(cut_again_and_again)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = allowed("a");
    reject(a, GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(soon(), "-a");
    guard_drop(a);
    a = allowed("a");
    guard_lost(a);
    b = ask("b");
    ck_assert_str_eq(soon(), "");
    ck_assert_str_eq(await(1), "B");
    if (_i == 0) {
        guard_accepted(b);
        ck_assert_int_eq(state(), GUARD_ACCEPTED);
        return;
    }
    guard_lost(b);
    ck_assert_int_eq(state(), GUARD_DOUBTED);
    a = ask("a");
    ck_assert_str_eq(await(1), "A");
    b = ask("b");
    guard_lost(a);
    ck_assert_str_eq(soon(), "b");
    ck_assert_int_eq(state(), GUARD_CLOSED);
    guard_drop(b);
}
END_TEST

/* No rejection was seen: a look that is cut, or silent, closes nothing. */
START_TEST(look_that_tells_nothing)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = allowed("a");
    b = ask("b");
    await_repeat();
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
    if (_i == 0)
        repeat_end(GUARD_REPEAT_LOST);
    ck_assert_str_eq(await(1), "B");
    ck_assert_uint_eq(repeats, 1);
    ck_assert_ptr_null(repeat_done);
    guard_accepted(b);
    guard_accepted(a);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
}
END_TEST

/* The slow answer comes before that of the look. */
START_TEST(look_that_is_needless)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = allowed("a");
    b = ask("b");
    await_repeat();
    guard_accepted(a);
    ck_assert_ptr_null(repeat_done);
    ck_assert_str_eq(soon(), "B");
    guard_accepted(b);
}
END_TEST

START_TEST(doubt_is_over_when_accepted)
{
    struct guard_ticket *a;

    accept_before();
    a = allowed("a");
    reject(a, GUARD_REPEAT_IMPOSSIBLE);
    ck_assert_str_eq(soon(), "-a");
    guard_drop(a);
    a = allowed("a");
    guard_accepted(a);
    ck_assert_int_eq(state(), GUARD_ACCEPTED);
}
END_TEST

/* Those that were rejected meanwhile share a repeat. */
START_TEST(rejected_together)
{
    struct guard_ticket *b, *c, *d;

    accept_before();
    b = ask_at(guard, &alice, HOP, OTHER, "b");
    c = ask_at(guard, &alice, HOP2, OTHER, "c");
    d = ask("d");
    ck_assert_str_eq(soon(), "B");
    await_repeat(); /* it is late */
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "C");
    guard_rejected(b);
    guard_rejected(c);
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "~b~cD");
    ck_assert_uint_eq(repeats, 2);
    guard_drop(b);
    guard_drop(c);
    guard_drop(d);
}
END_TEST

/* It is to be told that it may, when the rejection of an earlier one comes. */
START_TEST(taken_back)
{
    struct guard_ticket *b, *c;

    accept_before();
    b = ask_at(guard, &alice, HOP, OTHER, "b");
    c = ask("c");
    ck_assert_str_eq(soon(), "B");
    await_repeat();
    repeat_end(GUARD_REPEAT_ACCEPTED);
    guard_rejected(b); /* c is to be called, and is not yet */
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

    accept_before();
    for (int i = 0; i < COUNT(TARGETS); i++) {
        a = ask_at(guard, &alice, HOP2, TARGETS[i], "a");
        ck_assert_str_eq(soon(), i < 2 ? "A" : "~a");
        if (i < 2) {
            reject(a, GUARD_REPEAT_ACCEPTED);
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

    accept_before();
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

    accept_before();
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

/* A repeat that is silent, too, is waited for up to the limit. */
START_TEST(slow_answer_to_the_repeat)
{
    struct guard_ticket *a, *b;

    guard_set_limit(guard, _i == 0 ? 300 : 60000);
    accept_before();
    a = allowed("a");
    b = ask("b");
    await_repeat();
    pass_ms(600);
    ck_assert_str_eq(soon(), _i == 0 ? "B" : "");
    if (_i == 1) {
        repeat_end(GUARD_REPEAT_REJECTED);
        ck_assert_str_eq(soon(), "b");
    }
    guard_lost(a);
    guard_drop(b);
}
END_TEST

/* Nobody read the answer, which may have been a rejection: it is looked first. */
START_TEST(abandoned)
{
    struct guard_ticket *a, *b = NULL;

    accept_before();
    a = allowed("a");
    if (_i == 0)
        b = ask("b");
    guard_abandoned(a);
    if (b == NULL) {
        ck_assert_uint_eq(repeats, 0);
        b = ask("b");
    }
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(_i == 2 ? GUARD_REPEAT_ACCEPTED : GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), _i == 2 ? "B" : "b");
    ck_assert_int_eq(state(), _i == 2 ? GUARD_ACCEPTED : GUARD_CLOSED);
    guard_drop(b);
    if (_i == 2) {
        guard_accepted(allowed("c"));
        ck_assert_uint_eq(repeats, 1);
    }
}
END_TEST

/* The next one that asks does not go before the secret is known to be good. */
START_TEST(slow_answer_and_nobody_waits)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = allowed("a");
    pass_ms(1100);
    ck_assert_uint_eq(repeats, 0);
    if (_i == 0) {
        guard_accepted(a);
    } else {
        if (_i == 1)
            guard_lost(a);
        b = ask("b");
        await_repeat();
        ck_assert_str_eq(soon(), "");
        repeat_end(GUARD_REPEAT_ACCEPTED);
        ck_assert_str_eq(soon(), "B");
        guard_accepted(b);
        if (_i == 2)
            guard_lost(a);
    }
    b = allowed("b");
    guard_accepted(b);
    ck_assert_uint_eq(repeats, _i == 0 ? 0 : 1);
}
END_TEST

/* Where the repeat cannot tell, nobody goes on before the slow answer is there, */
START_TEST(slow_answer_and_no_repeat)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    await_repeat();
    repeat_end(GUARD_REPEAT_IMPOSSIBLE);
    pass_ms(1100);
    ck_assert_str_eq(soon(), "");
    ck_assert_uint_eq(repeats, 1);
    switch (_i) {
    case 0:
        guard_accepted(a);
        ck_assert_str_eq(soon(), "B");
        guard_lost(b);
        ck_assert_int_eq(state(), GUARD_ACCEPTED);
        break;
    case 1: /* it may have been a rejection: the next one decides */
        guard_lost(a);
        ck_assert_str_eq(soon(), "B");
        ck_assert_int_eq(state(), GUARD_TRYING);
        guard_accepted(b);
        break;
    case 2: /* a rejection would have come by now */
        ck_assert_str_eq(await(1), "B");
        ck_assert_int_eq(state(), GUARD_ACCEPTED);
        guard_accepted(b);
        guard_accepted(a);
        break;
    default:
        guard_rejected(a);
        await_repeat();
        repeat_end(GUARD_REPEAT_REJECTED);
        ck_assert_str_eq(soon(), "-ab");
        ck_assert_int_eq(state(), GUARD_CLOSED);
        guard_drop(a);
        guard_drop(b);
        break;
    }
}
END_TEST

/* An acceptance says nothing of what was sent after it. */
START_TEST(slow_answer_and_an_older_one)
{
    struct guard_ticket *a, *b, *c;

    accept_before();
    a = ask("a");
    b = ask("b");
    ck_assert_str_eq(soon(), "A");
    await_repeat();
    repeat_end(GUARD_REPEAT_ACCEPTED);
    ck_assert_str_eq(soon(), "B");
    pass_ms(1100);
    guard_accepted(a);
    c = ask("c");
    await_repeat();
    ck_assert_str_eq(soon(), "");
    repeat_end(GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), "c");
    ck_assert_uint_eq(repeats, 2);
    guard_drop(b);
    guard_drop(c);
}
END_TEST

/* A login that rested on what the hop may have forgotten is made anew once. */
START_TEST(doubted)
{
    struct guard_ticket *a, *b;

    accept_before();
    a = ask_at(guard, &alice, HOP, OTHER, "a");
    ck_assert_str_eq(soon(), "A");
    guard_doubted(a);
    await_repeat();
    repeat_end(_i == 0 ? GUARD_REPEAT_ACCEPTED : GUARD_REPEAT_REJECTED);
    ck_assert_str_eq(soon(), _i == 0 ? "A" : "-a");
    if (_i == 0) {
        reject(a, GUARD_REPEAT_ACCEPTED);
        ck_assert_str_eq(soon(), "~a");
    }
    guard_drop(a);
    b = ask_at(guard, &alice, HOP, OTHER, "b");
    ck_assert_str_eq(soon(), _i == 0 ? "~b" : "b");
    guard_drop(b);
    ck_assert_uint_eq(repeats, _i == 0 ? 2 : 1);
}
END_TEST

/* ---- the end ---- */

START_TEST(freed_during_a_repeat)
{
    struct guard_ticket *a;

    accept_before();
    a = allowed("a");
    guard_rejected(a);
    await_repeat();
    guard_drop(a);
    guard_free(guard);
    guard = NULL;
    ck_assert_ptr_null(repeat_done); /* cancelled */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard_repeat");
    TCase *tcase = tcase_create("guard_repeat");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_at_a_time);
    tcase_add_test(tcase, refused_target);
    tcase_add_test(tcase, refused_at_the_good_place);
    tcase_add_test(tcase, refusals_are_forgotten_at_a_reload);
    tcase_add_test(tcase, rejected_twice);
    tcase_add_test(tcase, doubt);
    tcase_add_loop_test(tcase, cut_again_and_again, 0, 2);
    tcase_add_test(tcase, doubt_is_over_when_accepted);
    tcase_add_test(tcase, rejected_together);
    tcase_add_test(tcase, taken_back);
    tcase_add_test(tcase, hop_that_never_accepted);
    tcase_add_test(tcase, dropped_before_the_verdict);
    tcase_add_loop_test(tcase, slow_answer, 0, 2);
    tcase_add_loop_test(tcase, slow_answer_to_the_repeat, 0, 2);
    tcase_add_loop_test(tcase, abandoned, 0, 3);
    tcase_add_loop_test(tcase, slow_answer_and_nobody_waits, 0, 3);
    tcase_add_loop_test(tcase, slow_answer_and_no_repeat, 0, 4);
    tcase_add_loop_test(tcase, look_that_tells_nothing, 0, 2);
    tcase_add_test(tcase, look_that_is_needless);
    tcase_add_test(tcase, slow_answer_and_an_older_one);
    tcase_add_loop_test(tcase, doubted, 0, 2);
    tcase_add_test(tcase, freed_during_a_repeat);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
