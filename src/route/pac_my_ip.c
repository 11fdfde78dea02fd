/*
 * pac_my_ip: our own address by the kernel's routes. See pac_my_ip.h.
 */
#include "route/pac_my_ip.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where the ways out are looked for: the first group that has any answers (Chrome). */
static const char *const PUBLIC[] = {"8.8.8.8", "2001:4860:4860::8888", NULL};
static const char *const PRIVATE[] = {"10.0.0.0", "172.16.0.0", "192.168.0.0",
                                      "fc00::", NULL};

/* connect() of a datagram socket chooses the source address and sends nothing. */
static bool source_of(const char *destination, struct netaddr *source)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    struct netaddr to;
    bool found = false;
    int fd;

    if (!netaddr_from_ip(&to, span_of(destination), 53))
        return false;
    fd = socket(to.u.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (connect(fd, &to.u.sa, to.len) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
        netaddr_from_sockaddr(source, (struct sockaddr *)&at, len);
        found = !netaddr_is_any(source);
    }
    (void)close(fd);
    return found;
}

/* Last what no other machine could reach us by. */
static bool is_poor(const struct netaddr *a)
{
    return netaddr_is_loopback(a) || netaddr_is_link_local(a);
}

static void add(struct pac_my_ip *my_ip, const struct netaddr *a)
{
    char text[NETADDR_TEXT];
    size_t used = strlen(my_ip->all);

    netaddr_format_ip(a, text);
    text[strcspn(text, "%")] = '\0'; /* no script knows zones */
    if (strstr(my_ip->all, text) != NULL)
        return;
    if (used + strlen(text) + 2 <= sizeof(my_ip->all))
        (void)snprintf(my_ip->all + used, sizeof(my_ip->all) - used, "%s%s",
                       used > 0 ? ";" : "", text);
    if (my_ip->one[0] == '\0')
        (void)snprintf(my_ip->one, sizeof(my_ip->one), "%s", text);
}

/* Whether one of a group that is no poor one, or is, was found. */
static bool ask_group(struct pac_my_ip *my_ip, const char *const *group, bool poor)
{
    struct netaddr source;

    for (; *group != NULL; group++)
        if (source_of(*group, &source) && is_poor(&source) == poor)
            add(my_ip, &source);
    return my_ip->one[0] != '\0';
}

void pac_my_ip_find(struct pac_my_ip *my_ip)
{
    my_ip->one[0] = my_ip->all[0] = '\0';
    if (ask_group(my_ip, PUBLIC, false) || ask_group(my_ip, PRIVATE, false) ||
        ask_group(my_ip, PUBLIC, true) || ask_group(my_ip, PRIVATE, true))
        return;
    (void)snprintf(my_ip->one, sizeof(my_ip->one), "127.0.0.1");
}
