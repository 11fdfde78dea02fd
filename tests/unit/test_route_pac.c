/*
 * test_route_pac: the routes that answers of a PAC script stand for.
 */
#include "route/route_internal.h"
#include "route_rig.h"

static const struct said_case {
    const char *yaml;
    const char *said;
    const char *route; /* as show() writes it */
    bool foreign;      /* the caller has another uid */
} cases[] = {
    {"", "PROXY A.test:8080", "http://a.test:8080 (pac: PROXY A.test:8080)", false},
    {"", "proxy a; HTTPS b; SOCKS c; SOCKS5 d:99; DIRECT",
     "http://a:80 https://b:443 socks4://c:1080 socks5://d:99 direct "
     "(pac: proxy a; HTTPS b; SOCKS c; SOCKS5 d:99; DIRECT)",
     false},
    {"", " PROXY [::1]:3 ; QUIC x:1", "http://[::1]:3 (pac: PROXY [::1]:3 ; QUIC x:1)",
     false},
    {"", "DIRECT", "DIRECT (pac: DIRECT)", false},
    {"", "DIRECT", "DIRECT refuse_local (pac: DIRECT)", true},
    {"", "DIRECT; DIRECT", "DIRECT (pac: DIRECT; DIRECT)", false},
    {"", "DIRECT; PROXY a:1", "direct http://a:1 (pac: DIRECT; PROXY a:1)", false},
    {"", "", "DIRECT (pac: an empty answer)", false},
    {"", "  ", "DIRECT (pac: an empty answer)", false},
    {"via_corp_proxy: true", "DIRECT", "DIRECT (pac: DIRECT)", false},
    /* Chrome goes direct here; what cannot be read is no permission to. */
    {"", "HTTP a:1",
     "REFUSED route_undecided (pac: an answer that names no way: HTTP a:1)", false},
    {"", "PROXY a:0",
     "REFUSED route_undecided (pac: an answer that names no way: PROXY a:0)", false},
    {"proxy: http://x:1", "QUIC a",
     "REFUSED route_undecided (pac: an answer that names no way: QUIC a)", false},
    /* Scripts are often written for machines where ccgate is the proxy. */
    {"", "PROXY localhost:3128; PROXY a:1",
     "http://a:1 (pac: PROXY localhost:3128; PROXY a:1)", false},
    {"", "PROXY gate.corp:3128",
     "REFUSED loop (pac: own listener: PROXY gate.corp:3128)", false},
};

static struct route *route_of(struct router *router, const char *said, bool foreign)
{
    const struct route_request request = {
        .host = SPAN("www.test"), .port = 443, .secure = true, .own_caller = !foreign};
    const struct pac_decision decision = {.verdict = PAC_SAID, .text = span_of(said)};
    struct route *route = router_pac(router, &request, "pac", &decision);

    ck_assert_ptr_nonnull(route);
    return route;
}

START_TEST(test_said)
{
    const struct said_case *c = &cases[_i];
    struct router *router = router_of(c->yaml, NULL);
    struct route *route = route_of(router, c->said, c->foreign);
    char text[1024];

    show(route, text, sizeof(text));
    ck_assert_str_eq(text, c->route);
    route_unref(route);
    router_free(router);
}
END_TEST

/* Whoever writes the script must not get our login by naming a proxy of theirs. */
START_TEST(test_login)
{
    struct router *router = router_of("username: alice\n"
                                      "auth_hosts: '*.corp.example'\n"
                                      "header: 'X-All: 1'\n"
                                      "proxy: [{url: 'http://named:1', username: bob, "
                                      "header: 'X-Named: 1'}]\n",
                                      NULL);
    struct route *route =
        route_of(router,
                 "PROXY evil:1; PROXY p.corp.example:1; PROXY named:1; PROXY named:2; "
                 "HTTPS named:1; SOCKS5 p.corp.example:1",
                 false);
    const struct hop *hops = route->hops;

    ck_assert_uint_eq(route->hop_count, 6);
    ck_assert(hops[0].withheld);
    ck_assert(!hops[1].withheld);
    ck_assert_str_eq(hops[1].login->login_name, "alice");
    ck_assert_str_eq(hops[1].header[0], "X-All: 1");
    ck_assert(!hops[2].withheld);
    ck_assert_str_eq(hops[2].login->login_name, "bob");
    ck_assert_str_eq(hops[2].header[1], "X-Named: 1");
    ck_assert(hops[3].withheld);                   /* another port, another program */
    ck_assert(hops[4].withheld);                   /* another kind */
    ck_assert_ptr_null(hops[5].login->login_name); /* SOCKS sends it in clear */
    route_unref(route);
    router_free(router);
}
END_TEST

START_TEST(test_failed)
{
    static const enum pac_verdict VERDICTS[] = {PAC_UNDECIDED, PAC_ABSENT};
    static const char *const YAML[] = {"", "via_corp_proxy: true", "proxy: http://x:1"};
    const struct route_request request = {.host = SPAN("a"), .port = 443};

    for (int i = 0; i < COUNT(VERDICTS) * COUNT(YAML); i++) {
        struct router *router = router_of(YAML[i / COUNT(VERDICTS)], NULL);
        struct pac_decision decision = {.verdict = VERDICTS[i % COUNT(VERDICTS)],
                                        .why = "it threw"};
        struct route *route = router_pac(router, &request, "pac", &decision);
        char text[1024];

        show(route, text, sizeof(text));
        ck_assert_str_eq(text, "REFUSED route_undecided (pac: it threw)");
        route_unref(route);
        router_free(router);
    }
}
END_TEST

START_TEST(test_list)
{
    static const struct {
        const char *yaml, *no_script, *route;
    } LISTS[] = {
        {"proxy: http://x:1", NULL, "http://x:1 (proxy: list)"},
        {"proxy: http://x:1", "it threw",
         "http://x:1 (proxy: list, for want of a PAC script: it threw)"},
        {"proxy: http://gate.corp:3128", "it threw",
         "REFUSED loop (proxy: own listener: http://gate.corp:3128)"},
    };

    for (int i = 0; i < COUNT(LISTS); i++) {
        struct router *router = router_of(LISTS[i].yaml, NULL);
        struct route *route = router_list(router, LISTS[i].no_script);
        char text[1024];

        show(route, text, sizeof(text));
        ck_assert_str_eq(text, LISTS[i].route);
        route_unref(route);
        router_free(router);
    }
}
END_TEST

/* Status and the repeat of logins know the proxies that were named lately. */
START_TEST(test_seen)
{
    struct router *router = router_of("proxy: http://list:1", NULL);
    const struct hop *hops[64];
    struct route *found;
    size_t place;
    char said[64];

    route_unref(route_of(router, "PROXY a:1; PROXY list:1; DIRECT", false));
    route_unref(route_of(router, "PROXY b:1", false));
    route_unref(route_of(router, "PROXY a:1", false));
    ck_assert_uint_eq(router_hops(router, hops, 64), 4);
    ck_assert_str_eq(hops[0]->name, "http://list:1");
    ck_assert_str_eq(hops[1]->name, "http://a:1");
    found = router_find_hop(router, "http://b:1", &place);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(place, 0);
    route_unref(found);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(said, sizeof(said), "PROXY n%d:1", i);
        route_unref(route_of(router, said, false));
    }
    ck_assert_uint_eq(router_hops(router, hops, 64), 1 + ROUTER_SEEN);
    ck_assert_ptr_null(router_find_hop(router, "http://b:1", &place));
    router_free(router);
}
END_TEST

/* A login is repeated where it was accepted, which may be known from the state file. */
START_TEST(test_named_before)
{
    static const char yaml[] = "pac: 'data:,x'\n"
                               "username: alice\n"
                               "auth_hosts: '*.corp.example'\n"
                               "proxy: [{url: 'https://[::1]:9', username: bob}]\n";
    static const struct {
        const char *name;
        const char *login; /* NULL: not found */
        bool withheld;
    } HOPS[] = {
        {"http://p.corp.example:8080", "alice", false},
        {"http://evil:8080", "alice", true},
        {"https://[::1]:9", "bob", false},
        {"http://[::1]:9", "alice", true},
        {"http://gate.corp:3128", NULL, false}, /* ourselves */
        {"direct", NULL, false},
        {"quic://p.corp.example:1", NULL, false},
    };
    struct router *router = router_of(yaml, NULL);

    for (int i = 0; i < COUNT(HOPS); i++) {
        size_t place = 9;
        struct route *route = router_find_hop(router, HOPS[i].name, &place);

        ck_assert_int_eq(route != NULL, HOPS[i].login != NULL);
        if (route == NULL)
            continue;
        ck_assert_uint_eq(place, 0);
        ck_assert_str_eq(route->hops[0].name, HOPS[i].name);
        ck_assert_str_eq(route->hops[0].login->login_name, HOPS[i].login);
        ck_assert_int_eq(route->hops[0].withheld, HOPS[i].withheld);
        route_unref(route);
    }
    router_free(router);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route_pac");
    TCase *tcase = tcase_create("route_pac");

    tcase_add_loop_test(tcase, test_said, 0, COUNT(cases));
    tcase_add_test(tcase, test_login);
    tcase_add_test(tcase, test_failed);
    tcase_add_test(tcase, test_list);
    tcase_add_test(tcase, test_seen);
    tcase_add_test(tcase, test_named_before);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
