/*
 * test_tunnel: CONNECT dialogues with a proxy that answers by a script.
 */
#include "tunnel_rig.h"

static const struct {
    struct say script[6];
    enum outcome outcome;
    uint16_t status;
    unsigned heads, connections;
    const char *rest; /* OK: what is unread in the stream; else the quote */
} cases[] = {
    /* opened */
    {{{"HTTP/1.1 200 Connection established\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     1,
     1,
     ""},
    {{{"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x", 0, 0}}, OUTCOME_OK, 200, 1, 1, "SSH-2.0-x"},
    {{{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", 0, 0}},
     OUTCOME_OK,
     200,
     1,
     1,
     "hello!"},
    {{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", 0, 0}},
     OUTCOME_OK,
     200,
     1,
     1,
     "5"},
    {{{"HTTP/1.1 204 No Content\r\n\r\n", 0, 0}}, OUTCOME_OK, 204, 1, 1, ""},
    {{{"HTTP/1.1 299 Fine\r\n\r\n", 0, 0}}, OUTCOME_OK, 299, 1, 1, ""},
    {{{"HTTP/1.0 200 OK\r\n\r\n", 0, 0}}, OUTCOME_OK, 200, 1, 1, ""},
    {{{"HTTP/1.1 200\r\n\r\n", 0, 0}}, OUTCOME_OK, 200, 1, 1, ""},
    {{{"HTTP/1.1 200 OK\nA: b\n\nglued", 0, 0}}, OUTCOME_OK, 200, 1, 1, "glued"},
    {{{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nglued", 0, 0}},
     OUTCOME_OK,
     200,
     1,
     1,
     "glued"},
    {{{"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\n\r\n",
       0, SAY_BYTEWISE}},
     OUTCOME_OK,
     200,
     1,
     1,
     ""},
    {{{"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 0, SAY_BYTEWISE}}, OUTCOME_OK, 200, 1, 1, ""},
    {{{"HTTP/1.1 200 OK\r\n\r\nbye", 0, SAY_CLOSE}}, OUTCOME_OK, 200, 1, 1, "bye"},
    /* refused */
    {{{"HTTP/1.1 302 Found\r\nLocation: http://login/\r\nContent-Length: 0\r\n\r\n", 0,
       0}},
     OUTCOME_CONNECT_PORTAL,
     302,
     1,
     1,
     ""},
    {{{"HTTP/1.1 403 Forbidden\r\nContent-Length: 45\r\n\r\n"
       "<html><title>Blocked</title><p>x</p>  </html>",
       0, 0}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Blocked"},
    {{{"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nDenied and more", 0, 0}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Denied"},
    {{{"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
       "6\r\nDenied\r\n4\r\n now\r\n0\r\n\r\n",
       0, 0}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Denied now"},
    {{{"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
       "6\r\nDenied\r\n4\r\n now\r\n0\r\n\r\n",
       0, SAY_BYTEWISE}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Denied now"},
    {{{"HTTP/1.1 503 Unavailable\r\n\r\nTry later", 0, SAY_CLOSE}},
     OUTCOME_CONNECT_FAILED,
     503,
     1,
     1,
     "Try later"},
    {{{"HTTP/1.1 503 Unavailable\r\n\r\nTry", 0, 0}}, /* and keeps it open */
     OUTCOME_CONNECT_FAILED,
     503,
     1,
     1,
     "Try"},
    {{{"HTTP/1.1 403 Forbidden\r\n\r\n<title>Big</title>", MANY, 0}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Big"},
    {{{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 0, 0}},
     OUTCOME_CONNECT_UNAUTHORIZED,
     401,
     1,
     1,
     ""},
    {{{"HTTP/1.1 403 F\r\nContent-Length: 9\r\n\r\nDen", 0, SAY_CLOSE}},
     OUTCOME_CONNECT_DENIED,
     403,
     1,
     1,
     "Den"},
    /* broken */
    {{{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 0, 0}},
     OUTCOME_ANSWER_BROKEN,
     101,
     1,
     1,
     ""},
    {{{"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, 0}}, OUTCOME_ANSWER_BROKEN, 0, 1, 1, ""},
    {{{"\x15\x03\x01\x02\x02\n\n", 0, 0}}, OUTCOME_ANSWER_BROKEN, 0, 1, 1, ""},
    {{{"HTTP/2.0 200 OK\r\n\r\n", 0, 0}}, OUTCOME_ANSWER_BROKEN, 0, 1, 1, ""},
    {{{"HTTP/1.1 403 F\r\nContent-Length: x\r\n\r\n", 0, 0}},
     OUTCOME_ANSWER_BROKEN,
     403,
     1,
     1,
     ""},
    {{{"HTTP/1.1 200 OK\r\nA: ", MANY, 0}}, OUTCOME_ANSWER_TOO_LARGE, 0, 1, 1, ""},
    {{{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: ", MANY, 0}},
     OUTCOME_ANSWER_TOO_LARGE,
     100,
     1,
     1,
     ""},
    {{{"", 0, SAY_CLOSE}}, OUTCOME_HOP_CLOSED, 0, 1, 1, ""},
    {{{"HTTP/1.1 200 O", 0, SAY_CLOSE}}, OUTCOME_ANSWER_INCOMPLETE, 0, 1, 1, ""},
    {{{"HTTP/1.1 100 Continue\r\n\r\n", 0, SAY_CLOSE}},
     OUTCOME_ANSWER_NONE,
     100,
     1,
     1,
     ""},
    /* a login over the same connection */
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0}, {"HTTP/1.1 200 OK\r\n\r\nx", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     1,
     "x"},
    {{{ASK("Content-Length: 5\r\n\r\nlogin"), 0, SAY_BYTEWISE},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, SAY_BYTEWISE}},
     OUTCOME_OK,
     200,
     2,
     1,
     ""},
    {{{ASK("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 0, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     1,
     ""},
    {{{ASK("Content-Length: 200000\r\n\r\n"), 200000, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     1,
     ""},
    {{{"HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic\r\nConnection: keep-alive\r\n"
       "Content-Length: 0\r\n\r\n",
       0, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     1,
     ""},
    /* a login over a fresh one */
    {{{ASK("Connection: close\r\nContent-Length: 0\r\n\r\n"), 0, SAY_CLOSE},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Content-Length: 5\r\n\r\nlogin"), 0, SAY_CLOSE}, /* unannounced */
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("\r\nuntil the end"), 0, SAY_CLOSE}, {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{"HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", 0,
       0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Content-Length: 52428800\r\n\r\n"), MANY, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Transfer-Encoding: chunked\r\n\r\n3200000\r\n"), MANY, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Content-Length: 3\r\n\r\nlonger"), 0, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Content-Length: 9\r\n\r\nshort"), 0, SAY_CLOSE},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Content-Length: 9\r\n\r\nshort"), 0, 0}, /* and nothing more */
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    {{{ASK("Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), 0, 0},
      {"HTTP/1.1 200 OK\r\n\r\n", 0, 0}},
     OUTCOME_OK,
     200,
     2,
     2,
     ""},
    /* logins that fail */
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0},
      {ASK("Content-Length: 0\r\n\r\n"), 0, 0}},
     OUTCOME_LOGIN_REJECTED,
     407,
     2,
     1,
     ""},
    {{{ASK("Connection: close\r\n\r\n"), 0, SAY_CLOSE},
      {ASK("Connection: close\r\n\r\n"), 0, SAY_CLOSE}},
     OUTCOME_LOGIN_REJECTED,
     407,
     2,
     2,
     ""},
    {{{"HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n", 0, 0}},
     OUTCOME_LOGIN_BROKEN,
     407,
     1,
     1,
     ""},
    {{{"HTTP/1.1 407 Auth\r\nProxy-Authenticate: SCRAM\r\nContent-Length: 0\r\n\r\n", 0,
       0}},
     OUTCOME_LOGIN_SCHEME,
     407,
     1,
     1,
     ""},
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 0, 0}},
     OUTCOME_CONNECT_DENIED,
     403,
     2,
     1,
     "no"},
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0}, {"", 0, SAY_CLOSE}},
     OUTCOME_ANSWER_NONE,
     407,
     2,
     1,
     ""},
};

static void rest_is(const char *rest)
{
    char bytes[64];
    ssize_t n;
    size_t len = 0;

    while (len < strlen(rest)) {
        n = stream_read(stream, bytes + len, sizeof(bytes) - len);
        if (n == -EAGAIN) {
            pass_ms(1);
            continue;
        }
        ck_assert_int_gt(n, 0);
        len += (size_t)n;
    }
    bytes[len] = '\0';
    ck_assert_str_eq(bytes, rest);
}

START_TEST(dialogues)
{
    proxy_init(&proxy, cases[_i].script);
    dialogue(5000, 1000);
    ck_assert_msg(call.result.outcome == cases[_i].outcome, "%s (%s)",
                  outcome_info(call.result.outcome)->name, call.detail);
    ck_assert_uint_eq(call.result.status, cases[_i].status);
    ck_assert_uint_eq(proxy.heads, cases[_i].heads);
    ck_assert_uint_eq(proxy.connections, cases[_i].connections);
    if (call.result.outcome == OUTCOME_OK)
        rest_is(cases[_i].rest);
    else
        ck_assert_str_eq(call.result.quote, cases[_i].rest);
    pass_ms(5);
}
END_TEST

static const struct say opens[] = {{"HTTP/1.1 200 OK\r\n\r\n", 0, 0}, {NULL, 0, 0}};

START_TEST(what_is_sent)
{
    char one[] = "X-Site: HQ", two[] = "X-Two: 2", *header[] = {one, two, NULL};

    proxy_init(&proxy, opens);
    ask(1000, 1000, header);
    loop_await();
    ck_assert_str_eq(proxy_heard(&proxy),
                     "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n"
                     "Via: 1.1 me\r\nX-Site: HQ\r\nX-Two: 2\r\n\r\n");
}
END_TEST

START_TEST(login_is_sent_first_once_it_is_known_to_be_asked_for)
{
    static const struct say script[] = {
        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
        {"HTTP/1.1 200 OK\r\n\r\n", 0, 0},
        {"HTTP/1.1 200 OK\r\n\r\n", 0, 0},
        {NULL, 0, 0},
    };

    proxy_init(&proxy, script);
    dialogue(1000, 1000);
    ck_assert_ptr_nonnull(strstr(proxy_heard(&proxy), LOGIN));
    buf_reset(&proxy.heard);
    dialogue(1000, 1000);
    ck_assert_int_eq(call.result.outcome, OUTCOME_OK);
    ck_assert_ptr_nonnull(strstr(proxy_heard(&proxy), LOGIN));
    ck_assert_uint_eq(proxy.heads, 3);
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_ACCEPTED);
}
END_TEST

START_TEST(endless_407_is_not_an_endless_loop)
{
    static const struct say script[] = {
        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
        {NULL, 0, 0},
    };

    proxy_init(&proxy, script);
    dialogue(1000, 1000);
    ck_assert_int_eq(call.result.outcome, OUTCOME_LOGIN_REJECTED);
    ck_assert_uint_eq(proxy.heads, 2); /* the wrong login was sent once */
    dialogue(1000, 1000);
    ck_assert_int_eq(call.result.outcome, OUTCOME_LOGIN_HELD);
    ck_assert_uint_eq(proxy.heads, 2); /* and never again */
}
END_TEST

static const struct say silences[][2] = {
    {{"", 0, 0}, {NULL, 0, 0}},
    {{"HTTP/1.1 200 O", 0, 0}, {NULL, 0, 0}},
    {{"HTTP/1.1 100 Continue\r\n\r\n", 0, 0}, {NULL, 0, 0}},
};

START_TEST(silence_times_out)
{
    proxy_init(&proxy, silences[_i]);
    dialogue(50, 1000);
    ck_assert_int_eq(call.result.outcome, OUTCOME_ANSWER_TIMEOUT);
}
END_TEST

START_TEST(ipv6_targets_stand_in_brackets)
{
    proxy_init(&proxy, opens);
    ask_for(SPAN("2001:db8::1"), 0, 1000, 1000, NULL);
    loop_await();
    ck_assert_ptr_nonnull(
        strstr(proxy_heard(&proxy), "CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"));
}
END_TEST

/* A proxy that reads nothing, and speaks before the head has come: no tunnel then. */
START_TEST(answer_before_the_head_is_out)
{
    static const char refusal[] =
        "HTTP/1.1 431 Too Large\r\nContent-Length: 2\r\n\r\nno";
    static const char opened[] = "HTTP/1.1 200 OK\r\n\r\n";
    const char *says = _i ? opened : refusal;
    char line[30000], *lines[] = {line, line, line, NULL};

    memset(line, 'a', sizeof(line));
    memcpy(line, "X: ", 3);
    line[sizeof(line) - 1] = '\0';
    proxy_init(&proxy, opens);
    ask_for(SPAN("example.test"), 4096, 1000, 1000, lines);
    watch_want(proxy.connection[0].watch, 0);
    pass_ms(10);
    ck_assert(!call.done);
    ck_assert_int_eq(write(watch_fd(proxy.connection[0].watch), says, strlen(says)),
                     (ssize_t)strlen(says));
    loop_await();
    ck_assert_int_eq(call.result.outcome,
                     _i ? OUTCOME_ANSWER_BROKEN : OUTCOME_CONNECT_DENIED);
}
END_TEST

/* At once, with the head sent, in a 407's body, with a page coming. */
static const struct say stages[][2] = {
    {{"", 0, 0}, {NULL, 0, 0}},
    {{"", 0, 0}, {NULL, 0, 0}},
    {{ASK("Content-Length: 9\r\n\r\nshort"), 0, 0}, {NULL, 0, 0}},
    {{"HTTP/1.1 403 F\r\nContent-Length: 9\r\n\r\nshort", 0, 0}, {NULL, 0, 0}},
};

START_TEST(cancelled_at_each_stage)
{
    proxy_init(&proxy, stages[_i]);
    ask(5000, 5000, NULL);
    if (_i > 0)
        pass_ms(20);
    ck_assert(!call.done);
    tunnel_cancel(call.tunnel);
    auth_free(auth);
    auth = NULL;
    pass_ms(20);
    ck_assert(!call.done);
    tunnel_cancel(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tunnel");
    TCase *tcase = tcase_create("tunnel");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, dialogues, 0, COUNT(cases));
    tcase_add_test(tcase, what_is_sent);
    tcase_add_test(tcase, login_is_sent_first_once_it_is_known_to_be_asked_for);
    tcase_add_test(tcase, endless_407_is_not_an_endless_loop);
    tcase_add_loop_test(tcase, silence_times_out, 0, COUNT(silences));
    tcase_add_test(tcase, ipv6_targets_stand_in_brackets);
    tcase_add_loop_test(tcase, answer_before_the_head_is_out, 0, 2);
    tcase_add_loop_test(tcase, cancelled_at_each_stage, 0, COUNT(stages));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
