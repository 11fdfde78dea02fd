/*
 * url: strict splitting of URLs and authorities (RFC 3986 section 3, RFC 9110
 * section 4.2). Everything is a view into the text that was given. Pure.
 */
#ifndef CCGATE_BASE_URL_H
#define CCGATE_BASE_URL_H

#include "base/span.h"

struct url {
    struct span scheme;   /* as written, compare without case */
    struct span userinfo; /* as written (percent-encoded), empty if none */
    bool has_userinfo;
    struct span host;  /* without brackets; never empty */
    bool host_is_ipv6; /* it stood in brackets */
    uint16_t port;     /* explicit, else the scheme's default, else 0 */
    bool has_port;     /* it was written */
    struct span
        path_query; /* from the first '/' or '?', without fragment; may be empty */
};

/*
 * Splits an absolute URL with an authority. Returns NULL, or what is wrong with it as a
 * sentence fragment ("has no scheme", "port 99999 is out of range"), a static string.
 * Control characters, blanks, backslashes and bytes above 0x7e are refused everywhere.
 */
const char *url_parse(struct url *url, struct span text);

/*
 * Splits host:port (authority-form, RFC 9112 section 3.2.3). The port is mandatory and
 * 1..65535. Returns NULL or what is wrong, as above.
 */
const char *authority_parse(struct span text, struct span *host, bool *host_is_ipv6,
                            uint16_t *port);

/* 80, 443, 1080 (socks...) or 0. */
uint16_t url_default_port(struct span scheme);

/* Whether every byte may stand in a host: reg-name or IP literal without brackets. */
bool url_host_valid(struct span host, bool ipv6);

/*
 * Decodes %XX into out (at most s.len bytes). Returns the decoded length, or -EINVAL
 * for a broken escape.
 */
long url_percent_decode(struct span s, char *out);

#endif
