/*
 * test_exchange_request: the request's side of the exchange: login, bodies, the client
 * while it waits, upgrades, cancelling.
 */
#include "exchange_rig.h"

/* ---- login ---- */

START_TEST(logs_in_on_the_same_connection)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">" ASK "Content-Length: 4\r\n\r\nno", ">no",
                    "<\r\n\r\n", ">HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                    "<\r\n\r\n", ">HTTP/1.1 204 No\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, OK_HEAD "Content-Length: 2\r\n\r\nhi");
    ck_assert_uint_eq(rig.result.status, 200);
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    rig_end(GET_OUT "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
                    "Via: 1.1 me\r\n" LOGIN "\r\n"
                    "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
                    "Via: 1.1 me\r\n" LOGIN "\r\n");
}
END_TEST

/* Answers behind which the login needs another connection. */
static const char *const SPENT[] = {
    ">" ASK "Content-Length: 2\r\nConnection: close\r\n\r\nno",
    ">" ASK "\r\nno",
    ">" ASK "Content-Length: 2\r\n\r\nno more",
    ">" ASK "Content-Length: 99999999\r\n\r\n",
    ">" ASK "Content-Length: 99\r\n\r\nnot all", /* login_body passes */
    ">" ASK "Transfer-Encoding: chunked\r\n\r\nbad\n",
};

START_TEST(logs_in_on_another_connection)
{
    rig_start(STEPS("+", "<\r\n\r\n", SPENT[_i], "+", "<\r\n\r\n",
                    ">HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "?"));
    rig.config.timeout.login_body = 50;
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, OK_HEAD "Content-Length: 2\r\n\r\nhi");
    rig_end(GET_OUT "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
                    "Via: 1.1 me\r\n" LOGIN "\r\n");
}
END_TEST

START_TEST(tells_of_a_rejected_login)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">" ASK "Content-Length: 0\r\n\r\n", "<\r\n\r\n",
                    ">" ASK "Content-Length: 0\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_LOGIN_REJECTED);
    ck_assert_uint_eq(rig.result.status, 407);
    ck_assert(!rig.result.answered);
    ck_assert_str_eq(rig.client.got, "");
    rig_end(NULL);
}
END_TEST

#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define HELLO   "5\r\nhello\r\n0\r\n\r\n"

/* Nobody knows how long it is. */
START_TEST(holds_the_body_until_the_login_is_known)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">" ASK "Content-Length: 0\r\n\r\n", "+",
                    "<hello", ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(POST CHUNKED "\r\n", HELLO, WAITS), OUTCOME_OK);
    ck_assert(rig.result.keep);
    ck_assert_uint_eq(rig.result.bytes_up, 5);
    rig_end(POST_OUT CHUNKED "\r\n" POST_OUT CHUNKED LOGIN "\r\n" HELLO);
}
END_TEST

START_TEST(holds_the_body_for_a_while_only)
{
    rig_start(STEPS("+", "<\r\n\r\n", "<hello", ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(POST CHUNKED "\r\n", HELLO, WAITS), OUTCOME_OK);
    rig_end(POST_OUT CHUNKED "\r\n" HELLO);
}
END_TEST

/* One that is kept goes at once, and again with the login. */
START_TEST(sends_a_short_body_at_once)
{
    rig_start(STEPS("+", "<hello", ">" ASK "Content-Length: 0\r\n\r\n", "+", "<hello",
                    ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(POST "Content-Length: 5\r\n\r\n", "hello", WAITS),
                     OUTCOME_OK);
    ck_assert_uint_eq(rig.result.bytes_up, 5);
    rig_end(POST_OUT "Content-Length: 5\r\n\r\nhello" POST_OUT
                     "Content-Length: 5\r\n" LOGIN "\r\nhello");
}
END_TEST

/* The hop did not ask before, and does when it has the body or a part of it. */
START_TEST(begins_again_with_a_body)
{
    rig_start(STEPS(LEARNED, "+", "<hello", ">" ASK "Content-Length: 0\r\n\r\n", "+",
                    "<hello you", ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    learn_open();
    ck_assert_int_eq(
        rig_request(POST "Content-Length: 9\r\n\r\n", "hello", STEPS("> you", "?")),
        OUTCOME_OK);
    ck_assert_uint_eq(rig.result.bytes_up, 9);
    rig_end(NULL);
}
END_TEST

/* More than is kept. */
START_TEST(cannot_log_in_behind_a_large_body)
{
    rig_start(STEPS(LEARNED, "+", "<hello", ">" ASK "Content-Length: 0\r\n\r\n", "?"));
    learn_open();
    ck_assert_int_eq(
        rig_request(POST "Content-Length: 1048577\r\n\r\n", "hello", WAITS),
        OUTCOME_LOGIN_BROKEN);
    ck_assert(rig.result.body_left && !rig.result.answered && !rig.result.keep);
    ck_assert_int_eq(auth_memory_get(rig.egress->memory, rig.hop.name),
                     AUTH_KNOWN_ASKS);
    rig_end(NULL);
}
END_TEST

/* ---- request bodies ---- */

START_TEST(sends_chunks_and_trailers)
{
    rig_start(
        STEPS(LEARNED, "+", "<X-Sum: 1\r\n\r\n", ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    learn_open();
    ck_assert_int_eq(
        rig_request(POST CHUNKED "\r\n", "3;a=b\r\nabc\r\n2\r\nd",
                    STEPS(">e\r\n0\r\nX-Sum: 1\r\nHost: no\r\n\r\nGET next", "?")),
        OUTCOME_OK);
    ck_assert(rig.result.keep);
    ck_assert_uint_eq(rig.result.bytes_up, 5);
    ck_assert_uint_eq(rig.in.len, 8);
    ck_assert_int_eq(memcmp(buf_span(&rig.in).at, "GET next", 8), 0);
    ck_assert_ptr_nonnull(strstr(rig.upstream.got,
                                 "Via: 1.1 me\r\n" CHUNKED
                                 "\r\n3\r\nabc\r\n1\r\nd\r\n1\r\ne\r\n"
                                 "0\r\nX-Sum: 1\r\n\r\n"));
    ck_assert_ptr_null(strstr(rig.upstream.got, "GET next"));
    rig_end(NULL);
}
END_TEST

START_TEST(refuses_a_bad_chunk)
{
    rig_start(STEPS(LEARNED, "+", "<abc\r\n", "?"));
    learn_open();
    ck_assert_int_eq(
        rig_request(POST CHUNKED "\r\n", "3\r\nabc\r\n", STEPS(">xyz\r\n", "?")),
        OUTCOME_BAD_REQUEST);
    ck_assert(!rig.result.answered && rig.result.body_left && !rig.result.keep);
    ck_assert_ptr_nonnull(strstr(rig.detail, "the request's body has"));
    rig_end(NULL);
    ck_assert_ptr_null(strstr(rig.detail, "xyz"));
}
END_TEST

START_TEST(notices_a_client_that_stops)
{
    rig_start(STEPS(LEARNED, "+", "<hello", "?"));
    learn_open();
    ck_assert_int_eq(
        rig_request(POST "Content-Length: 9\r\n\r\n", "hello", STEPS("|", "?")),
        OUTCOME_REQUEST_INCOMPLETE);
    rig_end(NULL);
}
END_TEST

START_TEST(passes_a_hundred_on)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 100 Continue\r\n\r\n", "<hello",
                    ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    ck_assert_int_eq(
        rig_request(POST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", "",
                    STEPS("<HTTP/1.1 100 Continue\r\n", ">hello", "?")),
        OUTCOME_OK);
    ck_assert(rig.result.keep);
    ck_assert_ptr_nonnull(strstr(rig.client.got, "\r\n\r\nHTTP/1.1 204 Done\r\n"));
    ck_assert_ptr_nonnull(strstr(rig.upstream.got, "Expect: 100-continue\r\n"));
    rig_end(NULL);
}
END_TEST

START_TEST(delivers_an_early_answer)
{
    rig_start(STEPS(LEARNED, "+", "<\r\n\r\n",
                    ">HTTP/1.1 413 Much\r\nContent-Length: 2\r\n\r\nno", "?"));
    learn_open();
    ck_assert_int_eq(rig_request(POST "Content-Length: 9\r\n\r\n", "hello", WAITS),
                     OUTCOME_OK);
    ck_assert(!rig.result.keep && rig.result.answered && !rig.result.body_left);
    ck_assert_str_eq(rig.client.got,
                     "HTTP/1.1 413 Much\r\nVia: 1.1 me\r\nContent-Length: 2\r\n"
                     "Connection: close\r\n\r\nno");
    ck_assert_uint_eq(pool_size(rig.egress->pool), 0);
    rig_end(NULL);
}
END_TEST

/* ---- large bodies: what one side does not take is not stored ---- */

#define LARGE      "4000000"
#define LARGE_SIZE 4000000

static void check_filler(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != filler_at(i))
            ck_abort_msg("byte %zu is wrong", i);
}

START_TEST(sends_a_large_body)
{
    rig_start(
        STEPS(LEARNED, "+", "<\r\n\r\n", "#" LARGE, ">HTTP/1.1 204 Done\r\n\r\n", "?"));
    learn_open();
    ck_assert_int_eq(rig_request(POST "Content-Length: " LARGE "\r\n\r\n", "",
                                 STEPS("*" LARGE, "?")),
                     OUTCOME_OK);
    ck_assert(rig.result.keep);
    ck_assert_uint_eq(rig.result.bytes_up, LARGE_SIZE);
    check_filler(rig.upstream.got + rig.upstream.len - LARGE_SIZE, LARGE_SIZE);
    ck_assert_uint_le(rig.in.capacity, 2 * HEAD_LIMIT);
    rig_end(NULL);
}
END_TEST

START_TEST(delivers_a_large_body)
{
    rig_start(STEPS("+", "<\r\n\r\n",
                    ">HTTP/1.1 200 OK\r\nContent-Length: " LARGE "\r\n\r\n", "*" LARGE,
                    "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_uint_eq(rig.result.bytes_down, LARGE_SIZE);
    check_filler(rig.client.got + rig.client.len - LARGE_SIZE, LARGE_SIZE);
    rig_end(NULL);
}
END_TEST

START_TEST(delivers_a_large_body_in_chunks)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 200 OK\r\n\r\n", "*" LARGE, "|", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_uint_eq(rig.result.bytes_down, LARGE_SIZE);
    ck_assert(rig.result.keep);
    ck_assert_str_eq(rig.client.got + rig.client.len - 5, "0\r\n\r\n");
    rig_end(NULL);
}
END_TEST

/* ---- the client's side of waiting ---- */

START_TEST(leaves_pipelined_bytes)
{
    rig_start(STEPS("+", "<\r\n\r\n", "_", ">HTTP/1.1 204 No\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "GET /2", STEPS(">more", "^", "?")), OUTCOME_OK);
    ck_assert_uint_eq(rig.in.len, 6);
    ck_assert_int_eq(memcmp(buf_span(&rig.in).at, "GET /2", 6), 0);
    ck_assert(rig.result.keep);
    rig_end(GET_OUT);
}
END_TEST

START_TEST(answers_a_client_that_ended_its_side)
{
    rig_start(STEPS("+", "<\r\n\r\n", "_", ">HTTP/1.1 204 No\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", STEPS("|", "^", "?")), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, "HTTP/1.1 204 No\r\nVia: 1.1 me\r\n\r\n");
    rig_end(GET_OUT);
}
END_TEST

START_TEST(notices_a_client_that_left)
{
    rig_start(STEPS("+", "<\r\n\r\n", "_",
                    ">HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nsome", "?"));
    ck_assert_int_eq(rig_request(GET, "", STEPS("!", "^")), OUTCOME_REQUEST_INCOMPLETE);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 0);
    rig_end(GET_OUT);
}
END_TEST

/* ---- upgrade ---- */

START_TEST(upgrades)
{
    char bytes[16];

    rig_start(STEPS(
        "+", "<\r\n\r\n",
        ">HTTP/1.1 101 Now\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\nyes", "?"));
    ck_assert_int_eq(rig_request("GET http://example.test/a HTTP/1.1\r\nHost: a\r\n"
                                 "Connection: upgrade\r\nUpgrade: ws\r\n\r\n",
                                 "hello", STEPS("<\r\n\r\n", "?")),
                     OUTCOME_OK);
    ck_assert_ptr_nonnull(rig.result.upgraded);
    ck_assert_uint_eq(rig.result.status, 101);
    ck_assert_int_eq(stream_read(rig.result.upgraded->stream, bytes, sizeof(bytes)), 3);
    ck_assert_int_eq(memcmp(bytes, "yes", 3), 0);
    ck_assert_int_eq(stream_read(rig.stream, bytes, sizeof(bytes)), 5);
    ck_assert_int_eq(memcmp(bytes, "hello", 5), 0);
    ck_assert_uint_eq(rig.in.len, 0);
    ck_assert(!rig.result.keep && rig.result.answered);
    rig_client_end();
    ck_assert_str_eq(rig.client.got, "HTTP/1.1 101 Now\r\nVia: 1.1 me\r\n"
                                     "Connection: Upgrade\r\nUpgrade: ws\r\n\r\n");
    rig_end("GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
            "Via: 1.1 me\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n");
}
END_TEST

/* ---- cancelling ---- */

static struct deadline look;

static void stop_at_sign(void *ctx)
{
    (void)ctx;
    if (sem_trywait(&actor_sign) == 0)
        loop_stop(rig.loop);
    else
        deadline_set(rig.loop, &look, 2);
}

/* Upstream's scripts up to the moment of cancelling; the first: before anything. */
static const char *const CANCELS[][6] = {
    {"!"},
    {"+", "<\r\n\r\n", "^", "?"},
    {"+", "<\r\n\r\n", ">" ASK "Content-Length: 9\r\n\r\nhalf", "^", "?"},
    {"+", "<\r\n\r\n", ">HTTP/1.1 200 OK\r\n\r\nsome", "^", "?"},
};

START_TEST(is_silent_once_cancelled)
{
    struct exchange *exchange;

    rig_start(CANCELS[_i]);
    rig_client(WAITS);
    exchange = rig_exchange(_i % 2 ? POST "Content-Length: 9\r\n\r\n" : GET, "");
    deadline_init(&look, stop_at_sign, NULL);
    if (_i > 0) {
        deadline_set(rig.loop, &look, 2);
        loop_run(rig.loop);
    }
    exchange_cancel(exchange);
    exchange_cancel(NULL);
    ck_assert_uint_eq(rig.done, 0);
    rig_end(NULL);
}
END_TEST

static void add_login(TCase *cases)
{
    tcase_add_test(cases, logs_in_on_the_same_connection);
    tcase_add_loop_test(cases, logs_in_on_another_connection, 0,
                        sizeof(SPENT) / sizeof(SPENT[0]));
    tcase_add_test(cases, tells_of_a_rejected_login);
    tcase_add_test(cases, holds_the_body_until_the_login_is_known);
    tcase_add_test(cases, holds_the_body_for_a_while_only);
    tcase_add_test(cases, sends_a_short_body_at_once);
    tcase_add_test(cases, begins_again_with_a_body);
    tcase_add_test(cases, cannot_log_in_behind_a_large_body);
}

static void add_bodies(TCase *cases)
{
    tcase_add_test(cases, sends_chunks_and_trailers);
    tcase_add_test(cases, refuses_a_bad_chunk);
    tcase_add_test(cases, notices_a_client_that_stops);
    tcase_add_test(cases, passes_a_hundred_on);
    tcase_add_test(cases, delivers_an_early_answer);
    tcase_add_test(cases, sends_a_large_body);
    tcase_add_test(cases, delivers_a_large_body);
    tcase_add_test(cases, delivers_a_large_body_in_chunks);
    tcase_add_test(cases, leaves_pipelined_bytes);
    tcase_add_test(cases, answers_a_client_that_ended_its_side);
    tcase_add_test(cases, notices_a_client_that_left);
    tcase_add_test(cases, upgrades);
    tcase_add_loop_test(cases, is_silent_once_cancelled, 0,
                        sizeof(CANCELS) / sizeof(CANCELS[0]));
}

int main(void)
{
    Suite *suite = suite_create("exchange_request");
    TCase *login = tcase_create("login");
    TCase *bodies = tcase_create("bodies");

    tcase_set_timeout(login, 30);
    tcase_set_timeout(bodies, 30);
    add_login(login);
    add_bodies(bodies);
    suite_add_tcase(suite, login);
    suite_add_tcase(suite, bodies);
    return suite_run(suite);
}
