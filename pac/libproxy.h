/*
 * libproxy: the library of that name, opened when it is asked for, 0.4 and 0.5. It
 * blocks as long as it likes.
 */
#ifndef CCGATE_PAC_LIBPROXY_H
#define CCGATE_PAC_LIBPROXY_H

#include "base/buf.h"

/*
 * Appends what libproxy says of a URL, one entry a line, without userinfo. False: it is
 * not installed, or it said nothing.
 */
bool libproxy_ask(const char *url, struct buf *out);

/*
 * "libproxy 0.5", "libproxy 0.4 without a PAC engine of its own" or "no libproxy".
 * Static.
 */
const char *libproxy_describe(void);

/* One entry of its list, checked and without userinfo; empty: it is none. */
struct span libproxy_entry(const char *entry, char *out, size_t size);

#endif
