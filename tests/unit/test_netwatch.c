/*
 * test_netwatch: changes of the network, told by the kernel.
 */
#include <net/route.h>

#include "netwatch_rig.h"

static void give_route(const char *text)
{
    static char device[] = "lo";
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = device};

    set_address(&route.rt_dst, text);
    set_address(&route.rt_genmask, "255.255.255.0");
    ck_assert_int_eq(ioctl(fd, SIOCADDRT, &route), 0);
    close(fd);
}

START_TEST(sources_are_named)
{
    ck_assert_str_eq(netwatch_sources(netwatch), "netlink, resolv.conf, clock");
    ck_assert(!wait_told(50));
}
END_TEST

START_TEST(address_and_route)
{
    give_address("lo:1", "192.0.2.7");
    ck_assert(wait_told(LONG_MS));
    while (wait_told(2 * NETWATCH_QUIET_MS))
        continue;
    give_route("198.51.100.0");
    ck_assert(wait_told(LONG_MS));
    ck_assert_str_eq(told.why, "a route changed");
}
END_TEST

START_TEST(link_local_is_no_change)
{
    give_address("lo", "127.0.0.1");
    while (wait_told(2 * NETWATCH_QUIET_MS))
        continue;
    give_address("lo:2", "169.254.3.4");
    ck_assert(!wait_told(2 * NETWATCH_QUIET_MS));
}
END_TEST

static void set_up(const char *name, bool up)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_flags = (short)(up ? IFF_UP : 0)};

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

/* Without IPv6, as many are, whose addresses are told of. False: it cannot be done. */
static bool without_ipv6(void)
{
    FILE *file = fopen("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w");

    if (file == NULL)
        return access("/proc/net/if_inet6", F_OK) != 0;
    return fputs("1", file) >= 0 && fclose(file) == 0;
}

/* Then nothing else is told of the IPv4 routes that go. */
START_TEST(interface_goes_down)
{
    bool alone = without_ipv6();

    give_address("lo", "192.0.2.7");
    ck_assert(wait_told(LONG_MS));
    while (wait_told(2 * NETWATCH_QUIET_MS))
        continue;
    set_up("lo", false);
    ck_assert(wait_told(LONG_MS));
    if (alone)
        ck_assert_str_eq(told.why, "an interface changed");
    set_up("lo", true);
    ck_assert(wait_told(LONG_MS));
}
END_TEST

/* Nothing could be reached by it. */
START_TEST(interface_without_address)
{
    bool alone = without_ipv6();

    give_address("lo", "169.254.3.4");
    while (wait_told(2 * NETWATCH_QUIET_MS))
        continue;
    set_up("lo", false);
    if (alone)
        ck_assert(!wait_told(2 * NETWATCH_QUIET_MS));
}
END_TEST

START_TEST(resolv_conf)
{
    char other[96];

    put_file("other", "nameserver 192.0.2.2\n");
    ck_assert(!wait_told(100));
    (void)snprintf(other, sizeof(other), "%s/other", folder);
    ck_assert_int_eq(rename(other, path), 0);
    ck_assert(wait_told(LONG_MS));
    ck_assert_str_eq(told.why, "resolv.conf changed");
}
END_TEST

/* Many at once are told as two. */
START_TEST(a_burst_is_told_twice)
{
    for (int i = 0; i < 20; i++) {
        put_file("resolv.conf", "nameserver 192.0.2.3\n");
        (void)wait_told(1);
    }
    while (wait_told(2 * NETWATCH_QUIET_MS))
        continue;
    ck_assert_uint_eq(told.calls, 2);
}
END_TEST

START_TEST(sleep_is_noticed)
{
    asleep_ms = NETWATCH_SLEPT_MS - 1;
    netwatch_check(netwatch);
    ck_assert(!wait_told(50));
    asleep_ms = NETWATCH_SLEPT_MS;
    netwatch_check(netwatch);
    ck_assert(wait_told(LONG_MS));
    ck_assert_str_eq(told.why, "the machine slept");
    netwatch_check(netwatch);
    ck_assert(!wait_told(2 * NETWATCH_QUIET_MS));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("netwatch");
    TCase *tcase = tcase_create("netwatch");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sources_are_named);
    tcase_add_test(tcase, address_and_route);
    tcase_add_test(tcase, link_local_is_no_change);
    tcase_add_test(tcase, interface_goes_down);
    tcase_add_test(tcase, interface_without_address);
    tcase_add_test(tcase, resolv_conf);
    tcase_add_test(tcase, a_burst_is_told_twice);
    tcase_add_test(tcase, sleep_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
