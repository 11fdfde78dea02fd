/*
 * auth_test: the way out, once, without a listener. See auth_test.h.
 */
#include "auth_test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "up/connector.h"
#include "verbs.h"

struct test {
    struct config *config;
    const struct route_request *request;
    struct loop *loop;
    struct egress *egress;
    struct router *router;
    struct route *route;
    struct connector *connector;
    json_t *report; /* what is printed, as JSON */
    bool ok;
};

/* ---- the report ---- */

static void put(struct test *t, const char *key, const char *value)
{
    json_object_set_new(t->report, key,
                        value != NULL ? json_string(value) : json_null());
}

static void put_answer(struct test *t, enum outcome outcome, const char *detail,
                       bool asked)
{
    char text[1024];

    if (outcome == OUTCOME_OK)
        put(t, "answer",
            asked ? "the login was accepted" : "the proxy asked for no login");
    else {
        (void)snprintf(text, sizeof(text), "%s%s%s", outcome_reason(outcome, false),
                       detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
        put(t, "answer", text);
    }
    put(t, "outcome", outcome_info(outcome)->name);
    put(t, "help", outcome == OUTCOME_OK ? NULL : outcome_help(outcome, false));
}

static void put_hop(struct test *t, const struct hop *hop)
{
    const struct auth_memory *memory = t->egress->memory;
    bool asked = auth_memory_get(memory, hop->name) == AUTH_KNOWN_ASKS;

    put(t, "proxy", hop->name);
    put(t, "user", hop->login->login_name);
    put(t, "offered", auth_memory_names(memory, hop->name));
    put(t, "chosen", asked ? auth_memory_scheme(memory, hop->name) : NULL);
    put(t, "note", auth_memory_note(memory, hop->name));
}

static void print_line(const json_t *report, const char *key)
{
    const char *value = json_string_value(json_object_get(report, key));

    if (value != NULL)
        printf("%-8s %s\n", key, value);
}

static void print_report(const json_t *report, bool json)
{
    static const char *const KEYS[] = {"target", "proxy", "because", "user", "offered",
                                       "chosen", "note",  "answer",  "help"};
    char *text;

    if (!json) {
        for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
            print_line(report, KEYS[i]);
        return;
    }
    text = json_dumps(report, JSON_INDENT(2));
    puts(text != NULL ? text : "{}");
    free(text);
}

/* ---- the tunnel ---- */

/* SOCKS is not asked about beforehand, so that it leaves nothing in the memory. */
static bool has_asked(const struct test *t, const struct hop *hop)
{
    if (hop->kind == HOP_SOCKS5 && hop->login->password != NULL)
        return guard_state_of(t->egress->guard, hop->login, NULL) == GUARD_ACCEPTED;
    return auth_memory_get(t->egress->memory, hop->name) == AUTH_KNOWN_ASKS;
}

static void connected(void *ctx, const struct connector_result *result)
{
    struct test *t = ctx;
    const struct hop *hop = result->hop;

    t->connector = NULL;
    t->ok = result->outcome == OUTCOME_OK;
    if (hop != NULL)
        put_hop(t, hop);
    put_answer(t, result->outcome, result->detail, hop != NULL && has_asked(t, hop));
    upstream_free(result->upstream);
    loop_stop(t->loop);
}

/* What is there to be logged in to; false when the report already says why nothing. */
static bool find_way(struct test *t, char *const *environment)
{
    const struct router_options setup = {
        .loop = t->loop,
        .config = t->config,
        .environment = environment,
        .is_self = verb_is_self,
        .self_ctx = t->config,
        .means = &t->egress->means,
    };
    char target[300];

    t->router = router_new(&setup);
    t->route = t->router == NULL ? NULL : route_decide(t->router, t->request);
    if (t->route == NULL)
        return false;
    egress_use_router(t->egress, t->router); /* where a login can be repeated */
    (void)snprintf(target, sizeof(target), "%.*s:%u", SPAN_ARG(t->request->host),
                   (unsigned)t->request->port);
    put(t, "target", target);
    put(t, "because", t->route->why);
    if (t->route->kind == ROUTE_DIRECT)
        put(t, "answer", "the way there is direct: there is no proxy to log in to");
    else if (t->route->kind == ROUTE_REFUSED)
        put_answer(t, t->route->outcome, t->route->why, false);
    return t->route->kind == ROUTE_HOPS;
}

static bool start(struct test *t, char *const *environment)
{
    t->report = json_object();
    t->loop = loop_new();
    t->egress = t->loop == NULL ? NULL : egress_new(t->loop, t->config);
    return t->egress != NULL && find_way(t, environment);
}

static void finish(struct test *t)
{
    connector_cancel(t->connector);
    route_unref(t->route);
    router_free(t->router);
    egress_free(t->egress);
    (void)loop_free(t->loop);
    json_decref(t->report);
}

int auth_test(struct config *config, char *const *environment,
              const struct route_request *request, bool json)
{
    struct test t = {.config = config, .request = request};

    if (start(&t, environment))
        t.connector = connector_start(
            &(struct connector_options){
                .egress = t.egress,
                .config = config,
                .route = t.route,
                .mode = CONNECTOR_TUNNEL,
                .host = request->host,
                .port = request->port,
                .owner = POOL_NO_OWNER,
            },
            connected, &t);
    if (t.connector != NULL)
        loop_run(t.loop);
    if (json_object_size(t.report) > 0)
        print_report(t.report, json);
    else
        fputs("ccgate: memory is out\n", stderr);
    finish(&t);
    return t.ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
