/*
 * test_forward: heads as they leave for the next hop and for the client.
 */
#include "http/forward.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

#define VIA "Via: 1.1 gate\r\n"
#define END "\r\n"

static void check_text(const struct buf *out, const char *want)
{
    ck_assert_msg(span_equal(buf_span(out), span_of(want)), "got\n%.*s\nwanted\n%s",
                  SPAN_ARG(buf_span(out)), want);
}

/* ---- requests ---- */

static const char *const EXTRA[] = {"X-Extra: ours", "User-Agent: gate", NULL};

struct request_case {
    const char *line; /* method, target, version */
    const char *fields;
    const char *want;
    struct forward_request options; /* without head, url, framing and via */
};

#define GET_A       "GET http://a.example/ HTTP/1.1\r\n"
#define HOST_A      "Host: a.example\r\n"
#define FORWARDED_A "GET / HTTP/1.1\r\n" HOST_A

static const struct request_case REQUESTS[] = {
    {GET_A, "", FORWARDED_A VIA END, {0}},
    {GET_A, "", GET_A HOST_A VIA END, {.absolute = true}},
    {"GET http://a.example HTTP/1.1\r\n", "", FORWARDED_A VIA END, {0}},
    {"GET http://a.example HTTP/1.1\r\n", "", GET_A HOST_A VIA END, {.absolute = true}},
    {"GET http://u:p@a.example:80/ HTTP/1.1\r\n",
     "",
     GET_A HOST_A VIA END,
     {.absolute = true}},
    {"GET http://a.example:8080/x?y=%20z HTTP/1.1\r\n",
     "",
     "GET http://a.example:8080/x?y=%20z HTTP/1.1\r\nHost: a.example:8080\r\n" VIA END,
     {.absolute = true}},
    {"GET HTTP://a.example?q HTTP/1.1\r\n",
     "",
     "GET http://a.example/?q HTTP/1.1\r\n" HOST_A VIA END,
     {.absolute = true}},
    {"GET http://[::1]:81/ HTTP/1.1\r\n",
     "",
     "GET / HTTP/1.1\r\nHost: [::1]:81\r\n" VIA END,
     {0}},
    {"OPTIONS http://a.example HTTP/1.1\r\n",
     "",
     "OPTIONS * HTTP/1.1\r\n" HOST_A VIA END,
     {0}},
    {"OPTIONS http://a.example HTTP/1.1\r\n",
     "",
     "OPTIONS http://a.example HTTP/1.1\r\n" HOST_A VIA END,
     {.absolute = true}},
    {"OPTIONS http://a.example/ HTTP/1.1\r\n",
     "",
     "OPTIONS / HTTP/1.1\r\n" HOST_A VIA END,
     {0}},
    {"OPTIONS http://a.example?q HTTP/1.1\r\n",
     "",
     "OPTIONS /?q HTTP/1.1\r\n" HOST_A VIA END,
     {0}},
    /* Via tells the version received; ours is the version sent. */
    {"GET http://a.example/ HTTP/1.0\r\n",
     "",
     FORWARDED_A "Via: 1.0 gate\r\n" END,
     {0}},
    {GET_A,
     "Via: 1.0 b, 1.1 c\r\nVIA: 1.1 d (x)\r\nVia:\r\n",
     FORWARDED_A "Via: 1.0 b, 1.1 c, 1.1 d (x), 1.1 gate\r\n" END,
     {0}},
    {GET_A, "Via:\r\n", FORWARDED_A VIA END, {0}},
    /* Order and unknown fields stay. */
    {GET_A,
     "B: 1\r\nA: 2\r\nB:3\r\nAuthorization: c\r\nExpect: 100-continue\r\nE:\r\n",
     FORWARDED_A "B: 1\r\nA: 2\r\nB: 3\r\nAuthorization: c\r\nExpect: 100-continue\r\n"
                 "E: \r\n" VIA END,
     {0}},
    /* Hop-by-hop and proxy fields go. */
    {GET_A,
     "Connection: close, X-Mine\r\nx-mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
     "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\n"
     "Proxy-Authenticate: y\r\nProxy-Authentication-Info: z\r\nKept: 1\r\n",
     FORWARDED_A "Kept: 1\r\n" VIA END,
     {0}},
    {GET_A,
     "CONNECTION: a,,\t b ,\r\nA: 1\r\nConnection: C\r\nB: 2\r\nc: 3\r\nD: 4\r\n",
     FORWARDED_A "D: 4\r\n" VIA END,
     {0}},
    /* What we write ourselves cannot be named away. */
    {"POST http://a.example/ HTTP/1.1\r\n",
     "Connection: Host, Via, Content-Length, Authorization\r\nContent-Length: 5\r\n"
     "Authorization: x\r\nVia: 1.1 b\r\n",
     "POST / HTTP/1.1\r\n" HOST_A "Via: 1.1 b, 1.1 gate\r\nContent-Length: 5\r\n" END,
     {0}},
    {"POST http://a.example/ HTTP/1.1\r\n",
     "Connection: Transfer-Encoding\r\nTransfer-Encoding: Chunked\r\nTrailer: T\r\n",
     "POST / HTTP/1.1\r\n" HOST_A "Trailer: T\r\n" VIA
     "Transfer-Encoding: chunked\r\n" END,
     {0}},
    {GET_A, "Content-Length: 0\r\n", FORWARDED_A VIA "Content-Length: 0\r\n" END, {0}},
    {GET_A,
     "Content-Length: 5, 05\r\n",
     FORWARDED_A VIA "Content-Length: 5\r\n" END,
     {0}},
    {GET_A,
     "Content-Length: 18446744073709551615\r\n",
     FORWARDED_A VIA "Content-Length: 18446744073709551615\r\n" END,
     {0}},
    /* Ours. */
    {GET_A,
     "Proxy-Authorization: theirs\r\n",
     GET_A HOST_A VIA "Proxy-Authorization: Basic eA==\r\n" END,
     {.absolute = true, .proxy_authorization = {"Basic eA==", 10}}},
    {GET_A,
     "USER-AGENT: theirs\r\nX-Extra: theirs\r\nX-Extra-2: a\r\n",
     FORWARDED_A "X-Extra-2: a\r\n" VIA "X-Extra: ours\r\nUser-Agent: gate\r\n" END,
     {.extra = EXTRA}},
    {GET_A,
     "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, x\r\nHTTP2-Settings: a\r\n",
     FORWARDED_A VIA "Connection: Upgrade\r\nUpgrade: websocket\r\n" END,
     {.upgrade = {"websocket", 9}}},
};

static int forward_text(struct buf *out, const struct request_case *want)
{
    struct forward_request request = want->options;
    struct framing framing;
    struct head head;
    struct url url;
    struct buf in;
    const char *why;
    int error;

    buf_init(&in, HEAD_LIMIT);
    head_init(&head);
    ck_assert_int_eq(buf_append_text(&in, want->line), 0);
    ck_assert_int_eq(buf_append_text(&in, "Host: other.example\r\n"), 0);
    ck_assert_int_eq(buf_append_text(&in, want->fields), 0);
    ck_assert_int_eq(buf_append_text(&in, "\r\n"), 0);
    ck_assert_int_eq(head_read_request(&head, in.data, in.len), HEAD_DONE);
    ck_assert_ptr_null(url_parse(&url, head.target));
    ck_assert_int_eq(framing_of_request(&head, &framing, &why), FRAMING_OK);
    request.head = &head;
    request.url = &url;
    request.framing = &framing;
    request.via = SPAN("gate");
    error = forward_request(out, &request);
    head_clear(&head);
    buf_clear(&in);
    return error;
}

START_TEST(requests)
{
    struct buf out;

    buf_init(&out, HEAD_LIMIT);
    ck_assert_int_eq(forward_text(&out, &REQUESTS[_i]), 0);
    check_text(&out, REQUESTS[_i].want);
    buf_clear(&out);
}
END_TEST

/* At every ceiling that is too low the buffer is left as it was. */
START_TEST(request_fails_whole)
{
    const struct request_case *want = &REQUESTS[_i];
    size_t need = strlen(want->want);

    for (size_t ceiling = 0; ceiling < need; ceiling += 7) {
        struct buf out;

        buf_init(&out, ceiling + 3);
        ck_assert_int_eq(buf_append_text(&out, "abc"), 0);
        ck_assert_int_eq(forward_text(&out, want), -EMSGSIZE);
        check_text(&out, "abc");
        buf_clear(&out);
    }
}
END_TEST

static int forward_options(size_t count)
{
    struct buf fields, out;
    int error;

    buf_init(&fields, HEAD_LIMIT);
    buf_init(&out, HEAD_LIMIT);
    ck_assert_int_eq(buf_append_text(&fields, "Connection: "), 0);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(buf_append_text(&fields, "x, "), 0);
    ck_assert_int_eq(buf_append(&fields, "\r\n", 3), 0); /* with its NUL */
    struct request_case want = {GET_A, fields.data, NULL, {0}};
    error = forward_text(&out, &want);
    buf_clear(&fields);
    buf_clear(&out);
    return error;
}

START_TEST(too_many_options)
{
    ck_assert_int_eq(forward_options(64), 0);
    ck_assert_int_eq(forward_options(65), -EMSGSIZE);
}
END_TEST

/* ---- responses ---- */

struct response_case {
    const char *head; /* without the blank line */
    enum framing_kind kind;
    uint64_t length;
    bool closes;
    const char *want;
    struct span upgrade, proxy_status;
    bool session_auth;
};

#define OK       "HTTP/1.1 200 OK\r\n"
#define CLOSE    "Connection: close\r\n"
#define LENGTH_5 "Content-Length: 5\r\n"

static const struct response_case RESPONSES[] = {
    {.head = OK LENGTH_5,
     .kind = FRAMING_LENGTH,
     .length = 5,
     .want = OK VIA LENGTH_5 END},
    {.head = OK LENGTH_5,
     .kind = FRAMING_LENGTH,
     .length = 5,
     .closes = true,
     .want = OK VIA LENGTH_5 CLOSE END},
    {.head = OK,
     .kind = FRAMING_CHUNKED,
     .want = OK VIA "Transfer-Encoding: chunked\r\n" END},
    {.head = OK "Transfer-Encoding: chunked\r\nContent-Length: 7\r\nTrailer: T\r\n",
     .kind = FRAMING_CHUNKED,
     .want = OK "Trailer: T\r\n" VIA "Transfer-Encoding: chunked\r\n" END},
    {.head = OK, .kind = FRAMING_CLOSE, .want = OK VIA CLOSE END},
    {.head = OK, .kind = FRAMING_LENGTH, .want = OK VIA "Content-Length: 0\r\n" END},
    /* HEAD and 304 */
    {.head = OK LENGTH_5, .want = OK VIA LENGTH_5 END},
    {.head = OK "Content-Length: 5, 5\r\n", .want = OK VIA LENGTH_5 END},
    {.head = OK "Content-Length: x\r\n", .want = OK VIA END},
    {.head = OK "Transfer-Encoding: chunked\r\n" LENGTH_5, .want = OK VIA END},
    {.head = OK, .closes = true, .want = OK VIA CLOSE END},
    {.head = "HTTP/1.1 304 Not Modified\r\n" LENGTH_5 "ETag: e\r\n",
     .want = "HTTP/1.1 304 Not Modified\r\nETag: e\r\n" VIA LENGTH_5 END},
    {.head = "HTTP/1.1 204 No Content\r\n" LENGTH_5,
     .closes = true,
     .want = "HTTP/1.1 204 No Content\r\n" VIA CLOSE END},
    /* interim */
    {.head = "HTTP/1.1 100 Continue\r\n" LENGTH_5 "Connection: close\r\n",
     .closes = true,
     .want = "HTTP/1.1 100 Continue\r\n" VIA END},
    {.head = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n",
     .want = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n" VIA END},
    {.head = "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
     .upgrade = {"websocket", 9},
     .want = "HTTP/1.1 101 Switching\r\n" VIA
             "Connection: Upgrade\r\nUpgrade: websocket\r\n" END},
    /* fields */
    {.head =
         OK "Connection: X-Hop, keep-alive\r\nKeep-Alive: 1\r\nX-Hop: 1\r\nTE: a\r\n"
            "Proxy-Connection: b\r\nUpgrade: c\r\nProxy-Authenticate: Basic\r\n"
            "Proxy-Authentication-Info: d\r\nProxy-Authenticate: NTLM\r\n"
            "WWW-Authenticate: e\r\nSet-Cookie: f\r\nSet-Cookie: g\r\n",
     .kind = FRAMING_CLOSE,
     .want =
         OK "WWW-Authenticate: e\r\nSet-Cookie: f\r\nSet-Cookie: g\r\n" VIA CLOSE END},
    {.head = OK "Connection: Content-Length, Via\r\n" LENGTH_5 "Via: 1.1 b\r\n",
     .kind = FRAMING_LENGTH,
     .length = 5,
     .want = OK "Via: 1.1 b, 1.1 gate\r\n" LENGTH_5 END},
    {.head = OK "Proxy-Status: a; error=x\r\nB: c\r\nproxy-status: d\r\n",
     .proxy_status = {"gate; received-status=200", 25},
     .want = OK "B: c\r\n" VIA
                "Proxy-Status: a; error=x, d, gate; received-status=200\r\n" END},
    {.head = OK "Proxy-Status: a\r\n", .want = OK VIA "Proxy-Status: a\r\n" END},
    {.head = OK,
     .proxy_status = {"gate", 4},
     .want = OK VIA "Proxy-Status: gate\r\n" END},
    {.head = OK "Proxy-Support: Session-Based-Authentication\r\n", .want = OK VIA END},
    {.head = OK "Proxy-Support: x\r\nConnection: Proxy-Support\r\n",
     .session_auth = true,
     .want = OK VIA "Proxy-Support: Session-Based-Authentication\r\n"
                    "Connection: Proxy-Support\r\n" END},
    /* what was lenient, and the version */
    {.head = "HTTP/1.0 200 OK\r\n", .want = OK "Via: 1.0 gate\r\n" END},
    {.head = "HTTP/1.1 200\nA : b\n c\nD: e\rf\n",
     .want = "HTTP/1.1 200 \r\nA: b  c\r\nD: e f\r\n" VIA END},
    {.head = "HTTP/1.1 200 a\tb\xe4\rc\r\n",
     .want = "HTTP/1.1 200 a\tb\xe4 c\r\n" VIA END},
};

START_TEST(responses)
{
    const struct response_case *want = &RESPONSES[_i];
    const struct framing framing = {want->kind, want->length};
    struct head head;
    struct buf in, out;

    head_init(&head);
    buf_init(&in, HEAD_LIMIT);
    buf_init(&out, HEAD_LIMIT);
    ck_assert_int_eq(buf_append_text(&in, want->head), 0);
    ck_assert_int_eq(buf_append_text(&in, "\r\n"), 0);
    ck_assert_int_eq(head_read_response(&head, in.data, in.len), HEAD_DONE);
    const struct forward_response response = {
        .head = &head,
        .framing = &framing,
        .via = SPAN("gate"),
        .keep = !want->closes,
        .upgrade = want->upgrade,
        .proxy_status = want->proxy_status,
        .session_auth = want->session_auth,
    };
    ck_assert_int_eq(forward_response(&out, &response), 0);
    check_text(&out, want->want);
    buf_clear(&out);
    buf_init(&out, strlen(want->want) - 1);
    ck_assert_int_eq(forward_response(&out, &response), -EMSGSIZE);
    ck_assert_uint_eq(out.len, 0);
    buf_clear(&out);
    buf_clear(&in);
    head_clear(&head);
}
END_TEST

START_TEST(reason_is_cleaned)
{
    struct head head = {.status = 200, .minor = 1, .reason = SPAN("a\r\nB: c\x7f")};
    const struct framing framing = {FRAMING_NONE, 0};
    const struct forward_response response = {
        .head = &head, .framing = &framing, .via = SPAN("gate"), .keep = true};
    struct buf out;

    buf_init(&out, HEAD_LIMIT);
    ck_assert_int_eq(forward_response(&out, &response), 0);
    check_text(&out, "HTTP/1.1 200 a  B: c \r\n" VIA END);
    buf_clear(&out);
}
END_TEST

/* ---- Via ---- */

static const struct via_case {
    const char *fields;
    bool found;
} VIAS[] = {
    {"", false},
    {"Via:\r\n", false},
    {"Via: gate\r\n", false},
    {"Via: 1.1 gate\r\n", true},
    {"via: HTTP/1.1\tGATE (us)\r\n", true},
    {"Via: 1.0 a, 1.1 gate\r\n", true},
    {"Via: 1.0 a\r\nB: c\r\nVia: 1.1 b,1.1  gate ,1.1 c\r\n", true},
    {"Connection: Via\r\nVia: 1.1 gate\r\n", true},
    {"Via: 1.1 a (, 1.1 gate\r\n", true},
    {"Via: 1.1 gate2\r\n", false},
    {"Via: 1.1 gate:80\r\n", false},
    {"Via: 1.1 a (gate)\r\n", false},
    {"X-Via: 1.1 gate\r\n", false},
};

START_TEST(vias)
{
    char text[256];
    struct head head;
    int n = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%s\r\n", VIAS[_i].fields);

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, text, (size_t)n), HEAD_DONE);
    ck_assert_msg(forward_via_has(&head, SPAN("gate")) == VIAS[_i].found, "%s",
                  VIAS[_i].fields);
    head_clear(&head);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("forward");
    TCase *tcase = tcase_create("forward");

    tcase_add_loop_test(tcase, requests, 0, COUNT(REQUESTS));
    tcase_add_loop_test(tcase, request_fails_whole, 0, COUNT(REQUESTS));
    tcase_add_test(tcase, too_many_options);
    tcase_add_loop_test(tcase, responses, 0, COUNT(RESPONSES));
    tcase_add_test(tcase, reason_is_cleaned);
    tcase_add_loop_test(tcase, vias, 0, COUNT(VIAS));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
