/*
 * pac_result: what a PAC script says, taken apart as Chrome does. Pure.
 *
 * The result is a list with ';'. Types are compared without case; any run of blanks
 * stands before the host. What is no entry is passed over and the rest stays: an
 * unknown type ("HTTP h:p"), "DIRECT x", an empty or bad port, userinfo, control bytes.
 */
#ifndef CCGATE_ROUTE_PAC_RESULT_H
#define CCGATE_ROUTE_PAC_RESULT_H

#include "base/span.h"

enum pac_way {
    PAC_WAY_DIRECT,
    PAC_WAY_HTTP,   /* PROXY, port 80 */
    PAC_WAY_HTTPS,  /* HTTPS, port 443: TLS to the proxy */
    PAC_WAY_SOCKS4, /* SOCKS or SOCKS4, port 1080 */
    PAC_WAY_SOCKS5, /* port 1080 */
};

struct pac_entry {
    enum pac_way way;
    struct span host; /* a view into the result, without brackets; empty for DIRECT */
    uint16_t port;    /* 0 for DIRECT */
};

/* Cuts the next entry off the result. False when there is none left. */
bool pac_result_next(struct span *rest, struct pac_entry *entry);

/*
 * Whether nothing at all stands there, which means DIRECT, unlike a result whose
 * entries are all unknown.
 */
bool pac_result_is_empty(struct span result);

#endif
