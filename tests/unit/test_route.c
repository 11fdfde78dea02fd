/*
 * test_route: which way out, and why.
 */
#include "route/route.h"

#include <string.h>

#include "route_rig.h"

#define LIST                                                                           \
    "proxy: [http://wp1.corp:8080, https://WP2.corp, 'http://[2001:DB8::1]:81']\n"
#define HOPS "http://wp1.corp:8080 https://wp2.corp:443 http://[2001:db8::1]:81"
#define VIA  "via_corp_proxy: true\n"
#define NONE "no proxy named"
#define RULES                                                                          \
    "rules:\n"                                                                         \
    "  - {host: '*.internal', via: direct}\n"                                          \
    "  - {host: [ads.test, .track.test], via: refuse}\n"                               \
    "  - {host: 'lab.test:8443', via: ['http://LAB.corp:3128', 'socks5://s.corp']}\n"  \
    "  - {host: 'self.test', via: 'http://gate.corp:3128'}\n"                          \
    "  - {host: late.test, via: 'http://late.corp:1', when: after}\n"                  \
    "  - 'later.test direct after'\n"                                                  \
    "  - {host: '*.internal', via: refuse}\n"

static const struct route_case cases[] = {
    /* our own listeners, before everything else */
    {LIST, {0}, "127.0.0.1", 3128, false, false, "REFUSED loop (own listener)"},
    {LIST, {0}, "gate.corp", 3128, true, true, "REFUSED loop (own listener)"},
    {"noproxy: ['*']",
     {0},
     "gate.corp",
     3128,
     true,
     false,
     "REFUSED loop (own listener)"},

    /* local targets never go to a parent */
    {LIST, {0}, "127.0.0.1", 80, true, false, "DIRECT (local target)"},
    {LIST VIA, {0}, "localhost", 80, false, false, "DIRECT (local target)"},
    {LIST, {0}, "::1", 80, false, true, "REFUSED local_target_refused (local target)"},
    {LIST,
     {0},
     "0x7f.1",
     80,
     false,
     true,
     "REFUSED local_target_refused (local target)"},
    {LIST "noproxy: [localhost]",
     {0},
     "localhost",
     80,
     false,
     true,
     "REFUSED local_target_refused (local target)"},
    {"noproxy: ['*']",
     {0},
     "2130706433",
     80,
     false,
     true,
     "REFUSED local_target_refused (local target)"},

    /* rules before noproxy, the first that matches; never for ourselves */
    {LIST RULES, {0}, "127.0.0.1", 3128, false, false, "REFUSED loop (own listener)"},
    {LIST RULES,
     {0},
     "127.0.0.1",
     80,
     false,
     true,
     "REFUSED local_target_refused (local target)"},
    {LIST RULES, {0}, "git.internal", 443, false, false, "DIRECT (rule 1: *.internal)"},
    {LIST RULES,
     {0},
     "git.internal",
     443,
     false,
     true,
     "DIRECT refuse_local (rule 1: *.internal)"},
    {LIST RULES,
     {0},
     "ads.test",
     80,
     true,
     false,
     "REFUSED rule_refused (rule 2: ads.test)"},
    {LIST RULES,
     {0},
     "x.track.test",
     80,
     true,
     false,
     "REFUSED rule_refused (rule 2: .track.test)"},
    {LIST RULES,
     {0},
     "lab.test",
     8443,
     false,
     false,
     "http://lab.corp:3128 socks5://s.corp:1080 (rule 3: lab.test:8443)"},
    {LIST RULES, {0}, "lab.test", 443, false, false, HOPS " (proxy: list)"},
    {LIST RULES,
     {0},
     "self.test",
     443,
     false,
     false,
     "REFUSED loop (rules: own listener: http://gate.corp:3128)"},
    {LIST "noproxy: ['*']\n" RULES,
     {0},
     "ads.test",
     443,
     false,
     false,
     "REFUSED rule_refused (rule 2: ads.test)"},
    {LIST "noproxy: ['*']\n" RULES,
     {0},
     "late.test",
     443,
     false,
     false,
     "DIRECT (noproxy: *)"},

    /* rules that come after: only where nothing names a way */
    {LIST RULES, {0}, "late.test", 443, false, false, HOPS " (proxy: list)"},
    {RULES,
     {"HTTPS_PROXY=http://env.corp:1"},
     "late.test",
     443,
     false,
     false,
     "http://env.corp:1 (environment: HTTPS_PROXY)"},
    {RULES,
     {0},
     "late.test",
     443,
     false,
     false,
     "http://late.corp:1 (rule 5: late.test)"},
    {VIA RULES,
     {0},
     "late.test",
     443,
     false,
     false,
     "http://late.corp:1 (rule 5: late.test)"},
    {VIA RULES,
     {0},
     "later.test",
     443,
     false,
     true,
     "DIRECT refuse_local (rule 6: later.test)"},
    {RULES, {0}, "other.test", 443, false, false, "DIRECT (" NONE ")"},

    /* noproxy before the list */
    {LIST "noproxy: [a.test, '*.Corp.example']",
     {0},
     "git.corp.example",
     443,
     false,
     false,
     "DIRECT (noproxy: *.Corp.example)"},
    {LIST "noproxy: [a.test, 10.0.0.0/8]",
     {0},
     "10.1.2.3",
     443,
     false,
     true,
     "DIRECT refuse_local (noproxy: 10.0.0.0/8)"},
    {LIST VIA "noproxy: ['b.test:80']",
     {0},
     "b.test",
     80,
     true,
     false,
     "DIRECT (noproxy: b.test:80)"},
    {LIST VIA "noproxy: ['b.test:80']",
     {0},
     "b.test",
     443,
     false,
     false,
     HOPS " (proxy: list)"},

    /* the list, whatever the environment says */
    {LIST, {0}, "example.com", 443, false, true, HOPS " (proxy: list)"},
    {LIST,
     {"HTTPS_PROXY=http://env.corp:1", "NO_PROXY=*"},
     "example.com",
     443,
     false,
     false,
     HOPS " (proxy: list)"},
    {LIST,
     {"HTTPS_PROXY=nonsense://"},
     "example.com",
     443,
     false,
     false,
     HOPS " (proxy: list)"},

    /* the last resort */
    {"{}", {0}, "x.test", 443, false, false, "DIRECT (" NONE ")"},
    {"{}", {0}, "x.test", 443, false, true, "DIRECT refuse_local (" NONE ")"},
    {VIA,
     {0},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (via_corp_proxy is set, but no source names a proxy)"},
    {VIA,
     {"HTTPS_PROXY="},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (via_corp_proxy is set, but no source names a proxy)"},
};

START_TEST(decides)
{
    decides_as(&cases[_i]);
}
END_TEST

START_TEST(the_list_is_shared)
{
    struct router *router = router_of(LIST, NULL);
    struct route *a = decide(router, "a.test", true);
    struct route *b = decide(router, "b.test", false);

    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_eq(router_ref(router), router);
    router_free(router);
    route_unref(a);
    route_unref(route_ref(b));
    ck_assert_uint_eq(b->hop_count, 3);
    ck_assert_str_eq(b->hops[2].host, "2001:db8::1");
    ck_assert_uint_eq(b->hops[2].port, 81);
    ck_assert(b->hops[1].kind == HOP_HTTPS && b->hops[0].kind == HOP_HTTP);
    ck_assert_ptr_eq(b->hops[1].login, &b->config->proxy[1].login);
    ck_assert_ptr_null(b->hops[0].header);
    route_unref(b);
    router_free(router);
    route_unref(NULL);
    router_free(NULL);
}
END_TEST

START_TEST(own_lines_replace_global_ones)
{
    struct router *router = router_of("header: ['X-A: 1', 'X-B: 2']\n"
                                      "proxy:\n"
                                      "  - url: http://a:1\n"
                                      "    header: ['x-b: 3', 'X-C: 4']\n"
                                      "  - http://b:2\n",
                                      NULL);
    struct route *route = decide(router, "x.test", true);
    char **header = route->hops[0].header;

    ck_assert_str_eq(header[0], "X-A: 1");
    ck_assert_str_eq(header[1], "x-b: 3");
    ck_assert_str_eq(header[2], "X-C: 4");
    ck_assert_ptr_null(header[3]);
    header = route->hops[1].header;
    ck_assert_str_eq(header[0], "X-A: 1");
    ck_assert_str_eq(header[1], "X-B: 2");
    ck_assert_ptr_null(header[2]);
    route_unref(route);
    router_free(router);
}
END_TEST

START_TEST(hops_for_status)
{
    char *environment[] = {"HTTPS_PROXY=http://a:1", "HTTP_PROXY=http://b:2",
                           "ALL_PROXY=http://c:3", NULL};
    char *same[] = {"HTTPS_PROXY=http://a:1", "http_proxy=a:1", NULL};
    struct router *router = router_of("{}", environment);
    const struct hop *hops[8];

    ck_assert_uint_eq(router_hops(router, hops, 8), 2);
    ck_assert_str_eq(hops[0]->name, "http://a:1");
    ck_assert_str_eq(hops[1]->name, "http://b:2");
    ck_assert_uint_eq(router_hops(router, hops, 1), 1);
    router_free(router);
    router = router_of("{}", same);
    ck_assert_uint_eq(router_hops(router, hops, 8), 1);
    router_free(router);
    router = router_of(LIST, environment);
    ck_assert_uint_eq(router_hops(router, hops, 8), 3);
    ck_assert_str_eq(hops[2]->name, "http://[2001:db8::1]:81");
    ck_assert_uint_eq(router_hops(router, hops, 2), 2);
    router_free(router);
}
END_TEST

/* A URL alone takes the login and the lines of the entry that names the same. */
START_TEST(rules_have_logins)
{
    struct router *router =
        router_of("username: u\n"
                  "proxy:\n"
                  "  - url: http://a.corp:1\n"
                  "    username: v\n"
                  "    header: 'X-A: 1'\n"
                  "rules:\n"
                  "  - {host: x.test, via: ['http://a.corp:1', 'http://b.corp:2']}\n"
                  "  - host: y.test\n"
                  "    via: {url: 'http://b.corp:2', username: w, header: 'X-B: 2'}\n",
                  NULL);
    struct route *x = decide(router, "x.test", true);
    struct route *y = decide(router, "y.test", true);
    struct route *named;
    const struct hop *hops[8];
    size_t place;

    ck_assert_str_eq(x->hops[0].login->login_name, "v");
    ck_assert_str_eq(x->hops[0].header[0], "X-A: 1");
    ck_assert_str_eq(x->hops[1].login->login_name, "u");
    ck_assert(!x->hops[1].withheld);
    ck_assert_ptr_null(x->hops[1].header);
    ck_assert_str_eq(y->hops[0].login->login_name, "w");
    ck_assert_str_eq(y->hops[0].header[0], "X-B: 2");
    ck_assert_uint_eq(router_hops(router, hops, 8), 2);
    ck_assert_str_eq(hops[0]->name, "http://a.corp:1");
    ck_assert_str_eq(hops[1]->name, "http://b.corp:2");
    named = router_find_hop(router, "http://b.corp:2", &place);
    ck_assert_ptr_nonnull(named);
    ck_assert_uint_eq(place, 1);
    ck_assert_ptr_null(router_find_hop(router, "http://c.corp:2", &place));
    route_unref(named);
    route_unref(x);
    route_unref(y);
    router_free(router);
}
END_TEST

static const struct {
    const char *host;
    const char *trace;
} traces[] = {
    {"git.internal", "own listener: no\nlocal target: no\nrule 1: *.internal matches\n"
                     "decided: rule 1: *.internal\n"},
    {"x.track.test",
     "own listener: no\nlocal target: no\nrule 1: *.internal does not match\n"
     "rule 2: .track.test matches\ndecided: rule 2: .track.test\n"},
    {"127.0.0.1", "own listener: no\ndecided: local target\n"},
    {"late.test",
     "own listener: no\nlocal target: no\nrule 1: *.internal does not match\n"
     "rule 2: ads.test, .track.test do not match\n"
     "rule 3: lab.test:8443 does not match\nrule 4: self.test does not match\n"
     "rule 7: *.internal does not match\n"
     "environment: no variable names a proxy\n"
     "rule 5: late.test matches\ndecided: rule 5: late.test\n"},
};

static void answered(void *ctx, struct route *route)
{
    struct route **into = ctx;

    ck_assert_ptr_null(*into);
    ck_assert_ptr_nonnull(route);
    *into = route;
}

START_TEST(queries)
{
    struct loop *loop = loop_new();
    struct config *config = config_of(LIST);
    struct router *router =
        router_new(&(struct router_options){.loop = loop, .config = config});
    char host[] = "x.test";
    struct route_request request = {.host = span_of(host), .port = 443};
    struct route *first = NULL;
    struct route *second = NULL;
    struct route *cancelled = NULL;
    struct route_query *query;

    config_unref(config);
    ck_assert_ptr_nonnull(route_start(router, &request, answered, &first));
    query = route_start(router, &request, answered, &cancelled);
    ck_assert_ptr_nonnull(query);
    memcpy(host, "::1\0\0\0", 6); /* the request need not stay */
    request.host = span_of(host);
    ck_assert_ptr_nonnull(route_start(router, &request, answered, &second));
    ck_assert_ptr_null(first);
    route_cancel(query);
    route_cancel(NULL);
    router_free(router);
    loop_run(loop);
    ck_assert_ptr_null(cancelled);
    ck_assert_int_eq(first->kind, ROUTE_HOPS);
    ck_assert_int_eq(second->kind, ROUTE_REFUSED);
    route_unref(first);
    route_unref(second);
    ck_assert_int_eq(loop_free(loop), 0);
}
END_TEST

START_TEST(rules_are_traced)
{
    struct loop *loop = loop_new();
    struct config *config = config_of(RULES);
    struct router *router =
        router_new(&(struct router_options){.loop = loop, .config = config});
    struct route *route = NULL;

    config_unref(config);
    ck_assert_ptr_nonnull(
        route_start(router,
                    &(struct route_request){.host = span_of(traces[_i].host),
                                            .port = 443,
                                            .own_caller = true,
                                            .trace = true},
                    answered, &route));
    loop_run(loop);
    ck_assert_str_eq(route->trace, traces[_i].trace);
    route_unref(route);
    router_free(router);
    ck_assert_int_eq(loop_free(loop), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *tcase = tcase_create("route");

    tcase_add_loop_test(tcase, decides, 0, COUNT(cases));
    tcase_add_test(tcase, the_list_is_shared);
    tcase_add_test(tcase, own_lines_replace_global_ones);
    tcase_add_test(tcase, hops_for_status);
    tcase_add_test(tcase, queries);
    tcase_add_test(tcase, rules_have_logins);
    tcase_add_loop_test(tcase, rules_are_traced, 0, COUNT(traces));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
