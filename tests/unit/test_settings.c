/*
 * test_settings: what gsettings prints, KDE's file, leases, libproxy's list, and where
 * the network's own script is looked for.
 */
#include <limits.h>
#include <netdb.h>

#include "desktop_rig.h"
#include "pac/libproxy.h"
#include "pac/run.h"
#include "pac/settings_text.h"

static struct buf out;

static void begin(void)
{
    buf_init(&out, 65536);
}

static void end(void)
{
    buf_clear(&out);
}

/* ---- texts ---- */

static const struct {
    const char *printed;
    const char *value; /* NULL: no string */
} variants[] = {
    {"'auto'\n", "auto"},
    {"''\n", ""},
    {"'http://pac.example/a?b=\\'c\\'&d'\n", "http://pac.example/a?b='c'&d"},
    {"\"it's\"\n", "it's"},
    {"'back\\\\slash'", "back\\slash"},
    {"auto\n", NULL},
    {"'auto", NULL},
    {"'", NULL},
    {"'a\\'", NULL},
    {"'a' 'b'", NULL},
    {"@as []", NULL},
    {"8080", NULL},
    {"", NULL},
};

START_TEST(test_gvariant)
{
    bool good = settings_gvariant(span_of(variants[_i].printed), &out);

    ck_assert_int_eq(good, variants[_i].value != NULL);
    ck_text(buf_span(&out), good ? variants[_i].value : "");
}
END_TEST

static const struct {
    const char *printed;
    const char *items; /* NULL: no list */
} lists[] = {
    {"['localhost', '127.0.0.0/8', '::1']\n", "localhost\n127.0.0.0/8\n::1\n"},
    {"['it\\'s', \"it's\",'a,b]']", "it's\nit's\na,b]\n"},
    {"['a']", "a\n"},
    {"@as []\n", ""},
    {"[]", ""},
    {"'a'", NULL},
    {"['a'", NULL},
    {"['a' 'b']", NULL},
    {"['a',]", NULL},
    {"[a]", NULL},
    {"['a]", NULL},
    {"['a\\']", NULL},
    {"[1, 2]", NULL},
    {"[", NULL},
    {"]", NULL},
    {"", NULL},
};

START_TEST(test_list)
{
    bool good = settings_gvariant_list(span_of(lists[_i].printed), &out);

    ck_assert_int_eq(good, lists[_i].items != NULL);
    ck_text(buf_span(&out), good ? lists[_i].items : "");
}
END_TEST

static const struct {
    const char *file;
    const char *type;
    const char *script;
} files[] = {
    {"PersistentProxyConnection=false\n[$Version]\nupdate_info=kioslave.upd\n\n"
     "[Proxy Settings]\nNoProxyFor=\nProxy Config Script=http://pac.example/p.pac\n"
     "ProxyType=2\nReversedException=false\nhttpProxy=http://proxy 3128\n",
     "2", "http://pac.example/p.pac"},
    {"[Proxy Settings]\r\nProxyType[$i]=2\r\nProxy Config Script[$e]= http://a/ \r\n",
     "2", "http://a/"},
    {"[Proxy Settings]\nProxyType=1\n[Proxy Settings]\nProxyType=0", "0", ""},
    {"[Proxy Settings][x]\nProxyType=2\n", "", ""},
    {"ProxyType=2\n[Other]\nProxyType=2\n", "", ""},
    {"[Proxy Settings]\nProxyType\n=2\nProxyTypes=2\n", "", ""},
    {"", "", ""},
};

START_TEST(test_kde)
{
    struct span file = span_of(files[_i].file);

    ck_text(settings_kde(file, "Proxy Settings", "ProxyType"), files[_i].type);
    ck_text(settings_kde(file, "Proxy Settings", "Proxy Config Script"),
            files[_i].script);
}
END_TEST

START_TEST(test_kde_valid)
{
    static const char *const good[] = {"", "\n# x\n[A][$i]\nkey[de]=\n\r\n", "a=b"};
    static const char *const bad[] = {"\177ELF", "[A]\nProxyTy", "[A\na=b", "[]\n"};

    for (int i = 0; i < COUNT(good); i++)
        ck_assert_msg(settings_kde_valid(span_of(good[i])), "%s", good[i]);
    for (int i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!settings_kde_valid(span_of(bad[i])), "%s", bad[i]);
    ck_assert(!settings_kde_valid(SPAN("a=\0b")));
}
END_TEST

static const struct {
    const char *entry;
    const char *want;
} entries[] = {
    {"http://proxy:3128", "http://proxy:3128"},
    {"http://alice:p@ss@proxy:3128", "http://proxy:3128"},
    {"socks5://[::1]:1080", "socks5://[::1]:1080"},
    {"http://proxy:1/x@y", "http://proxy:1/x@y"},
    {"direct://", "direct://"},
    {"proxy:3128", ""},
    {"", ""},
    {"http://a\nb", ""},
    {"http://\xc3\xa4", ""},
};

START_TEST(test_entry)
{
    char text[64];

    ck_text(libproxy_entry(entries[_i].entry, text, sizeof(text)), entries[_i].want);
    ck_assert_uint_eq(libproxy_entry("http://long.example/", text, 8).len, 0);
}
END_TEST

/* ---- leases, as they were recorded ---- */

#define JUNE_2 1780408800 /* 2026-06-02, 14:00 UTC */

static const struct {
    const char *file;
    enum settings_lease kind;
    uint64_t now;
    const char *url;
} leases[] = {
    {"dhclient.leases", SETTINGS_DHCLIENT, JUNE_2, "http://wpad.corp.example/wpad.dat"},
    {"dhclient.leases", SETTINGS_DHCLIENT, JUNE_2 + 7200, ""}, /* it is over */
    {"dhclient-never.leases", SETTINGS_DHCLIENT, JUNE_2 + 7200,
     "http://wpad.corp.example/proxy.pac"},
    {"networkd", SETTINGS_NETWORKD, JUNE_2, "http://wpad.corp.example/wpad.dat"},
    {"nmcli", SETTINGS_NMCLI, JUNE_2, "http://wpad.corp.example/wpad.dat"},
    {"networkd", SETTINGS_DHCLIENT, JUNE_2, ""},
    {"nmcli", SETTINGS_NETWORKD, JUNE_2, ""},
};

static const char *source_path(const char *name)
{
    static char path[PATH_MAX];
    const char *source = getenv("srcdir");

    snprintf(path, sizeof(path), "%s/tests/leases/%s", source == NULL ? "." : source,
             name);
    return path;
}

static void read_source(const char *name, struct buf *text)
{
    FILE *file = fopen(source_path(name), "r");
    size_t n;

    ck_assert_msg(file != NULL, "%s", source_path(name));
    buf_init(text, 65536);
    ck_assert_int_eq(buf_reserve(text, 65536), 0);
    n = fread(buf_tail(text), 1, buf_room(text), file);
    buf_commit(text, n);
    fclose(file);
    ck_assert_uint_gt(text->len, 0);
}

START_TEST(test_lease)
{
    struct buf text;
    bool found;

    read_source(leases[_i].file, &text);
    found = settings_lease(buf_span(&text), leases[_i].kind, leases[_i].now, &out);
    ck_assert_int_eq(found, leases[_i].url[0] != '\0');
    ck_text(buf_span(&out), leases[_i].url);
    /* Cut anywhere, it is read without harm. */
    for (size_t len = 0; len < text.len; len++) {
        buf_reset(&out);
        (void)settings_lease((struct span){text.data, len}, leases[_i].kind,
                             leases[_i].now, &out);
    }
    buf_clear(&text);
}
END_TEST

static const struct {
    enum settings_lease kind;
    const char *text;
} bad_leases[] = {
    {SETTINGS_DHCLIENT, "lease {\n option unknown-252 \"http://a/ b\";\n}"},
    {SETTINGS_DHCLIENT, "lease {\n option unknown-252 \"http://a/\\012b\";\n}"},
    {SETTINGS_DHCLIENT, "lease {\n option unknown-252 68:7;\n}"},
    {SETTINGS_DHCLIENT, "lease {\n option unknown-252 \"\";\n}"},
    {SETTINGS_DHCLIENT, "lease {\n option unknown-252 \"http://a/\";\n}\nlease {\n}"},
    {SETTINGS_NETWORKD, "OPTION_252=6"},
    {SETTINGS_NETWORKD, "OPTION_252=68zz"},
    {SETTINGS_NETWORKD, "OPTION_252=00"},
    {SETTINGS_NETWORKD, "XOPTION_252=68747470"},
    {SETTINGS_NMCLI, "DHCP4.OPTION[8]:requested_wpad = 1"},
    {SETTINGS_NMCLI, "DHCP4.OPTION[8]:wpad"},
    {SETTINGS_NMCLI, "DHCP6.OPTION[8]:wpad = http://a/"},
};

START_TEST(test_bad_lease)
{
    ck_assert(
        !settings_lease(span_of(bad_leases[_i].text), bad_leases[_i].kind, 0, &out));
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- the network's own script ---- */

static char looked_up[256];
static int lookup_says;

static int lookup(const char *name)
{
    snprintf(looked_up, sizeof(looked_up), "%s", name);
    return lookup_says;
}

static void find_wpad(const char *domain)
{
    looked_up[0] = '\0';
    desktop_wpad(&d, folder, span_of(domain), lookup);
    ck_assert(d.answer.every_url);
}

/* wpad.DOMAIN is asked for, and nothing above it, nor below another domain. */
static const struct {
    const char *domain, *resolv_conf;
    int says;
    const char *looked_up;
    enum system_kind kind;
    const char *text;
} domains[] = {
    {"dev.corp.example", "", 0, "wpad.dev.corp.example.", SYSTEM_PAC_URL,
     "http://wpad.dev.corp.example/wpad.dat"},
    {"corp", "", 0, "wpad.corp.", SYSTEM_PAC_URL, "http://wpad.corp/wpad.dat"},
    {"", "nameserver 127.0.0.1\n\tsearch  a.example b.example\n", 0, "wpad.a.example.",
     SYSTEM_PAC_URL, "http://wpad.a.example/wpad.dat"},
    {"", "domain a.example\nsearch b.example\n", 0, "wpad.b.example.", SYSTEM_PAC_URL,
     "http://wpad.b.example/wpad.dat"},
    {"c.example", "search a.example\n", 0, "wpad.c.example.", SYSTEM_PAC_URL,
     "http://wpad.c.example/wpad.dat"},
    {"", "search lan\n", 0, "", SYSTEM_NOTHING,
     "no DHCP lease with option 252, and no domain to look for wpad in"},
    {"", "search a..example\n", 0, "", SYSTEM_NOTHING, NULL},
    {"", "#search a.example\n", 0, "", SYSTEM_NOTHING, NULL},
    {"", NULL, 0, "", SYSTEM_NOTHING, NULL},
    {"a.example", "", EAI_NONAME, "wpad.a.example.", SYSTEM_NOTHING,
     "no DHCP lease with option 252, and wpad.a.example: no such name"},
    {"a.example", "", EAI_NODATA, "wpad.a.example.", SYSTEM_NOTHING, NULL},
    {"a.example", "", EAI_AGAIN, "wpad.a.example.", SYSTEM_FAILED, NULL},
    {"a.example", "", EAI_FAIL, "wpad.a.example.", SYSTEM_FAILED, NULL},
};

START_TEST(test_wpad_name)
{
    lookup_says = domains[_i].says;
    if (domains[_i].resolv_conf != NULL)
        put("etc/resolv.conf", domains[_i].resolv_conf, 0600);
    find_wpad(domains[_i].domain);
    ck_assert_str_eq(looked_up, domains[_i].looked_up);
    ck_answer(domains[_i].kind, "DNS", domains[_i].text);
}
END_TEST

START_TEST(test_wpad_lease)
{
    struct buf lease;

    lookup_says = 0;
    read_source("networkd", &lease);
    ck_assert_int_eq(buf_append(&lease, "", 1), 0);
    put("run/systemd/netif/leases/2", lease.data, 0600);
    buf_clear(&lease);
    find_wpad("corp.example");
    ck_answer(SYSTEM_PAC_URL, "DHCP (systemd-networkd), DNS",
              "http://wpad.corp.example/wpad.dat\nhttp://wpad.corp.example/wpad.dat");
    /* The lease counts, whatever the name says. */
    lookup_says = EAI_AGAIN;
    find_wpad("corp.example");
    ck_answer(SYSTEM_PAC_URL, "DHCP (systemd-networkd)",
              "http://wpad.corp.example/wpad.dat");
    put("var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n  option unknown-252 \"http://dhc/\";\n}\n", 0600);
    put("nmcli",
        "#!/bin/sh\n[ $5 = device ] || echo \"$*\" >&2\n"
        "echo 'DHCP4.OPTION[1]:wpad = http\\://nm/'\n",
        0700);
    find_wpad("");
    ck_answer(SYSTEM_PAC_URL, "DHCP (NetworkManager)", "http://nm/");
    put("nmcli", "#!/bin/sh\nexit 8\n", 0700);
    find_wpad("");
    ck_assert_int_eq(d.answer.kind, SYSTEM_PAC_URL);
}
END_TEST

/* Whoever answers DHCP names no file of this machine. */
START_TEST(test_wpad_file)
{
    lookup_says = EAI_NONAME;
    put("var/lib/dhcp/dhclient.eth0.leases",
        "lease {\n  option unknown-252 \"file:///etc/passwd\";\n}\n", 0600);
    find_wpad("");
    ck_assert_int_eq(d.answer.kind, SYSTEM_NOTHING);
    put("nmcli", "#!/bin/sh\necho 'DHCP4.OPTION[1]:wpad = file\\:///etc/passwd'\n",
        0700);
    find_wpad("");
    ck_assert_int_eq(d.answer.kind, SYSTEM_NOTHING);
}
END_TEST

START_TEST(test_run)
{
    const char *echo[] = {"sh", "-c", "echo out; echo err >&2; exec cat", NULL};
    const char *ends[] = {"sh", "-c", "exit 3", NULL};
    const char *none[] = {"no-such-program", NULL};
    const char *much[] = {"cat", "/dev/zero", NULL};
    const char *dies[] = {"sh", "-c", "kill -9 $$", NULL};

    ck_assert_int_eq(run_capture(echo, &out), 0);
    ck_text(buf_span(&out), "out\n");
    buf_reset(&out);
    ck_assert_int_eq(run_capture_errors(echo, &out), 0);
    ck_text(buf_span(&out), "err\n");
    ck_assert_int_eq(run_capture(ends, &out), 3);
    ck_assert_int_lt(run_capture(none, &out), 0);
    ck_assert_int_lt(run_capture(much, &out), 0);
    ck_assert_int_lt(run_capture(dies, &out), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *texts = tcase_create("texts");
    TCase *sources = tcase_create("sources");

    tcase_add_checked_fixture(texts, begin, end);
    tcase_add_loop_test(texts, test_gvariant, 0, COUNT(variants));
    tcase_add_loop_test(texts, test_kde, 0, COUNT(files));
    tcase_add_loop_test(texts, test_list, 0, COUNT(lists));
    tcase_add_test(texts, test_kde_valid);
    tcase_add_loop_test(texts, test_entry, 0, COUNT(entries));
    tcase_add_loop_test(texts, test_lease, 0, COUNT(leases));
    tcase_add_loop_test(texts, test_bad_lease, 0, COUNT(bad_leases));
    tcase_add_test(texts, test_run);
    suite_add_tcase(suite, texts);
    tcase_set_timeout(sources, 30);
    tcase_add_checked_fixture(sources, begin_desktop, end_desktop);
    tcase_add_loop_test(sources, test_wpad_name, 0, COUNT(domains));
    tcase_add_test(sources, test_wpad_lease);
    tcase_add_test(sources, test_wpad_file);
    suite_add_tcase(suite, sources);
    return suite_run(suite);
}
