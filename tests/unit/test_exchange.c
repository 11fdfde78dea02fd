/*
 * test_exchange: one plain request and its answer, with a scripted client and upstream:
 * the answer, how it fails, kept connections.
 */
#include "exchange_rig.h"

/* ---- plain ---- */

START_TEST(keeps_both_connections)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                    "<\r\n\r\n", ">HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyou",
                    "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, OK_HEAD "Content-Length: 2\r\n\r\nhi");
    ck_assert(rig.result.keep && rig.result.answered && !rig.result.reused);
    ck_assert_uint_eq(rig.result.status, 200);
    ck_assert_uint_eq(rig.result.bytes_down, 2);
    ck_assert_ptr_eq(rig.result.hop, &rig.hop);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 1);
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, OK_HEAD "Content-Length: 3\r\n\r\nyou");
    ck_assert(rig.result.reused);
    rig_end(GET_OUT GET_OUT);
}
END_TEST

/* What makes a connection unfit for the pool, or for the client. */
static const struct {
    const char *head, *answer;
    enum { GONE, POOLED, HELD } kept;
    bool keep;
} KEEPING[] = {
    {GET, ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", POOLED, true},
    {GET, ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", GONE,
     true},
    {GET, ">HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", GONE, true},
    {GET,
     ">HTTP/1.0 200 OK\r\nContent-Length: 0\r\nProxy-Connection: keep-alive\r\n\r\n",
     POOLED, true},
    {GET, ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\nProxy-Connection: close\r\n\r\n",
     GONE, true},
    {GET, ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", GONE, true},
    {GET,
     ">HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Negotiate\r\n\r\n",
     HELD, true},
    {GET,
     ">HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic, NTLM\r\n"
     "Connection: close\r\n\r\n",
     GONE, true},
    {"GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
     "Connection: close\r\n\r\n",
     ">HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: NTLM\r\n\r\n", GONE,
     false},
    {"GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
     "Authorization: NTLM TlRM\r\n\r\n",
     ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", HELD, true},
    {"GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
     "Connection: close\r\n\r\n",
     ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", POOLED, false},
    {"GET http://example.test/a HTTP/1.0\r\nHost: example.test\r\n"
     "Connection: keep-alive\r\n\r\n",
     ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", POOLED, false},
};

START_TEST(keeps_what_may_be_kept)
{
    rig_start(STEPS("+", "<\r\n\r\n", KEEPING[_i].answer, "?"));
    ck_assert_int_eq(rig_request(KEEPING[_i].head, "", WAITS), OUTCOME_OK);
    ck_assert_int_eq(rig.result.keep, KEEPING[_i].keep);
    ck_assert_int_eq(strstr(rig.client.got, "Connection: close\r\n") == NULL,
                     KEEPING[_i].keep);
    ck_assert_uint_eq(pool_size(rig.egress->pool), KEEPING[_i].kept == POOLED);
    ck_assert_int_eq(rig.held.upstream != NULL, KEEPING[_i].kept == HELD);
    rig_end(NULL);
}
END_TEST

/* How answers are framed for the client. */
static const struct {
    const char *request_line;
    const char *answer;
    const char *got;
} FRAMINGS[] = {
    {"HEAD http://a.test/ HTTP/1.1", ">HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
     OK_HEAD "Content-Length: 99\r\n\r\n"},
    {"GET http://a.test/ HTTP/1.1", ">HTTP/1.1 204 No\r\n\r\n",
     "HTTP/1.1 204 No\r\nVia: 1.1 me\r\n\r\n"},
    {"GET http://a.test/ HTTP/1.1",
     ">HTTP/1.1 304 Same\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n",
     "HTTP/1.1 304 Same\r\nETag: \"x\"\r\nVia: 1.1 me\r\nContent-Length: 7\r\n\r\n"},
    {"GET http://a.test/ HTTP/1.1", ">HTTP/1.1 200 OK\r\n\r\nhello",
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"GET http://a.test/ HTTP/1.0", ">HTTP/1.1 200 OK\r\n\r\nhello",
     OK_HEAD "Connection: close\r\n\r\nhello"},
    {"GET http://a.test/ HTTP/1.1",
     ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\nHost: no\r\n\r\n",
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n"
             "X-Sum: 1\r\n\r\n"},
    {"GET http://a.test/ HTTP/1.0",
     ">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n",
     OK_HEAD "Connection: close\r\n\r\nhello"},
    {"GET http://a.test/ HTTP/1.1",
     ">HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
     "HTTP/1.1 103 Early\r\nLink: </x>\r\nVia: 1.1 me\r\n\r\n" OK_HEAD
     "Content-Length: 1\r\n\r\n1"},
    {"GET http://a.test/ HTTP/1.0",
     ">HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
     OK_HEAD "Content-Length: 1\r\nConnection: close\r\n\r\n1"},
};

START_TEST(frames_for_the_client)
{
    char head[200];

    snprintf(head, sizeof(head), "%s\r\nHost: a.test\r\n\r\n",
             FRAMINGS[_i].request_line);
    rig_start(STEPS("+", "<\r\n\r\n", FRAMINGS[_i].answer, "|", "?"));
    ck_assert_int_eq(rig_request(head, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, FRAMINGS[_i].got);
    rig_end(NULL);
}
END_TEST

START_TEST(goes_direct)
{
    char want[200];

    rig_start(STEPS("+", "<\r\n\r\n", ">" ASK "Content-Length: 0\r\n\r\n", "?"));
    rig_go_direct();
    ck_assert_int_eq(rig_request("GET http://{host}/x HTTP/1.1\r\nHost: a\r\n"
                                 "Proxy-Authorization: x\r\n\r\n",
                                 "", WAITS),
                     OUTCOME_OK);
    ck_assert_uint_eq(rig.result.status, 407);
    ck_assert_ptr_null(rig.result.hop);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 1);
    snprintf(want, sizeof(want),
             "GET /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nVia: 1.1 me\r\n\r\n", rig.port);
    rig_end(want);
}
END_TEST

/* ---- answers that fail ---- */

static const struct {
    const char *answer;
    enum outcome outcome;
    bool answered;
    const char *got;
} FAILING[] = {
    {">", OUTCOME_ANSWER_NONE, false, ""},
    {">HTTP/1.1 200 O", OUTCOME_ANSWER_INCOMPLETE, false, ""},
    {">SSH-2.0-x\r\n\r\n", OUTCOME_ANSWER_BROKEN, false, ""},
    {">HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\n", OUTCOME_ANSWER_BROKEN, false, ""},
    {">HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", OUTCOME_ANSWER_BROKEN, false, ""},
    {">HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234", OUTCOME_ANSWER_INCOMPLETE,
     true, OK_HEAD "Content-Length: 9\r\n\r\n1234"},
    {">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n",
     OUTCOME_ANSWER_INCOMPLETE, true,
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n"},
    {">HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\nx",
     OUTCOME_ANSWER_BROKEN, true,
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n"},
    {">HTTP/1.1 100 Go\r\n\r\n", OUTCOME_ANSWER_NONE, false,
     "HTTP/1.1 100 Go\r\nVia: 1.1 me\r\n\r\n"},
};

START_TEST(tells_how_an_answer_failed)
{
    rig_start(STEPS("+", "<\r\n\r\n", FAILING[_i].answer, "|", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), FAILING[_i].outcome);
    ck_assert_str_eq(rig.client.got, FAILING[_i].got);
    ck_assert_int_eq(rig.result.answered, FAILING[_i].answered);
    ck_assert(!rig.result.keep && !rig.result.body_left);
    ck_assert_int_eq(strncmp(rig.detail, "the proxy ", 10), 0);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 0);
    rig_end(NULL);
}
END_TEST

START_TEST(refuses_an_endless_head)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 200 OK\r\nA: ", "*65536", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_ANSWER_TOO_LARGE);
    ck_assert(!rig.result.answered);
    rig_end(NULL);
}
END_TEST

START_TEST(cuts_silence_if_told_to)
{
    static const char *const answers[] = {
        ">", ">HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"};

    rig_start(STEPS("+", "<\r\n\r\n", answers[_i], "?"));
    rig.config.timeout.idle = 50;
    ck_assert_int_eq(rig_request(GET, "", WAITS),
                     _i ? OUTCOME_IDLE_TIMEOUT : OUTCOME_ANSWER_TIMEOUT);
    ck_assert_int_eq(rig.result.answered, _i);
    rig_end(GET_OUT);
}
END_TEST

START_TEST(says_what_the_connector_says)
{
    uint16_t port;
    int fd;

    rig_start(STEPS("!"));
    fd = rig_listen(&port);
    close(fd);
    rig.hop.port = port;
    ck_assert_int_eq(rig_request(POST "Content-Length: 3\r\n\r\n", "a", WAITS),
                     OUTCOME_CONNECT_REFUSED);
    ck_assert(rig.result.body_left && !rig.result.answered);
    rig_end("");
}
END_TEST

/* ---- kept connections ---- */

START_TEST(repeats_what_a_stale_connection_lost)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 204 No\r\n\r\n", "<\r\n\r\n", "+",
                    "<\r\n\r\n", ">HTTP/1.1 204 Yes\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_str_eq(rig.client.got, "HTTP/1.1 204 Yes\r\nVia: 1.1 me\r\n\r\n");
    ck_assert(!rig.result.reused);
    rig_end(GET_OUT GET_OUT GET_OUT);
}
END_TEST

START_TEST(does_not_repeat_for_ever)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 204 No\r\n\r\n", "<\r\n\r\n", "+",
                    "<\r\n\r\n", "!"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_ANSWER_NONE);
    rig_end(GET_OUT GET_OUT GET_OUT);
}
END_TEST

START_TEST(risks_nothing_on_a_kept_connection)
{
    rig_start(STEPS("+", "<\r\n\r\n", ">HTTP/1.1 204 No\r\n\r\n", "+", "<\r\n\r\n",
                    ">HTTP/1.1 204 Yes\r\n\r\n", "+", "<xyz",
                    ">HTTP/1.1 204 Yes\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 1);
    ck_assert_int_eq(rig_request(POST "\r\n", "", WAITS), OUTCOME_OK);
    ck_assert(!rig.result.reused);
    ck_assert_int_eq(rig_request(PUT "Content-Length: 3\r\n\r\n", "xyz", WAITS),
                     OUTCOME_OK);
    ck_assert(!rig.result.reused);
    rig_end(NULL);
}
END_TEST

/* ---- the server's own login ---- */

#define NTLM_401                                                                       \
    ">HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: NTLM\r\n\r\n"

START_TEST(holds_what_a_login_passed_on)
{
    rig_start(STEPS("+", "<\r\n\r\n", NTLM_401, "<xyz", ">HTTP/1.1 204 Yes\r\n\r\n",
                    "+", "<\r\n\r\n", ">HTTP/1.1 204 Yes\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
    ck_assert_int_eq(rig_request(POST "Content-Length: 3\r\n\r\n", "xyz", WAITS),
                     OUTCOME_OK);
    ck_assert(rig.result.reused && rig.held.upstream);
    ck_assert_ptr_eq(rig.result.hop, &rig.hop);
    ck_assert_int_eq(
        rig_request("GET http://example.test:81/ HTTP/1.1\r\nHost: a\r\n\r\n", "",
                    WAITS),
        OUTCOME_OK);
    ck_assert(!rig.result.reused);
    ck_assert_uint_eq(pool_size(rig.egress->pool), 1);
    rig_end(NULL);
}
END_TEST

/* The same server, which is now reached another way. */
START_TEST(gives_up_what_leads_another_way)
{
    const char *get = "GET http://{host}/ HTTP/1.1\r\nHost: a\r\n\r\n";

    rig_start(STEPS("+", "<\r\n\r\n", NTLM_401, "+", "<\r\n\r\n",
                    ">HTTP/1.1 204 Yes\r\n\r\n", "?"));
    ck_assert_int_eq(rig_request(get, "", WAITS), OUTCOME_OK);
    ck_assert_ptr_nonnull(rig.held.upstream);
    rig_go_direct();
    ck_assert_int_eq(rig_request(get, "", WAITS), OUTCOME_OK);
    ck_assert_ptr_null(rig.result.hop);
    ck_assert(!rig.result.reused && !rig.held.upstream);
    rig_end(NULL);
}
END_TEST

static void add_plain(TCase *cases)
{
    tcase_add_test(cases, keeps_both_connections);
    tcase_add_loop_test(cases, keeps_what_may_be_kept, 0,
                        sizeof(KEEPING) / sizeof(KEEPING[0]));
    tcase_add_loop_test(cases, frames_for_the_client, 0,
                        sizeof(FRAMINGS) / sizeof(FRAMINGS[0]));
    tcase_add_test(cases, goes_direct);
    tcase_add_loop_test(cases, tells_how_an_answer_failed, 0,
                        sizeof(FAILING) / sizeof(FAILING[0]));
    tcase_add_test(cases, refuses_an_endless_head);
    tcase_add_loop_test(cases, cuts_silence_if_told_to, 0, 2);
    tcase_add_test(cases, says_what_the_connector_says);
    tcase_add_test(cases, repeats_what_a_stale_connection_lost);
    tcase_add_test(cases, does_not_repeat_for_ever);
    tcase_add_test(cases, risks_nothing_on_a_kept_connection);
    tcase_add_test(cases, holds_what_a_login_passed_on);
    tcase_add_test(cases, gives_up_what_leads_another_way);
}

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *plain = tcase_create("plain");

    tcase_set_timeout(plain, 30);
    add_plain(plain);
    suite_add_tcase(suite, plain);
    return suite_run(suite);
}
