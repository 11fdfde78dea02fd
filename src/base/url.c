/*
 * url: strict splitting of URLs and authorities. See url.h.
 */
#include "base/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define HOST_LIMIT 255 /* RFC 1035 section 2.3.4 */
#define ZONE_LIMIT 32

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static struct span first(struct span s, size_t n)
{
    return (struct span){s.at, n};
}

static const char *check_bytes(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c == ' ' || c == '\t')
            return "contains a blank";
        if (c < 0x20 || c == 0x7f)
            return "contains a control character";
        if (c > 0x7e)
            return "contains a character that is not ASCII";
        if (c == '\\')
            return "contains a backslash";
    }
    return NULL;
}

/* RFC 3986 section 3.1; the URL continues behind "://". */
static const char *take_scheme(struct span *rest, struct span *scheme)
{
    size_t n = span_find(*rest, ':');
    struct span after = span_skip(*rest, n);

    if (n == rest->len || n == 0 || !is_alpha(rest->at[0]))
        return "has no scheme";
    for (size_t i = 0; i < n; i++)
        if (!is_alpha(rest->at[i]) && !is_digit(rest->at[i]) &&
            !is_one_of(rest->at[i], "+-."))
            return "has no scheme";
    if (!span_starts(after, SPAN("://")))
        return span_starts(after, SPAN(":/")) ? "has only one slash behind its scheme"
                                              : "has no scheme";
    *scheme = first(*rest, n);
    *rest = span_skip(after, 3);
    return NULL;
}

/* RFC 3986 section 3.2.1. */
static const char *check_userinfo(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (c == '%') {
            if (s.len - i < 3 || span_hex_digit(s.at[i + 1]) < 0 ||
                span_hex_digit(s.at[i + 2]) < 0)
                return "has a broken %XX in its user part";
            i += 2;
        } else if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=:")) {
            return "has a character in its user part that must be written as %XX";
        }
    }
    return NULL;
}

static const char *check_port(struct span digits, uint16_t *port)
{
    uint64_t value;

    for (size_t i = 0; i < digits.len; i++)
        if (!is_digit(digits.at[i]))
            return "has a port that is not a number";
    if (!span_to_u64(digits, &value) || value == 0 || value > 65535)
        return "has a port that is not in 1 to 65535";
    *port = (uint16_t)value;
    return NULL;
}

/* Cuts the host off; *rest is then empty or begins with the colon before the port. */
static const char *take_host(struct span *rest, struct span *host, bool *ipv6)
{
    size_t n;

    *ipv6 = rest->len > 0 && rest->at[0] == '[';
    if (*ipv6) {
        n = span_find(*rest, ']');
        if (n == rest->len)
            return "has a '[' without a ']'";
        *host = (struct span){rest->at + 1, n - 1};
        *rest = span_skip(*rest, n + 1);
        if (rest->len > 0 && rest->at[0] != ':')
            return "has something between ']' and the port";
        return url_host_valid(*host, true) ? NULL
                                           : "has no valid IPv6 address in brackets";
    }
    n = span_find(*rest, ':');
    *host = first(*rest, n);
    *rest = span_skip(*rest, n);
    if (n == 0 && rest->len < 2)
        return "has no host";
    if (span_find(span_skip(*rest, 1), ':') + 1 < rest->len)
        return "has more than one colon (an IPv6 address needs brackets)";
    if (n == 0)
        return "has no host";
    return url_host_valid(*host, false) ? NULL : "has an invalid host name";
}

static const char *take_userinfo(struct span *rest, struct url *url)
{
    size_t n = span_find(*rest, '@');

    if (n == rest->len)
        return NULL;
    url->has_userinfo = true;
    url->userinfo = first(*rest, n);
    *rest = span_skip(*rest, n + 1);
    if (span_find(*rest, '@') < rest->len)
        return "has more than one '@' (in a user or password it is %40)";
    return check_userinfo(url->userinfo);
}

static const char *split_authority(struct span authority, struct url *url)
{
    const char *wrong = take_userinfo(&authority, url);

    if (wrong == NULL)
        wrong = take_host(&authority, &url->host, &url->host_is_ipv6);
    if (wrong != NULL)
        return wrong;
    url->port = url_default_port(url->scheme);
    /* An empty port means the default one (RFC 3986 section 3.2.3). */
    if (authority.len <= 1)
        return NULL;
    url->has_port = true;
    return check_port(span_skip(authority, 1), &url->port);
}

const char *url_parse(struct url *url, struct span text)
{
    struct span rest = text;
    const char *wrong = check_bytes(text);
    size_t n = 0;

    *url = (struct url){.port = 0};
    if (wrong == NULL && text.len == 0)
        wrong = "is empty";
    if (wrong == NULL)
        wrong = take_scheme(&rest, &url->scheme);
    if (wrong != NULL)
        return wrong;
    while (n < rest.len && !is_one_of(rest.at[n], "/?#"))
        n++;
    wrong = split_authority(first(rest, n), url);
    rest = span_skip(rest, n);
    url->path_query = first(rest, span_find(rest, '#'));
    return wrong;
}

const char *authority_parse(struct span text, struct span *host, bool *host_is_ipv6,
                            uint16_t *port)
{
    struct span rest = text;
    const char *wrong = check_bytes(text);

    if (wrong == NULL)
        wrong = take_host(&rest, host, host_is_ipv6);
    if (wrong != NULL)
        return wrong;
    if (rest.len <= 1)
        return "has no port";
    return check_port(span_skip(rest, 1), port);
}

uint16_t url_default_port(struct span scheme)
{
    if (span_equal_nocase(scheme, SPAN("http")) ||
        span_equal_nocase(scheme, SPAN("ws")))
        return 80;
    if (span_equal_nocase(scheme, SPAN("https")) ||
        span_equal_nocase(scheme, SPAN("wss")))
        return 443;
    if (span_starts_nocase(scheme, SPAN("socks")))
        return 1080;
    return 0;
}

static bool zone_valid(struct span zone)
{
    if (zone.len == 0 || zone.len > ZONE_LIMIT)
        return false;
    for (size_t i = 0; i < zone.len; i++)
        if (!is_alpha(zone.at[i]) && !is_digit(zone.at[i]) &&
            !is_one_of(zone.at[i], "-._~"))
            return false;
    return true;
}

static bool ipv6_valid(struct span host)
{
    char literal[INET6_ADDRSTRLEN];
    unsigned char address[16];
    size_t n = span_find(host, '%');

    if (n >= sizeof(literal) || memchr(host.at, '\0', n) != NULL)
        return false;
    if (n < host.len && !zone_valid(span_skip(host, n + 1)))
        return false;
    memcpy(literal, host.at, n);
    literal[n] = '\0';
    return inet_pton(AF_INET6, literal, address) == 1;
}

/*
 * Stricter than reg-name of RFC 3986 section 3.2.2: no sub-delims, no %XX, no empty
 * label. Nothing that a resolver knows needs them, and they are how hosts are
 * disguised.
 */
bool url_host_valid(struct span host, bool ipv6)
{
    char before = '.';

    if (host.len == 0 || host.len > HOST_LIMIT)
        return false;
    if (ipv6)
        return ipv6_valid(host);
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];

        if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "-._"))
            return false;
        if (c == '.' && before == '.')
            return false;
        before = c;
    }
    return true;
}

long url_percent_decode(struct span s, char *out)
{
    long n = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];

        if (c == '%') {
            int high = s.len - i < 3 ? -1 : span_hex_digit(s.at[i + 1]);
            int low = s.len - i < 3 ? -1 : span_hex_digit(s.at[i + 2]);

            if (high < 0 || low < 0)
                return -EINVAL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[n++] = c;
    }
    return n;
}
