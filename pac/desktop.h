/*
 * desktop: what the environment and the desktop say of the way to a URL, and where the
 * network's own PAC file may be. Blocking: for a process that may be killed.
 */
#ifndef CCGATE_PAC_DESKTOP_H
#define CCGATE_PAC_DESKTOP_H

#include "base/system_protocol.h"

struct desktop {
    struct buf source;
    struct buf text;
    struct system_answer answer; /* views of the above */
};

void desktop_init(struct desktop *desktop);
void desktop_clear(struct desktop *desktop);

/*
 * First what names a PAC file or says that there is no proxy: variables with a "pac+"
 * URL, GNOME, KDE. Variables that name a proxy go before the desktop, as everywhere.
 * Else libproxy.
 */
void desktop_proxy(struct desktop *desktop, const char *url);

/*
 * DHCP option 252 from the leases that are there, then http://wpad.DOMAIN/wpad.dat,
 * unless the domain is empty; of that name no part is ever taken off. root is put in
 * front of all paths.
 */
void desktop_wpad(struct desktop *desktop, const char *root, struct span domain);

#endif
