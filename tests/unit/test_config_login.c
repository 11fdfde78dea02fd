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
    ck_assert(c->proxy[0].kind == HOP_HTTP && c->proxy[1].kind == HOP_HTTPS);
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

/* The global login is not for SOCKS, which would send the password in clear. */
START_TEST(socks_proxies)
{
    struct config *c;
    struct buf dump;

    put_file_mode("/pw", "global\n", 0600);
    put_file_mode("/pw2", "own\n", 0600);
    put_file_mode("/etc/ccgate/ccgate.yaml",
                  "username: alice\n"
                  "domain: CORP\n"
                  "password_file: ../../pw\n"
                  "header: 'X-A: 1'\n"
                  "auth: basic\n"
                  "proxy:\n"
                  "  - socks5h://p1.example:1\n"
                  "  - {url: 'SOCKS4A://p2.example:2', username: alice}\n"
                  "  - url: socks5://p3.example:3\n"
                  "    username: alice\n"
                  "    password_file: ../../pw2\n"
                  "  - {url: 'socks5://p4.example:4', username: CORP\\bob}\n",
                  0600);
    c = load();
    ck_assert_msg(c != NULL, "%s", text);
    ck_assert_ptr_nonnull(
        strstr(text, ":12:5: warning: this entry has a user of its own, but no"));
    ck_assert_int_eq(c->proxy[0].kind, HOP_SOCKS5);
    ck_assert_ptr_null(c->proxy[0].login.login_name);
    ck_assert_ptr_null(c->proxy[0].login.password);
    ck_assert_int_eq(c->proxy[0].login.auth, CONFIG_AUTH_BASIC);
    ck_assert_int_eq(c->proxy[1].kind, HOP_SOCKS4);
    ck_assert_str_eq(c->proxy[1].login.login_name, "alice");
    ck_assert_ptr_null(c->proxy[1].login.password);
    ck_assert(span_equal(secret_reveal(c->proxy[2].login.password), SPAN("own")));
    ck_assert_str_eq(c->proxy[3].login.login_name, "CORP\\bob");
    buf_init(&dump, 65536);
    ck_assert_int_eq(config_dump(c, false, &dump), 0);
    ck_assert_int_eq(buf_append(&dump, "", 1), 0);
    ck_assert_msg(strstr(buf_span(&dump).at, "  - url: \"socks5://p1.example:1\"\n"
                                             "  - url: \"socks4://p2.example:2\"\n"
                                             "    username: alice\n"
                                             "  - url: \"socks5://p3.example:3\"\n"
                                             "    username: alice\n") != NULL,
                  "%s", buf_span(&dump).at);
    ck_assert_ptr_null(
        strstr(strstr(buf_span(&dump).at, "p4.example"), "\n    domain:"));
    buf_clear(&dump);
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

/* What libyaml must not see comes back as it was, whatever stands around it. */
static const struct {
    const char *yaml;
    const char *first, *second; /* NULL: no second entry */
} url_passwords[] = {
    {"proxy: http://u:hunter2@p.example:1\n", "hunter2", NULL},
    {"proxy: 'http://u:hunter2@p.example:1'\n", "hunter2", NULL},
    {"proxy: \"http://u:hunter2@p.example:1\"\n", "hunter2", NULL},
    {"proxy: [http://u:one@p.example:1, 'http://u:three@q.example:1']\n", "one",
     "three"},
    {"# \xc3\xbc http://u:other@x:1\nproxy: # http://u:third@x:1\n"
     "  - http://u:o%3Ae@p.example:1\n  - {url: \"http://u:t:o@q.example:1\"}\n",
     "o:e", "t:o"},
    {"proxy: [\"http:\\/\\/u:xxx@p.example:1\", http://u:abc@q.example:1]\n", "xxx",
     "abc"},
    {"proxy: \"http:\\x2f/u:plain@p.example:1\"\n", "plain", NULL},
    {"proxy: \"http://u:a\\x62c@p.example:1\"\n", "abc", NULL},
    {"proxy: http://u:'(,@p.example:1\n", "'(,", NULL},
    {"proxy: http://u:x@p.example:1\n", "x", NULL},
};

START_TEST(url_password)
{
    struct config *c;

    put_file_mode("/etc/ccgate/ccgate.yaml", url_passwords[_i].yaml, 0600);
    c = load_quiet();
    ck_assert(span_equal(secret_reveal(c->proxy[0].login.password),
                         span_of(url_passwords[_i].first)));
    ck_assert_uint_eq(c->proxy_count, url_passwords[_i].second == NULL ? 1 : 2);
    if (url_passwords[_i].second != NULL)
        ck_assert(span_equal(secret_reveal(c->proxy[1].login.password),
                             span_of(url_passwords[_i].second)));
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

/* The command, and secret-tool as a script, which both also leave a trace. */
static void put_programs(void)
{
    static char variable[512];

    put_file_mode("/bin/secret-tool",
                  "#!/bin/sh\nPATH=/usr/bin:/bin\necho x >>${0%/*}/asked\n"
                  "echo \"keyring of $5\"\n",
                  0700);
    snprintf(variable, sizeof(variable), "%s:/usr/bin:/bin", under("/bin"));
    setenv("PATH", variable, 1);
    setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
}

START_TEST(password_programs)
{
    char command[256];

    put_programs();
    put_setting("username", "alice");
    put_env("CCGATE_PASSWORD", "from env");
    put_setting("password_keyring", "true");
    expect_password("keyring of alice");
    ck_assert_str_eq(text, "");
    snprintf(command, sizeof(command), "echo x >>%s; echo from command",
             under("/bin/asked"));
    put_setting("password_command", command);
    expect_password("from command");
    ck_assert_str_eq(text, "--password-keyring: warning: password_keyring is not used: "
                           "password_command goes before it\n");
    put_file_mode("/pw", "from file\n", 0600);
    put_setting("password_file", under("/pw"));
    expect_password("from file");
    ck_assert_ptr_nonnull(strstr(text, "password_command is not used"));
}
END_TEST

/* A verb that does not log in asks nobody. */
START_TEST(password_programs_rest)
{
    put_programs();
    put_setting("username", "alice");
    put_setting("password_keyring", "true");
    put_setting("proxy", "http://p.example:1");
    sources.passwords = CONFIG_PASSWORDS_QUICK;
    expect_password(NULL);
    ck_assert_str_eq(text, "");
    put_setting("password_file", under("/missing"));
    sources.passwords = CONFIG_PASSWORDS_NONE;
    expect_password(NULL);
    ck_assert_int_ne(access(under("/bin/asked"), F_OK), 0);
    sources.passwords = CONFIG_PASSWORDS_QUICK;
    load_fails("password file cannot be opened");
}
END_TEST

static const struct {
    const char *yaml;
    const char *message;
} program_errors[] = {
    {"username: alice\npassword_command: 'echo gone >&2; exit 4'\n",
     "f.yaml:2:19: the password command ended with exit status 4: gone\n"},
    {"password_keyring: true\n",
     "f.yaml:1:19: the keyring is asked by the user's name"},
    {"username: alice\npassword_command: echo x\npassword_type: nt_hash\n",
     "f.yaml:3:16: password_type says that the password is a hash, but it is not 32"},
    {"password_type: NT\n", "none of plain|nt_hash|ntlmv2_hash"},
    {"proxy: {url: 'http://u:p@h:1', password_keyring: true}\n",
     "the URL already holds a password"},
    {"proxy: {url: 'http://h:1', username: u, password_command: 'exit 5'}\n",
     "exit status 5"},
    {"keytab: /nonexistent/k\n", "f.yaml:1:9: the keytab /nonexistent/k cannot be "
                                 "opened: No such file or directory\n"},
    {"keytab: /dev\n", "the keytab /dev is no regular file\n"},
    {"proxy: {url: 'http://h:1', keytab: /nonexistent/k}\n",
     "f.yaml:1:36: the keytab /nonexistent/k cannot be opened"},
    {"proxy: {url: 'http://u:p@h:1', password_type: ntlmv2_hash}\n",
     "it is not 32 hexadecimal digits"},
};

START_TEST(password_program_errors)
{
    put_file_mode("/f.yaml", program_errors[_i].yaml, 0600);
    sources.file = under("/f.yaml");
    load_fails(program_errors[_i].message);
}
END_TEST

#define HASH "00112233445566778899aabbccddeeff"

START_TEST(password_of_entries)
{
    struct config *c;

    put_programs();
    put_file_mode("/f.yaml",
                  "username: alice\npassword_command: echo " HASH "\n"
                  "password_type: nt_hash\nproxy:\n"
                  "  - http://p1.example:1\n"
                  "  - {url: 'http://p2.example:1', username: bob,\n"
                  "     password_keyring: true, password_type: plain}\n"
                  "  - {url: 'http://p3.example:1', password_type: ntlmv2_hash,\n"
                  "     password_command: echo " HASH "}\n",
                  0600);
    sources.file = under("/f.yaml");
    c = load_quiet();
    ck_assert_uint_eq(secret_reveal(c->login.password).len, 16);
    ck_assert_ptr_eq(c->proxy[0].login.password, c->login.password);
    ck_assert_int_eq(c->proxy[0].login.password_type, CONFIG_PASSWORD_NT_HASH);
    ck_assert_str_eq(c->proxy[0].login.password_command, "echo " HASH);
    ck_assert(
        span_equal(secret_reveal(c->proxy[1].login.password), SPAN("keyring of bob")));
    ck_assert_int_eq(c->proxy[1].login.password_type, CONFIG_PASSWORD_PLAIN);
    ck_assert_ptr_null(c->proxy[1].login.password_command);
    ck_assert(secret_equal(c->proxy[2].login.password, c->login.password));
    ck_assert_int_eq(c->proxy[2].login.password_type, CONFIG_PASSWORD_NTLMV2_HASH);
    config_unref(c);
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
    tcase_add_test(all, socks_proxies);
    tcase_add_test(all, default_port);
    tcase_add_test(all, userinfo);
    tcase_add_loop_test(all, url_password, 0, COUNT(url_passwords));
    tcase_add_test(all, password_sources);
    tcase_add_test(all, password_programs);
    tcase_add_test(all, password_programs_rest);
    tcase_add_loop_test(all, password_program_errors, 0, COUNT(program_errors));
    tcase_add_test(all, password_of_entries);
    tcase_add_test(all, password_reload);
    tcase_add_loop_test(all, split_user, 0, COUNT(users));
    tcase_add_test(all, explicit_domain);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
