/*
 * json: the JSON schema of a configuration file, from the table, for editors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/internal.h"

struct writer {
    struct buf *out;
    int error;
};

static void put(struct writer *w, const char *text)
{
    if (w->error == 0)
        w->error = buf_append_text(w->out, text);
}

static void put_quoted(struct writer *w, struct span text)
{
    put(w, "\"");
    for (size_t i = 0; i < text.len && w->error == 0; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            put(w, "\\");
        w->error = w->error != 0 ? w->error : buf_append(w->out, text.at + i, 1);
    }
    put(w, "\"");
}

static void put_choices(struct writer *w, const char *choices)
{
    struct span rest = span_of(choices);
    struct span choice;
    const char *comma = "";

    put(w, "\"enum\": [");
    while (span_next(&rest, "|", &choice)) {
        put(w, comma);
        put_quoted(w, choice);
        comma = ", ";
    }
    put(w, "]");
}

static void put_choice_list(struct writer *w, const char *choices)
{
    put(w, "\"anyOf\": [{");
    put_choices(w, choices);
    put(w, "}, {\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, "
           "\"items\": {");
    put_choices(w, choices);
    put(w, "}}]");
}

static void put_count(struct writer *w, const struct config_key *key)
{
    char bounds[80];
    uint64_t least, most;

    count_bounds(key, &least, &most);
    (void)snprintf(bounds, sizeof(bounds),
                   "\"type\": \"integer\", \"minimum\": %" PRIu64, least);
    put(w, bounds);
    if (most == UINT64_MAX)
        return;
    (void)snprintf(bounds, sizeof(bounds), ", \"maximum\": %" PRIu64, most);
    put(w, bounds);
}

static void put_type(struct writer *w, const struct config_key *key)
{
    static const char text[] = "\"type\": \"string\"";
    static const char item[] = "{\"type\": [\"string\", \"integer\"]}";

    switch (key->type) {
    case CONFIG_BOOL:
        put(w, "\"type\": \"boolean\"");
        break;
    case CONFIG_CHOICE:
        put_choices(w, key->choices);
        break;
    case CONFIG_CHOICES:
        put_choice_list(w, key->choices);
        break;
    case CONFIG_DURATION:
        put(w, "\"type\": [\"string\", \"integer\"], "
               "\"pattern\": \"^(0|[0-9]+ *(ms|s|m|min|h))$\", \"maximum\": 0");
        break;
    case CONFIG_SIZE:
        put(w, "\"type\": \"string\", \"pattern\": \"^[0-9]+ *(B|KiB|MiB|KB|MB)$\"");
        break;
    case CONFIG_COUNT:
        put_count(w, key);
        break;
    case CONFIG_LIST:
        put(w, "\"anyOf\": [");
        put(w, item);
        put(w, ", {\"type\": \"array\", \"items\": ");
        put(w, item);
        put(w, "}]");
        break;
    case CONFIG_PROXIES:
        put(w, "\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/entry\"}, "
               "{\"type\": \"array\", \"items\": {\"anyOf\": [{\"type\": \"string\"}, "
               "{\"$ref\": \"#/$defs/entry\"}]}}]");
        break;
    case CONFIG_RULES:
        put(w, "\"anyOf\": [{\"type\": \"string\"}, {\"$ref\": \"#/$defs/rule\"}, "
               "{\"type\": \"array\", \"items\": {\"anyOf\": [{\"type\": \"string\"}, "
               "{\"$ref\": \"#/$defs/rule\"}]}}]");
        break;
    default:
        put(w, text);
        break;
    }
}

static void put_default(struct writer *w, const struct config_key *key)
{
    if (key->fallback == NULL)
        return;
    put(w, ", \"default\": ");
    if (key->type == CONFIG_BOOL || key->type == CONFIG_COUNT)
        put(w, key->fallback);
    else
        put_quoted(w, span_of(key->fallback));
}

static void put_property(struct writer *w, const struct config_key *key,
                         const char *name)
{
    put_quoted(w, span_of(name));
    put(w, ": {\"description\": ");
    put_quoted(w, span_of(key->help));
    put(w, ", ");
    put_type(w, key);
    put_default(w, key);
    put(w, "}");
}

static void put_definition(struct writer *w, const char *head,
                           const struct config_key *key)
{
    const char *comma = "\n    ";

    put(w, head);
    put(w, "\n    \"additionalProperties\": false, \"properties\": {");
    for (; key->path != NULL; key++) {
        put(w, comma);
        put_property(w, key, key->path);
        comma = ",\n    ";
    }
    put(w, "}}");
}

static void put_definitions(struct writer *w)
{
    put(w, "  \"$defs\": {");
    put_definition(w, "\"entry\": {\"type\": \"object\", \"required\": [\"url\"],",
                   schema_proxy_keys);
    put_definition(w,
                   ",\n  \"rule\": {\"type\": \"object\", "
                   "\"required\": [\"host\", \"via\"],",
                   schema_rule_keys);
    put(w, "}\n");
}

/* All keys; those with a dot go into an object of their group. */
static void put_properties(struct writer *w)
{
    struct span open = {NULL, 0};
    const char *comma = "\n  ";

    for (const struct config_key *key = schema_keys; key->path != NULL; key++) {
        struct span path = span_of(key->path);
        size_t dot = span_find(path, '.');
        struct span group = {path.at, dot < path.len ? dot : 0};

        if (open.len > 0 && !span_equal(open, group))
            put(w, "}}");
        put(w, comma);
        if (group.len > 0 && !span_equal(open, group)) {
            put_quoted(w, group);
            put(w,
                ": {\"type\": [\"object\", \"null\"], \"additionalProperties\": false, "
                "\"properties\": {\n    ");
        }
        open = group;
        put_property(w, key, key->path + (group.len > 0 ? group.len + 1 : 0));
        comma = group.len > 0 ? ",\n    " : ",\n  ";
    }
    if (open.len > 0)
        put(w, "}}");
}

int config_json_schema(struct buf *out)
{
    struct writer w = {.out = out};

    put(&w, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
            "  \"title\": \"ccgate.yaml\",\n  \"type\": \"object\",\n"
            "  \"additionalProperties\": false,\n  \"properties\": {");
    put_properties(&w);
    put(&w, "},\n");
    put_definitions(&w);
    put(&w, "}\n");
    return w.error;
}
