/*
 * test_pac_result: what a PAC script says, entry by entry.
 */
#include "route/pac_result.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The entries as "TYPE host:port" with a '|' between them. */
static const struct {
    const char *result, *entries;
} cases[] = {
    {"DIRECT", "DIRECT"},
    {" direct ; ", "DIRECT"},
    {"PROXY wp1.corp:8080; DIRECT", "HTTP wp1.corp:8080|DIRECT"},
    {"proxy a;HTTPS b;SOCKS c;socks4 d;SOCKS5 e",
     "HTTP a:80|HTTPS b:443|SOCKS4 c:1080|SOCKS4 d:1080|SOCKS5 e:1080"},
    {"PROXY  \t a:1", "HTTP a:1"},
    {"\r\nPROXY a:1\r\n", "HTTP a:1"},
    {"PROXY [fd00::1]:3128; PROXY [fd00::2]", "HTTP fd00::1:3128|HTTP fd00::2:80"},
    /* what is dropped, while the rest stays */
    {"HTTP a:1; PROXY b:2", "HTTP b:2"},
    {"DIRECT x; PROXY b:2", "HTTP b:2"},
    {"PROXY; PROXY b:2", "HTTP b:2"},
    {"PROXY a:; PROXY a:0; PROXY a:99999; PROXY a:+1; PROXY a:1x", ""},
    {"PROXY u:p@a:1; PROXY u@a:1", ""},
    {"PROXY a b:1; PROXY a:1 b", ""},
    {"PROXY a\r\nX-Evil: 1; PROXY b", "HTTP b:80"},
    {"PROXY a\rb:1; PROXY a/b; PROXY fd00::1; PROXY [fd00::1; PROXY []; PROXY :1", ""},
    {"PROXY http://a:1", ""},
    {";;;", ""},
    {"", ""},
};

START_TEST(entries)
{
    static const char *const NAMES[] = {"DIRECT", "HTTP", "HTTPS", "SOCKS4", "SOCKS5"};
    struct span rest = span_of(cases[_i].result);
    struct pac_entry entry;
    char got[512] = "";
    size_t n = 0;

    while (pac_result_next(&rest, &entry)) {
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s", n > 0 ? "|" : "",
                              NAMES[entry.way]);
        if (entry.way != PAC_WAY_DIRECT)
            n += (size_t)snprintf(got + n, sizeof(got) - n, " %.*s:%u",
                                  SPAN_ARG(entry.host), (unsigned)entry.port);
    }
    ck_assert_str_eq(got, cases[_i].entries);
}
END_TEST

START_TEST(nothing_is_not_nonsense)
{
    ck_assert(pac_result_is_empty(SPAN("")));
    ck_assert(pac_result_is_empty(SPAN(" \t\n")));
    ck_assert(!pac_result_is_empty(SPAN("HTTP a:1")));
    ck_assert(!pac_result_is_empty(SPAN(";")));
}
END_TEST

START_TEST(nul_is_no_blank)
{
    struct span rest = SPAN("PROXY a\0b:1;PROXY\0a;DIRECT");
    struct pac_entry entry;

    ck_assert(pac_result_next(&rest, &entry));
    ck_assert_int_eq(entry.way, PAC_WAY_DIRECT);
    ck_assert(!pac_result_next(&rest, &entry));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_result");
    TCase *tcase = tcase_create("pac_result");

    tcase_add_loop_test(tcase, entries, 0, COUNT(cases));
    tcase_add_test(tcase, nothing_is_not_nonsense);
    tcase_add_test(tcase, nul_is_no_blank);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
