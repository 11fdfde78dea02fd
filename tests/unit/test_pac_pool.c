/*
 * test_pac_pool: the real ccgate-pac behind the pool, with scripts that do well, loop,
 * eat memory and look up names. How children end is in test_pac_pool_ends.c.
 */
#include "pac_pool_rig.h"

/* ---- results ---- */

START_TEST(test_result)
{
    struct outcome_of o;
    struct pac_pool_view view;

    pool_with(4, FIND("return 'PROXY ' + host + ':1; DIRECT';"));
    for (int i = 0; i < 3; i++) {
        o = ran("a.test");
        ck_end(&o, PAC_RUN_RESULT, "PROXY a.test:1; DIRECT");
        ck_assert_uint_eq(o.rounds, 1);
        ck_assert_uint_eq(o.lifetime_ms, 60000);
    }
    pac_pool_view(pool, &view);
    ck_assert_uint_eq(view.count, 1); /* one after the other need no more */
    ck_assert_int_eq(view.children[0].state, PAC_SLOT_IDLE);
    ck_assert_uint_ne(view.sandbox, 0);
    ck_assert_int_ne(view.engine[0], '\0');
    ck_assert_ptr_null(view.broken);
}
END_TEST

START_TEST(test_clock_is_not_kept)
{
    struct outcome_of o;

    pool_with(1, FIND("return timeRange(0, 23) ? 'DIRECT' : 'PROXY p:1';"));
    o = ran("a.test");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
    ck_assert_uint_eq(o.lifetime_ms, 0);
}
END_TEST

START_TEST(test_lookups)
{
    struct outcome_of o;

    pool_with(1, "var top = dnsResolve('localhost');" FIND(
                     "return top + ' ' + dnsResolve(host) + ' ' + "
                     "isResolvable('nosuch.invalid') + ' ' + myIpAddress();"));
    o = ran("LOCALHOST");
    ck_end(&o, PAC_RUN_RESULT, "127.0.0.1 127.0.0.1 false ");
    ck_assert_uint_ge(o.rounds, 2);
    ck_assert_uint_le(o.rounds, 3);
    ck_assert(strchr(o.text, '.') != NULL);
}
END_TEST

/* Up to the limit of Chrome; after that lookups fail and the script goes on. */
START_TEST(test_many_lookups)
{
    struct outcome_of o;

    pool_with(1, FIND("var n = 0; for (var i = 0; i < 40; i++)"
                      " if (dnsResolve('h' + i + '.localhost')) n++; return 'P' + n;"));
    o = ran("a.test");
    ck_end(&o, PAC_RUN_RESULT, "P20");
    ck_assert_uint_eq(o.rounds, 21);
}
END_TEST

START_TEST(test_script_errors)
{
    struct outcome_of o;

    pool_with(1, "function FindProxyForURL(url, host) {\n"
                 "  if (host == 'throws') return missing.x;\n"
                 "  if (host == 'number') return 3;\n"
                 "  return 'DIRECT';\n"
                 "}\n");
    o = ran("throws");
    ck_end(&o, PAC_RUN_FAILED, "line 2 of the script: ");
    o = ran("number");
    ck_end(&o, PAC_RUN_FAILED, "number");
    o = ran("throws"); /* no offence: it ends by itself */
    ck_end(&o, PAC_RUN_FAILED, "line 2 of the script: ");
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

START_TEST(test_broken_script)
{
    struct outcome_of o;

    pool_with(2, "var x = ;\n");
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, "line 1 of the script: ");
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, "line 1 of the script: ");
    ck_assert_int_eq(pac_pool_load(pool, SPAN(FIND("return 'DIRECT';"))), 0);
    o = ran("a");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* ---- scripts that do not end ---- */

static const char looping[] = FIND("if (host.indexOf('loop') == 0) for (;;); "
                                   "return 'DIRECT';");

START_TEST(test_loop_of_one_host)
{
    struct outcome_of loops[6], good[40], o;

    pool_with(4, looping);
    for (int i = 0; i < 6; i++)
        run(&loops[i], "loop");
    for (int i = 0; i < 40; i++) {
        char host[32];

        (void)snprintf(host, sizeof(host), "good%d", i);
        run(&good[i], host);
    }
    loop_await();
    for (int i = 0; i < 40; i++) {
        ck_end(&good[i], PAC_RUN_RESULT, "DIRECT");
        ck_assert_uint_lt(good[i].at, loops[0].at);
    }
    ck_end(&loops[0], PAC_RUN_FAILED, "ran out of time");
    for (int i = 1; i < 6; i++)
        ck_end(&loops[i], PAC_RUN_FAILED, "it is run again in 10 s");
    /* A repeat offender is not run, and costs no time. */
    o = ran("loop");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in 10 s");
    ck_assert_uint_eq(o.rounds, 0);
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* Other hosts, all of them without end: when no child is left, nobody waits. */
START_TEST(test_all_stuck)
{
    struct outcome_of loops[2], o;
    uint64_t begun;

    pool_with(2, looping);
    o = ran("good");
    run(&loops[0], "loop0");
    run(&loops[1], "loop1");
    begun = loop_now(loop);
    run(&o, "good");
    loop_await();
    ck_end(&o, PAC_RUN_FAILED, "busy");
    ck_assert_uint_lt(o.at - begun, LIMIT_MS - 300);
    ck_end(&loops[0], PAC_RUN_FAILED, "ran out of time");
    ck_end(&loops[1], PAC_RUN_FAILED, "ran out of time");
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

START_TEST(test_loop_at_the_top)
{
    struct outcome_of o;

    pool_with(2, "while (1);" FIND("return 'DIRECT';"));
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, "ran out of time");
    o = ran("a");
    ck_end(&o, PAC_RUN_BROKEN, "ran out of time");
    ck_assert_uint_eq(o.rounds, 0);
}
END_TEST

static const char greedy[] =
    FIND("var s = 'x', a = []; if (host == 'bomb') { while (s.length < 1e6) s += s;"
         " for (;;) a.push(s + a.length); } return 'DIRECT';");

START_TEST(test_memory)
{
    struct outcome_of o;

    pool_with(1, greedy);
    o = ran("bomb");
    ck_assert_int_eq(o.end, PAC_RUN_FAILED);
    o = ran("bomb");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in");
    o = ran("good");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

/* ---- cancelling, and another script ---- */

START_TEST(test_cancel)
{
    struct outcome_of waiting, running, looking, o;

    pool_with(1, FIND("if (host == 'loop') for (;;); "
                      "return host == 'dns' ? dnsResolve('a.localhost') : 'DIRECT';"));
    run(&waiting, "a"); /* the child is still loading */
    pac_run_cancel(waiting.run);
    due--;
    o = ran("b");
    run(&running, "loop");
    pac_run_cancel(running.run);
    due--;
    run(&looking, "dns");
    pac_run_cancel(looking.run);
    due--;
    pass_ms(LIMIT_MS + 300); /* the child that nobody waits for is killed in time */
    ck_assert(!waiting.done && !running.done && !looking.done);
    o = ran("loop");
    ck_end(&o, PAC_RUN_FAILED, "it is run again in");
    o = ran("b");
    ck_end(&o, PAC_RUN_RESULT, "DIRECT");
}
END_TEST

START_TEST(test_free_while_running)
{
    struct outcome_of o;

    pool_with(1, looping);
    o = ran("good");
    run(&o, "loop");
    pac_run_cancel(o.run);
}
END_TEST

START_TEST(test_another_script)
{
    struct outcome_of o;

    pool_with(2, looping);
    o = ran("good");
    run(&o, "loop"); /* the new script answers what the old one still chews on */
    ck_assert_int_eq(pac_pool_load(pool, SPAN(FIND("return 'PROXY new:1';"))), 0);
    loop_await();
    ck_end(&o, PAC_RUN_RESULT, "PROXY new:1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_pool");
    TCase *tcase = tcase_create("pac_pool");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_result);
    tcase_add_test(tcase, test_clock_is_not_kept);
    tcase_add_test(tcase, test_lookups);
    tcase_add_test(tcase, test_many_lookups);
    tcase_add_test(tcase, test_script_errors);
    tcase_add_test(tcase, test_broken_script);
    tcase_add_test(tcase, test_loop_of_one_host);
    tcase_add_test(tcase, test_all_stuck);
    tcase_add_test(tcase, test_loop_at_the_top);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_free_while_running);
    tcase_add_test(tcase, test_another_script);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
