/*
 * test_buf: bytes that grow up to a ceiling.
 */
#include "base/buf.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define ck_content(b, want)                                                            \
    ck_assert_msg(span_equal(buf_span(b), span_of(want)), "got \"%.*s\", want \"%s\"", \
                  SPAN_ARG(buf_span(b)), (want))

START_TEST(test_empty)
{
    struct buf b;

    buf_init(&b, 10);
    ck_content(&b, "");
    ck_assert_ptr_null(b.data);
    ck_assert_uint_eq(buf_room(&b), 0);
    ck_assert_int_eq(buf_append(&b, "", 0), 0);
    ck_assert_ptr_null(b.data);
    buf_consume(&b, 0);
    buf_clear(&b);
}
END_TEST

START_TEST(test_append)
{
    struct buf b;

    buf_init(&b, 10);
    ck_assert_int_eq(buf_append(&b, "abc", 3), 0);
    ck_assert_int_eq(buf_append_text(&b, "def"), 0);
    ck_assert_int_eq(buf_append_span(&b, SPAN("ghij")), 0);
    ck_content(&b, "abcdefghij");
    ck_assert_uint_eq(buf_room(&b), 0);
    ck_assert_int_eq(buf_append(&b, "k", 1), -EMSGSIZE);
    ck_content(&b, "abcdefghij");
    buf_consume(&b, 4);
    ck_assert_int_eq(buf_append(&b, "01234", 5), -EMSGSIZE);
    ck_assert_int_eq(buf_append(&b, "0123", 4), 0);
    ck_content(&b, "efghij0123");
    buf_clear(&b);
    ck_content(&b, "");
    ck_assert_int_eq(buf_append(&b, "again", 5), 0);
    ck_content(&b, "again");
    buf_clear(&b);
}
END_TEST

START_TEST(test_ceiling_bounds_memory)
{
    struct buf b;

    buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(buf_append(&b, "x", 1), 0);
    ck_assert_int_eq(buf_append(&b, "x", 1), -EMSGSIZE);
    ck_assert_uint_le(b.capacity, 1000);
    ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), -EMSGSIZE);
    buf_clear(&b);
}
END_TEST

START_TEST(test_tail)
{
    struct buf b;

    buf_init(&b, 600);
    ck_assert_int_eq(buf_reserve(&b, 100), 0);
    ck_assert_uint_ge(buf_room(&b), 100);
    memset(buf_tail(&b), 'a', 100);
    buf_commit(&b, 100);
    ck_assert_uint_eq(buf_span(&b).len, 100);
    /* Room is made by sliding: the content stays, the memory does not grow. */
    ck_assert_int_eq(buf_append_text(&b, "end"), 0);
    buf_consume(&b, 100);
    size_t capacity = b.capacity;
    ck_assert_int_eq(buf_reserve(&b, capacity - 3), 0);
    ck_assert_uint_eq(b.capacity, capacity);
    ck_assert_uint_ge(buf_room(&b), capacity - 3);
    ck_content(&b, "end");
    buf_clear(&b);
}
END_TEST

START_TEST(test_reset)
{
    struct buf b;
    char *data;

    buf_init(&b, 100);
    ck_assert_int_eq(buf_append_text(&b, "abc"), 0);
    data = b.data;
    buf_reset(&b);
    ck_content(&b, "");
    ck_assert_int_eq(buf_append_text(&b, "de"), 0);
    ck_assert_ptr_eq(b.data, data);
    ck_content(&b, "de");
    buf_clear(&b);
}
END_TEST

START_TEST(test_printf)
{
    struct buf b;
    char expect[1001];

    memset(expect, ' ', 999);
    expect[999] = '7';
    expect[1000] = '\0';
    buf_init(&b, 1004);
    ck_assert_int_eq(buf_printf(&b, "%d%s", 12, "ab"), 0);
    ck_content(&b, "12ab");
    ck_assert_int_eq(buf_printf(&b, "%1000d", 7),
                     0); /* longer than any fixed scratch */
    ck_assert_uint_eq(buf_span(&b).len, 1004);
    ck_assert(span_equal(span_skip(buf_span(&b), 4), span_of(expect)));
    ck_assert_int_eq(buf_printf(&b, "x"), -EMSGSIZE);
    ck_assert_int_eq(buf_printf(&b, "%500d", 7), -EMSGSIZE);
    ck_assert_uint_eq(buf_span(&b).len, 1004);
    buf_clear(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tcase = tcase_create("buf");

    tcase_add_test(tcase, test_empty);
    tcase_add_test(tcase, test_append);
    tcase_add_test(tcase, test_ceiling_bounds_memory);
    tcase_add_test(tcase, test_tail);
    tcase_add_test(tcase, test_reset);
    tcase_add_test(tcase, test_printf);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
