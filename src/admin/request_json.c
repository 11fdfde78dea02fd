/*
 * request_json: one request as JSON.
 */
#include "admin/request_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/status_parts.h"
#include "base/loop.h"
#include "base/url.h"

#define NS_PER_MS 1000000u
#define NS_PER_US 1000u

static json_t *id_json(request_id id)
{
    char text[REQUEST_ID_TEXT];

    request_id_format(id, text);
    return status_text(text);
}

static json_t *real_ms(uint64_t from, uint64_t to)
{
    return json_real((double)(to - from) / NS_PER_MS);
}

static uint64_t ms_between(uint64_t from, uint64_t to)
{
    return from != 0 && to > from ? (to - from) / NS_PER_MS : 0;
}

static const char *through(const struct access *access)
{
    if (access->hop != NULL)
        return access->hop;
    return access->direct ? "direct" : NULL;
}

/* ---- the route ---- */

static json_t *hops_json(const struct server *server, const struct route *route)
{
    const struct health *health = server->egress->health;
    json_t *list = json_array();

    for (size_t i = 0; i < route->hop_count; i++)
        json_array_append_new(
            list, status_hop_json(server, &route->hops[i],
                                  health_find(health, route->hops[i].name)));
    return list;
}

/* Their names alone. */
static json_t *names_json(const struct route *route)
{
    json_t *list = json_array();

    for (size_t i = 0; i < route->hop_count; i++)
        json_array_append_new(
            list, json_pack("{s:o}", "name", status_text(route->hops[i].name)));
    return list;
}

/* As `ccgate route --json` has it. Takes the hops. */
static json_t *route_json(const struct route *route, json_t *hops)
{
    static const char *const KINDS[] = {
        [ROUTE_HOPS] = "hops", [ROUTE_DIRECT] = "direct", [ROUTE_REFUSED] = "refused"};
    bool refused = route->kind == ROUTE_REFUSED;
    json_t *object = json_object();

    json_object_set_new(object, "kind", status_text(KINDS[route->kind]));
    json_object_set_new(object, "hops", hops);
    json_object_set_new(object, "why", status_text(route->why));
    json_object_set_new(
        object, "outcome",
        status_text(refused ? outcome_info(route->outcome)->name : NULL));
    json_object_set_new(
        object, "help",
        status_text(refused ? outcome_info(route->outcome)->help : NULL));
    return object;
}

static json_t *script_json(const struct route_script *script)
{
    json_t *object = json_object();

    json_object_set_new(object, "cached", json_boolean(script->cached));
    json_object_set_new(object, "age_ms",
                        script->cached ? status_number(script->age_ms) : json_null());
    json_object_set_new(object, "took_us",
                        script->cached ? json_null()
                                       : json_real((double)script->ns / NS_PER_US));
    json_object_set_new(object, "runs",
                        script->cached ? json_null() : status_number(script->runs));
    json_object_set_new(object, "told", status_text(script->facts));
    return object;
}

/* Of a configuration that is no more in force, the reason is left. */
static json_t *decision_json(const struct server *server,
                             const struct request_view *view)
{
    json_t *object;

    if (view->route != NULL) {
        object = route_json(view->route, hops_json(server, view->route));
        json_object_set_new(object, "script",
                            view->route->script.asked
                                ? script_json(&view->route->script)
                                : json_null());
        return object;
    }
    if (view->access->why == NULL)
        return json_null();
    object = json_object();
    json_object_set_new(object, "why", status_text(view->access->why));
    return object;
}

/* ---- what was tried ---- */

static json_t *step_json(const struct access *access, const struct trail_step *step)
{
    json_t *object = json_object();

    json_object_set_new(object, "hop", status_text(step->hop));
    json_object_set_new(object, "outcome",
                        status_text(outcome_info(step->outcome)->name));
    json_object_set_new(object, "detail", status_text(step->detail));
    json_object_set_new(object, "after_ms", real_ms(access->began, step->at));
    return object;
}

static json_t *trail_json(const struct access *access)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < trail_kept(&access->trail); i++)
        json_array_append_new(list, step_json(access, &access->trail.steps[i]));
    return list;
}

/* ---- the request ---- */

static void phase_into(json_t *object, const struct request_view *view, uint64_t now)
{
    bool over = view->phase == REQUEST_ENDED || view->phase == REQUEST_REPLY;

    json_object_set_new(object, "phase", status_text(request_phase_name(view->phase)));
    json_object_set_new(object, "phase_hop", status_text(view->phase_hop));
    json_object_set_new(object, "phase_for_ms",
                        view->phase_since != 0
                            ? status_number(ms_between(view->phase_since, now))
                            : json_null());
    json_object_set_new(object, "outcome",
                        status_text(over ? outcome_info(view->outcome)->name : NULL));
    json_object_set_new(object, "detail", status_text(over ? view->detail : NULL));
}

json_t *request_brief_json(const struct request_view *view)
{
    const struct access *access = view->access;
    uint64_t now = loop_clock();
    json_t *object = json_object();

    json_object_set_new(object, "id", id_json(access->trail.id));
    json_object_set_new(object, "method", status_text(access->method));
    json_object_set_new(object, "target", status_text(access->target));
    json_object_set_new(object, "client", status_text(view->client));
    json_object_set_new(object, "uid",
                        view->uid >= 0 ? json_integer(view->uid) : json_null());
    json_object_set_new(object, "age_ms",
                        status_number(ms_between(access->began, now)));
    phase_into(object, view, now);
    return object;
}

json_t *request_json(const struct server *server, const struct request_view *view)
{
    const struct access *access = view->access;
    json_t *object = request_brief_json(view);
    uint64_t now = loop_clock();
    time_t wall = time(NULL);
    uint64_t age_s = ms_between(access->began, now) / 1000;

    json_object_set_new(object, "began_at", status_number((uint64_t)wall - age_s));
    json_object_set_new(object, "took_ms",
                        view->ended != 0 ? real_ms(access->began, view->ended)
                                         : json_null());
    json_object_set_new(object, "ended_ago_ms",
                        view->ended != 0 ? status_number(ms_between(view->ended, now))
                                         : json_null());
    json_object_set_new(object, "through", status_text(through(access)));
    json_object_set_new(object, "reused", status_text(access->reused));
    json_object_set_new(object, "status",
                        access->status != 0 ? status_number(access->status)
                                            : json_null());
    json_object_set_new(object, "bytes_up", status_number(view->bytes_up));
    json_object_set_new(object, "bytes_down", status_number(view->bytes_down));
    json_object_set_new(object, "attempts", trail_json(access));
    json_object_set_new(
        object, "attempts_left_out",
        status_number(access->trail.count - trail_kept(&access->trail)));
    if (json_object_set_new(object, "route", decision_json(server, view)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---- none of that id ---- */

static const char *log_place(const struct config *config)
{
    if (strcmp(config->log.to, "stderr") != 0)
        return config->log.to;
    return config->daemon ? "syslog" : "standard error";
}

int request_unknown(const struct server *server, request_id id, struct buf *out)
{
    const struct config *config = server->config;
    char asked[REQUEST_ID_TEXT], own[REQUEST_ID_TEXT];

    request_id_format(id, asked);
    request_id_format(server->last_request + 1, own);
    if (!request_id_same_process(id, server->last_request))
        return buf_printf(out,
                          "request %s is not of the ccgate that runs here, whose ids "
                          "begin with %.5s; the log (%s) may tell how it ended\n",
                          asked, own, log_place(config));
    if (id > server->last_request)
        return buf_printf(out, "request %s: there was none of that id so far\n", asked);
    if (!config->log_access)
        return buf_printf(
            out,
            "request %s is neither open nor among the last %d that ended, "
            "and log.access is off\n",
            asked, RECENT_REQUESTS);
    return buf_printf(out,
                      "request %s is neither open nor among the last %d that ended; "
                      "the log (%s) says how it ended\n",
                      asked, RECENT_REQUESTS, log_place(config));
}

/* ---- the decision once more ---- */

struct rerun {
    struct route_query *query;
    char *why; /* of the request's own route; NULL: none */
    bool plain;
    rerun_callback *callback;
    void *ctx;
};

void rerun_cancel(struct rerun *r)
{
    if (r == NULL)
        return;
    route_cancel(r->query);
    free(r->why);
    free(r);
}

static json_t *lines_json(const char *text)
{
    json_t *list = json_array();
    struct span rest = span_of(text);
    struct span line;

    while (span_next(&rest, "\n", &line)) {
        char *copy = line.len > 0 ? span_dup(line) : NULL;

        if (copy != NULL)
            json_array_append_new(list, status_text(copy));
        free(copy);
    }
    return list;
}

static void decided(void *ctx, struct route *route)
{
    struct rerun *r = ctx;
    rerun_callback *callback = r->callback;
    void *callback_ctx = r->ctx;
    json_t *object = NULL;

    r->query = NULL;
    if (route != NULL) {
        object = route_json(route, names_json(route));
        json_object_set_new(object, "trace", lines_json(route->trace));
        json_object_set_new(object, "without_query", json_boolean(r->plain));
        json_object_set_new(object, "differs",
                            r->why != NULL
                                ? json_boolean(strcmp(r->why, route->why) != 0)
                                : json_null());
    }
    route_unref(route);
    rerun_cancel(r);
    callback(callback_ctx, object);
}

/* What the log shows of it; userinfo has left but the host there. */
static struct route_request question_of(const struct request_view *view)
{
    const struct access *access = view->access;
    struct span target = span_of(access->target);
    struct route_request request = {.host = target};
    struct url url;
    bool ipv6;

    if (access->connect) {
        if (authority_parse(target, &url.host, &ipv6, &url.port) == NULL)
            request.host = url.host;
    } else if (url_parse(&url, target) == NULL) {
        request.host = url.host;
        request.path = url.path_query;
    }
    request.port = access->port;
    request.secure = access->connect;
    request.own_caller = view->own_caller;
    request.trace = true;
    return request;
}

struct rerun *rerun_start(const struct server *server, const struct request_view *view,
                          rerun_callback *callback, void *ctx)
{
    struct router *router = view->router != NULL ? view->router : server->router;
    const struct route_request request = question_of(view);
    struct rerun *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->plain = !view->access->connect;
    r->callback = callback;
    r->ctx = ctx;
    r->why = view->access->why != NULL ? span_dup(span_of(view->access->why)) : NULL;
    r->query = route_start(router, &request, decided, r);
    if (r->query != NULL)
        return r;
    rerun_cancel(r);
    return NULL;
}
