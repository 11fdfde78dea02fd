/*
 * wayin: see wayin.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif

#include "wayin.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/client.h"
#include "fwd/reply.h"
#include "net/peer.h"

struct search {
    const struct config *config;
    struct peer_lookup *lookup;
    json_t *running; /* an array of lists of listeners, each of one ccgate */
    struct wayin found;
};

/* ---- addresses ---- */

/* How to get to a listener: one at all addresses is reached at loopback. */
static struct netaddr reach(const struct netaddr *at)
{
    struct netaddr to = *at;

    if (netaddr_is_any(at))
        (void)netaddr_from_ip(
            &to, at->u.sa.sa_family == AF_INET ? SPAN("127.0.0.1") : SPAN("::1"),
            netaddr_port(at));
    return to;
}

static bool is_tcp(const struct netaddr *addr)
{
    return addr->u.sa.sa_family != AF_UNIX;
}

/* As the status writes it: "127.0.0.1:3128". */
static bool listener_parse(const json_t *text, struct netaddr *addr)
{
    const char *value = json_string_value(text);
    struct span host;
    uint16_t port;
    bool ipv6;

    return value != NULL &&
           authority_parse(span_of(value), &host, &ipv6, &port) == NULL &&
           netaddr_from_ip(addr, host, port);
}

static bool covers(const struct netaddr *listener, const struct netaddr *addr)
{
    struct netaddr at = reach(listener);

    if (netaddr_equal(&at, addr))
        return true;
    return netaddr_is_any(listener) && netaddr_port(listener) == netaddr_port(addr) &&
           listener->u.sa.sa_family == addr->u.sa.sa_family;
}

/* ---- who runs ---- */

/* The listeners of a ccgate that stays, or NULL. */
static json_t *ask_listeners(const char *path)
{
    json_t *status = NULL;
    json_t *listeners = NULL;
    struct buf body;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    if (client_request(path, "GET", "/status", &body) == 200)
        status = json_loadb(buf_span(&body).at, body.len, 0, NULL);
    if (!json_is_integer(json_object_get(status, "ends_with")))
        listeners = json_incref(json_object_get(status, "listeners"));
    json_decref(status);
    buf_clear(&body);
    return listeners;
}

static json_t *ask_all(const char *runtime_dir)
{
    struct client_instances instances;
    json_t *running = json_array();
    struct buf messages;

    /* A folder that cannot be trusted or read has none of ours in it. */
    buf_init(&messages, 4096);
    (void)client_find(&instances, runtime_dir, NULL, &messages);
    for (size_t i = 0; i < instances.count; i++) {
        json_t *listeners = NULL;

        if (!client_is_draining(instances.path[i]))
            listeners = ask_listeners(instances.path[i]);
        if (listeners != NULL)
            json_array_append_new(running, listeners);
    }
    client_instances_clear(&instances);
    buf_clear(&messages);
    return running;
}

/* ---- whose it is ---- */

static struct wayin verdict(enum wayin_state state, const struct netaddr *addr)
{
    return (struct wayin){.state = state, .addr = *addr};
}

/*
 * What a ccgate of ours says to be its own. A socket that the service manager of the
 * machine has opened is root's. Where the kernel does not say, its word is enough: only
 * one can have the port.
 */
static struct wayin judge_claimed(const struct search *s, const struct netaddr *addr)
{
    struct wayin w = verdict(WAYIN_FOUND, addr);
    uint32_t uid;

    if (!peer_lookup_works(s->lookup))
        return w;
    if (!peer_listens(s->lookup, addr, &uid)) {
        w.state = WAYIN_NONE; /* it runs in another network namespace */
    } else if (uid != geteuid() && uid != 0) {
        w.state = WAYIN_FOREIGN;
        w.uid = uid;
    }
    return w;
}

/* ---- what it is ---- */

enum { PROBE_SECONDS = 2, PROBE_LIMIT = 4096 };

/* A connection, and a request that every HTTP server answers; or -1. */
static int ask_page(const struct netaddr *addr)
{
    static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: ccgate\r\n"
                                  "Connection: close\r\n\r\n";
    struct timeval limit = {.tv_sec = PROBE_SECONDS};
    int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        connect(fd, &addr->u.sa, addr->len) == 0 &&
        send(fd, REQUEST, sizeof(REQUEST) - 1, MSG_NOSIGNAL) > 0)
        return fd;
    close(fd);
    return -1;
}

/* Whether it answers, and otherwise than ccgate. */
static bool is_another_program(const struct netaddr *addr)
{
    char answer[PROBE_LIMIT];
    int fd = ask_page(addr);
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return false;
    while (len < sizeof(answer) && n > 0) {
        n = recv(fd, answer + len, sizeof(answer) - len, 0);
        len += n > 0 ? (size_t)n : 0;
    }
    n = n < 0 && len == 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
    close(fd);
    return n == 0 && memmem(answer, len, REPLY_SELF, strlen(REPLY_SELF)) == NULL;
}

/* Where no ccgate of ours says that it listens. */
static struct wayin judge_unclaimed(const struct search *s, const struct netaddr *addr)
{
    struct wayin w = verdict(WAYIN_NONE, addr);

    if (peer_listens(s->lookup, addr, &w.uid))
        w.state = w.uid != geteuid()         ? WAYIN_FOREIGN
                  : is_another_program(addr) ? WAYIN_OTHER
                                             : WAYIN_FOUND;
    return w;
}

/* ---- the search ---- */

/* One that listens at this address of the configuration. */
static bool find_claimed(struct search *s, const struct netaddr *addr)
{
    const json_t *listeners, *text;
    struct netaddr at;
    size_t i, j;

    json_array_foreach(s->running, i, listeners)
    {
        json_array_foreach(listeners, j, text)
        {
            if (!listener_parse(text, &at) || !covers(&at, addr))
                continue;
            s->found = judge_claimed(s, addr);
            return true;
        }
    }
    return false;
}

/* The only one, wherever it listens: at IPv4 loopback, if it can be had. */
static bool find_only(struct search *s)
{
    const json_t *text;
    struct netaddr at;
    bool any = false;
    size_t i;

    if (json_array_size(s->running) != 1)
        return false;
    json_array_foreach(json_array_get(s->running, 0), i, text)
    {
        if (!listener_parse(text, &at))
            continue;
        at = reach(&at);
        if (any && (netaddr_is_loopback(&s->found.addr) || !netaddr_is_loopback(&at)))
            continue;
        s->found = judge_claimed(s, &at);
        any = true;
    }
    if (!any)
        s->found.state = WAYIN_UNIX;
    return true;
}

static void find_configured(struct search *s, bool strict)
{
    const struct config *c = s->config;
    struct wayin last = {.state = WAYIN_UNIX};

    for (size_t i = 0; i < c->listen_count; i++) {
        struct netaddr addr = reach(&c->listen[i].addr);

        if (is_tcp(&addr) && netaddr_port(&addr) != 0 && find_claimed(s, &addr))
            return;
    }
    if (!strict && find_only(s))
        return;
    for (size_t i = 0; i < c->listen_count; i++) {
        struct netaddr addr = reach(&c->listen[i].addr);

        if (!is_tcp(&addr))
            continue;
        s->found = verdict(WAYIN_NONE, &addr);
        if (netaddr_port(&addr) != 0)
            s->found = judge_unclaimed(s, &addr);
        if (s->found.state == WAYIN_FOUND)
            return;
        if (last.state == WAYIN_UNIX ||
            (last.state == WAYIN_NONE && s->found.state != WAYIN_NONE))
            last = s->found;
    }
    s->found = last;
}

struct wayin wayin_find(const struct config *config, bool strict)
{
    struct search s = {.config = config, .found = {.state = WAYIN_NONE}};

    s.lookup = peer_lookup_new();
    s.running = ask_all(config->runtime_dir);
    if (s.lookup != NULL && s.running != NULL)
        find_configured(&s, strict);
    json_decref(s.running);
    peer_lookup_free(s.lookup);
    return s.found;
}

int wayin_explain(const struct wayin *wayin, struct buf *out)
{
    char addr[NETADDR_TEXT];
    char user[64];

    netaddr_format(&wayin->addr, addr);
    switch (wayin->state) {
    case WAYIN_FOUND:
        break;
    case WAYIN_NONE:
        if (wayin->addr.len == 0 || netaddr_port(&wayin->addr) == 0)
            return buf_append_text(out, "no ccgate of this user is running\n");
        return buf_printf(out, "no ccgate of this user listens at %s\n", addr);
    case WAYIN_FOREIGN:
        peer_user_name(wayin->uid, user, sizeof(user));
        return buf_printf(out, "%s belongs to %s, not to this user\n", addr, user);
    case WAYIN_OTHER:
        return buf_printf(out, "what listens at %s is not ccgate\n", addr);
    case WAYIN_UNIX:
        return buf_append_text(
            out, "ccgate listens on Unix sockets only, which no variable can name\n");
    }
    return 0;
}
