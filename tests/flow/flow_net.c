/*
 * flow: actors, the ends of connections that the steps play. Nothing is read from a
 * connection unless a step waits for it, so that back-pressure is the kernel's own.
 */
#include "flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ACTORS     128
#define FLOOD_STEP 65536

static struct actor *actors[ACTORS];
static size_t actor_count;
static struct bytes clients_saw;

struct actor *actor_find(const char *name)
{
    struct actor *a;

    for (size_t i = 0; i < actor_count; i++)
        if (strcmp(actors[i]->name, name) == 0)
            return actors[i];
    if (actor_count == ACTORS)
        flow_fail("too many actors");
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        abort();
    snprintf(a->name, sizeof(a->name), "%s", name);
    a->fd = -1;
    actors[actor_count++] = a;
    return a;
}

struct actor *actor_connected(const char *name)
{
    struct actor *a = actor_find(name);

    if (a->fd < 0)
        flow_fail("%s is not connected", name);
    return a;
}

void actor_close_all(void)
{
    for (size_t i = 0; i < actor_count; i++)
        actor_close(actors[i], false);
}

bool actor_clients_saw(const char *piece)
{
    return bytes_have(&clients_saw, piece, strlen(piece));
}

/* ---- opening and closing ---- */

static void actor_begin(struct actor *a, int fd)
{
    int one = 1;

    if (a->fd >= 0)
        close(a->fd);
    a->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    a->in.len = a->head.len = a->body.len = a->out.len = 0;
    a->flood = a->flood_sent = 0;
    a->fin_due = a->eof = a->reset = a->body_read = false;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        flow_fail("%s: %s", path, strerror(errno));
    return fd;
}

static int connect_ipv6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    char host[64];
    int port;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (sscanf(text, "[%63[0-9a-f:.]]:%d", host, &port) != 2 ||
        inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        flow_fail("%s is no address", text);
    address.sin6_port = htons((uint16_t)port);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        flow_fail("%s: %s", text, strerror(errno));
    return fd;
}

static int connect_ipv4(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[64];
    int port;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (sscanf(text, "%63[0-9.]:%d", host, &port) != 2 ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1)
        flow_fail("%s is no address", text);
    address.sin_port = htons((uint16_t)port);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        flow_fail("%s: %s", text, strerror(errno));
    return fd;
}

void actor_connect(struct actor *a, const char *address)
{
    if (strchr(address, '/') != NULL)
        actor_begin(a, connect_unix(strchr(address, '/')));
    else if (address[0] == '[')
        actor_begin(a, connect_ipv6(address));
    else
        actor_begin(a, connect_ipv4(address));
}

void actor_listener(const struct actor *a, char name[32])
{
    snprintf(name, 32, "%.*s", (int)strcspn(a->name, "."), a->name);
    if (listener_fd(name) < 0)
        flow_fail("%s is no listener", name);
}

void actor_accept(struct actor *a, int64_t deadline)
{
    char name[32];
    int fd;

    actor_listener(a, name);
    while (!listener_has_connection(name)) {
        if (flow_now() > deadline)
            flow_fail("no connection came to %s", name);
        actor_pump(NULL, flow_now() + 5);
    }
    fd = accept(listener_fd(name), NULL, NULL);
    if (fd < 0)
        flow_fail("accept: %s", strerror(errno));
    actor_begin(a, fd);
}

void actor_small_buffers(struct actor *a)
{
    int size = 64 * 1024;

    setsockopt(a->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(a->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

void actor_shutdown(struct actor *a)
{
    actor_flush(a);
    shutdown(a->fd, SHUT_WR);
}

void actor_close(struct actor *a, bool reset)
{
    struct linger linger = {.l_onoff = 1};

    if (a->fd < 0)
        return;
    if (reset)
        setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(a->fd);
    a->fd = -1;
    a->out.len = 0;
    a->flood = 0;
}

/* ---- sending ---- */

void flood_pattern(char *out, size_t len, uint64_t offset)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;

        out[i] = (char)(at ^ at >> 8 ^ at >> 16);
    }
}

static bool actor_wants_write(const struct actor *a)
{
    return a->fd >= 0 && !a->reset && (a->out.len > 0 || a->flood > 0);
}

static void write_failed(struct actor *a)
{
    if (errno == EAGAIN || errno == EINTR)
        return;
    a->out.len = 0;
    a->flood = 0;
}

static void actor_write(struct actor *a)
{
    static char pattern[FLOOD_STEP];

    while (actor_wants_write(a)) {
        ssize_t n;

        if (a->out.len > 0) {
            n = send(a->fd, a->out.at, a->out.len, MSG_NOSIGNAL);
            if (n > 0)
                bytes_drop(&a->out, (size_t)n);
        } else {
            size_t len = a->flood < FLOOD_STEP ? (size_t)a->flood : FLOOD_STEP;

            flood_pattern(pattern, len, a->flood_sent);
            n = send(a->fd, pattern, len, MSG_NOSIGNAL);
            if (n > 0) {
                a->flood -= (uint64_t)n;
                a->flood_sent += (uint64_t)n;
            }
        }
        if (n < 0) {
            write_failed(a);
            return;
        }
    }
}

void actor_send(struct actor *a, const void *data, size_t len)
{
    bytes_add(&a->out, data, len);
    actor_write(a);
}

/* Each byte in a segment of its own, with time for the other side to read it. */
void actor_send_slow(struct actor *a, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        actor_send(a, (const char *)data + i, 1);
        flow_breathe();
    }
}

void actor_flush(struct actor *a)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);

    while (actor_wants_write(a))
        if (!actor_pump(NULL, deadline))
            flow_fail("%s could not send within %d ms", a->name, FLOW_DEADLINE);
}

/* ---- receiving ---- */

static void actor_read(struct actor *a)
{
    static char data[256 * 1024];
    ssize_t n = recv(a->fd, data, sizeof(data), 0);

    if (n > 0) {
        bytes_add(&a->in, data, (size_t)n);
        if (strncmp(a->name, "client", 6) == 0 && clients_saw.len < 8 * 1024 * 1024)
            bytes_add(&clients_saw, data, (size_t)n);
    } else if (n == 0) {
        a->eof = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        a->reset = true;
    }
}

bool actor_pump(struct actor *reader, int64_t deadline)
{
    struct pollfd polls[ACTORS];
    struct actor *who[ACTORS];
    size_t count = 0;
    int64_t now = flow_now();

    for (size_t i = 0; i < actor_count; i++) {
        struct actor *a = actors[i];
        bool reads =
            reader != NULL && a == reader && a->fd >= 0 && !a->eof && !a->reset;
        bool writes = actor_wants_write(a);

        if (!reads && !writes)
            continue;
        polls[count] = (struct pollfd){
            .fd = a->fd,
            .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)),
        };
        who[count++] = a;
    }
    if (now >= deadline)
        return false;
    poll(polls, count, (int)(deadline - now));
    for (size_t i = 0; i < count; i++) {
        short events = polls[i].revents;

        if ((events & (POLLOUT | POLLERR | POLLHUP)) != 0)
            actor_write(who[i]);
        if (who[i] == reader && (events & (POLLIN | POLLERR | POLLHUP)) != 0)
            actor_read(who[i]);
    }
    return true;
}

bool actor_fill(struct actor *a, size_t len, int64_t deadline)
{
    while (a->in.len < len && !a->eof && !a->reset)
        if (!actor_pump(a, deadline))
            break;
    return a->in.len >= len;
}

void actor_drain(struct actor *a, int64_t deadline)
{
    while (!a->eof && !a->reset) {
        a->in.len = 0;
        if (!actor_pump(a, deadline))
            flow_fail("the connection of %s is still open", a->name);
    }
}
