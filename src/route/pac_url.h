/*
 * pac_url: a request as a PAC script is shown it. Pure.
 */
#ifndef CCGATE_ROUTE_PAC_URL_H
#define CCGATE_ROUTE_PAC_URL_H

#include "base/buf.h"

#define PAC_URL_LIMIT 65536 /* bytes; a longer path is cut */

/*
 * Appends the URL as Chrome shows it: without userinfo and fragment, the host in lower
 * case, the port only where it is not the scheme's. What is secure (CONNECT, https) is
 * shown without path and query, whose secrets are nobody else's business. host is
 * without brackets; path begins with '/' or '?', or is empty. 0, -ENOMEM, -EMSGSIZE.
 */
int pac_url_write(struct buf *out, bool secure, struct span host, uint16_t port,
                  struct span path);

/* Appends the host as the script is given it: lower case, without brackets. */
int pac_url_host(struct buf *out, struct span host);

#endif
