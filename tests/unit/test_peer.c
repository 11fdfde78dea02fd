/*
 * test_peer: who is at the other end, asked of the real kernel about real connections.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4() */
#endif

#include "net/peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

#define OTHER_UID 65533u

static struct peer_lookup *lookup;
static int lookup_fd; /* where the lookup keeps its socket */

static void setup(void)
{
    lookup_fd = open("/dev/null", O_RDONLY);
    close(lookup_fd);
    lookup = peer_lookup_new();
    ck_assert_ptr_nonnull(lookup);
}

static void teardown(void)
{
    peer_lookup_free(lookup);
    lookup = NULL;
}

/* Where the kernel does not answer, there is nothing to test but the refusal. */
static bool skipped(const char *why)
{
    printf("test_peer: SKIP: %s\n", why);
    return true;
}

static bool lookup_missing(void)
{
    return !peer_lookup_works(lookup) && skipped("no NETLINK_SOCK_DIAG here");
}

struct pair {
    int listener, client, server;
    struct netaddr local, remote;
};

static void addr_of(struct netaddr *a, int fd,
                    int (*get)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_storage s;
    socklen_t len = sizeof(s);

    ck_assert_int_eq(get(fd, (struct sockaddr *)&s, &len), 0);
    netaddr_from_sockaddr(a, (struct sockaddr *)&s, len);
}

static int getsock(int fd, struct sockaddr *sa, socklen_t *len)
{
    return getsockname(fd, sa, len);
}

static int getpeer(int fd, struct sockaddr *sa, socklen_t *len)
{
    return getpeername(fd, sa, len);
}

/* False if the host has no such address. */
static bool pair_listen(struct pair *p, const char *ip)
{
    struct netaddr a;
    int off = 0;

    ck_assert(netaddr_from_ip(&a, span_of(ip), 0));
    p->client = p->server = -1;
    p->listener = socket(a.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listener < 0)
        return false;
    if (a.u.sa.sa_family == AF_INET6)
        setsockopt(p->listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(p->listener, &a.u.sa, a.len) != 0) {
        close(p->listener);
        return false;
    }
    ck_assert_int_eq(listen(p->listener, 8), 0);
    addr_of(&p->local, p->listener, getsock);
    return true;
}

static int pair_connect(const struct pair *p, const char *ip)
{
    struct netaddr to;
    int fd;

    ck_assert(netaddr_from_ip(&to, span_of(ip), netaddr_port(&p->local)));
    fd = socket(to.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, &to.u.sa, to.len), 0);
    return fd;
}

static void pair_accept(struct pair *p)
{
    p->server = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(p->server, 0);
    addr_of(&p->local, p->server, getsock);
    addr_of(&p->remote, p->server, getpeer);
}

static void pair_close(struct pair *p)
{
    close(p->listener);
    close(p->server);
    if (p->client >= 0)
        close(p->client);
}

static void assert_own(const struct pair *p)
{
    struct peer peer = peer_of(lookup, p->server, &p->local, &p->remote);

    ck_assert_int_eq(peer.kind, PEER_LOCAL);
    ck_assert_uint_eq(peer.uid, geteuid());
}

static const struct {
    const char *bound, *target;
} own[] = {
    {"127.0.0.1", "127.0.0.1"},
    {"127.0.0.1", "::ffff:127.0.0.1"},
    {"::", "127.0.0.1"},
    {"::", "::ffff:127.0.0.1"},
    {"::1", "::1"},
    {"0.0.0.0", "127.0.0.2"},
    {"::ffff:127.0.0.1", "127.0.0.1"},
};

START_TEST(own_connection)
{
    struct pair p;

    if (lookup_missing())
        return;
    if (!pair_listen(&p, own[_i].bound)) {
        skipped("no IPv6 on this host");
        return;
    }
    p.client = pair_connect(&p, own[_i].target);
    pair_accept(&p);
    for (int i = 0; i < 3; i++)
        assert_own(&p);
    /* Half-closed, the client is still there. */
    shutdown(p.client, SHUT_WR);
    assert_own(&p);
    pair_close(&p);
}
END_TEST

START_TEST(closed_client_is_unknown)
{
    struct pair p;
    struct peer peer;
    int status;
    pid_t child;

    ck_assert(pair_listen(&p, "127.0.0.1"));
    child = fork();
    if (child == 0) {
        int fd = pair_connect(&p, "127.0.0.1");

        _exit(write(fd, "GET / HTTP/1.1\r\n\r\n", 18) == 18 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pair_accept(&p);
    peer = peer_of(lookup, p.server, &p.local, &p.remote);
    ck_assert_int_eq(peer.kind, PEER_UNKNOWN);
    pair_close(&p);
}
END_TEST

/* A client at a port that no other connection has, living or dead. */
static int connect_from_free_port(const struct pair *p)
{
    struct netaddr from;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(netaddr_from_ip(&from, SPAN("127.0.0.1"), 0));
    ck_assert_int_eq(bind(fd, &from.u.sa, from.len), 0);
    ck_assert_int_eq(connect(fd, &p->local.u.sa, p->local.len), 0);
    return fd;
}

/* Resets the connection and listens on the port that was the client's, or -1. */
static int squat(struct pair *p)
{
    struct linger reset = {1, 0};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(p->client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(p->client);
    p->client = -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &p->remote.u.sa, p->remote.len) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

START_TEST(listener_on_client_port_is_not_the_client)
{
    struct pair p;
    struct peer peer;
    int squatter = -1;

    /* Somebody else may be faster. */
    for (int i = 0; i < 50 && squatter < 0; i++) {
        ck_assert(pair_listen(&p, "127.0.0.1"));
        p.client = connect_from_free_port(&p);
        pair_accept(&p);
        squatter = squat(&p);
        if (squatter < 0)
            pair_close(&p);
    }
    ck_assert_int_ge(squatter, 0);
    peer = peer_of(lookup, p.server, &p.local, &p.remote);
    ck_assert_int_eq(peer.kind, PEER_UNKNOWN);
    close(squatter);
    pair_close(&p);
}
END_TEST

/* Connects as OTHER_UID and waits until `release` is closed. */
static pid_t foreign_client(const struct pair *p, const struct netaddr *unix_addr,
                            const int release[2])
{
    pid_t child = fork();
    char byte;
    int fd;

    if (child != 0)
        return child;
    close(release[1]);
    if (setuid(OTHER_UID) != 0)
        _exit(2);
    if (unix_addr != NULL) {
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, &unix_addr->u.sa, unix_addr->len) != 0)
            _exit(3);
    } else {
        fd = pair_connect(p, "127.0.0.1");
    }
    _exit(fd >= 0 && read(release[0], &byte, 1) == 0 ? 0 : 1);
}

START_TEST(foreign_uid)
{
    struct pair p;
    struct peer peer;
    int release[2], status;
    pid_t child;

    if (lookup_missing())
        return;
    if (geteuid() != 0) {
        skipped("another uid needs root");
        return;
    }
    ck_assert(pair_listen(&p, "127.0.0.1"));
    ck_assert_int_eq(pipe(release), 0);
    child = foreign_client(&p, NULL, release);
    pair_accept(&p);
    peer = peer_of(lookup, p.server, &p.local, &p.remote);
    ck_assert_int_eq(peer.kind, PEER_LOCAL);
    ck_assert_uint_eq(peer.uid, OTHER_UID);
    close(release[0]);
    close(release[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pair_close(&p);
}
END_TEST

/* An abstract name needs no directory that the other uid may search. */
static int unix_listen(struct netaddr *a)
{
    char name[64];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name, sizeof(name), "@ccgate-test-peer-%ld", (long)getpid());
    ck_assert(netaddr_from_path(a, span_of(name)));
    ck_assert_int_eq(bind(fd, &a->u.sa, a->len), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

START_TEST(unix_socket)
{
    struct netaddr a, remote;
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    uint32_t want = geteuid() == 0 ? OTHER_UID : geteuid();
    int release[2], status;
    struct peer peer;
    pid_t child = 0;
    int listener = unix_listen(&a);
    int client = -1, server;

    ck_assert_int_eq(pipe(release), 0);
    if (geteuid() == 0) {
        child = foreign_client(NULL, &a, release);
    } else {
        client = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(client, &a.u.sa, a.len), 0);
    }
    server = accept(listener, NULL, NULL);
    ck_assert_int_ge(server, 0);
    netaddr_from_sockaddr(&remote, (struct sockaddr *)&unnamed, sizeof(sa_family_t));
    peer = peer_of(lookup, server, &a, &remote);
    ck_assert_int_eq(peer.kind, PEER_LOCAL);
    ck_assert_uint_eq(peer.uid, want);
    close(release[0]);
    close(release[1]);
    if (child > 0) {
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    } else {
        close(client);
    }
    close(server);
    close(listener);
}
END_TEST

static const struct {
    const char *local, *remote;
    enum peer_kind kind;
} sorts[] = {
    {"192.0.2.1", "192.0.2.2", PEER_REMOTE},
    {"127.0.0.1", "192.0.2.2", PEER_REMOTE},
    {"::1", "2001:db8::1", PEER_REMOTE},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.2", PEER_REMOTE},
    /* Our own address, but no such connection. */
    {"192.0.2.1", "192.0.2.1", PEER_UNKNOWN},
    {"::ffff:192.0.2.1", "192.0.2.1", PEER_UNKNOWN},
    {"192.0.2.1", "127.0.0.1", PEER_UNKNOWN},
    {"::ffff:127.0.0.1", "::ffff:127.0.0.1", PEER_UNKNOWN},
    {"::1", "::1", PEER_UNKNOWN},
};

START_TEST(kinds_without_connection)
{
    struct netaddr local, remote;
    struct peer peer;

    ck_assert(netaddr_from_ip(&local, span_of(sorts[_i].local), 1));
    ck_assert(netaddr_from_ip(&remote, span_of(sorts[_i].remote), 1));
    peer = peer_of(lookup, -1, &local, &remote);
    ck_assert_int_eq(peer.kind, sorts[_i].kind);
}
END_TEST

START_TEST(lost_netlink_socket_is_opened_again)
{
    struct pair p;
    int null;

    if (lookup_missing())
        return;
    ck_assert(pair_listen(&p, "127.0.0.1"));
    p.client = pair_connect(&p, "127.0.0.1");
    pair_accept(&p);
    null = open("/dev/null", O_RDWR);
    ck_assert_int_eq(dup2(null, lookup_fd), lookup_fd);
    close(null);
    assert_own(&p);
    assert_own(&p);
    pair_close(&p);
}
END_TEST

/* Answers to other questions, "no such socket", wait where ours is due. */
START_TEST(stale_answers_are_dropped)
{
    struct {
        uint32_t len;
        uint16_t type, flags;
        uint32_t sequence, port;
        uint8_t family, protocol, rest[54]; /* inet_diag_req_v2, all zero */
    } other = {
        .len = sizeof(other),
        .type = 20, /* SOCK_DIAG_BY_FAMILY */
        .flags = 1, /* NLM_F_REQUEST */
        .family = AF_INET,
        .protocol = IPPROTO_TCP,
    };
    struct pair p;

    if (lookup_missing())
        return;
    ck_assert(pair_listen(&p, "127.0.0.1"));
    p.client = pair_connect(&p, "127.0.0.1");
    pair_accept(&p);
    for (uint32_t i = 0; i < 5; i++) {
        other.sequence = 1000 + i;
        ck_assert_int_eq(send(lookup_fd, &other, sizeof(other), 0), (int)sizeof(other));
    }
    assert_own(&p);
    assert_own(&p);
    pair_close(&p);
}
END_TEST

static const struct {
    const char *listen, *ask;
    bool there;
} LISTENING[] = {
    {"127.0.0.1", "127.0.0.1", true},
    {"0.0.0.0", "127.0.0.1", true},
    {"::", "127.0.0.1", true},
    {"::1", "::1", true},
    {"::", "::1", true},
    {"127.0.0.1", "127.0.0.2", false},
    {"127.0.0.1", "::1", false},
    {"::1", "127.0.0.1", false},
};

START_TEST(who_listens)
{
    struct netaddr at;
    uint32_t uid = 12345;
    struct pair p;

    if (lookup_missing() || !pair_listen(&p, LISTENING[_i].listen))
        return;
    ck_assert(netaddr_from_ip(&at, span_of(LISTENING[_i].ask), netaddr_port(&p.local)));
    ck_assert_int_eq(peer_listens(lookup, &at, &uid), LISTENING[_i].there);
    if (LISTENING[_i].there)
        ck_assert_uint_eq(uid, geteuid());
    close(p.listener);
    ck_assert(!peer_listens(lookup, &at, &uid));
}
END_TEST

START_TEST(user_names)
{
    char text[64], small[4];

    peer_user_name(0, text, sizeof(text));
    ck_assert_str_eq(text, "root");
    peer_user_name(3999999999u, text, sizeof(text));
    ck_assert_str_eq(text, "uid 3999999999");
    peer_user_name(3999999999u, small, sizeof(small));
    ck_assert_str_eq(small, "uid");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peer");
    TCase *tc = tcase_create("peer");

    setvbuf(stdout, NULL, _IOLBF, 0);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, own_connection, 0, sizeof(own) / sizeof(own[0]));
    tcase_add_test(tc, closed_client_is_unknown);
    tcase_add_test(tc, listener_on_client_port_is_not_the_client);
    tcase_add_test(tc, foreign_uid);
    tcase_add_test(tc, unix_socket);
    tcase_add_loop_test(tc, kinds_without_connection, 0,
                        sizeof(sorts) / sizeof(sorts[0]));
    tcase_add_test(tc, lost_netlink_socket_is_opened_again);
    tcase_add_test(tc, stale_answers_are_dropped);
    tcase_add_loop_test(tc, who_listens, 0, sizeof(LISTENING) / sizeof(LISTENING[0]));
    tcase_add_test(tc, user_names);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
