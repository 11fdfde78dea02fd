/*
 * listener_rig: a loop, a listener, and what its callback saw. For the tests of
 * listeners.
 */
#ifndef CCGATE_TESTS_LISTENER_RIG_H
#define CCGATE_TESTS_LISTENER_RIG_H

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/listener.h"
#include "suite.h"
#define PATIENCE_MS 5000
#define TAKEN_LIMIT 256

static struct loop *loop;
static struct deadline patience;
static struct listener *listener;

/* What the callback saw. */
static int taken[TAKEN_LIMIT];
static int taken_count, taken_wanted;
static struct netaddr taken_local, taken_remote;
static bool close_in_callback;

static inline void out_of_patience(void *ctx)
{
    (void)ctx;
    ck_abort_msg("nothing happened for %d ms", PATIENCE_MS);
}

static inline void setup(void)
{
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
    deadline_init(&patience, out_of_patience, NULL);
    deadline_set(loop, &patience, PATIENCE_MS);
    listener = NULL;
    taken_count = 0;
    taken_wanted = 1;
    close_in_callback = false;
}

static inline void teardown(void)
{
    for (int i = 0; i < taken_count; i++)
        close(taken[i]);
    listener_close(listener);
    deadline_clear(loop, &patience);
    ck_assert_int_eq(loop_free(loop), 0);
}

static inline void on_accept(void *ctx, int fd, const struct netaddr *local,
                             const struct netaddr *remote)
{
    ck_assert_ptr_eq(ctx, &taken);
    taken[taken_count++] = fd;
    taken_local = *local;
    taken_remote = *remote;
    if (close_in_callback) {
        listener_close(listener);
        listener = NULL;
    }
    if (taken_count == taken_wanted)
        loop_stop(loop);
}

static inline struct listener_options options_at(struct netaddr addr)
{
    return (struct listener_options){
        .loop = loop,
        .addr = addr,
        .unix_mode = 0600,
        .callback = on_accept,
        .ctx = &taken,
    };
}

static inline struct netaddr addr_ip(const char *ip, uint16_t port)
{
    struct netaddr a;

    ck_assert(netaddr_from_ip(&a, span_of(ip), port));
    return a;
}

static inline struct listener *open_ip(const char *ip, uint16_t port)
{
    struct listener_options options = options_at(addr_ip(ip, port));

    return listener_open(&options);
}

static inline uint16_t own_port(void)
{
    return netaddr_port(listener_addr(listener));
}

static inline int client_to(struct netaddr to)
{
    int fd = socket(to.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, &to.u.sa, to.len), 0);
    return fd;
}

static inline int int_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#endif
