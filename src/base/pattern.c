/*
 * pattern: entries of a bypass list. See pattern.h.
 */
#include "base/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/url.h"

#define NAME_LIMIT 255

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(struct span s, char c)
{
    return span_find(s, c) < s.len;
}

static struct span without_trailing_dots(struct span s)
{
    while (s.len > 0 && s.at[s.len - 1] == '.')
        s.len--;
    return s;
}

static const char *split_port(struct span text, struct span *host, uint16_t *port)
{
    bool bracketed = text.at[0] == '[';
    size_t n = bracketed ? span_find(text, ']') : span_find(text, ':');
    struct span after;
    uint64_t number;

    *host = text;
    *port = 0;
    if (bracketed) {
        if (n == text.len)
            return "has a '[' without a ']'";
        *host = (struct span){text.at + 1, n - 1};
        after = span_skip(text, n + 1);
    } else {
        after = span_skip(text, n);
        /* Several colons without brackets are an IPv6 address without a port. */
        if (contains(span_skip(after, 1), ':'))
            return NULL;
        *host = (struct span){text.at, n};
    }
    if (after.len == 0)
        return NULL;
    if (after.at[0] != ':')
        return "has something between ']' and the port";
    if (!span_to_u64(span_skip(after, 1), &number) || number == 0 || number > 65535)
        return "has a port that is not in 1 to 65535";
    *port = (uint16_t)number;
    return NULL;
}

/*
 * "10.1.*" and "10.1.": one to three leading octets and nothing else but stars. False
 * if it is none.
 */
static bool parse_octets(struct netblock *block, struct span text)
{
    struct netblock made = {.family = AF_INET};
    struct span rest = text;
    struct span item;
    unsigned octets = 0;
    unsigned stars = 0;

    if (!contains(text, '*') && !(text.len > 0 && text.at[text.len - 1] == '.'))
        return false;
    while (span_next(&rest, ".", &item)) {
        uint64_t octet;

        if (octets + stars == 4)
            return false;
        if (span_equal(item, SPAN("*"))) {
            stars++;
            continue;
        }
        if (stars > 0 || item.len > 3 || !span_to_u64(item, &octet) || octet > 255)
            return false;
        made.bytes[octets++] = (uint8_t)octet;
    }
    if (octets == 0 || octets > 3)
        return false;
    made.bits = (uint8_t)(octets * 8);
    *block = made;
    return true;
}

static bool glob_valid(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c != '*' && c != '.' && !url_host_valid((struct span){&c, 1}, false))
            return false;
    }
    return text.len <= NAME_LIMIT;
}

static const char *keep_name(struct pattern *p, enum pattern_kind kind,
                             struct span name)
{
    p->kind = kind;
    p->name = span_dup(name);
    if (p->name == NULL)
        return "does not fit into memory";
    for (char *c = p->name; *c != '\0'; c++)
        *c = lower(*c);
    return NULL;
}

static const char *parse_name(struct pattern *p, struct span text)
{
    struct span name = without_trailing_dots(text);
    bool below = span_starts(name, SPAN("*."));

    if (below)
        name = span_skip(name, 2);
    else if (name.len > 0 && name.at[0] == '.')
        name = span_skip(name, 1);
    if (name.len == 0)
        return "has no host";
    if (below && !contains(name, '*')) {
        if (!url_host_valid(name, false))
            return "is not a valid host name";
        return keep_name(p, PATTERN_SUBDOMAIN, name);
    }
    if (contains(name, '*')) {
        if (below)
            name = without_trailing_dots(text);
        if (!glob_valid(name))
            return "is not a valid host name with '*' in it";
        return keep_name(p, PATTERN_GLOB, name);
    }
    if (!url_host_valid(name, false))
        return "is not a valid host name";
    return keep_name(p, PATTERN_DOMAIN, name);
}

static const char *parse_host(struct pattern *p, struct span host, bool bracketed)
{
    bool address = bracketed || contains(host, ':') || contains(host, '/');

    p->kind = PATTERN_NETWORK;
    if (netblock_parse(&p->block, host))
        return bracketed && !contains(host, ':') ? "has no IPv6 address in brackets"
                                                 : NULL;
    if (address)
        return "is not a valid address or network";
    if (parse_octets(&p->block, host))
        return NULL;
    if (netblock_parse(&p->block, without_trailing_dots(host)))
        return NULL;
    if (span_equal_nocase(host, SPAN("<local>"))) {
        p->kind = PATTERN_LOCAL;
        return NULL;
    }
    if (span_equal(host, SPAN("*"))) {
        p->kind = PATTERN_ANY;
        return NULL;
    }
    return parse_name(p, host);
}

const char *pattern_parse(struct pattern *p, struct span text)
{
    struct span entry = span_trim(text);
    struct span host;
    const char *wrong;

    *p = (struct pattern){.kind = PATTERN_ANY};
    if (entry.len == 0)
        return "is empty";
    for (size_t i = 0; i + 3 <= entry.len; i++)
        if (span_starts(span_skip(entry, i), SPAN("://")))
            return "is a URL: only the host and port may stand here";
    wrong = split_port(entry, &host, &p->port);
    if (wrong == NULL && host.len == 0)
        wrong = "has no host";
    if (wrong == NULL)
        wrong = parse_host(p, host, entry.at[0] == '[');
    return wrong;
}

void pattern_clear(struct pattern *p)
{
    free(p->name);
    *p = (struct pattern){.kind = PATTERN_ANY};
}

static bool is_below(struct span host, struct span name)
{
    size_t cut;

    if (host.len <= name.len + 1)
        return false;
    cut = host.len - name.len;
    return host.at[cut - 1] == '.' && span_equal_nocase(span_skip(host, cut), name);
}

/* Linear in the usual case: only the last star is ever tried again. */
static bool glob_match(const char *pattern, struct span host)
{
    const char *star = NULL;
    size_t i = 0;
    size_t retry = 0;

    while (i < host.len) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = i;
        } else if (*pattern != '\0' && *pattern == lower(host.at[i])) {
            pattern++;
            i++;
        } else if (star != NULL) {
            pattern = star;
            i = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* A zone names an interface of this machine, and no pattern has one. */
static bool address_of(struct netaddr *a, struct span host)
{
    return netaddr_from_ip(a, (struct span){host.at, span_find(host, '%')}, 0);
}

bool pattern_match(const struct pattern *p, struct span host, uint16_t port)
{
    struct span bare = without_trailing_dots(host);
    struct netaddr a;
    bool address;

    if (bare.len == 0 || (p->port != 0 && p->port != port))
        return false;
    address = address_of(&a, bare);
    switch (p->kind) {
    case PATTERN_ANY:
        return true;
    case PATTERN_NETWORK:
        return address && netblock_contains(&p->block, &a);
    case PATTERN_LOCAL:
        return !address && !contains(bare, '.');
    case PATTERN_GLOB:
        return glob_match(p->name, bare);
    case PATTERN_DOMAIN:
        if (span_equal_nocase(bare, span_of(p->name)))
            return true;
        return !address && is_below(bare, span_of(p->name));
    case PATTERN_SUBDOMAIN:
        return !address && is_below(bare, span_of(p->name));
    }
    return false;
}
