/*
 * test_pac_helpers: the parts of ccgate-pac that know no engine. What scripts see of
 * them is in tests/pac/cases.txt; here stand their limits.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "pac/glob.h"
#include "pac/heap.h"
#include "pac/helpers_net.h"
#include "pac/helpers_time.h"
#include "pac/newer.h"
#include "pac/punycode.h"
#include "suite.h"

static void ck_buf(struct buf *b, const char *want)
{
    struct span got = buf_span(b);

    ck_assert_msg(span_equal(got, span_of(want)), "got \"%.*s\", want \"%s\"",
                  SPAN_ARG(got), want);
    buf_reset(b);
}

/* Steps grow with the product of the lengths, not with a power: this ends at once. */
START_TEST(test_glob_is_bounded)
{
    static char text[20000];
    static char pattern[4001];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[4000] = 'b';
    ck_assert_int_eq(glob_match((struct span){text, sizeof(text)},
                                (struct span){pattern, sizeof(pattern)}),
                     GLOB_NO);
    ck_assert_int_eq(glob_match((struct span){text, sizeof(text)},
                                (struct span){pattern, sizeof(pattern) - 1}),
                     GLOB_YES);
}
END_TEST

START_TEST(test_glob_regexp)
{
    struct buf out;

    buf_init(&out, 64);
    ck_assert_int_eq(glob_match(SPAN("a"), SPAN("a|b")), GLOB_REGEXP);
    ck_assert_int_eq(glob_match(SPAN("\xc3\xbc"), SPAN("?")), GLOB_REGEXP);
    ck_assert_int_eq(glob_match(SPAN("a\nb"), SPAN("a*")), GLOB_REGEXP);
    ck_assert_int_eq(glob_regexp(SPAN("(*.a?|b)"), &out), 0);
    ck_buf(&out, "^(.*\\.a.|b)$");
    out.ceiling = 4;
    ck_assert_int_eq(glob_regexp(SPAN("abcdef"), &out), -EMSGSIZE);
    buf_clear(&out);
}
END_TEST

START_TEST(test_numbers)
{
    static const struct {
        const char *text;
        double number, integer;
    } table[] = {
        {"", 0, NAN},        {"  12\n", 12, 12}, {"12x", NAN, 12},
        {"0x1F", 31, 31},    {"0x", NAN, NAN},   {"-3.7", -3.7, -3},
        {"+5", 5, 5},        {"1e3", 1000, 1},   {"Infinity", INFINITY, NAN},
        {"nan", NAN, NAN},   {"inf", NAN, NAN},  {"0x1p3", NAN, 1},
        {"-0x10", NAN, -16}, {"1 2", NAN, 1},    {".5", 0.5, NAN},
        {"-", NAN, NAN},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct value v = VALUE_OF_TEXT(span_of(table[i].text));
        double number = value_number(&v);
        double integer = value_integer(&v);

        ck_assert_msg(number == table[i].number ||
                          (isnan(number) && isnan(table[i].number)),
                      "Number(\"%s\") is %g", table[i].text, number);
        ck_assert_msg(integer == table[i].integer ||
                          (isnan(integer) && isnan(table[i].integer)),
                      "parseInt(\"%s\") is %g", table[i].text, integer);
    }
    ck_assert_double_eq(value_integer(&VALUE_OF_NUMBER(31.9)), 31);
    ck_assert_double_eq(value_integer(&VALUE_OF_NUMBER(5e-7)), 5);
    ck_assert(isnan(value_integer(&VALUE_OF_NUMBER(1e21 * 1e300))));
    ck_assert(isnan(value_integer(&VALUE_OF_BOOL(true))));
}
END_TEST

/* ---- dates ---- */

static long fixed_zone(void *ctx, int64_t utc)
{
    (void)utc;
    return *(const long *)ctx;
}

static bool date_range(double ms, size_t count, const struct value *args)
{
    long offset = 0;
    struct jsclock clock = {.now_ms = ms, .offset = fixed_zone, .ctx = &offset};

    return helper_date_range(&clock, args, count);
}

/* Each day of 2026, at noon, against what the browsers' script gave. */
START_TEST(test_date_range_year)
{
    const struct value late[] = {VALUE_OF_NUMBER(24), VALUE_OF_TEXT(SPAN("DEC"))};
    const struct value dated[] = {VALUE_OF_NUMBER(24), VALUE_OF_TEXT(SPAN("DEC")),
                                  VALUE_OF_NUMBER(2026)};
    const struct value winter[] = {VALUE_OF_TEXT(SPAN("NOV")),
                                   VALUE_OF_TEXT(SPAN("FEB"))};
    const struct value wraps[] = {VALUE_OF_NUMBER(20), VALUE_OF_NUMBER(5)};
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    double ms = 1767225600000.0 + 43200000; /* 1 January, noon */

    for (int month = 0; month < 12; month++) {
        for (int day = 1; day <= days[month]; day++, ms += 86400000) {
            ck_assert_int_eq(date_range(ms, 2, late), day >= 24);
            ck_assert_int_eq(date_range(ms, 3, dated), month > 0 || day >= 24);
            ck_assert_int_eq(date_range(ms, 2, winter),
                             month >= 10 || month <= 1 || (month == 2 && day <= 3));
            ck_assert_int_eq(date_range(ms, 2, wraps), day >= 20 || day <= 5);
        }
    }
}
END_TEST

START_TEST(test_dates)
{
    long offset = -5400;
    struct jsclock clock = {.offset = fixed_zone, .ctx = &offset};
    double date = jsdate_make(&clock, (const double[6]){2024, 1, 29, 23, 59, 58});

    ck_assert_double_eq(date, 1709256598000.0);
    ck_assert_double_eq(jsdate_get(&clock, date, JS_DATE, false), 29);
    ck_assert_double_eq(jsdate_get(&clock, date, JS_DATE, true), 1);
    ck_assert_double_eq(jsdate_get(&clock, date, JS_DAY, true), 5);
    date = jsdate_set(&clock, date, JS_YEAR, 2025); /* no 29 February there */
    ck_assert_double_eq(jsdate_get(&clock, date, JS_MONTH, false), 2);
    date = jsdate_set(&clock, date, JS_MONTH, -1);
    ck_assert_double_eq(jsdate_get(&clock, date, JS_YEAR, false), 2024);
    ck_assert(isnan(jsdate_set(&clock, date, JS_HOURS, NAN)));
    ck_assert(isnan(jsdate_set(&clock, NAN, JS_HOURS, 1)));
    ck_assert(!isnan(jsdate_set(&clock, NAN, JS_YEAR, 2026)));
    ck_assert(isnan(jsdate_set(&clock, date, JS_YEAR, 1e300)));
    ck_assert(isnan(jsdate_set(&clock, date, JS_DATE, 1e12)));
    ck_assert_double_eq(jsdate_get(&clock, -1, JS_YEAR, true), 1969);
    ck_assert_double_eq(jsdate_get(&clock, -86400000.0 * 5, JS_DAY, true), 6);
}
END_TEST

/* ---- addresses and names ---- */

START_TEST(test_sort_limits)
{
    struct buf out;

    buf_init(&out, 16);
    ck_assert_int_eq(helper_sort_ip_list(SPAN("::1;10.0.0.10;10.0.0.1"), &out),
                     -EMSGSIZE);
    buf_reset(&out);
    ck_assert_int_eq(helper_sort_ip_list(SPAN("a\0b"), &out), -EINVAL);
    ck_assert_int_eq(helper_sort_ip_list(SPAN("fe80::1%1"), &out), -EINVAL);
    ck_assert_int_eq(helper_sort_ip_list(SPAN("[::1]"), &out), -EINVAL);
    ck_assert_int_eq(helper_ip_version(SPAN("1.2.3")), 0);
    buf_clear(&out);
}
END_TEST

/* The samples of RFC 3492 section 7.1 that are lower case, and our limits. */
START_TEST(test_punycode)
{
    struct buf out;

    buf_init(&out, 256);
    ck_assert_int_eq(punycode_name(SPAN("Www.Example"), &out), 0);
    ck_buf(&out, "www.example");
    ck_assert_int_eq(punycode_name(SPAN("b\xc3\xbc"
                                        "cher.m\xc3\xbcnchen"),
                                   &out),
                     0);
    ck_buf(&out, "xn--bcher-kva.xn--mnchen-3ya");
    ck_assert_int_eq(
        punycode_name(
            SPAN("\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88"
                 "\xe4\xb8\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87"),
            &out),
        0);
    ck_buf(&out, "xn--ihqwcrb4cv8a8dqg056pqjye");
    ck_assert_int_eq(punycode_name(SPAN("a\xe3\x80\x82"
                                        "b"),
                                   &out),
                     0);
    ck_buf(&out, "a.b");
    ck_assert_int_eq(punycode_name(SPAN("\xff"), &out), -EINVAL);
    ck_assert_int_eq(punycode_name(SPAN("\xc0\x80"), &out), -EINVAL);
    ck_assert_int_eq(punycode_name(SPAN("\xed\xa0\x80"), &out), -EINVAL);
    ck_assert_int_eq(
        punycode_name(
            SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            &out),
        -EINVAL);
    buf_clear(&out);
}
END_TEST

/* ---- newer JavaScript ---- */

START_TEST(test_newer)
{
    static const struct {
        const char *script;
        const char *what; /* NULL: nothing */
        uint32_t line;
    } table[] = {
        {"var a = 1;\n\nlet b = 2;", "`let`", 3},
        {"var let = 1; x.let = 2; x = {let: 1};", NULL, 0},
        {"// let a\n/* class B {} */ 'let c'; \"`\"; /`=>/", NULL, 0},
        {"var f = function () {};\nvar g = (a) =>\n a;", "an arrow function", 2},
        {"var a = 1 / 2; var b = `x`;", "a template string", 1},
        {"var a = b / 2 / c; var d = /`/; e = `f`", "a template string", 1},
        {"return /[/`]/.test(x)", NULL, 0},
        {"class A {}", "`class`", 1},
        {"for (var a of b) {}", "`for (... of ...)`", 1},
        {"for (var i = (1 + 2); i; i++) {} of = 1; x of", NULL, 0},
        {"f(...a)", "`...` (spread)", 1},
        {"var a = b ?.5 : 1", NULL, 0},
        {"a?.b", "`?.`", 1},
        {"a \?\? b", "`\?\?`", 1},
        {"var {a} = b", "destructuring", 1},
        {"const [a] = b", "destructuring", 1},
        {"const a = b; a = {b: 1}", NULL, 0},
        {"function f(a, b = 1) {}", "a default of a parameter", 1},
        {"function f(a) { if (a == 1) b = 2; g(c = 3); }", NULL, 0},
        {"async function f() {}", "`async`", 1},
        {"function f() {}\nfunction* g() {}", "a generator (`function*`)", 2},
        {"var g = function * () {}", "a generator (`function*`)", 1},
        {"var a = b.function * c, d = function () {}", NULL, 0},
        {"\nvar a = 10n;", "a BigInt", 2},
        {"var a = 0x1Fn;", "a BigInt", 1},
        {"var a = 1_000;", "`_` in a number", 1},
        {"var a = 1.000_1;", "`_` in a number", 1},
        {"var a = 10, n = 0x1b + 0.5e3 + 017, a_1 = n1_0, $2n, b = a[10];", NULL, 0},
        {"\nvar a = /a/s;", "the flag `s` of a regular expression", 2},
        {"f(/[/]s/gu)", "the flag `u` of a regular expression", 1},
        {"/a/y", "the flag `y` of a regular expression", 1},
        {"/a/d", "the flag `d` of a regular expression", 1},
        {"/a/iv", "the flag `v` of a regular expression", 1},
        {"var a = /s/gim, b = c /a/s, d = e[1]/a/u, f = (g)/a/y;", NULL, 0},
        {"var a = /a\ns = 1", NULL, 0},
        {"'abc\\\nlet x'", NULL, 0},
        {"/* open", NULL, 0},
        {"'open", NULL, 0},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t line = 0;
        const char *what = newer_syntax(span_of(table[i].script), 0, &line);

        ck_assert_msg((what == NULL) == (table[i].what == NULL), "%s: %s",
                      table[i].script, what ? what : "nothing");
        if (what != NULL)
            ck_assert_str_eq(what, table[i].what);
        if (what != NULL)
            ck_assert_uint_eq(line, table[i].line);
    }
    ck_assert_ptr_null(newer_syntax(SPAN("a\nb\nlet c"), 2, &(uint32_t){0}));
    ck_assert_str_eq(newer_name(SPAN("ReferenceError: identifier 'Map' undefined")),
                     "`Map`");
    ck_assert_ptr_null(newer_name(SPAN("identifier 'map' undefined")));
    ck_assert_ptr_null(newer_name(SPAN("no quotes")));
}
END_TEST

START_TEST(test_heap)
{
    struct heap heap = {.ceiling = 1000};
    char *a = heap_alloc(&heap, 600);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(heap_alloc(&heap, 600));
    ck_assert(heap.refused);
    ck_assert_ptr_null(heap_alloc(&heap, SIZE_MAX));
    ck_assert_ptr_null(heap_resize(&heap, a, 1000));
    memset(a, 1, 600);
    a = heap_resize(&heap, a, 900);
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(a[599], 1);
    ck_assert_ptr_null(heap_resize(&heap, a, 0));
    ck_assert_uint_eq(heap.used, 0);
    heap_release(&heap, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_helpers");
    TCase *tcase = tcase_create("helpers");

    tcase_add_test(tcase, test_glob_is_bounded);
    tcase_add_test(tcase, test_glob_regexp);
    tcase_add_test(tcase, test_numbers);
    tcase_add_test(tcase, test_date_range_year);
    tcase_add_test(tcase, test_dates);
    tcase_add_test(tcase, test_sort_limits);
    tcase_add_test(tcase, test_punycode);
    tcase_add_test(tcase, test_newer);
    tcase_add_test(tcase, test_heap);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
