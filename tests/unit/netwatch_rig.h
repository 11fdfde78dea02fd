/*
 * netwatch_rig.h: what the tests of netwatch share: a network namespace of the test's
 * own, a resolv.conf, clocks, and what was told.
 */
#ifndef CCGATE_TESTS_NETWATCH_RIG_H
#define CCGATE_TESTS_NETWATCH_RIG_H

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/netwatch.h"
#include "suite.h"

#define LONG_MS 5000

static struct loop *loop;
static struct netwatch *netwatch;
static char folder[] = "/tmp/ccgate-netwatch-XXXXXX";
static char path[64];
static uint64_t asleep_ms;
static struct deadline limit;

/* What was told. */
static struct {
    unsigned calls;
    const char *why;
} told;

static void changed(void *ctx, const char *why)
{
    (void)ctx;
    told.calls++;
    told.why = why;
    loop_stop(loop);
}

static void limit_fired(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static uint64_t awake(void *ctx)
{
    (void)ctx;
    return 1000;
}

static uint64_t asleep_too(void *ctx)
{
    (void)ctx;
    return 1000 + asleep_ms;
}

static void put_file(const char *name, const char *text)
{
    char full[96];
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s/%s", folder, name);
    file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    ck_assert_msg(unshare(CLONE_NEWNET) == 0 ||
                      unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0,
                  "no network namespace can be made here");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/resolv.conf", folder);
    put_file("resolv.conf", "nameserver 192.0.2.1\n");
    loop = loop_new();
    netwatch = netwatch_new(&(struct netwatch_options){
        .loop = loop,
        .resolv_conf = path,
        .asleep_too = asleep_too,
        .awake = awake,
        .callback = changed,
    });
    ck_assert_ptr_nonnull(netwatch);
    deadline_init(&limit, limit_fired, NULL);
}

static void teardown(void)
{
    char command[96];

    netwatch_free(netwatch);
    ck_assert_int_eq(loop_free(loop), 0);
    (void)unlink(path);
    (void)snprintf(command, sizeof(command), "%s/other", folder);
    (void)unlink(command);
    (void)rmdir(folder);
}

/* Runs until something is told, or for ms. */
static bool wait_told(uint64_t ms)
{
    unsigned before = told.calls;

    deadline_set(loop, &limit, ms);
    loop_run(loop);
    deadline_clear(loop, &limit);
    return told.calls > before;
}

static void set_address(struct sockaddr *sa, const char *text)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)sa;

    in->sin_family = AF_INET;
    ck_assert_int_eq(inet_pton(AF_INET, text, &in->sin_addr), 1);
}

/* The interface lo, up, gets an address. */
static void give_address(const char *name, const char *text)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};

    (void)snprintf(request.ifr_name, IFNAMSIZ, "lo");
    ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    memset(&request, 0, sizeof(request));
    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    set_address(&request.ifr_addr, text);
    ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &request), 0);
    close(fd);
}

#endif
