/*
 * request_view: looks into sessions and the ring of those that ended.
 */
#include "fwd/request_view.h"

#include "fwd/session_internal.h"

const char *request_phase_name(enum request_phase phase)
{
    static const char *const NAMES[REQUEST_PHASES] = {
        [REQUEST_ROUTE] = "route",     [REQUEST_LOOKUP] = "lookup",
        [REQUEST_CONNECT] = "connect", [REQUEST_TLS] = "tls",
        [REQUEST_LOGIN] = "login",     [REQUEST_ANSWER] = "answer",
        [REQUEST_DELIVER] = "deliver", [REQUEST_FLIGHT] = "flight",
        [REQUEST_RELAY] = "relay",     [REQUEST_REPLY] = "reply",
        [REQUEST_ENDED] = "ended",
    };

    return NAMES[phase];
}

/* ---- the phase ---- */

static void look_at_connector(const struct connector *connector,
                              struct request_view *view)
{
    static const enum request_phase PHASES[] = {
        [PHASE_LOOKUP] = REQUEST_LOOKUP, [PHASE_CONNECT] = REQUEST_CONNECT,
        [PHASE_TLS] = REQUEST_TLS,       [PHASE_LOGIN] = REQUEST_LOGIN,
        [PHASE_ANSWER] = REQUEST_ANSWER,
    };
    struct connector_view c;

    connector_view(connector, &c);
    view->phase = PHASES[c.phase];
    view->phase_hop = c.hop ? c.hop->name : NULL;
    view->phase_since = c.since;
}

static void look_at_exchange(const struct exchange *exchange, struct request_view *view)
{
    struct exchange_view x;

    exchange_view(exchange, &x);
    if (x.connector) {
        look_at_connector(x.connector, view);
        return;
    }
    view->phase = x.login      ? REQUEST_LOGIN
                  : x.answered ? REQUEST_DELIVER
                               : REQUEST_ANSWER;
    view->phase_hop = x.hop ? x.hop->name : NULL;
    view->phase_since = x.since;
}

static void look_at_phase(const struct session *s, struct request_view *view)
{
    static const enum request_phase PHASES[SESSION_STATES] = {
        [SESSION_ROUTE] = REQUEST_ROUTE,     [SESSION_CONNECT] = REQUEST_LOOKUP,
        [SESSION_EXCHANGE] = REQUEST_ANSWER, [SESSION_FLIGHT] = REQUEST_FLIGHT,
        [SESSION_TUNNEL] = REQUEST_RELAY,    [SESSION_REPLY] = REQUEST_REPLY,
        [SESSION_LINGER] = REQUEST_REPLY,
    };

    view->phase = PHASES[s->state];
    if (s->state == SESSION_ROUTE)
        view->phase_since = s->access.began;
    else if (s->connector)
        look_at_connector(s->connector, view);
    else if (s->exchange)
        look_at_exchange(s->exchange, view);
}

/* ---- the request ---- */

bool request_of(const struct session *s, struct request_view *view)
{
    if (s->access.trail.id == 0)
        return false;
    *view = (struct request_view){
        .access = &s->access,
        .bytes_up = s->relay ? relay_bytes_up(s->relay) : s->access.bytes_up,
        .bytes_down = s->relay ? relay_bytes_down(s->relay) : s->access.bytes_down,
        .client = s->remote,
        .uid = s->peer.kind == PEER_LOCAL ? (int64_t)s->peer.uid : -1,
        .own_caller = session_is_own_caller(s),
        .route = s->route,
        .router = s->router,
    };
    look_at_phase(s, view);
    if (view->phase == REQUEST_REPLY && s->intake) {
        view->outcome = s->intake->outcome;
        view->detail = s->intake->detail[0] ? s->intake->detail : NULL;
    }
    return true;
}

static bool recent_view(const struct server *server, request_id id,
                        struct request_view *view)
{
    const struct recent_request *r = recent_find(&server->recent, id);

    if (!r)
        return false;
    *view = (struct request_view){
        .access = &r->access,
        .bytes_up = r->access.bytes_up,
        .bytes_down = r->access.bytes_down,
        .client = r->client,
        .uid = r->uid,
        .own_caller = r->own_caller,
        .route = r->route,
        .phase = REQUEST_ENDED,
        .outcome = r->outcome,
        .detail = r->detail,
        .ended = r->ended,
    };
    return true;
}

bool request_find(const struct server *server, request_id id, struct request_view *view)
{
    for (const struct session *s = server->sessions; s; s = session_next(s))
        if (id != 0 && s->access.trail.id == id)
            return request_of(s, view);
    return recent_view(server, id, view);
}
