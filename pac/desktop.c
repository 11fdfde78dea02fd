/*
 * desktop: the sources of the system's settings, in their order. See desktop.h.
 */
#include "pac/desktop.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/pattern.h"
#include "base/url.h"
#include "pac/libproxy.h"

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

bool desktop_fail(struct desktop *desktop, const char *source, const char *form, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, form);
    (void)vsnprintf(text, sizeof(text), form, arguments);
    va_end(arguments);
    return desktop_say(desktop, SYSTEM_FAILED, source, span_of(text));
}

/* ---- parts of it ---- */

const char *desktop_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

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

/* desktop_exception() for one entry. */
static bool excepts(struct span entry, const struct url *url, bool below)
{
    struct pattern pattern;
    bool matches;

    if (pattern_parse(&pattern, entry) != NULL)
        return false;
    matches = pattern_match(&pattern, url->host, url->port);
    if (pattern.kind == PATTERN_DOMAIN && !below && entry.at[0] != '.')
        matches = matches && span_equal_nocase(url->host, span_of(pattern.name));
    pattern_clear(&pattern);
    return matches;
}

struct span desktop_exception(struct span list, const char *url, bool below)
{
    struct url parsed;
    struct span entry;

    if (url_parse(&parsed, span_of(url)) == NULL)
        while (span_next(&list, ", \n", &entry))
            if (entry.len > 0 && excepts(entry, &parsed, below))
                return entry;
    return (struct span){NULL, 0};
}

/* ---- which desktop ---- */

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
    const char *now = desktop_variable("XDG_CURRENT_DESKTOP");
    bool is_gnome = is_desktop(now, like_gnome), is_kde = is_desktop(now, like_kde);

    if (is_gnome)
        return gnome_ask(d, true);
    if (is_kde)
        return kde_ask(d, true);
    return gnome_ask(d, false) || kde_ask(d, false);
}

/* ---- the order ---- */

/* What else it reads that may name a proxy for some URLs: openSUSE's file, a sandbox.
 */
static bool has_other_settings(void)
{
    return access("/etc/sysconfig/proxy", F_OK) == 0 ||
           access("/.flatpak-info", F_OK) == 0;
}

/* Proxies that somebody has entered are not passed by because libproxy has none. */
static void without_libproxy(struct desktop *d, const char *url, bool direct)
{
    const char *why = direct ? "libproxy says direct" : "there is no libproxy";

    if (d->manual == DESKTOP_MANUAL_GNOME)
        gnome_account(d, url, why);
    else if (d->manual == DESKTOP_MANUAL_KDE)
        kde_account(d, url, why);
    else if (direct)
        (void)desktop_say(d, SYSTEM_UNKNOWN, libproxy_describe(),
                          SPAN("direct, or a failure"));
    else
        (void)desktop_say(d, SYSTEM_NOTHING, libproxy_describe(), SPAN(""));
}

/* "direct://" is what is left when nothing is set, and when something failed. */
static void libproxy(struct desktop *d, const char *url)
{
    struct buf said;
    bool direct;

    buf_init(&said, SYSTEM_TEXT_LIMIT);
    if (libproxy_ask(url, &said)) {
        direct = span_starts(buf_span(&said), SPAN("direct://"));
        d->by_url = d->by_url || !direct || has_other_settings();
        if (direct)
            without_libproxy(d, url, true);
        else
            (void)desktop_say(d, SYSTEM_PROXIES, libproxy_describe(), buf_span(&said));
    } else {
        without_libproxy(d, url, false);
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
