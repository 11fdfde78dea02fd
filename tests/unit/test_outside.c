/*
 * Tests of outside: what counts as being outside, for how long, who waits for it, and
 * what it means for routes.
 */
#include "route/outside.h"

#include "resolve_rig.h"
#include "route_rig.h"
#include "up/connector.h"

#define WAITERS 3

static struct outside *outside;
static char log_path[64];

static void outside_of(const char *yaml)
{
    struct config *config = config_of(yaml);

    outside = outside_new(&(struct outside_options){
        .loop = loop, .resolver = resolver, .config = config});
    ck_assert_ptr_nonnull(outside);
    config_unref(config);
}

static void outside_setup(void)
{
    setup();
    vpn_up = false;
    snprintf(log_path, sizeof(log_path), "/tmp/test_outside.XXXXXX");
    close(mkstemp(log_path));
    log_open(&(struct log_options){.to = log_path, .level = LOG_LEVEL_INFO});
}

static void outside_teardown(void)
{
    outside_unref(outside);
    outside = NULL;
    teardown();
    unlink(log_path);
}

static int log_count(const char *part)
{
    FILE *f = fopen(log_path, "re");
    char line[512];
    int count = 0;

    log_flush();
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof(line), f) != NULL)
        count += strstr(line, part) != NULL;
    fclose(f);
    return count;
}

/* ---- those who wait ---- */

struct waiter {
    struct outside_query *query;
    struct waiter *cancels;
    bool gives_up; /* our reference */
    bool done;
    enum outside_state state;
    char why[256];
};

static int waiting;

static void known(void *ctx)
{
    struct waiter *w = ctx;
    const char *why = NULL;

    ck_assert_ptr_nonnull(w->query);
    ck_assert(!w->done);
    w->done = true;
    w->state = outside_ask(outside, &why);
    ck_assert_ptr_nonnull(why);
    snprintf(w->why, sizeof(w->why), "%s", why);
    if (w->cancels != NULL) {
        outside_cancel(w->cancels->query);
        waiting--;
    }
    if (w->gives_up) {
        outside_unref(outside);
        outside = NULL;
    }
    if (--waiting == 0)
        loop_stop(loop);
}

static void wait_start(struct waiter *w)
{
    const char *why;

    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_UNKNOWN);
    waiting++;
    w->query = outside_start(outside, known, w);
    ck_assert_ptr_nonnull(w->query);
    ck_assert(!w->done);
}

static struct waiter wait_known(void)
{
    struct waiter w = {.done = false};

    wait_start(&w);
    loop_run(loop);
    ck_assert(w.done);
    return w;
}

/* ---- what counts ---- */

static const struct {
    const char *yaml;
    enum outside_state state;
    const char *why;
} cases[] = {
    {"proxy: ['nx1.test:1']", OUTSIDE_YES, "nx1.test does not exist"},
    {"proxy: ['nx1.test:1', 'NX2.test:2', 'nx1.test:3']", OUTSIDE_YES,
     "nx1.test and nx2.test do not exist"},
    {"proxy: ['nx1.test:1', 'nx2.test:1', 'nx3.test:1', 'nx4.test:1']", OUTSIDE_YES,
     "nx1.test, nx2.test, nx3.test and 1 more do not exist"},
    {"pac: http://nx1.test/p.pac\nproxy: ['nx2.test:1']", OUTSIDE_YES,
     "nx1.test and nx2.test do not exist"},
    {"pac: file:///p.pac\nproxy: ['nx2.test:1']", OUTSIDE_YES,
     "nx2.test does not exist"},
    {"pac: https://nx1.test:8443/p.pac", OUTSIDE_YES, "nx1.test does not exist"},
    /* all of them */
    {"proxy: ['nx1.test:1', 'four.test:1']", OUTSIDE_NO, "four.test exists"},
    {"pac: http://four.test/p.pac\nproxy: ['nx1.test:1']", OUTSIDE_NO,
     "four.test exists"},
    {"pac: http://nx1.test/p.pac\nproxy: ['four.test:1']", OUTSIDE_NO,
     "four.test exists"},
    /* a name without an address exists; a failure is none either */
    {"proxy: ['nx1.test:1', 'empty.test:1']", OUTSIDE_NO,
     "empty.test: the name has no address"},
    {"proxy: ['refused.test:1']", OUTSIDE_NO, "refused.test: "},
    {"proxy: ['servfail.test:1']", OUTSIDE_NO, "servfail.test: "},
    {"proxy: ['junk.test:1']", OUTSIDE_NO, "junk.test: "},
    {"proxy: ['silent.test:1']", OUTSIDE_NO, "silent.test: timed out after 0.4 s"},
    {"proxy: ['nx1.test:1', 'silent.test:1']", OUTSIDE_NO, "silent.test: timed out"},
    {"proxy: ['nx-mute6.test:1']", OUTSIDE_NO, "nx-mute6.test: "},
    {"proxy: ['nx-mute4.test:1']", OUTSIDE_NO, "nx-mute4.test: "},
};

START_TEST(states)
{
    struct waiter w;

    resolver_at(RESOLVE_DNS, 400);
    outside_of(cases[_i].yaml);
    w = wait_known();
    ck_assert_msg(strncmp(w.why, cases[_i].why, strlen(cases[_i].why)) == 0, "%s",
                  w.why);
    ck_assert_int_eq(w.state, cases[_i].state);
    ck_assert_int_eq(log_count(" outside "), cases[_i].state == OUTSIDE_YES);
    ck_assert_int_eq(log_count(" inside "), 0);
}
END_TEST

/* Nothing needs to be looked up for these. */
static const struct {
    const char *yaml;
    const char *why;
} fixed[] = {
    {"proxy: ['nx1.test:1', '192.0.2.1:1']", "192.0.2.1 is an address"},
    {"pac: 'http://[2001:db8::1]/p.pac'", "2001:db8::1 is an address"},
    {"pac: file:///p.pac", "neither pac nor proxy names a host"},
    {"{}", "neither pac nor proxy names a host"},
};

START_TEST(fixed_states)
{
    const char *why = NULL;

    outside_of(fixed[_i].yaml);
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_NO);
    ck_assert_str_eq(why, fixed[_i].why);
    outside_network_changed(outside);
    outside_doubt(outside);
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_NO);
    pass_ms(50);
    ck_assert_uint_eq(servers[0].asked, 0);
}
END_TEST

/* ---- time ---- */

START_TEST(many_wait_for_one_lookup)
{
    struct waiter w[WAITERS] = {{.query = NULL}};

    outside_of("proxy: ['nx1.test:1', 'vpn.test:1']");
    w[0].cancels = &w[1];
    w[2].gives_up = true;
    for (int i = 0; i < WAITERS; i++)
        wait_start(&w[i]);
    loop_run(loop);
    ck_assert(w[0].done && !w[1].done && w[2].done);
    ck_assert_int_eq(w[2].state, OUTSIDE_YES);
    ck_assert_uint_eq(servers[0].asked, 4); /* two names, two families */
    ck_assert_ptr_null(outside);
}
END_TEST

START_TEST(network_changes)
{
    struct waiter w;
    const char *why;

    outside_of("proxy: ['vpn.test:1']");
    w = wait_known();
    ck_assert_int_eq(w.state, OUTSIDE_YES);
    vpn_up = true;
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_YES);
    resolver_flush(resolver);
    outside_network_changed(outside);
    ck_assert_int_eq(outside_view(outside, &why), OUTSIDE_YES); /* found out last */
    w = wait_known();
    ck_assert_int_eq(w.state, OUTSIDE_NO);
    ck_assert_str_eq(w.why, "vpn.test exists");
    ck_assert_int_eq(log_count(" outside way=direct why=\"vpn.test does not exist\""),
                     1);
    ck_assert_int_eq(log_count(" inside why=\"vpn.test exists\""), 1);
    resolver_flush(resolver);
    outside_network_changed(outside);
    wait_known();
    ck_assert_int_eq(log_count("side "), 2); /* nothing has changed */
}
END_TEST

START_TEST(a_change_during_the_lookup)
{
    struct waiter w = {.done = false};

    outside_of("proxy: ['vpn.test:1']");
    wait_start(&w);
    vpn_up = true;
    resolver_flush(resolver);
    outside_network_changed(outside);
    loop_run(loop);
    ck_assert_int_eq(w.state, OUTSIDE_NO);
}
END_TEST

/* While somebody asks, it is looked up in the background, and nobody waits. */
START_TEST(refreshed_while_in_use)
{
    const char *why;
    size_t asked;

    outside_of("proxy: ['vpn.test:1']");
    wait_known();
    asked = servers[0].asked;
    vpn_up = true;
    for (int i = 0; i < 30 && outside_ask(outside, &why) == OUTSIDE_YES; i++)
        pass_ms(100);
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_NO);
    ck_assert_uint_eq(servers[0].asked, asked + 2);
}
END_TEST

START_TEST(forgotten_when_not_in_use)
{
    const char *why;
    size_t asked;

    outside_of("proxy: ['vpn.test:1']");
    pass_ms(100);
    asked = servers[0].asked;
    pass_ms(2500);
    ck_assert_uint_eq(servers[0].asked, asked);
    ck_assert_int_eq(outside_view(outside, &why), OUTSIDE_YES);
    vpn_up = true;
    ck_assert_int_eq(wait_known().state, OUTSIDE_NO);
}
END_TEST

/* A proxy's name was not found: whoever asks waits for the truth. */
START_TEST(doubted)
{
    const char *why;

    vpn_up = true;
    outside_of("proxy: ['vpn.test:1']");
    ck_assert_int_eq(wait_known().state, OUTSIDE_NO);
    vpn_up = false;
    resolver_flush(resolver);
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_NO);
    outside_doubt(outside);
    outside_doubt(outside);
    outside_doubt(NULL);
    ck_assert_int_eq(wait_known().state, OUTSIDE_YES);
}
END_TEST

static void connected(void *ctx, const struct connector_result *result)
{
    enum outcome *outcome = ctx;

    *outcome = result->outcome;
    upstream_free(result->upstream);
    loop_stop(loop);
}

static struct egress *egress_with_rig(struct config *config)
{
    struct egress *egress = egress_new(loop, config);

    ck_assert_ptr_nonnull(egress);
    resolver_free(egress->resolver);
    egress->resolver = resolver;
    egress->means.resolver = resolver;
    egress->means.outside = outside_ref(outside);
    return egress;
}

static void egress_end(struct egress *egress)
{
    egress->resolver = NULL; /* the rig's */
    egress_free(egress);
}

START_TEST(a_proxy_that_is_not_found)
{
    struct config *config = config_of("proxy: ['http://vpn.test:1']");
    struct egress *egress;
    struct router *router;
    struct route *route;
    const char *why;
    enum outcome outcome = OUTCOME_OK;

    vpn_up = true;
    outside_of("proxy: ['vpn.test:1']");
    ck_assert_int_eq(wait_known().state, OUTSIDE_NO);
    vpn_up = false;
    resolver_flush(resolver);
    egress = egress_with_rig(config);
    router = router_new(&(struct router_options){.config = config});
    route = decide(router, "far.test", true);
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_NO);
    ck_assert_ptr_nonnull(
        connector_start(&(struct connector_options){.egress = egress,
                                                    .config = config,
                                                    .route = route,
                                                    .host = SPAN("far.test"),
                                                    .port = 443},
                        connected, &outcome));
    loop_run(loop);
    ck_assert_int_eq(outcome, OUTCOME_DNS_ERROR);
    if (outside_ask(outside, &why) == OUTSIDE_UNKNOWN)
        wait_known();
    ck_assert_int_eq(outside_ask(outside, &why), OUTSIDE_YES);
    route_unref(route);
    router_free(router);
    config_unref(config);
    egress_end(egress);
}
END_TEST

/* All parts learn of another network. */
START_TEST(the_network_is_another_one)
{
    struct config *config = config_of("proxy: ['http://vpn.test:1']");
    struct egress *egress;

    outside_of("proxy: ['vpn.test:1']");
    ck_assert_int_eq(wait_known().state, OUTSIDE_YES);
    vpn_up = true;
    egress = egress_with_rig(config);
    egress_network_changed(egress, config);
    ck_assert_int_eq(wait_known().state, OUTSIDE_NO);
    egress_end(egress);
    config_unref(config);
}
END_TEST

/* A reload keeps what is known of the same names, and begins anew with others. */
START_TEST(reloads)
{
    static const struct {
        const char *yaml;
        int kept; /* 1: the same, 0: another one, -1: none */
    } others[] = {
        {"outside: direct\nproxy: ['nx1.test:2']", 1},
        {"outside: direct\nproxy: ['nx2.test:1']", 0},
        {"outside: refuse\nproxy: ['nx2.test:1']", -1},
    };
    struct config *config = config_of("outside: direct\nproxy: ['nx1.test:1']");
    struct egress *egress = egress_new(loop, config);

    ck_assert_ptr_nonnull(egress);
    for (int i = 0; i < COUNT(others); i++) {
        struct config *other = config_of(others[i].yaml);
        const struct outside *before = egress->means.outside;

        ck_assert_ptr_nonnull(before);
        ck_assert(egress_reload(egress, other));
        ck_assert_int_eq(egress->means.outside == before, others[i].kept == 1);
        ck_assert_int_eq(egress->means.outside == NULL, others[i].kept < 0);
        config_unref(other);
    }
    egress_free(egress);
    config_unref(config);
}
END_TEST

START_TEST(same_names)
{
    static const struct {
        const char *yaml;
        bool same;
    } others[] = {
        {"outside: direct\nproxy: ['b.test:9', 'A.test:1', 'a.test:2']", true},
        {"outside: direct\npac: http://a.test/x\nproxy: ['b.test:9']", true},
        {"outside: direct\nproxy: ['a.test:1']", false},
        {"outside: direct\nproxy: ['a.test:1', 'b.test:9', 'c.test:1']", false},
        {"outside: direct\nproxy: ['a.test:1', 'b.test:9', '192.0.2.1:1']", false},
        {"outside: refuse\nproxy: ['a.test:1', 'b.test:9']", false},
    };

    outside_of("outside: direct\nproxy: ['a.test:1', 'b.test:1']");
    for (int i = 0; i < COUNT(others); i++) {
        struct config *config = config_of(others[i].yaml);

        ck_assert_msg(outside_is_for(outside, config) == others[i].same, "%s",
                      others[i].yaml);
        config_unref(config);
    }
}
END_TEST

/* ---- routes ---- */

#define OUTSIDE                                                                        \
    "outside: direct\nvia_corp_proxy: true\nproxy: ['vpn.test:1']\n"                   \
    "noproxy: [near.test]\nrules: ['lab.test refuse']\n"

static const struct {
    const char *host;
    bool foreign;
    bool inside;
    const char *way;
} routes[] = {
    {"far.test", false, false, "DIRECT (outside: vpn.test does not exist)"},
    {"far.test", true, false, "DIRECT refuse_local (outside: vpn.test does not exist)"},
    {"far.test", false, true, "http://vpn.test:1 (proxy: list)"},
    {"lab.test", false, false, "REFUSED rule_refused (rule 1: lab.test)"},
    {"near.test", false, false, "DIRECT (noproxy: near.test)"},
    {"127.0.0.1", true, false, "REFUSED local_target_refused (local target)"},
};

static void routed(void *ctx, struct route *route)
{
    struct route **into = ctx;

    *into = route;
    loop_stop(loop);
}

START_TEST(decisions)
{
    struct config *config = config_of(OUTSIDE);
    struct route_request request = {.host = span_of(routes[_i].host),
                                    .port = 443,
                                    .own_caller = !routes[_i].foreign};
    struct route *route = NULL;
    struct router *router;
    char way[256];

    vpn_up = routes[_i].inside;
    outside_of(OUTSIDE);
    router = router_new(&(struct router_options){
        .loop = loop, .config = config, .means = &(struct means){.outside = outside}});
    config_unref(config);
    /* One that waits can be cancelled. */
    route_cancel(route_start(router, &request, routed, &route));
    for (int known = 0; known < 2; known++) {
        ck_assert_ptr_nonnull(route_start(router, &request, routed, &route));
        ck_assert_ptr_null(route);
        loop_run(loop);
        ck_assert_ptr_nonnull(route);
        show(route, way, sizeof(way));
        ck_assert_str_eq(way, routes[_i].way);
        route_unref(route);
        route = NULL;
    }
    router_free(router);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outside");
    TCase *tcase = tcase_create("outside");

    tcase_set_timeout(tcase, 20);
    tcase_add_checked_fixture(tcase, outside_setup, outside_teardown);
    tcase_add_loop_test(tcase, states, 0, COUNT(cases));
    tcase_add_loop_test(tcase, fixed_states, 0, COUNT(fixed));
    tcase_add_test(tcase, many_wait_for_one_lookup);
    tcase_add_test(tcase, network_changes);
    tcase_add_test(tcase, a_change_during_the_lookup);
    tcase_add_test(tcase, refreshed_while_in_use);
    tcase_add_test(tcase, forgotten_when_not_in_use);
    tcase_add_test(tcase, doubted);
    tcase_add_test(tcase, a_proxy_that_is_not_found);
    tcase_add_test(tcase, the_network_is_another_one);
    tcase_add_test(tcase, reloads);
    tcase_add_test(tcase, same_names);
    tcase_add_loop_test(tcase, decisions, 0, COUNT(routes));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
