/*
 * verbs: those that read the configuration and print something.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "verbs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "route/route.h"
#include "up/tls.h"

#define OUTPUT_LIMIT (16 * 1024 * 1024)

static void print(FILE *to, const struct buf *text)
{
    struct span s = buf_span(text);

    if (s.len > 0)
        (void)fwrite(s.at, 1, s.len, to);
}

struct config *verb_config(const struct options *options,
                           enum config_passwords passwords)
{
    struct config_sources sources = {.file = options->config_file,
                                     .environment = environ,
                                     .settings = options->settings,
                                     .setting_count = options->setting_count,
                                     .passwords = passwords};
    struct config *config;
    struct buf messages;

    buf_init(&messages, OUTPUT_LIMIT);
    config = config_load(&sources, &messages);
    print(stderr, &messages);
    buf_clear(&messages);
    return config;
}

int verb_check_config(const struct options *options)
{
    struct config *config = verb_config(options, CONFIG_PASSWORDS_ALL);
    struct buf messages;
    bool ok;

    if (config == NULL)
        return 2;
    buf_init(&messages, OUTPUT_LIMIT);
    ok = tls_check_files(config->tls_ca, &messages);
    print(stderr, &messages);
    buf_clear(&messages);
    config_unref(config);
    if (!ok)
        return 2;
    puts("configuration ok");
    return EXIT_SUCCESS;
}

/* ---- dump-config ---- */

static int print_schema(void)
{
    struct buf text;
    int error;

    buf_init(&text, OUTPUT_LIMIT);
    error = config_json_schema(&text);
    print(stdout, &text);
    buf_clear(&text);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_config(const struct config *config, const struct options *options)
{
    bool json = (options->set & OPTION_JSON) != 0;
    struct buf yaml, text;
    int status = EXIT_FAILURE;

    buf_init(&yaml, OUTPUT_LIMIT);
    buf_init(&text, OUTPUT_LIMIT);
    if (config_dump(config, !json && (options->set & OPTION_SHOW_ORIGIN) != 0, &yaml) !=
        0)
        goto out;
    if (json && !dump_json(buf_span(&yaml), &text))
        goto out;
    print(stdout, json ? &text : &yaml);
    status = EXIT_SUCCESS;
out:
    if (status != EXIT_SUCCESS)
        fputs("ccgate: memory is out\n", stderr);
    buf_clear(&text);
    buf_clear(&yaml);
    return status;
}

int verb_dump_config(const struct options *options)
{
    struct config *config;
    int status;

    if ((options->set & OPTION_SCHEMA) != 0)
        return print_schema();
    config = verb_config(options, CONFIG_PASSWORDS_QUICK);
    if (config == NULL)
        return 2;
    status = print_config(config, options);
    config_unref(config);
    return status;
}

/* ---- route ---- */

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
    text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
    puts(text != NULL ? text : "{}");
    free(text);
    json_decref(object);
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
    if (route->kind == ROUTE_REFUSED)
        printf("  help     %s\n", outcome_info(route->outcome)->help);
}

int verb_route(const struct options *options)
{
    struct route_request request = {.port = 0};
    struct router_options setup = {.environment = environ, .is_self = verb_is_self};
    const char *wrong = verb_target(options->argument, &request);
    struct route *route = NULL;
    struct router *router;
    int status;

    if (wrong != NULL) {
        fprintf(stderr, "ccgate: route: the URL %s\n", wrong);
        return 2;
    }
    setup.config = verb_config(options, CONFIG_PASSWORDS_QUICK);
    if (setup.config == NULL)
        return 2;
    setup.self_ctx = setup.config;
    router = router_new(&setup);
    if (router != NULL)
        route = route_decide(router, &request);
    status =
        route != NULL && route->kind != ROUTE_REFUSED ? EXIT_SUCCESS : EXIT_FAILURE;
    if (route == NULL)
        fputs("ccgate: memory is out\n", stderr);
    else if ((options->set & OPTION_JSON) != 0)
        print_route_json(route, options->argument);
    else
        print_route(route, options->argument);
    route_unref(route);
    router_free(router);
    config_unref(setup.config);
    return status;
}
