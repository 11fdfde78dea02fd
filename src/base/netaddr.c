/*
 * netaddr: socket addresses and networks. See netaddr.h.
 */
#include "base/netaddr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The address bytes as IPv4 where they are IPv4 or mapped, else as IPv6. */
struct ip {
    sa_family_t family;
    uint8_t bytes[16];
};

static struct ip ip_of(const struct netaddr *a)
{
    struct ip ip = {.family = AF_UNSPEC};

    if (a->u.sa.sa_family == AF_INET) {
        ip.family = AF_INET;
        memcpy(ip.bytes, &a->u.in.sin_addr, 4);
    } else if (a->u.sa.sa_family == AF_INET6) {
        const uint8_t *bytes = a->u.in6.sin6_addr.s6_addr;

        if (memcmp(bytes, MAPPED, sizeof(MAPPED)) == 0) {
            ip.family = AF_INET;
            memcpy(ip.bytes, bytes + sizeof(MAPPED), 4);
        } else {
            ip.family = AF_INET6;
            memcpy(ip.bytes, bytes, 16);
        }
    }
    return ip;
}

/* A NUL-terminated copy for inet_pton() and its kind; false if it does not fit. */
static bool copy_text(char *out, size_t size, struct span text)
{
    if (text.len == 0 || text.len >= size || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

/* An interface's name or number (RFC 4007 section 11.2); 0 if there is none. */
static uint32_t zone_index(struct span zone)
{
    char name[IF_NAMESIZE];
    uint64_t number;

    if (span_to_u64(zone, &number))
        return number <= UINT32_MAX ? (uint32_t)number : 0;
    return copy_text(name, sizeof(name), zone) ? if_nametoindex(name) : 0;
}

static bool from_ipv4(struct netaddr *a, struct span text, uint16_t port)
{
    char literal[INET_ADDRSTRLEN];

    if (!copy_text(literal, sizeof(literal), text))
        return false;
    *a = (struct netaddr){.len = sizeof(a->u.in)};
    a->u.in.sin_family = AF_INET;
    a->u.in.sin_port = htons(port);
    return inet_pton(AF_INET, literal, &a->u.in.sin_addr) == 1;
}

static bool from_ipv6(struct netaddr *a, struct span text, uint16_t port)
{
    char literal[INET6_ADDRSTRLEN];
    size_t percent = span_find(text, '%');
    uint32_t zone = 0;

    if (!copy_text(literal, sizeof(literal), (struct span){text.at, percent}))
        return false;
    if (percent < text.len) {
        zone = zone_index(span_skip(text, percent + 1));
        if (zone == 0)
            return false;
    }
    *a = (struct netaddr){.len = sizeof(a->u.in6)};
    a->u.in6.sin6_family = AF_INET6;
    a->u.in6.sin6_port = htons(port);
    a->u.in6.sin6_scope_id = zone;
    return inet_pton(AF_INET6, literal, &a->u.in6.sin6_addr) == 1;
}

bool netaddr_from_ip(struct netaddr *a, struct span text, uint16_t port)
{
    struct netaddr made;
    bool ok;

    if (text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        ok = from_ipv6(&made, (struct span){text.at + 1, text.len - 2}, port);
    else if (span_find(text, ':') < text.len)
        ok = from_ipv6(&made, text, port);
    else
        ok = from_ipv4(&made, text, port);
    if (ok)
        *a = made;
    return ok;
}

bool netaddr_from_path(struct netaddr *a, struct span path)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    struct netaddr made = {.len = 0};

    if (!copy_text(made.u.un.sun_path, sizeof(made.u.un.sun_path), path))
        return false;
    made.u.un.sun_family = AF_UNIX;
    made.len = (socklen_t)(head + path.len + 1);
    if (path.at[0] == '@') {
#ifdef __linux__
        /* An abstract name has no NUL at its end: its length is in the address. */
        if (path.len == 1)
            return false;
        made.u.un.sun_path[0] = '\0';
        made.len--;
#else
        return false;
#endif
    }
    *a = made;
    return true;
}

void netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa, socklen_t len)
{
    *a = (struct netaddr){.len = 0};
    if (sa == NULL)
        return;
    if (len > sizeof(a->u))
        len = sizeof(a->u);
    memcpy(&a->u, sa, len);
    a->len = len;
}

static void format_path(const struct netaddr *a, char *text, size_t size)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t len = a->len > head ? a->len - head : 0;
    const char *path = a->u.un.sun_path;
    size_t used = 0;

    if (len > sizeof(a->u.un.sun_path))
        len = sizeof(a->u.un.sun_path);
    if (len > 0 && path[0] != '\0')
        len = strnlen(path, len);
    for (size_t i = 0; i < len && used + 1 < size; i++)
        text[used++] = path[i] == '\0' ? '@' : path[i];
    text[used] = '\0';
}

void netaddr_format_ip(const struct netaddr *a, char text[NETADDR_TEXT])
{
    char zone[IF_NAMESIZE];
    size_t used;

    text[0] = '\0';
    if (a->len == 0)
        return;
    switch (a->u.sa.sa_family) {
    case AF_INET:
        (void)inet_ntop(AF_INET, &a->u.in.sin_addr, text, NETADDR_TEXT);
        break;
    case AF_INET6:
        (void)inet_ntop(AF_INET6, &a->u.in6.sin6_addr, text, NETADDR_TEXT);
        used = strlen(text);
        if (a->u.in6.sin6_scope_id == 0)
            break;
        if (if_indextoname(a->u.in6.sin6_scope_id, zone) != NULL)
            (void)snprintf(text + used, NETADDR_TEXT - used, "%%%s", zone);
        else
            (void)snprintf(text + used, NETADDR_TEXT - used, "%%%u",
                           (unsigned)a->u.in6.sin6_scope_id);
        break;
    case AF_UNIX:
        memcpy(text, "unix:", 5);
        format_path(a, text + 5, NETADDR_TEXT - 5);
        break;
    default:
        break;
    }
}

void netaddr_format(const struct netaddr *a, char text[NETADDR_TEXT])
{
    char ip[NETADDR_TEXT];

    netaddr_format_ip(a, ip);
    text[0] = '\0';
    if (a->len == 0)
        return;
    if (a->u.sa.sa_family == AF_INET)
        (void)snprintf(text, NETADDR_TEXT, "%.100s:%u", ip, (unsigned)netaddr_port(a));
    else if (a->u.sa.sa_family == AF_INET6)
        (void)snprintf(text, NETADDR_TEXT, "[%.100s]:%u", ip,
                       (unsigned)netaddr_port(a));
    else
        memcpy(text, ip, sizeof(ip));
}

uint16_t netaddr_port(const struct netaddr *a)
{
    if (a->u.sa.sa_family == AF_INET)
        return ntohs(a->u.in.sin_port);
    if (a->u.sa.sa_family == AF_INET6)
        return ntohs(a->u.in6.sin6_port);
    return 0;
}

void netaddr_set_port(struct netaddr *a, uint16_t port)
{
    if (a->u.sa.sa_family == AF_INET)
        a->u.in.sin_port = htons(port);
    else if (a->u.sa.sa_family == AF_INET6)
        a->u.in6.sin6_port = htons(port);
}

static uint32_t scope_of(const struct netaddr *a)
{
    return a->u.sa.sa_family == AF_INET6 ? a->u.in6.sin6_scope_id : 0;
}

/* Unix addresses are never the same IP. A missing zone is any zone. */
bool netaddr_same_ip(const struct netaddr *a, const struct netaddr *b)
{
    struct ip x = ip_of(a);
    struct ip y = ip_of(b);

    if (x.family == AF_UNSPEC || x.family != y.family)
        return false;
    if (memcmp(x.bytes, y.bytes, sizeof(x.bytes)) != 0)
        return false;
    return scope_of(a) == scope_of(b) || scope_of(a) == 0 || scope_of(b) == 0;
}

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
    char x[NETADDR_TEXT];
    char y[NETADDR_TEXT];

    if (a->u.sa.sa_family != AF_UNIX || b->u.sa.sa_family != AF_UNIX)
        return netaddr_same_ip(a, b) && netaddr_port(a) == netaddr_port(b);
    netaddr_format(a, x);
    netaddr_format(b, y);
    return strcmp(x, y) == 0 && strcmp(x, "unix:") != 0;
}

static bool ip_within(const struct ip *ip, sa_family_t family, const uint8_t *bytes,
                      unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (ip->family != family || memcmp(ip->bytes, bytes, whole) != 0)
        return false;
    return rest == 0 || ((ip->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

bool netaddr_is_any(const struct netaddr *a)
{
    static const uint8_t zero[16];
    struct ip ip = ip_of(a);

    return ip.family != AF_UNSPEC && memcmp(ip.bytes, zero, sizeof(zero)) == 0;
}

bool netaddr_is_loopback(const struct netaddr *a)
{
    static const uint8_t four[4] = {127};
    static const uint8_t six[16] = {[15] = 1};
    struct ip ip = ip_of(a);

    return ip_within(&ip, AF_INET, four, 8) || ip_within(&ip, AF_INET6, six, 128);
}

bool netaddr_is_link_local(const struct netaddr *a)
{
    static const uint8_t four[4] = {169, 254};
    static const uint8_t six[16] = {0xfe, 0x80};
    struct ip ip = ip_of(a);

    return ip_within(&ip, AF_INET, four, 16) || ip_within(&ip, AF_INET6, six, 10);
}

static void clear_host_bits(struct netblock *block)
{
    for (unsigned bit = block->bits; bit < 128; bit++)
        block->bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

bool netblock_parse(struct netblock *block, struct span text)
{
    size_t slash = span_find(text, '/');
    struct span literal = {text.at, slash};
    struct netaddr a;
    uint64_t bits;
    unsigned most;

    if (span_find(literal, '%') < literal.len || span_find(literal, '[') < literal.len)
        return false;
    if (!netaddr_from_ip(&a, literal, 0))
        return false;
    most = a.u.sa.sa_family == AF_INET ? 32 : 128;
    bits = most;
    if (slash < text.len && !span_to_u64(span_skip(text, slash + 1), &bits))
        return false;
    if (bits > most)
        return false;
    *block = (struct netblock){.family = a.u.sa.sa_family, .bits = (uint8_t)bits};
    if (block->family == AF_INET) {
        memcpy(block->bytes, &a.u.in.sin_addr, 4);
    } else {
        memcpy(block->bytes, &a.u.in6.sin6_addr, 16);
        if (bits >= 96 && memcmp(block->bytes, MAPPED, sizeof(MAPPED)) == 0) {
            block->family = AF_INET;
            block->bits = (uint8_t)(bits - 96);
            memmove(block->bytes, block->bytes + 12, 4);
        }
    }
    clear_host_bits(block);
    return true;
}

bool netblock_contains(const struct netblock *block, const struct netaddr *a)
{
    struct ip ip = ip_of(a);

    return ip_within(&ip, block->family, block->bytes, block->bits);
}
