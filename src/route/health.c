/*
 * health: which hops failed lately. See health.h.
 */
#include "route/health.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A hop that was used at least once. There are as many as configurations named. */
struct node {
    struct health_entry entry; /* first, so that the entry is the node */
    struct node *next;
};

struct health {
    struct loop *loop;
    struct node *nodes;
};

struct health *health_new(struct loop *loop)
{
    struct health *health = calloc(1, sizeof(*health));

    if (health != NULL)
        health->loop = loop;
    return health;
}

static void node_free(struct node *node)
{
    free(node->entry.hop);
    free(node->entry.last_detail);
    free(node);
}

void health_free(struct health *health)
{
    struct node *next;

    if (health == NULL)
        return;
    for (struct node *node = health->nodes; node != NULL; node = next) {
        next = node->next;
        node_free(node);
    }
    free(health);
}

static struct node *find(const struct health *health, const char *hop)
{
    struct node *node = health->nodes;

    while (node != NULL && strcmp(node->entry.hop, hop) != 0)
        node = node->next;
    return node;
}

/* NULL when memory is out: then the hop is simply not remembered. */
static struct health_entry *find_or_add(struct health *health, const char *hop)
{
    struct node *node = find(health, hop);

    if (node != NULL)
        return &node->entry;
    node = calloc(1, sizeof(*node));
    if (node == NULL)
        return NULL;
    node->entry.hop = span_dup(span_of(hop));
    if (node->entry.hop == NULL) {
        free(node);
        return NULL;
    }
    node->next = health->nodes;
    health->nodes = node;
    return &node->entry;
}

static uint64_t wall_clock(void)
{
    time_t now = time(NULL);

    return now > 0 ? (uint64_t)now : 0;
}

void health_succeeded(struct health *health, const struct hop *hop)
{
    struct health_entry *entry = find_or_add(health, hop->name);

    if (entry == NULL)
        return;
    entry->successes++;
    entry->last_success_at = wall_clock();
    entry->rests_until = 0;
}

void health_failed(struct health *health, const struct hop *hop, enum outcome outcome,
                   const char *detail, uint64_t rest_ms)
{
    struct health_entry *entry = find_or_add(health, hop->name);

    if (entry == NULL)
        return;
    entry->failures++;
    entry->last_error = outcome;
    entry->last_error_at = wall_clock();
    free(entry->last_detail);
    entry->last_detail = detail == NULL ? NULL : span_dup(span_of(detail));
    if (outcome_info(outcome)->hop_fault && rest_ms > 0)
        entry->rests_until = loop_now(health->loop) + rest_ms;
}

bool health_rests(const struct health *health, const struct hop *hop)
{
    const struct node *node = find(health, hop->name);

    return node != NULL && node->entry.rests_until > loop_now(health->loop);
}

void health_order(const struct health *health, const struct route *route,
                  uint8_t *order)
{
    size_t awake = 0;
    size_t resting = 0;

    /* Those that rest are gathered at the end, backwards, and then turned round. */
    for (size_t i = 0; i < route->hop_count; i++) {
        if (health_rests(health, &route->hops[i]))
            order[route->hop_count - ++resting] = (uint8_t)i;
        else
            order[awake++] = (uint8_t)i;
    }
    for (size_t i = 0; i < resting / 2; i++) {
        uint8_t *low = &order[awake + i];
        uint8_t *high = &order[route->hop_count - 1 - i];
        uint8_t kept = *low;

        *low = *high;
        *high = kept;
    }
}

void health_wake_all(struct health *health)
{
    for (struct node *node = health->nodes; node != NULL; node = node->next)
        node->entry.rests_until = 0;
}

const struct health_entry *health_find(const struct health *health, const char *hop)
{
    const struct node *node = find(health, hop);

    return node == NULL ? NULL : &node->entry;
}

void health_each(const struct health *health, health_each_entry *each, void *ctx)
{
    for (const struct node *node = health->nodes; node != NULL; node = node->next)
        each(ctx, &node->entry);
}
