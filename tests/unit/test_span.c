/*
 * test_span: views of bytes.
 */
#include "base/span.h"

#include <limits.h>
#include <string.h>

#include "suite.h"

#define ck_span(got, want)                                                             \
    ck_assert_msg(span_equal((got), span_of(want)), "got \"%.*s\", want \"%s\"",       \
                  SPAN_ARG(got), (want))

START_TEST(test_equal)
{
    ck_assert(span_equal(SPAN("abc"), SPAN("abc")));
    ck_assert(!span_equal(SPAN("abc"), SPAN("abC")));
    ck_assert(!span_equal(SPAN("abc"), SPAN("ab")));
    ck_assert(span_equal(span_of(NULL), SPAN("")));
    ck_assert(span_equal_nocase(SPAN("HoSt-1"), SPAN("hOsT-1")));
    /* Only letters fold: '@' and '`', '[' and '{' differ by the same bit. */
    ck_assert(!span_equal_nocase(SPAN("@["), SPAN("`{")));
    ck_assert(!span_equal_nocase(SPAN("\xc4"), SPAN("\xe4")));
}
END_TEST

START_TEST(test_starts_ends)
{
    ck_assert(span_starts(SPAN("http://x"), SPAN("http")));
    ck_assert(!span_starts(SPAN("HTTP://x"), SPAN("http")));
    ck_assert(!span_starts(SPAN("ht"), SPAN("http")));
    ck_assert(span_starts(SPAN("x"), SPAN("")));
    ck_assert(span_starts_nocase(SPAN("HTTP://x"), SPAN("http")));
    ck_assert(!span_starts_nocase(SPAN("HTT"), SPAN("http")));
    ck_assert(span_ends_nocase(SPAN("a.Example"), SPAN(".eXample")));
    ck_assert(!span_ends_nocase(SPAN("example"), SPAN(".example")));
    ck_assert(!span_ends_nocase(SPAN("a.example2"), SPAN(".example")));
}
END_TEST

START_TEST(test_trim_skip_find)
{
    ck_span(span_trim(SPAN(" \t a b\t ")), "a b");
    ck_span(span_trim(SPAN(" \t ")), "");
    ck_span(span_trim(SPAN("\r\n")), "\r\n");
    ck_span(span_strip(SPAN("\r\n\v a\tb\f\t ")), "a\tb");
    ck_span(span_strip(SPAN("\r\n")), "");
    ck_span(span_strip(SPAN("\xa0 \b")), "\xa0 \b");
    ck_span(span_skip(SPAN("abc"), 1), "bc");
    ck_span(span_skip(SPAN("abc"), 9), "");
    ck_assert_uint_eq(span_skip(span_of(NULL), 3).len, 0);
    ck_assert_uint_eq(span_find(SPAN("abcb"), 'b'), 1);
    ck_assert_uint_eq(span_find(SPAN("abc"), 'x'), 3);
    ck_assert_uint_eq(span_find(span_of(NULL), 'x'), 0);
}
END_TEST

START_TEST(test_next)
{
    struct span rest = SPAN("a, b,,c");
    struct span item;

    ck_assert(span_next(&rest, ", ", &item));
    ck_span(item, "a");
    ck_assert(span_next(&rest, ", ", &item));
    ck_span(item, "");
    ck_assert(span_next(&rest, ", ", &item));
    ck_span(item, "b");
    ck_assert(span_next(&rest, ", ", &item));
    ck_span(item, "");
    ck_assert(span_next(&rest, ", ", &item));
    ck_span(item, "c");
    ck_assert(!span_next(&rest, ", ", &item));

    /* A NUL is a byte like any other, not the end of the separators. */
    rest = SPAN("a\0b,c");
    ck_assert(span_next(&rest, ",", &item));
    ck_assert_uint_eq(item.len, 3);
}
END_TEST

static const struct {
    const char *text;
    bool ok;
    uint64_t value;
} numbers[] = {
    {"0", true, 0},
    {"007", true, 7},
    {"18446744073709551615", true, UINT64_MAX},
    {"18446744073709551616", false, 0},
    {"18446744073709551620", false, 0},
    {"99999999999999999999999", false, 0},
    {"", false, 0},
    {"+1", false, 0},
    {"-1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"0x1", false, 0},
};

START_TEST(test_number)
{
    uint64_t value = 42;

    ck_assert_msg(span_to_u64(span_of(numbers[_i].text), &value) == numbers[_i].ok,
                  "%s", numbers[_i].text);
    ck_assert_uint_eq(value, numbers[_i].ok ? numbers[_i].value : 42);
}
END_TEST

START_TEST(test_dup)
{
    char *copy = span_dup((struct span){"abcdef", 3});

    ck_assert_str_eq(copy, "abc");
    free(copy);
    copy = span_dup(span_of(NULL));
    ck_assert_str_eq(copy, "");
    free(copy);
}
END_TEST

START_TEST(test_hex_digit)
{
    static const char digits[] = "0123456789abcdef";

    for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
        const char *at =
            c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

        ck_assert_int_eq(span_hex_digit((char)c), at == NULL ? -1 : (int)(at - digits));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("span");
    TCase *tcase = tcase_create("span");

    tcase_add_test(tcase, test_equal);
    tcase_add_test(tcase, test_starts_ends);
    tcase_add_test(tcase, test_trim_skip_find);
    tcase_add_test(tcase, test_hex_digit);
    tcase_add_test(tcase, test_next);
    tcase_add_loop_test(tcase, test_number, 0, sizeof(numbers) / sizeof(numbers[0]));
    tcase_add_test(tcase, test_dup);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
