/*
 * test_pac_url: requests as a PAC script is shown them.
 */
#include <check.h>
#include <stdlib.h>

#include "route/pac_url.h"
#include "suite.h"

static const struct url_case {
    bool secure;
    const char *host;
    uint16_t port;
    const char *path;
    const char *url;
    const char *shown_host;
} cases[] = {
    {true, "Example.COM", 443, "", "https://example.com/", "example.com"},
    {true, "example.com", 8443, "", "https://example.com:8443/", "example.com"},
    {true, "example.com", 80, "", "https://example.com:80/", "example.com"},
    {true, "example.com", 443, "/secret?q", "https://example.com/", "example.com"},
    {true, "2001:DB8::1", 443, "", "https://[2001:db8::1]/", "2001:db8::1"},
    {false, "example.com", 80, "/a/B?c=D", "http://example.com/a/B?c=D", "example.com"},
    {false, "example.com", 80, "", "http://example.com/", "example.com"},
    {false, "example.com", 80, "?q", "http://example.com/?q", "example.com"},
    {false, "example.com", 8080, "/", "http://example.com:8080/", "example.com"},
    {false, "::1", 8080, "/x", "http://[::1]:8080/x", "::1"},
};

START_TEST(test_shown)
{
    const struct url_case *c = &cases[_i];
    struct buf url, host;

    buf_init(&url, 4096);
    buf_init(&host, 4096);
    ck_assert_int_eq(
        pac_url_write(&url, c->secure, span_of(c->host), c->port, span_of(c->path)), 0);
    ck_assert_int_eq(pac_url_host(&host, span_of(c->host)), 0);
    ck_assert_msg(span_equal(buf_span(&url), span_of(c->url)), "\"%.*s\", not \"%s\"",
                  SPAN_ARG(buf_span(&url)), c->url);
    ck_assert(span_equal(buf_span(&host), span_of(c->shown_host)));
    buf_clear(&url);
    buf_clear(&host);
}
END_TEST

/* A path without end is cut, not refused. */
START_TEST(test_long)
{
    size_t len = PAC_URL_LIMIT + 100;
    char *path = malloc(len);
    struct buf url;

    ck_assert_ptr_nonnull(path);
    for (size_t i = 0; i < len; i++)
        path[i] = i == 0 ? '/' : 'x';
    buf_init(&url, 2 * (size_t)PAC_URL_LIMIT);
    ck_assert_int_eq(
        pac_url_write(&url, false, SPAN("a"), 80, (struct span){path, len}), 0);
    ck_assert_uint_eq(url.len, PAC_URL_LIMIT + sizeof("http://a") - 1);
    buf_clear(&url);
    free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_url");
    TCase *tcase = tcase_create("pac_url");

    tcase_add_loop_test(tcase, test_shown, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tcase, test_long);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
