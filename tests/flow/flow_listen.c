/*
 * flow: listeners, and what the placeholders stand for. A name that begins with proxy
 * or origin is a listener, opened at first use; dead... is a port that is bound but
 * where nobody listens; stuck... is one whose queue is full, so that a connection never
 * opens.
 */
#include "flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENERS 16

struct listener {
    char name[32];
    char address[64];
    int fd;
    int filler[2]; /* connections that fill the queue of a stuck one */
};

static struct listener listeners[LISTENERS];
static size_t listener_count;

static bool name_is(const char *name, const char *kind)
{
    return strncmp(name, kind, strlen(kind)) == 0;
}

static void fill_queue(struct listener *l, const struct sockaddr_in *address)
{
    for (size_t i = 0; i < 2; i++) {
        l->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(l->filler[i], (const struct sockaddr *)address, sizeof(*address)) ==
                0 ||
            errno == EINPROGRESS)
            continue;
        flow_fail("connect: %s", strerror(errno));
    }
}

static void listener_open(struct listener *l)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&address, &size) != 0)
        flow_fail("bind: %s", strerror(errno));
    snprintf(l->address, sizeof(l->address), "127.0.0.1:%d", ntohs(address.sin_port));
    if (name_is(l->name, "dead"))
        return;
    if (listen(l->fd, name_is(l->name, "stuck") ? 0 : 64) != 0)
        flow_fail("listen: %s", strerror(errno));
    if (name_is(l->name, "stuck"))
        fill_queue(l, &address);
}

static struct listener *listener_find(const char *name)
{
    for (size_t i = 0; i < listener_count; i++)
        if (strcmp(listeners[i].name, name) == 0)
            return &listeners[i];
    if (!name_is(name, "proxy") && !name_is(name, "origin") && !name_is(name, "dead") &&
        !name_is(name, "stuck"))
        return NULL;
    if (listener_count == LISTENERS)
        flow_fail("too many listeners");
    snprintf(listeners[listener_count].name, sizeof(listeners[0].name), "%s", name);
    listener_open(&listeners[listener_count]);
    return &listeners[listener_count++];
}

const char *listener_address(const char *name)
{
    struct listener *l = listener_find(name);

    if (l == NULL)
        flow_fail("%s is no listener", name);
    return l->address;
}

int listener_fd(const char *name)
{
    struct listener *l = listener_find(name);

    return l == NULL ? -1 : l->fd;
}

bool listener_has_connection(const char *name)
{
    struct pollfd p = {.fd = listener_fd(name), .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

void listener_close_all(void)
{
    for (size_t i = 0; i < listener_count; i++) {
        close(listeners[i].fd);
        if (!name_is(listeners[i].name, "stuck"))
            continue;
        close(listeners[i].filler[0]);
        close(listeners[i].filler[1]);
    }
    listener_count = 0;
}

static struct {
    char name[32];
    char text[256];
} remembered[8];

void flow_remember(const char *name, const char *text)
{
    size_t i = 0;

    while (remembered[i].name[0] != '\0' && strcmp(remembered[i].name, name) != 0)
        if (++i == sizeof(remembered) / sizeof(remembered[0]))
            flow_fail("too much to remember");
    snprintf(remembered[i].name, sizeof(remembered[i].name), "%s", name);
    snprintf(remembered[i].text, sizeof(remembered[i].text), "%s", text);
}

const char *flow_place(const char *name)
{
    static char text[64];
    char base[32];
    const char *suffix = strchr(name, '.');
    const char *address;
    struct listener *l;

    for (size_t i = 0; i < sizeof(remembered) / sizeof(remembered[0]); i++)
        if (strcmp(name, remembered[i].name) == 0)
            return remembered[i].text;
    if (strcmp(name, "dir") == 0)
        return daemon_directory();
    if (strcmp(name, "uid") == 0) {
        snprintf(text, sizeof(text), "%u", (unsigned)getuid());
        return text;
    }
    snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, "."), name);
    if (name_is(base, "ccgate")) {
        address = daemon_address(strtoul(base + 6, NULL, 10));
    } else {
        l = listener_find(base);
        if (l == NULL)
            return NULL;
        address = l->address;
    }
    if (suffix == NULL)
        return address;
    if (strcmp(suffix, ".port") != 0)
        return NULL;
    return strrchr(address, ':') + 1;
}
