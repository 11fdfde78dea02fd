/*
 * outcome_from: what others' numbers mean as an outcome. See outcome.h.
 */
#include "base/outcome.h"

#include <errno.h>

/* RFC 1928 section 6: the rules, and what the proxy says about the target */
enum {
    SOCKS_DENIED = 2,
    SOCKS_NO_NETWORK = 3,
    SOCKS_NO_HOST = 4,
    SOCKS_REFUSED = 5,
    SOCKS_EXPIRED = 6,
};

enum outcome outcome_from_connect(int error)
{
    switch (error < 0 ? -error : error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOENT: /* a Unix socket that is not there */
        return OUTCOME_CONNECT_REFUSED;
    case ETIMEDOUT:
        return OUTCOME_CONNECT_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENOPROTOOPT:
    case EINVAL: /* Linux: a link-local address without a zone */
    case EACCES: /* a local firewall rule */
    case EPERM:
        return OUTCOME_CONNECT_UNROUTABLE;
    default:
        return OUTCOME_INTERNAL;
    }
}

/* RFC 9110 section 11.7.1: a proxy asks for a login with 407; 401 is an origin's. */
enum outcome outcome_from_refusal(uint16_t status)
{
    if (status == 401)
        return OUTCOME_CONNECT_UNAUTHORIZED;
    if (status < 400)
        return OUTCOME_CONNECT_PORTAL;
    return status < 500 ? OUTCOME_CONNECT_DENIED : OUTCOME_CONNECT_FAILED;
}

enum outcome outcome_from_socks(unsigned reply)
{
    switch (reply) {
    case SOCKS_DENIED:
        return OUTCOME_CONNECT_DENIED;
    case SOCKS_NO_NETWORK:
    case SOCKS_NO_HOST:
    case SOCKS_REFUSED:
    case SOCKS_EXPIRED:
        return OUTCOME_CONNECT_FAILED;
    default:
        return OUTCOME_SOCKS_FAILED;
    }
}
