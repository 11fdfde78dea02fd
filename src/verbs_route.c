/*
 * verbs_route: `ccgate route`: which way, and why.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/route_table.h"
#include "instance.h"
#include "verbs.h"

#define OUTPUT_LIMIT (4 * 1024 * 1024)
#define NOTE_LIMIT   4096

const char *verb_target(const char *text, struct route_request *request)
{
    struct span s = span_of(text);
    struct url url;
    const char *wrong;
    bool ipv6;

    request->own_caller = true;
    request->secure = true;
    if (strstr(text, "://") == NULL) {
        wrong = authority_parse(s, &request->host, &ipv6, &request->port);
        if (wrong == NULL)
            return NULL;
        request->host = s;
        request->port = 443;
        return url_host_valid(s, false) ? NULL : wrong;
    }
    wrong = url_parse(&url, s);
    if (wrong != NULL)
        return wrong;
    request->host = url.host;
    request->port = url.port;
    request->secure = !span_equal_nocase(url.scheme, SPAN("http"));
    request->path = url.path_query;
    return url.port != 0 ? NULL : "needs a port";
}

bool verb_is_self(void *ctx, struct span host, uint16_t port)
{
    return config_is_own(ctx, host, port);
}

static const char *kind_text(enum route_kind kind)
{
    static const char *const TEXTS[] = {
        [ROUTE_HOPS] = "hops",
        [ROUTE_DIRECT] = "direct",
        [ROUTE_REFUSED] = "refused",
    };

    return TEXTS[kind];
}

static json_t *trace_json(const struct route *route)
{
    json_t *lines = json_array();
    struct span rest = span_of(route->trace);
    struct span line;

    while (span_next(&rest, "\n", &line))
        if (line.len > 0)
            json_array_append_new(lines, json_stringn(line.at, line.len));
    return lines;
}

/* ---- the hops and their health ---- */

/* What the daemon says of a hop; NULL: nothing. */
static json_t *find_hop(const json_t *known, const char *name)
{
    const json_t *hops = json_object_get(known, "hops");

    for (size_t i = 0; i < json_array_size(hops); i++) {
        json_t *hop = json_array_get(hops, i);
        const char *shown = json_string_value(json_object_get(hop, "name"));

        if (shown != NULL && strcmp(shown, name) == 0)
            return hop;
    }
    return NULL;
}

/* Whether the login is for this hop is ours to say: the decision is. */
static json_t *hop_json(const struct hop *hop, const json_t *known)
{
    json_t *object = json_pack("{s:s, s:n, s:{s:s?}}", "name", hop->name, "health",
                               "login", "user", hop->login->login_name);
    json_t *of_daemon = find_hop(known, hop->name);

    if (of_daemon != NULL)
        json_object_update(object, of_daemon);
    else if (known != NULL)
        json_object_set_new(object, "health", json_string("unused"));
    json_object_set_new(json_object_get(object, "login"), "withheld",
                        json_boolean(hop->withheld));
    return object;
}

static json_t *hops_json(const struct route *route, const json_t *known)
{
    json_t *hops = json_array();

    for (size_t i = 0; i < route->hop_count; i++) {
        const struct hop *hop = &route->hops[i];

        json_array_append_new(hops, hop->kind == HOP_DIRECT
                                        ? json_pack("{s:s}", "name", hop->name)
                                        : hop_json(hop, known));
    }
    return hops;
}

static json_t *ask_hops(const char *path, struct buf *note)
{
    json_t *known;
    struct buf body;
    int result;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    result = instance_ask(path, "/hops", &known, &body);
    if (known == NULL)
        (void)buf_printf(note, "unknown: %s: %s", path,
                         instance_error(result < 0 ? result : -EPROTO));
    buf_clear(&body);
    return known;
}

/* NULL, and why not in note, if there is nobody to ask. */
static json_t *ask_health(const struct config *config, struct buf *note)
{
    struct client_instances instances;
    json_t *known = NULL;
    const char *path;
    bool exact;

    if (!client_find(&instances, config->runtime_dir, NULL, note)) {
        note->len -= note->len > 0; /* the end of the line */
        client_instances_clear(&instances);
        return NULL;
    }
    path = instance_of(&instances, config, &exact);
    if (path != NULL) {
        known = ask_hops(path, note);
        if (known != NULL && !exact)
            (void)buf_printf(note, "as the ccgate at %.*s has it",
                             SPAN_ARG(instance_name_of(path)));
    } else if (instances.count > 0) {
        (void)buf_append_text(note, "several ccgates run here: health unknown; "
                                    "--listen chooses one");
    } else {
        (void)buf_append_text(note, "no ccgate runs here: health unknown");
    }
    client_instances_clear(&instances);
    return known;
}

/* ---- the answer ---- */

/* NULL when memory is out. */
static json_t *route_json(const struct route *route, const struct config *config,
                          const char *target)
{
    bool refused = route->kind == ROUTE_REFUSED;
    json_t *object, *known = NULL;
    struct buf note;

    buf_init(&note, NOTE_LIMIT);
    if (route->hop_count > 0)
        known = ask_health(config, &note);
    object = json_pack("{s:s?, s:s, s:o, s:s?, s:s?, s:s?}", "target", target, "kind",
                       kind_text(route->kind), "hops", hops_json(route, known), "why",
                       route->why, "outcome",
                       refused ? outcome_info(route->outcome)->name : NULL, "help",
                       refused ? outcome_info(route->outcome)->help : NULL);
    if (note.len > 0)
        json_object_set_new(object, "health_note",
                            json_stringn(buf_span(&note).at, note.len));
    if (object != NULL && route->trace != NULL)
        json_object_set_new(object, "trace", trace_json(route));
    json_decref(known);
    buf_clear(&note);
    return object;
}

static bool print_json(const json_t *object)
{
    char *text = json_dumps(object, JSON_INDENT(2));

    if (text != NULL)
        puts(text);
    free(text);
    return text != NULL;
}

static bool print_table(const json_t *route)
{
    struct table table;
    struct buf text;

    buf_init(&text, OUTPUT_LIMIT);
    table = (struct table){.out = &text};
    table_put_text(&table, table_get_text(route, "target"));
    table_put(&table, "\n");
    route_table(route, &table);
    if (table.error == 0)
        (void)fwrite(buf_span(&text).at, 1, text.len, stdout);
    buf_clear(&text);
    return table.error == 0;
}

static bool print_route(const struct route *route, const struct config *config,
                        const struct options *options)
{
    json_t *object = route_json(route, config, options->argument);
    bool printed = object != NULL;

    if (printed && (options->set & OPTION_JSON) != 0)
        printed = print_json(object);
    else if (printed)
        printed = print_table(object);
    json_decref(object);
    return printed;
}

/* ---- the decision ---- */

/* What a decision and its explanation need. */
struct bench {
    struct loop *loop;
    struct resolver *resolver;
    struct means means;
};

static bool bench_open(struct bench *bench, struct config *config)
{
    *bench = (struct bench){.loop = loop_new()};
    if (bench->loop != NULL)
        bench->resolver =
            resolver_new(bench->loop, &(struct resolve_options){
                                          .mode = (enum resolve_mode)config->resolver,
                                          .timeout = config->timeout.name,
                                      });
    return bench->resolver != NULL &&
           means_open(&bench->means, bench->loop, bench->resolver, config);
}

static void bench_close(struct bench *bench)
{
    means_close(&bench->means);
    resolver_free(bench->resolver);
    if (bench->loop != NULL)
        (void)loop_free(bench->loop);
}

/* NULL when memory is out. */
static struct route *decide(struct config *config, const struct route_request *request)
{
    struct router_options setup = {.config = config,
                                   .environment = environ,
                                   .is_self = verb_is_self,
                                   .self_ctx = config};
    struct router *router = NULL;
    struct route *route = NULL;
    struct bench bench;

    if (bench_open(&bench, config)) {
        setup.loop = bench.loop;
        setup.means = &bench.means;
        router = router_new(&setup);
    }
    if (router != NULL)
        route = route_decide(router, request);
    router_free(router);
    bench_close(&bench);
    return route;
}

int verb_route(const struct options *options)
{
    struct route_request request = {.port = 0};
    struct config *config;
    struct route *route;
    const char *wrong;
    int status;

    if ((options->set & OPTION_ID) != 0)
        return verb_request(options);
    wrong = verb_target(options->argument, &request);
    if (wrong != NULL) {
        fprintf(stderr, "ccgate: route: the URL %s\n", wrong);
        return 2;
    }
    config = verb_config(options, CONFIG_PASSWORDS_QUICK);
    if (config == NULL)
        return 2;
    request.patient = true;
    request.trace = (options->set & OPTION_TRACE) != 0;
    signal(SIGPIPE, SIG_IGN);
    verb_log_quietly(config);
    route = decide(config, &request);
    log_flush();
    status =
        route != NULL && route->kind != ROUTE_REFUSED ? EXIT_SUCCESS : EXIT_FAILURE;
    if (route == NULL || !print_route(route, config, options)) {
        fputs("ccgate: memory is out\n", stderr);
        status = EXIT_FAILURE;
    }
    route_unref(route);
    config_unref(config);
    return status;
}
