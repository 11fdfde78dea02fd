/*
 * fields: the values of a map that stands in a list, sorted by its keys.
 */
#include "config/internal.h"

static const struct span NO_GROUP = {NULL, 0};

static void report_unknown(struct build *b, const struct config_key *table,
                           const char *what, const struct node *key)
{
    const char *advice = schema_advice(node_span(key));
    const char *meant = schema_suggest(table, NO_GROUP, node_span(key));
    char text[QUOTE_SIZE];

    report_error(b->report, key, "unknown key \"%s\" in %s",
                 quote(node_span(key), text), what);
    if (advice != NULL)
        report_help(b->report, "%s", advice);
    else if (meant != NULL)
        report_help(b->report, "did you mean \"%s\"?", meant);
}

void build_fields(struct build *b, const struct config_key *table, const char *what,
                  const struct node *map, const struct node **field)
{
    for (const struct node *item = map->first; item != NULL; item = item->next) {
        int index;

        if (item->key->kind != NODE_SCALAR || report_full(b->report))
            continue;
        index = schema_find(table, NO_GROUP, node_span(item->key));
        if (index < 0)
            report_unknown(b, table, what, item->key);
        else if (field[index] != NULL)
            report_error(b->report, item->key,
                         "\"%s\" stands here again, first in line %zu",
                         table[index].path, field[index]->key->line);
        else
            field[index] = item;
    }
}
