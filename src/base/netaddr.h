/*
 * netaddr: one socket address (IPv4, IPv6 or Unix) and networks of addresses.
 * Pure: no name is ever looked up here.
 */
#ifndef CCGATE_BASE_NETADDR_H
#define CCGATE_BASE_NETADDR_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/span.h"

struct netaddr {
    socklen_t len;
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } u;
};

/* An IP network: `bits` leading bits of `bytes` (4 or 16 of them) count. */
struct netblock {
    sa_family_t family; /* AF_INET or AF_INET6 */
    uint8_t bits;
    uint8_t bytes[16];
};

/* Room for any text of netaddr_format(), with its NUL. */
#define NETADDR_TEXT 128

/*
 * An IP literal, IPv6 with or without brackets and with an optional zone (%eth0), to an
 * address with that port. Only the strict dotted-quad form of IPv4 is taken. False if
 * it is none.
 */
bool netaddr_from_ip(struct netaddr *a, struct span text, uint16_t port);

/* A path (or @name: abstract, on Linux) to a Unix address. False if too long. */
bool netaddr_from_path(struct netaddr *a, struct span path);

/* Copies what accept(), getsockname() or a resolver gave. */
void netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa, socklen_t len);

/* "192.0.2.1:80", "[::1]:80", "unix:/path", "unix:" for an unnamed one. */
void netaddr_format(const struct netaddr *a, char text[NETADDR_TEXT]);

/* The same without the port and without brackets. */
void netaddr_format_ip(const struct netaddr *a, char text[NETADDR_TEXT]);

uint16_t netaddr_port(const struct netaddr *a);
void netaddr_set_port(struct netaddr *a, uint16_t port);

/* Same family, address and port; an IPv4-mapped IPv6 address equals its IPv4 one. */
bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);
bool netaddr_same_ip(const struct netaddr *a, const struct netaddr *b);

/* 0.0.0.0 or :: */
bool netaddr_is_any(const struct netaddr *a);

/* 127/8, ::1, ::ffff:127.0.0.0/104. Unix sockets are not loopback. */
bool netaddr_is_loopback(const struct netaddr *a);

/* 169.254/16 (mapped too), fe80::/10. */
bool netaddr_is_link_local(const struct netaddr *a);

/* "10.0.0.0/8", "fd00::/8", or a bare address for one host. Host bits are cleared. */
bool netblock_parse(struct netblock *block, struct span text);

/* An IPv4-mapped IPv6 address matches as its IPv4 one. */
bool netblock_contains(const struct netblock *block, const struct netaddr *a);

#endif
