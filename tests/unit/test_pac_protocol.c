/*
 * test_pac_protocol: messages between the daemon and ccgate-pac, whole and broken.
 */
#include "base/pac_protocol.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define ck_span(got, want) ck_assert(span_equal((got), (want)))

static struct buf out;

static void set_up(void)
{
    buf_init(&out, PAC_MESSAGE_LIMIT);
}

static void tear_down(void)
{
    buf_clear(&out);
}

static struct span body_of(const struct buf *b)
{
    struct span body = SPAN("");

    ck_assert_int_eq(wire_take(buf_span(b), PAC_MESSAGE_LIMIT, &body), (long)b->len);
    return body;
}

static const struct pac_ask question = {
    .type = PAC_FIND,
    .url = {"http://a/", 9},
    .host = {"a", 1},
    .now_ms = 1784118645123,
    .limit_ms = 5000,
    .trace = true,
    .my_ip = {"10.0.0.1", 8},
    .names = {{{"b", 1}, PAC_BOTH, {"::1", 3}}, {{"c", 1}, PAC_V4, {"", 0}}},
    .name_count = 2,
};

static const struct pac_answer reply = {
    .type = PAC_ERROR,
    .ns = 123456789012,
    .flags = PAC_USED_CLOCK | PAC_FULL_NAMES,
    .names_used = 0xfffff,
    .text = {"it threw", 8},
    .error = PAC_ERROR_THREW,
    .line = 17,
    .alerts = {"a\nb\n", 4},
};

START_TEST(test_round_trips)
{
    struct pac_hello hello = {SPAN("engine 1"), 31};
    struct pac_ask ask;
    struct pac_answer answer;

    ck_assert_int_eq(pac_put_hello(&out, &hello), 0);
    memset(&hello, 0, sizeof(hello));
    ck_assert(pac_get_hello(body_of(&out), &hello));
    ck_span(hello.engine, SPAN("engine 1"));
    ck_assert_uint_eq(hello.sandbox, 31);
    buf_reset(&out);

    ck_assert_int_eq(pac_put_ask(&out, &question), 0);
    ck_assert(pac_get_ask(body_of(&out), &ask));
    ck_assert_int_eq(ask.type, PAC_FIND);
    ck_span(ask.url, question.url);
    ck_assert_uint_eq(ask.now_ms, question.now_ms);
    ck_assert_uint_eq(ask.limit_ms, 5000);
    ck_assert(ask.trace);
    ck_assert_uint_eq(ask.name_count, 2);
    ck_assert_int_eq(ask.names[0].family, PAC_BOTH);
    ck_span(ask.names[0].addresses, SPAN("::1"));
    ck_span(ask.names[1].name, SPAN("c"));
    buf_reset(&out);

    ck_assert_int_eq(pac_put_answer(&out, &reply), 0);
    ck_assert(pac_get_answer(body_of(&out), &answer));
    ck_assert_int_eq(answer.type, PAC_ERROR);
    ck_assert_int_eq(answer.error, PAC_ERROR_THREW);
    ck_assert_uint_eq(answer.line, 17);
    ck_assert_uint_eq(answer.ns, reply.ns);
    ck_assert_uint_eq(answer.names_used, 0xfffff);
    ck_span(answer.alerts, reply.alerts);
}
END_TEST

/* Every shorter message, and one longer, is refused. */
START_TEST(test_cut)
{
    struct pac_ask ask;
    struct pac_answer answer;
    struct span body;

    ck_assert_int_eq(pac_put_ask(&out, &question), 0);
    body = body_of(&out);
    for (size_t n = 0; n < body.len; n++)
        ck_assert(!pac_get_ask((struct span){body.at, n}, &ask));
    ck_assert_int_eq(buf_append(&out, "x", 1), 0);
    body = (struct span){out.data + WIRE_LENGTH, out.len - WIRE_LENGTH};
    ck_assert(!pac_get_ask(body, &ask));
    buf_reset(&out);
    ck_assert_int_eq(pac_put_answer(&out, &reply), 0);
    body = body_of(&out);
    for (size_t n = 0; n < body.len; n++)
        ck_assert(!pac_get_answer((struct span){body.at, n}, &answer));
}
END_TEST

/* What the contract rules out does not get through, whoever wrote it. */
START_TEST(test_answer_rules)
{
    static char large[PAC_RESULT_LIMIT + 1];
    const struct pac_answer table[] = {
        {.type = PAC_RESULT, .text = SPAN("PROXY a\r\nX: y")},
        {.type = PAC_RESULT, .text = SPAN("a\0b")},
        {.type = PAC_RESULT, .text = SPAN("\xc3\xbc")},
        {.type = PAC_RESULT, .text = {large, sizeof(large)}},
        {.type = PAC_RESULT, .error = PAC_ERROR_THREW},
        {.type = PAC_RESULT, .names_used = 1u << PAC_NAMES},
        {.type = PAC_RESULT, .flags = 64},
        {.type = PAC_RESULT, .alerts = SPAN("\033[2J")},
        {.type = PAC_NEED_DNS, .text = SPAN("")},
        {.type = PAC_NEED_DNS, .text = SPAN("a"), .family = (enum pac_family)2},
        {.type = PAC_ERROR, .text = SPAN("x")},
        {.type = PAC_ERROR, .text = SPAN("x\n"), .error = PAC_ERROR_THREW},
        {.type = PAC_ERROR, .error = (enum pac_error)(PAC_ERROR_LAST + 1)},
        {.type = PAC_HELLO},
        {.type = PAC_FIND},
    };
    struct pac_answer answer;

    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        buf_reset(&out);
        ck_assert_int_eq(pac_put_answer(&out, &table[i]), 0);
        ck_assert_msg(!pac_get_answer(body_of(&out), &answer), "%zu", i);
    }
    buf_reset(&out);
    ck_assert_int_eq(pac_put_answer(&out, &(struct pac_answer){.type = PAC_RESULT}), 0);
    ck_assert(pac_get_answer(body_of(&out), &answer));
}
END_TEST

START_TEST(test_take)
{
    struct span body;

    ck_assert_int_eq(wire_take(SPAN(""), 100, &body), 0);
    ck_assert_int_eq(wire_take(SPAN("\0\0\0"), 100, &body), 0);
    ck_assert_int_eq(wire_take(SPAN("\0\0\0\2a"), 100, &body), 0);
    ck_assert_int_eq(wire_take(SPAN("\0\0\0\2abc"), 100, &body), 6);
    ck_span(body, SPAN("ab"));
    ck_assert_int_eq(wire_take(SPAN("\0\0\0\0"), 100, &body), -EPROTO);
    ck_assert_int_eq(wire_take(SPAN("\0\0\0\145"), 100, &body), -EPROTO);
    ck_assert_int_eq(wire_take(SPAN("\xff\xff\xff\xff"), 100, &body), -EPROTO);
}
END_TEST

/* A message that does not fit leaves the buffer as it was. */
START_TEST(test_full)
{
    struct pac_hello hello = {SPAN("engine"), 0};
    struct buf small;

    buf_init(&small, 19);
    ck_assert_int_eq(pac_put_hello(&small, &hello), -EMSGSIZE);
    ck_assert_uint_eq(small.len, 0);
    small.ceiling = 30;
    ck_assert_int_eq(pac_put_hello(&small, &hello), 0);
    ck_assert_uint_eq(small.len, 20);
    ck_assert_int_eq(pac_put_hello(&small, &hello), -EMSGSIZE);
    ck_assert_uint_eq(small.len, 20);
    ck_assert(pac_get_hello(body_of(&small), &hello));
    buf_clear(&small);
}
END_TEST

START_TEST(test_version)
{
    struct pac_hello hello = {SPAN("engine"), 0};

    ck_assert_int_eq(pac_put_hello(&out, &hello), 0);
    out.data[WIRE_LENGTH + 1]++;
    ck_assert(!pac_get_hello(body_of(&out), &hello));
}
END_TEST

START_TEST(test_names_of_errors)
{
    for (int i = 1; i <= PAC_ERROR_LAST; i++)
        ck_assert_str_ne(pac_error_name((enum pac_error)i), "unknown");
    ck_assert_str_eq(pac_error_name((enum pac_error)0), "unknown");
    ck_assert_str_eq(pac_error_name((enum pac_error)(PAC_ERROR_LAST + 1)), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_protocol");
    TCase *tcase = tcase_create("protocol");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_round_trips);
    tcase_add_test(tcase, test_cut);
    tcase_add_test(tcase, test_answer_rules);
    tcase_add_test(tcase, test_take);
    tcase_add_test(tcase, test_full);
    tcase_add_test(tcase, test_version);
    tcase_add_test(tcase, test_names_of_errors);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
