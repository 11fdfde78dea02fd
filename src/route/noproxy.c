/*
 * noproxy: bypass lists and the implicit bypass. See noproxy.h.
 */
#include "route/noproxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS  ", \t"
#define NUMBER_SIZE 256 /* as long as a host can be */

static struct span without_trailing_dots(struct span s)
{
    while (s.len > 0 && s.at[s.len - 1] == '.')
        s.len--;
    return s;
}

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
           c == 'x' || c == 'X' || c == '.';
}

/*
 * 127.1, 0x7f.1, 0177.0.0.1 and 2130706433 are addresses for getaddrinfo(), and so for
 * a parent as well as for us.
 */
static bool from_numbers(struct netaddr *a, struct span host)
{
    char text[NUMBER_SIZE];

    if (host.len == 0 || host.len >= sizeof(text) || host.at[0] < '0' ||
        host.at[0] > '9')
        return false;
    for (size_t i = 0; i < host.len; i++) {
        if (!is_number_byte(host.at[i]))
            return false;
        text[i] = host.at[i];
    }
    text[host.len] = '\0';
    *a = (struct netaddr){.len = sizeof(a->u.in)};
    a->u.in.sin_family = AF_INET;
    return inet_aton(text, &a->u.in.sin_addr) != 0;
}

static bool address_of(struct netaddr *a, struct span host)
{
    if (span_find(host, ':') == host.len)
        return from_numbers(a, host);
    /* The zone does not matter, and need not exist here. */
    return netaddr_from_ip(a, (struct span){host.at, span_find(host, '%')}, 0);
}

/* 0.0.0.0, also mapped, and ::, which connect() takes for this machine. */
static bool is_any(const struct netaddr *a)
{
    static const struct netblock zero = {.family = AF_INET, .bits = 32};

    return netaddr_is_any(a) || netblock_contains(&zero, a);
}

bool noproxy_is_local(struct span host)
{
    struct span bare = without_trailing_dots(host);
    struct netaddr a;

    /* RFC 6761 section 6.3 */
    if (span_equal_nocase(bare, SPAN("localhost")) ||
        span_ends_nocase(bare, SPAN(".localhost")))
        return true;
    if (!address_of(&a, bare))
        return false;
    return netaddr_is_loopback(&a) || netaddr_is_link_local(&a) || is_any(&a);
}

long noproxy_match(const struct pattern *patterns, size_t count, struct span host,
                   uint16_t port)
{
    for (size_t i = 0; i < count; i++)
        if (pattern_match(&patterns[i], host, port))
            return (long)i;
    return -1;
}

/* The next item that is a pattern; *pattern is then the caller's. */
static bool next_pattern(struct span *rest, struct span *item, struct pattern *pattern)
{
    while (span_next(rest, SEPARATORS, item))
        if (item->len > 0 && pattern_parse(pattern, *item) == NULL)
            return true;
    return false;
}

static size_t count_items(struct span value)
{
    struct span item;
    size_t count = 0;

    while (span_next(&value, SEPARATORS, &item))
        count += item.len > 0;
    return count;
}

long noproxy_parse(struct span value, struct pattern **patterns)
{
    size_t room = count_items(value);
    struct pattern *list = calloc(room + 1, sizeof(*list));
    struct span item;
    size_t count = 0;

    *patterns = NULL;
    if (list == NULL)
        return -ENOMEM;
    while (count < room && next_pattern(&value, &item, &list[count]))
        count++;
    *patterns = list;
    return (long)count;
}

struct span noproxy_text(struct span value, size_t index)
{
    struct pattern pattern;
    struct span item;

    while (next_pattern(&value, &item, &pattern)) {
        pattern_clear(&pattern);
        if (index-- == 0)
            return item;
    }
    return (struct span){NULL, 0};
}

void noproxy_free(struct pattern *patterns, size_t count)
{
    for (size_t i = 0; patterns != NULL && i < count; i++)
        pattern_clear(&patterns[i]);
    free(patterns);
}
