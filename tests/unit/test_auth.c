/*
 * test_auth: the login of a connection, step by step.
 */
#include "auth_rig.h"

#include "base/counters.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define ALICE        "Basic YWxpY2U6c2VzYW1l" /* alice:sesame */

static void expect_value(const struct auth *auth, const char *value)
{
    struct span got = auth_value(auth);

    ck_assert_msg(span_equal(got, span_of(value)), "got <%.*s> instead of <%s>",
                  SPAN_ARG(got), value);
}

#define ASKS "Proxy-Authenticate: Basic realm=\"corp\"\r\n"

/* A connection on which the login is accepted. */
static void log_in(struct auth *auth)
{
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    if (auth_value(auth).len == 0) {
        auth_sent(auth);
        ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK);
    }
    expect_value(auth, ALICE);
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
}

START_TEST(asked_then_up_front)
{
    struct auth *auth = start();

    ck_assert_int_eq(auth_memory_get(memory, HOP), AUTH_KNOWN_NOTHING);
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, "");
    auth_sent(auth);
    ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK);
    expect_value(auth, ALICE);
    ck_assert_int_eq(auth_memory_get(memory, HOP), AUTH_KNOWN_ASKS);
    ck_assert_str_eq(auth_memory_scheme(memory, HOP), "Basic");
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_ACCEPTED);
    /* the next request on the same connection */
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, ALICE);
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(auth_memory_get(memory, HOP), AUTH_KNOWN_ASKS);
    ck_assert(!auth_bound(auth));
    auth_free(auth);
    /* and the next connection */
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, ALICE);
    auth_free(auth);
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_ACCEPTED);
}
END_TEST

START_TEST(open_hop_is_remembered)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(auth_memory_get(memory, HOP), AUTH_KNOWN_OPEN);
    ck_assert_int_eq(auth_memory_get(memory, "http://other:1"), AUTH_KNOWN_NOTHING);
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, "");
    auth_sent(auth);
    ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK); /* it asks after all */
    expect_value(auth, ALICE);
    auth_free(auth);
    ck_assert_int_eq(auth_memory_get(memory, HOP), AUTH_KNOWN_ASKS);
}
END_TEST

START_TEST(wrong_password_is_tried_once)
{
    uint64_t before = counter_get(COUNTER_LOGINS_REJECTED);
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK);
    auth_sent(auth);
    ck_assert_int_eq(step(auth, ASKS), OUTCOME_LOGIN_REJECTED);
    ck_assert_ptr_nonnull(strstr(said.detail, HOP));
    ck_assert_ptr_nonnull(strstr(said.detail, "alice"));
    ck_assert_ptr_null(strstr(said.detail, "sesame"));
    expect_value(auth, "");
    ck_assert_uint_eq(counter_get(COUNTER_LOGINS_REJECTED), before + 1);
    auth_free(auth);

    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_LOGIN_HELD);
    ck_assert_ptr_nonnull(strstr(said.detail, HOP));
    expect_value(auth, "");
    auth_free(auth);
    ck_assert_uint_eq(counter_get(COUNTER_LOGINS_REJECTED), before + 1);

    login_set("alice", "tulip");
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, ""); /* nobody knows that one yet: the hop is to ask */
    auth_sent(auth);
    ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK);
    expect_value(auth, "Basic YWxpY2U6dHVsaXA=");
    auth_free(auth);
}
END_TEST

/*
 * What passes without having been asked for proves nothing: a target that the hop lets
 * everybody have, or nobody, is no place to repeat a login.
 */
START_TEST(unasked_is_no_acceptance)
{
    const struct ledger_login *record;
    struct auth_request white = request;
    struct auth *auth = start();

    white.uri = SPAN("white.test:443");
    log_in(auth);
    auth_step(auth, &white, NULL, stepped, NULL);
    loop_run(loop);
    expect_value(auth, ALICE);
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guard_state_of(guard, &login, &record), GUARD_ACCEPTED);
    ck_assert_str_ne(record->target, "white.test:443");
    auth_free(auth);
    /* a 407 on an earlier connection asks, too */
    login_set("alice", "tulip");
    auth = start();
    white.asked = true;
    auth_step(auth, &white, NULL, stepped, NULL);
    loop_run(loop);
    expect_value(auth, "Basic YWxpY2U6dHVsaXA=");
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guard_state_of(guard, &login, &record), GUARD_ACCEPTED);
    ck_assert_str_eq(record->target, "white.test:443");
    auth_free(auth);
}
END_TEST

/* A 407 that does not even say what it wants is a rejection too. */
START_TEST(rejected_without_a_challenge)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, ASKS), OUTCOME_OK);
    auth_sent(auth);
    ck_assert_int_eq(step(auth, ""), OUTCOME_LOGIN_REJECTED);
    auth_free(auth);
}
END_TEST

static const struct {
    const char *lines;
    config_auths auth;
    const char *user, *password;
    enum outcome outcome;
    const char *text; /* the value, or a part of the detail */
} answers[] = {
    {ASKS, CONFIG_AUTH_AUTO, "alice", "sesame", OUTCOME_OK, ALICE},
    {ASKS, CONFIG_AUTH_BASIC, "alice", "sesame", OUTCOME_OK, ALICE},
    {"proxy-authenticate: bASIC\r\n", CONFIG_AUTH_AUTO, "alice", "sesame", OUTCOME_OK,
     ALICE},
    {"Proxy-Authenticate: Nego, Kerberos, Basic realm=\"x\"\r\n", CONFIG_AUTH_AUTO,
     "alice", "sesame", OUTCOME_OK, ALICE},
    {"Proxy-Authenticate: Kerberos\r\nX: y\r\nProxy-Authenticate: SCRAM\r\n" ASKS,
     CONFIG_AUTH_AUTO, "alice", "sesame", OUTCOME_OK, ALICE},
    /* without Kerberos, NTLM may go by that name, if the configuration allows NTLM */
    {"Proxy-Authenticate: Negotiate\r\n" ASKS, CONFIG_AUTH_AUTO, "alice", "sesame",
     OUTCOME_OK, "Negotiate TlRMTVNTUAABAAAAB4IIAgAAAAAoAAAAAAAAACgAAAAGAHAXAAAADw=="},
    {"Proxy-Authenticate: Negotiate\r\n" ASKS,
     CONFIG_AUTH_NEGOTIATE | CONFIG_AUTH_BASIC << 4, "alice", "sesame", OUTCOME_OK,
     ALICE},
    {"Proxy-Authenticate: Negotiate, NTLM\r\n" ASKS, CONFIG_AUTH_AUTO, "alice",
     "sesame", OUTCOME_OK,
     "NTLM TlRMTVNTUAABAAAAB4IIAgAAAAAoAAAAAAAAACgAAAAGAHAXAAAADw=="},
    {"Proxy-Authenticate: Negotiate\r\n", CONFIG_AUTH_NEGOTIATE, "alice", "sesame",
     OUTCOME_LOGIN_SCHEME, "offers only Negotiate; Negotiate: there is no Kerberos"},
    {"Proxy-Authenticate: Negotiate\r\n", CONFIG_AUTH_AUTO, NULL, NULL,
     OUTCOME_LOGIN_SCHEME, "offers only Negotiate; Negotiate: there is no Kerberos"},
    {"Proxy-Authenticate: Negotiate\r\n", CONFIG_AUTH_NTLM, "alice", NULL,
     OUTCOME_LOGIN_NO_CREDENTIALS, "no password of alice is known"},
    /* RFC 7617 section 2.1 */
    {"Proxy-Authenticate: Basic realm=\"foo\", charset=\"UTF-8\"\r\n", CONFIG_AUTH_AUTO,
     "test", "123\xc2\xa3", OUTCOME_OK, "Basic dGVzdDoxMjPCow=="},
    {ASKS, CONFIG_AUTH_AUTO, "CORP\\alice", "sesame", OUTCOME_OK,
     "Basic Q09SUFxhbGljZTpzZXNhbWU="},
    {ASKS, CONFIG_AUTH_AUTO, "alice", ":", OUTCOME_OK, "Basic YWxpY2U6Og=="},
    {ASKS, CONFIG_AUTH_AUTO, "alice", "", OUTCOME_OK, "Basic YWxpY2U6"},

    {"", CONFIG_AUTH_AUTO, "alice", "sesame", OUTCOME_LOGIN_BROKEN, HOP " asks"},
    {"Proxy-Authenticate: ,\r\n", CONFIG_AUTH_AUTO, "alice", "sesame",
     OUTCOME_LOGIN_BROKEN, HOP " asks"},
    /* the challenge of an origin is none of a proxy */
    {"WWW-Authenticate: Basic realm=\"x\"\r\n", CONFIG_AUTH_AUTO, "alice", "sesame",
     OUTCOME_LOGIN_BROKEN, HOP " asks"},
    {"Proxy-Authenticate: Nego\r\nProxy-Authenticate: SCRAM\r\n", CONFIG_AUTH_AUTO,
     "alice", "sesame", OUTCOME_LOGIN_SCHEME, HOP " offers only Nego, SCRAM"},
    {"Proxy-Authenticate: Scram realm=\"a, Basic b\"\r\n", CONFIG_AUTH_AUTO, "alice",
     "sesame", OUTCOME_LOGIN_SCHEME, "offers only Scram"},
    {ASKS, CONFIG_AUTH_NONE, "alice", "sesame", OUTCOME_LOGIN_SCHEME,
     "offers only Basic, which `auth:`"},
    {"Proxy-Authenticate: NTLM, Digest realm=\"x\", nonce=\"y\"\r\n" ASKS,
     CONFIG_AUTH_BASIC, "alice", "sesame", OUTCOME_OK, ALICE},
    {"Proxy-Authenticate: NTLM\r\n" ASKS, CONFIG_AUTH_BASIC | CONFIG_AUTH_NTLM << 4,
     "alice", "sesame", OUTCOME_OK, ALICE},
    {ASKS "Proxy-Authenticate: ntlm\r\n", CONFIG_AUTH_AUTO, "alice", "sesame",
     OUTCOME_OK, "NTLM TlRMTVNTUAABAAAAB4IIAgAAAAAoAAAAAAAAACgAAAAGAHAXAAAADw=="},
    {"Proxy-Authenticate: NTLM\r\n", CONFIG_AUTH_DIGEST | CONFIG_AUTH_BASIC << 4,
     "alice", "sesame", OUTCOME_LOGIN_SCHEME, "offers only NTLM, which `auth:`"},
    /* what cannot be answered is passed over */
    {"Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\", algorithm=SHA-1\r\n" ASKS,
     CONFIG_AUTH_AUTO, "alice", "sesame", OUTCOME_OK, ALICE},
    {ASKS, CONFIG_AUTH_AUTO, NULL, NULL, OUTCOME_LOGIN_NO_CREDENTIALS, "`username:`"},
    {ASKS, CONFIG_AUTH_AUTO, NULL, "sesame", OUTCOME_LOGIN_NO_CREDENTIALS,
     "`username:`"},
    {ASKS, CONFIG_AUTH_AUTO, "alice", NULL, OUTCOME_LOGIN_NO_CREDENTIALS,
     "(Basic, realm \"corp\"), and no password of alice is known: set `password_file:`"},
    {"Proxy-Authenticate: Basic realm=\"a\tb\xff\"\r\n", CONFIG_AUTH_AUTO, "alice",
     NULL, OUTCOME_LOGIN_NO_CREDENTIALS, "realm \"ab\""},
    {ASKS, CONFIG_AUTH_AUTO, "al:ice", "sesame", OUTCOME_LOGIN_NO_CREDENTIALS, "colon"},
    {ASKS, CONFIG_AUTH_AUTO, "al\x01ice", "sesame", OUTCOME_LOGIN_NO_CREDENTIALS,
     "control"},
    {ASKS, CONFIG_AUTH_AUTO, "alice",
     "ses\x7f"
     "ame",
     OUTCOME_LOGIN_NO_CREDENTIALS, "control"},
};

START_TEST(answer)
{
    struct auth *auth = start();

    login_set(answers[_i].user, answers[_i].password);
    login.auth = answers[_i].auth;
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, "");
    auth_sent(auth);
    ck_assert_int_eq(step(auth, answers[_i].lines), answers[_i].outcome);
    if (answers[_i].outcome == OUTCOME_OK) {
        expect_value(auth, answers[_i].text);
    } else {
        expect_value(auth, "");
        ck_assert_msg(strstr(said.detail, answers[_i].text) != NULL, "%s", said.detail);
        ck_assert_ptr_null(strstr(said.detail, "sesame"));
    }
    auth_free(auth);
    /* nothing of this was a try */
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_UNTRIED);
}
END_TEST

START_TEST(many_long_names_fit)
{
    char lines[1536] = "";
    struct auth *auth = start();

    for (size_t n = 0; n + 80 < sizeof(lines); n = strlen(lines))
        (void)snprintf(lines + n, sizeof(lines) - n, "Proxy-Authenticate: %0*d\r\n", 50,
                       7);
    ck_assert_int_eq(step(auth, lines), OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(said.detail, "offers only 0000"));
    auth_free(auth);
}
END_TEST

/* What a scheme that a hop agreed on needs may be gone after a reload. */
START_TEST(up_front_only_with_credentials)
{
    struct auth *auth = start();

    log_in(auth);
    auth_free(auth);
    login_set("alice", NULL);
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, "");
    auth_free(auth);
    login_set("alice", "sesame");
    login.auth = CONFIG_AUTH_NONE;
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_value(auth, "");
    auth_free(auth);
}
END_TEST

/* As long as no login is on its way, where one can be made. */
START_TEST(may_be_asked)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    ck_assert(auth_may_be_asked(auth));
    auth_sent(auth);
    ck_assert(auth_may_be_asked(auth));
    ck_assert_int_eq(step(auth, "Proxy-Authenticate: Basic realm=\"corp\"\r\n"),
                     OUTCOME_OK);
    ck_assert_uint_gt(auth_value(auth).len, 0);
    ck_assert(!auth_may_be_asked(auth));
    auth_free(auth);
    login_set("alice", NULL);
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    ck_assert(!auth_may_be_asked(auth));
    auth_free(auth);
}
END_TEST

START_TEST(asks_again_and_again)
{
    struct auth *auth = start();
    enum outcome outcome = OUTCOME_OK;
    int n = 0;

    while (outcome == OUTCOME_OK && n++ < 100)
        outcome = step(auth, ASKS); /* the value is never sent */
    ck_assert_int_eq(outcome, OUTCOME_LOGIN_BROKEN);
    ck_assert_int_lt(n, 10);
    auth_free(auth);
}
END_TEST

START_TEST(only_one_connection_tries)
{
    struct auth *first = start();
    struct auth *second = start();

    ck_assert_int_eq(step(first, ASKS), OUTCOME_OK);
    begin(second, ASKS);
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 0);
    auth_sent(first);
    auth_settle(first, NULL, NULL);
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 1);
    ck_assert_int_eq(said.outcome, OUTCOME_OK);
    expect_value(second, ALICE);
    auth_free(second);
    auth_free(first);
}
END_TEST

/* freed: how far the first connection came; the second one waits for it. */
enum { FREED_MADE, FREED_SENT, FREED_STEPPING };

/* What nobody waits for sends no password that was not accepted before. */
START_TEST(in_advance_only_with_an_accepted_password)
{
    struct auth_options options = {
        .loop = loop,
        .guard = guard,
        .memory = memory,
        .hop = HOP,
        .host = "wp1.corp",
        .login = &login,
        .accepted_only = true,
    };
    struct auth *advance = auth_new(&options);
    struct auth *asked = start();

    ck_assert_int_eq(step(advance, "Proxy-Authenticate: Basic realm=\"corp\"\r\n"),
                     OUTCOME_LOGIN_HELD);
    ck_assert_uint_eq(auth_value(advance).len, 0);
    ck_assert_int_eq(step(asked, ASKS), OUTCOME_OK);
    ck_assert_uint_gt(auth_value(asked).len, 0);
    auth_sent(asked);
    ck_assert_int_eq(step(advance, NULL), OUTCOME_LOGIN_HELD); /* no answer came yet */
    auth_settle(asked, NULL, NULL);
    ck_assert_int_eq(step(advance, NULL), OUTCOME_OK);
    ck_assert_uint_gt(auth_value(advance).len, 0);
    auth_free(advance);
    auth_free(asked);
}
END_TEST

START_TEST(freed_in_between)
{
    struct auth *first = start();
    struct auth *second = start();

    begin(first, ASKS);
    begin(second, ASKS);
    if (_i != FREED_STEPPING) {
        loop_run(loop);
        ck_assert_uint_eq(said.calls, 1);
        said.calls = 0;
    }
    if (_i == FREED_SENT)
        auth_sent(first);
    auth_free(first);
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 1); /* of the second */
    if (_i == FREED_SENT) {
        ck_assert_int_eq(said.outcome, OUTCOME_LOGIN_HELD);
    } else {
        ck_assert_int_eq(said.outcome, OUTCOME_OK);
        expect_value(second, ALICE);
    }
    auth_free(second);
    auth_free(NULL);
}
END_TEST

/* Lost after it was accepted once: nothing is held back. */
START_TEST(lost_after_acceptance)
{
    struct auth *auth = start();

    log_in(auth);
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    auth_sent(auth);
    auth_free(auth);
    auth = start();
    log_in(auth);
    auth_free(auth);
}
END_TEST

static void free_inside(void *ctx, enum outcome outcome, const char *detail)
{
    struct auth **auth = ctx;

    ck_assert_int_eq(outcome, OUTCOME_OK);
    ck_assert_str_eq(detail, "");
    auth_free(*auth);
    *auth = NULL;
}

START_TEST(freed_by_its_callback)
{
    struct auth *auth = start();

    auth_step(auth, &request, NULL, free_inside, &auth);
    loop_run(loop);
    ck_assert_ptr_null(auth);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth");
    TCase *tcase = tcase_create("auth");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, asked_then_up_front);
    tcase_add_test(tcase, open_hop_is_remembered);
    tcase_add_test(tcase, wrong_password_is_tried_once);
    tcase_add_test(tcase, unasked_is_no_acceptance);
    tcase_add_test(tcase, rejected_without_a_challenge);
    tcase_add_loop_test(tcase, answer, 0, COUNT(answers));
    tcase_add_test(tcase, many_long_names_fit);
    tcase_add_test(tcase, up_front_only_with_credentials);
    tcase_add_test(tcase, may_be_asked);
    tcase_add_test(tcase, asks_again_and_again);
    tcase_add_test(tcase, only_one_connection_tries);
    tcase_add_loop_test(tcase, freed_in_between, FREED_MADE, FREED_STEPPING + 1);
    tcase_add_test(tcase, in_advance_only_with_an_accepted_password);
    tcase_add_test(tcase, lost_after_acceptance);
    tcase_add_test(tcase, freed_by_its_callback);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
