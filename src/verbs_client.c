/*
 * verbs_client: the verbs that talk to a running ccgate: status, reload, stop.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/client.h"
#include "admin/status.h"
#include "instance.h"
#include "verbs.h"

#define MESSAGES_LIMIT (1024 * 1024)

static void print(FILE *to, const struct buf *text)
{
    struct span s = buf_span(text);

    if (s.len > 0)
        (void)fwrite(s.at, 1, s.len, to);
}

static int explain(const char *path, int error)
{
    fprintf(stderr, "ccgate: %s: %s\n", path, instance_error(error));
    return EXIT_FAILURE;
}

/* ---- status ---- */

/* NULL after a message. */
static json_t *ask_status(const char *path)
{
    json_t *status;
    struct buf body;
    int result;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    result = instance_ask(path, "/status", &status, &body);
    if (status == NULL)
        (void)explain(path, result < 0 ? result : -EPROTO);
    buf_clear(&body);
    return status;
}

static int print_tables(const json_t *all)
{
    struct buf text;
    int error = 0;

    buf_init(&text, CLIENT_ANSWER_LIMIT);
    for (size_t i = 0; i < json_array_size(all) && error == 0; i++) {
        if (i > 0)
            error = buf_append_text(&text, "\n");
        if (error == 0)
            error = status_table(json_array_get(all, i), &text);
    }
    print(stdout, &text);
    buf_clear(&text);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* One ccgate is an object; it becomes an array only where there are several. */
static int print_json(const json_t *all)
{
    const json_t *what = json_array_size(all) == 1 ? json_array_get(all, 0) : all;
    char *text = json_dumps(what, JSON_INDENT(2));

    if (text == NULL)
        return EXIT_FAILURE;
    puts(text);
    free(text);
    return EXIT_SUCCESS;
}

int verb_status(const struct options *options)
{
    struct client_instances instances;
    int status = instance_find(options, &instances);
    json_t *all = json_array();

    for (size_t i = 0; status == 0 && i < instances.count; i++) {
        json_t *one = ask_status(instances.path[i]);

        if (one != NULL)
            json_array_append_new(all, one);
    }
    if (status == 0 && json_array_size(all) == 0)
        status = EXIT_FAILURE;
    else if (status == 0)
        status =
            (options->set & OPTION_JSON) != 0 ? print_json(all) : print_tables(all);
    json_decref(all);
    client_instances_clear(&instances);
    return status;
}

/* ---- reload and stop ---- */

static void list_choices(const char *verb, const struct client_instances *instances)
{
    fprintf(stderr, "ccgate: %s: several are running; choose one of them:\n", verb);
    for (size_t i = 0; i < instances->count; i++) {
        const char *path = instances->path[i];
        struct span file = instance_name_of(path);

        if (client_is_draining(path))
            fprintf(stderr, "  (%s is ending)\n", path);
        else if (span_equal(file, SPAN("ccgate")))
            fprintf(stderr, "  ccgate %s --listen /path/of/its/socket\n", verb);
        else
            fprintf(stderr, "  ccgate %s --listen %.*s\n", verb, SPAN_ARG(file));
    }
}

static int send_order(const char *path, const char *target)
{
    struct buf body;
    int result;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    result = client_request(path, "POST", target, &body);
    if (result >= 0)
        print(result == 200 ? stdout : stderr, &body);
    buf_clear(&body);
    if (result < 0)
        return explain(path, result);
    return result == 200 ? EXIT_SUCCESS : result == 422 ? 2 : EXIT_FAILURE;
}

static int order(const struct options *options, const char *target)
{
    struct client_instances instances;
    int status = instance_find(options, &instances);
    const char *path = status == 0 ? instance_only(&instances) : NULL;

    if (path != NULL) {
        status = send_order(path, target);
    } else if (status == 0) {
        list_choices(verb_info(options->verb)->name, &instances);
        status = EXIT_FAILURE;
    }
    client_instances_clear(&instances);
    return status;
}

int reload_running(const char *runtime_dir)
{
    struct client_instances instances;
    int status = EXIT_SUCCESS;
    struct buf body;
    bool any = false;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    if (!client_find(&instances, runtime_dir, NULL, &body))
        fprintf(stderr, "ccgate: %.*s", SPAN_ARG(buf_span(&body)));
    for (size_t i = 0; i < instances.count; i++) {
        const char *path = instances.path[i];
        int result;

        if (client_is_draining(path))
            continue;
        any = true;
        buf_reset(&body);
        result = client_request(path, "POST", "/reload", &body);
        if (result == 200) {
            printf("the ccgate at %.*s has read its configuration again\n",
                   SPAN_ARG(instance_name_of(path)));
            continue;
        }
        status = result < 0 ? explain(path, result) : EXIT_FAILURE;
        if (result >= 0)
            print(stderr, &body);
    }
    if (!any)
        puts("no ccgate of this user is running; one that starts will use it");
    client_instances_clear(&instances);
    buf_clear(&body);
    return status;
}

int verb_reload(const struct options *options)
{
    return order(options, "/reload");
}

int verb_stop(const struct options *options)
{
    return order(options, "/stop");
}
