/*
 * document: which keys a tree sets. Every value is built on trial, so that all errors
 * of a text are found in one run, those in values that a later layer replaces too.
 */
#include "config/internal.h"

struct walk {
    struct document *document;
    struct build *trial;
    struct report *report;
    const struct node *groups[KEY_MAX]; /* by their first key's index */
};

/* A path with a dot is two keys in YAML. */
static void report_nested(struct report *report, const char *path)
{
    struct span rest = span_of(path);
    struct span group;

    if (span_next(&rest, ".", &group))
        report_help(report, "did you mean \"%.*s: {%.*s: ...}\"?", SPAN_ARG(group),
                    SPAN_ARG(rest));
}

static void unknown_key(struct walk *w, struct span group, const struct node *key)
{
    struct span name = node_span(key);
    const char *advice = schema_advice(name);
    const char *meant = schema_suggest(schema_keys, group, name);
    char text[QUOTE_SIZE];

    report_error(w->report, key, "unknown key \"%s\"%s%.*s", quote(name, text),
                 group.len > 0 ? " in " : "", SPAN_ARG(group));
    if (advice != NULL)
        report_help(w->report, "%s", advice);
    else if (meant != NULL && span_find(name, '.') < name.len)
        report_nested(w->report, meant);
    else if (meant != NULL)
        report_help(w->report, "did you mean \"%s\"?", meant);
}

static void repeated_key(struct walk *w, const struct node *again,
                         const struct node *first)
{
    char text[QUOTE_SIZE];

    report_error(w->report, again->key, "\"%s\" stands here again, first in line %zu",
                 quote(node_span(again->key), text), first->key->line);
}

static void take_value(struct walk *w, struct span group, const struct node *value)
{
    int index = schema_find(schema_keys, group, node_span(value->key));

    if (index < 0) {
        unknown_key(w, group, value->key);
        return;
    }
    if (w->document->value[index] != NULL) {
        repeated_key(w, value, w->document->value[index]);
        return;
    }
    w->document->value[index] = value;
    build_key(w->trial, &schema_keys[index], value);
}

/* One slot per group: the place of its first key in the table. */
static size_t group_slot(struct span group)
{
    size_t i = 0;

    while (!(span_starts(span_of(schema_keys[i].path), group) &&
             schema_keys[i].path[group.len] == '.'))
        i++;
    return i;
}

static void take_group(struct walk *w, const struct node *value)
{
    struct span group = node_span(value->key);
    size_t slot = group_slot(group);

    if (w->groups[slot] != NULL) {
        repeated_key(w, value, w->groups[slot]);
        return;
    }
    w->groups[slot] = value;
    if (value->kind == NODE_VOID || node_is_null(value))
        return;
    if (value->kind != NODE_MAP) {
        report_error(
            w->report, value, "\"%.*s\" holds keys of its own, as in %.*s: {%s}",
            SPAN_ARG(group), SPAN_ARG(group), schema_keys[slot].path + group.len + 1);
        return;
    }
    for (const struct node *item = value->first; item != NULL; item = item->next)
        if (item->key->kind == NODE_SCALAR && !report_full(w->report))
            take_value(w, group, item);
}

void document_check(struct document *document, struct build *trial)
{
    struct walk w = {.document = document, .trial = trial, .report = trial->report};
    const struct node *root = document->root;

    if (root == NULL || root->kind == NODE_VOID || node_is_null(root))
        return;
    if (root->kind != NODE_MAP) {
        report_error(w.report, root,
                     "a configuration consists of keys, as in listen: 3128");
        return;
    }
    for (const struct node *item = root->first; item != NULL; item = item->next) {
        if (item->key->kind != NODE_SCALAR || report_full(w.report))
            continue;
        if (schema_is_group(node_span(item->key)))
            take_group(&w, item);
        else
            take_value(&w, (struct span){NULL, 0}, item);
    }
}
