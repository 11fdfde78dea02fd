/*
 * test_pattern: entries of a bypass list.
 */
#include "base/pattern.h"

#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    const char *entry;
    const char *host;
    uint16_t port;
    bool match;
} cases[] = {
    {"*", "example.com", 443, true},
    {"*", "::1", 0, true},
    {"*:443", "example.com", 443, true},
    {"*:443", "example.com", 80, false},

    {"example.com", "example.com", 443, true},
    {"example.com", "EXAMPLE.com", 443, true},
    {"Example.COM", "a.b.example.com", 443, true},
    {"example.com", "notexample.com", 443, false},
    {"example.com", "example.com.evil.test", 443, false},
    {"example.com", "com", 443, false},
    {"example.com", "example.com.", 443, true},
    {"example.com.", "www.example.com", 443, true},
    {"example.com.", "www.example.com.", 443, true},
    {" example.com\t", "example.com", 443, true},
    {".example.com", "example.com", 443, true},
    {".example.com", "www.example.com", 443, true},
    {".example.com", "notexample.com", 443, false},
    {"*.example.com", "www.example.com", 443, true},
    {"*.example.com", "a.www.example.com", 443, true},
    {"*.example.com", "example.com", 443, false},
    {"*.example.com", ".example.com", 443, false},
    {"*.example.com", "notexample.com", 443, false},
    {"*.example.com:8443", "www.example.com", 8443, true},
    {"*.example.com:8443", "www.example.com", 443, false},

    {"example.com:443", "example.com", 443, true},
    {"example.com:443", "www.example.com", 443, true},
    {"example.com:443", "example.com", 80, false},
    {"example.com:443", "example.com", 0, false},
    {".example.com:443", "www.example.com", 443, true},
    {"example.com", "example.com", 0, true},

    {"localhost", "localhost", 80, true},
    {"localhost", "LOCALHOST.", 80, true},
    {"localhost", "a.localhost", 80, true},
    {"localhost", "127.0.0.1", 80, false},

    {"192.0.2.1", "192.0.2.1", 80, true},
    {"192.0.2.1", "192.0.2.1.", 80, true},
    {"192.0.2.1.", "192.0.2.1", 80, true},
    {"192.0.2.1", "192.0.2.10", 80, false},
    {"192.0.2.1", "::ffff:192.0.2.1", 80, true},
    {"192.0.2.1", "x.192.0.2.1", 80, false},
    {"192.168.1.1:8080", "192.168.1.1", 8080, true},
    {"192.168.1.1:8080", "192.168.1.1", 80, false},
    {"10.0.0.0/8", "10.9.8.7", 80, true},
    {"10.0.0.0/8", "11.9.8.7", 80, false},
    {"10.0.0.0/8", "10.example.com", 80, false},
    {"10.0.0.0/8:443", "10.0.0.1", 443, true},
    {"10.0.0.0/8:443", "10.0.0.1", 80, false},
    {"127.*", "127.0.0.1", 80, true},
    {"127.*", "127.evil.test", 80, false},
    {"127.*", "128.0.0.1", 80, false},
    {"127.", "127.4.5.6", 80, true},
    {"10.1.*", "10.1.200.3", 80, true},
    {"10.1.*", "10.2.0.1", 80, false},
    {"10.1.*.*", "10.1.200.3", 80, true},
    {"10.1.2.*:80", "10.1.2.3", 80, true},
    {"10.1.2.*:80", "10.1.2.3", 81, false},
    {"10.1.2.*", "10.1.3.3", 80, false},

    {"::1", "::1", 80, true},
    {"::1", "0:0:0:0:0:0:0:1", 80, true},
    {"[::1]", "::1", 80, true},
    {"[::1]:80", "::1", 80, true},
    {"[::1]:80", "::1", 81, false},
    {"fd00::/8", "fd12:3456::1", 80, true},
    {"fd00::/8", "fe80::1", 80, false},
    {"[fd00::/8]:80", "fd00::1", 80, true},
    {"fe80::/10", "fe80::1%eth7", 80, true},

    {"<local>", "intranet", 80, true},
    {"<LOCAL>", "intranet.", 80, true},
    {"<local>", "intranet.corp", 80, false},
    {"<local>", "::1", 80, false},
    {"<local>:80", "intranet", 81, false},

    {"*example.com", "notexample.com", 80, true},
    {"*example.com", "example.com", 80, true},
    {"*example.com", "example.org", 80, false},
    {"api-*.Corp", "API-7.corp", 80, true},
    {"api-*.corp", "api.corp", 80, false},
    {"*.dev.*", "a.dev.corp", 80, true},
    {"*.dev.*", "dev.corp", 80, false},
    {"192.168.*.5", "192.168.77.5", 80, true},
    {"192.168.*.5", "192.168.77.6", 80, false},
    {"a*b*c", "axxbyyc", 80, true},
    {"a*b*c", "axxbyycd", 80, false},
    {"a*", "a", 80, true},

    /* Names are never taken for addresses, nor addresses for names. */
    {"2.1", "192.0.2.1", 80, false},
    {"*.2.1", "192.0.2.1", 80, false},
    {"*", "", 80, false},
};

START_TEST(test_match)
{
    struct pattern p;
    const char *wrong = pattern_parse(&p, span_of(cases[_i].entry));

    ck_assert_msg(wrong == NULL, "%s: %s", cases[_i].entry, wrong);
    ck_assert_msg(
        pattern_match(&p, span_of(cases[_i].host), cases[_i].port) == cases[_i].match,
        "%s against %s:%u", cases[_i].entry, cases[_i].host, (unsigned)cases[_i].port);
    pattern_clear(&p);
}
END_TEST

static const struct {
    const char *entry;
    enum pattern_kind kind;
    const char *name;
} kinds[] = {
    {"*", PATTERN_ANY, NULL},
    {"LocalHost", PATTERN_DOMAIN, "localhost"},
    {".Example.com.", PATTERN_DOMAIN, "example.com"},
    {"*.Example.com.", PATTERN_SUBDOMAIN, "example.com"},
    {"127.*", PATTERN_NETWORK, NULL},
    {"*.a*", PATTERN_GLOB, "*.a*"},
    {"<local>", PATTERN_LOCAL, NULL},
};

START_TEST(test_kind)
{
    struct pattern p;

    ck_assert_ptr_null(pattern_parse(&p, span_of(kinds[_i].entry)));
    ck_assert_int_eq(p.kind, kinds[_i].kind);
    if (kinds[_i].name == NULL)
        ck_assert_ptr_null(p.name);
    else
        ck_assert_str_eq(p.name, kinds[_i].name);
    pattern_clear(&p);
    ck_assert_ptr_null(p.name);
}
END_TEST

static const struct {
    const char *entry;
    const char *word;
} bad[] = {
    {"", "empty"},
    {" \t", "empty"},
    {".", "no host"},
    {"..", "no host"},
    {":443", "no host"},
    {"[]:443", "no host"},
    {"http://example.com", "URL"},
    {"example.com:", "port"},
    {"example.com:0", "port"},
    {"example.com:65536", "port"},
    {"example.com:https", "port"},
    {"[::1", "']'"},
    {"[::1]80", "between"},
    {"[10.0.0.1]", "IPv6"},
    {"[host]", "address"},
    {"10.0.0.0/33", "network"},
    {"example.com/8", "network"},
    {"::g:1", "address"},
    {"a..b", "host name"},
    {"a b", "host name"},
    {"*.a b", "host name"},
    {"a*;b", "host name"},
    {"m\xc3\xbcller.test", "host name"},
    {"<remote>", "host name"},
    {"user@host", "host name"},
};

START_TEST(test_bad)
{
    struct pattern p;
    const char *wrong = pattern_parse(&p, span_of(bad[_i].entry));

    ck_assert_msg(wrong != NULL, "%s was taken", bad[_i].entry);
    ck_assert_msg(strstr(wrong, bad[_i].word) != NULL, "%s: %s", bad[_i].entry, wrong);
    ck_assert_ptr_null(p.name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tcase = tcase_create("pattern");

    tcase_add_loop_test(tcase, test_match, 0, COUNT(cases));
    tcase_add_loop_test(tcase, test_kind, 0, COUNT(kinds));
    tcase_add_loop_test(tcase, test_bad, 0, COUNT(bad));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
