/*
 * settings: the layers that are no files: CCGATE_KEY variables and the command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

static const char PREFIX[] = "CCGATE_";

const char *environment_get(const struct config_sources *from, const char *name)
{
    size_t len = strlen(name);

    for (char *const *e = from->environment; e != NULL && *e != NULL; e++)
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
            return (*e)[len + 1] == '\0' ? NULL : *e + len + 1;
    return NULL;
}

/* Upper case with '_' to what an option is called: TLS_CA to tls-ca. */
static void option_of_variable(struct span variable, char *option)
{
    for (size_t i = 0; i < variable.len; i++) {
        char c = variable.at[i];

        option[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    option[variable.len] = '\0';
}

static bool is_list(const struct config_key *key)
{
    return key->type == CONFIG_LIST || key->type == CONFIG_PROXIES ||
           key->type == CONFIG_RULES || key->type == CONFIG_CHOICES;
}

static struct node *scalar(struct loader *l, const struct source *source,
                           struct span text)
{
    struct node *node = node_scalar(source, text);

    if (node == NULL)
        report_no_memory(&l->report);
    return node;
}

static void add_items(struct loader *l, const struct config_key *key,
                      const struct source *source, struct span rest, struct node *list)
{
    struct span text;

    while (span_next(&rest, list_separators(key), &text) && !l->report.no_memory) {
        struct node *item;

        text = span_trim(text);
        if (text.len == 0)
            continue;
        item = scalar(l, source, text);
        if (item != NULL)
            node_add(list, item);
    }
}

/* The node of the key in this document's root, made if there is none yet. */
static struct node *value_node(struct loader *l, struct document *document, int index,
                               const struct source *source, struct span text)
{
    const struct config_key *key = &schema_keys[index];
    struct node *node = NULL;

    if (is_list(key)) {
        /* The root owns it, and only the root is asked to give it away. */
        for (node = document->root->first; node != NULL; node = node->next)
            if (node == document->value[index])
                break;
        if (node != NULL)
            return node;
        node = node_new(NODE_LIST, source, 0, 0);
        if (node == NULL)
            report_no_memory(&l->report);
    } else {
        node = scalar(l, source, text);
    }
    if (node == NULL)
        return NULL;
    node_add(document->root, node);
    document->value[index] = node;
    return node;
}

/* An option may be repeated: a list grows, of the other values the last one counts. */
static void set_value(struct loader *l, struct document *document,
                      const struct config_key *key, const struct source *source,
                      const char *value)
{
    int index = (int)(key - schema_keys);
    struct node *node = value_node(l, document, index, source, span_of(value));

    if (node != NULL && is_list(key))
        add_items(l, key, source, span_of(value), node);
}

static struct document *new_document(struct loader *l, enum layer layer)
{
    struct document *document = loader_document(l, layer);

    if (document == NULL)
        return NULL;
    document->root = node_new(NODE_MAP, NULL, 0, 0);
    if (document->root != NULL)
        return document;
    report_no_memory(&l->report);
    return NULL;
}

/* Builds on trial, in the order of the table. */
static void check(struct loader *l, const struct document *document)
{
    struct build trial;

    if (!build_init(&trial, &l->report))
        return;
    trial.home = l->home;
    trial.isolated = l->isolated;
    for (int i = 0; schema_keys[i].path != NULL; i++)
        if (document->value[i] != NULL)
            build_key(&trial, &schema_keys[i], document->value[i]);
    build_clear(&trial);
}

/* ---- the environment ---- */

static void take_variable(struct loader *l, struct document *document, struct span name,
                          const char *value)
{
    char option[QUOTE_SIZE];
    char shown[QUOTE_SIZE];
    const struct config_key *key;
    struct source *source;
    const char *meant;

    if (name.len >= sizeof(option) || span_equal(name, SPAN("CCGATE_PASSWORD")) ||
        span_equal(name, SPAN("CCGATE_LIBEXEC")))
        return;
    option_of_variable(span_skip(name, sizeof(PREFIX) - 1), option);
    key = config_key_of_option(span_of(option));
    if (key == NULL) {
        quote(name, shown);
        meant = schema_suggest(schema_keys, (struct span){NULL, 0}, span_of(option));
        /* Not an error: the variable may be meant for something else. */
        report_name(&l->report, true, shown, "this variable stands for no key");
        if (meant != NULL)
            report_help(&l->report, "did you mean \"%s\"?", meant);
        return;
    }
    snprintf(shown, sizeof(shown), "%.*s", SPAN_ARG(name));
    source = loader_source(l, LAYER_ENVIRONMENT, shown);
    if (source != NULL)
        set_value(l, document, key, source, value);
}

void loader_environment(struct loader *l)
{
    struct document *document = new_document(l, LAYER_ENVIRONMENT);

    if (document == NULL)
        return;
    for (char *const *e = l->from->environment; e != NULL && *e != NULL; e++) {
        struct span entry = span_of(*e);
        size_t end = span_find(entry, '=');

        if (span_starts(entry, span_of(PREFIX)) && end + 1 < entry.len)
            take_variable(l, document, (struct span){entry.at, end}, *e + end + 1);
    }
    check(l, document);
}

/* ---- the command line ---- */

static void option_of_path(const char *path, char option[QUOTE_SIZE])
{
    size_t n = 0;

    option[n++] = '-';
    option[n++] = '-';
    for (; *path != '\0' && n + 1 < QUOTE_SIZE; path++)
        option[n++] = *path == '.' || *path == '_' ? '-' : *path;
    option[n] = '\0';
}

static void unknown_setting(struct loader *l, const char *option, const char *path)
{
    const char *meant =
        schema_suggest(schema_keys, (struct span){NULL, 0}, span_of(path));
    char name[QUOTE_SIZE];

    if (schema_advice(span_of(path)) != NULL) {
        report_name(
            &l->report, false, option,
            "a password is never given on the command line, where everybody can "
            "see it: use password_file");
        return;
    }
    report_name(&l->report, false, option, "unknown option");
    if (meant != NULL) {
        option_of_path(meant, name);
        report_help(&l->report, "did you mean \"%s\"?", name);
    }
}

static void take_setting(struct loader *l, struct document *document,
                         const struct config_setting *setting)
{
    char option[QUOTE_SIZE];
    const struct config_key *key = NULL;
    const char *value = setting->value;
    struct source *source;

    for (const struct config_key *k = schema_keys; k->path != NULL; k++)
        if (strcmp(k->path, setting->path) == 0)
            key = k;
    option_of_path(setting->path, option);
    if (key == NULL) {
        unknown_setting(l, option, setting->path);
        return;
    }
    if (value == NULL && key->type == CONFIG_BOOL)
        value = "true";
    if (value == NULL) {
        report_name(&l->report, false, option, "a value is missing: %s=%s", option,
                    key->argument);
        return;
    }
    source = loader_source(l, LAYER_COMMAND_LINE, option);
    if (source != NULL)
        set_value(l, document, key, source, value);
}

void loader_settings(struct loader *l)
{
    struct document *document = new_document(l, LAYER_COMMAND_LINE);

    if (document == NULL)
        return;
    for (size_t i = 0; i < l->from->setting_count; i++)
        take_setting(l, document, &l->from->settings[i]);
    check(l, document);
}
