/*
 * test_reply: what our own answers say.
 */
#include "fwd/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/head.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char text[8192];
static struct head head;
static const char *body;

/* The answer to look at; it must be a head that any client can read. */
static void show(const struct reply *reply)
{
    struct buf out;

    buf_init(&out, sizeof(text) - 1);
    ck_assert_int_eq(reply_error(&out, reply), 0);
    memcpy(text, out.data + out.start, out.len);
    text[out.len] = '\0';
    buf_clear(&out);
    head_clear(&head);
    head_init(&head);
    ck_assert_int_eq(head_read_response(&head, text, strlen(text)), HEAD_DONE);
    body = text + head.size;
}

static struct span field(const char *name)
{
    const struct head_field *f = head_find(&head, span_of(name));

    ck_assert_msg(f != NULL, "no %s", name);
    return f->value;
}

static void field_is(const char *name, const char *value)
{
    struct span got = field(name);

    ck_assert_msg(span_equal(got, span_of(value)), "%s: %.*s", name, SPAN_ARG(got));
}

START_TEST(every_outcome_has_a_whole_answer)
{
    const struct outcome_info *info = outcome_info((enum outcome)_i);
    struct reply reply = {
        .outcome = (enum outcome)_i, .name = "me", .detail = "what happened"};
    char length[24];

    if (info->status == 0)
        return; /* no answer is sent */
    show(&reply);
    ck_assert_uint_eq(head.status, info->status);
    ck_assert_uint_eq(reply_status(&reply), info->status);
    ck_assert(span_equal(head.reason, span_of(info->reason)));
    snprintf(length, sizeof(length), "%zu", strlen(body));
    field_is("Content-Length", length);
    field_is("Content-Type", "text/plain; charset=utf-8");
    field_is("Cache-Control", "no-store");
    field_is("Connection", "close");
    ck_assert_ptr_nonnull(strstr(body, info->reason));
    ck_assert_ptr_nonnull(strstr(body, ": what happened\n"));
    if (info->help)
        ck_assert_ptr_nonnull(strstr(body, info->help));
    ck_assert(span_starts(field("Proxy-Status"), SPAN("me")));
    if (info->proxy_error)
        ck_assert_ptr_nonnull(strstr(text, info->proxy_error));
}
END_TEST

START_TEST(names_hop_reason_and_route)
{
    struct reply reply = {
        .outcome = OUTCOME_CONNECT_DENIED,
        .name = "ccgate-1",
        .hop = "http://wp1.corp:8080",
        .detail = "no way",
        .quote = "Blocked by policy",
        .why = "proxy: list",
        .received = 403,
        .keep = true,
    };

    show(&reply);
    ck_assert_uint_eq(head.status, 403);
    field_is("Proxy-Status",
             "ccgate-1; error=http_request_denied; next-hop=\"http://wp1.corp:8080\"; "
             "received-status=403; details=\"no way\"");
    ck_assert_ptr_null(head_find(&head, SPAN("Connection")));
    ck_assert_ptr_nonnull(strstr(body, "Proxy: http://wp1.corp:8080\n"));
    ck_assert_ptr_nonnull(strstr(body, "It answered: 403 \"Blocked by policy\"\n"));
    ck_assert_ptr_nonnull(strstr(body, "Route: proxy: list\n"));
}
END_TEST

START_TEST(nothing_is_said_twice_or_for_nothing)
{
    struct reply reply = {.outcome = OUTCOME_DNS_ERROR, .name = "me", .quote = ""};

    show(&reply);
    ck_assert_ptr_null(strstr(body, "Proxy:"));
    ck_assert_ptr_null(strstr(body, "It answered"));
    ck_assert_ptr_null(strstr(body, "Route:"));
    ck_assert_ptr_null(strstr(text, "details="));
    ck_assert_ptr_null(strstr(text, "next-hop="));
    ck_assert_ptr_null(strstr(text, "received-status="));
    reply.received = 503;
    show(&reply);
    ck_assert_ptr_nonnull(strstr(body, "It answered: 503\n"));
}
END_TEST

/* RFC 9651 section 4.1.6: printable ASCII, with quote and backslash escaped. */
static const struct {
    const char *detail;
    const char *shown;
} details[] = {
    {"plain", "details=\"plain\"\r\n"},
    {"", "details=\"\"\r\n"},
    {"say \"no\"", "details=\"say \\\"no\\\"\"\r\n"},
    {"back\\slash", "details=\"back\\\\slash\"\r\n"},
    {"\\\"", "details=\"\\\\\\\"\"\r\n"},
    {"a\r\nSet-Cookie: b", "details=\"a??Set-Cookie: b\"\r\n"},
    {"tab\there", "details=\"tab?here\"\r\n"},
    {"f\xc3\xbcr", "details=\"f??r\"\r\n"},
    {"\x7f\x01", "details=\"??\"\r\n"},
    {"100%s %n", "details=\"100%s %n\"\r\n"},
};

START_TEST(details_are_escaped)
{
    struct reply reply = {
        .outcome = OUTCOME_ANSWER_BROKEN, .name = "me", .detail = details[_i].detail};

    show(&reply);
    ck_assert_msg(strstr(text, details[_i].shown) != NULL, "%s", text);
    reply.hop = details[_i].detail;
    show(&reply);
    ck_assert_uint_eq(head.status, 502);
}
END_TEST

static const struct {
    enum outcome outcome;
    uint16_t status, received;
    uint16_t shown; /* 0: the outcome's own */
} statuses[] = {
    {OUTCOME_CONNECT_DENIED, 0, 403, 403}, {OUTCOME_CONNECT_FAILED, 0, 503, 503},
    {OUTCOME_CONNECT_FAILED, 0, 599, 599}, {OUTCOME_CONNECT_FAILED, 0, 600, 0},
    {OUTCOME_CONNECT_PORTAL, 0, 302, 0},   {OUTCOME_CONNECT_UNAUTHORIZED, 0, 401, 0},
    {OUTCOME_CONNECT_DENIED, 0, 401, 0}, /* it would ask for the origin's login */
    {OUTCOME_CONNECT_DENIED, 0, 407, 0}, /* and for the one that is ours */
    {OUTCOME_CONNECT_DENIED, 0, 302, 0}, /* a redirection would be followed */
    {OUTCOME_CONNECT_DENIED, 0, 600, 0},   {OUTCOME_LOGIN_REJECTED, 0, 407, 0},
    {OUTCOME_ANSWER_BROKEN, 0, 403, 0},    {OUTCOME_BAD_REQUEST, 418, 0, 418},
};

START_TEST(statuses_that_the_client_sees)
{
    struct reply reply = {.outcome = statuses[_i].outcome,
                          .name = "me",
                          .status = statuses[_i].status,
                          .received = statuses[_i].received};
    uint16_t shown = statuses[_i].shown;

    ck_assert_uint_eq(reply_status(&reply),
                      shown ? shown : outcome_info(reply.outcome)->status);
    show(&reply);
    ck_assert_uint_eq(head.status, reply_status(&reply));
}
END_TEST

START_TEST(head_gets_the_head_only)
{
    struct reply reply = {.outcome = OUTCOME_DNS_ERROR, .name = "me"};

    show(&reply);
    size_t length = strlen(body);
    reply.head_only = true;
    show(&reply);
    ck_assert_str_eq(body, "");
    char number[24];
    snprintf(number, sizeof(number), "%zu", length);
    field_is("Content-Length", number);
}
END_TEST

/* A detail of any length gives an answer or a clean error, never half an answer's text.
 */
START_TEST(no_detail_is_too_long)
{
    char detail[20000];

    for (size_t len = 1; len < sizeof(detail); len *= 3) {
        struct reply reply = {
            .outcome = OUTCOME_ANSWER_BROKEN, .name = "me", .detail = detail};
        struct buf out;

        memset(detail, '"', len);
        detail[len] = '\0';
        buf_init(&out, HEAD_LIMIT);
        int error = reply_error(&out, &reply);
        ck_assert(error == 0 || error == -EMSGSIZE);
        if (len < 512)
            ck_assert_int_eq(error, 0);
        buf_clear(&out);
    }
}
END_TEST

START_TEST(page_of_our_own)
{
    for (int i = 0; i < 8; i++) {
        bool known = i & 1, keep = i & 2, head_only = i & 4;
        struct buf out;
        uint64_t length;

        buf_init(&out, 4096);
        ck_assert_int_eq(reply_self(&out, known, keep, head_only), 0);
        head_clear(&head);
        head_init(&head);
        ck_assert_int_eq(head_read_response(&head, out.data + out.start, out.len),
                         HEAD_DONE);
        ck_assert_uint_eq(head.status, known ? 200 : 404);
        ck_assert_int_eq(head_keeps_connection(&head), keep);
        ck_assert(span_to_u64(field("Content-Length"), &length));
        ck_assert_uint_gt(length, 20);
        ck_assert_uint_eq(out.len - head.size, head_only ? 0 : length);
        buf_clear(&out);
    }
}
END_TEST

static void teardown(void)
{
    head_clear(&head);
}

int main(void)
{
    Suite *suite = suite_create("reply");
    TCase *tcase = tcase_create("reply");

    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_loop_test(tcase, every_outcome_has_a_whole_answer, 1, OUTCOME_COUNT);
    tcase_add_test(tcase, names_hop_reason_and_route);
    tcase_add_test(tcase, nothing_is_said_twice_or_for_nothing);
    tcase_add_loop_test(tcase, details_are_escaped, 0, COUNT(details));
    tcase_add_loop_test(tcase, statuses_that_the_client_sees, 0, COUNT(statuses));
    tcase_add_test(tcase, head_gets_the_head_only);
    tcase_add_test(tcase, no_detail_is_too_long);
    tcase_add_test(tcase, page_of_our_own);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
