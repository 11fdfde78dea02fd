/*
 * sink: the bench's mock proxy, without a login and with the origin built in. It
 * listens on 127.0.0.1, says "listening PORT" on stdout, answers CONNECT with 200 and
 * then acts by the target's name, of which the label before .test is the act:
 *
 *   echo.test      sends back what comes
 *   discard.test   drops what comes; nN.discard.test says "k" once N bytes have come
 *   source.test    sends without end; nN.source.test sends N bytes
 *   nN.both.test   does both at once, then says "k"
 *
 * One thread, level-triggered epoll.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 4096, BLOCK = 64 * 1024, DROP = 256 * 1024 };
enum act { ACT_HEAD, ACT_ECHO, ACT_DISCARD, ACT_SOURCE, ACT_BOTH, ACT_REFUSE };

static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
static const char refused[] =
    "HTTP/1.1 502 Unknown target\r\nContent-Length: 0\r\n\r\n";

struct conn {
    int fd;
    enum act act;
    uint32_t watched;
    uint64_t to_read;  /* until the word; UINT64_MAX: never */
    uint64_t to_write; /* UINT64_MAX: without end */
    bool word_due;
    size_t len; /* bytes in buffer: of the head, or of an echo that is stuck */
    char buffer[BUFFER];
};

static int epoll_fd = -1;

static void conn_close(struct conn *conn)
{
    close(conn->fd);
    free(conn);
}

static void conn_watch(struct conn *conn)
{
    struct epoll_event event = {.data.ptr = conn, .events = EPOLLIN};

    if (conn->act == ACT_ECHO && conn->len > 0)
        event.events = EPOLLOUT;
    else if (conn->to_write > 0)
        event.events |= EPOLLOUT;
    if (event.events == conn->watched)
        return;
    conn->watched = event.events;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, conn->fd, &event);
}

/* All false returns below mean: close this connection. */

static bool word_if_due(struct conn *conn)
{
    if (!conn->word_due || conn->to_read > 0 || conn->to_write > 0)
        return true;
    conn->word_due = false;
    return send(conn->fd, "k", 1, MSG_NOSIGNAL) == 1;
}

static void act_of_target(struct conn *conn, const char *host, size_t len)
{
    static const struct {
        const char *name;
        enum act act;
    } acts[] = {{"echo", ACT_ECHO},
                {"discard", ACT_DISCARD},
                {"source", ACT_SOURCE},
                {"both", ACT_BOTH}};
    uint64_t size = UINT64_MAX;
    bool counted = false;

    if (len > 1 && host[0] == 'n' && host[1] >= '0' && host[1] <= '9') {
        const char *dot = memchr(host, '.', len);
        if (dot != NULL) {
            size = strtoull(host + 1, NULL, 10);
            counted = true;
            len -= (size_t)(dot + 1 - host);
            host = dot + 1;
        }
    }
    conn->act = ACT_REFUSE;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        size_t name = strlen(acts[i].name);
        if (len == name + 5 && memcmp(host, acts[i].name, name) == 0 &&
            memcmp(host + name, ".test", 5) == 0)
            conn->act = acts[i].act;
    }
    conn->to_read =
        conn->act == ACT_DISCARD || conn->act == ACT_BOTH ? size : UINT64_MAX;
    conn->to_write = conn->act == ACT_SOURCE || conn->act == ACT_BOTH ? size : 0;
    conn->word_due = counted && conn->to_read != UINT64_MAX;
}

static bool echo_bytes(struct conn *conn, const char *at, size_t len)
{
    ssize_t sent = send(conn->fd, at, len, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN)
        return false;
    if (sent < 0)
        sent = 0;
    memmove(conn->buffer, at + sent, len - (size_t)sent);
    conn->len = len - (size_t)sent;
    return true;
}

static bool take_bytes(struct conn *conn, size_t len)
{
    if (conn->to_read == UINT64_MAX)
        return true;
    if (len > conn->to_read)
        return false;
    conn->to_read -= len;
    return word_if_due(conn);
}

static bool read_head(struct conn *conn)
{
    ssize_t got = recv(conn->fd, conn->buffer + conn->len, BUFFER - conn->len, 0);
    const char *end = NULL;
    const char *colon = NULL;
    size_t extra = 0;

    if (got < 0 && errno == EAGAIN)
        return true;
    if (got <= 0)
        return false;
    conn->len += (size_t)got;
    end = memmem(conn->buffer, conn->len, "\r\n\r\n", 4);
    if (end == NULL)
        return conn->len < BUFFER;
    end += 4;
    extra = conn->len - (size_t)(end - conn->buffer);
    colon = memchr(conn->buffer, ':', (size_t)(end - conn->buffer));
    conn->act = ACT_REFUSE;
    if (colon > conn->buffer + 8 && memcmp(conn->buffer, "CONNECT ", 8) == 0)
        act_of_target(conn, conn->buffer + 8, (size_t)(colon - conn->buffer) - 8);
    if (conn->act == ACT_REFUSE) {
        (void)!send(conn->fd, refused, sizeof refused - 1, MSG_NOSIGNAL);
        return false;
    }
    if (send(conn->fd, established, sizeof established - 1, MSG_NOSIGNAL) < 0)
        return false;
    conn->len = 0;
    if (extra == 0)
        return true;
    return conn->act == ACT_ECHO ? echo_bytes(conn, end, extra)
                                 : take_bytes(conn, extra);
}

static bool read_echo(struct conn *conn)
{
    static char data[BUFFER];
    ssize_t got = 0;

    if (conn->len > 0)
        return true;
    got = recv(conn->fd, data, sizeof data, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    return echo_bytes(conn, data, (size_t)got);
}

static bool read_drop(struct conn *conn)
{
    static char data[DROP];
    /* MSG_TRUNC: taken off the socket without a copy (tcp(7)). */
    ssize_t got = recv(conn->fd, data, sizeof data, MSG_TRUNC);

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    return take_bytes(conn, (size_t)got);
}

static bool write_source(struct conn *conn)
{
    static const char data[BLOCK];
    size_t want = conn->to_write < BLOCK ? (size_t)conn->to_write : BLOCK;
    ssize_t sent = send(conn->fd, data, want, MSG_NOSIGNAL);

    if (sent < 0)
        return errno == EAGAIN;
    if (conn->to_write != UINT64_MAX)
        conn->to_write -= (uint64_t)sent;
    return word_if_due(conn);
}

static bool on_readable(struct conn *conn)
{
    switch (conn->act) {
    case ACT_HEAD:
        return read_head(conn);
    case ACT_ECHO:
        return read_echo(conn);
    case ACT_DISCARD:
    case ACT_SOURCE:
    case ACT_BOTH:
        return read_drop(conn);
    case ACT_REFUSE:
        break;
    }
    return false;
}

static void conn_event(struct conn *conn, uint32_t events)
{
    bool keep = (events & EPOLLERR) == 0;

    if (keep && (events & EPOLLOUT) != 0) {
        if (conn->act == ACT_ECHO)
            keep = echo_bytes(conn, conn->buffer, conn->len);
        else if (conn->to_write > 0)
            keep = write_source(conn);
    }
    if (keep && (events & (EPOLLIN | EPOLLHUP)) != 0)
        keep = on_readable(conn);
    if (keep)
        conn_watch(conn);
    else
        conn_close(conn);
}

static void accept_all(int listener)
{
    for (;;) {
        int one = 1;
        struct conn *conn = NULL;
        struct epoll_event event = {.events = EPOLLIN};
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        conn = malloc(sizeof *conn);
        if (conn == NULL) {
            close(fd);
            return;
        }
        memset(conn, 0, offsetof(struct conn, buffer));
        conn->fd = fd;
        conn->watched = event.events;
        event.data.ptr = conn;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            conn_close(conn);
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof addr;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 ||
        listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr *)&addr, &len) != 0) {
        perror("sink");
        exit(1);
    }
    printf("listening %u\n", ntohs(addr.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    struct epoll_event event = {.events = EPOLLIN};
    int listener = -1;

    if (argc > 2) {
        fprintf(stderr, "usage: sink [PORT]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener = listen_on(argc == 2 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0);
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("sink");
        return 1;
    }
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(listener);
            else
                conn_event(events[i].data.ptr, events[i].events);
        }
    }
}
