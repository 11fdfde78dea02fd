/*
 * pattern: one entry of a bypass list (NO_PROXY, noproxy:), matched against a host and
 * port.
 *
 * Accepted is the union of all forms in use (reference: Go, curl, undici, cntlm):
 *   *                 everything
 *   example.com       that name and what is below it
 *   .example.com      the same
 *   *.example.com     what is below it, not the name itself
 *   192.0.2.1         that address;  10.0.0.0/8, fd00::/8, 127.*  networks
 *   <local>           names without a dot
 *   any of them with :PORT, IPv6 then in brackets
 * Names are compared without case and without a trailing dot, and are never resolved:
 * networks match address literals only.
 */
#ifndef CCGATE_BASE_PATTERN_H
#define CCGATE_BASE_PATTERN_H

#include "base/netaddr.h"

enum pattern_kind {
    PATTERN_ANY,
    PATTERN_DOMAIN,    /* the name and what is below it */
    PATTERN_SUBDOMAIN, /* only what is below it */
    PATTERN_NETWORK,
    PATTERN_GLOB,  /* any other place of '*' */
    PATTERN_LOCAL, /* no dot in the name */
};

struct pattern {
    enum pattern_kind kind;
    uint16_t port; /* 0: any */
    char *name;    /* DOMAIN, SUBDOMAIN, GLOB: lower case, no leading or trailing dot */
    struct netblock block;
};

/*
 * Parses one entry. Returns NULL, or what is wrong with it as a sentence fragment.
 * On success pattern_clear() frees what it holds.
 */
const char *pattern_parse(struct pattern *p, struct span text);
void pattern_clear(struct pattern *p);

/* host without brackets; port 0 matches only patterns without a port. */
bool pattern_match(const struct pattern *p, struct span host, uint16_t port);

#endif
