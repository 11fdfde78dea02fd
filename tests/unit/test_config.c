/*
 * Tests of config: layers, merging, locks, listeners, and the dump.
 */
#include "config_fixture.h"

START_TEST(defaults)
{
    struct config *c = load_quiet();

    ck_assert_uint_eq(c->listen_count, 2);
    ck_assert_str_eq(c->listen[0].text, "localhost:3128");
    ck_assert(!c->listen[0].optional && c->listen[1].optional);
    ck_assert_int_eq(c->listen[1].addr.u.sa.sa_family, AF_INET6);
    ck_assert_uint_eq(netaddr_port(&c->listen[1].addr), 3128);
    ck_assert_uint_eq(c->proxy_count, 0);
    ck_assert(!c->via_corp_proxy && c->log_access && !c->daemon);
    ck_assert_int_eq(c->login.auth, CONFIG_AUTH_AUTO);
    ck_assert_ptr_null(c->login.username);
    ck_assert_uint_eq(c->timeout.head, 30000);
    ck_assert_uint_eq(c->timeout.answer, 120000);
    ck_assert_uint_eq(c->timeout.idle, 0);
    ck_assert_uint_eq(c->timeout.hop_rest, 300000);
    ck_assert_uint_eq(c->timeout.keepalive, 45000);
    ck_assert_uint_eq(c->limit.login_body, 262144);
    ck_assert_str_eq(c->log.to, "stderr");
    ck_assert_int_eq(c->log.level, LOG_LEVEL_INFO);
    ck_assert_str_eq(c->state_dir, under("/home/.local/state/ccgate"));
    ck_assert_ptr_eq(config_ref(c), c);
    config_unref(c);
    ck_assert_str_eq(c->log.to, "stderr"); /* the second reference holds */
    config_unref(c);
    config_unref(NULL);
}
END_TEST

START_TEST(layers)
{
    struct config *c;

    put_file(
        "/usr/lib/ccgate/ccgate.yaml",
        "timeout: {head: 1s, name: 1s, connect: 1s, tls: 1s, login: 1s, answer: 1s}\n");
    put_file("/etc/ccgate/ccgate.yaml",
             "timeout: {name: 2s, connect: 2s, tls: 2s, login: 2s, answer: 2s}\n"
             "noproxy: [a.example, b.example]\n");
    put_file("/etc/ccgate/conf.d/20-b.yaml", "timeout: {tls: 4s}\n");
    put_file("/etc/ccgate/conf.d/10-a.yaml",
             "timeout: {connect: 3s, tls: 3s, login: 3s, answer: 3s}\n"
             "noproxy: c.example\n");
    put_file("/etc/ccgate/conf.d/.hidden.yaml", "nonsense: 1\n");
    put_file("/etc/ccgate/conf.d/README", "nonsense\n");
    put_file("/home/.config/ccgate/ccgate.yaml", "timeout: {login: 5s, answer: 5s}\n");
    put_env("CCGATE_TIMEOUT_ANSWER", "6s");
    put_env("CCGATE_TIMEOUT_LINGER", "6s");
    put_setting("timeout.linger", "7s");
    c = load_quiet();
    ck_assert_uint_eq(c->timeout.head, 1000);
    ck_assert_uint_eq(c->timeout.name, 2000);
    ck_assert_uint_eq(c->timeout.connect, 3000);
    ck_assert_uint_eq(c->timeout.tls, 4000);
    ck_assert_uint_eq(c->timeout.login, 5000);
    ck_assert_uint_eq(c->timeout.answer, 6000);
    ck_assert_uint_eq(c->timeout.linger, 7000);
    ck_assert_uint_eq(c->noproxy.count, 1); /* lists replace */
    ck_assert_str_eq(c->noproxy.text[0], "c.example");
    config_unref(c);
}
END_TEST

START_TEST(xdg_folders)
{
    struct config *c;

    put_file("/xdg/ccgate/ccgate.yaml",
             "pidfile: run/pid\ntls: {ca: [a.pem, ~/b.pem]}\n");
    put_file("/home/.config/ccgate/ccgate.yaml", "nonsense: 1\n");
    put_env("XDG_CONFIG_HOME", under("/xdg"));
    put_env("XDG_STATE_HOME", "/xs");
    put_env("XDG_RUNTIME_DIR", "/xr");
    c = load_quiet();
    ck_assert_str_eq(c->pidfile, under("/xdg/ccgate/run/pid"));
    ck_assert_str_eq(c->tls_ca[0], under("/xdg/ccgate/a.pem"));
    ck_assert_str_eq(c->tls_ca[1], under("/home/b.pem"));
    ck_assert_ptr_null(c->tls_ca[2]);
    ck_assert_str_eq(c->state_dir, "/xs/ccgate");
    ck_assert_str_eq(c->runtime_dir, "/xr/ccgate");
    config_unref(c);
    put_env("STATE_DIRECTORY", "/var/lib/x:/var/lib/y");
    put_env("RUNTIME_DIRECTORY", "/run/x");
    c = load_quiet();
    ck_assert_str_eq(c->state_dir, "/var/lib/x");
    ck_assert_str_eq(c->runtime_dir, "/run/x");
    config_unref(c);
}
END_TEST

START_TEST(config_option)
{
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml", "nonsense: 1\n");
    put_file("/my.yaml", "\xef\xbb\xbf"
                         "noproxy: x.example\n");
    put_file("/etc/ccgate/managed.d/a.yaml", "via_corp_proxy: true\n");
    sources.file = under("/my.yaml");
    c = load_quiet();
    ck_assert(c->via_corp_proxy);
    ck_assert_uint_eq(c->noproxy.count, 1);
    config_unref(c);
    sources.file = under("/missing.yaml");
    load_fails("missing.yaml: cannot be opened: No such file");
    sources.file = under("/etc");
    load_fails("is not a file");
}
END_TEST

/* All errors of all layers, in one run and in order. */
START_TEST(all_errors)
{
    char expected[1024];

    put_file("/etc/ccgate/ccgate.yaml", "nonsense: 1\ntimeout: {head: 1}\n");
    put_file("/etc/ccgate/conf.d/a.yaml", "daemon: perhaps\n");
    put_env("CCGATE_RESOLVER", "sytem");
    put_env("CCGATE_LSITEN", "3128");
    put_env("CCGATE_LIBEXEC", "/lib/ccgate");
    put_setting("timeout.head", "5");
    put_setting("password", "hunter2");
    put_setting("noprxy", "x");
    put_setting("listen", NULL);
    ck_assert_ptr_null(load());
    snprintf(
        expected, sizeof(expected),
        "%s/etc/ccgate/ccgate.yaml:1:1: unknown key \"nonsense\"\n"
        "nonsense: 1\n^\n"
        "%s/etc/ccgate/ccgate.yaml:2:17: \"1\" has no unit: ms, s, m or h, as in 30s\n"
        "timeout: {head: 1}\n                ^\n"
        "%s/etc/ccgate/conf.d/a.yaml:1:9: \"perhaps\" is neither true nor false\n"
        "daemon: perhaps\n        ^\n"
        "CCGATE_LSITEN: warning: this variable stands for no key\n"
        "did you mean \"listen\"?\n"
        "CCGATE_RESOLVER: \"sytem\" is none of auto|dns|system\n"
        "did you mean \"system\"?\n"
        "--password: a password is never given on the command line, where everybody "
        "can see it: use password_file\n"
        "--noprxy: unknown option\n"
        "did you mean \"--noproxy\"?\n"
        "--listen: a value is missing: --listen=ADDRESS\n"
        "--timeout-head: \"5\" has no unit: ms, s, m or h, as in 30s\n",
        root, root, root);
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(lists_outside_of_files)
{
    struct config *c;

    put_env("CCGATE_LISTEN", "3128, unix:/run/x.sock");
    put_env("CCGATE_HEADER", "A: 1, 2\nB: 3");
    put_env("CCGATE_NOPROXY", "a.example b.example,,10.0.0.0/8");
    put_env("CCGATE_USERNAME", "");
    put_setting("allow_users", "0");
    put_setting("allow_users", "1,2");
    put_setting("daemon", NULL);
    put_setting("log.access", "no");
    c = load_quiet();
    ck_assert_uint_eq(c->listen_count, 3);
    ck_assert_int_eq(c->listen[2].addr.u.sa.sa_family, AF_UNIX);
    ck_assert_str_eq(c->header[0], "A: 1, 2");
    ck_assert_str_eq(c->header[1], "B: 3");
    ck_assert_ptr_null(c->header[2]);
    ck_assert_uint_eq(c->noproxy.count, 3);
    ck_assert_uint_eq(c->allow_uid_count, 3);
    ck_assert_uint_eq(c->allow_uid[2], 2);
    ck_assert(c->daemon && !c->log_access);
    config_unref(c);
}
END_TEST

START_TEST(listening)
{
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml",
             "listen: [\":0\", \"[::1]:3128\", LOCALHOST:0, 10.0.0.1:1, /run/a, "
             "\"unix:b.sock\", \"@name\"]\n"
             "allow: [10.0.0.0/8, \"fd00::/8\"]\nallow_users: [\"*\", root]\n");
    c = load_quiet();
    ck_assert_uint_eq(c->listen_count, 9);
    ck_assert(netaddr_is_any(&c->listen[0].addr) && netaddr_is_any(&c->listen[1].addr));
    ck_assert(c->listen[1].optional);
    ck_assert(netaddr_is_loopback(&c->listen[2].addr));
    ck_assert_uint_eq(netaddr_port(&c->listen[3].addr), 0);
    ck_assert_str_eq(c->listen[7].addr.u.un.sun_path, under("/etc/ccgate/b.sock"));
    ck_assert_uint_eq(c->allow_count, 2);
    ck_assert(c->allow_any_user);
    ck_assert_uint_eq(c->allow_uid[0], 0);
    config_unref(c);
}
END_TEST

START_TEST(tunnels)
{
    struct config *c;
    struct buf dump;

    put_file("/etc/ccgate/ccgate.yaml",
             "listen: 127.0.0.1:1\n"
             "tunnel: [localhost:5432  DB.example:5432, \"[::1]:22 [fd00::1]:22\", "
             "/run/a b c.example:1]\n");
    c = load_quiet();
    ck_assert_uint_eq(c->listen_count, 1);
    ck_assert_ptr_null(c->listen[0].target);
    ck_assert_uint_eq(c->tunnel_count, 4);
    ck_assert(!c->tunnel[0].optional && c->tunnel[1].optional);
    ck_assert_str_eq(c->tunnel[1].target, "DB.example:5432");
    ck_assert_uint_eq(netaddr_port(&c->tunnel[2].addr), 22);
    ck_assert_str_eq(c->tunnel[2].target, "[fd00::1]:22");
    ck_assert_str_eq(c->tunnel[3].addr.u.un.sun_path, "/run/a b");
    ck_assert(config_is_own(c, SPAN("127.0.0.1"), 1));
    ck_assert(config_is_own(c, SPAN("localhost"), 5432));
    ck_assert(config_is_own(c, SPAN("::1"), 22));
    ck_assert(!config_is_own(c, SPAN("127.0.0.1"), 22));
    ck_assert(!config_is_own(c, SPAN("DB.example"), 5432));
    buf_init(&dump, 65536);
    ck_assert_int_eq(config_dump(c, false, &dump), 0);
    ck_assert_int_eq(buf_append(&dump, "", 1), 0);
    ck_assert_msg(strstr(buf_span(&dump).at, "tunnel:\n"
                                             "  - \"localhost:5432  DB.example:5432\"\n"
                                             "  - \"[::1]:22 [fd00::1]:22\"\n"
                                             "  - \"/run/a b c.example:1\"\n") != NULL,
                  "%s", buf_span(&dump).at);
    buf_clear(&dump);
    config_unref(c);
    put_setting("tunnel", "127.0.0.1:2 a.example:2,127.0.0.1:3 b.example:3");
    c = load_quiet();
    ck_assert_uint_eq(c->tunnel_count, 2);
    ck_assert_str_eq(c->tunnel[1].target, "b.example:3");
    config_unref(c);
}
END_TEST

START_TEST(managed)
{
    char expected[512];
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml", "via_corp_proxy: no\n");
    put_file("/etc/ccgate/managed.d/10-x.yaml",
             "via_corp_proxy: yes\nnoproxy: a.example\n");
    put_file("/etc/ccgate/managed.d/20-y.yaml", "noproxy: b.example\n");
    put_setting("noproxy", "*");
    c = load();
    ck_assert_msg(c != NULL, "%s", text);
    ck_assert(c->via_corp_proxy);
    ck_assert_uint_eq(c->noproxy.count, 1);
    ck_assert_str_eq(c->noproxy.text[0], "b.example");
    config_unref(c);
    snprintf(
        expected, sizeof(expected),
        "--noproxy: warning: noproxy is locked by %s/etc/ccgate/managed.d/20-y.yaml; "
        "this value is not used\n"
        "%s/etc/ccgate/ccgate.yaml:1:1: warning: via_corp_proxy is locked by "
        "%s/etc/ccgate/managed.d/10-x.yaml; this value is not used\n"
        "via_corp_proxy: no\n^\n",
        root, root, root);
    ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(managed_ownership)
{
    put_file_mode("/etc/ccgate/managed.d/a.yaml", "daemon: no\n", 0664);
    load_fails("a.yaml: may be written by others (mode 0664)");
    ck_assert_int_eq(chmod(under("/etc/ccgate/managed.d/a.yaml"), 0644), 0);
    ck_assert_int_eq(chmod(under("/etc/ccgate/managed.d"), 0777), 0);
    load_fails("managed.d: may be written by others (mode 0777)");
    ck_assert_int_eq(chmod(under("/etc/ccgate/managed.d"), 0755), 0);
    config_unref(load_quiet());
    put_file("/real.yaml", "daemon: no\n");
    ck_assert_int_eq(symlink("/real.yaml", under("/etc/ccgate/managed.d/b.yaml")), 0);
    load_fails("b.yaml: a managed file cannot be a link");
    ck_assert_int_eq(unlink(under("/etc/ccgate/managed.d/b.yaml")), 0);
    put_file_mode("/etc/ccgate/managed.d/b.yaml", "proxy: http://u:hunter2@p:1\n",
                  0600);
    load_fails("a password cannot stand in a managed file");
    put_file("/etc/ccgate/managed.d/b.yaml", "daemon: no\n");
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(under("/etc/ccgate/managed.d/b.yaml"), 65534, 0), 0);
        load_fails("must belong to root, but belongs to uid 65534");
    }
}
END_TEST

static void dump(const struct config *c, bool origins, char *out, size_t size)
{
    struct buf b;

    buf_init(&b, size - 1);
    ck_assert_int_eq(config_dump(c, origins, &b), 0);
    snprintf(out, size, "%.*s", SPAN_ARG(buf_span(&b)));
    buf_clear(&b);
}

START_TEST(dump_origins)
{
    static char out[16384];
    char line[512];
    struct config *c;

    put_file_mode("/pw", "hunter2\n", 0600);
    put_file("/etc/ccgate/ccgate.yaml",
             "\ntimeout:\n  head: 1500ms\nlog: {to: /var/x}\n");
    put_file("/etc/ccgate/managed.d/m.yaml", "via_corp_proxy: on\n");
    put_env("CCGATE_NOPROXY", "a.example,<local>");
    put_env("CCGATE_PROXY", "http://u:hunter3@p.example:1");
    put_setting("username", "alice");
    put_setting("password_file", under("/pw"));
    c = load_quiet();
    dump(c, true, out, sizeof(out));
    ck_assert_ptr_null(strstr(out, "hunter"));
    ck_assert_ptr_nonnull(strstr(out, "listen:  # default\n  - localhost:3128\n"));
    ck_assert_ptr_nonnull(strstr(out, "proxy:  # CCGATE_PROXY\n"
                                      "  - url: \"http://p.example:1\"\n"
                                      "    username: u\n"
                                      "    # password: (hidden)\n"));
    ck_assert_ptr_nonnull(
        strstr(out, "noproxy:  # CCGATE_NOPROXY\n  - a.example\n  - \"<local>\"\n"));
    ck_assert_ptr_nonnull(strstr(out, "username: alice  # --username\n"));
    ck_assert_ptr_nonnull(strstr(out, "# password: (hidden), from password_file\n"));
    snprintf(line, sizeof(line), "  head: 1500ms  # %s/etc/ccgate/ccgate.yaml:3\n",
             root);
    ck_assert_ptr_nonnull(strstr(out, line));
    snprintf(line, sizeof(line),
             "via_corp_proxy: true  # managed by %s/etc/ccgate/managed.d/m.yaml:1\n",
             root);
    ck_assert_ptr_nonnull(strstr(out, line));
    ck_assert_ptr_nonnull(strstr(out, "tls:\n  ca: []  # default\n"));
    ck_assert_ptr_nonnull(strstr(out, "  pins: []  # default\n"));
    ck_assert_ptr_null(strstr(out, "pidfile"));
    config_unref(c);
}
END_TEST

#define HASH                                                                           \
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"                                 \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define PIN "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

/* What was dumped reads back as the same. */
START_TEST(dump_again)
{
    static char first[16384];
    static char second[16384];
    struct config *c;

    put_file_mode("/pw", "hunter2\n", 0600);
    put_file(
        "/my.yaml",
        "listen: [\":0\", \"[::1]:80\", /run/a]\n"
        "allow: [10.1.2.3/8, \"fd00::/8\", \"::1\"]\n"
        "proxy:\n  - {url: 'https://[::1]:1', auth: none, header: 'A: \"b\" # c'}\n"
        "  - p:2\n"
        "noproxy: ['*', '*.x', '<local>', '[::1]:80']\n"
        "username: 'CORP\\alice'\nworkstation: '- a: b #'\ndomain: 'null'\n"
        "auth: [basic, ntlm]\n"
        "password_file: pw\nheader: ['X: \xc3\xbc', 'Y: a\\b']\n"
        "tls: {ca: ['/a b.pem'], weak_ca: ['" HASH "'], pins: ['[::1] " PIN "'],\n"
        "  legacy_renegotiation: [Old.Corp.Example], cert: 'pkcs11:object=me',\n"
        "  key: ./k.pem, key_password_file: /pw}\n"
        "allow_users: ['*', 7]\nlog: {to: syslog, format: json, level: debug}\n"
        "timeout: {idle: 90m, drain: 0}\nlimit: {sessions: 5, login_body: 3KB}\n");
    sources.file = under("/my.yaml");
    c = load_quiet();
    dump(c, false, first, sizeof(first));
    config_unref(c);
    put_file("/again.yaml", first);
    sources.file = under("/again.yaml");
    c = load_quiet();
    dump(c, false, second, sizeof(second));
    ck_assert_uint_eq(c->login.auth, CONFIG_AUTH_BASIC | CONFIG_AUTH_NTLM << 4);
    ck_assert_int_eq(config_auths_place(c->login.auth, CONFIG_AUTH_NTLM), 1);
    ck_assert_int_eq(config_auths_place(c->login.auth, CONFIG_AUTH_DIGEST), -1);
    config_unref(c);
    ck_assert_str_eq(first, second);
    ck_assert_ptr_nonnull(strstr(first, "\nauth: [basic, ntlm]\n"));
    ck_assert_ptr_nonnull(strstr(first, "  - 10.0.0.0/8\n"));
    ck_assert_ptr_nonnull(strstr(first, "  login_body: 3KB\n"));
    ck_assert_ptr_nonnull(strstr(first, "domain: \"null\"\n"));
    ck_assert_ptr_nonnull(strstr(first, "    header:\n      - \"A: (hidden)\"\n"));
    ck_assert_ptr_nonnull(
        strstr(first, "\nheader:\n  - \"X: (hidden)\"\n  - \"Y: (hidden)\"\n"));
}
END_TEST

/* A higher layer takes the system's settings back, or asks nobody. */
static const struct {
    const char *file, *setting;
    bool system;
    const char *dumped;
} systems[] = {
    {"{}", NULL, true, "\nproxy: system\n"},
    {"proxy: system", NULL, true, "\nproxy: system\n"},
    {"proxy: [SYSTEM]", NULL, true, "\nproxy: system\n"},
    {"proxy: []", NULL, false, "\nproxy: []\n"},
    {"proxy: http://a:1", NULL, false, "\nproxy:\n  - url: \"http://a:1\"\n"},
    {"proxy: http://a:1", "system", true, "\nproxy: system\n"},
    {"proxy: system", "a:1", false, "\nproxy:\n  - url: \"http://a:1\"\n"},
    {"proxy: http://system:1", NULL, false, "\nproxy:\n  - url: \"http://system:1\"\n"},
};

START_TEST(proxy_system)
{
    static char out[16384];
    struct config *c;

    put_file("/etc/ccgate/ccgate.yaml", systems[_i].file);
    if (systems[_i].setting != NULL)
        put_setting("proxy", systems[_i].setting);
    c = load_quiet();
    ck_assert_int_eq(c->system, systems[_i].system);
    ck_assert_uint_eq(c->proxy_count, strstr(systems[_i].dumped, "url") != NULL);
    dump(c, false, out, sizeof(out));
    ck_assert_ptr_nonnull(strstr(out, systems[_i].dumped));
    config_unref(c);
}
END_TEST

START_TEST(dump_ceiling)
{
    struct config *c = load_quiet();
    struct buf b;

    buf_init(&b, 50);
    ck_assert_int_ne(config_dump(c, true, &b), 0);
    buf_clear(&b);
    config_unref(c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *all = tcase_create("config");

    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, defaults);
    tcase_add_test(all, layers);
    tcase_add_test(all, xdg_folders);
    tcase_add_test(all, config_option);
    tcase_add_test(all, all_errors);
    tcase_add_test(all, lists_outside_of_files);
    tcase_add_test(all, listening);
    tcase_add_test(all, tunnels);
    tcase_add_test(all, managed);
    tcase_add_test(all, managed_ownership);
    tcase_add_test(all, dump_origins);
    tcase_add_test(all, dump_again);
    tcase_add_loop_test(all, proxy_system, 0,
                        (int)(sizeof(systems) / sizeof(systems[0])));
    tcase_add_test(all, dump_ceiling);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
