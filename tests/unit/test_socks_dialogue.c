/*
 * test_socks_dialogue: SOCKS with a scripted proxy: requests, logins and their guard,
 * refusals, nonsense, silence.
 */
#include "up/socks.h"

#include "loop_rig.h"

#define NAME_REQUEST "\5\1\0\3\13origin.test\1\273"
#define REPLY_OK     "\5\0\0\1\0\0\0\0\0\0"
#define LOGIN        "\1\5alice\6secret"
#define OFFERS       "\5\2\0\2"

/* What the proxy must hear, and then says. */
struct turn {
    struct span hears, says;
};

enum then { THEN_NOTHING, THEN_CLOSE };

static struct peer {
    struct watch *watch;
    const struct turn *turn;
    struct buf heard;
    size_t said;
    enum then then; /* when all is said */
    unsigned turns;
} peer;

static struct guard *guard;
static struct config_login login;
static struct stream *stream;
static char hop_name[] = "socks5://wp1.corp:1080";
static struct hop hop;

static struct call {
    struct socks *socks;
    bool done;
    struct socks_result result;
    char detail[500];
} call;

/* ---- the proxy ---- */

static void peer_listen(struct peer *p)
{
    char bytes[512];
    ssize_t n = recv(watch_fd(p->watch), bytes, sizeof(bytes), 0);

    if (n <= 0) {
        watch_want(p->watch, 0);
        return;
    }
    ck_assert_int_eq(buf_append(&p->heard, bytes, (size_t)n), 0);
    if (!p->turn->hears.at || p->heard.len < p->turn->hears.len)
        return;
    ck_assert_msg(span_equal(buf_span(&p->heard), p->turn->hears), "turn %u", p->turns);
    buf_reset(&p->heard);
    watch_want(p->watch, WATCH_WRITE);
}

/* A byte at a time. */
static void peer_speak(struct peer *p)
{
    struct span says = p->turn->says;

    if (p->said < says.len) {
        ck_assert_int_eq(send(watch_fd(p->watch), says.at + p->said++, 1, MSG_NOSIGNAL),
                         1);
        return;
    }
    p->said = 0;
    p->turns++;
    p->turn++;
    watch_want(p->watch, WATCH_READ);
    if (!p->turn->hears.at && p->then == THEN_CLOSE)
        shutdown(watch_fd(p->watch), SHUT_RDWR);
}

static void peer_fired(void *ctx, unsigned events)
{
    if (events & WATCH_WRITE)
        peer_speak(ctx);
    else
        peer_listen(ctx);
}

static void disconnect(void)
{
    stream_close(stream);
    stream = NULL;
    watch_close(peer.watch);
    buf_clear(&peer.heard);
    peer = (struct peer){.turn = NULL};
}

static void begin(void)
{
    loop_begin();
    guard = guard_new(loop, NULL);
    ck_assert_ptr_nonnull(guard);
    login = (struct config_login){.login_name = span_dup(SPAN("alice")),
                                  .password = secret_new(SPAN("secret"))};
    hop = (struct hop){
        .kind = HOP_SOCKS5, .port = 1080, .name = hop_name, .login = &login};
}

static void end(void)
{
    disconnect();
    guard_free(guard);
    secret_free(login.password);
    free(login.login_name);
    loop_end();
}

static void login_forget(bool user)
{
    secret_free(login.password);
    login.password = NULL;
    if (!user)
        return;
    free(login.login_name);
    login.login_name = NULL;
}

/* ---- the dialogue ---- */

static void ended(void *ctx, const struct socks_result *result)
{
    ck_assert_ptr_eq(ctx, &call);
    ck_assert_msg(call.socks != NULL, "called before socks_start() returned");
    ck_assert_msg(!call.done, "called twice, or after its cancel");
    call.done = true;
    call.result = *result;
    ck_assert((result->detail == NULL) == (result->outcome == OUTCOME_OK));
    snprintf(call.detail, sizeof(call.detail), "%s",
             result->detail ? result->detail : "");
    loop_stop(loop);
}

static struct socks_options options_for(const char *host, uint64_t ms)
{
    return (struct socks_options){.loop = loop,
                                  .guard = guard,
                                  .stream = stream,
                                  .hop = &hop,
                                  .host = span_of(host),
                                  .port = 443,
                                  .greeting_ms = ms,
                                  .login_ms = ms,
                                  .answer_ms = ms};
}

static void connect_to(const struct turn *turns, enum then then)
{
    int ends[2];

    disconnect();
    pair_open(ends);
    stream = stream_new(loop, ends[0]);
    peer.turn = turns;
    peer.then = then;
    buf_init(&peer.heard, 4096);
    peer.watch = watch_new(loop, ends[1], peer_fired, &peer);
    watch_want(peer.watch, WATCH_READ);
}

static void start(const struct socks_options *options)
{
    call = (struct call){.done = false};
    call.socks = socks_start(options, ended, &call);
    ck_assert_ptr_nonnull(call.socks);
    ck_assert(!call.done);
}

static enum outcome go(const char *host, uint64_t ms)
{
    struct socks_options options = options_for(host, ms);

    start(&options);
    loop_await();
    ck_assert(call.done);
    return call.result.outcome;
}

static void expect(enum outcome outcome, const char *detail)
{
    ck_assert_msg(call.result.outcome == outcome, "%s: %s",
                  outcome_info(call.result.outcome)->name, call.detail);
    ck_assert_msg(strstr(call.detail, detail) != NULL, "%s", call.detail);
}

#define BYTES(literal)                                                                 \
    {                                                                                  \
        "" literal, sizeof(literal) - 1                                                \
    }
#define NO_LOGIN                                                                       \
    {                                                                                  \
        BYTES("\5\1\0"), BYTES("\5\0")                                                 \
    }
#define REQUEST(says)                                                                  \
    {                                                                                  \
        BYTES(NAME_REQUEST), BYTES(says)                                               \
    }

static const struct {
    struct turn turns[4];
    enum then then;
    enum hop_kind kind;
    const char *host;
    enum outcome outcome;
    const char *detail;
} dialogues[] = {
    {{NO_LOGIN, REQUEST(REPLY_OK)}, 0, HOP_SOCKS5, "origin.test", OUTCOME_OK, ""},
    {{NO_LOGIN, REQUEST("\5\0\0\3\4gate\1\2")},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_OK,
     ""},
    {{NO_LOGIN,
      {BYTES("\5\1\0\4\375\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\273"), BYTES(REPLY_OK)}},
     0,
     HOP_SOCKS5,
     "fd00::1",
     OUTCOME_OK,
     ""},
    {{NO_LOGIN, REQUEST("\5\2\0\1\0\0\0\0\0\0")},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_CONNECT_DENIED,
     "rules do not allow this target (SOCKS reply 2)"},
    {{NO_LOGIN, REQUEST("\5\5\0\1\0\0\0\0\0\0")},
     THEN_CLOSE,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_CONNECT_FAILED,
     "the target refused the connection (SOCKS reply 5)"},
    {{NO_LOGIN, REQUEST("\5\115\0\1\0\0\0\0\0\0")},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_FAILED,
     "unknown reason (SOCKS reply 77)"},
    {{{BYTES("\5\1\0"), BYTES("HTTP/1.1 400 Bad Request\r\n\r\n")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "does not answer as a SOCKS5 server"},
    {{{BYTES("\5\1\0"), BYTES("\5\0HTTP")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "does not answer as a SOCKS5 server"},
    {{{BYTES("\5\1\0"), BYTES("\5\1")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "method 1, which was not offered"},
    {{{BYTES("\5\1\0"), BYTES("\5\2")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "method 2, which was not offered"},
    {{{BYTES("\5\1\0"), BYTES("\5\377")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_LOGIN_NO_CREDENTIALS,
     "wants a login, and no user is known"},
    {{NO_LOGIN, REQUEST("\5\0\0\2\0")},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "does not answer"},
    {{NO_LOGIN, REQUEST("\5\0\0\1")},
     THEN_CLOSE,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_ANSWER_INCOMPLETE,
     "closed in the middle"},
    {{NO_LOGIN, REQUEST("")},
     THEN_CLOSE,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_HOP_CLOSED,
     "closed without an answer"},
    {{{BYTES("\5\1\0"), BYTES("\5")}},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_SOCKS_TIMEOUT,
     "SOCKS greeting in time"},
    {{NO_LOGIN, REQUEST("\5\0\0")},
     0,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_ANSWER_TIMEOUT,
     "SOCKS request in time"},
    {{{BYTES("\4\1\1\273\0\0\0\1\0origin.test\0"), BYTES("\0\132\0\0\0\0\0\0")}},
     0,
     HOP_SOCKS4,
     "origin.test",
     OUTCOME_OK,
     ""},
    {{{BYTES("\4\1\1\273\300\0\2\1\0"), BYTES("\0\133\0\0\0\0\0\0")}},
     0,
     HOP_SOCKS4,
     "192.0.2.1",
     OUTCOME_SOCKS_FAILED,
     "the proxy says: "},
    {{{BYTES("\4\1\1\273\0\0\0\1\0origin.test\0"), BYTES("\5")}},
     0,
     HOP_SOCKS4,
     "origin.test",
     OUTCOME_SOCKS_BROKEN,
     "does not answer as a SOCKS4 server"},
    {{{{NULL, 0}, {NULL, 0}}},
     0,
     HOP_SOCKS4,
     "fd00::1",
     OUTCOME_SOCKS_FAILED,
     "SOCKS4, which knows no IPv6"},
    {{{BYTES("\5\1\0"), BYTES("")}},
     THEN_CLOSE,
     HOP_SOCKS5,
     "origin.test",
     OUTCOME_HOP_CLOSED,
     "closed without an answer"},
    {{{BYTES("\4\1\1\273\0\0\0\1\0origin.test\0"), BYTES("")}},
     THEN_CLOSE,
     HOP_SOCKS4,
     "origin.test",
     OUTCOME_HOP_CLOSED,
     "closed without an answer"},
};

START_TEST(dialogue)
{
    bool slow = dialogues[_i].outcome == OUTCOME_ANSWER_TIMEOUT ||
                dialogues[_i].outcome == OUTCOME_SOCKS_TIMEOUT;

    login_forget(true);
    hop.kind = dialogues[_i].kind;
    connect_to(dialogues[_i].turns, dialogues[_i].then);
    (void)go(dialogues[_i].host, slow ? 50 : 5000);
    expect(dialogues[_i].outcome, dialogues[_i].detail);
}
END_TEST

START_TEST(bytes_behind_the_reply_stay)
{
    static const struct turn turns[] = {
        NO_LOGIN, REQUEST(REPLY_OK "SSH-2.0-x"), {{NULL, 0}, {NULL, 0}}};
    char bytes[64];
    size_t got = 0;

    login_forget(true);
    connect_to(turns, THEN_NOTHING);
    ck_assert_int_eq(go("origin.test", 5000), OUTCOME_OK);
    for (int i = 0; i < 100 && got < 9; i++) {
        ssize_t n = stream_read(stream, bytes + got, sizeof(bytes) - got);

        got += n > 0 ? (size_t)n : 0;
        pass_ms(1);
    }
    ck_assert(span_equal((struct span){bytes, got}, SPAN("SSH-2.0-x")));
}
END_TEST

/* ---- logins ---- */

static const struct turn accepts[] = {{BYTES(OFFERS), BYTES("\5\2")},
                                      {BYTES(LOGIN), BYTES("\1\0")},
                                      REQUEST(REPLY_OK),
                                      {{NULL, 0}, {NULL, 0}}};
static const struct turn rejects[] = {{BYTES(OFFERS), BYTES("\5\2")},
                                      {BYTES(LOGIN), BYTES("\1\1")},
                                      {{NULL, 0}, {NULL, 0}}};

START_TEST(accepted)
{
    for (int i = 0; i < 2; i++) {
        connect_to(accepts, THEN_NOTHING);
        ck_assert_int_eq(go("origin.test", 5000), OUTCOME_OK);
        ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_ACCEPTED);
        pass_ms(5);
        ck_assert_uint_eq(peer.turns, 3);
    }
}
END_TEST

START_TEST(one_rejection_closes)
{
    connect_to(rejects, THEN_CLOSE);
    (void)go("origin.test", 5000);
    expect(OUTCOME_LOGIN_REJECTED,
           "socks5://wp1.corp:1080 rejected the login of alice");
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_CLOSED);
    connect_to(accepts, THEN_NOTHING);
    (void)go("origin.test", 5000);
    expect(OUTCOME_LOGIN_HELD, "rejected before and is held back");
    pass_ms(5);
    ck_assert_uint_eq(peer.turns, 1); /* nothing of it went out */
}
END_TEST

/* It may have counted as a failure. */
START_TEST(unanswered_login_is_a_rejected_one)
{
    static const struct {
        struct span says;
        enum then then;
        enum outcome outcome;
        const char *detail;
    } rows[] = {
        {BYTES("\1"), THEN_NOTHING, OUTCOME_LOGIN_TIMEOUT, "took too long"},
        {BYTES("\1"), THEN_CLOSE, OUTCOME_ANSWER_INCOMPLETE, "in the middle"},
        {BYTES(""), THEN_CLOSE, OUTCOME_ANSWER_NONE, "to the login"},
        {BYTES("\5\0"), THEN_NOTHING, OUTCOME_ANSWER_BROKEN, "does not answer as"},
    };
    const struct turn turns[] = {{BYTES(OFFERS), BYTES("\5\2")},
                                 {BYTES(LOGIN), rows[_i].says},
                                 {{NULL, 0}, {NULL, 0}}};

    connect_to(turns, rows[_i].then);
    (void)go("origin.test", 300);
    expect(rows[_i].outcome, rows[_i].detail);
    ck_assert(!outcome_info(rows[_i].outcome)->next_hop);
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_CLOSED);
}
END_TEST

START_TEST(no_login_is_taken_where_none_is_wanted)
{
    static const struct turn open[] = {
        {BYTES(OFFERS), BYTES("\5\0")}, REQUEST(REPLY_OK), {{NULL, 0}, {NULL, 0}}};

    connect_to(open, THEN_NOTHING);
    ck_assert_int_eq(go("origin.test", 5000), OUTCOME_OK);
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_UNTRIED);
}
END_TEST

/* Whatever forbids the password: it is not even offered. */
static const struct {
    config_auths auth;
    enum config_password type;
    bool withheld, no_password;
    enum outcome outcome;
    const char *detail;
} forbidden[] = {
    {CONFIG_AUTH_NONE, 0, false, false, OUTCOME_LOGIN_SCHEME, "ruled out by `auth:`"},
    {CONFIG_AUTH_NTLM, 0, false, false, OUTCOME_LOGIN_SCHEME, "ruled out by `auth:`"},
    {0, CONFIG_PASSWORD_NT_HASH, false, false, OUTCOME_LOGIN_NO_CREDENTIALS, "a hash"},
    {0, 0, false, true, OUTCOME_LOGIN_NO_CREDENTIALS, "no password is known"},
    {0, 0, true, false, OUTCOME_LOGIN_SCHEME, "ruled out"},
};

START_TEST(password_stays_here)
{
    static const struct turn wants[] = {{BYTES("\5\1\0"), BYTES("\5\377")},
                                        {{NULL, 0}, {NULL, 0}}};

    login.auth = forbidden[_i].auth;
    login.password_type = forbidden[_i].type;
    hop.withheld = forbidden[_i].withheld;
    if (forbidden[_i].no_password)
        login_forget(false);
    connect_to(wants, THEN_CLOSE);
    (void)go("origin.test", 5000);
    expect(forbidden[_i].outcome, forbidden[_i].detail);
}
END_TEST

START_TEST(no_method_is_left)
{
    static const struct turn wants[] = {{BYTES(OFFERS), BYTES("\5\377")},
                                        {{NULL, 0}, {NULL, 0}}};

    connect_to(wants, THEN_CLOSE);
    (void)go("origin.test", 5000);
    expect(OUTCOME_LOGIN_SCHEME, "takes neither no login nor one by user name");
}
END_TEST

/* In advance only with a password that is known to be good. */
START_TEST(untried_password_waits_for_somebody)
{
    struct socks_options options;

    connect_to(accepts, THEN_NOTHING);
    options = options_for("origin.test", 5000);
    options.accepted_only = true;
    start(&options);
    loop_await();
    expect(OUTCOME_LOGIN_HELD, "not accepted yet");
    pass_ms(5);
    ck_assert_uint_eq(peer.turns, 1);
}
END_TEST

/* The guard's own try goes past it, and says how far it got. */
START_TEST(trial)
{
    struct auth_trial result = {.sent = false};
    struct socks_options options;

    connect_to(_i ? accepts : rejects, THEN_NOTHING);
    options = options_for("origin.test", 5000);
    options.trial = &result;
    start(&options);
    loop_await();
    ck_assert(result.sent);
    ck_assert(result.accepted == (_i == 1) && result.rejected == (_i == 0));
    ck_assert_int_eq(guard_state_of(guard, &login, NULL), GUARD_UNTRIED);
}
END_TEST

static void guard_said(void *ctx, enum guard_answer answer)
{
    *(enum guard_answer *)ctx = answer;
    loop_stop(loop);
}

/* A login that waits for another one outlives its connection. */
START_TEST(connection_may_end_while_the_login_waits)
{
    static const struct turn leaves[] = {{BYTES(OFFERS), BYTES("\5\2")},
                                         {{NULL, 0}, {NULL, 0}}};
    enum guard_answer answer = GUARD_HELD;
    struct guard_ticket *first =
        guard_ask(guard, &login, &(struct guard_place){hop_name, "other.test:443"},
                  guard_said, &answer);
    struct socks_options options;

    loop_await();
    ck_assert_int_eq(answer, GUARD_ALLOWED);
    connect_to(leaves, THEN_CLOSE);
    options = options_for("origin.test", 5000);
    start(&options);
    pass_ms(50);
    ck_assert(!call.done);
    guard_accepted(first);
    loop_await();
    ck_assert(call.done && call.result.again);
}
END_TEST

START_TEST(cancelled_at_each_stage)
{
    static const uint64_t after_ms[] = {0, 1, 30};
    static const struct turn silent[] = {{BYTES(OFFERS), BYTES("\5")},
                                         {{NULL, 0}, {NULL, 0}}};
    struct socks_options options;

    connect_to(silent, THEN_NOTHING);
    options = options_for("origin.test", 5000);
    start(&options);
    if (after_ms[_i])
        pass_ms(after_ms[_i]);
    socks_cancel(call.socks);
    pass_ms(20);
    ck_assert(!call.done);
    socks_cancel(NULL);
    ck_assert_int_ne(guard_state_of(guard, &login, NULL), GUARD_CLOSED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socks_dialogue");
    TCase *tcase = tcase_create("socks_dialogue");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, dialogue, 0, COUNT(dialogues));
    tcase_add_test(tcase, bytes_behind_the_reply_stay);
    tcase_add_test(tcase, accepted);
    tcase_add_test(tcase, one_rejection_closes);
    tcase_add_loop_test(tcase, unanswered_login_is_a_rejected_one, 0, 4);
    tcase_add_test(tcase, no_login_is_taken_where_none_is_wanted);
    tcase_add_loop_test(tcase, password_stays_here, 0, COUNT(forbidden));
    tcase_add_test(tcase, no_method_is_left);
    tcase_add_test(tcase, untried_password_waits_for_somebody);
    tcase_add_loop_test(tcase, trial, 0, 2);
    tcase_add_test(tcase, connection_may_end_while_the_login_waits);
    tcase_add_loop_test(tcase, cancelled_at_each_stage, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
