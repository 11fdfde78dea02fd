/*
 * loop_rig: what tests on a loop share: the loop itself, the limit of patience, pairs
 * of sockets.
 */
#ifndef CCGATE_TESTS_UNIT_LOOP_RIG_H
#define CCGATE_TESTS_UNIT_LOOP_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define PATIENCE_MS 20000

static struct loop *loop;
static struct deadline patience;

static inline void out_of_patience(void *ctx)
{
    (void)ctx;
    ck_abort_msg("nothing more happens");
}

static inline void loop_begin(void)
{
    const struct log_options quiet = {.to = "/dev/null", .level = LOG_LEVEL_ERROR};

    signal(SIGPIPE, SIG_IGN);
    log_open(&quiet);
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
    deadline_init(&patience, out_of_patience, NULL);
}

static inline void loop_end(void)
{
    deadline_clear(loop, &patience);
    ck_assert_int_eq(loop_free(loop), 0);
    log_close();
}

/* Runs until loop_stop(), with patience. */
static inline void loop_await(void)
{
    deadline_set(loop, &patience, PATIENCE_MS);
    loop_run(loop);
    deadline_clear(loop, &patience);
}

static inline void pass_over(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

/* Lets the loop run for a while: for what must not happen. */
static inline void pass_ms(uint64_t ms)
{
    struct deadline d;

    deadline_init(&d, pass_over, NULL);
    deadline_set(loop, &d, ms);
    loop_run(loop);
    deadline_clear(loop, &d);
}

/* Two ends of a connection, both non-blocking. */
static inline void pair_open(int ends[2])
{
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

/* A listener on 127.0.0.`last` with a port of the kernel's choice, or with *port. */
static inline int door_open(uint8_t last, uint16_t *port, int backlog)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof(a);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(0x7f000000u + last);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* A port where nobody listens, as long as the returned descriptor stays open. */
static inline int port_hold(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

/* The descriptors that are open, to find those that leak. */
static inline int descriptors_open(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- bytes that tell their place ---- */

static inline char pattern_at(size_t i)
{
    return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static inline void pattern_check(const char *bytes, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != pattern_at(from + i))
            ck_abort_msg("byte %zu differs", from + i);
}

static inline void pattern_fill(char *bytes, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = pattern_at(from + i);
}

#endif
