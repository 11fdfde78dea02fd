/*
 * test_listener: binding, accepting, running out of descriptors, and passed
 * sockets, on the real loop. Unix sockets: test_listener_unix.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4() */
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counters.h"
#include "listener_rig.h"

static const struct {
    const char *bound, *target, *local;
} places[] = {
    {"127.0.0.1", "127.0.0.1", "127.0.0.1"},
    {"0.0.0.0", "127.0.0.1", "127.0.0.1"},
    {"0.0.0.0", "127.0.0.9", "127.0.0.9"},
    {"::1", "::1", "::1"},
    {"::", "::1", "::1"},
};

START_TEST(accepts)
{
    struct sockaddr_storage s;
    struct netaddr client_addr;
    socklen_t len = sizeof(s);
    int client, port;

    listener = open_ip(places[_i].bound, 0);
    if (listener == NULL && strchr(places[_i].bound, ':') != NULL) {
        printf("test_listener: SKIP: no IPv6 on this host\n");
        return;
    }
    ck_assert_ptr_nonnull(listener);
    port = own_port();
    ck_assert_int_ne(port, 0);
    client = client_to(addr_ip(places[_i].target, (uint16_t)port));
    loop_run(loop);
    ck_assert_int_eq(taken_count, 1);
    ck_assert_int_eq(getsockname(client, (struct sockaddr *)&s, &len), 0);
    netaddr_from_sockaddr(&client_addr, (struct sockaddr *)&s, len);
    ck_assert(netaddr_equal(&taken_remote, &client_addr));
    client_addr = addr_ip(places[_i].local, (uint16_t)port);
    ck_assert(netaddr_equal(&taken_local, &client_addr));
    ck_assert_int_ne(fcntl(taken[0], F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(taken[0], F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(int_option(taken[0], IPPROTO_TCP, TCP_NODELAY), 0);
    close(client);
}
END_TEST

START_TEST(accepts_more_than_a_batch)
{
    int clients[150];

    listener = open_ip("127.0.0.1", 0);
    ck_assert_ptr_nonnull(listener);
    for (int i = 0; i < 150; i++)
        clients[i] = client_to(*listener_addr(listener));
    taken_wanted = 150;
    loop_run(loop);
    ck_assert_int_eq(taken_count, 150);
    for (int i = 0; i < 150; i++)
        close(clients[i]);
}
END_TEST

START_TEST(closes_in_callback)
{
    int a, b;

    listener = open_ip("127.0.0.1", 0);
    ck_assert_ptr_nonnull(listener);
    a = client_to(*listener_addr(listener));
    b = client_to(*listener_addr(listener));
    close_in_callback = true;
    taken_wanted = 0;
    deadline_clear(loop, &patience);
    loop_run(loop); /* returns because nothing is left to wait for */
    ck_assert_int_eq(taken_count, 1);
    close(a);
    close(b);
}
END_TEST

START_TEST(port_is_free_at_once_after_close)
{
    uint16_t port;

    listener = open_ip("127.0.0.1", 0);
    ck_assert_ptr_nonnull(listener);
    port = own_port();
    ck_assert_ptr_null(open_ip("127.0.0.1", port));
    ck_assert_int_eq(errno, EADDRINUSE);
    listener_close(listener);
    listener = open_ip("127.0.0.1", port);
    ck_assert_ptr_nonnull(listener);
}
END_TEST

START_TEST(foreign_address_is_refused)
{
    ck_assert_ptr_null(open_ip("192.0.2.1", 0));
    ck_assert_int_eq(errno, EADDRNOTAVAIL);
}
END_TEST

/* ---- out of descriptors ---- */

static struct rlimit limit_before;
static uint64_t failures_before;
static struct deadline check;
static int checks;

/* Ten checks in 250 ms: the pause allows three failures; without it there are
 * thousands. */
static void check_spinning(void *ctx)
{
    (void)ctx;
    if (++checks < 10) {
        deadline_set(loop, &check, 25);
        return;
    }
    ck_assert_uint_ge(counter_get(COUNTER_ACCEPT_FAILED), failures_before + 1);
    ck_assert_uint_le(counter_get(COUNTER_ACCEPT_FAILED), failures_before + 4);
    ck_assert_int_eq(taken_count, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
}

START_TEST(rests_without_descriptors)
{
    struct rlimit none;
    int client, lowest;

    listener = open_ip("127.0.0.1", 0);
    ck_assert_ptr_nonnull(listener);
    client = client_to(*listener_addr(listener));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
    lowest = dup(client);
    close(lowest);
    none = limit_before;
    none.rlim_cur = (rlim_t)lowest;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    failures_before = counter_get(COUNTER_ACCEPT_FAILED);
    checks = 0;
    deadline_init(&check, check_spinning, NULL);
    deadline_set(loop, &check, 25);
    loop_run(loop); /* until the connection is taken after all */
    ck_assert_int_eq(taken_count, 1);
    ck_assert_int_eq(checks, 10);
    close(client);
}
END_TEST

/* ---- adopted and passed sockets ---- */

static int plain_listener(int family, const char *ip, int v6only)
{
    struct netaddr a = addr_ip(ip, 0);
    int fd = socket(family, SOCK_STREAM, 0);

    ck_assert_int_ge(fd, 0);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
    ck_assert_int_eq(bind(fd, &a.u.sa, a.len), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

START_TEST(adopts_a_listener)
{
    struct listener_options options = options_at(addr_ip("192.0.2.1", 1));
    struct netaddr loopback = addr_ip("127.0.0.1", 0);
    int fd = plain_listener(AF_INET, "127.0.0.1", 0);
    int client;

    listener = listener_adopt(&options, fd);
    ck_assert_ptr_nonnull(listener);
    ck_assert(netaddr_same_ip(listener_addr(listener), &loopback));
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    client = client_to(*listener_addr(listener));
    loop_run(loop);
    ck_assert_int_eq(taken_count, 1);
    ck_assert(netaddr_equal(&taken_local, listener_addr(listener)));
    close(client);
}
END_TEST

START_TEST(adopts_nothing_else)
{
    struct listener_options options = options_at(addr_ip("127.0.0.1", 0));
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    int file = open("/dev/null", O_RDONLY);

    ck_assert_ptr_null(listener_adopt(&options, stream));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(listener_adopt(&options, datagram));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(listener_adopt(&options, file));
    ck_assert_int_eq(errno, ENOTSOCK);
    /* They stay with the caller. */
    ck_assert_int_eq(close(stream), 0);
    ck_assert_int_eq(close(datagram), 0);
    ck_assert_int_eq(close(file), 0);
}
END_TEST

static const struct {
    const char *pid; /* NULL: unset, "": this process */
    const char *count;
    int want;
} passed[] = {
    {"", "2", 2}, {"", "1", 1},  {"1", "2", 0},      {NULL, "2", 0}, {"", NULL, 0},
    {"", "x", 0}, {"", "-1", 0}, {"", "9999999", 0}, {"x", "2", 0},  {"", "0", 0},
};

/* In a child, for descriptors 3 and 4 are laid out there as a service manager would. */
static void passed_child(int i)
{
    char pid[32];
    int first = -1, null = open("/dev/null", O_RDONLY);
    bool ok;

    dup2(null, 13);
    dup2(13, 3);
    dup2(13, 4);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    setenv("LISTEN_FDNAMES", "a:b", 1);
    if (passed[i].pid != NULL)
        setenv("LISTEN_PID", passed[i].pid[0] != '\0' ? passed[i].pid : pid, 1);
    if (passed[i].count != NULL)
        setenv("LISTEN_FDS", passed[i].count, 1);
    ok = listener_passed(&first) == passed[i].want;
    ok = ok && getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL &&
         getenv("LISTEN_FDNAMES") == NULL;
    for (int fd = 3; fd < 3 + passed[i].want; fd++)
        ok = ok && first == 3 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 &&
             (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
    _exit(ok ? 0 : 1);
}

START_TEST(passed_by_the_service_manager)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        passed_child(_i);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- is it us? ---- */

static const struct {
    const char *bound, *asked;
    bool other_port;
    bool want;
} at[] = {
    {"127.0.0.1", "127.0.0.1", false, true},
    {"127.0.0.1", "::ffff:127.0.0.1", false, true},
    {"127.0.0.1", "127.0.0.1", true, false},
    {"127.0.0.1", "127.0.0.2", false, false},
    {"127.0.0.1", "0.0.0.0", false, true},
    {"127.0.0.1", "::1", false, false},
    {"127.0.0.1", "::", false, false},
    {"0.0.0.0", "127.0.0.1", false, true},
    {"0.0.0.0", "127.9.9.9", false, true},
    {"0.0.0.0", "0.0.0.0", false, true},
    {"0.0.0.0", "192.0.2.1", false, false},
    {"0.0.0.0", "::1", false, false},
    {"0.0.0.0", "127.0.0.1", true, false},
};

START_TEST(is_at)
{
    struct netaddr asked;

    listener = open_ip(at[_i].bound, 0);
    ck_assert_ptr_nonnull(listener);
    asked = addr_ip(at[_i].asked, (uint16_t)(own_port() ^ (at[_i].other_port ? 1 : 0)));
    ck_assert_int_eq(listener_is_at(listener, &asked), at[_i].want);
}
END_TEST

START_TEST(is_at_both_families)
{
    struct listener_options options = options_at(addr_ip("::", 0));
    struct netaddr four, six;
    struct listener *narrow = open_ip("::", 0);

    if (narrow == NULL) {
        printf("test_listener: SKIP: no IPv6 on this host\n");
        return;
    }
    listener = listener_adopt(&options, plain_listener(AF_INET6, "::", 0));
    ck_assert_ptr_nonnull(listener);
    four = addr_ip("127.0.0.1", own_port());
    six = addr_ip("::1", own_port());
    ck_assert(listener_is_at(listener, &four));
    ck_assert(listener_is_at(listener, &six));
    four = addr_ip("127.0.0.1", netaddr_port(listener_addr(narrow)));
    six = addr_ip("::1", netaddr_port(listener_addr(narrow)));
    ck_assert(!listener_is_at(narrow, &four));
    ck_assert(listener_is_at(narrow, &six));
    listener_close(narrow);
}
END_TEST

START_TEST(null_is_closed)
{
    listener_close(NULL);
}
END_TEST

int main(void)
{
    const struct log_options quiet = {.to = "/dev/null", .level = LOG_LEVEL_INFO};
    Suite *suite = suite_create("listener");
    TCase *tcp = tcase_create("tcp");

    setvbuf(stdout, NULL, _IOLBF, 0);
    log_open(&quiet);
    tcase_set_timeout(tcp, 20);
    tcase_add_checked_fixture(tcp, setup, teardown);
    tcase_add_loop_test(tcp, accepts, 0, COUNT(places));
    tcase_add_test(tcp, accepts_more_than_a_batch);
    tcase_add_test(tcp, closes_in_callback);
    tcase_add_test(tcp, port_is_free_at_once_after_close);
    tcase_add_test(tcp, foreign_address_is_refused);
    tcase_add_test(tcp, rests_without_descriptors);
    tcase_add_test(tcp, adopts_a_listener);
    tcase_add_test(tcp, adopts_nothing_else);
    tcase_add_loop_test(tcp, passed_by_the_service_manager, 0, COUNT(passed));
    tcase_add_loop_test(tcp, is_at, 0, COUNT(at));
    tcase_add_test(tcp, is_at_both_families);
    tcase_add_test(tcp, null_is_closed);
    suite_add_tcase(suite, tcp);
    return suite_run(suite);
}
