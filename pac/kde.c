/*
 * kde: the proxy settings of KDE, in its file kioslaverc. See desktop.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pac/desktop.h"
#include "pac/libproxy.h"
#include "pac/settings_text.h"

#define GROUP      "Proxy Settings"
#define SOURCE     "KDE (kioslaverc)"
#define FILE_LIMIT 1048576

/* ---- the file ---- */

enum file {
    FILE_READ,
    FILE_ABSENT,
    FILE_BAD, /* it is there, but cannot be read */
};

/* here: what hides it does not make it absent. */
static enum file kioslaverc(bool here, struct buf *out)
{
    const char *config = desktop_variable("XDG_CONFIG_HOME");
    const char *home = desktop_variable("HOME");
    struct stat st;
    char path[4096];

    if (config != NULL)
        (void)snprintf(path, sizeof(path), "%s/kioslaverc", config);
    else if (home != NULL)
        (void)snprintf(path, sizeof(path), "%s/.config/kioslaverc", home);
    else
        return FILE_ABSENT;
    if (stat(path, &st) != 0)
        return here && errno != ENOENT && errno != ENOTDIR ? FILE_BAD : FILE_ABSENT;
    return desktop_read(path, out, &st) ? FILE_READ : FILE_BAD;
}

static struct span value_of(const struct buf *file, const char *key)
{
    return settings_kde(buf_span(file), GROUP, key);
}

/* ProxyType: 0 none, 1 by hand, 2 PAC, 3 WPAD, 4 the environment. */
static bool take_type(struct desktop *d, const struct buf *file, bool here)
{
    struct span type = value_of(file, "ProxyType");
    struct span url = value_of(file, "Proxy Config Script");

    if (type.len == 0 && !settings_kde_valid(buf_span(file)))
        return desktop_fail(d, SOURCE, "the file is damaged");
    if (type.len == 0 || span_equal(type, SPAN("4")))
        return false; /* the variables are the daemon's business */
    if (span_equal(type, SPAN("0")))
        return here && desktop_say(d, SYSTEM_DIRECT, SOURCE, SPAN("ProxyType is 0"));
    if (span_equal(type, SPAN("1"))) {
        d->manual = DESKTOP_MANUAL_KDE;
        d->by_url = true;
        return false;
    }
    if (span_equal(type, SPAN("2")) && url.len > 0)
        return desktop_say(d, SYSTEM_PAC_URL, SOURCE, url);
    if (span_equal(type, SPAN("2")))
        return desktop_fail(d, SOURCE,
                            "ProxyType is 2, but Proxy Config Script is missing");
    if (span_equal(type, SPAN("3")))
        return desktop_say(d, SYSTEM_DETECT, SOURCE, SPAN("ProxyType is 3"));
    return desktop_fail(d, SOURCE, "ProxyType is \"%.*s\", which is unknown",
                        (int)(type.len < 40 ? type.len : 40), type.at);
}

bool kde_ask(struct desktop *d, bool here)
{
    struct buf file;
    bool said = false;

    buf_init(&file, FILE_LIMIT);
    switch (kioslaverc(here, &file)) {
    case FILE_READ:
        said = take_type(d, &file, here);
        break;
    case FILE_ABSENT:
        break;
    case FILE_BAD:
        said = desktop_fail(d, SOURCE, "the file cannot be read");
        break;
    }
    buf_clear(&file);
    return said;
}

/* ---- proxies entered by hand ---- */

/* "http://host 3128" or "http://host:3128", in one form; false: it names no host. */
static bool take_proxy(struct span value, const char *scheme, char *out, size_t size)
{
    size_t colon = span_find(value, ':');
    bool has_scheme = span_starts(span_skip(value, colon), SPAN("://"));
    struct span rest = has_scheme ? span_skip(value, colon + 3) : value;
    struct span host = {rest.at, span_find(rest, ' ')};
    struct span port = span_trim(span_skip(rest, host.len));
    struct span of = has_scheme ? (struct span){value.at, colon} : span_of(scheme);
    char text[1024];
    int n;

    n = snprintf(text, sizeof(text), "%.*s://%.*s%s%.*s", SPAN_ARG(of), SPAN_ARG(host),
                 port.len > 0 ? ":" : "", SPAN_ARG(port));
    return host.len > 0 && n > 0 && (size_t)n < sizeof(text) &&
           libproxy_entry(text, out, size).len > 0;
}

static void say_proxy(struct desktop *d, const struct buf *file, const char *url,
                      const char *why)
{
    const char *key =
        span_starts(span_of(url), SPAN("https:")) ? "httpsProxy" : "httpProxy";
    char proxy[1024];

    if (take_proxy(value_of(file, key), "http", proxy, sizeof(proxy)) ||
        take_proxy(value_of(file, "socksProxy"), "socks", proxy, sizeof(proxy)))
        (void)desktop_say(d, SYSTEM_PROXIES, SOURCE, span_of(proxy));
    else
        (void)desktop_fail(d, SOURCE,
                           "ProxyType is 1, but neither %s nor socksProxy names a "
                           "proxy, and %s",
                           key, why);
}

void kde_account(struct desktop *d, const char *url, const char *why)
{
    struct buf file;
    struct span entry;
    bool reversed;

    buf_init(&file, FILE_LIMIT);
    if (kioslaverc(true, &file) != FILE_READ) {
        (void)desktop_fail(d, SOURCE, "the file cannot be read");
    } else {
        entry = desktop_exception(value_of(&file, "NoProxyFor"), url, true);
        reversed =
            span_equal_nocase(value_of(&file, "ReversedException"), SPAN("true"));
        if (reversed == (entry.len > 0))
            say_proxy(d, &file, url, why);
        else
            (void)desktop_say(d, SYSTEM_DIRECT, SOURCE,
                              reversed ? SPAN("only NoProxyFor goes through its proxy")
                                       : SPAN("NoProxyFor has the host"));
    }
    buf_clear(&file);
}
