/*
 * Tests of config: `rules` and `outside`: what is taken, from every layer, what is
 * said about mistakes, and that the dump can be read again.
 */
#include "config_fixture.h"

#define HOME_FILE "/etc/ccgate/ccgate.yaml"

static const char rules_yaml[] =
    "username: alice\n"
    "auth: basic\n"
    "password_file: ../../pw\n"
    "rules:\n"
    "  - {host: '*.internal', via: direct}\n"
    "  - host: ['a.test, b.test:8080', 10.0.0.0/8]\n"
    "    via: REFUSE\n"
    "    when: after\n"
    "  - host: '*'\n"
    "    via:\n"
    "      - http://bob:b0bs-secret@p1.example:1\n"
    "      - url: https://P2.example:2\n"
    "        auth: none\n"
    "        header: ['X-A: hidden-too']\n"
    "  - host: c.test\n"
    "    via: {url: 'socks5://p3.example:3', username: carol, "
    "password_file: ../../pw2}\n"
    "  - d.test p4.example:4 after\n";

static void check_rules(const struct config *c)
{
    const struct config_rule *r = c->rule;

    ck_assert_uint_eq(c->rule_count, 5);
    ck_assert_uint_eq(c->rule_proxy_count, 4);
    ck_assert_uint_eq(c->proxy_count, 0);
    ck_assert(r[0].via == CONFIG_VIA_DIRECT && r[0].when == CONFIG_WHEN_BEFORE);
    ck_assert(r[1].via == CONFIG_VIA_REFUSE && r[1].when == CONFIG_WHEN_AFTER);
    ck_assert_uint_eq(r[1].host.count, 3);
    ck_assert_str_eq(r[1].host.text[1], "b.test:8080");
    ck_assert_str_eq(r[1].host.text[2], "10.0.0.0/8");
    ck_assert(r[2].via == CONFIG_VIA_PROXY && r[2].first == 0 && r[2].count == 2);
    ck_assert(r[3].first == 2 && r[3].count == 1);
    ck_assert(r[4].first == 3 && r[4].count == 1 && r[4].when == CONFIG_WHEN_AFTER);
}

static void check_logins(const struct config *c)
{
    const struct config_proxy *p = c->rule_proxy;

    ck_assert_str_eq(p[0].login.username, "bob");
    ck_assert(span_equal(secret_reveal(p[0].login.password), SPAN("b0bs-secret")));
    ck_assert_str_eq(p[1].host, "p2.example");
    ck_assert_int_eq(p[1].login.auth, CONFIG_AUTH_NONE);
    ck_assert_ptr_eq(p[1].login.password, c->login.password);
    ck_assert(span_equal(secret_reveal(p[2].login.password), SPAN("own")));
    ck_assert_ptr_eq(p[3].login.password, c->login.password);
    ck_assert_str_eq(p[3].login.username, "alice");
    ck_assert(!p[0].bare && !p[1].bare && !p[2].bare && p[3].bare);
}

START_TEST(rules)
{
    struct config *c;

    put_file_mode("/pw", "global\n", 0600);
    put_file_mode("/pw2", "own\n", 0600);
    put_file_mode(HOME_FILE, rules_yaml, 0600);
    c = load_quiet();
    check_rules(c);
    check_logins(c);
    config_unref(c);
}
END_TEST

START_TEST(dump_is_read_again)
{
    struct config *c;
    struct buf dump, messages;

    put_file_mode("/pw", "global\n", 0600);
    put_file_mode("/pw2", "own\n", 0600);
    put_file_mode(HOME_FILE, rules_yaml, 0600);
    c = load_quiet();
    buf_init(&dump, 65536);
    buf_init(&messages, 65536);
    ck_assert_int_eq(config_dump(c, true, &dump), 0);
    config_unref(c);
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(buf_span(&dump)));
    ck_assert_ptr_null(strstr(text, "b0bs-secret"));
    ck_assert_ptr_null(strstr(text, "hidden-too"));
    ck_assert_ptr_nonnull(strstr(text, "rules:  # "));
    ck_assert_ptr_nonnull(strstr(text, HOME_FILE ":4\n"));
    c = config_parse_text("dump", buf_span(&dump), &messages);
    ck_assert_msg(c != NULL, "%.*s", SPAN_ARG(buf_span(&messages)));
    check_rules(c);
    ck_assert_str_eq(c->rule_proxy[0].login.username, "bob");
    ck_assert_str_eq(c->rule_proxy[1].header[0], "X-A: (hidden)");
    ck_assert_str_eq(c->rule_proxy[2].login.username, "carol");
    config_unref(c);
    buf_clear(&dump);
    buf_clear(&messages);
}
END_TEST

START_TEST(layers)
{
    struct config *c;

    put_file(HOME_FILE, "rules: 'a.test direct'\n");
    put_env("CCGATE_RULES", "b.test direct,c.test refuse");
    c = load_quiet();
    ck_assert_uint_eq(c->rule_count, 2);
    ck_assert_str_eq(c->rule[1].host.text[0], "c.test");
    config_unref(c);
    put_setting("rules", "d.test http://p.test:1");
    put_setting("rules", "e.test direct after");
    c = load_quiet();
    ck_assert_uint_eq(c->rule_count, 2);
    ck_assert_str_eq(c->rule_proxy[0].host, "p.test");
    ck_assert_int_eq(c->rule[1].when, CONFIG_WHEN_AFTER);
    config_unref(c);
    put_setting("rules", "d.test http://u:pw@p.test:1");
    load_fails("a password is never given on the command line");
}
END_TEST

START_TEST(managed_locks)
{
    struct config *c;

    if (getuid() != 0)
        return; /* such a file belongs to root */
    put_file("/etc/ccgate/managed.d/1.yaml", "rules: ['x.test refuse']\n"
                                             "outside: refuse\n");
    put_file(HOME_FILE, "rules: []\noutside: direct\nproxy: p.test:1\n");
    c = load();
    ck_assert_msg(c != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "rules is locked by"));
    ck_assert_ptr_nonnull(strstr(text, "outside is locked by"));
    ck_assert_uint_eq(c->rule_count, 1);
    ck_assert_int_eq(c->outside, CONFIG_OUTSIDE_REFUSE);
    config_unref(c);
}
END_TEST

/* A text and a part of what is said about it. */
static const struct {
    const char *yaml;
    const char *said;
} mistakes[] = {
    {"rules: [{host: a.test, vai: direct}]\n",
     "f.yaml:1:24: unknown key \"vai\" in a rule\n"},
    {"rules: [{host: a.test, vai: direct}]\n", "did you mean \"via\"?"},
    {"rules: [{host: a.test, proxy: 'http://p:1'}]\n", "did you mean \"via\"?"},
    {"rules: [{hosts: a.test, via: direct}]\n", "did you mean \"host\"?"},
    {"rule: []\n", "did you mean \"rules\"?"},
    {"rules: [{host: a.test}]\n",
     "f.yaml:1:9: this rule has no via: direct, refuse or a proxy\n"},
    {"rules: [{via: direct}]\n", "f.yaml:1:9: this rule has no host\n"},
    {"rules: [{host: [], via: direct}]\n", "f.yaml:1:16: this rule is for no host\n"},
    {"rules: [{host: ', ', via: direct}]\n", "f.yaml:1:9: this rule is for no host\n"},
    {"rules: [{host: {a: b}, via: direct}]\n", "f.yaml:1:16: a host is needed here"},
    {"rules: [{host: 'a b/c', via: direct}]\n", "\"b/c\" "},
    {"rules: [{host: a, via: []}]\n", "f.yaml:1:24: this rule names no way\n"},
    {"rules: [{host: a, via: ''}]\n",
     "f.yaml:1:24: direct, refuse or the URL of a proxy is needed here\n"},
    {"rules: [{host: a, via: drect}]\n",
     "f.yaml:1:24: \"drect\" is neither direct nor refuse, nor the URL of a proxy\n"},
    {"rules: [{host: a, via: drect}]\n", "did you mean \"direct\"?"},
    {"rules: [{host: a, via: ['http://p:1', direct]}]\n",
     "f.yaml:1:39: \"direct\" stands alone: ccgate never goes another way because a "
     "proxy failed\n"},
    {"rules: [{host: a, via: 'ftp://p:1'}]\n", "ftp:// is not supported"},
    {"rules: [{host: a, via: {auth: none}}]\n",
     "f.yaml:1:24: this proxy of a rule has no url\n"},
    {"rules: [{host: a, via: {url: 'http://p:1', usr: u}}]\n",
     "unknown key \"usr\" in a proxy of a rule"},
    {"rules: [{host: a, via: direct, when: late}]\n",
     "f.yaml:1:38: \"late\" is none of before|after\n"},
    {"rules: [{host: a, host: b, via: direct}]\n", "\"host\" stands here again"},
    {"rules: [a.test]\n",
     "f.yaml:1:9: a rule is written as \"HOST WAY\", as in \"*.example.com direct\"\n"},
    {"rules: ['a.test direct after all']\n", "a rule is written as"},
    {"rules: ['a.test direct never']\n", "\"never\" is none of before|after\n"},
    {"rules: [[a]]\n", "an item of \"rules\" cannot be a list\n"},
    {"outside: drect\n", "did you mean \"direct\"?"},
    {"outside: direct\nresolver: system\nproxy: p.test:1\n",
     "f.yaml:1:10: the system's resolver cannot tell"},
};

START_TEST(mistake)
{
    struct buf messages;

    buf_init(&messages, 65536);
    ck_assert_ptr_null(
        config_parse_text("f.yaml", span_of(mistakes[_i].yaml), &messages));
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(buf_span(&messages)));
    ck_assert_msg(strstr(text, mistakes[_i].said) != NULL, "%s", text);
    buf_clear(&messages);
}
END_TEST

/* What is true but has no effect; NULL: nothing is said. */
static const struct {
    const char *yaml;
    const char *said;
} warnings[] = {
    {"outside: direct\nproxy: p.test:1\n", NULL},
    {"outside: direct\npac: http://p.test/x.pac\n", NULL},
    {"outside: direct\npac: file:///x.pac\nproxy: p.test:1\n", NULL},
    {"outside: refuse\n", NULL},
    {"outside: direct\n", "neither pac nor proxy names a host"},
    {"outside: direct\npac: file:///x.pac\n", "neither pac nor proxy names a host"},
    {"outside: direct\nproxy: [p.test:1, 10.0.0.1:1]\n",
     "10.0.0.1 is an address, not a name, and always exists"},
    {"outside: direct\npac: 'https://[::1]/x'\n", "::1 is an address"},
};

START_TEST(warning)
{
    struct buf messages;
    struct config *c;

    buf_init(&messages, 65536);
    c = config_parse_text("f.yaml", span_of(warnings[_i].yaml), &messages);
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(buf_span(&messages)));
    ck_assert_msg(c != NULL, "%s", text);
    if (warnings[_i].said == NULL)
        ck_assert_str_eq(text, "");
    else
        ck_assert_msg(strstr(text, warnings[_i].said) != NULL, "%s", text);
    config_unref(c);
    buf_clear(&messages);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config rules");
    TCase *rule = tcase_create("rules");

    tcase_add_checked_fixture(rule, setup, teardown);
    tcase_add_test(rule, rules);
    tcase_add_test(rule, dump_is_read_again);
    tcase_add_test(rule, layers);
    tcase_add_test(rule, managed_locks);
    tcase_add_loop_test(rule, mistake, 0, COUNT(mistakes));
    tcase_add_loop_test(rule, warning, 0, COUNT(warnings));
    suite_add_tcase(suite, rule);
    return suite_run(suite);
}
