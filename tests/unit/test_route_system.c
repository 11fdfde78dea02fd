/*
 * test_route_system: the routes that the system's settings and the network name.
 */
#include "route/route_internal.h"
#include "route_rig.h"
#include "settings_rig.h"

static struct resolver *resolver;

static void begin(void)
{
    system_begin();
    resolver = resolver_new(loop, &(struct resolve_options){.timeout = 1000});
    ck_assert_ptr_nonnull(resolver);
    /* Only questions about settings are given such variables. */
    ck_assert_int_eq(setenv("XDG_CCGATE_TEST", "1", 1), 0);
}

static void end(void)
{
    resolver_free(resolver);
    system_end();
}

static void answered(void *ctx, struct route *route)
{
    struct route **into = ctx;

    *into = route;
    loop_stop(loop);
}

/* Those who are asked get the route; it may outlive all that it was made by. */
static struct route *route_of(const char *yaml, char *const *environment, bool trace)
{
    struct config *config = config_of(yaml);
    struct router *router;
    struct route *route = NULL;
    struct means means;

    ck_assert(means_open(&means, loop, resolver, config));
    router = router_new(&(struct router_options){.loop = loop,
                                                 .config = config,
                                                 .environment = environment,
                                                 .is_self = is_self,
                                                 .self_ctx = &listening,
                                                 .means = &means});
    ck_assert_ptr_nonnull(router);
    ck_assert_ptr_nonnull(route_start(router,
                                      &(struct route_request){.host = SPAN("x.test"),
                                                              .port = 443,
                                                              .secure = true,
                                                              .own_caller = true,
                                                              .trace = trace,
                                                              .patient = true},
                                      answered, &route));
    loop_await();
    ck_assert_ptr_nonnull(route);
    router_free(router);
    means_close(&means);
    config_unref(config);
    return route;
}

static void decides(const char *yaml, char *const *environment, const char *way)
{
    struct route *route = route_of(yaml, environment, false);
    char text[1024];

    show(route, text, sizeof(text));
    ck_assert_str_eq(text, way);
    route_unref(route);
}

#define VIA    "via_corp_proxy: true\n"
#define SCRIPT "data:,function%20FindProxyForURL(u,h)%7Breturn%20'PROXY%20a:1'%7D"
#define NOBODY "via_corp_proxy is set, but no source names a proxy"

/* What ccgate-system says, and the way that follows. */
static const struct {
    const char *yaml;
    enum system_kind kind;
    const char *text;
    const char *way;
} cases[] = {
    {"{}", SYSTEM_NOTHING, "", "DIRECT (no proxy named)"},
    {VIA, SYSTEM_NOTHING, "", "REFUSED route_undecided (" NOBODY ")"},
    {VIA "proxy: system", SYSTEM_NOTHING, "", "REFUSED route_undecided (" NOBODY ")"},
    {"{}", SYSTEM_UNKNOWN, "direct?", "DIRECT (no proxy named: S: direct?)"},
    {VIA, SYSTEM_UNKNOWN, "direct?",
     "REFUSED route_undecided (" NOBODY ": S: direct?)"},
    {"{}", SYSTEM_DIRECT, "none", "DIRECT (system: S: none)"},
    {VIA, SYSTEM_DIRECT, "none", "DIRECT (system: S: none)"},
    {"{}", SYSTEM_DETECT, "auto",
     "DIRECT (no proxy named: S: it asks for WPAD, which needs \"wpad: on\" here)"},
    {VIA, SYSTEM_DETECT, "auto",
     "REFUSED route_undecided (" NOBODY
     ": S: it asks for WPAD, which needs \"wpad: on\" here)"},
    {"{}", SYSTEM_FAILED, "broken", "REFUSED route_undecided (system: S: broken)"},
    {"{}", SYSTEM_PROXIES, "http://p:8080", "http://p:8080 (system: S: http://p:8080)"},
    {"{}", SYSTEM_PROXIES, "https://[::1]:1\nsocks://s:2\nsocks4a://t:3\ndirect://",
     "https://[::1]:1 socks5://s:2 socks4://t:3 direct (system: S: "
     "https://[::1]:1 socks://s:2 socks4a://t:3 direct://)"},
    {"{}", SYSTEM_PROXIES, "ftp://p:1\nwpad://",
     "REFUSED route_undecided (system: S: an answer that names no way: "
     "ftp://p:1 wpad://)"},
    /* What the desktop's programs use is not where we go. */
    {"{}", SYSTEM_PROXIES, "http://localhost:3128",
     "DIRECT (no proxy named: S: its proxy is ccgate itself)"},
    {VIA, SYSTEM_PROXIES, "http://localhost:3128",
     "REFUSED route_undecided (" NOBODY ": S: its proxy is ccgate itself)"},
    {"{}", SYSTEM_PROXIES, "http://localhost:3128\nhttp://p:1",
     "http://p:1 (system: S: http://localhost:3128 http://p:1)"},
    {"{}", SYSTEM_PAC_URL, SCRIPT, "http://a:1 (system: S: PROXY a:1)"},
    {"{}", SYSTEM_PAC_URL, "data:,nothing\n" SCRIPT,
     "http://a:1 (system: S: PROXY a:1)"},
    {"{}", SYSTEM_PAC_URL, "http://user@pac/\n" SCRIPT,
     "http://a:1 (system: S: PROXY a:1)"},
    {"{}", SYSTEM_PAC_URL, "http://user@pac/",
     "REFUSED route_undecided (system: S: the URL of the script: holds a user name)"},
    /* Others decide before, or instead. */
    {"proxy: http://l:1", SYSTEM_PROXIES, "http://p:1", "http://l:1 (proxy: list)"},
    {"proxy: []", SYSTEM_PROXIES, "http://p:1", "DIRECT (no proxy named)"},
    {"noproxy: x.test", SYSTEM_FAILED, "", "DIRECT (noproxy: x.test)"},
    {"rules: ['x.test direct after']", SYSTEM_NOTHING, "", "DIRECT (rule 1: x.test)"},
    /* WPAD and the settings are answered alike here. */
    {"wpad: on", SYSTEM_PAC_URL, SCRIPT, "http://a:1 (wpad: S: PROXY a:1)"},
    {"wpad: on\nproxy: []", SYSTEM_NOTHING, "none", "DIRECT (no proxy named)"},
    {"wpad: on\nproxy: []", SYSTEM_FAILED, "late",
     "REFUSED route_undecided (wpad: S: late)"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_FAILED, "late",
     "http://l:1 (proxy: list, for want of a PAC script: S: late)"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_PAC_URL, "http://user@pac/",
     "http://l:1 (proxy: list, for want of a PAC script: the URL of the script: holds "
     "a user name)"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_PAC_URL, SCRIPT,
     "http://a:1 (wpad: S: PROXY a:1)"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_NOTHING, "", "http://l:1 (proxy: list)"},
    {"wpad: on", SYSTEM_DETECT, "auto",
     "DIRECT (no proxy named: S: it asks for WPAD, which finds nothing)"},
};

static void fake(const char *script)
{
    const char *program = getenv("SYSTEM_PROGRAM");
    char text[8192];

    /* What fetches scripts is the real one. */
    snprintf(text, sizeof(text), "[ -n \"$XDG_CCGATE_TEST\" ] || exec %s\n%s",
             program == NULL ? "./ccgate-system" : program, script);
    system_fake(text);
    snprintf(text, sizeof(text), "%s", program == NULL ? "./ccgate-system" : program);
    snprintf(strrchr(text, '/'), 16, "/ccgate-pac");
    (void)symlink(text, system_path("ccgate-pac"));
}

START_TEST(test_said)
{
    settings_answer(&(struct system_answer){.kind = cases[_i].kind,
                                            .every_url = true,
                                            .source = SPAN("S"),
                                            .text = span_of(cases[_i].text)});
    fake(ANSWERS);
    decides(cases[_i].yaml, NULL, cases[_i].way);
}
END_TEST

/* Whoever fails to say it makes nothing go direct. */
START_TEST(test_failed)
{
    static const char *const scripts[] = {
        "exit 3", "cat $here/hello >&3; kill -KILL $$",
        "cat $here/hello $here/hello >&3; exec cat >/dev/null <&3",
        "cat $here/hello >&3; exec cat >/dev/null <&3"};
    static const char *const whys[] = {
        "ccgate-system ended with exit status 3",
        "ccgate-system was ended by signal 9 (Killed)",
        "ccgate-system sent what is no answer",
        "ccgate-system did not answer in time and was ended"};
    char way[256];

    fake(scripts[_i]);
    snprintf(way, sizeof(way), "REFUSED route_undecided (system: %s)", whys[_i]);
    decides("timeout: {pac: 1s}", NULL, way);
    decides("timeout: {pac: 1s}\n" VIA, NULL, way);
}
END_TEST

/* Variables go before the desktop, and nobody is started for them. */
static const struct {
    char *variable[2];
    const char *way;
} variables[] = {
    {{"HTTPS_PROXY=http://p:1"}, "http://p:1 (environment: HTTPS_PROXY)"},
    {{"https_proxy=pac+" SCRIPT}, "http://a:1 (environment: https_proxy: PROXY a:1)"},
    {{"all_proxy=PAC+" SCRIPT, "NO_PROXY=.test"}, "DIRECT (NO_PROXY: .test)"},
    {{"all_proxy=pac+data:,nothing"},
     "REFUSED route_undecided (environment: all_proxy: data:,nothing: is no PAC script: "
     "FindProxyForURL does not stand in it)"},
    {{"https_proxy=pac+http://u:secret@pac/"},
     "REFUSED route_undecided (https_proxy: holds a user name)"},
    {{"https_proxy=pac+ftp://pac/"},
     "REFUSED route_undecided (https_proxy: has a scheme that is not http, https, file "
     "or data)"},
    {{"http_proxy=http://p:1"}, "DIRECT (system: S: none)"},
    {{"https_proxy=http://localhost:3128"}, "DIRECT (system: S: none)"},
};

START_TEST(test_variables)
{
    char *environment[] = {variables[_i].variable[0], variables[_i].variable[1], NULL};

    settings_answer(&(struct system_answer){.kind = SYSTEM_DIRECT,
                                            .every_url = true,
                                            .source = SPAN("S"),
                                            .text = SPAN("none")});
    fake(ANSWERS);
    decides("{}", environment, variables[_i].way);
    ck_assert_int_eq(settings_starts(), strstr(variables[_i].way, "system") != NULL);
}
END_TEST

/* What did not answer stands in the trace, also where something else decided then. */
static const struct {
    const char *yaml;
    enum system_kind kind;
    const char *lines;
} traces[] = {
    {"wpad: on", SYSTEM_FAILED,
     "own listener: no\nlocal target: no\nwpad: failed: S: said\n"
     "decided: wpad: S: said\n"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_FAILED,
     "own listener: no\nlocal target: no\nwpad: failed: S: said\n"
     "decided: proxy: list, for want of a PAC script: S: said\n"},
    {"wpad: on\nproxy: http://l:1", SYSTEM_NOTHING,
     "own listener: no\nlocal target: no\nwpad: said\ndecided: proxy: list\n"},
    {"{}", SYSTEM_FAILED,
     "own listener: no\nlocal target: no\nenvironment: no variable names a proxy\n"
     "system: failed: S: said\ndecided: system: S: said\n"},
};

START_TEST(test_trace)
{
    struct route *route;

    settings_answer(&(struct system_answer){.kind = traces[_i].kind,
                                            .every_url = true,
                                            .source = SPAN("S"),
                                            .text = SPAN("said")});
    fake(ANSWERS);
    route = route_of(traces[_i].yaml, NULL, true);
    ck_assert_str_eq(route->trace, traces[_i].lines);
    route_unref(route);
}
END_TEST

/* Whoever sets the desktop up or answers DHCP gets no login by naming a proxy. */
START_TEST(test_login)
{
    struct config *config = config_of("username: alice\nauth_hosts: ok.corp\n");
    struct router *router = router_new(&(struct router_options){.config = config});
    const struct route_request request = {.host = SPAN("x.test"), .port = 443};
    struct route *route;
    bool none;

    route = router_proxies(router, &request, "system",
                           SPAN("http://evil:1\nhttp://ok.corp:1\nsocks5://ok.corp:1"),
                           &none);
    ck_assert(!none);
    ck_assert_uint_eq(route->hop_count, 3);
    ck_assert(route->hops[0].withheld);
    ck_assert(!route->hops[1].withheld);
    ck_assert_str_eq(route->hops[1].login->login_name, "alice");
    ck_assert_ptr_null(route->hops[2].login->login_name);
    route_unref(route);
    router_free(router);
    config_unref(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route_system");
    TCase *tcase = tcase_create("system");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_said, 0, COUNT(cases));
    tcase_add_loop_test(tcase, test_failed, 0, 4);
    tcase_add_loop_test(tcase, test_variables, 0, COUNT(variables));
    tcase_add_loop_test(tcase, test_trace, 0, COUNT(traces));
    tcase_add_test(tcase, test_login);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
