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

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *tcase = tcase_create("route");

    tcase_add_loop_test(tcase, decides, 0, COUNT(cases));
    tcase_add_test(tcase, the_list_is_shared);
    tcase_add_test(tcase, own_lines_replace_global_ones);
    tcase_add_test(tcase, hops_for_status);
    tcase_add_test(tcase, queries);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
