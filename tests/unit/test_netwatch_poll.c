/*
 * test_netwatch_poll: changes of the network, found by looking again and again.
 */
#include "netwatch_rig.h"

START_TEST(source_is_named)
{
    ck_assert_str_eq(netwatch_sources(netwatch), "polling");
    ck_assert(!wait_told(50));
}
END_TEST

START_TEST(addresses)
{
    give_address("lo", "127.0.0.1");
    while (wait_told(LONG_MS))
        continue;
    give_address("lo:1", "169.254.3.4");
    ck_assert(!wait_told(LONG_MS));
    give_address("lo:2", "192.0.2.7");
    ck_assert(wait_told(LONG_MS));
    ck_assert_str_eq(told.why, "the network changed");
}
END_TEST

START_TEST(resolv_conf)
{
    put_file("resolv.conf", "nameserver 192.0.2.22\n");
    ck_assert(wait_told(LONG_MS));
    ck_assert(unlink(path) == 0);
    ck_assert(wait_told(LONG_MS));
}
END_TEST

START_TEST(sleep_is_noticed)
{
    asleep_ms = NETWATCH_SLEPT_MS;
    ck_assert(wait_told(LONG_MS));
    ck_assert_str_eq(told.why, "the machine slept");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("netwatch_poll");
    TCase *tcase = tcase_create("netwatch_poll");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, source_is_named);
    tcase_add_test(tcase, addresses);
    tcase_add_test(tcase, resolv_conf);
    tcase_add_test(tcase, sleep_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
