/*
 * desktop: the sources of the system's settings, in their order. See desktop.h.
 */
#include "pac/desktop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "pac/libproxy.h"
#include "pac/run.h"
#include "pac/settings_text.h"

#define FILE_LIMIT  1048576
#define PRINT_LIMIT 65536

void desktop_init(struct desktop *desktop)
{
    *desktop = (struct desktop){0};
    buf_init(&desktop->source, SYSTEM_WHY_LIMIT);
    buf_init(&desktop->text, SYSTEM_TEXT_LIMIT);
}

void desktop_clear(struct desktop *desktop)
{
    buf_clear(&desktop->source);
    buf_clear(&desktop->text);
}

/* Both texts with '?' for what may not stand in them. */
static void clean(struct buf *text, bool lines)
{
    for (size_t i = 0; i < text->len; i++) {
        char *c = &text->data[text->start + i];

        if ((*c < 0x20 || *c > 0x7e) && !(lines && *c == '\n'))
            *c = '?';
    }
}

bool desktop_say(struct desktop *d, enum system_kind kind, const char *source,
                 struct span text)
{
    buf_reset(&d->source);
    (void)buf_append_text(&d->source, source);
    if (text.at != d->text.data + d->text.start) {
        buf_reset(&d->text);
        (void)buf_append_span(&d->text, text);
    }
    clean(&d->source, false);
    clean(&d->text, true);
    d->answer = (struct system_answer){
        .kind = kind,
        .every_url = !d->by_url,
        .source = buf_span(&d->source),
        .text = buf_span(&d->text),
    };
    return true;
}

/* ---- variables ---- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- GNOME ---- */

static bool gsettings(const char *key, struct buf *out)
{
    const char *argv[] = {"gsettings", "get", "org.gnome.system.proxy", key, NULL};
    struct buf printed;
    bool good;

    buf_reset(out);
    buf_init(&printed, PRINT_LIMIT);
    good =
        run_capture(argv, &printed) == 0 && settings_gvariant(buf_span(&printed), out);
    buf_clear(&printed);
    return good;
}

/* sure: it is a desktop that keeps its settings there, so that "none" is an answer. */
static bool gnome(struct desktop *d, bool sure)
{
    const char *source = "GNOME (org.gnome.system.proxy)";
    struct buf value;
    bool said = false;

    buf_init(&value, SYSTEM_TEXT_LIMIT);
    if (!gsettings("mode", &value))
        goto out;
    d->by_url = span_equal(buf_span(&value), SPAN("manual"));
    if (d->by_url) /* all other desktops that keep it there are strangers to libproxy */
        (void)setenv("DESKTOP_SESSION", "gnome", 1);
    if (span_equal(buf_span(&value), SPAN("none")) && sure) {
        said = desktop_say(d, SYSTEM_DIRECT, source, SPAN("mode is none"));
    } else if (span_equal(buf_span(&value), SPAN("auto"))) {
        said = gsettings("autoconfig-url", &value) && value.len > 0
                   ? desktop_say(d, SYSTEM_PAC_URL, source, buf_span(&value))
                   : desktop_say(d, SYSTEM_DETECT, source,
                                 SPAN("mode is auto without a URL"));
    }
out:
    buf_clear(&value);
    return said;
}

/* ---- KDE ---- */

bool desktop_read(const char *path, struct buf *out, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool good;

    buf_reset(out);
    if (fd < 0)
        return false;
    good = fstat(fd, st) == 0 && S_ISREG(st->st_mode) && file_read(fd, out) == 0;
    (void)close(fd);
    return good;
}

static bool kioslaverc(struct buf *out)
{
    const char *config = variable("XDG_CONFIG_HOME"), *home = variable("HOME");
    struct stat st;
    char path[4096];

    if (config != NULL)
        (void)snprintf(path, sizeof(path), "%s/kioslaverc", config);
    else if (home != NULL)
        (void)snprintf(path, sizeof(path), "%s/.config/kioslaverc", home);
    else
        return false;
    return desktop_read(path, out, &st);
}

/* ProxyType: 0 none, 1 by hand, 2 PAC, 3 WPAD, 4 the environment. */
static bool kde(struct desktop *d, bool sure)
{
    const char *group = "Proxy Settings", *source = "KDE (kioslaverc)";
    struct buf file;
    struct span type, url;
    bool said = false;

    buf_init(&file, FILE_LIMIT);
    if (!kioslaverc(&file))
        goto out;
    type = settings_kde(buf_span(&file), group, "ProxyType");
    url = settings_kde(buf_span(&file), group, "Proxy Config Script");
    d->by_url = d->by_url || span_equal(type, SPAN("1"));
    if (span_equal(type, SPAN("2")) && url.len > 0)
        said = desktop_say(d, SYSTEM_PAC_URL, source, url);
    else if (span_equal(type, SPAN("3")))
        said = desktop_say(d, SYSTEM_DETECT, source, SPAN("ProxyType is 3"));
    else if (span_equal(type, SPAN("0")) && sure)
        said = desktop_say(d, SYSTEM_DIRECT, source, SPAN("ProxyType is 0"));
out:
    buf_clear(&file);
    return said;
}

/* Those that keep their proxy where GNOME does. */
static bool is_desktop(const char *list, const char *const *names)
{
    struct span rest = span_of(list);
    struct span item;

    while (span_next(&rest, ":", &item))
        for (size_t i = 0; names[i] != NULL; i++)
            if (span_equal_nocase(item, span_of(names[i])))
                return true;
    return false;
}

static bool desktop(struct desktop *d)
{
    static const char *const like_gnome[] = {"GNOME",      "Unity",  "Cinnamon",
                                             "X-Cinnamon", "MATE",   "XFCE",
                                             "Pantheon",   "Budgie", NULL};
    static const char *const like_kde[] = {"KDE", NULL};
    const char *now = variable("XDG_CURRENT_DESKTOP");
    bool is_gnome = is_desktop(now, like_gnome), is_kde = is_desktop(now, like_kde);

    if (is_gnome)
        return gnome(d, true);
    if (is_kde)
        return kde(d, true);
    return gnome(d, false) || kde(d, false);
}

/* ---- the order ---- */

/* What else it reads that may name a proxy for some URLs: openSUSE's file, a sandbox.
 */
static bool has_other_settings(void)
{
    return access("/etc/sysconfig/proxy", F_OK) == 0 ||
           access("/.flatpak-info", F_OK) == 0;
}

/* "direct://" is what is left when nothing is set, and when something failed. */
static void libproxy(struct desktop *d, const char *url)
{
    struct buf said;

    buf_init(&said, SYSTEM_TEXT_LIMIT);
    if (libproxy_ask(url, &said)) {
        bool direct = span_starts(buf_span(&said), SPAN("direct://"));

        d->by_url = d->by_url || !direct || has_other_settings();
        (void)desktop_say(d, direct ? SYSTEM_UNKNOWN : SYSTEM_PROXIES,
                          libproxy_describe(),
                          direct ? SPAN("direct, or a failure") : buf_span(&said));
    } else if (d->by_url) {
        (void)desktop_say(
            d, SYSTEM_FAILED, libproxy_describe(),
            SPAN("the desktop names proxies, which only libproxy can read"));
    } else {
        (void)desktop_say(d, SYSTEM_NOTHING, libproxy_describe(), SPAN(""));
    }
    buf_clear(&said);
}

void desktop_proxy(struct desktop *d, const char *url)
{
    desktop_clear(d);
    desktop_init(d);
    if (!desktop(d))
        libproxy(d, url);
}
