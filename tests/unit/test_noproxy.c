/*
 * test_noproxy: bypass lists and the implicit bypass.
 */
#include "route/noproxy.h"

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    const char *host;
    bool local;
} hosts[] = {
    {"localhost", true},
    {"LocalHost", true},
    {"localhost.", true},
    {"a.localhost", true},
    {"a.b.LOCALHOST.", true},
    {"notlocalhost", false},
    {"localhost.corp.example", false},
    {"localhost1", false},
    {"", false},
    {".", false},
    {"example.com", false},

    {"127.0.0.1", true},
    {"127.255.255.254", true},
    {"127.0.0.1.", true},
    {"128.0.0.1", false},
    {"126.255.255.255", false},
    {"0.0.0.0", true},
    {"0.0.0.1", false},
    {"169.254.0.1", true},
    {"169.254.169.254", true},
    {"169.253.0.1", false},
    {"10.0.0.1", false},
    {"192.0.2.1", false},

    /* what inet_aton() and getaddrinfo() read as an address */
    {"127.1", true},
    {"127.0.1", true},
    {"0x7f.1", true},
    {"0X7F.0x0.0x0.0x1", true},
    {"0x7f000001", true},
    {"2130706433", true},
    {"0177.0.0.1", true},
    {"017700000001", true},
    {"00000000177.1", true},
    {"0", true},
    {"0x0", true},
    {"2851995649", true}, /* 169.254.0.1 */
    {"0xa9fe.1", false},
    {"10.1", false},
    {"134744072", false},
    {"127.0.0.1.example.com", false},
    {"127.0.0.256", false},
    {"127.0.0.1.1", false},
    {"127..1", false},
    {"1270.0.0.1", false},
    {"0x7g.1", false},
    {"x7f.1", false},
    {"7f.0.0.1", false},

    {"::1", true},
    {"0:0:0:0:0:0:0:1", true},
    {"::2", false},
    {"::", true},
    {"::ffff:127.0.0.1", true},
    {"::FFFF:7f00:1", true},
    {"::ffff:127.255.0.1", true},
    {"::ffff:128.0.0.1", false},
    {"::ffff:169.254.1.1", true},
    {"::ffff:0.0.0.0", true},
    {"::ffff:10.0.0.1", false},
    {"fe80::1", true},
    {"febf::1", true},
    {"fec0::1", false},
    {"fe80::1%nosuchzone0", true},
    {"2001:db8::1", false},
    {"2001:db8::127.0.0.1", false},
    {":::", false},
};

START_TEST(local)
{
    ck_assert_msg(noproxy_is_local(span_of(hosts[_i].host)) == hosts[_i].local, "%s",
                  hosts[_i].host);
}
END_TEST

START_TEST(only_the_span_is_read)
{
    char bytes[400];

    ck_assert(noproxy_is_local((struct span){"127.0.0.1x", 9}));
    ck_assert(noproxy_is_local((struct span){"::1x", 3}));
    ck_assert(!noproxy_is_local((struct span){"127.0.0.1\0x", 11}));
    ck_assert(!noproxy_is_local((struct span){NULL, 0}));
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = '0';
    ck_assert(!noproxy_is_local((struct span){bytes, sizeof(bytes)}));
}
END_TEST

static const struct {
    const char *value;
    const char *host;
    uint16_t port;
    const char *entry; /* the one that matches; NULL: none does */
} lists[] = {
    {"", "example.com", 443, NULL},
    {" , ,\t", "example.com", 443, NULL},
    {"example.com", "www.example.com", 443, "example.com"},
    {"a.test,.corp.example,10.0.0.0/8", "git.corp.example", 443, ".corp.example"},
    {"a.test, .corp.example, 10.0.0.0/8", "10.1.2.3", 443, "10.0.0.0/8"},
    {"a.test .corp.example\t10.0.0.0/8", "10.1.2.3", 443, "10.0.0.0/8"},
    {"a.test,.corp.example,10.0.0.0/8", "example.com", 443, NULL},
    {"example.com:80,example.com", "example.com", 443, "example.com"},
    {"example.com:80,example.com", "example.com", 80, "example.com:80"},
    {"*", "example.com", 443, "*"},
    /* what is no pattern is left out, and the counting goes on right */
    {"http://a.test,[::1,b_ d.test:0,c.test", "c.test", 443, "c.test"},
    {"http://a.test,,10.0.0.0/33,*.c.test", "x.c.test", 443, "*.c.test"},
    {"::1,[2001:db8::1]:443", "2001:db8::1", 443, "[2001:db8::1]:443"},
};

START_TEST(matches)
{
    struct span value = span_of(lists[_i].value);
    struct pattern *patterns;
    long count = noproxy_parse(value, &patterns);
    long index;

    ck_assert_int_ge(count, 0);
    index =
        noproxy_match(patterns, (size_t)count, span_of(lists[_i].host), lists[_i].port);
    ck_assert_int_eq(index >= 0, lists[_i].entry != NULL);
    if (index >= 0)
        ck_assert(
            span_equal(noproxy_text(value, (size_t)index), span_of(lists[_i].entry)));
    ck_assert_uint_eq(noproxy_text(value, (size_t)count).len, 0);
    noproxy_free(patterns, (size_t)count);
}
END_TEST

START_TEST(nothing)
{
    noproxy_free(NULL, 3);
    ck_assert_int_eq(noproxy_match(NULL, 0, SPAN("example.com"), 443), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noproxy");
    TCase *tcase = tcase_create("noproxy");

    tcase_add_loop_test(tcase, local, 0, COUNT(hosts));
    tcase_add_test(tcase, only_the_span_is_read);
    tcase_add_loop_test(tcase, matches, 0, COUNT(lists));
    tcase_add_test(tcase, nothing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
