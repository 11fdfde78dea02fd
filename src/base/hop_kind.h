/*
 * hop_kind: the kinds of entries in a list of ways out, and what they are called. Pure.
 */
#ifndef CCGATE_BASE_HOP_KIND_H
#define CCGATE_BASE_HOP_KIND_H

#include "base/span.h"

enum hop_kind {
    HOP_HTTP,
    HOP_HTTPS,  /* TLS to the proxy itself */
    HOP_SOCKS4, /* 4a: it is given names, too */
    HOP_SOCKS5,
    HOP_DIRECT, /* no proxy: the target itself */
};

/* The scheme of its URL, or "direct". */
const char *hop_kind_name(enum hop_kind kind);

/* The kind that a URL's scheme stands for; false: no proxy's. */
bool hop_kind_of_scheme(struct span scheme, enum hop_kind *kind);

/* It takes requests in absolute-form, CONNECT, header lines, and the global login. */
bool hop_kind_is_http(enum hop_kind kind);
bool hop_kind_is_socks(enum hop_kind kind);

#endif
