/*
 * status: what runs, as JSON. See status.h.
 */
#include "admin/status.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/request_json.h"
#include "admin/status_parts.h"
#include "base/counters.h"
#include "fwd/session.h"

/* ---- listeners ---- */

static json_t *listeners_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 0; i < server->listener_count; i++) {
        char addr[NETADDR_TEXT];

        netaddr_format(listener_addr(server->listeners[i]), addr);
        json_array_append_new(list, status_text(addr));
    }
    return list;
}

static json_t *forwards_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 0; i < server->forwards.count; i++) {
        const struct forward *f = server->forwards.list[i];
        json_t *object = json_object();
        char addr[NETADDR_TEXT];

        netaddr_format(listener_addr(f->listener), addr);
        json_object_set_new(object, "address", status_text(addr));
        json_object_set_new(object, "target", status_text(f->target));
        json_array_append_new(list, object);
    }
    return list;
}

static const char *uid_check(const struct server *server)
{
    if (server->config->allow_any_user)
        return "off";
    return peer_lookup_works(server->peers) ? "kernel" : "unavailable";
}

/* ---- sessions ---- */

static json_t *sessions_json(const struct server *server)
{
    json_t *object = json_object();

    json_object_set_new(object, "open", status_number(server->session_count));
    json_object_set_new(object, "limit", status_number(server->session_limit));
    json_object_set_new(object, "tunnels", status_number(server->tunnel_count));
    return object;
}

static json_t *tunnel_json(const struct session_view *view)
{
    json_t *object = json_object();
    char id[REQUEST_ID_TEXT];

    request_id_format(view->id, id);
    json_object_set_new(object, "id", status_text(id));
    json_object_set_new(object, "target", status_text(view->target));
    json_object_set_new(object, "hop", status_text(view->hop));
    json_object_set_new(object, "uid", status_number(view->uid));
    json_object_set_new(object, "age_ms", status_number(view->age_ms));
    json_object_set_new(object, "bytes_up", status_number(view->bytes_up));
    json_object_set_new(object, "bytes_down", status_number(view->bytes_down));
    return object;
}

/* Those under way that are no tunnels yet; of too many, the oldest. */
static json_t *requests_json(const struct server *server)
{
    json_t *list = json_array();

    for (const struct session *s = server->sessions; s != NULL; s = session_next(s)) {
        struct request_view view;

        if (!request_of(s, &view) || view.access->tunnel)
            continue;
        if (json_array_size(list) >= STATUS_TUNNEL_LIMIT)
            json_array_remove(list, 0); /* the youngest session is the first */
        json_array_append_new(list, request_brief_json(&view));
    }
    return list;
}

static json_t *tunnels_json(const struct server *server)
{
    json_t *list = json_array();

    for (const struct session *s = server->sessions; s != NULL; s = session_next(s)) {
        struct session_view view;

        if (json_array_size(list) >= STATUS_TUNNEL_LIMIT)
            break;
        session_view(s, &view);
        if (view.tunnel)
            json_array_append_new(list, tunnel_json(&view));
    }
    return list;
}

/* ---- what happened ---- */

/* The latest first. */
static json_t *errors_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 1; i <= server->error_count; i++) {
        size_t at = (server->error_next + SERVER_ERRORS - i) % SERVER_ERRORS;
        const struct server_error *error = &server->errors[at];
        json_t *object = json_object();

        json_object_set_new(object, "at", status_number(error->at));
        json_object_set_new(object, "outcome",
                            status_text(outcome_info(error->outcome)->name));
        json_object_set_new(object, "target", status_text(error->target));
        json_object_set_new(object, "detail", status_text(error->detail));
        json_object_set_new(object, "help",
                            status_text(outcome_help(error->outcome, error->direct)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *counters_json(void)
{
    json_t *object = json_object();

    for (int i = 0; i < COUNTER_COUNT; i++)
        json_object_set_new(object, counter_name((enum counter)i),
                            status_number(counter_get((enum counter)i)));
    return object;
}

static json_t *outcomes_json(void)
{
    json_t *object = json_object();

    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t count = counter_outcome_get((enum outcome)i);

        if (count > 0)
            json_object_set_new(object, outcome_info((enum outcome)i)->name,
                                status_number(count));
    }
    return object;
}

static json_t *config_json(const struct status_facts *facts)
{
    static const char *const RELOADS[] = {
        [STATUS_NEVER_RELOADED] = NULL,
        [STATUS_RELOADED] = "ok",
        [STATUS_RELOAD_FAILED] = "failed",
    };
    json_t *object = json_object();

    json_object_set_new(object, "file", status_text(facts->config_file));
    json_object_set_new(object, "loaded_at", status_number(facts->loaded_at));
    json_object_set_new(object, "last_reload",
                        status_text(RELOADS[facts->last_reload]));
    return object;
}

json_t *status_json(const struct status_facts *facts)
{
    const struct server *server = facts->server;
    json_t *status = json_object();
    uint64_t up_ns = loop_clock() - facts->started;

    guard_look(server->egress->guard);

    /* jansson lets NULL run through: a member that found no memory is an error here. */
    if (json_object_set_new(status, "version", status_text(facts->version)) != 0 ||
        json_object_set_new(status, "pid", status_number((uint64_t)getpid())) != 0 ||
        json_object_set_new(status, "uptime_s", status_number(up_ns / 1000000000u)) !=
            0 ||
        json_object_set_new(status, "state",
                            status_text(server->draining ? "draining" : "running")) !=
            0 ||
        json_object_set_new(status, "ends_with",
                            facts->ends_with > 0
                                ? status_number((uint64_t)facts->ends_with)
                                : json_null()) != 0 ||
        json_object_set_new(status, "config", config_json(facts)) != 0 ||
        json_object_set_new(status, "listeners", listeners_json(server)) != 0 ||
        json_object_set_new(status, "forwards", forwards_json(server)) != 0 ||
        json_object_set_new(status, "uid_check", status_text(uid_check(server))) != 0 ||
        json_object_set_new(status, "state_trouble",
                            status_text(guard_trouble(server->egress->guard))) != 0 ||
        !status_ways_into(status, server) ||
        json_object_set_new(status, "hops", status_hops_json(server)) != 0 ||
        json_object_set_new(status, "sessions", sessions_json(server)) != 0 ||
        json_object_set_new(status, "tunnels", tunnels_json(server)) != 0 ||
        json_object_set_new(status, "requests", requests_json(server)) != 0 ||
        json_object_set_new(status, "last_errors", errors_json(server)) != 0 ||
        json_object_set_new(status, "counters", counters_json()) != 0 ||
        json_object_set_new(status, "outcomes", outcomes_json()) != 0) {
        json_decref(status);
        return NULL;
    }
    return status;
}
