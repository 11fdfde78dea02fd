/*
 * node: the tree of a configuration text. It may hold passwords, so it is wiped.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

struct node *node_new(enum node_kind kind, const struct source *source, size_t line,
                      size_t column)
{
    struct node *node = calloc(1, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->source = source;
    node->line = line;
    node->column = column;
    return node;
}

struct node *node_scalar(const struct source *source, struct span text)
{
    struct node *node = node_new(NODE_SCALAR, source, 0, 0);

    if (node == NULL)
        return NULL;
    node->text = span_dup(text);
    node->len = text.len;
    if (node->text == NULL) {
        free(node);
        return NULL;
    }
    return node;
}

void node_add(struct node *parent, struct node *item)
{
    if (parent->last == NULL)
        parent->first = item;
    else
        parent->last->next = item;
    parent->last = item;
}

/* The depth is bounded by the reader. */
void node_free(struct node *node)
{
    if (node == NULL)
        return;
    for (struct node *item = node->first; item != NULL;) {
        struct node *next = item->next;

        node_free(item);
        item = next;
    }
    node_free(node->key);
    if (node->text != NULL)
        secret_wipe(node->text, node->len);
    free(node->text);
    free(node);
}

struct span node_span(const struct node *node)
{
    return (struct span){node->text, node->len};
}

bool node_is_null(const struct node *node)
{
    struct span text = node_span(node);

    return node->kind == NODE_SCALAR && node->plain &&
           (text.len == 0 || span_equal(text, SPAN("~")) ||
            span_equal_nocase(text, SPAN("null")));
}
