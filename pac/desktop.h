/*
 * desktop: what the desktop and libproxy say of the way to a URL, and where the
 * network's own PAC file may be. Blocking: for a process that may be killed.
 */
#ifndef CCGATE_PAC_DESKTOP_H
#define CCGATE_PAC_DESKTOP_H

#include <sys/stat.h>

#include "base/system_protocol.h"

/* Where somebody has entered proxies by hand. */
enum desktop_manual {
    DESKTOP_NOT_MANUAL,
    DESKTOP_MANUAL_GNOME,
    DESKTOP_MANUAL_KDE,
};

struct desktop {
    struct buf source;
    struct buf text;
    bool by_url; /* what was found says different things of URLs */
    enum desktop_manual manual;
    struct system_answer answer; /* views of the above */
};

void desktop_init(struct desktop *desktop);
void desktop_clear(struct desktop *desktop);

/*
 * First what names a PAC file: GNOME, KDE, and whether proxies were entered there; then
 * libproxy, which reads those, and whose "direct" they must account for. The proxy
 * variables are the daemon's business, and are not looked at here.
 */
void desktop_proxy(struct desktop *desktop, const char *url);

/* Looks a name up: 0, or what getaddrinfo() fails with. */
typedef int desktop_lookup(const char *name);
desktop_lookup desktop_lookup_name;

/*
 * DHCP option 252 from the leases that are there, then http://wpad.DOMAIN/wpad.dat if
 * there is such a name; of the domain no part is ever taken off. If it is empty it is
 * that of resolv.conf. root is put in front of all paths.
 */
void desktop_wpad(struct desktop *desktop, const char *root, struct span domain,
                  desktop_lookup *lookup);

/* ---- for the files behind this ---- */

/* Sets the answer, without what may not stand in it; text may be the desktop's own. */
bool desktop_say(struct desktop *desktop, enum system_kind kind, const char *source,
                 struct span text);

/* A variable that is not empty, or NULL. */
const char *desktop_variable(const char *name);

/* A failure; the text is printf()'s. */
bool desktop_fail(struct desktop *desktop, const char *source, const char *form, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What the settings say, if they say it without libproxy. here: it is the desktop's
 * own place for them, so that they must be there. False: nothing so far; `manual` and
 * `by_url` are then set.
 */
bool gnome_ask(struct desktop *desktop, bool here);
bool kde_ask(struct desktop *desktop, bool here);

/*
 * Proxies were entered by hand, and libproxy names none, for which `why` is its reason:
 * direct as the list of exceptions has it, or the proxy (KDE), or a failure.
 */
void gnome_account(struct desktop *desktop, const char *url, const char *why);
void kde_account(struct desktop *desktop, const char *url, const char *why);

/*
 * The entry of a list of exceptions that matches the URL's host; empty: none does. A
 * name alone is that host, and with `below` also what is below it.
 */
struct span desktop_exception(struct span list, const char *url, bool below);

/* A regular file's text in place of what is in out. False: there is none. */
bool desktop_read(const char *path, struct buf *out, struct stat *st);

#endif
