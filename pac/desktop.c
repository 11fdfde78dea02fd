/*
 * desktop: the sources of the system's settings, in their order. See desktop.h.
 */
#include "pac/desktop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

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

static bool say(struct desktop *d, enum system_kind kind, const char *source,
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
        .kind = kind, .source = buf_span(&d->source), .text = buf_span(&d->text)};
    return true;
}

/* ---- variables ---- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Whether a variable counts for the URL. If it names a PAC file, that is said. */
static bool environment(struct desktop *d, const char *url, bool *said)
{
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY", NULL};
    static const char *const plain[] = {"http_proxy", "HTTP_PROXY", "all_proxy",
                                        "ALL_PROXY", NULL};
    const char *const *name = strncasecmp(url, "https:", 6) == 0 ? secure : plain;
    struct span pac;

    while (*name != NULL && variable(*name) == NULL)
        name++;
    if (*name == NULL)
        return false;
    pac = settings_pac_url(span_of(variable(*name)));
    *said = pac.len > 0 && say(d, SYSTEM_PAC_URL, *name, pac);
    return true;
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
    if (span_equal(buf_span(&value), SPAN("none")) && sure) {
        said = say(d, SYSTEM_DIRECT, source, SPAN("mode is none"));
    } else if (span_equal(buf_span(&value), SPAN("auto"))) {
        said = gsettings("autoconfig-url", &value) && value.len > 0
                   ? say(d, SYSTEM_PAC_URL, source, buf_span(&value))
                   : say(d, SYSTEM_DETECT, source, SPAN("mode is auto without a URL"));
    }
out:
    buf_clear(&value);
    return said;
}

/* ---- KDE ---- */

static bool read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n;

    buf_reset(out);
    if (fd < 0)
        return false;
    do {
        if (buf_reserve(out, 1) != 0)
            break;
        n = read(fd, buf_tail(out), buf_room(out));
        if (n > 0)
            buf_commit(out, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    (void)close(fd);
    return out->len > 0;
}

static bool kioslaverc(struct buf *out)
{
    const char *config = variable("XDG_CONFIG_HOME"), *home = variable("HOME");
    char path[4096];

    if (config != NULL)
        (void)snprintf(path, sizeof(path), "%s/kioslaverc", config);
    else if (home != NULL)
        (void)snprintf(path, sizeof(path), "%s/.config/kioslaverc", home);
    else
        return false;
    return read_file(path, out);
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
    if (span_equal(type, SPAN("2")) && url.len > 0)
        said = say(d, SYSTEM_PAC_URL, source, url);
    else if (span_equal(type, SPAN("3")))
        said = say(d, SYSTEM_DETECT, source, SPAN("ProxyType is 3"));
    else if (span_equal(type, SPAN("0")) && sure)
        said = say(d, SYSTEM_DIRECT, source, SPAN("ProxyType is 0"));
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

/* "direct://" of libproxy is what is left when nothing is set, and when something
 * failed. */
static void libproxy(struct desktop *d, const char *url)
{
    struct buf said;

    buf_init(&said, SYSTEM_TEXT_LIMIT);
    if (!libproxy_ask(url, &said))
        (void)say(d, SYSTEM_NOTHING, libproxy_describe(), SPAN(""));
    else if (span_starts(buf_span(&said), SPAN("direct://")))
        (void)say(d, SYSTEM_UNKNOWN, libproxy_describe(),
                  SPAN("direct, which it also says when something failed"));
    else
        (void)say(d, SYSTEM_PROXIES, libproxy_describe(), buf_span(&said));
    buf_clear(&said);
}

void desktop_proxy(struct desktop *d, const char *url)
{
    bool said = false;

    desktop_clear(d);
    desktop_init(d);
    if (!environment(d, url, &said))
        said = desktop(d);
    if (!said)
        libproxy(d, url);
}
