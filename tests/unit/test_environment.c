/*
 * test_environment: routes from the proxy variables.
 */
#include "route/route.h"

#include <string.h>

#include "route_rig.h"

#define VIA  "via_corp_proxy: true\n"
#define NONE "no proxy named"

static const struct route_case cases[] = {
    /* which variable */
    {"{}",
     {"HTTPS_PROXY=http://b:2", "https_proxy=http://a:1"},
     "x.test",
     443,
     false,
     false,
     "http://a:1 (environment: https_proxy)"},
    {"{}",
     {"HTTPS_PROXY=http://b:2", "https_proxy="},
     "x.test",
     443,
     false,
     false,
     "http://b:2 (environment: HTTPS_PROXY)"},
    {"{}", {"HTTPS_PROXY=http://b:2"}, "x.test", 80, true, false, "DIRECT (" NONE ")"},
    {"{}", {"HTTP_PROXY=http://b:2"}, "x.test", 443, false, false, "DIRECT (" NONE ")"},
    {"{}",
     {"HTTP_PROXY=http://b:2", "http_proxy=http://a:1"},
     "x.test",
     80,
     true,
     false,
     "http://a:1 (environment: http_proxy)"},
    {"{}",
     {"HTTP_PROXY=http://b:2"},
     "x.test",
     80,
     true,
     false,
     "http://b:2 (environment: HTTP_PROXY)"},
    {"{}",
     {"HTTP_PROXY=http://b:2", "REQUEST_METHOD=GET"},
     "x.test",
     80,
     true,
     false,
     "DIRECT (" NONE ")"},
    {"{}",
     {"http_proxy=http://b:2", "REQUEST_METHOD=GET"},
     "x.test",
     80,
     true,
     false,
     "http://b:2 (environment: http_proxy)"},
    {"{}",
     {"ALL_PROXY=http://c:3", "HTTPS_PROXY=http://b:2"},
     "x.test",
     443,
     false,
     false,
     "http://b:2 (environment: HTTPS_PROXY)"},
    {"{}",
     {"ALL_PROXY=http://c:3", "HTTPS_PROXY=http://b:2"},
     "x.test",
     80,
     true,
     false,
     "http://c:3 (environment: ALL_PROXY)"},
    {"{}",
     {"ALL_PROXY=http://c:3", "all_proxy=http://d:4"},
     "x.test",
     80,
     true,
     false,
     "http://d:4 (environment: all_proxy)"},
    {"{}",
     {"XHTTPS_PROXY=http://a:1", "HTTPS_PROXYX=http://b:2"},
     "x.test",
     443,
     false,
     true,
     "DIRECT refuse_local (" NONE ")"},
    {VIA,
     {"HTTPS_PROXY=http://b:2"},
     "x.test",
     443,
     false,
     false,
     "http://b:2 (environment: HTTPS_PROXY)"},

    /* what stands in it */
    {"{}",
     {"HTTPS_PROXY=Proxy.Corp:8080"},
     "x.test",
     443,
     false,
     false,
     "http://proxy.corp:8080 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY= http://proxy.corp:8080/ "},
     "x.test",
     443,
     false,
     false,
     "http://proxy.corp:8080 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=HTTPS://proxy.corp"},
     "x.test",
     443,
     false,
     false,
     "https://proxy.corp:443 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=http://[2001:DB8::1]:81"},
     "x.test",
     443,
     false,
     false,
     "http://[2001:db8::1]:81 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=http://alice:s%40e@proxy.corp:1"},
     "x.test",
     443,
     false,
     false,
     "http://proxy.corp:1 (environment: HTTPS_PROXY)"},

    {"{}",
     {"HTTPS_PROXY=socks5h://a"},
     "x.test",
     443,
     false,
     false,
     "socks5://a:1080 (environment: HTTPS_PROXY)"},
    {"{}",
     {"ALL_PROXY=SOCKS4a://bob@a:81"},
     "x.test",
     80,
     true,
     false,
     "socks4://a:81 (environment: ALL_PROXY)"},

    /* a source that failed */
    {"{}",
     {"HTTPS_PROXY=socks://a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a scheme that is not http, https, "
     "socks5 or socks4)"},
    {"{}",
     {"HTTPS_PROXY=socks4://bob:sesame@a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a password, which SOCKS4 cannot "
     "carry)"},
    {"{}",
     {"HTTPS_PROXY=ftp://a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a scheme that is not http, https, socks5 "
     "or socks4)"},
    {"{}",
     {"https_proxy=://a:1", "HTTPS_PROXY=http://b:2"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (https_proxy: has no scheme)"},
    {"{}",
     {"HTTPS_PROXY=http:/a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has only one slash behind its scheme)"},
    {"{}",
     {"HTTPS_PROXY=http://a:99999"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a port that is not in 1 to 65535)"},
    {"{}",
     {"HTTPS_PROXY=http://:sesame@a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a password without a user)"},
    {"{}",
     {"HTTPS_PROXY=http://a%0d%0a:b@a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a control character in its user part)"},
    {"{}",
     {"HTTPS_PROXY=http://a:b%00@a:1"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a control character in its user part)"},
    {"{}",
     {"HTTPS_PROXY=ftp://a:1", "NO_PROXY=*"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (HTTPS_PROXY: has a scheme that is not http, https, "
     "socks5 or socks4)"},
    {"{}", {"HTTPS_PROXY=ftp://a:1"}, "x.test", 80, true, false, "DIRECT (" NONE ")"},

    /* NO_PROXY counts only with a proxy from the environment */
    {"{}",
     {"HTTPS_PROXY=http://b:2", "NO_PROXY=a.test, .x.test"},
     "www.x.test",
     443,
     false,
     false,
     "DIRECT (NO_PROXY: .x.test)"},
    {"{}",
     {"HTTPS_PROXY=http://b:2", "NO_PROXY=.x.test"},
     "y.test",
     443,
     false,
     false,
     "http://b:2 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=http://b:2", "NO_PROXY=.x.test", "no_proxy=.y.test"},
     "y.test",
     443,
     false,
     true,
     "DIRECT refuse_local (no_proxy: .y.test)"},
    {"{}",
     {"HTTPS_PROXY=http://b:2", "NO_PROXY=.x.test", "no_proxy=.y.test"},
     "x.test",
     443,
     false,
     true,
     "http://b:2 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=http://b:2", "NO_PROXY=.x.test", "no_proxy="},
     "x.test",
     443,
     false,
     false,
     "DIRECT (NO_PROXY: .x.test)"},
    {VIA,
     {"NO_PROXY=.x.test"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (via_corp_proxy is set, but no source names a proxy)"},
    {"{}", {"NO_PROXY=.x.test"}, "x.test", 443, false, false, "DIRECT (" NONE ")"},

    /* a variable that leads back to us counts as unset */
    {"{}",
     {"HTTPS_PROXY=http://127.0.0.1:3128"},
     "x.test",
     443,
     false,
     false,
     "DIRECT (" NONE ")"},
    {VIA,
     {"HTTPS_PROXY=http://localhost:3128"},
     "x.test",
     443,
     false,
     false,
     "REFUSED route_undecided (via_corp_proxy is set, but no source names a proxy)"},
    {"{}",
     {"https_proxy=http://[::1]:3128", "HTTPS_PROXY=http://b:2"},
     "x.test",
     443,
     false,
     false,
     "http://b:2 (environment: HTTPS_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=127.0.0.1:3128", "ALL_PROXY=http://c:3"},
     "x.test",
     443,
     false,
     false,
     "http://c:3 (environment: ALL_PROXY)"},
    {"{}",
     {"HTTPS_PROXY=http://127.0.0.1:3129"},
     "x.test",
     443,
     false,
     false,
     "http://127.0.0.1:3129 (environment: HTTPS_PROXY)"},
};

START_TEST(decides)
{
    decides_as(&cases[_i]);
}
END_TEST

static const struct {
    const char *userinfo;
    const char *name, *username, *domain, *password; /* password NULL: none */
} logins[] = {
    {"alice:sesame@", "alice", "alice", "GLOBAL", "sesame"},
    {"al%69ce:s%3Ae%40s:x@", "alice", "alice", "GLOBAL", "s:e@s:x"},
    {"CORP%5Calice:sesame@", "CORP\\alice", "alice", "CORP", "sesame"},
    {"alice%40corp.example:s@", "alice@corp.example", "alice", "corp.example", "s"},
    {"alice:@", "alice", "alice", "GLOBAL", ""},
    {"alice@", "alice", "alice", "GLOBAL", NULL},
    {"corp%5C:s@", "corp\\", "corp\\", "GLOBAL", "s"},
    /* the user of the configuration brings the password of the configuration */
    {"bob@", "bob", "bob", "GLOBAL", "global"},
    {"bob:own@", "bob", "bob", "GLOBAL", "own"},
    /* no login of its own */
    {"", "bob", "bob", "GLOBAL", "global"},
    {"@", "bob", "bob", "GLOBAL", "global"},
};

START_TEST(login_of_a_variable)
{
    char variable[128];
    char *environment[] = {variable, NULL};
    struct config *config =
        config_of("username: bob\ndomain: GLOBAL\nworkstation: WS\nauth: basic\n");
    struct router *router;
    struct route *route;
    const struct config_login *login;

    ck_assert_ptr_null(config->login.password);
    config->login.password = secret_new(SPAN("global"));
    (void)snprintf(variable, sizeof(variable), "HTTPS_PROXY=http://%swp.corp:8080",
                   logins[_i].userinfo);
    router = router_new(
        &(struct router_options){.config = config, .environment = environment});
    ck_assert_ptr_nonnull(router);
    config_unref(config);
    memset(variable, 'x', sizeof(variable) - 1); /* the environment was copied */
    route = decide(router, "x.test", true);
    router_free(router);

    ck_assert_int_eq(route->kind, ROUTE_HOPS);
    ck_assert_str_eq(route->hops[0].name, "http://wp.corp:8080");
    login = route->hops[0].login;
    ck_assert_str_eq(login->login_name, logins[_i].name);
    ck_assert_str_eq(login->username, logins[_i].username);
    ck_assert_str_eq(login->domain, logins[_i].domain);
    ck_assert_str_eq(login->workstation, "WS");
    ck_assert_int_eq(login->auth, CONFIG_AUTH_BASIC);
    ck_assert_int_eq(login->password != NULL, logins[_i].password != NULL);
    if (logins[_i].password != NULL)
        ck_assert(
            span_equal(secret_reveal(login->password), span_of(logins[_i].password)));
    route_unref(route);
}
END_TEST

/* A SOCKS proxy gets the login in its variable, and never ours. */
static const struct {
    char *variable;
    const char *name, *password;
} socks_logins[] = {
    {"ALL_PROXY=socks5://wp.corp", NULL, NULL},
    {"ALL_PROXY=socks5://alice:sesame@wp.corp", "alice", "sesame"},
    {"ALL_PROXY=socks5://alice@wp.corp", "alice", NULL},
    {"ALL_PROXY=socks4://alice@wp.corp", "alice", NULL},
    {"ALL_PROXY=socks5://bob@wp.corp", "bob", "global"},
};

START_TEST(login_of_a_socks_variable)
{
    char *environment[] = {socks_logins[_i].variable, NULL};
    struct config *config = config_of("username: bob\npassword_type: nt_hash\n");
    struct router *router;
    struct route *route;
    const struct config_login *login;

    config->login.password = secret_new(SPAN("global"));
    router = router_new(
        &(struct router_options){.config = config, .environment = environment});
    ck_assert_ptr_nonnull(router);
    config_unref(config);
    route = decide(router, "x.test", true);
    router_free(router);
    ck_assert_int_eq(route->kind, ROUTE_HOPS);
    login = route->hops[0].login;
    if (socks_logins[_i].name == NULL)
        ck_assert_ptr_null(login->login_name);
    else
        ck_assert_str_eq(login->login_name, socks_logins[_i].name);
    if (socks_logins[_i].password == NULL)
        ck_assert_ptr_null(login->password);
    else
        ck_assert(span_equal(secret_reveal(login->password),
                             span_of(socks_logins[_i].password)));
    /* What goes with the password of the configuration is what that is. */
    ck_assert_int_eq(login->password_type, socks_logins[_i].password != NULL &&
                                                   strcmp(login->login_name, "bob") == 0
                                               ? CONFIG_PASSWORD_NT_HASH
                                               : CONFIG_PASSWORD_PLAIN);
    route_unref(route);
}
END_TEST

/* Nothing of a password is in an explanation, wherever the value is wrong. */
static char *const faulty[] = {
    "HTTPS_PROXY=http://alice:sesame@",
    "HTTPS_PROXY=alice:sesame@host:x",
    "HTTPS_PROXY=socks4://alice:sesame@host:1",
    "HTTPS_PROXY=sesame://host:1",
    "HTTPS_PROXY=http://alice:sesame%4@host:1",
    "HTTPS_PROXY=http://alice:ses/ame@host:1",
    "HTTPS_PROXY=sesame@sesame@",
};

START_TEST(faulty_values_are_not_shown)
{
    char *environment[] = {faulty[_i], NULL};
    struct router *router = router_of("{}", environment);
    struct route *route = decide(router, "x.test", true);

    ck_assert_int_eq(route->kind, ROUTE_REFUSED);
    ck_assert_ptr_eq(strstr(route->why, "HTTPS_PROXY: "), route->why);
    ck_assert_ptr_null(strstr(route->why, "sesame"));
    ck_assert_ptr_null(strstr(route->why, "ame@"));
    route_unref(route);
    router_free(router);
}
END_TEST

START_TEST(long_values_are_faulty)
{
    static char variable[100000] = "HTTPS_PROXY=http://";
    static char password[2048] = "HTTPS_PROXY=http://alice:";
    char *environment[] = {variable, NULL};

    memset(variable + strlen(variable), 'a', sizeof(variable) - strlen(variable) - 1);
    memset(password + strlen(password), 'a', SECRET_LIMIT + 1);
    memcpy(password + strlen(password), "@host:1", 8);
    for (int i = 0; i < 2; i++) {
        struct router *router = router_of("{}", environment);
        struct route *route = decide(router, "x.test", true);

        ck_assert_int_eq(route->kind, ROUTE_REFUSED);
        ck_assert_ptr_nonnull(strstr(route->why, "too long"));
        route_unref(route);
        router_free(router);
        environment[0] = password;
    }
}
END_TEST

/* Listeners may be opened later than the router is made. */
START_TEST(self_is_asked_at_each_decision)
{
    char *environment[] = {"HTTPS_PROXY=http://127.0.0.1:3128", NULL};
    struct router *router = router_of("{}", environment);
    const struct hop *hops[2];
    struct route *route;

    listening = false;
    route = decide(router, "x.test", true);
    ck_assert_int_eq(route->kind, ROUTE_HOPS);
    route_unref(route);
    ck_assert_uint_eq(router_hops(router, hops, 2), 1);
    listening = true;
    route = decide(router, "x.test", true);
    ck_assert_int_eq(route->kind, ROUTE_DIRECT);
    route_unref(route);
    ck_assert_uint_eq(router_hops(router, hops, 2), 0);
    router_free(router);
}
END_TEST

/* auth_hosts, the variable, whether our login is withheld */
static const struct {
    const char *config, *variable;
    bool withheld;
} whom[] = {
    {"{username: alice}", "HTTPS_PROXY=http://wp1.corp:1", false},
    {"{username: alice, auth_hosts: [.corp]}", "HTTPS_PROXY=http://wp1.corp:1", false},
    {"{username: alice, auth_hosts: ['wp1.corp:1']}", "HTTPS_PROXY=http://wp1.corp:1",
     false},
    {"{username: alice, auth_hosts: ['wp1.corp:2']}", "HTTPS_PROXY=http://wp1.corp:1",
     true},
    {"{username: alice, auth_hosts: wp2.corp}", "HTTPS_PROXY=http://wp1.corp:1", true},
    {"{username: alice, auth_hosts: wp2.corp}", "HTTPS_PROXY=http://bob@wp1.corp:1",
     false},
};

START_TEST(login_is_for_auth_hosts)
{
    char variable[64];
    char *environment[] = {variable, NULL};
    struct router *router;
    struct route *route;

    (void)snprintf(variable, sizeof(variable), "%s", whom[_i].variable);
    router = router_of(whom[_i].config, environment);
    route = decide(router, "x.test", true);
    ck_assert_int_eq(route->kind, ROUTE_HOPS);
    ck_assert_int_eq(route->hops[0].withheld, whom[_i].withheld);
    route_unref(route);
    router_free(router);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("environment");
    TCase *tcase = tcase_create("environment");

    tcase_add_loop_test(tcase, decides, 0, COUNT(cases));
    tcase_add_loop_test(tcase, login_of_a_variable, 0, COUNT(logins));
    tcase_add_loop_test(tcase, login_of_a_socks_variable, 0, COUNT(socks_logins));
    tcase_add_loop_test(tcase, faulty_values_are_not_shown, 0, COUNT(faulty));
    tcase_add_test(tcase, long_values_are_faulty);
    tcase_add_test(tcase, self_is_asked_at_each_decision);
    tcase_add_loop_test(tcase, login_is_for_auth_hosts, 0, COUNT(whom));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
