/*
 * listener: accepts in bounded batches and rests when the system has no room.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4() */
#endif

#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/log.h"
#include "net/listener_bind.h"
#include "net/sockopt.h"

/* Connections taken in one turn of the loop; the others have their turn in between. */
#define BATCH 64

#define PAUSE_MS      100
#define WARN_EVERY_MS 10000

/* sd_listen_fds(3) */
#define PASSED_FIRST 3
#define PASSED_LIMIT 1024

enum listener_state {
    LISTENER_OPEN,
    LISTENER_ACCEPTING, /* a callback may close it now */
    LISTENER_CLOSED,    /* closed by such a callback, not yet freed */
};

struct listener {
    struct loop *loop;
    struct watch *watch;
    struct deadline pause;
    enum listener_state state;
    struct netaddr addr;
    bool ask_local; /* bound to a wildcard: each connection has an address of its own */
    bool dual;      /* an IPv6 wildcard that takes IPv4, too */
    struct unix_place place; /* of a Unix socket that we bound */
    uint64_t warned;         /* loop milliseconds; 0: never */
    listener_callback *callback;
    void *ctx;
};

static bool errno_is_passing(int error)
{
    /* accept(2): errors of the connection that was to be accepted come up here. */
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ETIMEDOUT:
        return true;
    }
    return false;
}

/* Whatever the error is, a listener that stays readable must not spin. */
static void listener_rest(struct listener *listener, int error)
{
    uint64_t now = loop_now(listener->loop);
    char address[NETADDR_TEXT];

    counter_add(COUNTER_ACCEPT_FAILED, 1);
    watch_want(listener->watch, 0);
    deadline_set(listener->loop, &listener->pause, PAUSE_MS);
    if (listener->warned != 0 && now - listener->warned < WARN_EVERY_MS)
        return;
    listener->warned = now != 0 ? now : 1;
    netaddr_format(&listener->addr, address);
    LOG_WARN("accept_failed", LOG_TEXT("listener", address),
             LOG_TEXT("error", strerror(error)));
}

static void listener_on_pause_over(void *ctx)
{
    struct listener *listener = ctx;

    watch_want(listener->watch, WATCH_READ);
}

static void listener_hand_over(struct listener *listener, int fd,
                               const struct sockaddr *from, socklen_t from_len)
{
    struct netaddr remote, local = listener->addr;

    if (listener->ask_local) {
        struct sockaddr_storage own;
        socklen_t own_len = sizeof(own);

        if (getsockname(fd, (struct sockaddr *)&own, &own_len) != 0) {
            close(fd);
            return;
        }
        netaddr_from_sockaddr(&local, (const struct sockaddr *)&own, own_len);
    }
    netaddr_from_sockaddr(&remote, from, from_len);
    listener->callback(listener->ctx, fd, &local, &remote);
}

static void listener_on_ready(void *ctx, unsigned events)
{
    struct listener *listener = ctx;

    (void)events;
    listener->state = LISTENER_ACCEPTING;
    for (int i = 0; i < BATCH && listener->state == LISTENER_ACCEPTING; i++) {
        struct sockaddr_storage from = {0};
        socklen_t from_len = sizeof(from);
        int fd = accept4(watch_fd(listener->watch), (struct sockaddr *)&from, &from_len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            listener_hand_over(listener, fd, (const struct sockaddr *)&from, from_len);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (!errno_is_passing(errno)) {
            listener_rest(listener, errno);
            break;
        }
    }
    if (listener->state == LISTENER_CLOSED)
        free(listener);
    else
        listener->state = LISTENER_OPEN;
}

/* Reads back the address: the port may have been 0, the socket somebody else's. */
static bool listener_read_address(struct listener *listener, int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);
    int v6only = 1;

    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        return false;
    netaddr_from_sockaddr(&listener->addr, (const struct sockaddr *)&own, len);
    if (listener->addr.u.sa.sa_family == AF_UNIX)
        return true;
    listener->ask_local = netaddr_is_any(&listener->addr);
    len = sizeof(v6only);
    if (listener->addr.u.sa.sa_family == AF_INET6 &&
        getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &len) == 0)
        listener->dual = v6only == 0;
    return true;
}

/* On failure the descriptor stays with the caller. */
static struct listener *listener_new(const struct listener_options *options, int fd)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    int on = 1;

    if (listener == NULL)
        return NULL;
    listener->loop = options->loop;
    listener->callback = options->callback;
    listener->ctx = options->ctx;
    deadline_init(&listener->pause, listener_on_pause_over, listener);
    if (!listener_read_address(listener, fd))
        goto fail;
    /* Linux hands the option down to the accepted sockets: one call instead of many. */
    if (listener->addr.u.sa.sa_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    listener->watch = watch_new(options->loop, fd, listener_on_ready, listener);
    if (listener->watch == NULL)
        goto fail;
    listener_set_keepalive(listener, options->keepalive);
    watch_want(listener->watch, WATCH_READ);
    return listener;
fail:
    free(listener);
    return NULL;
}

struct listener *listener_open(const struct listener_options *options)
{
    struct unix_place place = {0};
    struct listener *listener;
    int fd = listener_bind(&options->addr, options->unix_mode, &place);
    int error;

    if (fd < 0)
        return NULL;
    listener = listener_new(options, fd);
    if (listener == NULL) {
        error = errno;
        unix_place_clear(&options->addr, &place);
        close(fd);
        errno = error;
        return NULL;
    }
    listener->place = place;
    return listener;
}

struct listener *listener_adopt(const struct listener_options *options, int fd)
{
    int type = 0, accepts = 0, family = 0;
    int flags = fcntl(fd, F_GETFL);
    socklen_t len = sizeof(int);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0)
        return NULL;
    if (type != SOCK_STREAM || accepts == 0 ||
        (family != AF_INET && family != AF_INET6 && family != AF_UNIX)) {
        errno = EINVAL;
        return NULL;
    }
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return NULL;
    return listener_new(options, fd);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    deadline_clear(listener->loop, &listener->pause);
    unix_place_clear(&listener->addr, &listener->place);
    /* At once: the next listener on this port may not wait for the loop. */
    close(watch_release(listener->watch));
    listener->watch = NULL;
    if (listener->state == LISTENER_ACCEPTING)
        listener->state = LISTENER_CLOSED;
    else
        free(listener);
}

void listener_set_keepalive(struct listener *listener, uint64_t ms)
{
    if (listener->addr.u.sa.sa_family != AF_UNIX)
        sockopt_keepalive(watch_fd(listener->watch), ms);
}

bool listener_set_unix_mode(struct listener *listener, uint32_t mode)
{
    return unix_place_set_mode(&listener->addr, &listener->place, mode);
}

const struct netaddr *listener_addr(const struct listener *listener)
{
    return &listener->addr;
}

/* Whether it is an address of this host: one that a socket can be bound to. */
static bool addr_is_own(const struct netaddr *addr)
{
    struct netaddr a = *addr;
    bool own;
    int fd;

    if (netaddr_is_loopback(addr) || netaddr_is_any(addr))
        return true;
    fd = socket(a.u.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    netaddr_set_port(&a, 0);
    own = bind(fd, &a.u.sa, a.len) == 0;
    close(fd);
    return own;
}

static bool addr_is_ipv4(const struct netaddr *a)
{
    return a->u.sa.sa_family == AF_INET ||
           (a->u.sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->u.in6.sin6_addr));
}

bool listener_is_at(const struct listener *listener, const struct netaddr *addr)
{
    const struct netaddr *own = &listener->addr;

    if (own->u.sa.sa_family == AF_UNIX || addr->u.sa.sa_family == AF_UNIX)
        return own->u.sa.sa_family == addr->u.sa.sa_family && netaddr_equal(own, addr);
    if (netaddr_port(own) != netaddr_port(addr))
        return false;
    if (addr_is_ipv4(own) != addr_is_ipv4(addr) && !listener->dual)
        return false;
    if (netaddr_is_any(own))
        return addr_is_own(addr);
    /* connect() to the wildcard goes to loopback. */
    if (netaddr_is_any(addr))
        return netaddr_is_loopback(own);
    return netaddr_same_ip(own, addr);
}

/* The number of descriptors announced to this process. */
static uint64_t passed_announced(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    uint64_t value;

    if (pid == NULL || count == NULL)
        return 0;
    if (!span_to_u64(span_of(pid), &value) || value != (uint64_t)getpid())
        return 0;
    if (!span_to_u64(span_of(count), &value) || value > PASSED_LIMIT)
        return 0;
    return value;
}

int listener_passed(int *first)
{
    int announced = (int)passed_announced();
    int count;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    *first = PASSED_FIRST;
    for (count = 0; count < announced; count++) {
        int fd = PASSED_FIRST + count;
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
            break;
    }
    return count;
}
