/*
 * desktop: what the desktop and libproxy say of the way to a URL, and where the
 * network's own PAC file may be. Blocking: for a process that may be killed.
 */
#ifndef CCGATE_PAC_DESKTOP_H
#define CCGATE_PAC_DESKTOP_H

#include <sys/stat.h>

#include "base/system_protocol.h"

struct desktop {
    struct buf source;
    struct buf text;
    bool by_url;                 /* what was found says different things of URLs */
    struct system_answer answer; /* views of the above */
};

void desktop_init(struct desktop *desktop);
void desktop_clear(struct desktop *desktop);

/*
 * First what names a PAC file or says that there is no proxy: GNOME, KDE. Else
 * libproxy. The proxy variables are the daemon's business, and are not looked at here.
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

/* A regular file's text in place of what is in out. False: there is none. */
bool desktop_read(const char *path, struct buf *out, struct stat *st);

#endif
