/*
 * test_warm: which requests get a ready tunnel: through a hop of their own route, for
 * the same target, under the same configuration, with no Via but ours.
 */
#include "up/warm.h"

#include "proxy_rig.h"
#include "up/connector.h"

static struct rig {
    struct egress *egress;
    struct config config;
    struct config_login login;
    struct hop hops[2];
    struct route route;
    char name[64], via[64];
    struct proxy proxy;
} rig;

static char localhost[] = "127.0.0.1";
static char elsewhere[] = "http://127.0.0.2:1";
static char why[] = "test";

#define OPENS                                                                          \
    {                                                                                  \
        "HTTP/1.1 200 OK\r\n\r\n", 0, 0                                                \
    }

static const struct say opens[] = {OPENS, OPENS, OPENS,       OPENS,
                                   OPENS, OPENS, {NULL, 0, 0}};

static void begin(void)
{
    loop_begin();
    memset(&rig, 0, sizeof(rig));
    rig.config = (struct config){.refs = 100};
    rig.config.timeout = (struct config_timeouts){.name = 2000,
                                                  .connect = 2000,
                                                  .login = 2000,
                                                  .answer = 10000,
                                                  .login_body = 2000,
                                                  .pool_idle = 55000};
    rig.config.warm = (struct config_warm){.enabled = true, .tunnels = 1};
    rig.egress = egress_new(loop, &rig.config);
    ck_assert_ptr_nonnull(rig.egress);
    proxy_listen(&rig.proxy, opens);
    snprintf(rig.name, sizeof(rig.name), "http://127.0.0.1:%u", rig.proxy.port);
    snprintf(rig.via, sizeof(rig.via), "Via: 1.1 %s\r\n", rig.egress->name);
    rig.hops[0] = (struct hop){.host = localhost,
                               .port = rig.proxy.port,
                               .name = rig.name,
                               .login = &rig.login};
    rig.hops[1] = (struct hop){
        .host = localhost, .port = 1, .name = elsewhere, .login = &rig.login};
    rig.route = (struct route){.refs = 100,
                               .kind = ROUTE_HOPS,
                               .why = why,
                               .hops = rig.hops,
                               .hop_count = 1,
                               .config = &rig.config};
}

static void end(void)
{
    egress_free(rig.egress);
    proxy_stop(&rig.proxy);
    ck_assert_uint_eq(rig.route.refs, 100);
    loop_end();
}

static struct warm_request request(void)
{
    return (struct warm_request){
        .route = &rig.route,
        .hop = &rig.hops[0],
        .host = SPAN("origin.test"),
        .port = 443,
        .via = span_of(rig.via),
    };
}

static void connected(void *ctx, const struct connector_result *result)
{
    ck_assert_ptr_null(ctx);
    ck_assert_int_eq(result->outcome, OUTCOME_OK);
    upstream_free(result->upstream);
    loop_stop(loop);
}

static void use(uint16_t port)
{
    struct connector *c =
        connector_start(&(struct connector_options){.egress = rig.egress,
                                                    .config = &rig.config,
                                                    .route = &rig.route,
                                                    .mode = CONNECTOR_TUNNEL,
                                                    .host = SPAN("origin.test"),
                                                    .port = port,
                                                    .via = span_of(rig.via),
                                                    .owner = POOL_NO_OWNER},
                        connected, NULL);

    ck_assert_ptr_nonnull(c);
    loop_await();
}

static size_t ready(void)
{
    struct warm_view view;

    warm_view(rig.egress->warm, rig.name, &view);
    return view.ready;
}

static void warm_up(void)
{
    for (int i = 0; i < 3; i++)
        use(443);
    for (int i = 0; i < 100 && ready() == 0; i++)
        pass_ms(5);
    ck_assert_uint_eq(ready(), 1);
}

static void change(struct warm_request *r, int what)
{
    static struct route other;
    static struct config config;

    switch (what) {
    case 0:
        r->host = SPAN("other.test");
        break;
    case 1:
        r->port = 8443;
        break;
    case 2:
        r->via = SPAN("Via: 1.1 another, 1.1 ccgate-0\r\n");
        break;
    case 3:
        r->hop = &rig.hops[1];
        break;
    case 4: /* another route, though its first hop is the same */
        other = rig.route;
        other.hop_count = 2;
        r->route = &other;
        break;
    case 5:
        other = rig.route;
        config = rig.config;
        other.config = &config;
        r->route = &other;
        break;
    case 6:
        other = rig.route;
        other.kind = ROUTE_DIRECT;
        r->route = &other;
        break;
    }
}

#define CHANGES 7

START_TEST(only_the_same_request)
{
    struct warm_request r = request();

    warm_up();
    change(&r, _i);
    ck_assert_ptr_null(warm_take(rig.egress->warm, &r));
    r = request();
    struct upstream *u = warm_take(rig.egress->warm, &r);
    ck_assert_ptr_nonnull(u);
    ck_assert(u->ready && !u->reused);
    upstream_free(u);
    ck_assert_ptr_null(warm_take(rig.egress->warm, &r)); /* once */
}
END_TEST

START_TEST(a_changed_route_closes_them)
{
    struct warm_request r = request();
    struct route other = rig.route;

    warm_up();
    other.refs = 100;
    other.hop_count = 2;
    r.route = &other;
    warm_used(rig.egress->warm, &r, false);
    ck_assert_uint_eq(ready(), 0);
    warm_configure(rig.egress->warm, NULL);
    ck_assert_uint_eq(other.refs, 100);
}
END_TEST

START_TEST(none_through_a_hop_that_nothing_is_known_of)
{
    struct warm_request r = request();

    for (int i = 0; i < 5; i++)
        warm_used(rig.egress->warm, &r, false);
    pass_ms(50);
    ck_assert_uint_eq(ready(), 0);
    ck_assert_uint_eq(rig.proxy.connections, 0);
}
END_TEST

/* ---- the guard ---- */

static void stepped(void *ctx, enum outcome outcome, const char *detail)
{
    (void)detail;
    *(enum outcome *)ctx = outcome;
    loop_stop(loop);
}

static enum outcome step(struct auth *auth, bool challenged)
{
    char text[] = "HTTP/1.1 407 Login\r\n"
                  "Proxy-Authenticate: Basic realm=\"corp\"\r\n\r\n";
    const struct auth_request asks = {.method = SPAN("CONNECT"),
                                      .uri = SPAN("origin.test:443")};
    enum outcome outcome = OUTCOME_INTERNAL;
    struct head head;

    head_init(&head);
    ck_assert_int_eq(head_read_response(&head, text, sizeof(text) - 1), HEAD_DONE);
    auth_step(auth, &asks, challenged ? &head : NULL, stepped, &outcome);
    loop_await();
    head_clear(&head);
    return outcome;
}

/* The hop asks, and rejects or accepts what it gets. */
static void log_in(bool good)
{
    struct auth *auth = auth_new(&(struct auth_options){.loop = loop,
                                                        .guard = rig.egress->guard,
                                                        .memory = rig.egress->memory,
                                                        .hop = rig.name,
                                                        .host = localhost,
                                                        .clear = true,
                                                        .login = &rig.login});

    ck_assert_int_eq(step(auth, true), OUTCOME_OK);
    auth_sent(auth);
    if (good)
        auth_settle(auth, NULL, NULL);
    else
        ck_assert_int_eq(step(auth, true), OUTCOME_LOGIN_REJECTED);
    auth_free(auth);
}

/* 0: no try yet, 1: rejected, 2: accepted */
START_TEST(only_with_an_accepted_login)
{
    struct warm_request r = request();
    struct config_login login = {.login_name = span_dup(SPAN("alice")),
                                 .password = secret_new(SPAN("secret"))};

    rig.login = login;
    if (_i > 0)
        log_in(_i == 2);
    for (int i = 0; i < 5; i++)
        warm_used(rig.egress->warm, &r, false);
    pass_ms(50);
    ck_assert_uint_eq(ready(), _i == 2);
    ck_assert_uint_eq(rig.proxy.connections, _i == 2);
    warm_configure(rig.egress->warm, NULL);
    secret_free(login.password);
    free(login.login_name);
    rig.login = (struct config_login){0};
}
END_TEST

START_TEST(a_new_configuration_closes_them)
{
    struct warm_request r = request();

    warm_up();
    warm_configure(rig.egress->warm, NULL);
    ck_assert_uint_eq(ready(), 0);
    for (int i = 0; i < 5; i++)
        warm_used(rig.egress->warm, &r, false);
    pass_ms(50);
    ck_assert_uint_eq(ready(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("warm");
    TCase *tcase = tcase_create("warm");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, only_the_same_request, 0, CHANGES);
    tcase_add_test(tcase, a_changed_route_closes_them);
    tcase_add_test(tcase, none_through_a_hop_that_nothing_is_known_of);
    tcase_add_loop_test(tcase, only_with_an_accepted_login, 0, 3);
    tcase_add_test(tcase, a_new_configuration_closes_them);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
