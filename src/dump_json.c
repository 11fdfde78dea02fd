/*
 * dump_json: `ccgate dump-config --json`. The YAML of config_dump() is the one source
 * of what is shown, so that nothing hidden there appears here.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "verbs.h"

static json_t *convert(yaml_document_t *document, int id);

static json_t *scalar(const yaml_node_t *node)
{
    struct span text = {(const char *)node->data.scalar.value,
                        node->data.scalar.length};
    uint64_t number;

    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (span_equal(text, SPAN("true")) || span_equal(text, SPAN("false")))
            return json_boolean(text.at[0] == 't');
        if (text.len == 0 || span_equal(text, SPAN("null")) ||
            span_equal(text, SPAN("~")))
            return json_null();
        if (span_to_u64(text, &number) && number <= INT64_MAX)
            return json_integer((json_int_t)number);
    }
    return json_stringn(text.at, text.len);
}

static json_t *list(yaml_document_t *document, const yaml_node_t *node)
{
    json_t *array = json_array();

    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++)
        if (json_array_append_new(array, convert(document, *item)) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *map(yaml_document_t *document, const yaml_node_t *node)
{
    json_t *object = json_object();

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(document, pair->key);

        if (json_object_set_new(object, (const char *)key->data.scalar.value,
                                convert(document, pair->value)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *convert(yaml_document_t *document, int id)
{
    const yaml_node_t *node = yaml_document_get_node(document, id);

    switch (node->type) {
    case YAML_SCALAR_NODE:
        return scalar(node);
    case YAML_SEQUENCE_NODE:
        return list(document, node);
    case YAML_MAPPING_NODE:
        return map(document, node);
    default:
        return json_null();
    }
}

bool dump_json(struct span yaml, struct buf *out)
{
    yaml_document_t document;
    yaml_parser_t parser;
    json_t *json = NULL;
    char *text = NULL;
    bool done = false;

    if (yaml_parser_initialize(&parser) == 0)
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.at, yaml.len);
    if (yaml_parser_load(&parser, &document) != 0) {
        if (yaml_document_get_root_node(&document) != NULL)
            json = convert(&document, 1);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    if (json != NULL)
        text = json_dumps(json, JSON_INDENT(2));
    if (text != NULL)
        done = buf_append_text(out, text) == 0 && buf_append(out, "\n", 1) == 0;
    free(text);
    json_decref(json);
    return done;
}
