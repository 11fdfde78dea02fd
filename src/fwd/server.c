/*
 * server: listeners and the list of sessions.
 */
#include "fwd/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fwd/relay.h"
#include "fwd/session.h"
#include "up/primer.h"

/* For what is no session: pipes, the admin socket, lookups, logs, refusals. */
#define DESCRIPTORS_RESERVED 192

enum {
    LAST_LOGIN_MS = 10000, /* the end waits so long for the answer to a login */
    LOGIN_POLL_MS = 20,
};

/* ---- our own addresses ---- */

/* An egress's is_own. */
static bool is_own(void *ctx, const struct netaddr *addr)
{
    const struct server *server = ctx;

    for (size_t i = 0; i < server->listener_count; i++)
        if (listener_is_at(server->listeners[i], addr))
            return true;
    return forwards_are_at(&server->forwards, addr);
}

/* RFC 6761 section 6.3: localhost and what is below it mean loopback. */
static bool is_localhost(struct span host)
{
    if (host.len > 0 && host.at[host.len - 1] == '.')
        host.len--;
    return span_equal_nocase(host, SPAN("localhost")) ||
           span_ends_nocase(host, SPAN(".localhost"));
}

bool server_is_self(void *ctx, struct span host, uint16_t port)
{
    struct netaddr addr;

    if (is_localhost(host))
        return server_is_self(ctx, SPAN("127.0.0.1"), port) ||
               server_is_self(ctx, SPAN("::1"), port);
    return netaddr_from_ip(&addr, host, port) && is_own(ctx, &addr);
}

/* ---- birth and end ---- */

/* Two descriptors a session; the rest is for listeners, logs, lookups. */
static size_t limit_from_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return 65536;
    if (limit.rlim_cur <= DESCRIPTORS_RESERVED + 2)
        return 1;
    return (size_t)(limit.rlim_cur - DESCRIPTORS_RESERVED) / 2;
}

static bool config_take(struct server *server, struct config *config)
{
    struct router *router = router_new(&(struct router_options){
        .loop = server->loop,
        .config = config,
        .environment = environ,
        .is_self = server_is_self,
        .self_ctx = server,
        .means = &server->egress->means,
    });

    if (!router)
        return false;
    router_free(server->router);
    config_unref(server->config);
    server->router = router;
    egress_use_router(server->egress, router);
    server->config = config_ref(config);
    primer_set_router(server->egress->primer, router);
    server->session_limit =
        config->limit.sessions ? config->limit.sessions : limit_from_descriptors();
    return true;
}

static void sessions_kill(struct server *server)
{
    for (struct session *s = server->sessions, *next; s; s = next) {
        next = session_next(s);
        session_kill(s, OUTCOME_DRAINING);
    }
}

/* Nobody else would hear that the password was rejected. */
static bool waits_for_login(struct server *server)
{
    uint64_t now = loop_now(server->loop);

    if (server->login_until == 0)
        server->login_until = now + LAST_LOGIN_MS;
    if (now >= server->login_until || !egress_is_logging_in(server->egress))
        return false;
    deadline_set(server->loop, &server->drain_limit, LOGIN_POLL_MS);
    return true;
}

static void drain_check(struct server *server)
{
    if (server->draining && server->session_count == 0 && server->drained)
        defer(server->loop, &server->empty);
}

static void drain_fired(void *ctx)
{
    struct server *server = ctx;

    if (waits_for_login(server))
        return;
    sessions_kill(server);
    drain_check(server);
}

static void server_drained(void *ctx)
{
    struct server *server = ctx;

    deadline_clear(server->loop, &server->drain_limit);
    if (!waits_for_login(server))
        server->drained(server->drained_ctx);
}

static void accepted_for(void *ctx, const struct forward *forward, int fd,
                         const struct netaddr *local, const struct netaddr *remote)
{
    session_start(ctx, fd, local, remote, forward->target);
}

struct server *server_new(struct loop *loop, struct egress *egress,
                          struct config *config)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->loop = loop;
    server->egress = egress;
    server->uid = geteuid();
    server->last_request = request_id_first(egress_tag(egress));
    server->forwards = (struct forwards){.callback = accepted_for, .ctx = server};
    egress->is_own = is_own;
    egress->is_own_ctx = server;
    deadline_init(&server->drain_limit, drain_fired, server);
    deferred_init(&server->empty, server_drained, server);
    server->relays = relay_pool_new();
    server->peers = peer_lookup_new();
    if (server->relays && server->peers && config_take(server, config))
        return server;
    server_free(server);
    return NULL;
}

static void listeners_close(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        listener_close(server->listeners[i]);
    free(server->listeners);
    server->listeners = NULL;
    server->listener_count = 0;
    forwards_close(&server->forwards);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    server->egress->is_own = NULL;
    listeners_close(server);
    server->drained = NULL;
    egress_use_router(server->egress, NULL); /* it asks us for our listeners */
    sessions_kill(server);
    deadline_clear(server->loop, &server->drain_limit);
    defer_cancel(&server->empty);
    relay_pool_free(server->relays);
    peer_lookup_free(server->peers);
    primer_set_router(server->egress->primer, NULL);
    recent_clear(&server->recent);
    router_free(server->router);
    config_unref(server->config);
    free(server);
}

/* ---- listening ---- */

static void accepted(void *ctx, int fd, const struct netaddr *local,
                     const struct netaddr *remote)
{
    session_start(ctx, fd, local, remote, NULL);
}

/* Whom the peer check lets in, the file must let in, too. */
static uint32_t unix_mode_of(const struct config *config)
{
    return config->allow_any_user || config->allow_uid_count > 0 ? 0666 : 0600;
}

static struct listener_options listener_options_of(struct server *server)
{
    return (struct listener_options){
        .loop = server->loop,
        .unix_mode = unix_mode_of(server->config),
        .keepalive = server->config->timeout.keepalive,
        .callback = accepted,
        .ctx = server,
    };
}

static bool listeners_add(struct server *server, struct listener *listener)
{
    struct listener **grown =
        realloc(server->listeners, (server->listener_count + 1) * sizeof(*grown));

    if (!grown) {
        listener_close(listener);
        return false;
    }
    server->listeners = grown;
    server->listeners[server->listener_count++] = listener;
    return true;
}

/* Port 0 asks for any port: both addresses of localhost then get the same one. */
static void port_follow(const struct server *server, struct netaddr *addr)
{
    if (netaddr_port(addr) != 0 || addr->u.sa.sa_family != AF_INET6)
        return;
    if (server->listener_count == 1)
        netaddr_set_port(addr, netaddr_port(listener_addr(server->listeners[0])));
}

static bool listen_one(struct server *server, const struct config_listen *entry,
                       struct buf *messages)
{
    struct listener_options options = listener_options_of(server);

    options.addr = entry->addr;
    if (entry->optional)
        port_follow(server, &options.addr);
    struct listener *listener = listener_open(&options);
    if (listener)
        return listeners_add(server, listener);
    if (entry->optional && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        return true;
    char text[NETADDR_TEXT];
    netaddr_format(&options.addr, text);
    listener_explain(messages, text, errno);
    return false;
}

static bool adopt_one(struct server *server, int fd, struct buf *messages)
{
    struct listener_options options = listener_options_of(server);
    struct listener *listener = listener_adopt(&options, fd);

    if (listener)
        return listeners_add(server, listener);
    buf_printf(messages, "cannot use the passed socket %d: %s\n", fd, strerror(errno));
    return false;
}

bool server_listen(struct server *server, int first, int passed, struct buf *messages)
{
    const struct config *config = server->config;
    const struct listener_options options = listener_options_of(server);
    bool ok = true;

    for (int i = 0; i < passed; i++)
        ok = adopt_one(server, first + i, messages) && ok;
    server->passed = passed > 0;
    for (size_t i = 0; passed == 0 && i < config->listen_count; i++)
        ok = listen_one(server, &config->listen[i], messages) && ok;
    return forwards_open(&server->forwards, config, &options, messages) && ok;
}

/* ---- reload ---- */

static bool config_names(const struct config *config, const struct listener *listener)
{
    for (size_t i = 0; i < config->listen_count; i++)
        if (listener_is_of(listener, &config->listen[i]))
            return true;
    return false;
}

/*
 * New listeners first: if one fails, those opened here are closed again and the old
 * list stands. Only then are the ones closed that the configuration names no more.
 */
static bool listeners_reload(struct server *server, const struct config *config,
                             struct buf *messages)
{
    size_t before = server->listener_count;

    for (size_t i = 0; i < config->listen_count; i++) {
        const struct config_listen *entry = &config->listen[i];
        bool there = false;

        for (size_t j = 0; j < before && !there; j++)
            there = listener_is_of(server->listeners[j], entry);
        if (there || listen_one(server, entry, messages))
            continue;
        while (server->listener_count > before)
            listener_close(server->listeners[--server->listener_count]);
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < server->listener_count; i++) {
        struct listener *listener = server->listeners[i];

        if (i < before && !config_names(config, listener))
            listener_close(listener);
        else
            server->listeners[kept++] = listener;
    }
    server->listener_count = kept;
    return true;
}

static void listener_adjust(const struct server *server, struct listener *listener,
                            uint32_t mode, struct buf *messages)
{
    char text[NETADDR_TEXT];

    listener_set_keepalive(listener, server->config->timeout.keepalive);
    if (listener_set_unix_mode(listener, mode))
        return;
    netaddr_format(listener_addr(listener), text);
    buf_printf(messages, "cannot set the mode of %s to %04o: %s\n", text,
               (unsigned)mode, strerror(errno));
}

/* What the new configuration changes of those that stay open. */
static void listeners_adjust(struct server *server, struct buf *messages)
{
    uint32_t mode = unix_mode_of(server->config);

    for (size_t i = 0; i < server->listener_count; i++)
        listener_adjust(server, server->listeners[i], mode, messages);
    for (size_t i = 0; i < server->forwards.count; i++)
        listener_adjust(server, server->forwards.list[i]->listener, mode, messages);
}

bool server_reload(struct server *server, struct config *config, struct buf *messages)
{
    const struct listener_options options = listener_options_of(server);

    if (!forwards_open(&server->forwards, config, &options, messages))
        return false;
    if (!server->passed && !listeners_reload(server, config, messages)) {
        forwards_undo(&server->forwards);
        return false;
    }
    if (config_take(server, config)) {
        forwards_keep(&server->forwards, config);
        listeners_adjust(server, messages);
        recent_reloaded(&server->recent);
        for (struct session *s = server->sessions; s; s = session_next(s))
            session_reloaded(s);
        return true;
    }
    forwards_undo(&server->forwards);
    buf_append_text(messages, "out of memory\n");
    return false;
}

/* ---- the end of sessions ---- */

void server_session_ended(struct server *server)
{
    server->session_count--;
    drain_check(server);
}

void server_drain(struct server *server, uint64_t limit_ms, void (*drained)(void *ctx),
                  void *ctx)
{
    server->draining = true;
    egress_drain(server->egress);
    server->drained = drained;
    server->drained_ctx = ctx;
    listeners_close(server);
    for (struct session *s = server->sessions, *next; s; s = next) {
        next = session_next(s);
        session_drain(s);
    }
    if (server->session_count > 0)
        deadline_set(server->loop, &server->drain_limit, limit_ms);
    drain_check(server);
}

/* ---- status ---- */

void server_note_error(struct server *server, enum outcome outcome, bool direct,
                       struct span target, const char *detail)
{
    struct server_error *error = &server->errors[server->error_next];

    server->error_next = (server->error_next + 1) % SERVER_ERRORS;
    if (server->error_count < SERVER_ERRORS)
        server->error_count++;
    error->at = (uint64_t)time(NULL);
    error->outcome = outcome;
    error->direct = direct;
    snprintf(error->target, sizeof(error->target), "%.*s", SPAN_ARG(target));
    snprintf(error->detail, sizeof(error->detail), "%s", detail ? detail : "");
}
