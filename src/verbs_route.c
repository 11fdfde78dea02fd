/*
 * verbs_route: `ccgate route`: which way, and why.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

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

static void print_route_json(const struct route *route, const char *target)
{
    json_t *hops = json_array();
    json_t *object;
    char *text;

    for (size_t i = 0; i < route->hop_count; i++)
        json_array_append_new(hops, json_string(route->hops[i].name));
    object = json_pack(
        "{s:s?, s:s, s:o, s:s?, s:s?, s:s?}", "target", target, "kind",
        kind_text(route->kind), "hops", hops, "why", route->why, "outcome",
        route->kind == ROUTE_REFUSED ? outcome_info(route->outcome)->name : NULL,
        "help",
        route->kind == ROUTE_REFUSED ? outcome_info(route->outcome)->help : NULL);
    if (object != NULL && route->trace != NULL)
        json_object_set_new(object, "trace", trace_json(route));
    text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
    puts(text != NULL ? text : "{}");
    free(text);
    json_decref(object);
}

static void print_trace(const struct route *route)
{
    struct span rest = span_of(route->trace);
    struct span line;

    while (span_next(&rest, "\n", &line))
        if (line.len > 0)
            printf("  trace    %.*s\n", SPAN_ARG(line));
}

static void print_route(const struct route *route, const char *target)
{
    printf("%s\n", target);
    switch (route->kind) {
    case ROUTE_HOPS:
        for (size_t i = 0; i < route->hop_count; i++)
            printf("  %-8s %s\n", i == 0 ? "through" : "or", route->hops[i].name);
        break;
    case ROUTE_DIRECT:
        printf("  direct\n");
        break;
    case ROUTE_REFUSED:
        printf("  no way   %s\n", outcome_info(route->outcome)->name);
        break;
    }
    printf("  because  %s\n", route->why);
    print_trace(route);
    if (route->kind == ROUTE_REFUSED)
        printf("  help     %s\n", outcome_info(route->outcome)->help);
}

/* What a script needs: a loop, names, and a child. */
struct means {
    struct loop *loop;
    struct resolver *resolver;
    struct pac *pac;
};

static bool means_open(struct means *means, const struct config *config)
{
    *means = (struct means){.loop = NULL};
    if (config->pac == NULL)
        return true;
    means->loop = loop_new();
    if (means->loop != NULL)
        means->resolver =
            resolver_new(means->loop, &(struct resolve_options){
                                          .mode = (enum resolve_mode)config->resolver,
                                          .timeout = config->timeout.name,
                                      });
    if (means->resolver != NULL)
        means->pac = pac_new(&(struct pac_options){
            .loop = means->loop, .resolver = means->resolver, .config = config});
    return means->pac != NULL;
}

static void means_close(struct means *means)
{
    pac_unref(means->pac);
    resolver_free(means->resolver);
    (void)loop_free(means->loop);
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
    struct means means;

    if (means_open(&means, config)) {
        setup.loop = means.loop;
        setup.pac = means.pac;
        router = router_new(&setup);
    }
    if (router != NULL)
        route = route_decide(router, request);
    router_free(router);
    means_close(&means);
    return route;
}

/* The log would stand between the lines of the answer. */
static void log_quietly(const struct config *config)
{
    struct log_options options = {.to = "stderr", .level = LOG_LEVEL_ERROR};

    if (config->log.level == LOG_LEVEL_DEBUG)
        options.level = LOG_LEVEL_DEBUG;
    (void)log_open(&options);
}

int verb_route(const struct options *options)
{
    struct route_request request = {.port = 0};
    const char *wrong = verb_target(options->argument, &request);
    struct config *config;
    struct route *route;
    int status;

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
    log_quietly(config);
    route = decide(config, &request);
    log_flush();
    status =
        route != NULL && route->kind != ROUTE_REFUSED ? EXIT_SUCCESS : EXIT_FAILURE;
    if (route == NULL)
        fputs("ccgate: memory is out\n", stderr);
    else if ((options->set & OPTION_JSON) != 0)
        print_route_json(route, options->argument);
    else
        print_route(route, options->argument);
    route_unref(route);
    config_unref(config);
    return status;
}
