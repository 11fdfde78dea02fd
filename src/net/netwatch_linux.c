/*
 * netwatch_linux: rtnetlink(7) tells of addresses, routes and interfaces, inotify(7) of
 * resolv.conf, and a timer that is cancelled when the clock is set (timerfd_create(2))
 * of a machine that woke up.
 *
 * Containers come and go without the way out being another one, so that what concerns
 * only link-local addresses, or no route of the main table, is passed over. When an
 * interface goes down or loses its carrier, IPv4 routes go with it without a word: what
 * is told of interfaces leads to a look at the addresses that are left.
 */
#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/span.h"
#include "net/netwatch_parts.h"

enum { MESSAGES_SIZE = 16 * 1024, TEXT_SIZE = 64 };

struct netwatch_source {
    struct netwatch *owner;
    struct watch *netlink;
    struct watch *inotify;
    struct watch *clock;
    uint64_t addresses; /* that can be used, when last looked at */
    char *names[2];     /* of resolv.conf: in its own folder, and where a link leads */
    int folders[2];     /* the watch descriptors of those folders, or -1 */
    int file; /* ... and of what stands there, which may be mounted on its own */
    char text[TEXT_SIZE];
};

/* ---- netlink ---- */

static const char LINK_CHANGED[] = "an interface changed";

/* The macros of rtnetlink(3) take no pointers to what is constant. */
static bool address_counts(struct nlmsghdr *message)
{
    struct ifaddrmsg *body = NLMSG_DATA(message);
    int left = (int)IFA_PAYLOAD(message);

    for (struct rtattr *a = IFA_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFA_ADDRESS && RTA_PAYLOAD(a) >= 4)
            return !netwatch_is_link_local(body->ifa_family, RTA_DATA(a));
    return true;
}

static bool route_counts(struct nlmsghdr *message)
{
    struct rtmsg *body = NLMSG_DATA(message);
    int left = (int)RTM_PAYLOAD(message);

    if (body->rtm_type != RTN_UNICAST || body->rtm_table == RT_TABLE_LOCAL ||
        (body->rtm_flags & RTM_F_CLONED) != 0)
        return false;
    for (struct rtattr *a = RTM_RTA(body); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == RTA_DST && RTA_PAYLOAD(a) >= 4)
            return !netwatch_is_link_local(body->rtm_family, RTA_DATA(a));
    return true;
}

/* Why a message counts, or NULL. */
static const char *message_why(struct nlmsghdr *message)
{
    switch (message->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)) &&
                       address_counts(message)
                   ? "an address changed"
                   : NULL;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)) &&
                       route_counts(message)
                   ? "a route changed"
                   : NULL;
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return LINK_CHANGED;
    default:
        return NULL;
    }
}

/* What is told of interfaces is mostly nothing new. */
static const char *look_again(struct netwatch_source *source, const char *why)
{
    uint64_t before = source->addresses;

    if (why == NULL)
        return NULL;
    source->addresses = netwatch_addresses();
    return why == LINK_CHANGED && source->addresses == before ? NULL : why;
}

static void netlink_fired(void *ctx, unsigned events)
{
    struct netwatch_source *source = ctx;
    _Alignas(struct nlmsghdr) char bytes[MESSAGES_SIZE];
    const char *why = NULL;
    ssize_t n;

    (void)events;
    while ((n = recv(watch_fd(source->netlink), bytes, sizeof(bytes), 0)) > 0) {
        unsigned left = (unsigned)n;

        for (struct nlmsghdr *m = (struct nlmsghdr *)bytes; NLMSG_OK(m, left);
             m = NLMSG_NEXT(m, left)) {
            const char *this = message_why(m);

            if (this != NULL && (why == NULL || this != LINK_CHANGED))
                why = this;
        }
    }
    if (n < 0 && errno == ENOBUFS)
        why = "much of the network changed"; /* messages were lost */
    why = look_again(source, why);
    if (why != NULL)
        netwatch_changed(source->owner, why);
}

static int netlink_open(void)
{
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                     RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- resolv.conf ---- */

static bool event_counts(const struct netwatch_source *source,
                         const struct inotify_event *event)
{
    for (size_t i = 0; i < 2; i++)
        if (event->wd == source->folders[i] && event->len > 0 &&
            source->names[i] != NULL && strcmp(event->name, source->names[i]) == 0)
            return true;
    return event->wd == source->file || (event->mask & IN_Q_OVERFLOW) != 0;
}

static void inotify_fired(void *ctx, unsigned events)
{
    struct netwatch_source *source = ctx;
    _Alignas(struct inotify_event) char bytes[4096];
    bool counts = false;
    ssize_t n;

    (void)events;
    while ((n = read(watch_fd(source->inotify), bytes, sizeof(bytes))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event =
                (const struct inotify_event *)(bytes + at);

            counts = counts || event_counts(source, event);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    if (counts)
        netwatch_changed(source->owner, "resolv.conf changed");
}

/* Watches the folder of a path; files there are replaced rather than written. */
static void folder_watch(struct netwatch_source *source, size_t i, int fd,
                         const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;

    if (slash == NULL)
        return;
    folder = span_dup((struct span){path, slash == path ? 1 : (size_t)(slash - path)});
    source->names[i] = span_dup(span_of(slash + 1));
    if (folder != NULL)
        source->folders[i] = inotify_add_watch(
            fd, folder,
            IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    free(folder);
}

static int inotify_open(struct netwatch_source *source, const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char *real;

    if (fd < 0)
        return -1;
    folder_watch(source, 0, fd, path);
    real = realpath(path, NULL);
    if (real != NULL && strcmp(real, path) != 0)
        folder_watch(source, 1, fd, real);
    free(real);
    source->file = inotify_add_watch(fd, path, IN_CLOSE_WRITE);
    if (source->folders[0] >= 0 || source->folders[1] >= 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- the clock ---- */

/* A far day; what counts is that setting the clock cancels the timer. */
static bool clock_arm(int fd)
{
    const struct itimerspec far = {.it_value.tv_sec = INT_MAX};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far,
                           NULL) == 0 ||
           errno == ECANCELED;
}

static void clock_fired(void *ctx, unsigned events)
{
    struct netwatch_source *source = ctx;
    uint64_t count;

    (void)events;
    (void)!read(watch_fd(source->clock), &count, sizeof(count));
    (void)clock_arm(watch_fd(source->clock));
    netwatch_check(source->owner);
}

static int clock_open(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

    if (fd >= 0 && !clock_arm(fd)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- the source ---- */

static struct watch *open_watch(struct netwatch_source *source, struct loop *loop,
                                int fd, watch_callback *callback, const char *name)
{
    struct watch *watch = fd < 0 ? NULL : watch_new(loop, fd, callback, source);
    size_t len = strlen(source->text);

    if (watch == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    watch_want(watch, WATCH_READ);
    (void)snprintf(source->text + len, TEXT_SIZE - len, "%s%s", len > 0 ? ", " : "",
                   name);
    return watch;
}

struct netwatch_source *netwatch_source_new(struct netwatch *watch, struct loop *loop,
                                            const char *path)
{
    struct netwatch_source *source = calloc(1, sizeof(*source));

    if (source == NULL)
        return NULL;
    source->owner = watch;
    source->folders[0] = source->folders[1] = source->file = -1;
    source->addresses = netwatch_addresses();
    source->netlink =
        open_watch(source, loop, netlink_open(), netlink_fired, "netlink");
    source->inotify = open_watch(source, loop, inotify_open(source, path),
                                 inotify_fired, "resolv.conf");
    source->clock = open_watch(source, loop, clock_open(), clock_fired, "clock");
    return source;
}

void netwatch_source_free(struct netwatch_source *source)
{
    if (source == NULL)
        return;
    watch_close(source->netlink);
    watch_close(source->inotify);
    watch_close(source->clock);
    free(source->names[0]);
    free(source->names[1]);
    free(source);
}

const char *netwatch_source_text(const struct netwatch_source *source)
{
    return source->text[0] != '\0' ? source->text : "nothing";
}
