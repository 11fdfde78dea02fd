/*
 * settings_text: what the desktop's settings and DHCP leases say about the proxy, taken
 * out of their texts. Pure.
 */
#ifndef CCGATE_PAC_SETTINGS_TEXT_H
#define CCGATE_PAC_SETTINGS_TEXT_H

#include "base/buf.h"

/*
 * The string that `gsettings get` prints as GVariant text ('a', or "it's"), decoded, at
 * the end of `out`. False: it is no string.
 */
bool settings_gvariant(struct span text, struct buf *out);

/*
 * Appends the strings of a list that `gsettings get` prints ("['a', 'b']", "@as []"),
 * one a line. False: it is no such list.
 */
bool settings_gvariant_list(struct span text, struct buf *out);

/*
 * The value of a key in a group of a KDE configuration file, the last one if there are
 * several; empty: it is not there.
 */
struct span settings_kde(struct span text, const char *group, const char *key);

/* Whether all its lines are such as stand in a KDE configuration file. */
bool settings_kde_valid(struct span text);

/* Where a lease comes from: how its text is read. */
enum settings_lease {
    SETTINGS_DHCLIENT, /* dhclient.conf(5), all leases in one file, the last one counts
                        */
    SETTINGS_NETWORKD, /* KEY=VALUE of systemd-networkd: OPTION_252= in hex */
    SETTINGS_NMCLI,    /* nmcli -t -f DHCP4 device show */
};

/*
 * Appends DHCP option 252 as text, without a NUL or blanks at its end. False: it is not
 * there, or the lease has expired (now: seconds since 1970), or it is no printable
 * text.
 */
bool settings_lease(struct span text, enum settings_lease kind, uint64_t now,
                    struct buf *out);

#endif
