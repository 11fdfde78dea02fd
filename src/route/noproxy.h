/*
 * noproxy: the one matcher for bypass lists, of the configuration and of NO_PROXY.
 */
#ifndef CCGATE_ROUTE_NOPROXY_H
#define CCGATE_ROUTE_NOPROXY_H

#include "base/pattern.h"

/*
 * Loopback, link-local and unspecified targets by name or literal: localhost and below,
 * 127/8, ::1, 169.254/16, fe80::/10, 0.0.0.0, ::, mapped forms, and IPv4 in any
 * spelling of inet_aton() (127.1, 0x7f.1, 2130706433). host without brackets.
 */
bool noproxy_is_local(struct span host);

/* The index of the first pattern that matches, or -1. */
long noproxy_match(const struct pattern *patterns, size_t count, struct span host,
                   uint16_t port);

/*
 * Splits a NO_PROXY value at commas and blanks and parses each entry; entries that are
 * no pattern are left out. *patterns is the caller's: noproxy_free(). Returns the
 * count, or -ENOMEM.
 */
long noproxy_parse(struct span value, struct pattern **patterns);

/*
 * The entry of value that became patterns[index], as written; empty if there is none. A
 * walk over the value: for explanations of a decision that was made.
 */
struct span noproxy_text(struct span value, size_t index);

void noproxy_free(struct pattern *patterns, size_t count);

#endif
