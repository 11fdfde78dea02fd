/*
 * Tests of config: proxies, who we are to them, and where passwords come from.
 */
#include "config_fixture.h"

extern char **environ;

START_TEST(proxies)
{
    struct config *c;

    put_file_mode("/pw", "global\n", 0600);
    put_file_mode("/pw2", "own\n", 0600);
    put_file_mode("/etc/ccgate/ccgate.yaml",
                  "username: CORP\\alice\nauth: basic\nworkstation: WS\n"
                  "password_file: ../../pw\n"
                  "proxy:\n"
                  "  - Proxy.example:8080\n"
                  "  - https://[2001:DB8::1]:8443/\n"
                  "  - http://bob%40x.example:p%3aw@p3.example:1\n"
                  "  - url: http://p4.example:1\n"
                  "    auth: none\n"
                  "    username: carol\n"
                  "    domain: OTHER\n"
                  "    password_file: ../../pw2\n"
                  "    header: ['X-A: 1', 'X-B:2']\n"
                  "  - {url: 'http://p5.example:1', username: dave}\n",
                  0600);
    c = load();
    ck_assert_msg(c != NULL, "%s", text);
    ck_assert_ptr_nonnull(
        strstr(text, ":15:5: warning: this entry has a user of its own"));
    ck_assert_uint_eq(c->proxy_count, 5);
    ck_assert_str_eq(c->login.login_name, "CORP\\alice");
    ck_assert_str_eq(c->login.username, "alice");
    ck_assert_str_eq(c->login.domain, "CORP");
    ck_assert_str_eq(c->proxy[0].host, "proxy.example");
    ck_assert_uint_eq(c->proxy[0].port, 8080);
    ck_assert(!c->proxy[0].tls && c->proxy[1].tls);
    ck_assert_ptr_eq(c->proxy[0].login.password, c->login.password);
    ck_assert_str_eq(c->proxy[0].login.username, "alice");
    ck_assert_int_eq(c->proxy[0].login.auth, CONFIG_AUTH_BASIC);
    ck_assert_str_eq(c->proxy[1].host, "2001:db8::1");
    ck_assert_str_eq(c->proxy[2].login.username, "bob");
    ck_assert_str_eq(c->proxy[2].login.domain, "x.example");
    ck_assert_str_eq(c->proxy[2].login.login_name, "bob@x.example");
    ck_assert(span_equal(secret_reveal(c->proxy[2].login.password), SPAN("p:w")));
    ck_assert_int_eq(c->proxy[3].login.auth, CONFIG_AUTH_NONE);
    ck_assert_str_eq(c->proxy[3].login.domain, "OTHER");
    ck_assert_str_eq(c->proxy[3].login.workstation, "WS");
    ck_assert(span_equal(secret_reveal(c->proxy[3].login.password), SPAN("own")));
    ck_assert_str_eq(c->proxy[3].header[1], "X-B: 2");
    ck_assert_str_eq(c->proxy[4].login.username, "dave");
    ck_assert_ptr_null(c->proxy[4].login.password); /* never another user's password */
    config_unref(c);
}
END_TEST

START_TEST(default_port)
{
    struct config *c;

    put_setting("proxy", "http://a.example,https://b.example");
    c = load();
    ck_assert_msg(c != NULL, "%s", text);
    ck_assert_str_eq(
        text, "--proxy: warning: the proxy a.example has no port: 80 is used\n"
              "--proxy: warning: the proxy b.example has no port: 443 is used\n");
    ck_assert_uint_eq(c->proxy[1].port, 443);
    config_unref(c);
}
END_TEST

START_TEST(userinfo)
{
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml", "proxy: http://u:hunter2@p.example:1\n");
    load_fails("chmod 0600");
    ck_assert_ptr_null(strstr(text, "hunter2"));
    put_file_mode("/etc/ccgate/ccgate.yaml", "proxy: http://u:hunter2@p.example:1\n",
                  0600);
    c = load_quiet();
    ck_assert(span_equal(secret_reveal(c->proxy[0].login.password), SPAN("hunter2")));
    config_unref(c);
    put_setting("proxy", "http://u:hunter2@p.example:1");
    load_fails("--proxy: a password is never given on the command line");
    ck_assert_ptr_null(strstr(text, "hunter2"));
    sources.setting_count = 0;
    put_env("CCGATE_PROXY", "http://u:env@p.example:1");
    c = load_quiet();
    ck_assert(span_equal(secret_reveal(c->proxy[0].login.password), SPAN("env")));
    config_unref(c);
}
END_TEST

static void expect_password(const char *password)
{
    struct config *c = load();

    ck_assert_msg(c != NULL, "%s", text);
    if (password == NULL)
        ck_assert_ptr_null(c->login.password);
    else
        ck_assert(span_equal(secret_reveal(c->login.password), span_of(password)));
    config_unref(c);
}

START_TEST(password_sources)
{
    put_setting("username", "alice");
    expect_password(NULL);
    ck_assert_ptr_nonnull(
        strstr(text, "--username: warning: there is a user name, but no"));
    put_env("CCGATE_PASSWORD", "from env");
    expect_password("from env");
    ck_assert_ptr_nonnull(strstr(text, "CCGATE_PASSWORD: warning: "));
    put_file_mode("/pw", "from file\n", 0600);
    put_setting("password_file", under("/pw"));
    expect_password("from file");
    ck_assert_str_eq(text, "");
    put_file("/creds/password", "from credential\n");
    setenv("CREDENTIALS_DIRECTORY", under("/creds"), 1);
    expect_password("from credential");
    put_file("/creds/password", "two\nlines\n");
    load_fails("credential password: it has a second line");
    unsetenv("CREDENTIALS_DIRECTORY");
    put_file_mode("/pw", "from file\n", 0644);
    load_fails("--password-file: the password file is open to others");
}
END_TEST

/* The variable is taken away when it is read, so a reload keeps what it said. */
START_TEST(password_reload)
{
    struct config *first;
    struct config *second;

    setenv("CCGATE_PASSWORD", "hunter2", 1);
    sources.environment = environ;
    sources.file = "/dev/null";
    put_setting("username", "alice");
    first = load();
    ck_assert_msg(first != NULL, "%s", text);
    ck_assert_ptr_null(getenv("CCGATE_PASSWORD"));
    sources.environment = environ;
    sources.previous = first;
    second = load();
    ck_assert_msg(second != NULL, "%s", text);
    ck_assert_str_eq(text, "");
    config_unref(first);
    ck_assert(span_equal(secret_reveal(second->login.password), SPAN("hunter2")));
    config_unref(second);
}
END_TEST

static const struct {
    const char *text;
    const char *username; /* NULL: refused */
    const char *domain;
} users[] = {
    {"alice", "alice", NULL},
    {"CORP\\alice", "alice", "CORP"},
    {"alice@corp.example", "alice", "corp.example"},
    {"CORP\\alice@x", "alice@x", "CORP"},
    {"alice@x@corp.example", "alice@x", "corp.example"},
    {"", NULL, NULL},
    {"CORP\\", NULL, NULL},
    {"\\alice", NULL, NULL},
    {"alice@", NULL, NULL},
    {"@corp", NULL, NULL},
};

START_TEST(split_user)
{
    char *username;
    char *domain;
    bool ok = config_split_user(span_of(users[_i].text), &username, &domain);

    ck_assert_int_eq(ok, users[_i].username != NULL);
    ck_assert_pstr_eq(username, users[_i].username);
    ck_assert_pstr_eq(domain, users[_i].domain);
    free(username);
    free(domain);
}
END_TEST

START_TEST(explicit_domain)
{
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml",
             "username: alice@corp.example\ndomain: CORP\nauth: none\n");
    c = load_quiet();
    ck_assert_str_eq(c->login.login_name, "alice@corp.example");
    ck_assert_str_eq(c->login.username, "alice");
    ck_assert_str_eq(c->login.domain, "CORP");
    config_unref(c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config login");
    TCase *all = tcase_create("config login");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, proxies);
    tcase_add_test(all, default_port);
    tcase_add_test(all, userinfo);
    tcase_add_test(all, password_sources);
    tcase_add_test(all, password_reload);
    tcase_add_loop_test(all, split_user, 0, COUNT(users));
    tcase_add_test(all, explicit_domain);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
