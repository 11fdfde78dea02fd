/*
 * session: birth, who may speak, the states, and the end.
 */
#include "fwd/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/log.h"

#define WAITS_MS      5000 /* without a way, before that is worth a line */
#define REFUSED_LIMIT 64   /* refusals that are being told at a time */

/* ---- states ---- */

static const char *const state_names[SESSION_STATES] = {
    [SESSION_HEAD] = "head",       [SESSION_ROUTE] = "route",
    [SESSION_CONNECT] = "connect", [SESSION_EXCHANGE] = "exchange",
    [SESSION_FLIGHT] = "tunnel",   [SESSION_TUNNEL] = "tunnel",
    [SESSION_REPLY] = "reply",     [SESSION_LINGER] = "closing",
};

static void state_log(const struct session *s, enum session_state state)
{
    char id[REQUEST_ID_TEXT];

    request_id_format(s->access.trail.id, id);
    LOG_DEBUG(
        "session", LOG_TEXT("client", s->remote), LOG_TEXT("id", id[0] ? id : NULL),
        LOG_TEXT("from", state_names[s->state]), LOG_TEXT("to", state_names[state]));
}

void session_enter(struct session *s, enum session_state state)
{
    if (log_enabled(LOG_LEVEL_DEBUG))
        state_log(s, state);
    s->state = (uint8_t)state;
    deadline_clear(s->server->loop, &s->limit);
    switch (state) {
    case SESSION_HEAD:
        session_head_enter(s);
        break;
    case SESSION_ROUTE:
        deadline_set(s->server->loop, &s->limit, WAITS_MS);
        session_route_enter(s);
        break;
    case SESSION_CONNECT:
        deadline_set(s->server->loop, &s->limit, WAITS_MS);
        session_connect_enter(s);
        break;
    case SESSION_EXCHANGE:
        deadline_set(s->server->loop, &s->limit, WAITS_MS);
        session_exchange_enter(s);
        break;
    case SESSION_FLIGHT:
        session_flight_enter(s);
        break;
    case SESSION_TUNNEL:
        session_tunnel_enter(s);
        break;
    case SESSION_REPLY:
        session_reply_event(s);
        break;
    case SESSION_LINGER:
        session_linger_enter(s);
        break;
    case SESSION_STATES:
        break;
    }
}

void session_client_fired(void *ctx, unsigned events)
{
    struct session *s = ctx;

    (void)events;
    switch ((enum session_state)s->state) {
    case SESSION_HEAD:
        session_head_event(s);
        break;
    case SESSION_ROUTE:
    case SESSION_CONNECT:
        session_connect_event(s);
        break;
    case SESSION_REPLY:
        session_reply_event(s);
        break;
    case SESSION_LINGER:
        session_linger_event(s);
        break;
    case SESSION_EXCHANGE:
    case SESSION_FLIGHT:
    case SESSION_TUNNEL:
    case SESSION_STATES:
        break;
    }
}

static void limit_fired(void *ctx)
{
    struct session *s = ctx;

    if (s->state == SESSION_HEAD)
        session_head_timeout(s);
    else if (s->state == SESSION_LINGER)
        session_end(s, OUTCOME_OK, NULL);
    else if (s->state == SESSION_REPLY)
        session_end(s, s->intake->outcome, "the client does not read");
    else
        session_waits(s);
}

/* ---- the end ---- */

bool session_intake_new(struct session *s)
{
    struct intake *intake = calloc(1, sizeof(*intake));

    if (!intake)
        return false;
    buf_init(&intake->raw, HEAD_LIMIT + INTAKE_READ);
    buf_init(&intake->in, INTAKE_LIMIT);
    buf_init(&intake->out, HEAD_LIMIT);
    head_init(&intake->head);
    held_init(&intake->held, s->server->loop);
    s->intake = intake;
    return true;
}

void session_intake_free(struct session *s)
{
    struct intake *intake = s->intake;

    if (!intake)
        return;
    buf_clear(&intake->raw);
    buf_clear(&intake->in);
    buf_clear(&intake->out);
    head_clear(&intake->head);
    held_clear(&intake->held);
    free(intake->authority);
    free(intake);
    s->intake = NULL;
}

static void session_unlink(struct session *s)
{
    struct server *server = s->server;

    if (s->prev)
        s->prev->next = s->next;
    else
        server->sessions = s->next;
    if (s->next)
        s->next->prev = s->prev;
    server->tunnel_count -= s->open;
    server->refused_count -= s->refused;
    server_session_ended(server);
}

/*
 * A tunnel that broke is broken for both sides, also one that never came to be and of
 * which the client can be told nothing else; everything else ends in good order.
 */
static void streams_close(struct session *s, enum outcome outcome)
{
    if ((s->open || s->way == WAY_FORWARD) && outcome != OUTCOME_OK) {
        stream_abort(s->client);
        stream_abort(s->upstream);
    } else {
        stream_close(s->client);
        stream_close(s->upstream);
    }
}

void session_end(struct session *s, enum outcome outcome, const char *detail)
{
    session_log(s, outcome, detail);
    route_cancel(s->query);
    connector_cancel(s->connector);
    exchange_cancel(s->exchange);
    flight_cancel(s->flight);
    relay_cancel(s->relay);
    deadline_clear(s->server->loop, &s->limit);
    streams_close(s, outcome);
    session_unlink(s);
    session_intake_free(s);
    route_unref(s->route);
    router_free(s->router);
    config_unref(s->config);
    free(s->remote);
    free(s);
}

void session_kill(struct session *s, enum outcome outcome)
{
    if (s->relay) {
        s->access.bytes_up = relay_bytes_up(s->relay);
        s->access.bytes_down = relay_bytes_down(s->relay);
    }
    session_end(s, outcome, "closed at shutdown");
}

void session_drain(struct session *s)
{
    if (s->state == SESSION_HEAD && s->intake->raw.len == 0)
        session_end(s, OUTCOME_OK, NULL);
}

void session_reloaded(struct session *s)
{
    if (s->intake)
        held_clear(&s->intake->held);
}

/* ---- status ---- */

struct session *session_next(const struct session *s)
{
    return s->next;
}

void session_view(const struct session *s, struct session_view *view)
{
    *view = (struct session_view){
        .state = state_names[s->state],
        .tunnel = s->open,
        .id = s->access.trail.id,
        .uid = s->peer.uid,
        .target = s->access.target ? s->access.target : "",
        .hop = s->access.hop      ? s->access.hop
               : s->access.direct ? "direct"
                                  : "",
        .age_ms = loop_now(s->server->loop) - s->born,
        .bytes_up = s->relay ? relay_bytes_up(s->relay) : s->access.bytes_up,
        .bytes_down = s->relay ? relay_bytes_down(s->relay) : s->access.bytes_down,
    };
}

/* ---- who may speak ---- */

bool session_is_own_caller(const struct session *s)
{
    return s->peer.kind == PEER_LOCAL && s->peer.uid == s->server->uid;
}

static bool uid_allowed(const struct session *s, uint32_t uid)
{
    const struct config *config = s->config;

    if (uid == s->server->uid || uid == 0)
        return true;
    for (size_t i = 0; i < config->allow_uid_count; i++)
        if (config->allow_uid[i] == uid)
            return true;
    return false;
}

static bool caller_allowed(const struct session *s, const struct netaddr *remote)
{
    const struct config *config = s->config;

    if (s->peer.kind != PEER_REMOTE)
        return config->allow_any_user ||
               (s->peer.kind == PEER_LOCAL && uid_allowed(s, s->peer.uid));
    for (size_t i = 0; i < config->allow_count; i++)
        if (netblock_contains(&config->allow[i], remote))
            return true;
    return false;
}

/*
 * Those who may not speak hold no place of those who may: beyond a few at a time they
 * are closed without a word.
 */
static void caller_refuse(struct session *s)
{
    char who[64], us[64], text[256];

    counter_add(COUNTER_CALLER_REFUSED, 1);
    s->refused = true;
    if (++s->server->refused_count > REFUSED_LIMIT) {
        session_end(s, OUTCOME_CALLER_REFUSED, NULL);
        return;
    }
    peer_user_name(s->server->uid, us, sizeof(us));
    switch (s->peer.kind) {
    case PEER_LOCAL:
        peer_user_name(s->peer.uid, who, sizeof(who));
        snprintf(text, sizeof(text),
                 "%s (uid %u) is not allowed to use %s's ccgate; see allow_users", who,
                 s->peer.uid, us);
        break;
    case PEER_UNKNOWN:
        snprintf(text, sizeof(text),
                 "the kernel does not say whose connection this is, so it may not use "
                 "%s's ccgate",
                 us);
        break;
    case PEER_REMOTE:
        snprintf(text, sizeof(text), "%s is in no network of `allow`", s->remote);
        break;
    }
    LOG_WARN("caller_refused", LOG_TEXT("client", s->remote), LOG_TEXT("reason", text));
    session_fail(
        s, &(struct session_fault){.outcome = OUTCOME_CALLER_REFUSED, .detail = text});
}

/* ---- birth ---- */

static struct session *session_new(struct server *server, int fd,
                                   const struct netaddr *remote)
{
    struct session *s = calloc(1, sizeof(*s));
    char text[NETADDR_TEXT];

    if (!s)
        return NULL;
    netaddr_format(remote, text);
    s->remote = strdup(text);
    s->client = s->remote ? stream_new(server->loop, fd) : NULL;
    if (!s->client) {
        free(s->remote);
        free(s);
        return NULL;
    }
    s->server = server;
    s->config = config_ref(server->config);
    s->router = router_ref(server->router);
    s->born = loop_now(server->loop);
    deadline_init(&s->limit, limit_fired, s);
    stream_on_event(s->client, session_client_fired, s);
    s->next = server->sessions;
    if (s->next)
        s->next->prev = s;
    server->sessions = s;
    server->session_count++;
    return s;
}

void session_start(struct server *server, int fd, const struct netaddr *local,
                   const struct netaddr *remote, const char *target)
{
    struct session *s = session_new(server, fd, remote);

    counter_add(COUNTER_ACCEPTED, 1);

    if (!s) {
        LOG_ERROR("session_failed", LOG_TEXT("reason", "out of memory or descriptors"));
        close(fd);
        return;
    }
    s->way = target ? WAY_FORWARD : WAY_UNKNOWN;
    s->peer = peer_of(server->peers, fd, local, remote);
    if (!caller_allowed(s, remote)) {
        caller_refuse(s);
    } else if (server->session_count - server->refused_count > server->session_limit) {
        counter_add(COUNTER_SESSIONS_REFUSED, 1);
        session_fail(s, &(struct session_fault){.outcome = OUTCOME_SESSION_LIMIT});
    } else if (target) {
        session_forward(s, target);
    } else {
        session_enter(s, SESSION_HEAD);
    }
}
