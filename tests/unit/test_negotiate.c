/*
 * test_negotiate: Kerberos through the login of a connection, with tokens of a library
 * that the test plays: what is sent, what ends it, and whom it believes.
 */
#include "auth_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define NEGOTIATE    "Proxy-Authenticate: Negotiate\r\n"
#define BASIC        "Proxy-Authenticate: Basic realm=\"corp\"\r\n"
/* base64 of "first", "second", "go on", "proof" and "other" */
#define FIRST        "Negotiate Zmlyc3Q="
#define SECOND       "Negotiate c2Vjb25k"
#define GO_ON        "Z28gb24="
#define PROOF        "cHJvb2Y="
#define OTHER        "b3RoZXI="

enum { LARGE = 36000 };

/* ---- the library ---- */

static struct {
    enum gss_verdict verdict; /* of the first token */
    size_t size;              /* of it; 0: "first" */
    struct gss_target target; /* of the last call */
    int alive;
} library;

static void reply(struct gss_result *result, enum gss_verdict verdict, const char *text,
                  size_t size)
{
    result->verdict = verdict;
    result->token_len = size;
    result->token = size == 0 ? NULL : calloc(1, size + 1);
    if (size > 0)
        memcpy(result->token, text, strlen(text) < size ? strlen(text) : size);
}

static void fake_step(void **context, const struct gss_target *target,
                      struct span input, struct gss_result *result)
{
    gss_target_clear(&library.target);
    ck_assert(gss_target_copy(&library.target, target));
    if (*context == NULL && library.verdict == GSS_UNABLE) {
        result->verdict = GSS_UNABLE;
        (void)snprintf(result->why, sizeof(result->why), "run kinit");
    } else if (*context == NULL) {
        *context = &library;
        library.alive++;
        reply(result, library.verdict, "first", library.size > 0 ? library.size : 5);
    } else if (span_equal(input, SPAN("go on"))) {
        reply(result, GSS_GOES_ON, "second", 6);
    } else if (span_equal(input, SPAN("proof"))) {
        reply(result, GSS_COMPLETE, "", 0);
    } else {
        result->verdict = GSS_BAD_PEER;
        (void)snprintf(result->why, sizeof(result->why), "bad token");
    }
}

static void fake_release(void *context)
{
    if (context != NULL)
        library.alive--;
}

static const struct gss_maker fake = {.step = fake_step, .release = fake_release};

/* ---- the rig ---- */

static struct gss *gss;
static struct auth *auth;
static char end_point[32];

static struct auth *open_auth(const char *host, bool tls)
{
    return auth_new(&(struct auth_options){
        .loop = loop,
        .guard = guard,
        .memory = memory,
        .gss = gss,
        .hop = HOP,
        .host = host,
        .login = &login,
        .end_point = {end_point, tls ? sizeof(end_point) : 0},
    });
}

static void begin_test(void)
{
    setup();
    gss_target_clear(&library.target);
    memset(&library, 0, sizeof(library));
    memset(end_point, 'h', sizeof(end_point));
    gss = gss_new(&(struct gss_options){
        .loop = loop, .maker = &fake, .call_ms = 10000, .rest_ms = 10000});
    auth = open_auth("wp1.corp", false);
    ck_assert_ptr_nonnull(auth);
}

static void end_test(void)
{
    auth_free(auth);
    ck_assert_int_eq(library.alive, 0);
    gss_free(gss);
    free(login.keytab);
    free(login.principal);
    teardown();
}

static void expect_sent(const char *value)
{
    struct span got = auth_value(auth);

    ck_assert_msg(span_equal(got, span_of(value)), "got <%.*s>", SPAN_ARG(got));
    auth_sent(auth);
}

/* Up to the first token, sent. */
static void speak(const char *lines)
{
    ck_assert_msg(step(auth, lines) == OUTCOME_OK, "%s", said.detail);
    ck_assert(!auth_is_leg(auth)); /* the body goes with it */
    expect_sent(FIRST);
    ck_assert(auth_bound(auth));
}

static enum outcome settle(const char *lines, const char **why)
{
    char text[512];
    struct head head;
    enum outcome outcome;
    int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n", lines);

    head_init(&head);
    ck_assert_int_eq(head_read_response(&head, text, (size_t)n), HEAD_DONE);
    outcome = auth_settle(auth, &head, why);
    head_clear(&head);
    return outcome;
}

/* ---- tests ---- */

static const struct {
    const char *lines;
    enum outcome outcome;
} PROOFS[] = {
    {"", OUTCOME_OK}, /* many proxies send none */
    {"Proxy-Authentication-Info: Negotiate " PROOF "\r\n", OUTCOME_OK},
    {"proxy-authentication-info: negotiate " PROOF "\r\n", OUTCOME_OK},
    {"Proxy-Authenticate: Negotiate " PROOF "\r\n", OUTCOME_OK},
    {"Proxy-Authenticate: Basic realm=\"x\", Negotiate " PROOF "\r\n", OUTCOME_OK},
    {NEGOTIATE, OUTCOME_OK},
    /* what an origin says of itself */
    {"WWW-Authenticate: Negotiate " OTHER "\r\n", OUTCOME_OK},
    {"Proxy-Authentication-Info: Negotiate " OTHER "\r\n", OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authenticate: Negotiate " OTHER "\r\n", OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authentication-Info: Negotiate c2=Vj\r\n", OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authentication-Info: Negotiate " GO_ON "\r\n", OUTCOME_LOGIN_BROKEN},
};

START_TEST(mutual)
{
    const char *why = NULL;

    speak(NEGOTIATE);
    ck_assert_int_eq(settle(PROOFS[_i].lines, &why), PROOFS[_i].outcome);
    ck_assert_int_eq(why != NULL, PROOFS[_i].outcome != OUTCOME_OK);
    ck_assert_int_eq(auth_bound(auth), PROOFS[_i].outcome == OUTCOME_OK);
    /* no password was at stake */
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_UNTRIED);
}
END_TEST

START_TEST(up_front)
{
    speak(NEGOTIATE);
    ck_assert_int_eq(settle("", NULL), OUTCOME_OK);
    /* the connection is logged in; the next one begins with a token of its own */
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_sent("");
    auth_free(auth);
    auth = open_auth("wp1.corp", false);
    speak(NULL);
}
END_TEST

START_TEST(continued)
{
    speak(NEGOTIATE);
    ck_assert_int_eq(step(auth, "Proxy-Authenticate: Negotiate " GO_ON "\r\n"),
                     OUTCOME_OK);
    expect_sent(SECOND);
    ck_assert(!auth_spent(auth));
    ck_assert_int_eq(settle("Proxy-Authentication-Info: Negotiate " PROOF "\r\n", NULL),
                     OUTCOME_OK);
}
END_TEST

/* What comes after the first token, and why it is not gone on with. */
static const struct {
    const char *lines, *note;
} REFUSALS[] = {
    {NEGOTIATE BASIC, "Negotiate: the proxy refused the Kerberos ticket"},
    {"Proxy-Authenticate: Negotiate " OTHER "\r\n" BASIC, "Negotiate: bad token"},
    {"Proxy-Authenticate: Negotiate " PROOF "\r\n" BASIC, "is complete"},
    {BASIC, "Negotiate: the proxy refused the login"},
};

START_TEST(refused)
{
    login.auth = CONFIG_AUTH_NEGOTIATE | CONFIG_AUTH_BASIC << 4;
    speak(NEGOTIATE BASIC);
    ck_assert_int_eq(step(auth, REFUSALS[_i].lines), OUTCOME_OK);
    expect_sent("Basic YWxpY2U6c2VzYW1l");
    ck_assert(auth_spent(auth)); /* that goes over another connection */
    ck_assert_msg(strstr(auth_memory_note(memory, HOP), REFUSALS[_i].note) != NULL,
                  "%s", auth_memory_note(memory, HOP));
    ck_assert_int_eq(settle("", NULL), OUTCOME_OK);
    /* for some time it is not tried again */
    auth_free(auth);
    auth = open_auth("wp1.corp", false);
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_sent("Basic YWxpY2U6c2VzYW1l");
}
END_TEST

START_TEST(not_base64)
{
    speak(NEGOTIATE);
    ck_assert_int_eq(step(auth, "Proxy-Authenticate: Negotiate Z2=8\r\n"),
                     OUTCOME_LOGIN_BROKEN);
    ck_assert_ptr_nonnull(strstr(said.detail, "not base64"));
}
END_TEST

START_TEST(unable)
{
    login.auth = CONFIG_AUTH_NEGOTIATE;
    library.verdict = GSS_UNABLE;
    ck_assert_int_eq(step(auth, NEGOTIATE), OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(said.detail, "Negotiate: run kinit"));
    ck_assert(!auth_spent(auth));
}
END_TEST

static const char *const ADDRESSES[] = {"127.0.0.1", "2001:db8::1", "10.0.0.1"};

START_TEST(an_address)
{
    login.auth = CONFIG_AUTH_NEGOTIATE;
    auth_free(auth);
    auth = open_auth(ADDRESSES[_i], false);
    ck_assert_int_eq(step(auth, NEGOTIATE), OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(said.detail, "configured as an address"));
    ck_assert_ptr_null(library.target.host); /* nobody was asked */
}
END_TEST

/* An AD ticket of 900 groups makes 11.5 kB of header. */
START_TEST(large)
{
    library.size = LARGE;
    ck_assert_int_eq(step(auth, NEGOTIATE), OUTCOME_OK);
    ck_assert_uint_eq(auth_value(auth).len, strlen("Negotiate ") + LARGE / 3 * 4);
    auth_free(auth);
    auth = open_auth("wp1.corp", false);
    login.auth = CONFIG_AUTH_NEGOTIATE;
    library.size = 3 * LARGE;
    ck_assert_int_eq(step(auth, NEGOTIATE), OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(said.detail, "too large"));
}
END_TEST

START_TEST(what_it_is_made_of)
{
    static const char prefix[] = "tls-server-end-point:";
    size_t len = sizeof(prefix) - 1;

    speak(NEGOTIATE);
    ck_assert_str_eq(library.target.host, "wp1.corp");
    ck_assert_ptr_null(library.target.keytab);
    ck_assert_ptr_null(library.target.principal);
    ck_assert_uint_eq(library.target.binding_len, 0);
    auth_free(auth);
    login.keytab = span_dup(SPAN("/etc/bot.keytab"));
    login.principal = span_dup(SPAN("bot@CORP"));
    auth = open_auth("wp1.corp", true);
    speak(NEGOTIATE);
    ck_assert_str_eq(library.target.keytab, "/etc/bot.keytab");
    ck_assert_str_eq(library.target.principal, "bot@CORP");
    ck_assert_uint_eq(library.target.binding_len, len + sizeof(end_point));
    ck_assert_mem_eq(library.target.binding, prefix, len);
    ck_assert_mem_eq(library.target.binding + len, end_point, sizeof(end_point));
}
END_TEST

static struct guard_ticket *ticket;

static void guard_answers(void *ctx, enum guard_answer answer)
{
    ck_assert_int_eq(answer, *(enum guard_answer *)ctx);
}

/* A password that was rejected is no reason not to use a ticket. */
START_TEST(beside_a_closed_guard)
{
    struct auth_options options = {
        .loop = loop,
        .guard = guard,
        .memory = memory,
        .gss = gss,
        .hop = HOP,
        .host = "wp1.corp",
        .login = &login,
    };
    const struct guard_place place = {HOP, "origin.test:443"};
    enum guard_answer expected = GUARD_ALLOWED;
    char text[AUTH_TEXT];

    ticket = guard_ask(guard, &login, &place, guard_answers, &expected);
    loop_run(loop);
    expected = GUARD_REJECTED;
    guard_rejected(ticket);
    loop_run(loop);
    guard_drop(ticket);
    speak(NEGOTIATE "Proxy-Authenticate: NTLM\r\n");
    ck_assert(!auth_is_held(&options, text, sizeof(text)));
    ck_assert_int_eq(settle("", NULL), OUTCOME_OK);
    auth_free(auth);
    auth = open_auth("wp1.corp", false);
    library.verdict = GSS_UNABLE;
    ck_assert_int_eq(step(auth, NULL), OUTCOME_LOGIN_HELD);
    ck_assert(auth_is_held(&options, text, sizeof(text)));
}
END_TEST

/* Nobody waits any more while the library is asked. */
START_TEST(given_up)
{
    begin(auth, NEGOTIATE);
    auth_free(auth);
    auth = NULL;
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("negotiate");
    TCase *tc = tcase_create("negotiate");

    tcase_add_checked_fixture(tc, begin_test, end_test);
    tcase_add_loop_test(tc, mutual, 0, COUNT(PROOFS));
    tcase_add_test(tc, up_front);
    tcase_add_test(tc, continued);
    tcase_add_loop_test(tc, refused, 0, COUNT(REFUSALS));
    tcase_add_test(tc, not_base64);
    tcase_add_test(tc, unable);
    tcase_add_loop_test(tc, an_address, 0, COUNT(ADDRESSES));
    tcase_add_test(tc, large);
    tcase_add_test(tc, what_it_is_made_of);
    tcase_add_test(tc, beside_a_closed_guard);
    tcase_add_test(tc, given_up);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
