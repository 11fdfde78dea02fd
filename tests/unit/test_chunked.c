/*
 * test_chunked: the chunked coding read whole and byte by byte, and written.
 */
#include "http/chunked.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

enum { STRICT = 1, LENIENT = 2, BOTH = 3 };

struct read_case {
    unsigned modes; /* in which the result is as below; in the other one it is BAD */
    const char *bytes;
    size_t len;
    enum chunked_progress progress;
    const char *content;
    const char *trailers;
    size_t left_over;
};

#define CASE(modes, literal, ...)                                                      \
    {                                                                                  \
        modes, literal, sizeof(literal) - 1, __VA_ARGS__                               \
    }
#define END(content, trailers, left) CHUNKED_END, content, trailers, left
#define MORE(content)                CHUNKED_MORE, content, "", 0
#define BAD                          CHUNKED_BAD, NULL, NULL, 0

static const struct read_case CASES[] = {
    CASE(BOTH, "0\r\n\r\n", END("", "", 0)),
    CASE(BOTH, "5\r\nhello\r\n0\r\n\r\n", END("hello", "", 0)),
    CASE(BOTH, "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nHTTP", END("hello world", "", 4)),
    CASE(BOTH, "0005\r\nhello\r\n000\r\n\r\n", END("hello", "", 0)),
    CASE(BOTH, "a\r\n0123456789\r\n0\r\n\r\n", END("0123456789", "", 0)),
    CASE(BOTH, "A\r\n0123456789\r\n0\r\n\r\n", END("0123456789", "", 0)),
    CASE(BOTH, "5;a=b;c=\"d;e\x80\"\r\nhello\r\n0;x\r\n\r\n", END("hello", "", 0)),
    CASE(BOTH, "5;\t \r\nhello\r\n0\r\n\r\n", END("hello", "", 0)),
    CASE(BOTH, "2\r\n\r\n\r\n0\r\n\r\n", END("\r\n", "", 0)),
    CASE(BOTH, "0\r\nA: b\r\nC:d\r\n\r\nX", END("", "A: b\r\nC: d\r\n", 1)),
    CASE(BOTH,
         "0\r\nA: b\r\nContent-Length: 5\r\ntransfer-encoding: x\r\nHOST: c\r\n"
         "Authorization: d\r\nTrailer: e\r\nF: g\r\n\r\n",
         END("", "A: b\r\nF: g\r\n", 0)),
    CASE(BOTH, "0\r\nHost: c\r\n\r\n", END("", "", 0)),
    CASE(BOTH, "", MORE("")),
    CASE(BOTH, "5", MORE("")),
    CASE(BOTH, "5\r\nhel", MORE("hel")),
    CASE(BOTH, "5\r\nhello\r\n0\r\n\r", MORE("hello")),
    CASE(BOTH, "ffffffffffffffff\r\nx", MORE("x")),
    /* lenient only */
    CASE(LENIENT, "5\nhello\r\n0\n\n", END("hello", "", 0)),
    CASE(LENIENT, "5 \t\r\nhello\r\n0\r\n\r\n", END("hello", "", 0)),
    CASE(LENIENT, "5 ;a\nhello\r\n0 \r\n\r\n", END("hello", "", 0)),
    CASE(LENIENT, "0\r\nA: b\n\r\n", END("", "A: b\r\n", 0)),
    CASE(LENIENT, "0\r\nA: b\r\n\n", END("", "A: b\r\n", 0)),
    CASE(LENIENT, "0\r\n\n", END("", "", 0)),
    CASE(LENIENT, "0\r\nA : b\r\n c\r\n\r\n", END("", "A: b   c\r\n", 0)),
    CASE(LENIENT, "0\r\nHost: b\r\n c\r\n\r\n", END("", "", 0)),
    CASE(LENIENT, "0\r\nA: b\rX: c\r\n\r\n", END("", "A: b X: c\r\n", 0)),
    /* never */
    CASE(BOTH, "\r\n", BAD),
    CASE(BOTH, ";a\r\n", BAD),
    CASE(BOTH, "+5\r\nhello\r\n", BAD),
    CASE(BOTH, "-5\r\n", BAD),
    CASE(BOTH, " 5\r\nhello\r\n", BAD),
    CASE(BOTH, "0x5\r\nhello\r\n", BAD),
    CASE(BOTH, "5g\r\nhello\r\n", BAD),
    CASE(BOTH, "5 5\r\nhello\r\n", BAD),
    CASE(BOTH, "10000000000000000\r\n", BAD),
    CASE(BOTH, "fffffffffffffffff\r\n", BAD),
    CASE(BOTH, "5\rhello\r\n", BAD),
    CASE(BOTH, "5;a\rb\r\nhello\r\n", BAD),
    CASE(BOTH, "5;a\0\r\nhello\r\n", BAD),
    CASE(BOTH, "5;a\x7f\r\nhello\r\n", BAD),
    CASE(BOTH, "5\r\nhello0\r\n\r\n", BAD),
    CASE(BOTH, "5\r\nhello\n0\r\n\r\n", BAD),
    CASE(BOTH, "5\r\nhello\rX0\r\n\r\n", BAD),
    CASE(BOTH, "4\r\nhello\r\n0\r\n\r\n", BAD),
    CASE(BOTH, "0\r\n A: b\r\n\r\n", BAD),
    CASE(BOTH, "0\r\nA\r\n\r\n", BAD),
    CASE(BOTH, "0\r\nA: \0\r\n\r\n", BAD),
    CASE(BOTH, "0\r\nHost: \x01\r\n\r\n", BAD),
};

/* Reads all in steps of at most `step` bytes. */
static enum chunked_progress read_all(struct chunked *c, struct span text, size_t step,
                                      struct buf *content, size_t *left_over)
{
    enum chunked_progress progress = CHUNKED_MORE;

    while (progress == CHUNKED_MORE && text.len > 0) {
        struct span in = {text.at, text.len < step ? text.len : step}, data;
        size_t before = in.len;

        while ((progress = chunked_read(c, &in, &data)) == CHUNKED_DATA) {
            ck_assert_uint_gt(data.len, 0);
            ck_assert_int_eq(buf_append_span(content, data), 0);
        }
        if (progress == CHUNKED_MORE)
            ck_assert_uint_eq(in.len, 0);
        text = span_skip(text, before - in.len);
    }
    *left_over = text.len;
    return progress;
}

static void check_span(const struct buf *got, const char *want)
{
    ck_assert_msg(span_equal(buf_span(got), span_of(want)),
                  "got \"%.*s\", wanted \"%s\"", SPAN_ARG(buf_span(got)), want);
}

static void check_case(const struct read_case *want, bool strict, size_t step)
{
    bool bad =
        want->progress == CHUNKED_BAD || !(want->modes & (strict ? STRICT : LENIENT));
    enum chunked_progress got;
    struct chunked c;
    struct buf content;
    size_t left_over;

    chunked_init(&c, strict);
    buf_init(&content, 65536);
    got =
        read_all(&c, (struct span){want->bytes, want->len}, step, &content, &left_over);
    ck_assert_msg(got == (bad ? CHUNKED_BAD : want->progress), "%s: got %d, strict %d",
                  want->bytes, (int)got, strict);
    if (bad) {
        ck_assert_ptr_nonnull(c.error);
    } else {
        check_span(&content, want->content);
        ck_assert_uint_eq(left_over, want->left_over);
    }
    if (got == CHUNKED_END)
        check_span(&c.trailers, want->trailers);
    buf_clear(&content);
    chunked_clear(&c);
}

START_TEST(reading)
{
    const size_t steps[] = {1, 2, 3, 5, 1000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        check_case(&CASES[_i], true, steps[i]);
        check_case(&CASES[_i], false, steps[i]);
    }
}
END_TEST

/* prefix, n times `fill`, suffix */
static enum chunked_progress read_filled(const char *prefix, const char *fill, size_t n,
                                         const char *suffix, size_t step)
{
    struct buf text, content;
    struct chunked c;
    enum chunked_progress got;
    size_t left_over;

    buf_init(&text, 1024 * 1024);
    buf_init(&content, 65536);
    chunked_init(&c, true);
    ck_assert_int_eq(buf_append_text(&text, prefix), 0);
    while (n-- > 0)
        ck_assert_int_eq(buf_append_text(&text, fill), 0);
    ck_assert_int_eq(buf_append_text(&text, suffix), 0);
    got = read_all(&c, buf_span(&text), step, &content, &left_over);
    buf_clear(&text);
    buf_clear(&content);
    chunked_clear(&c);
    return got;
}

static const struct limit_case {
    const char *prefix, *fill;
    size_t n;
    const char *suffix;
    enum chunked_progress progress;
} LIMITS[] = {
    {"5;", "x", CHUNK_LINE_LIMIT - 4, "\r\nhello\r\n0\r\n\r\n", CHUNKED_END},
    {"5;", "x", CHUNK_LINE_LIMIT - 3, "\r\nhello\r\n0\r\n\r\n", CHUNKED_BAD},
    {"5;", "x", CHUNK_LINE_LIMIT, "", CHUNKED_BAD},
    {"", "0", CHUNK_LINE_LIMIT - 2, "\r\n\r\n", CHUNKED_END},
    {"", "0", CHUNK_LINE_LIMIT - 1, "\r\n\r\n", CHUNKED_BAD},
    {"0\r\nA:", "x", CHUNK_TRAILER_LIMIT - 6, "\r\n\r\n", CHUNKED_END},
    {"0\r\nA:", "x", CHUNK_TRAILER_LIMIT - 5, "\r\n\r\n", CHUNKED_BAD},
    {"0\r\nA:", "x", CHUNK_TRAILER_LIMIT, "", CHUNKED_BAD},
    {"0\r\n", "Host:a\r\n", CHUNK_TRAILER_LIMIT / 8, "", CHUNKED_MORE},
    {"0\r\n", "Host:a\r\n", CHUNK_TRAILER_LIMIT / 8 + 1, "", CHUNKED_BAD},
    {"0\r\n", "A:\r\n", 512, "\r\n", CHUNKED_END},
    {"0\r\n", "A:\r\n", 513, "\r\n", CHUNKED_BAD},
};

START_TEST(limits)
{
    const struct limit_case *want = &LIMITS[_i];
    const size_t steps[] = {1, 7, 1000000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        ck_assert_int_eq(
            read_filled(want->prefix, want->fill, want->n, want->suffix, steps[i]),
            want->progress);
    }
}
END_TEST

START_TEST(end_and_bad_stay)
{
    struct chunked c;
    struct span in = SPAN("0\r\n\r\nHTTP"), data;

    chunked_init(&c, true);
    ck_assert_int_eq(chunked_read(&c, &in, &data), CHUNKED_END);
    ck_assert_int_eq(chunked_read(&c, &in, &data), CHUNKED_END);
    ck_assert(span_equal(in, SPAN("HTTP")));
    chunked_clear(&c);
    chunked_init(&c, true);
    in = SPAN("x0\r\n\r\n");
    ck_assert_int_eq(chunked_read(&c, &in, &data), CHUNKED_BAD);
    ck_assert_int_eq(chunked_read(&c, &in, &data), CHUNKED_BAD);
    chunked_clear(&c);
}
END_TEST

START_TEST(content_is_a_view)
{
    struct chunked c;
    struct span in = SPAN("5\r\nhello"), data;
    const char *start = in.at;

    chunked_init(&c, true);
    ck_assert_int_eq(chunked_read(&c, &in, &data), CHUNKED_DATA);
    ck_assert_ptr_eq(data.at, start + 3);
    ck_assert_uint_eq(data.len, 5);
    chunked_clear(&c);
}
END_TEST

START_TEST(writing)
{
    static char big[4096 + 16];
    struct buf out;

    buf_init(&out, 16384);
    ck_assert_int_eq(chunked_write(&out, SPAN("")), 0);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(chunked_write(&out, SPAN("hello")), 0);
    ck_assert_int_eq(chunked_write(&out, SPAN("0123456789abcdef")), 0);
    ck_assert_int_eq(chunked_finish(&out, SPAN("A: b\r\n")), 0);
    check_span(&out, "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n");
    buf_reset(&out);
    ck_assert_int_eq(chunked_write(&out, (struct span){big, sizeof(big)}), 0);
    ck_assert(span_starts(buf_span(&out), SPAN("1010\r\n")));
    buf_clear(&out);
}
END_TEST

START_TEST(writing_fails_whole)
{
    struct buf out;

    buf_init(&out, 9);
    ck_assert_int_eq(chunked_write(&out, SPAN("hello")), -EMSGSIZE);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(chunked_finish(&out, SPAN("A: b\r\n")), -EMSGSIZE);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(chunked_finish(&out, SPAN("")), 0);
    check_span(&out, "0\r\n\r\n");
    buf_clear(&out);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("chunked");
    TCase *tcase = tcase_create("chunked");

    tcase_add_loop_test(tcase, reading, 0, COUNT(CASES));
    tcase_add_loop_test(tcase, limits, 0, COUNT(LIMITS));
    tcase_add_test(tcase, end_and_bad_stay);
    tcase_add_test(tcase, content_is_a_view);
    tcase_add_test(tcase, writing);
    tcase_add_test(tcase, writing_fails_whole);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
