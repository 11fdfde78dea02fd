/*
 * netwatch_poll: where nothing tells of changes, the addresses and resolv.conf are
 * compared every two seconds.
 */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "net/netwatch_parts.h"

enum { POLL_MS = 2000 };

struct netwatch_source {
    struct netwatch *owner;
    struct loop *loop;
    const char *path;
    uint64_t seen;
    struct deadline next;
};

/* FNV-1a; nobody gains by a collision. */
static uint64_t hash(uint64_t sum, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return sum;
}

static uint64_t hash_address(uint64_t sum, const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return hash(sum, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    if (sa->sa_family != AF_INET6)
        return sum;
    const struct in6_addr *six =
        &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    return IN6_IS_ADDR_LINKLOCAL(six) ? sum : hash(sum, six, 16);
}

static uint64_t look(const char *path)
{
    uint64_t sum = 14695981039346656037u;
    struct ifaddrs *list = NULL;
    struct stat st;

    if (stat(path, &st) == 0) {
        sum = hash(sum, &st.st_mtime, sizeof(st.st_mtime));
        sum = hash(sum, &st.st_ino, sizeof(st.st_ino));
        sum = hash(sum, &st.st_size, sizeof(st.st_size));
    }
    if (getifaddrs(&list) != 0)
        return sum;
    for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
        if (i->ifa_addr != NULL && (i->ifa_flags & IFF_UP) != 0)
            sum = hash_address(sum, i->ifa_addr);
    freeifaddrs(list);
    return sum;
}

static void next_fired(void *ctx)
{
    struct netwatch_source *source = ctx;
    uint64_t now = look(source->path);

    deadline_set(source->loop, &source->next, POLL_MS);
    netwatch_check(source->owner);
    if (now == source->seen)
        return;
    source->seen = now;
    netwatch_changed(source->owner, "the network changed");
}

struct netwatch_source *netwatch_source_new(struct netwatch *watch, struct loop *loop,
                                            const char *path)
{
    struct netwatch_source *source = calloc(1, sizeof(*source));

    if (source == NULL)
        return NULL;
    source->owner = watch;
    source->loop = loop;
    source->path = path;
    source->seen = look(path);
    deadline_init(&source->next, next_fired, source);
    deadline_set(loop, &source->next, POLL_MS);
    return source;
}

void netwatch_source_free(struct netwatch_source *source)
{
    if (source == NULL)
        return;
    deadline_clear(source->loop, &source->next);
    free(source);
}

const char *netwatch_source_text(const struct netwatch_source *source)
{
    (void)source;
    return "polling";
}
