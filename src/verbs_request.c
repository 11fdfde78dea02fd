/*
 * verbs_request: `ccgate route --id ID`: a request that a running ccgate has open, or
 * had lately.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/request_table.h"
#include "base/request_id.h"
#include "instance.h"
#include "verbs.h"

#define OUTPUT_LIMIT (4 * 1024 * 1024)

/* NULL after a message. */
static json_t *ask(const char *path, const char *id, bool trace)
{
    char target[64];
    json_t *request;
    struct buf body;
    int result;

    buf_init(&body, CLIENT_ANSWER_LIMIT);
    snprintf(target, sizeof(target), "/requests/%s%s", id, trace ? "/trace" : "");
    result = instance_ask(path, target, &request, &body);
    if (request == NULL && result == 404)
        fprintf(stderr, "ccgate: %.*s", SPAN_ARG(buf_span(&body)));
    else if (request == NULL)
        fprintf(stderr, "ccgate: %s: %s\n", path,
                instance_error(result < 0 ? result : -EPROTO));
    buf_clear(&body);
    return request;
}

static bool print(const json_t *request, bool json)
{
    char *text = json ? json_dumps(request, JSON_INDENT(2)) : NULL;
    struct buf table;
    bool printed = text != NULL;

    buf_init(&table, OUTPUT_LIMIT);
    if (json && printed)
        puts(text);
    else if (!json)
        printed = request_table(request, &table) == 0;
    if (table.len > 0)
        (void)fwrite(buf_span(&table).at, 1, table.len, stdout);
    buf_clear(&table);
    free(text);
    return printed;
}

/* The id says which process it is of: of several ones, one at most knows it. */
static json_t *ask_all(const struct client_instances *instances, const char *id,
                       bool trace)
{
    json_t *request = NULL;

    for (size_t i = 0; request == NULL && i < instances->count; i++)
        request = ask(instances->path[i], id, trace);
    return request;
}

int verb_request(const struct options *options)
{
    struct client_instances instances;
    json_t *request = NULL;
    request_id id;
    char text[REQUEST_ID_TEXT];
    int status;

    if (!request_id_parse(span_of(options->id), &id)) {
        fprintf(stderr,
                "ccgate: route: --id: an id looks like 1f0c-17; it stands as id= in "
                "the log, and ccgate status shows those of open requests\n");
        return 2;
    }
    request_id_format(id, text);
    status = instance_find(options, &instances);
    if (status == 0)
        request = ask_all(&instances, text, (options->set & OPTION_TRACE) != 0);
    if (status == 0 && request == NULL)
        status = EXIT_FAILURE;
    else if (status == 0 && !print(request, (options->set & OPTION_JSON) != 0))
        status = EXIT_FAILURE;
    json_decref(request);
    client_instances_clear(&instances);
    return status;
}
