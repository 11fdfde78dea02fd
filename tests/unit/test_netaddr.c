/*
 * test_netaddr: socket addresses and networks.
 */
#include "base/netaddr.h"

#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct netaddr ip(const char *text, uint16_t port)
{
    struct netaddr a;

    ck_assert_msg(netaddr_from_ip(&a, span_of(text), port), "%s", text);
    return a;
}

/* Text, and what netaddr_format() makes of it with port 80; NULL: refused. */
static const struct {
    const char *text;
    const char *formatted;
} literals[] = {
    {"192.0.2.1", "192.0.2.1:80"},
    {"255.255.255.255", "255.255.255.255:80"},
    {"::1", "[::1]:80"},
    {"[::1]", "[::1]:80"},
    {"2001:DB8:0:0::1", "[2001:db8::1]:80"},
    {"::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"},
    {"fe80::1%lo", "[fe80::1%lo]:80"},
    {"[fe80::1%lo]", "[fe80::1%lo]:80"},
    {"fe80::1%4000000000", "[fe80::1%4000000000]:80"},
    {"", NULL},
    {"192.0.2", NULL},
    {"192.0.2.256", NULL},
    {"192.0.2.01", NULL},
    {"0x7f.0.0.1", NULL},
    {"2130706433", NULL},
    {"127.1", NULL},
    {"192.0.2.1 ", NULL},
    {"192.0.2.1.", NULL},
    {"[192.0.2.1]", NULL},
    {"192.0.2.1%lo", NULL},
    {"[::1", NULL},
    {"::1]", NULL},
    {"[]", NULL},
    {"[", NULL},
    {"::g", NULL},
    {":::", NULL},
    {"fe80::1%", NULL},
    {"fe80::1%nosuchif0", NULL},
    {"fe80::1%99999999999", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"localhost", NULL},
};

START_TEST(test_literal)
{
    struct netaddr a = {.len = 77};
    char text[NETADDR_TEXT];
    bool ok = netaddr_from_ip(&a, span_of(literals[_i].text), 80);

    ck_assert_msg(ok == (literals[_i].formatted != NULL), "%s", literals[_i].text);
    if (!ok) {
        ck_assert_uint_eq(a.len, 77); /* untouched */
        return;
    }
    netaddr_format(&a, text);
    ck_assert_str_eq(text, literals[_i].formatted);
    ck_assert_uint_eq(netaddr_port(&a), 80);
}
END_TEST

START_TEST(test_literal_nul)
{
    struct netaddr a;

    ck_assert(!netaddr_from_ip(&a, (struct span){"1.2.3.4\0x", 9}, 0));
}
END_TEST

START_TEST(test_format_ip)
{
    struct netaddr a = ip("[2001:db8::1]", 443);
    char text[NETADDR_TEXT];

    netaddr_format_ip(&a, text);
    ck_assert_str_eq(text, "2001:db8::1");
    a = ip("192.0.2.1", 443);
    netaddr_set_port(&a, 8080);
    netaddr_format_ip(&a, text);
    ck_assert_str_eq(text, "192.0.2.1");
    netaddr_format(&a, text);
    ck_assert_str_eq(text, "192.0.2.1:8080");
}
END_TEST

START_TEST(test_unix)
{
    char longest[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
    char text[NETADDR_TEXT];
    struct netaddr a;
    struct netaddr b;

    ck_assert(netaddr_from_path(&a, SPAN("/run/x.sock")));
    netaddr_format(&a, text);
    ck_assert_str_eq(text, "unix:/run/x.sock");
    ck_assert_uint_eq(netaddr_port(&a), 0);
    ck_assert(!netaddr_is_loopback(&a));
    ck_assert(netaddr_from_path(&b, SPAN("/run/x.sock")));
    ck_assert(netaddr_equal(&a, &b));
    ck_assert(!netaddr_same_ip(&a, &b));
    ck_assert(netaddr_from_path(&b, SPAN("/run/y.sock")));
    ck_assert(!netaddr_equal(&a, &b));

    memset(longest, 'a', sizeof(longest));
    ck_assert(netaddr_from_path(&a, (struct span){longest, sizeof(longest) - 2}));
    ck_assert(!netaddr_from_path(&a, (struct span){longest, sizeof(longest) - 1}));
    netaddr_format(&a, text);
    ck_assert_uint_eq(strlen(text), 5 + sizeof(longest) - 2);
    ck_assert(!netaddr_from_path(&a, SPAN("")));
    ck_assert(!netaddr_from_path(&a, SPAN("a\0b")));
}
END_TEST

START_TEST(test_unix_abstract)
{
#ifdef __linux__
    struct netaddr a;
    char text[NETADDR_TEXT];

    ck_assert(netaddr_from_path(&a, SPAN("@name")));
    ck_assert_int_eq(a.u.un.sun_path[0], '\0');
    ck_assert_uint_eq(a.len, offsetof(struct sockaddr_un, sun_path) + 5);
    netaddr_format(&a, text);
    ck_assert_str_eq(text, "unix:@name");
    ck_assert(!netaddr_from_path(&a, SPAN("@")));
#endif
}
END_TEST

START_TEST(test_from_sockaddr)
{
    struct netaddr unnamed;
    struct netaddr a = ip("10.1.2.3", 5);
    struct netaddr b;
    struct sockaddr sa = {.sa_family = AF_UNIX};
    char text[NETADDR_TEXT];

    netaddr_from_sockaddr(&unnamed, &sa, sizeof(sa.sa_family));
    netaddr_format(&unnamed, text);
    ck_assert_str_eq(text, "unix:");
    ck_assert(!netaddr_equal(&unnamed, &unnamed)); /* nobody knows who that is */
    netaddr_from_sockaddr(&b, &a.u.sa, a.len);
    ck_assert(netaddr_equal(&a, &b));
    netaddr_from_sockaddr(&b, NULL, 0);
    netaddr_format(&b, text);
    ck_assert_str_eq(text, "");
    ck_assert(!netaddr_equal(&b, &b));
}
END_TEST

static const struct {
    const char *a;
    const char *b;
    bool same;
} pairs[] = {
    {"10.0.0.1", "10.0.0.1", true},        {"10.0.0.1", "10.0.0.2", false},
    {"10.0.0.1", "::ffff:10.0.0.1", true}, {"::ffff:10.0.0.1", "::ffff:10.0.0.1", true},
    {"::1", "127.0.0.1", false},           {"::1", "0:0::1", true},
    {"fe80::1%1", "fe80::1%2", false},     {"fe80::1%1", "fe80::1", true},
};

START_TEST(test_same)
{
    struct netaddr a = ip(pairs[_i].a, 1);
    struct netaddr b = ip(pairs[_i].b, 1);

    ck_assert(netaddr_same_ip(&a, &b) == pairs[_i].same);
    ck_assert(netaddr_equal(&b, &a) == pairs[_i].same);
    netaddr_set_port(&b, 2);
    ck_assert(netaddr_same_ip(&a, &b) == pairs[_i].same);
    ck_assert(!netaddr_equal(&a, &b));
}
END_TEST

static const struct {
    const char *text;
    bool any, loopback, link_local;
} kinds[] = {
    {"0.0.0.0", true, false, false},
    {"::", true, false, false},
    {"::ffff:0.0.0.0", true, false, false},
    {"0.0.0.1", false, false, false},
    {"127.0.0.1", false, true, false},
    {"127.255.255.255", false, true, false},
    {"128.0.0.1", false, false, false},
    {"126.255.255.255", false, false, false},
    {"::1", false, true, false},
    {"::2", false, false, false},
    {"::ffff:127.9.9.9", false, true, false},
    {"169.254.169.254", false, false, true},
    {"::ffff:169.254.1.1", false, false, true},
    {"169.255.0.1", false, false, false},
    {"fe80::1", false, false, true},
    {"febf::1", false, false, true},
    {"fec0::1", false, false, false},
    {"2001:db8::1", false, false, false},
};

START_TEST(test_kind)
{
    struct netaddr a = ip(kinds[_i].text, 1);

    ck_assert_msg(netaddr_is_any(&a) == kinds[_i].any, "%s", kinds[_i].text);
    ck_assert_msg(netaddr_is_loopback(&a) == kinds[_i].loopback, "%s", kinds[_i].text);
    ck_assert_msg(netaddr_is_link_local(&a) == kinds[_i].link_local, "%s",
                  kinds[_i].text);
}
END_TEST

static const struct {
    const char *block;
    const char *address;
    bool within;
} blocks[] = {
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"10.99.99.99/8", "10.1.1.1", true},
    {"10.0.0.0/8", "::ffff:10.1.1.1", true},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.7", "192.0.2.7", true},
    {"192.0.2.7", "192.0.2.6", false},
    {"0.0.0.0/0", "1.2.3.4", true},
    {"0.0.0.0/0", "::1", false},
    {"::/0", "1.2.3.4", false},
    {"::/0", "::ffff:1.2.3.4", false},
    {"::/0", "2001:db8::1", true},
    {"fd00::/8", "fd12::1", true},
    {"fd00::/8", "fe00::1", false},
    {"::1", "::1", true},
    {"::ffff:10.0.0.0/104", "10.1.2.3", true},
    {"::ffff:10.0.0.0/104", "11.1.2.3", false},
    {"2001:db8::/127", "2001:db8::1", true},
    {"2001:db8::/127", "2001:db8::2", false},
};

START_TEST(test_block)
{
    struct netblock block;
    struct netaddr a = ip(blocks[_i].address, 1);

    ck_assert_msg(netblock_parse(&block, span_of(blocks[_i].block)), "%s",
                  blocks[_i].block);
    ck_assert_msg(netblock_contains(&block, &a) == blocks[_i].within, "%s in %s",
                  blocks[_i].address, blocks[_i].block);
}
END_TEST

static const char *const bad_blocks[] = {
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "::/129",
    "[::1]/128",
    "fe80::%1/64",
    "host/8",
    "10.0.0.0/ 8",
    "10.0.0.0/0x8",
    "10.0.0.0/18446744073709551624",
};

START_TEST(test_bad_block)
{
    struct netblock block;

    ck_assert_msg(!netblock_parse(&block, span_of(bad_blocks[_i])), "%s",
                  bad_blocks[_i]);
}
END_TEST

START_TEST(test_block_bits_cleared)
{
    struct netblock block;
    static const uint8_t want[16] = {10, 224};

    ck_assert(netblock_parse(&block, SPAN("10.255.3.4/11")));
    ck_assert_uint_eq(block.bits, 11);
    ck_assert_mem_eq(block.bytes, want, sizeof(want));
}
END_TEST

START_TEST(test_block_unix)
{
    struct netblock block;
    struct netaddr a;

    ck_assert(netaddr_from_path(&a, SPAN("/x")));
    ck_assert(netblock_parse(&block, SPAN("0.0.0.0/0")));
    ck_assert(!netblock_contains(&block, &a));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("netaddr");
    TCase *tcase = tcase_create("netaddr");

    tcase_add_loop_test(tcase, test_literal, 0, COUNT(literals));
    tcase_add_test(tcase, test_literal_nul);
    tcase_add_test(tcase, test_format_ip);
    tcase_add_test(tcase, test_unix);
    tcase_add_test(tcase, test_unix_abstract);
    tcase_add_test(tcase, test_from_sockaddr);
    tcase_add_loop_test(tcase, test_same, 0, COUNT(pairs));
    tcase_add_loop_test(tcase, test_kind, 0, COUNT(kinds));
    tcase_add_loop_test(tcase, test_block, 0, COUNT(blocks));
    tcase_add_loop_test(tcase, test_bad_block, 0, COUNT(bad_blocks));
    tcase_add_test(tcase, test_block_bits_cleared);
    tcase_add_test(tcase, test_block_unix);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
