/*
 * test_system_protocol: what the daemon and ccgate-system say, there and back, and what
 * neither takes from the other.
 */
#include <string.h>

#include "base/system_protocol.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct buf out;

static struct span body(void)
{
    struct span found;

    ck_assert_int_eq(wire_take(buf_span(&out), SYSTEM_MESSAGE_LIMIT, &found),
                     (long)out.len);
    return found;
}

static void begin(void)
{
    buf_init(&out, 1 << 20);
}

static void end(void)
{
    buf_clear(&out);
}

START_TEST(test_hello)
{
    struct system_hello sent = {.fetcher = SPAN("libcurl/7.88.1")};
    struct system_hello got;
    struct system_fetch fetch;

    ck_assert_int_eq(system_put_hello(&out, &sent), 0);
    ck_assert(system_get_hello(body(), &got));
    ck_assert(span_equal(got.fetcher, sent.fetcher));
    ck_assert(!system_get_fetch(body(), &fetch));
    out.data[out.start + WIRE_LENGTH + 1]++; /* another version */
    ck_assert(!system_get_hello(body(), &got));
}
END_TEST

START_TEST(test_fetch)
{
    struct system_fetch sent = {
        .url = SPAN("https://pac.example/"),
        .etag = SPAN("W/\"1\""),
        .last_modified = SPAN("Mon, 01 Jun 2026 10:00:00 GMT"),
        .limit_ms = 30000,
        .ca = {SPAN("/etc/a.pem"), SPAN("/etc/b.pem")},
        .ca_count = 2,
    };
    struct system_fetch got;

    ck_assert_int_eq(system_put_fetch(&out, &sent), 0);
    ck_assert(system_get_fetch(body(), &got));
    ck_assert(span_equal(got.url, sent.url));
    ck_assert(span_equal(got.etag, sent.etag));
    ck_assert(span_equal(got.last_modified, sent.last_modified));
    ck_assert_uint_eq(got.limit_ms, 30000);
    ck_assert_uint_eq(got.ca_count, 2);
    ck_assert(span_equal(got.ca[1], sent.ca[1]));
    for (size_t len = 0; len < body().len; len++)
        ck_assert(!system_get_fetch((struct span){body().at, len}, &got));
}
END_TEST

/* A validator goes into a header line. */
START_TEST(test_injection)
{
    static const char *const bad[] = {"a\r\nb: c", "a\nb", "\x7f", "\xc3\xa4"};
    struct system_fetch got;

    for (int i = 0; i < COUNT(bad); i++) {
        struct system_fetch sent = {.url = SPAN("http://a/"), .etag = span_of(bad[i])};

        buf_reset(&out);
        ck_assert_int_eq(system_put_fetch(&out, &sent), 0);
        ck_assert(!system_get_fetch(body(), &got));
        sent.last_modified = sent.etag;
        sent.etag = SPAN("");
        buf_reset(&out);
        ck_assert_int_eq(system_put_fetch(&out, &sent), 0);
        ck_assert(!system_get_fetch(body(), &got));
    }
}
END_TEST

static char endless[SYSTEM_HEADER_LIMIT + 1];

static const struct {
    struct system_fetched answer;
    bool good;
} answers[] = {
    {{.result = SYSTEM_OK, .status = 200, .script = {"x", 1}, .etag = {"\"1\"", 3}},
     true},
    {{.result = SYSTEM_SAME, .status = 304}, true},
    {{.result = SYSTEM_LATE, .why = {"took too long", 13}}, true},
    {{.result = SYSTEM_NO_NAME, .why = {"\xc3\xa4", 2}}, true},
    {{.result = SYSTEM_OK, .status = 200}, false},        /* no script */
    {{.result = SYSTEM_SAME, .script = {"x", 1}}, false}, /* one too many */
    {{.result = SYSTEM_LATE, .why = {"a\nb", 3}}, false}, /* into the log */
    {{.result = SYSTEM_RESULT_LAST + 1, .why = {"a", 1}}, false},
    {{.result = SYSTEM_OK, .script = {"x", 1}, .etag = {"a\rb", 3}}, false},
    {{.result = SYSTEM_OK, .script = {"x", 1}, .etag = {endless, sizeof(endless)}},
     false},
};

START_TEST(test_fetched)
{
    struct system_fetched got;

    memset(endless, 'x', sizeof(endless));
    ck_assert_int_eq(system_put_fetched(&out, &answers[_i].answer), 0);
    ck_assert_int_eq(system_get_fetched(body(), &got), answers[_i].good);
    if (!answers[_i].good)
        return;
    ck_assert_int_eq(got.result, answers[_i].answer.result);
    ck_assert_uint_eq(got.status, answers[_i].answer.status);
    ck_assert(span_equal(got.script, answers[_i].answer.script));
    ck_assert(span_equal(got.etag, answers[_i].answer.etag));
    ck_assert(span_equal(got.why, answers[_i].answer.why));
    for (size_t len = 0; len < body().len; len++)
        ck_assert(!system_get_fetched((struct span){body().at, len}, &got));
}
END_TEST

static const struct {
    struct system_answer answer;
    bool good;
} sayings[] = {
    {{.kind = SYSTEM_PAC_URL,
      .source = {"GNOME", 5},
      .text = {"http://a/\nhttp://b/", 19}},
     true},
    {{.kind = SYSTEM_NOTHING, .every_url = true}, true},
    {{.kind = SYSTEM_KIND_LAST + 1}, false},
    {{.kind = SYSTEM_PROXIES, .text = {"http://a/\r\n", 11}}, false},
    {{.kind = SYSTEM_PROXIES, .text = {"http://\xc3\xa4/", 10}}, false},
    {{.kind = SYSTEM_PROXIES, .source = {"a\nb", 3}}, false},
};

START_TEST(test_answer)
{
    struct system_answer got;

    ck_assert_int_eq(system_put_answer(&out, &sayings[_i].answer), 0);
    ck_assert_int_eq(system_get_answer(body(), &got), sayings[_i].good);
    if (!sayings[_i].good)
        return;
    ck_assert_int_eq(got.kind, sayings[_i].answer.kind);
    ck_assert_int_eq(got.every_url, sayings[_i].answer.every_url);
    ck_assert(span_equal(got.source, sayings[_i].answer.source));
    ck_assert(span_equal(got.text, sayings[_i].answer.text));
    for (size_t len = 0; len < body().len; len++)
        ck_assert(!system_get_answer((struct span){body().at, len}, &got));
}
END_TEST

START_TEST(test_ask)
{
    struct system_ask sent = {.type = SYSTEM_PROXY, .text = SPAN("https://a.example/")};
    struct system_ask got;
    struct system_fetch fetch;

    ck_assert_int_eq(system_put_ask(&out, &sent), 0);
    ck_assert(system_get_ask(body(), &got));
    ck_assert_int_eq(got.type, SYSTEM_PROXY);
    ck_assert(span_equal(got.text, sent.text));
    ck_assert(!system_get_fetch(body(), &fetch));
    buf_reset(&out);
    sent = (struct system_ask){.type = SYSTEM_WPAD, .text = SPAN("corp\nexample")};
    ck_assert_int_eq(system_put_ask(&out, &sent), 0);
    ck_assert(!system_get_ask(body(), &got));
}
END_TEST

START_TEST(test_names)
{
    for (int i = 0; i <= SYSTEM_RESULT_LAST; i++)
        ck_assert_str_ne(system_result_name((enum system_result)i), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("system_protocol");
    TCase *tcase = tcase_create("protocol");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, test_hello);
    tcase_add_test(tcase, test_fetch);
    tcase_add_test(tcase, test_injection);
    tcase_add_loop_test(tcase, test_fetched, 0, COUNT(answers));
    tcase_add_loop_test(tcase, test_answer, 0, COUNT(sayings));
    tcase_add_test(tcase, test_ask);
    tcase_add_test(tcase, test_names);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
