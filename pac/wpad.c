/*
 * wpad: where the network's PAC file may be, by DHCP leases and DNS. See desktop.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* EAI_NODATA */
#endif

#include <glob.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pac/desktop.h"
#include "pac/run.h"
#include "pac/settings_text.h"

#define LEASE_LIMIT  1048576
#define DOMAIN_LIMIT 248 /* bytes, so that a name below it is one, too */

static const struct {
    const char *pattern;
    enum settings_lease kind;
    const char *source;
} places[] = {
    {"/run/systemd/netif/leases/*", SETTINGS_NETWORKD, "DHCP (systemd-networkd)"},
    {"/var/lib/NetworkManager/dhclient-*.lease", SETTINGS_DHCLIENT,
     "DHCP (dhclient of NetworkManager)"},
    {"/var/lib/dhcp/dhclient*.leases", SETTINGS_DHCLIENT, "DHCP (dhclient)"},
    {"/var/lib/dhclient/*.lease*", SETTINGS_DHCLIENT, "DHCP (dhclient)"},
};

struct found {
    struct buf url;
    const char *source;
    time_t when; /* of the file: the newest lease counts */
};

/* Whoever answers DHCP names no files of ours. */
static bool is_web(struct span url)
{
    return span_starts_nocase(url, SPAN("http://")) ||
           span_starts_nocase(url, SPAN("https://"));
}

static void look(struct found *found, const char *path, size_t place)
{
    struct buf text, url;
    struct stat st;

    buf_init(&text, LEASE_LIMIT);
    buf_init(&url, LEASE_LIMIT);
    if (desktop_read(path, &text, &st) &&
        (found->source == NULL || st.st_mtime > found->when) &&
        settings_lease(buf_span(&text), places[place].kind, (uint64_t)time(NULL),
                       &url) &&
        is_web(buf_span(&url))) {
        buf_reset(&found->url);
        (void)buf_append_span(&found->url, buf_span(&url));
        found->source = places[place].source;
        found->when = st.st_mtime;
    }
    buf_clear(&text);
    buf_clear(&url);
}

static void look_at_files(struct found *found, const char *root)
{
    char pattern[4096];
    glob_t paths;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(pattern, sizeof(pattern), "%s%s", root, places[i].pattern);
        if (glob(pattern, 0, NULL, &paths) != 0)
            continue;
        for (size_t j = 0; j < paths.gl_pathc; j++)
            look(found, paths.gl_pathv[j], i);
        globfree(&paths);
    }
}

/* Its own leases cannot be read by users, and have a format of their own. */
static void ask_networkmanager(struct found *found)
{
    const char *argv[] = {"nmcli", "-t", "-f", "DHCP4", "device", "show", NULL};
    struct buf printed;

    buf_init(&printed, LEASE_LIMIT);
    if (run_capture(argv, &printed) == 0 &&
        settings_lease(buf_span(&printed), SETTINGS_NMCLI, 0, &found->url) &&
        is_web(buf_span(&found->url)))
        found->source = "DHCP (NetworkManager)";
    else
        buf_reset(&found->url);
    buf_clear(&printed);
}

/* ---- the name ---- */

/* The last line with one counts, and of `search` the first name: resolv.conf(5). */
static void read_domain(const char *root, struct buf *out)
{
    struct span rest, line, word;
    struct stat st;
    struct buf text;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
    buf_init(&text, LEASE_LIMIT);
    if (!desktop_read(path, &text, &st))
        buf_reset(&text);
    rest = buf_span(&text);
    while (span_next(&rest, "\n", &line)) {
        line = span_trim(line);
        if (!span_next(&line, " \t", &word) ||
            (!span_equal(word, SPAN("domain")) && !span_equal(word, SPAN("search"))))
            continue;
        line = span_trim(line);
        buf_reset(out);
        if (span_next(&line, " \t", &word))
            (void)buf_append_span(out, word);
    }
    buf_clear(&text);
    /* Of a domain without a dot everything would be somebody else's. */
    if (span_find(buf_span(out), '.') == out->len)
        buf_reset(out);
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || c == '-' || c == '_';

        if (!good && (c != '.' || i == 0 || s.at[i - 1] == '.'))
            return false;
    }
    return s.len > 0 && s.len <= DOMAIN_LIMIT;
}

int desktop_lookup_name(const char *name)
{
    struct addrinfo *list = NULL;
    int error = getaddrinfo(name, "80", NULL, &list);

    if (error == 0)
        freeaddrinfo(list);
    return error;
}

/*
 * Whether there is wpad.DOMAIN. The dot at its end keeps the C library from trying it
 * under other domains, too.
 */
static int look_up(struct span domain, desktop_lookup *lookup)
{
    char name[DOMAIN_LIMIT + sizeof("wpad..")];

    (void)snprintf(name, sizeof(name), "wpad.%.*s.", SPAN_ARG(domain));
    return lookup(name);
}

static bool is_absent(int error)
{
    return error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
}

/* Without a URL: why there is none. */
static void explain(struct desktop *d, struct span domain, int error)
{
    struct buf why;

    buf_init(&why, SYSTEM_TEXT_LIMIT);
    (void)buf_append_text(&why, "no DHCP lease with option 252");
    if (domain.len == 0)
        (void)buf_append_text(&why, ", and no domain to look for wpad in");
    else
        (void)buf_printf(&why, ", and wpad.%.*s: %s", SPAN_ARG(domain),
                         is_absent(error) ? "no such name" : gai_strerror(error));
    (void)desktop_say(
        d, domain.len == 0 || is_absent(error) ? SYSTEM_NOTHING : SYSTEM_FAILED,
        "DHCP, DNS", buf_span(&why));
    buf_clear(&why);
}

void desktop_wpad(struct desktop *d, const char *root, struct span domain,
                  desktop_lookup *lookup)
{
    struct found found = {.source = NULL};
    struct buf own, urls;
    char source[128];
    int error = 0;

    desktop_clear(d);
    desktop_init(d);
    buf_init(&own, LEASE_LIMIT);
    buf_init(&urls, SYSTEM_TEXT_LIMIT);
    buf_init(&found.url, SYSTEM_URL_LIMIT);
    ask_networkmanager(&found);
    if (found.source == NULL)
        look_at_files(&found, root);
    if (domain.len == 0) {
        read_domain(root, &own);
        domain = buf_span(&own);
    }
    if (!is_name(domain))
        domain.len = 0;
    if (domain.len > 0)
        error = look_up(domain, lookup);
    if (found.source != NULL)
        (void)buf_append_span(&urls, buf_span(&found.url));
    if (domain.len > 0 && error == 0)
        (void)buf_printf(&urls, "%shttp://wpad.%.*s/wpad.dat", urls.len > 0 ? "\n" : "",
                         SPAN_ARG(domain));
    (void)snprintf(source, sizeof(source), "%s%s",
                   found.source != NULL ? found.source : "",
                   domain.len == 0 || error != 0 ? ""
                   : found.source != NULL        ? ", DNS"
                                                 : "DNS");
    if (urls.len > 0)
        (void)desktop_say(d, SYSTEM_PAC_URL, source, buf_span(&urls));
    else
        explain(d, domain, error);
    buf_clear(&found.url);
    buf_clear(&urls);
    buf_clear(&own);
}
