/*
 * netwatch_addresses: which addresses can be used, as one number.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "net/netwatch_parts.h"

/* FNV-1a; nobody gains by a collision. */
uint64_t netwatch_hash(uint64_t sum, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return sum;
}

static uint64_t hash_address(uint64_t sum, const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        const struct in_addr *four =
            &((const struct sockaddr_in *)(const void *)sa)->sin_addr;

        return netwatch_is_link_local(AF_INET, four)
                   ? sum
                   : netwatch_hash(sum, four, sizeof(*four));
    }
    if (sa->sa_family == AF_INET6) {
        const struct in6_addr *six =
            &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

        return netwatch_is_link_local(AF_INET6, six)
                   ? sum
                   : netwatch_hash(sum, six, sizeof(*six));
    }
    return sum;
}

bool netwatch_is_link_local(int family, const void *address)
{
    const unsigned char *bytes = address;

    if (family == AF_INET)
        return bytes[0] == 169 && bytes[1] == 254;
    return family == AF_INET6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

uint64_t netwatch_addresses(void)
{
    const unsigned usable = IFF_UP | IFF_RUNNING;
    uint64_t sum = 14695981039346656037u;
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list) != 0)
        return sum;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
        if (i->ifa_addr != NULL && (i->ifa_flags & usable) == usable)
            sum = hash_address(sum, i->ifa_addr);
    freeifaddrs(list);
    return sum;
}
