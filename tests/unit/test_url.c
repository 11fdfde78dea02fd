/*
 * test_url: splitting of URLs and authorities.
 */
#include "base/url.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define ck_span(got, want)                                                             \
    ck_assert_msg(span_equal((got), span_of(want)), "got \"%.*s\", want \"%s\"",       \
                  SPAN_ARG(got), (want))

static const struct {
    const char *text;
    const char *scheme, *userinfo, *host, *path_query;
    uint16_t port;
    bool has_userinfo, ipv6, has_port;
} good[] = {
    {"http://example.com", "http", "", "example.com", "", 80, false, false, false},
    {"http://example.com/", "http", "", "example.com", "/", 80, false, false, false},
    {"HTTPS://Example.COM", "HTTPS", "", "Example.COM", "", 443, false, false, false},
    {"http://h:8080/a?b#c", "http", "", "h", "/a?b", 8080, false, false, true},
    {"http://h?q=/@:#", "http", "", "h", "?q=/@:", 80, false, false, false},
    {"http://h#/frag", "http", "", "h", "", 80, false, false, false},
    {"http://h:/", "http", "", "h", "/", 80, false, false, false},
    {"http://u:p%40w@h:1", "http", "u:p%40w", "h", "", 1, true, false, true},
    {"http://@h", "http", "", "h", "", 80, true, false, false},
    {"http://CORP%5Calice:x@h", "http", "CORP%5Calice:x", "h", "", 80, true, false,
     false},
    {"http://[::1]:3128/x", "http", "", "::1", "/x", 3128, false, true, true},
    {"http://[fe80::1%25eth0]", "http", "", "fe80::1%25eth0", "", 80, false, true,
     false},
    {"http://[::ffff:1.2.3.4]/", "http", "", "::ffff:1.2.3.4", "/", 80, false, true,
     false},
    {"socks5h://h", "socks5h", "", "h", "", 1080, false, false, false},
    {"ftp://h", "ftp", "", "h", "", 0, false, false, false},
    {"http://a_b-c.d.:65535", "http", "", "a_b-c.d.", "", 65535, false, false, true},
    {"http://h/%zz[]{}|\"<>^`", "http", "", "h", "/%zz[]{}|\"<>^`", 80, false, false,
     false},
    {"http://h/http://x@y:0/", "http", "", "h", "/http://x@y:0/", 80, false, false,
     false},
};

START_TEST(test_good)
{
    struct url url;
    const char *wrong = url_parse(&url, span_of(good[_i].text));

    ck_assert_msg(wrong == NULL, "%s: %s", good[_i].text, wrong);
    ck_span(url.scheme, good[_i].scheme);
    ck_span(url.userinfo, good[_i].userinfo);
    ck_span(url.host, good[_i].host);
    ck_span(url.path_query, good[_i].path_query);
    ck_assert_uint_eq(url.port, good[_i].port);
    ck_assert(url.has_userinfo == good[_i].has_userinfo);
    ck_assert(url.host_is_ipv6 == good[_i].ipv6);
    ck_assert(url.has_port == good[_i].has_port);
}
END_TEST

/* A URL and a word of the complaint. */
static const struct {
    const char *text;
    const char *word;
} bad[] = {
    {"", "empty"},
    {"example.com", "scheme"},
    {"example.com:8080", "scheme"},
    {"//example.com/", "scheme"},
    {"1http://h", "scheme"},
    {"ht_tp://h", "scheme"},
    {"://h", "scheme"},
    {"http:/h", "slash"},
    {"http:h", "scheme"},
    {"http://", "no host"},
    {"http:///x", "no host"},
    {"http://:80/", "no host"},
    {"http://u@/", "no host"},
    {"http://u@:80", "no host"},
    {"http://h:0/", "1 to 65535"},
    {"http://h:65536/", "1 to 65535"},
    {"http://h:99999999999999999999/", "1 to 65535"},
    {"http://h:+80/", "number"},
    {"http://h:8o/", "number"},
    {"http://h:80:80/", "colon"},
    {"http://::1/", "colon"},
    {"http://[::1/", "']'"},
    {"http://[::1]80/", "between"},
    {"http://[1.2.3.4]/", "IPv6"},
    {"http://[]/", "IPv6"},
    {"http://[v1.x]/", "IPv6"},
    {"http://[fe80::1%]/", "IPv6"},
    {"http://[fe80::1%a/b]/", "']'"},
    {"http://[::1%a:b]/", "IPv6"},
    {"http://a@b@c/", "'@'"},
    {"http://a%4@c/", "%XX"},
    {"http://a%zz@c/", "%XX"},
    {"http://a[b@c/", "%XX"},
    {"http://a..b/", "host name"},
    {"http://.a/", "host name"},
    {"http://./", "host name"},
    {"http://a%41/", "host name"},
    {"http://a,b/", "host name"},
    {"http://a*/", "host name"},
    {"http://h /", "blank"},
    {"http://h/a b", "blank"},
    {" http://h", "blank"},
    {"http://h/\r\nx", "control"},
    {"http://h/\x7f", "control"},
    {"http://h/\x01", "control"},
    {"http://h\\x/", "backslash"},
    {"http://h/\\", "backslash"},
    {"http://h/\xc3\xa4", "ASCII"},
};

START_TEST(test_bad)
{
    struct url url;
    const char *wrong = url_parse(&url, span_of(bad[_i].text));

    ck_assert_msg(wrong != NULL, "%s was taken", bad[_i].text);
    ck_assert_msg(strstr(wrong, bad[_i].word) != NULL, "%s: %s", bad[_i].text, wrong);
}
END_TEST

START_TEST(test_nul)
{
    struct url url;

    ck_assert_ptr_nonnull(url_parse(&url, SPAN("http://h\0x/")));
    ck_assert_ptr_nonnull(url_parse(&url, SPAN("http://h/\0")));
}
END_TEST

START_TEST(test_host_length)
{
    char name[256];

    memset(name, 'a', sizeof(name));
    ck_assert(url_host_valid((struct span){name, 255}, false));
    ck_assert(!url_host_valid((struct span){name, 256}, false));
    ck_assert(!url_host_valid(SPAN("::1"), false));
    ck_assert(url_host_valid(SPAN("::1"), true));
    ck_assert(!url_host_valid(SPAN("host"), true));
    ck_assert(!url_host_valid(SPAN(""), false));
}
END_TEST

static const struct {
    const char *text;
    const char *host; /* NULL: refused */
    uint16_t port;
    bool ipv6;
} authorities[] = {
    {"example.com:443", "example.com", 443, false},
    {"192.0.2.1:1", "192.0.2.1", 1, false},
    {"[::1]:65535", "::1", 65535, true},
    {"h:00443", "h", 443, false},
    {"example.com", NULL, 0, false},
    {"example.com:", NULL, 0, false},
    {"example.com:0", NULL, 0, false},
    {"example.com:65536", NULL, 0, false},
    {"example.com:-1", NULL, 0, false},
    {"example.com:443/", NULL, 0, false},
    {"http://example.com:443", NULL, 0, false},
    {"u@example.com:443", NULL, 0, false},
    {"::1:443", NULL, 0, false},
    {"[::1]", NULL, 0, false},
    {"[::1]:", NULL, 0, false},
    {"[::1", NULL, 0, false},
    {"[::1]x:1", NULL, 0, false},
    {":443", NULL, 0, false},
    {":", NULL, 0, false},
    {"", NULL, 0, false},
    {"a b:443", NULL, 0, false},
    {"a\t:443", NULL, 0, false},
};

START_TEST(test_authority)
{
    struct span host;
    bool ipv6;
    uint16_t port;
    const char *wrong =
        authority_parse(span_of(authorities[_i].text), &host, &ipv6, &port);

    ck_assert_msg((wrong == NULL) == (authorities[_i].host != NULL), "%s: %s",
                  authorities[_i].text, wrong == NULL ? "taken" : wrong);
    if (wrong != NULL)
        return;
    ck_span(host, authorities[_i].host);
    ck_assert_uint_eq(port, authorities[_i].port);
    ck_assert(ipv6 == authorities[_i].ipv6);
}
END_TEST

START_TEST(test_percent_decode)
{
    char out[16];

    ck_assert_int_eq(url_percent_decode(SPAN("a%20%c3%A4+"), out), 5);
    ck_assert_mem_eq(out, "a \xc3\xa4+", 5);
    ck_assert_int_eq(url_percent_decode(SPAN(""), out), 0);
    ck_assert_int_eq(url_percent_decode(SPAN("%00"), out), 1);
    ck_assert_int_eq(out[0], '\0');
    ck_assert_int_eq(url_percent_decode(SPAN("%"), out), -EINVAL);
    ck_assert_int_eq(url_percent_decode(SPAN("a%4"), out), -EINVAL);
    ck_assert_int_eq(url_percent_decode(SPAN("%4g"), out), -EINVAL);
    ck_assert_int_eq(url_percent_decode((struct span){"%41", 2}, out), -EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tcase = tcase_create("url");

    tcase_add_loop_test(tcase, test_good, 0, COUNT(good));
    tcase_add_loop_test(tcase, test_bad, 0, COUNT(bad));
    tcase_add_test(tcase, test_nul);
    tcase_add_test(tcase, test_host_length);
    tcase_add_loop_test(tcase, test_authority, 0, COUNT(authorities));
    tcase_add_test(tcase, test_percent_decode);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
