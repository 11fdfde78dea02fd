/*
 * test_connector: hop after hop: failing over, resting, logging in, keeping, TLS.
 */
#include "up/connector.h"

#include "proxy_rig.h"
#include "tls_rig.h"

#define HOPS  3
#define OWNER 1000
#define ASK(rest)                                                                      \
    "HTTP/1.1 407 Proxy Authentication Required\r\n"                                   \
    "Proxy-Authenticate: Basic realm=\"corp\"\r\n" rest
#define OPENS                                                                          \
    {                                                                                  \
        "HTTP/1.1 200 OK\r\n\r\n", 0, SAY_ECHO                                         \
    }

static struct rig {
    struct egress *egress;
    struct config config;
    struct config_login login;
    struct hop hops[HOPS];
    char names[HOPS][64];
    struct route route;
    struct proxy proxies[HOPS];
    int held[HOPS]; /* ports where nobody listens; -1: a proxy does */
} rig;

static struct call {
    struct connector *connector;
    bool done;
    enum outcome outcome;
    struct upstream *upstream;
    const struct hop *hop;
    char detail[600], quote[QUOTE_LIMIT + 1];
    uint16_t status;
} call;

static char localhost[] = "127.0.0.1";

static void begin(void)
{
    static char why[] = "test";

    loop_begin();
    memset(&rig, 0, sizeof(rig));
    rig.config = (struct config){.refs = 1};
    rig.config.timeout = (struct config_timeouts){.name = 2000,
                                                  .connect = 2000,
                                                  .tls = 10000,
                                                  .login = 2000,
                                                  .answer = 10000,
                                                  .login_body = 2000,
                                                  .hop_rest = 60000};
    rig.config.limit.login_body = 1024;
    rig.egress = egress_new(loop, &rig.config);
    ck_assert_ptr_nonnull(rig.egress);
    rig.login = (struct config_login){.login_name = span_dup(SPAN("alice")),
                                      .password = secret_new(SPAN("secret"))};
    rig.route =
        (struct route){.refs = 1, .kind = ROUTE_HOPS, .why = why, .hops = rig.hops};
}

static void end(void)
{
    upstream_free(call.upstream);
    call.upstream = NULL;
    for (size_t i = 0; i < rig.route.hop_count; i++) {
        if (rig.held[i] >= 0)
            close(rig.held[i]);
        else
            proxy_stop(&rig.proxies[i]);
    }
    egress_free(rig.egress);
    ck_assert_uint_eq(rig.route.refs, 1);
    secret_free(rig.login.password);
    free(rig.login.login_name);
    loop_end();
}

/* Adds a hop with this script; NULL: nobody listens there. */
static void add_hop(const struct say *script)
{
    size_t i = rig.route.hop_count++;
    uint16_t port;

    rig.held[i] = -1;
    if (script) {
        proxy_listen(&rig.proxies[i], script);
        port = rig.proxies[i].port;
    } else {
        rig.held[i] = port_hold(&port);
    }
    snprintf(rig.names[i], sizeof(rig.names[i]), "http://127.0.0.1:%u", port);
    rig.hops[i] = (struct hop){
        .host = localhost, .port = port, .name = rig.names[i], .login = &rig.login};
}

static void connected(void *ctx, const struct connector_result *result)
{
    ck_assert_ptr_eq(ctx, &call);
    ck_assert_msg(call.connector != NULL, "called before connector_start() returned");
    ck_assert_msg(!call.done, "called twice, or after its cancel");
    call.done = true;
    call.outcome = result->outcome;
    call.upstream = result->upstream;
    call.hop = result->hop;
    call.status = result->status;
    ck_assert((result->upstream != NULL) == (result->outcome == OUTCOME_OK));
    ck_assert((result->detail == NULL) == (result->outcome == OUTCOME_OK ||
                                           result->outcome == OUTCOME_CONNECT_DENIED ||
                                           result->outcome == OUTCOME_CONNECT_FAILED));
    snprintf(call.detail, sizeof(call.detail), "%s",
             result->detail ? result->detail : "");
    snprintf(call.quote, sizeof(call.quote), "%s", result->quote ? result->quote : "");
    loop_stop(loop);
}

static void start_with(struct connector_options options)
{
    upstream_free(call.upstream);
    call = (struct call){.done = false};
    options.egress = rig.egress;
    options.config = &rig.config;
    options.route = &rig.route;
    options.host = span_of(localhost);
    options.owner = OWNER;
    call.connector = connector_start(&options, connected, &call);
    ck_assert_ptr_nonnull(call.connector);
    ck_assert(!call.done);
}

static void start(enum connector_mode mode, uint16_t port, bool fresh)
{
    start_with((struct connector_options){.mode = mode, .port = port, .fresh = fresh});
}

static void start_in_advance(void)
{
    start_with((struct connector_options){.port = 443, .in_advance = true});
}

static enum outcome go(enum connector_mode mode, uint16_t port, bool fresh)
{
    start(mode, port, fresh);
    loop_await();
    ck_assert(call.done);
    return call.outcome;
}

static enum outcome tunnel(void)
{
    return go(CONNECTOR_TUNNEL, 443, false);
}

/* ---- failing over ---- */

/* What the first hop does, and whether the second one is tried. */
static const struct {
    struct say script[3];
    bool nobody;
    bool next;
    enum outcome outcome; /* if not */
} first_hops[] = {
    {{OPENS}, false, false, OUTCOME_OK},
    {{{NULL, 0, 0}}, true, true, OUTCOME_OK},
    {{{"", 0, SAY_CLOSE}}, false, true, OUTCOME_OK},
    {{{"", 0, SAY_RESET}}, false, true, OUTCOME_OK},
    {{{"HTTP/1.1 403 F\r\nContent-Length: 2\r\n\r\nno", 0, 0}},
     false,
     false,
     OUTCOME_CONNECT_DENIED},
    {{{"HTTP/1.1 503 F\r\nContent-Length: 2\r\n\r\nno", 0, 0}},
     false,
     false,
     OUTCOME_CONNECT_FAILED},
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0},
      {ASK("Content-Length: 0\r\n\r\n"), 0, 0}},
     false,
     false,
     OUTCOME_LOGIN_REJECTED},
    {{{ASK("Connection: close\r\n\r\n"), 0, SAY_CLOSE},
      {ASK("Connection: close\r\n\r\n"), 0, SAY_CLOSE}},
     false,
     false,
     OUTCOME_LOGIN_REJECTED},
    {{{ASK("Content-Length: 0\r\n\r\n"), 0, 0}, {"", 0, SAY_CLOSE}},
     false,
     false,
     OUTCOME_ANSWER_NONE},
    {{{"HTTP/1.1 2", 0, SAY_CLOSE}}, false, false, OUTCOME_ANSWER_INCOMPLETE},
    {{{"HTTP/1.1 407 A\r\nProxy-Authenticate: SCRAM\r\nConnection: close\r\n\r\n", 0,
       SAY_CLOSE}},
     false,
     false,
     OUTCOME_LOGIN_SCHEME},
};

START_TEST(fails_over_where_it_may)
{
    static const struct say opens[] = {OPENS, {NULL, 0, 0}};

    add_hop(first_hops[_i].nobody ? NULL : first_hops[_i].script);
    add_hop(opens);
    enum outcome outcome = tunnel();
    if (first_hops[_i].next) {
        ck_assert_int_eq(outcome, OUTCOME_OK);
        ck_assert_ptr_eq(call.hop, &rig.hops[1]);
        ck_assert_uint_eq(rig.proxies[1].heads, 1);
        ck_assert(health_rests(rig.egress->health, &rig.hops[0]));
    } else {
        ck_assert_int_eq(outcome, first_hops[_i].outcome);
        ck_assert_ptr_eq(call.hop, &rig.hops[0]);
        ck_assert_uint_eq(rig.proxies[1].connections, 0);
        ck_assert(!health_rests(rig.egress->health, &rig.hops[0]));
    }
}
END_TEST

/* What the table of outcomes says is what is done. */
START_TEST(silence_follows_the_table)
{
    static const struct say silent[] = {{NULL, 0, 0}}, opens[] = {OPENS, {NULL, 0, 0}};
    const struct outcome_info *info = outcome_info(OUTCOME_ANSWER_TIMEOUT);

    rig.config.timeout.answer = 100;
    add_hop(silent);
    add_hop(opens);
    ck_assert_int_eq(tunnel(), info->next_hop ? OUTCOME_OK : OUTCOME_ANSWER_TIMEOUT);
    ck_assert_int_eq(health_rests(rig.egress->health, &rig.hops[0]), info->hop_fault);
}
END_TEST

START_TEST(rested_hops_are_tried_last)
{
    static const struct say opens[] = {OPENS, OPENS, OPENS, {NULL, 0, 0}};

    add_hop(NULL);
    add_hop(opens);
    add_hop(opens);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(tunnel(), OUTCOME_OK);
        ck_assert_ptr_eq(call.hop, &rig.hops[1]);
    }
    ck_assert_uint_eq(health_find(rig.egress->health, rig.names[0])->failures, 1);
    ck_assert_uint_eq(health_find(rig.egress->health, rig.names[1])->successes, 3);
    ck_assert_uint_eq(rig.proxies[2].connections, 0);
}
END_TEST

START_TEST(all_hops_dead)
{
    add_hop(NULL);
    add_hop(NULL);
    for (int i = 0; i < 2; i++) { /* though all rest, they are tried again */
        ck_assert_int_eq(tunnel(), OUTCOME_CONNECT_REFUSED);
        ck_assert_ptr_eq(call.hop, &rig.hops[1]);
        ck_assert_ptr_nonnull(strstr(call.detail, "Connection refused"));
        ck_assert_uint_eq(health_find(rig.egress->health, rig.names[0])->failures,
                          (uint64_t)i + 1);
    }
}
END_TEST

/* The attempt that did it is no step; one that is given up is, the last one too. */
START_TEST(attempts_leave_a_trail)
{
    static const struct say opens[] = {OPENS, {NULL, 0, 0}};
    struct trail trail = {.id = 1};
    const struct connector_options options = {
        .mode = CONNECTOR_TUNNEL, .port = 443, .trail = &trail};
    struct connector_view view;

    add_hop(NULL);
    add_hop(NULL);
    start_with(options);
    connector_view(call.connector, &view);
    ck_assert_int_eq(view.phase, PHASE_LOOKUP);
    ck_assert_ptr_eq(view.hop, &rig.hops[0]);
    loop_await();
    ck_assert_uint_eq(trail.count, 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(trail.steps[i].hop, rig.names[i]);
        ck_assert_int_eq(trail.steps[i].outcome, OUTCOME_CONNECT_REFUSED);
        ck_assert_ptr_nonnull(strstr(trail.steps[i].detail, "Connection refused"));
    }
    trail_clear(&trail);
    add_hop(opens);
    start_with(options);
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_OK);
    ck_assert_uint_eq(trail.count, 0); /* it was awake, and so the first */
    trail_clear(&trail);
}
END_TEST

START_TEST(refusal_is_quoted)
{
    static const struct say script[] = {
        {"HTTP/1.1 403 F\r\nContent-Length: 22\r\n\r\n<title>Blocked</title>", 0, 0},
        {NULL, 0, 0}};

    add_hop(script);
    ck_assert_int_eq(tunnel(), OUTCOME_CONNECT_DENIED);
    ck_assert_uint_eq(call.status, 403);
    ck_assert_str_eq(call.quote, "Blocked");
}
END_TEST

/* ---- logins ---- */

START_TEST(login_goes_on_over_a_fresh_connection)
{
    static const struct say script[] = {
        {ASK("Connection: close\r\n\r\n"), 0, SAY_CLOSE}, OPENS, OPENS, {NULL, 0, 0}};

    add_hop(script);
    ck_assert_int_eq(tunnel(), OUTCOME_OK);
    ck_assert_uint_eq(rig.proxies[0].connections, 2);
    ck_assert_int_eq(tunnel(), OUTCOME_OK);
    ck_assert_uint_eq(rig.proxies[0].connections, 3); /* asked for at once now */
}
END_TEST

START_TEST(rejected_login_is_held_without_a_connection)
{
    static const struct say script[] = {{ASK("Content-Length: 0\r\n\r\n"), 0, 0},
                                        {ASK("Content-Length: 0\r\n\r\n"), 0, 0},
                                        OPENS,
                                        {NULL, 0, 0}};

    add_hop(script);
    ck_assert_int_eq(tunnel(), OUTCOME_LOGIN_REJECTED);
    ck_assert_int_eq(guard_state_of(rig.egress->guard, &rig.login, NULL), GUARD_CLOSED);
    ck_assert_int_eq(tunnel(), OUTCOME_LOGIN_HELD);
    ck_assert_int_eq(go(CONNECTOR_FORWARD, 80, false), OUTCOME_LOGIN_HELD);
    ck_assert_uint_eq(rig.proxies[0].connections, 1);
    ck_assert_ptr_nonnull(strstr(call.detail, "alice"));
}
END_TEST

/* ---- direct, kept ---- */

START_TEST(direct)
{
    uint16_t port = 0;
    int door = door_open(1, &port, 4);

    rig.route.kind = ROUTE_DIRECT;
    for (int mode = CONNECTOR_TUNNEL; mode <= CONNECTOR_FORWARD; mode++) {
        ck_assert_int_eq(go((enum connector_mode)mode, port, false), OUTCOME_OK);
        ck_assert_ptr_null(call.hop);
        ck_assert_ptr_null(call.upstream->hop);
        ck_assert_ptr_null(call.upstream->auth);
    }
    rig.route.refuse_local = true;
    ck_assert_int_eq(go(CONNECTOR_TUNNEL, port, false), OUTCOME_LOCAL_TARGET_REFUSED);
    rig.route.refuse_local = false;
    close(door);
    ck_assert_int_eq(go(CONNECTOR_TUNNEL, port, false), OUTCOME_CONNECT_REFUSED);
    ck_assert_ptr_null(call.hop);
}
END_TEST

/* An entry that says so: the target itself. */
static void add_direct(void)
{
    size_t i = rig.route.hop_count++;

    rig.held[i] = port_hold(&(uint16_t){0});
    snprintf(rig.names[i], sizeof(rig.names[i]), "direct");
    rig.hops[i] = (struct hop){.kind = HOP_DIRECT,
                               .host = rig.names[i] + strlen("direct"),
                               .name = rig.names[i],
                               .login = &rig.login};
}

START_TEST(direct_is_an_entry)
{
    uint16_t port = 0;
    int door = door_open(1, &port, 4);

    add_hop(NULL);
    add_direct();
    for (int mode = CONNECTOR_TUNNEL; mode <= CONNECTOR_FORWARD; mode++) {
        char key[64];

        ck_assert_int_eq(go((enum connector_mode)mode, port, false), OUTCOME_OK);
        ck_assert_ptr_null(call.hop);
        ck_assert_ptr_null(call.upstream->hop);
        ck_assert_ptr_null(call.upstream->auth);
        snprintf(key, sizeof(key), "127.0.0.1:%u", port);
        ck_assert_str_eq(call.upstream->key, key);
    }
    ck_assert(health_rests(rig.egress->health, &rig.hops[0]));
    ck_assert_ptr_null(health_find(rig.egress->health, "direct"));
    rig.route.refuse_local = true;
    ck_assert_int_eq(go(CONNECTOR_TUNNEL, port, false), OUTCOME_LOCAL_TARGET_REFUSED);
    ck_assert_ptr_null(call.hop);
    close(door);
}
END_TEST

START_TEST(direct_passes_on)
{
    static const struct say opens[] = {OPENS, {NULL, 0, 0}};
    uint16_t port;
    int held = port_hold(&port);

    add_direct();
    add_hop(opens);
    ck_assert_int_eq(go(CONNECTOR_TUNNEL, port, false), OUTCOME_OK);
    ck_assert_ptr_eq(call.hop, &rig.hops[1]);
    close(held);
}
END_TEST

/* What nobody has asked for goes neither direct nor through SOCKS. */
START_TEST(in_advance_through_http_only)
{
    static const struct say opens[] = {OPENS, {NULL, 0, 0}};

    add_direct();
    add_hop(opens);
    rig.hops[1].kind = HOP_SOCKS5;
    start_in_advance();
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_ROUTE_UNDECIDED);
    add_hop(opens);
    start_in_advance();
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_OK);
    ck_assert_ptr_eq(call.hop, &rig.hops[2]);
    ck_assert_uint_eq(rig.proxies[1].connections, 0);
}
END_TEST

START_TEST(kept_connections)
{
    static const struct say silent[] = {{NULL, 0, 0}};

    add_hop(silent);
    ck_assert_int_eq(go(CONNECTOR_FORWARD, 80, false), OUTCOME_OK);
    struct upstream *kept = call.upstream;
    ck_assert(!kept->reused);
    ck_assert_uint_eq(kept->owner, OWNER);
    ck_assert_str_eq(kept->key, rig.names[0]);
    ck_assert_ptr_nonnull(kept->auth);
    call.upstream = NULL;
    pool_put(rig.egress->pool, kept, 60000);
    ck_assert_int_eq(go(CONNECTOR_FORWARD, 80, true), OUTCOME_OK); /* not a kept one */
    ck_assert_ptr_ne(call.upstream, kept);
    ck_assert_int_eq(go(CONNECTOR_FORWARD, 8080, false), OUTCOME_OK);
    ck_assert_ptr_eq(call.upstream, kept); /* the hop serves any target */
    ck_assert(call.upstream->reused);
    ck_assert_uint_eq(rig.proxies[0].connections, 2);
}
END_TEST

/* ---- https hops ---- */

static struct tls_server tls_server;
static struct watch *tls_door;
static struct identity authority, served;

static void tls_accept(void *ctx, unsigned events)
{
    int fd = accept(watch_fd(tls_door), NULL, NULL);

    (void)ctx;
    (void)events;
    ck_assert_int_ge(fd, 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    tls_server_start(&tls_server, fd, &served);
}

START_TEST(hop_behind_tls)
{
    static const struct say opens[] = {OPENS, {NULL, 0, 0}};
    char path[] = "/tmp/test_connector.XXXXXX", *files[] = {path, NULL};
    bool good = _i == 0;
    uint16_t port = 0;

    authority = identity_new("Test CA", NULL, NULL, -3600, 3600);
    served = identity_new("hop", good ? "IP:127.0.0.1" : "IP:127.0.0.2", &authority,
                          -3600, 3600);
    identity_save(&authority, path);
    rig.config.tls_ca = files;
    ck_assert(egress_reload(rig.egress, &rig.config));
    tls_door = watch_new(loop, door_open(1, &port, 4), tls_accept, NULL);
    watch_want(tls_door, WATCH_READ);
    add_hop(opens);
    add_hop(opens);
    proxy_stop(&rig.proxies[0]);
    proxy_init(&rig.proxies[0], opens);
    rig.hops[0].kind = HOP_HTTPS;
    rig.hops[0].port = port;
    enum outcome outcome = go(CONNECTOR_FORWARD, 80, false);
    const struct outcome_info *info = outcome_info(OUTCOME_TLS_CERTIFICATE);
    if (good || info->next_hop)
        ck_assert_int_eq(outcome, OUTCOME_OK);
    else
        ck_assert_int_eq(outcome, OUTCOME_TLS_CERTIFICATE);
    ck_assert_int_eq(call.hop == &rig.hops[0], good || !info->next_hop);
    if (good)
        ck_assert_int_eq(stream_splice_fd(call.upstream->stream), -1);
    watch_close(tls_door);
    tls_server_stop(&tls_server);
    identity_free(&authority);
    identity_free(&served);
    unlink(path);
}
END_TEST

/* ---- cancelling ---- */

static const struct say half[] = {{ASK("Content-Length: 9\r\n\r\nshort"), 0, 0},
                                  {NULL, 0, 0}};

START_TEST(cancelled_at_each_stage)
{
    static const uint64_t after_ms[] = {0, 1, 30};

    add_hop(half);
    add_hop(half);
    start(CONNECTOR_TUNNEL, 443, false);
    if (after_ms[_i])
        pass_ms(after_ms[_i]);
    ck_assert(!call.done);
    connector_cancel(call.connector);
    pass_ms(20);
    ck_assert(!call.done);
    connector_cancel(NULL);
    ck_assert_int_ne(guard_state_of(rig.egress->guard, &rig.login, NULL), GUARD_CLOSED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connector");
    TCase *tcase = tcase_create("connector");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, fails_over_where_it_may, 0, COUNT(first_hops));
    tcase_add_test(tcase, silence_follows_the_table);
    tcase_add_test(tcase, rested_hops_are_tried_last);
    tcase_add_test(tcase, all_hops_dead);
    tcase_add_test(tcase, attempts_leave_a_trail);
    tcase_add_test(tcase, refusal_is_quoted);
    tcase_add_test(tcase, login_goes_on_over_a_fresh_connection);
    tcase_add_test(tcase, rejected_login_is_held_without_a_connection);
    tcase_add_test(tcase, direct);
    tcase_add_test(tcase, direct_is_an_entry);
    tcase_add_test(tcase, direct_passes_on);
    tcase_add_test(tcase, in_advance_through_http_only);
    tcase_add_test(tcase, kept_connections);
    tcase_add_loop_test(tcase, hop_behind_tls, 0, 2);
    tcase_add_loop_test(tcase, cancelled_at_each_stage, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
