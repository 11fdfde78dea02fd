/*
 * hop_kind: names of the kinds of proxies. See hop_kind.h.
 */
#include "base/hop_kind.h"

#include <stddef.h>

const char *hop_kind_name(enum hop_kind kind)
{
    static const char *const NAMES[] = {
        [HOP_HTTP] = "http",     [HOP_HTTPS] = "https",   [HOP_SOCKS4] = "socks4",
        [HOP_SOCKS5] = "socks5", [HOP_DIRECT] = "direct",
    };

    return NAMES[kind];
}

/* In curl's names, 'a' and 'h' ask for names to be passed on, which we always do. */
bool hop_kind_of_scheme(struct span scheme, enum hop_kind *kind)
{
    static const struct {
        const char *scheme;
        enum hop_kind kind;
    } SCHEMES[] = {
        {"http", HOP_HTTP},      {"https", HOP_HTTPS},   {"socks4", HOP_SOCKS4},
        {"socks4a", HOP_SOCKS4}, {"socks5", HOP_SOCKS5}, {"socks5h", HOP_SOCKS5},
    };

    for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
        if (!span_equal_nocase(scheme, span_of(SCHEMES[i].scheme)))
            continue;
        *kind = SCHEMES[i].kind;
        return true;
    }
    return false;
}

bool hop_kind_is_http(enum hop_kind kind)
{
    return kind == HOP_HTTP || kind == HOP_HTTPS;
}

bool hop_kind_is_socks(enum hop_kind kind)
{
    return kind == HOP_SOCKS4 || kind == HOP_SOCKS5;
}
