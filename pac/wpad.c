/*
 * wpad: where the network's PAC file may be, by DHCP leases and DNS. See desktop.h.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pac/desktop.h"
#include "pac/run.h"
#include "pac/settings_text.h"

#define LEASE_LIMIT 1048576

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

static bool read_lease(const char *path, struct buf *text, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = -1;

    buf_reset(text);
    if (fd < 0)
        return false;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        do {
            n = buf_reserve(text, 1) != 0 ? -1
                                          : read(fd, buf_tail(text), buf_room(text));
            if (n > 0)
                buf_commit(text, (size_t)n);
        } while (n > 0);
    (void)close(fd);
    return n == 0;
}

static void look(struct found *found, const char *path, size_t place)
{
    struct buf text, url;
    struct stat st;

    buf_init(&text, LEASE_LIMIT);
    buf_init(&url, LEASE_LIMIT);
    if (read_lease(path, &text, &st) &&
        (found->source == NULL || st.st_mtime > found->when) &&
        settings_lease(buf_span(&text), places[place].kind, (uint64_t)time(NULL),
                       &url)) {
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
        settings_lease(buf_span(&printed), SETTINGS_NMCLI, 0, &found->url))
        found->source = "DHCP (NetworkManager)";
    buf_clear(&printed);
}

void desktop_wpad(struct desktop *d, const char *root, struct span domain)
{
    struct found found = {.source = NULL};

    desktop_clear(d);
    desktop_init(d);
    buf_init(&found.url, SYSTEM_URL_LIMIT);
    ask_networkmanager(&found);
    if (found.source == NULL)
        look_at_files(&found, root);
    if (found.source != NULL) {
        (void)buf_append_text(&d->source, found.source);
        (void)buf_append_span(&d->text, buf_span(&found.url));
    }
    if (domain.len > 0) {
        (void)buf_append_text(&d->source, found.source != NULL ? ", DNS" : "DNS");
        (void)buf_printf(&d->text, "%shttp://wpad.%.*s/wpad.dat",
                         found.source != NULL ? "\n" : "", SPAN_ARG(domain));
    }
    d->answer = (struct system_answer){
        .kind = d->text.len > 0 ? SYSTEM_PAC_URL : SYSTEM_NOTHING,
        .source = buf_span(&d->source),
        .text = buf_span(&d->text),
    };
    buf_clear(&found.url);
}
