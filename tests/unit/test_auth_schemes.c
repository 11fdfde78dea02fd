/*
 * test_auth_schemes: NTLM and Digest through the login of a connection: what is asked
 * of the guard, what counts, and what is remembered.
 */
#include "auth_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TYPE1 "NTLM TlRMTVNTUAABAAAAB4IIAgAAAAAoAAAAAAAAACgAAAAGAHAXAAAADw=="
#define TYPE3 "NTLM TlRMTVNTUAADAAAA"
#define NTLM  "Proxy-Authenticate: NTLM\r\n"
/* with the name CORP and no target information */
#define TYPE2_VALUE                                                                    \
    "TlRMTVNTUAACAAAACAAIADgAAAAFggoCASNFZ4mrze8AAAAAAAAAAAAAAABAAAAABgBwFwAAAA9DAE8A" \
    "UgBQAA=="
#define TYPE2 "Proxy-Authenticate: NTLM " TYPE2_VALUE "\r\n"

#define DIGEST(more)                                                                   \
    "Proxy-Authenticate: Digest realm=\"corp\", qop=\"auth\", " more "\r\n"

static void setup_domain(void)
{
    setup();
    login_set("CORP\\alice", "sesame");
    login.username = span_dup(SPAN("alice"));
    login.domain = span_dup(SPAN("CORP"));
}

/* The value begins with that, and is sent. */
static void send_value(struct auth *auth, const char *value)
{
    struct span got = auth_value(auth);

    ck_assert_msg(*value == '\0' ? got.len == 0 : span_starts(got, span_of(value)),
                  "got <%.*s> instead of <%s>", SPAN_ARG(got), value);
    auth_sent(auth);
}

static void expect_contains(struct auth *auth, const char *part)
{
    struct span got = auth_value(auth);

    ck_assert_msg(memmem(got.at, got.len, part, strlen(part)) != NULL,
                  "<%s> is not in <%.*s>", part, SPAN_ARG(got));
}

static enum guard_state guarded(void)
{
    return guard_state_of(guard, &login, NULL);
}

/* Up to the third message. */
static void ntlm_legs(struct auth *auth)
{
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    if (auth_value(auth).len == 0) {
        ck_assert(!auth_is_leg(auth));
        send_value(auth, "");
        ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    }
    ck_assert(auth_is_leg(auth) && !auth_bound(auth));
    ck_assert_int_eq(guarded(), GUARD_TRYING);
    send_value(auth, TYPE1);
    ck_assert(auth_bound(auth));
    ck_assert_int_eq(step(auth, TYPE2), OUTCOME_OK);
    ck_assert(!auth_is_leg(auth) && auth_bound(auth));
}

START_TEST(ntlm_login)
{
    struct auth *auth = start();

    ntlm_legs(auth);
    send_value(auth, TYPE3);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
    ck_assert(auth_bound(auth) && !auth_is_leg(auth));
    /* the connection is logged in */
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    send_value(auth, "");
    auth_settle(auth, NULL, NULL);
    /* and is no more */
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    send_value(auth, "");
    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
    ck_assert_str_eq(auth_memory_scheme(memory, HOP), "NTLM");
}
END_TEST

/* How far it came before the connection was gone, and whether that counts. */
enum { AT_TYPE1, AT_TYPE1_SENT, AT_TYPE3, AT_TYPE3_SENT, AT_COUNT };

START_TEST(ntlm_lost)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    if (_i >= AT_TYPE1_SENT)
        send_value(auth, TYPE1);
    if (_i >= AT_TYPE3)
        ck_assert_int_eq(step(auth, TYPE2), OUTCOME_OK);
    if (_i >= AT_TYPE3_SENT)
        send_value(auth, TYPE3);
    auth_free(auth);
    ck_assert_int_eq(guarded(), _i == AT_TYPE3_SENT ? GUARD_CLOSED : GUARD_UNTRIED);
}
END_TEST

START_TEST(ntlm_rejected)
{
    struct auth *auth = start();

    ntlm_legs(auth);
    send_value(auth, TYPE3);
    ck_assert_int_eq(step(auth, _i == 0   ? NTLM
                                : _i == 1 ? TYPE2
                                          : "Proxy-Authenticate: Basic realm=x\r\n"),
                     OUTCOME_LOGIN_REJECTED);
    ck_assert_int_eq(guarded(), GUARD_CLOSED);
    auth_free(auth);
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_LOGIN_HELD);
    auth_free(auth);
}
END_TEST

/* An answer to the first message that asks for nothing says nothing about the login. */
START_TEST(ntlm_not_asked)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_UNTRIED);
    ck_assert(!auth_bound(auth));
    ntlm_legs(auth); /* from the beginning */
    auth_free(auth);
}
END_TEST

static const struct {
    const char *lines, *detail;
} refused[] = {
    {NTLM, "without a challenge"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAACAAA\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAAC-_AA\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAACAAAA====\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRM=VNTUAACAAAA\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAAC AAAA\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAAC\xe4\xf6\xfc\xdf\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM \"TlRMTVNTUAACAAAA\"\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM ====\r\n", "without saying which scheme"},
    {"Proxy-Authenticate: NTLM A\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM AA==\r\n", "no NTLM message"},
    {"Proxy-Authenticate: NTLM realm=\"corp\"\r\n", "not base64"},
    {"Proxy-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n", "truncated"},
    {"Proxy-Authenticate: NTLM oRUwE6ADCgEDoQwGCisGAQQBgjcCAgo=\r\n",
     "no NTLM message but SPNEGO"},
    {"Proxy-Authenticate: NTLM YIIFzAYGKwYBBQUC\r\n", "no NTLM message but SPNEGO"},
    {"Proxy-Authenticate: NTLM AAAA\r\n", "no NTLM message"},
    /* without extended session security */
    {"Proxy-Authenticate: NTLM TlRMTVNTUAACAAAACAAIADgAAAAFggICASNFZ4mrze8AAAAAAAAAAAAA"
     "AABAAAAABgBwFwAAAA9DAE8AUgBQAA==\r\n",
     "only NTLMv1"},
};

START_TEST(refused_challenges)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    ck_assert_int_eq(step(auth, refused[_i].lines), OUTCOME_LOGIN_BROKEN);
    ck_assert_msg(strstr(said.detail, refused[_i].detail) != NULL, "%s", said.detail);
    send_value(auth, "");
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_UNTRIED); /* nothing was sent */
}
END_TEST

/* Where the challenge of TYPE2 may stand. */
static const char *const placed[] = {
    "Proxy-Authenticate: NTLM " TYPE2_VALUE "\r\n",
    "proxy-authenticate: ntlm " TYPE2_VALUE "\r\n",
    "Proxy-Authenticate: nTlM   " TYPE2_VALUE "  , ,\r\n",
    "Proxy-Authenticate: Basic realm=\"a, NTLM\"\r\nX: y\r\n"
    "Proxy-Authenticate: NTLM " TYPE2_VALUE "\r\n",
    "Proxy-Authenticate: Basic realm=\"a, b\", Scram, NTLM " TYPE2_VALUE "\r\n",
    "Proxy-Authenticate: NTLM " TYPE2_VALUE ", Basic realm=\"a\"\r\n",
    "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: NTLM " TYPE2_VALUE "\r\n",
    "Proxy-Authenticate: NTLM " TYPE2_VALUE "\r\nProxy-Authenticate: NTLM\r\n",
    "Proxy-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n"
    "WWW-Authenticate: NTLM AAAA\r\nProxy-Authenticate: NTLM " TYPE2_VALUE "\r\n",
};

START_TEST(placed_challenges)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    ck_assert_msg(step(auth, placed[_i]) == OUTCOME_OK, "%s", said.detail);
    send_value(auth, TYPE3);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
    auth_free(auth);
}
END_TEST

/* Basic was sent: whatever NTLM says to that, the password was refused. */
START_TEST(basic_then_ntlm)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, "Proxy-Authenticate: Basic realm=x\r\n"), OUTCOME_OK);
    send_value(auth, "Basic ");
    ck_assert_int_eq(step(auth, _i == 0 ? NTLM : TYPE2), OUTCOME_LOGIN_REJECTED);
    send_value(auth, "");
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_CLOSED);
}
END_TEST

/* A proxy may change its mind after the first message. */
START_TEST(ntlm_then_basic)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    ck_assert_int_eq(step(auth, "Proxy-Authenticate: Basic realm=x\r\n"), OUTCOME_OK);
    ck_assert(!auth_bound(auth));
    send_value(auth, "Basic ");
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
    auth_free(auth);
}
END_TEST

START_TEST(ntlm_not_utf8)
{
    struct auth *auth = start();

    secret_free(login.password);
    login.password = secret_new(SPAN("caf\xe9"));
    ck_assert_int_eq(step(auth, NTLM), OUTCOME_OK);
    send_value(auth, TYPE1);
    ck_assert_int_eq(step(auth, TYPE2), OUTCOME_LOGIN_NO_CREDENTIALS);
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_UNTRIED);
}
END_TEST

/* Those that wait have not even a first message to send. */
START_TEST(one_tries)
{
    struct auth *first = start(), *second = start();

    ntlm_legs(first);
    begin(second, NULL); /* the hop is known to ask by now */
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 0);
    send_value(first, TYPE3);
    auth_settle(first, NULL, NULL);
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 1);
    send_value(second, TYPE1);
    auth_free(first);
    auth_free(second);
}
END_TEST

/* ---- Digest ---- */

static void digest_login(struct auth *auth, const char *challenge)
{
    ck_assert_int_eq(step(auth, challenge), OUTCOME_OK);
    ck_assert(!auth_is_leg(auth));
    send_value(auth, "Digest username=\"CORP\\\\alice\", realm=\"corp\", ");
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
}

START_TEST(nonce_goes_on)
{
    struct auth *auth = start(), *other = start();

    digest_login(auth, DIGEST("nonce=\"n1\""));
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_contains(auth, "nonce=\"n1\"");
    expect_contains(auth, "nc=00000002");
    auth_sent(auth);
    /* it is in use, and its answer takes long: the other one has to ask */
    ck_assert_int_eq(step(other, NULL), OUTCOME_OK);
    ck_assert(auth_is_leg(other));
    send_value(other, "");
    ck_assert_int_eq(step(other, DIGEST("nonce=\"n2\"")), OUTCOME_OK);
    ck_assert(!auth_is_leg(other));
    send_value(other, "Digest ");
    ck_assert_uint_eq(repeats.count, 1);
    auth_settle(auth, NULL, NULL);
    auth_free(auth);
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_contains(auth, "nonce=\"n1\"");
    expect_contains(auth, "nc=00000003");
    auth_free(auth); /* unsent: the count was not spent */
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    expect_contains(auth, "nc=00000003");
    auth_free(auth);
    auth_free(other);
}
END_TEST

/* Whoever waits for the other's login anyway goes on with its nonce, if it is back. */
START_TEST(nonce_is_waited_for)
{
    struct repeating r = {.result = GUARD_REPEAT_ACCEPTED};
    struct auth *auth = start(), *other = start();

    guard_set_repeater(guard, &repeater, &r);
    digest_login(auth, DIGEST("nonce=\"n1\""));
    for (int lost = 0; lost <= 1; lost++) {
        ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
        expect_contains(auth, lost ? "nc=00000004" : "nc=00000002");
        auth_sent(auth);
        begin(other, NULL);
        if (lost)
            auth_free(auth);
        else
            auth_settle(auth, NULL, NULL);
        loop_run(loop);
        ck_assert_uint_eq(said.calls, 1);
        ck_assert_int_eq(said.outcome, OUTCOME_OK);
        ck_assert(auth_is_leg(other) == (lost == 1));
        if (!lost)
            expect_contains(other, "nc=00000003");
        send_value(other, lost ? "" : "Digest ");
        auth_settle(other, NULL, NULL);
    }
    auth_free(other);
}
END_TEST

START_TEST(nonce_of_another_login)
{
    struct auth *auth = start();

    digest_login(auth, DIGEST("nonce=\"n1\""));
    auth_free(auth);
    secret_free(login.password);
    login.password = secret_new(SPAN("tulip"));
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    send_value(auth, "");
    ck_assert(auth_is_leg(auth));
    auth_free(auth);
}
END_TEST

/* A body goes only with a nonce that cannot be stale. */
START_TEST(nonce_and_body)
{
    struct auth *auth = start();

    digest_login(auth, DIGEST("nonce=\"n1\""));
    request.body = true;
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    ck_assert(auth_is_leg(auth));
    send_value(auth, "");
    ck_assert_int_eq(step(auth, DIGEST("nonce=\"n2\"")), OUTCOME_OK);
    auth_free(auth); /* the proxy closed */
    auth = start();
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    ck_assert(!auth_is_leg(auth));
    expect_contains(auth, "nonce=\"n2\"");
    expect_contains(auth, "nc=00000001");
    auth_free(auth);
}
END_TEST

START_TEST(stale)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, DIGEST("nonce=\"n1\"")), OUTCOME_OK);
    auth_sent(auth);
    ck_assert_int_eq(step(auth, DIGEST("nonce=\"n2\", stale=TRUE")), OUTCOME_OK);
    expect_contains(auth, "nonce=\"n2\"");
    expect_contains(auth, "nc=00000001");
    auth_sent(auth);
    auth_settle(auth, NULL, NULL);
    ck_assert_int_eq(guarded(), GUARD_ACCEPTED);
    auth_free(auth);
}
END_TEST

START_TEST(stale_for_ever)
{
    struct auth *auth = start();
    enum outcome outcome = step(auth, DIGEST("nonce=\"n1\""));
    int n = 0;

    while (outcome == OUTCOME_OK && n++ < 100) {
        auth_sent(auth);
        outcome = step(auth, DIGEST("nonce=\"n1\", stale=true"));
    }
    ck_assert_int_eq(outcome, OUTCOME_LOGIN_BROKEN);
    ck_assert_int_lt(n, 10);
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_UNTRIED);
}
END_TEST

START_TEST(digest_rejected)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, DIGEST("nonce=\"n1\"")), OUTCOME_OK);
    auth_sent(auth);
    ck_assert_int_eq(step(auth, _i == 0 ? DIGEST("nonce=\"n2\"") : NTLM),
                     OUTCOME_LOGIN_REJECTED);
    ck_assert_int_eq(guarded(), GUARD_CLOSED);
    auth_free(auth);
}
END_TEST

/*
 * A nonce that was accepted before and is refused now: the proxy has started anew, or
 * the password has changed. The repeat tells, and is the last one that may fail.
 */
START_TEST(digest_forgotten)
{
    struct auth *auth = start();

    repeats.result = _i == 0 ? GUARD_REPEAT_ACCEPTED : GUARD_REPEAT_REJECTED;
    digest_login(auth, DIGEST("nonce=\"n1\""));
    ck_assert_int_eq(step(auth, NULL), OUTCOME_OK);
    send_value(auth, "Digest ");
    ck_assert_int_eq(step(auth, DIGEST("nonce=\"n2\"")),
                     _i == 0 ? OUTCOME_OK : OUTCOME_LOGIN_REJECTED);
    ck_assert_uint_eq(repeats.count, 1);
    ck_assert_int_eq(guarded(), _i == 0 ? GUARD_ACCEPTED : GUARD_CLOSED);
    if (_i == 0) {
        expect_contains(auth, "nonce=\"n2\"");
        expect_contains(auth, "nc=00000001");
        send_value(auth, "Digest ");
        /* made anew it was refused: by a rule of the proxy */
        ck_assert_int_eq(step(auth, DIGEST("nonce=\"n3\"")), OUTCOME_LOGIN_REFUSED);
        ck_assert_uint_eq(repeats.count, 2);
    }
    auth_free(auth);
}
END_TEST

/* The strongest that can be computed is taken, wherever it stands. */
static const struct {
    const char *lines, *algorithm, *nonce;
} algorithms[] = {
    {DIGEST("nonce=\"n1\", algorithm=SHA3-256") DIGEST("nonce=\"n2\", algorithm=MD5"),
     "algorithm=MD5, ", "nonce=\"n2\""},
    {DIGEST("nonce=\"n1\", algorithm=SHA-256") DIGEST("nonce=\"n2\", algorithm=MD5"),
     "algorithm=SHA-256, ", "nonce=\"n1\""},
    {DIGEST("nonce=\"n1\"") DIGEST("nonce=\"n2\", algorithm=SHA-256"),
     "algorithm=SHA-256, ", "nonce=\"n2\""},
    {DIGEST("nonce=\"n1\", algorithm=SHA-512-256") DIGEST(
         "nonce=\"n2\", algorithm=SHA-256-sess") DIGEST("nonce=\"n3\", algorithm=MD5"),
     "algorithm=SHA-512-256, ", "nonce=\"n1\""},
    {DIGEST("nonce=\"n1\", algorithm=MD5") DIGEST("nonce=\"n2\", algorithm=MD5-sess"),
     "algorithm=MD5, ", "nonce=\"n1\""},
    {"Proxy-Authenticate: Digest realm=\"corp\", qop=\"auth-int\", nonce=\"n1\", "
     "algorithm=SHA-256, Digest realm=\"corp\", qop=\"auth-int,auth\", nonce=\"n2\", "
     "algorithm=md5\r\n",
     "algorithm=MD5, ", "nonce=\"n2\""},
    {DIGEST("nonce=\"n\\\"1\\\\\", algorithm=MD5"), "algorithm=MD5, ",
     "nonce=\"n\\\"1\\\\\""},
};

START_TEST(algorithm)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, algorithms[_i].lines), OUTCOME_OK);
    expect_contains(auth, algorithms[_i].nonce);
    expect_contains(auth, algorithms[_i].algorithm);
    auth_free(auth);
}
END_TEST

/* Challenges that are wrong, or that only a body could answer. */
static const struct {
    const char *lines;
    enum outcome outcome;
} unanswerable[] = {
    {"Proxy-Authenticate: Digest realm=\"corp\", qop=\"auth\"\r\n",
     OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authenticate: Digest nonce=\"n1\", qop=\"auth\"\r\n", OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authenticate: Digest\r\n", OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authenticate: Digest realm=\"corp\", nonce=\"\tn1\"\r\n",
     OUTCOME_LOGIN_BROKEN},
    {"Proxy-Authenticate: Digest realm=\"corp\", nonce=\"n1\", qop=\"auth-int\"\r\n",
     OUTCOME_LOGIN_SCHEME},
    {"Proxy-Authenticate: Digest realm=\"corp\", nonce=\"n1\", algorithm=SHA-1\r\n",
     OUTCOME_LOGIN_SCHEME},
};

START_TEST(unanswerable_digest)
{
    struct auth *auth = start();

    ck_assert_int_eq(step(auth, unanswerable[_i].lines), unanswerable[_i].outcome);
    ck_assert_msg(strstr(said.detail, "Digest") != NULL, "%s", said.detail);
    send_value(auth, "");
    auth_free(auth);
    ck_assert_int_eq(guarded(), GUARD_UNTRIED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth schemes");
    TCase *tcase = tcase_create("auth schemes");

    tcase_add_checked_fixture(tcase, setup_domain, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, ntlm_login);
    tcase_add_loop_test(tcase, ntlm_lost, 0, AT_COUNT);
    tcase_add_loop_test(tcase, ntlm_rejected, 0, 3);
    tcase_add_test(tcase, ntlm_not_asked);
    tcase_add_loop_test(tcase, refused_challenges, 0, COUNT(refused));
    tcase_add_loop_test(tcase, placed_challenges, 0, COUNT(placed));
    tcase_add_loop_test(tcase, basic_then_ntlm, 0, 2);
    tcase_add_test(tcase, ntlm_then_basic);
    tcase_add_test(tcase, ntlm_not_utf8);
    tcase_add_test(tcase, one_tries);
    tcase_add_test(tcase, nonce_goes_on);
    tcase_add_test(tcase, nonce_is_waited_for);
    tcase_add_test(tcase, nonce_of_another_login);
    tcase_add_test(tcase, nonce_and_body);
    tcase_add_test(tcase, stale);
    tcase_add_test(tcase, stale_for_ever);
    tcase_add_loop_test(tcase, digest_rejected, 0, 2);
    tcase_add_loop_test(tcase, digest_forgotten, 0, 2);
    tcase_add_loop_test(tcase, algorithm, 0, COUNT(algorithms));
    tcase_add_loop_test(tcase, unanswerable_digest, 0, COUNT(unanswerable));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
