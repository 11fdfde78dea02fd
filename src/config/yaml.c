/*
 * yaml: a text, through libyaml's events, to a tree with places. What the configuration
 * has no use for (anchors, aliases, tags, several documents) is an error, because it
 * would only hide what a file says.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/internal.h"

enum { DEPTH_MAX = 8 };

struct reader {
    yaml_parser_t yaml;
    struct report *report;
    const struct source *source;
    unsigned depth;
    bool stopped; /* reported; no further event is asked for */
};

/* The reader of libyaml counts bytes, not lines. */
static void place_of_byte(const struct source *source, size_t offset, size_t *line,
                          size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset && i < source->len; i++) {
        (*column)++;
        if (source->text[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

static void report_yaml(struct reader *r)
{
    const yaml_parser_t *y = &r->yaml;
    const char *problem = y->problem == NULL ? "cannot be understood" : y->problem;
    size_t line = y->problem_mark.line + 1;
    size_t column = y->problem_mark.column + 1;

    r->stopped = true;
    if (y->error == YAML_MEMORY_ERROR) {
        report_no_memory(r->report);
        return;
    }
    if (y->error == YAML_READER_ERROR) {
        place_of_byte(r->source, y->problem_offset, &line, &column);
        report_place(r->report, r->source, line, column, "this is no UTF-8 text: %s",
                     problem);
        return;
    }
    if (y->context == NULL)
        report_place(r->report, r->source, line, column, "this is no YAML: %s",
                     problem);
    else
        report_place(r->report, r->source, line, column,
                     "this is no YAML: %s (%s, line %zu)", problem, y->context,
                     y->context_mark.line + 1);
    if (y->context != NULL && strstr(y->context, "alias") != NULL)
        report_help(r->report, "quote text that begins with *");
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
    if (r->stopped || report_full(r->report))
        return false;
    if (yaml_parser_parse(&r->yaml, event) == 0) {
        report_yaml(r);
        return false;
    }
    return true;
}

static void refuse(struct reader *r, const yaml_event_t *event, const char *what)
{
    report_place(r->report, r->source, event->start_mark.line + 1,
                 event->start_mark.column + 1, "%s", what);
}

static void check_extras(struct reader *r, const yaml_event_t *event,
                         const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        refuse(r, event, "anchors (&) are not supported");
    if (tag != NULL)
        refuse(r, event, "tags (!) are not supported; quote text that begins with !");
}

static struct node *node_at(struct reader *r, enum node_kind kind,
                            const yaml_event_t *event)
{
    struct node *node = node_new(kind, r->source, event->start_mark.line + 1,
                                 event->start_mark.column + 1);

    if (node == NULL)
        report_no_memory(r->report);
    return node;
}

static struct node *scalar(struct reader *r, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    struct node *node = node_at(r, NODE_SCALAR, event);

    check_extras(r, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (node == NULL)
        return NULL;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = span_dup((struct span){value, len});
    node->len = len;
    if (node->text == NULL)
        report_no_memory(r->report);
    else
        mask_undo(node->text, len, (struct span){r->source->text, r->source->len},
                  event->start_mark.index, event->end_mark.index);
    secret_wipe(event->data.scalar.value, len);
    return node;
}

static struct node *read_node(struct reader *r, const yaml_event_t *event);

/* The key and then the value of one member of a map. NULL: stop. */
static struct node *member(struct reader *r, struct node *key)
{
    yaml_event_t event;
    struct node *value;

    if (key == NULL || !next_event(r, &event)) {
        node_free(key);
        return NULL;
    }
    value = read_node(r, &event);
    yaml_event_delete(&event);
    if (value == NULL) {
        node_free(key);
        return NULL;
    }
    if (key->kind != NODE_SCALAR && key->kind != NODE_VOID)
        report_error(r->report, key, "a key must be a word");
    value->key = key;
    return value;
}

static void children(struct reader *r, struct node *parent, yaml_event_type_t end)
{
    yaml_event_t event;
    bool done = false;

    while (!done && next_event(r, &event)) {
        struct node *item = NULL;

        done = event.type == end;
        if (!done) {
            item = read_node(r, &event);
            if (parent->kind == NODE_MAP)
                item = member(r, item);
            if (item == NULL)
                r->stopped = true;
            else
                node_add(parent, item);
        }
        yaml_event_delete(&event);
    }
}

static struct node *container(struct reader *r, const yaml_event_t *event,
                              enum node_kind kind, yaml_event_type_t end)
{
    struct node *node = node_at(r, kind, event);

    if (node == NULL)
        return NULL;
    if (r->depth == DEPTH_MAX) {
        refuse(r, event, "this is nested too deeply");
        r->stopped = true;
        return node;
    }
    r->depth++;
    children(r, node, end);
    r->depth--;
    return node;
}

static struct node *read_node(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        check_extras(r, event, event->data.sequence_start.anchor,
                     event->data.sequence_start.tag);
        return container(r, event, NODE_LIST, YAML_SEQUENCE_END_EVENT);
    case YAML_MAPPING_START_EVENT:
        check_extras(r, event, event->data.mapping_start.anchor,
                     event->data.mapping_start.tag);
        return container(r, event, NODE_MAP, YAML_MAPPING_END_EVENT);
    default:
        refuse(r, event,
               "aliases (*) are not supported; quote text that begins with *");
        return node_at(r, NODE_VOID, event);
    }
}

static struct node *read_stream(struct reader *r)
{
    struct node *root = NULL;
    yaml_event_t event;
    bool done = false;

    while (!done && next_event(r, &event)) {
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_STREAM_END_EVENT:
            done = true;
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root == NULL)
                break;
            refuse(r, &event, "a second document begins here; a file holds only one");
            done = true;
            break;
        default:
            root = read_node(r, &event);
            break;
        }
        yaml_event_delete(&event);
    }
    return root;
}

/* libyaml frees its copies of the text as they are, and passwords may stand there. */
static void wipe_buffers(yaml_parser_t *y)
{
    if (y->raw_buffer.start != NULL)
        secret_wipe(y->raw_buffer.start,
                    (size_t)(y->raw_buffer.end - y->raw_buffer.start));
    if (y->buffer.start != NULL)
        secret_wipe(y->buffer.start, (size_t)(y->buffer.end - y->buffer.start));
}

struct node *yaml_read(struct report *report, const struct source *source)
{
    struct reader r = {.report = report, .source = source};
    char *text = mask_new((struct span){source->text, source->len});
    struct node *root;

    if (text == NULL || yaml_parser_initialize(&r.yaml) == 0) {
        free(text);
        report_no_memory(report);
        return NULL;
    }
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, source->len);
    root = read_stream(&r);
    wipe_buffers(&r.yaml);
    yaml_parser_delete(&r.yaml);
    free(text);
    if (report->no_memory || r.stopped) {
        node_free(root); /* half a tree would only cause errors that are none */
        return NULL;
    }
    return root;
}
