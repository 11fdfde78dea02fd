/*
 * test_pac: script, children and cache together; and ccgate's own router on top.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/counters.h"
#include "loop_rig.h"
#include "route/pac.h"
#include "route/route.h"

#define FIND(body) "function FindProxyForURL(url, host) {" body "}"

static struct resolver *resolver;
static struct pac *pac;
static struct config *config;
static char folder[] = "/tmp/test_pac.XXXXXX";
static char path[64];

static void put_script(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static struct config *config_of(const char *more)
{
    struct config *made;
    struct buf yaml, messages;

    buf_init(&yaml, 4096);
    buf_init(&messages, 4096);
    ck_assert_int_eq(buf_printf(&yaml, "pac: file://%s\n%s", path, more), 0);
    made = config_parse_text("test", buf_span(&yaml), &messages);
    ck_assert_msg(made != NULL, "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&yaml);
    buf_clear(&messages);
    return made;
}

static void setup(void)
{
    loop_begin();
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/proxy.pac", folder);
    resolver = resolver_new(
        loop, &(struct resolve_options){.mode = RESOLVE_SYSTEM, .timeout = 5000});
    ck_assert_ptr_nonnull(resolver);
}

static void teardown(void)
{
    pac_unref(pac);
    pac = NULL;
    config_unref(config);
    config = NULL;
    resolver_free(resolver);
    loop_end();
    (void)unlink(path);
    (void)rmdir(folder);
}

static void begin_pac(void)
{
    pac = pac_new(&(struct pac_options){
        .loop = loop, .resolver = resolver, .url = config->pac, .config = config});
    ck_assert_ptr_nonnull(pac);
}

static void begin(const char *script)
{
    if (script != NULL)
        put_script(script);
    config = config_of("");
    begin_pac();
}

/* ---- questions ---- */

struct answer {
    struct pac_query *query;
    bool done;
    enum pac_verdict verdict;
    bool cached;
    char text[256];
};

static void decided(void *ctx, const struct pac_decision *decision)
{
    struct answer *answer = ctx;

    ck_assert(!answer->done);
    answer->query = NULL;
    answer->done = true;
    answer->verdict = decision->verdict;
    answer->cached = decision->cached;
    if (decision->verdict == PAC_SAID)
        (void)snprintf(answer->text, sizeof(answer->text), "%.*s",
                       SPAN_ARG(decision->text));
    else
        (void)snprintf(answer->text, sizeof(answer->text), "%s", decision->why);
    loop_stop(loop);
}

static void ask(struct answer *answer, const char *host, bool secure, const char *of,
                bool patient)
{
    const struct pac_request request = {.secure = secure,
                                        .host = span_of(host),
                                        .port = secure ? 443 : 80,
                                        .path = span_of(of)};

    memset(answer, 0, sizeof(*answer));
    answer->query = pac_start(pac, &request, patient, decided, answer);
    ck_assert_ptr_nonnull(answer->query);
    ck_assert(!answer->done);
}

static struct answer asked(const char *host)
{
    struct answer answer;

    ask(&answer, host, true, "", true);
    loop_await();
    return answer;
}

static void ck_answer(const struct answer *answer, enum pac_verdict verdict,
                      const char *text, bool cached)
{
    ck_assert_msg(answer->done && answer->verdict == verdict &&
                      answer->cached == cached && strstr(answer->text, text) != NULL,
                  "%d%s: \"%s\", not %d%s: \"%s\"", (int)answer->verdict,
                  answer->cached ? " cached" : "", answer->text, (int)verdict,
                  cached ? " cached" : "", text);
}

/* ---- the cache ---- */

START_TEST(test_cache)
{
    struct answer a;

    begin("var n = 0;" FIND("return 'PROXY p:' + ++n;"));
    a = asked("a.test");
    ck_answer(&a, PAC_SAID, "PROXY p:1", false);
    a = asked("A.TEST"); /* shown alike */
    ck_answer(&a, PAC_SAID, "PROXY p:1", true);
    a = asked("b.test");
    ck_answer(&a, PAC_SAID, "PROXY p:2", false);
    ask(&a, "a.test", false, "/x", true);
    loop_await();
    ck_answer(&a, PAC_SAID, "PROXY p:3", false);
    ask(&a, "a.test", false, "/y", true);
    loop_await();
    ck_answer(&a, PAC_SAID, "PROXY p:4", false);
    ask(&a, "a.test", false, "/x", true);
    loop_await();
    ck_answer(&a, PAC_SAID, "PROXY p:3", true);
    pac_network_changed(pac);
    a = asked("a.test");
    ck_answer(&a, PAC_SAID, "PROXY p:5", false);
}
END_TEST

START_TEST(test_what_is_not_kept)
{
    struct answer a;

    begin("var n = 0;" FIND("n++; if (host == 'clock') new Date();"
                            "if (host == 'throws') throw n;"
                            "return 'PROXY p:' + n;"));
    a = asked("clock");
    ck_answer(&a, PAC_SAID, "PROXY p:1", false);
    a = asked("clock");
    ck_answer(&a, PAC_SAID, "PROXY p:2", false);
    a = asked("throws");
    ck_answer(&a, PAC_UNDECIDED, "3", false);
    a = asked("throws");
    ck_answer(&a, PAC_UNDECIDED, "4", false);
}
END_TEST

/* An explanation runs the script, whatever the cache has. */
START_TEST(test_trace)
{
    const struct pac_request request = {
        .secure = true, .host = SPAN("a.test"), .port = 443, .trace = true};
    struct answer a;

    begin("var n = 0;" FIND("return 'PROXY p:' + ++n;"));
    a = asked("a.test");
    memset(&a, 0, sizeof(a));
    a.query = pac_start(pac, &request, true, decided, &a);
    loop_await();
    ck_answer(&a, PAC_SAID, "PROXY p:2", false);
}
END_TEST

/* ---- the script ---- */

START_TEST(test_another_script)
{
    struct answer a;

    begin(FIND("return 'PROXY old:1';"));
    a = asked("a.test");
    ck_answer(&a, PAC_SAID, "old", false);
    put_script(FIND("return 'PROXY new:1';"));
    pac_refresh(pac);
    for (int i = 0; i < 100 && strstr(a.text, "new") == NULL; i++) {
        pass_ms(10);
        a = asked("a.test");
    }
    ck_assert_ptr_nonnull(strstr(a.text, "new"));
}
END_TEST

START_TEST(test_waiting_for_the_script)
{
    struct answer patient, hasty, gone;

    begin(FIND("return 'PROXY p:1';"));
    ask(&patient, "a.test", true, "", true);
    ask(&gone, "b.test", true, "", true);
    ask(&hasty, "a.test", true, "", false);
    pac_cancel(gone.query);
    loop_await();
    ck_answer(&hasty, PAC_ABSENT, "still being fetched", false);
    while (!patient.done)
        loop_await();
    ck_answer(&patient, PAC_SAID, "PROXY p:1", false);
    ck_assert(!gone.done);
}
END_TEST

START_TEST(test_no_script)
{
    struct pac_view view;
    struct answer a;

    begin(NULL);
    a = asked("a.test");
    ck_answer(&a, PAC_ABSENT, path, false);
    pac_view(pac, &view);
    ck_assert_int_eq(view.state, PAC_SOURCE_FAILED);
    put_script(FIND("return 'PROXY p:1';"));
    pac_refresh(pac);
    for (int i = 0; i < 100 && a.verdict != PAC_SAID; i++) {
        pass_ms(10);
        a = asked("a.test");
    }
    ck_answer(&a, PAC_SAID, "PROXY p:1", false);
}
END_TEST

/* Asks until the answer has these words. */
static void await_answer(enum pac_verdict verdict, const char *text)
{
    struct answer a = asked("a.test");

    for (int i = 0; i < 200 && (a.verdict != verdict || strstr(a.text, text) == NULL);
         i++) {
        pass_ms(10);
        a = asked("a.test");
    }
    ck_assert_msg(a.verdict == verdict && strstr(a.text, text) != NULL, "%s", a.text);
}

/* One that does not compile leaves the good copy on disk alone. */
START_TEST(test_broken_script_is_not_kept)
{
    char more[96], command[128];

    (void)snprintf(more, sizeof(more), "state_dir: %s/state\n", folder);
    put_script(FIND("return 'PROXY good:1';"));
    config = config_of(more);
    begin_pac();
    await_answer(PAC_SAID, "good");
    put_script("function FindProxyForURL(url, host) { return");
    pac_refresh(pac);
    await_answer(PAC_ABSENT, "line 1 of the script: SyntaxError");
    (void)unlink(path);
    pac_refresh(pac);
    pass_ms(200);                            /* what is written is written */
    await_answer(PAC_ABSENT, "SyntaxError"); /* broken is not away */
    pac_unref(pac);
    begin_pac();
    await_answer(PAC_SAID, "good");
    (void)snprintf(command, sizeof(command), "rm -rf %s/state", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(test_configure)
{
    struct config *other = config_of("pac_children: 1\n");

    begin(FIND("return 'PROXY p:1';"));
    ck_assert(pac_configure(pac, other));
    config_unref(other);
    ck_assert_str_eq(pac_url(pac), config->pac);
}
END_TEST

/* ---- the router ---- */

static void routed(void *ctx, struct route *route)
{
    struct route **into = ctx;

    *into = route;
    loop_stop(loop);
}

static struct route *route_of(struct router *router, const char *host, bool trace)
{
    const struct route_request request = {.host = span_of(host),
                                          .port = 443,
                                          .secure = true,
                                          .own_caller = true,
                                          .trace = trace};
    struct route *route = NULL;

    ck_assert_ptr_nonnull(route_start(router, &request, routed, &route));
    ck_assert_ptr_null(route);
    loop_await();
    ck_assert_ptr_nonnull(route);
    return route;
}

START_TEST(test_router)
{
    char proxy[] = "https_proxy=http://environment:1";
    char *environment[] = {proxy, NULL};
    struct router *router;
    struct route *route;

    begin(FIND("return isPlainHostName(host) ? 'DIRECT' : 'PROXY a:1; DIRECT';"));
    router = router_new(&(struct router_options){.loop = loop,
                                                 .config = config,
                                                 .environment = environment,
                                                 .means = &(struct means){.pac = pac}});
    route = route_of(router, "www.test", false);
    ck_assert_int_eq(route->kind, ROUTE_HOPS);
    ck_assert_str_eq(route->why, "pac: PROXY a:1; DIRECT");
    ck_assert_ptr_null(route->trace);
    route_unref(route);
    route = route_of(router, "plain", true);
    ck_assert_int_eq(route->kind, ROUTE_DIRECT);
    ck_assert_ptr_nonnull(strstr(route->trace, "isPlainHostName(\"plain\") = true"));
    route_unref(route);
    /* A script cannot send what is local to a proxy, and is not asked. */
    route = route_of(router, "localhost", false);
    ck_assert_str_eq(route->why, "local target");
    route_unref(route);
    put_script("FindProxyForURL is nothing at all");
    pac_refresh(pac);
    for (int i = 0; i < 100; i++) {
        pass_ms(10);
        route = route_of(router, "www.test", false);
        if (route->kind == ROUTE_REFUSED)
            break;
        route_unref(route);
    }
    ck_assert_int_eq(route->outcome, OUTCOME_ROUTE_UNDECIDED);
    route_unref(route);
    router_free(router);
}
END_TEST

/* A request's route keeps what its script was told; numbers are no names to look up. */
START_TEST(test_script_facts)
{
    struct router *router;
    struct route *route;

    begin(FIND("if (host == 'fails') dnsResolve('localhost'), missing();"
               "if (host == 'clock') new Date();"
               "return dnsResolve(host == 'names' ? 'localhost' : '192.0.2.1');"));
    router = router_new(&(struct router_options){
        .loop = loop, .config = config, .means = &(struct means){.pac = pac}});
    route = route_of(router, "names", false);
    ck_assert(route->script.asked && !route->script.cached);
    ck_assert_uint_eq(route->script.runs, 2);
    ck_assert_str_eq(route->script.facts, "localhost = 127.0.0.1");
    route_unref(route);
    pass_ms(20);
    route = route_of(router, "names", false);
    ck_assert(route->script.asked && route->script.cached);
    ck_assert_uint_ge(route->script.age_ms, 15);
    ck_assert_str_eq(route->script.facts, "localhost = 127.0.0.1");
    route_unref(route);
    route = route_of(router, "clock", false);
    ck_assert_str_eq(route->script.facts, "the clock");
    route_unref(route);
    route = route_of(router, "fails", false);
    ck_assert_int_eq(route->kind, ROUTE_REFUSED);
    ck_assert_str_eq(route->script.facts, "localhost = 127.0.0.1");
    route_unref(route);
    route = route_of(router, "other", false);
    ck_assert_ptr_null(route->script.facts);
    route_unref(route);
    route = route_of(router, "localhost", false);
    ck_assert(!route->script.asked);
    route_unref(route);
    router_free(router);
}
END_TEST

START_TEST(test_router_cancel)
{
    struct router *router;
    struct route *route = NULL;

    begin(FIND("return 'DIRECT';"));
    router = router_new(&(struct router_options){
        .loop = loop, .config = config, .means = &(struct means){.pac = pac}});
    route_cancel(route_start(
        router, &(struct route_request){.host = SPAN("a.test"), .port = 443}, routed,
        &route));
    pass_ms(100);
    ck_assert_ptr_null(route);
    router_free(router);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac");
    TCase *tcase = tcase_create("pac");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_cache);
    tcase_add_test(tcase, test_what_is_not_kept);
    tcase_add_test(tcase, test_trace);
    tcase_add_test(tcase, test_another_script);
    tcase_add_test(tcase, test_waiting_for_the_script);
    tcase_add_test(tcase, test_no_script);
    tcase_add_test(tcase, test_broken_script_is_not_kept);
    tcase_add_test(tcase, test_configure);
    tcase_add_test(tcase, test_router);
    tcase_add_test(tcase, test_script_facts);
    tcase_add_test(tcase, test_router_cancel);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
