/*
 * test_desktop: the order of GNOME, KDE and libproxy, and what stands when one of them
 * fails, which is never "direct".
 */
#include "desktop_rig.h"
#include "pac/libproxy.h"

/* libproxy 0.4 without what reads the desktop's settings: it says direct. */
static void without_modules(void)
{
    char path[64];

    put("modules/empty", "", 0600);
    snprintf(path, sizeof(path), "%s/modules", folder);
    ck_assert_int_eq(setenv("PX_MODULE_PATH", path, 1), 0);
}

START_TEST(test_order)
{
    put_gsettings("auto", "http://gnome.example/p.pac");
    put("kioslaverc",
        "[Proxy Settings]\nProxyType=2\nProxy Config Script=http://kde.example/\n",
        0600);
    desktop_proxy(&d, "https://a/");
    ck_answer(SYSTEM_PAC_URL, "GNOME", "http://gnome.example/p.pac");
    setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    desktop_proxy(&d, "https://a/");
    ck_answer(SYSTEM_PAC_URL, "KDE", "http://kde.example/");
    setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME", 1);
    desktop_proxy(&d, "https://a/");
    ck_answer(SYSTEM_PAC_URL, "GNOME", "http://gnome.example/p.pac");
    ck_assert(d.answer.every_url);
}
END_TEST

START_TEST(test_modes)
{
    put_gsettings("auto", "");
    desktop_proxy(&d, "http://a/");
    ck_answer(SYSTEM_DETECT, "GNOME", NULL);
    setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    put("kioslaverc", "[Proxy Settings]\nProxyType=3\n", 0600);
    desktop_proxy(&d, "http://a/");
    ck_answer(SYSTEM_DETECT, "KDE", NULL);
    put("kioslaverc", "[Proxy Settings]\nProxyType=0\n", 0600);
    desktop_proxy(&d, "http://a/");
    ck_answer(SYSTEM_DIRECT, "KDE", NULL);
}
END_TEST

/* The factory's default, also where it is the desktop's own. */
START_TEST(test_none)
{
    static const char *const desktops[] = {"GNOME", "XFCE", ""};

    put_gsettings("none", "http://left.over/");
    for (int i = 0; i < COUNT(desktops); i++) {
        setenv("XDG_CURRENT_DESKTOP", desktops[i], 1);
        desktop_proxy(&d, "http://a/");
        ck_assert(d.answer.kind == SYSTEM_UNKNOWN || d.answer.kind == SYSTEM_NOTHING);
        ck_answer(d.answer.kind, "libproxy", NULL);
        ck_assert(d.answer.every_url);
    }
}
END_TEST

/* Without a desktop "none" is only the default: somebody else may know. */
START_TEST(test_libproxy)
{
    put_gsettings("none", "");
    put("kioslaverc", "[Proxy Settings]\nProxyType=0\n", 0600);
    desktop_proxy(&d, "http://a.example/");
    if (strcmp(libproxy_describe(), "no libproxy") == 0) {
        ck_answer(SYSTEM_NOTHING, "no libproxy", "");
        ck_assert(d.answer.every_url);
        /* Somebody names a proxy, and nobody can say which. */
        put_gsettings("manual", "");
        desktop_proxy(&d, "http://a.example/");
        ck_answer(SYSTEM_FAILED, "GNOME", NULL);
        return;
    }
    ck_answer(SYSTEM_UNKNOWN, "libproxy 0.", NULL);
    ck_assert(d.answer.every_url);
    setenv("http_proxy", "http://alice:secret@proxy.example:3128", 1);
    desktop_proxy(&d, "http://a.example/");
    ck_answer(SYSTEM_PROXIES, "libproxy 0.", "http://proxy.example:3128");
    ck_assert(!d.answer.every_url);
}
END_TEST

/* ---- gsettings that breaks ---- */

#define SH            "#!/bin/sh\n"
#define MODE(m, rest) SH "[ $3 = mode ] && echo \"'" m "'\" || { " rest "; }\n"
#define WITH_SCHEMA   "glib-2.0/schemas/org.gnome.system.proxy.gschema.xml"

static const struct {
    const char *program; /* NULL: there is none */
    const char *says;    /* NULL: nothing is said */
    bool unsure;         /* without a desktop and the schema's file it says nothing */
} broken[] = {
    {NULL, NULL, false},
    {NO_SCHEMA, NULL, false},
    {SH "echo 'No schemas installed' >&2; exit 1\n", NULL, false},
    {SH "exit 1\n", "asked for the mode", true},
    {SH "echo \"'none'\"; exit 1\n", "asked for the mode", true},
    {SH "kill -SEGV $$\n", "asked for the mode", true},
    {SH "exec cat /dev/zero\n", "asked for the mode", true},
    {SH "echo none\n", "no mode", false},
    {SH "exit 0\n", "no mode", false},
    {SH "echo \"'socks'\"\n", "\"socks\", which is unknown", false},
    {MODE("auto", "kill -KILL $$"), "does not tell autoconfig-url", false},
    {MODE("auto", "exit 1"), "does not tell autoconfig-url", false},
    {MODE("auto", "echo junk"), "does not tell autoconfig-url", false},
    {MODE("manual", "kill -KILL $$"), "does not tell ignore-hosts", false},
    {MODE("manual", "echo \"['a.example'\""), "does not tell ignore-hosts", false},
};

static void ck_broken(bool may_say, const char *program, const char *says)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/gsettings", folder);
    if (program != NULL)
        put("gsettings", program, 0700);
    else
        ck_assert_int_eq(unlink(path) + setenv("PATH", folder, 1), 0);
    desktop_proxy(&d, "https://a.example/");
    if (may_say && says != NULL) {
        ck_answer(SYSTEM_FAILED, "GNOME", NULL);
        ck_assert_msg(strstr(d.text.data, says) != NULL, "%.*s",
                      SPAN_ARG(d.answer.text));
    } else {
        ck_answer(d.answer.kind, "libproxy", NULL);
        ck_assert(d.answer.kind == SYSTEM_UNKNOWN || d.answer.kind == SYSTEM_NOTHING);
    }
}

START_TEST(test_gsettings_broken)
{
    without_modules();
    ck_broken(!broken[_i].unsure, broken[_i].program, broken[_i].says);
}
END_TEST

START_TEST(test_gsettings_broken_here)
{
    without_modules();
    setenv("XDG_CURRENT_DESKTOP", "GNOME", 1);
    ck_broken(true, broken[_i].program, broken[_i].says);
}
END_TEST

START_TEST(test_gsettings_broken_schema)
{
    without_modules();
    put(WITH_SCHEMA, "", 0600);
    ck_broken(true, broken[_i].program, broken[_i].says);
}
END_TEST

/* ---- proxies entered in GNOME, which libproxy does not see ---- */

static const struct {
    const char *list, *url;
    const char *entry; /* NULL: a failure */
} ignored[] = {
    {"['localhost', '127.0.0.0/8', '::1']", "https://a.example/", NULL},
    {"@as []", "https://a.example/", NULL},
    {"['a.example']", "https://a.example/", "ignore-hosts has a.example"},
    {"['a.example']", "https://b.a.example/", NULL},
    {"['x', 'A.Example']", "https://a.example:8443/", "ignore-hosts has A.Example"},
    {"['*.example']", "https://a.example/", "ignore-hosts has *.example"},
    {"['.example']", "https://a.example/", "ignore-hosts has .example"},
    {"['.ample']", "https://a.example/", NULL},
    {"['10.0.0.0/8']", "http://10.2.3.4/", "ignore-hosts has 10.0.0.0/8"},
    {"['10.0.0.0/8']", "http://11.2.3.4/", NULL},
    {"['fd00::/8']", "http://[fd00::1]/", "ignore-hosts has fd00::/8"},
};

START_TEST(test_ignored)
{
    char program[256];

    without_modules();
    if (_i % 2 == 0)
        setenv("XDG_CURRENT_DESKTOP", "GNOME", 1);
    snprintf(program, sizeof(program), MODE("manual", "echo \"%s\""), ignored[_i].list);
    put("gsettings", program, 0700);
    desktop_proxy(&d, ignored[_i].url);
    ck_assert(!d.answer.every_url);
    ck_answer(ignored[_i].entry != NULL ? SYSTEM_DIRECT : SYSTEM_FAILED, "GNOME",
              ignored[_i].entry);
    if (ignored[_i].entry == NULL)
        ck_assert_ptr_nonnull(strstr(d.text.data, "libproxy1-plugin-gsettings"));
}
END_TEST

/* ---- KDE ---- */

#define KDE "[Proxy Settings]\n"

static const struct {
    const char *file, *url;
    enum system_kind kind;
    const char *text;
} by_hand[] = {
    {KDE "ProxyType=1\nhttpProxy=http://p 3128\n", "http://a/", SYSTEM_PROXIES,
     "http://p:3128"},
    {KDE "ProxyType=1\nhttpProxy=http://p:3128\n", "http://a/", SYSTEM_PROXIES,
     "http://p:3128"},
    {KDE "ProxyType=1\nhttpProxy=p 3128\n", "http://a/", SYSTEM_PROXIES,
     "http://p:3128"},
    {KDE "ProxyType=1\nhttpProxy=http://h\nhttpsProxy=http://u:x@s 1\n", "https://a/",
     SYSTEM_PROXIES, "http://s:1"},
    {KDE "ProxyType=1\nhttpsProxy=\nsocksProxy=socks://s 1080\n", "https://a/",
     SYSTEM_PROXIES, "socks://s:1080"},
    {KDE "ProxyType=1\nsocksProxy=[::1]:1080\n", "https://a/", SYSTEM_PROXIES,
     "socks://[::1]:1080"},
    {KDE "ProxyType=1\nhttpProxy=http://p 3128\nhttpsProxy=http:// 0\n", "https://a/",
     SYSTEM_FAILED, NULL},
    {KDE "ProxyType=1\n", "http://a/", SYSTEM_FAILED, NULL},
    {KDE "ProxyType=1\nhttpProxy=http://p 1\nNoProxyFor=x,a.example\n",
     "http://b.a.example/", SYSTEM_DIRECT, "NoProxyFor has the host"},
    {KDE "ProxyType=1\nhttpProxy=http://p 1\nNoProxyFor=x,a.example\n",
     "http://a.examples/", SYSTEM_PROXIES, "http://p:1"},
    {KDE "ProxyType=1\nhttpProxy=http://p 1\nNoProxyFor=a.example\n"
         "ReversedException=true\n",
     "http://a.example/", SYSTEM_PROXIES, "http://p:1"},
    {KDE "ProxyType=1\nhttpProxy=http://p 1\nNoProxyFor=a.example\n"
         "ReversedException=true\n",
     "http://b.example/", SYSTEM_DIRECT, "only NoProxyFor goes through its proxy"},
    {KDE "ProxyType=2\n", "http://a/", SYSTEM_FAILED,
     "ProxyType is 2, but Proxy Config Script is missing"},
    {KDE "ProxyType=7\n", "http://a/", SYSTEM_FAILED,
     "ProxyType is \"7\", which is unknown"},
    {KDE "ProxyType=none\n", "http://a/", SYSTEM_FAILED, NULL},
    {KDE "ProxyTyp", "http://a/", SYSTEM_FAILED, "the file is damaged"},
    {"\177ELF\1", "http://a/", SYSTEM_FAILED, "the file is damaged"},
};

START_TEST(test_kde_by_hand)
{
    without_modules();
    put("kioslaverc", by_hand[_i].file, 0600);
    desktop_proxy(&d, by_hand[_i].url);
    ck_answer(by_hand[_i].kind, "KDE", by_hand[_i].text);
    ck_assert_int_eq(d.answer.every_url, strstr(by_hand[_i].file, "Type=1") == NULL);
}
END_TEST

/* From the variables, or a file that says nothing of proxies: nothing is added. */
START_TEST(test_kde_nothing)
{
    static const char *const texts[] = {
        KDE "ProxyType=4\nhttpProxy=HTTP_PROXY\nhttpsProxy=HTTPS_PROXY\n",
        KDE "PersistentProxyConnection=false\n", ""};

    without_modules();
    setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    for (int i = 0; i < COUNT(texts); i++) {
        put("kioslaverc", texts[i], 0600);
        desktop_proxy(&d, "http://a/");
        ck_answer(d.answer.kind, "libproxy", NULL);
        ck_assert(d.answer.kind == SYSTEM_UNKNOWN || d.answer.kind == SYSTEM_NOTHING);
    }
}
END_TEST

START_TEST(test_kde_folder)
{
    put("kioslaverc/x", "", 0600);
    for (int i = 0; i < 2; i++) {
        desktop_proxy(&d, "http://a/");
        ck_answer(SYSTEM_FAILED, "KDE", "the file cannot be read");
        setenv("XDG_CURRENT_DESKTOP", "KDE", 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("desktop");
    TCase *sources = tcase_create("sources");

    tcase_set_timeout(sources, 30);
    tcase_add_checked_fixture(sources, begin_desktop, end_desktop);
    tcase_add_test(sources, test_order);
    tcase_add_test(sources, test_modes);
    tcase_add_test(sources, test_none);
    tcase_add_test(sources, test_libproxy);
    tcase_add_loop_test(sources, test_gsettings_broken, 0, COUNT(broken));
    tcase_add_loop_test(sources, test_gsettings_broken_here, 0, COUNT(broken));
    tcase_add_loop_test(sources, test_gsettings_broken_schema, 0, COUNT(broken));
    tcase_add_loop_test(sources, test_ignored, 0, COUNT(ignored));
    tcase_add_loop_test(sources, test_kde_by_hand, 0, COUNT(by_hand));
    tcase_add_test(sources, test_kde_nothing);
    tcase_add_test(sources, test_kde_folder);
    suite_add_tcase(suite, sources);
    return suite_run(suite);
}
