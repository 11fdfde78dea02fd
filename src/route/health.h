/*
 * health: which hops failed lately. A hop that cannot be reached rests
 * (timeout.hop_rest) at the end of the list; it is tried anyway when all rest. Survives
 * a reload.
 */
#ifndef CCGATE_ROUTE_HEALTH_H
#define CCGATE_ROUTE_HEALTH_H

#include "route/route.h"

struct health;

struct health_entry {
    char *hop;                /* hop.name */
    uint64_t rests_until;     /* loop ms; 0: does not rest */
    enum outcome last_error;  /* OK: none yet */
    char *last_detail;        /* NULL: none */
    uint64_t last_error_at;   /* wall clock, seconds */
    uint64_t last_success_at; /* likewise; of no meaning without successes */
    uint64_t successes, failures;
};

struct health *health_new(struct loop *loop);
void health_free(struct health *health);

/* Counts a success; the hop rests no longer. */
void health_succeeded(struct health *health, const struct hop *hop);

/* Counts a failure; with outcome_info()->hop_fault the hop rests for rest_ms. */
void health_failed(struct health *health, const struct hop *hop, enum outcome outcome,
                   const char *detail, uint64_t rest_ms);

bool health_rests(const struct health *health, const struct hop *hop);

/*
 * The order in which a route's hops are to be tried: indices into route->hops, awake
 * ones first, each group in the route's order. order has room for route->hop_count
 * entries.
 */
void health_order(const struct health *health, const struct route *route,
                  uint8_t *order);

/* Forgets all rests (network change). */
void health_wake_all(struct health *health);

/* The entry of a hop, or NULL if it was never used. */
const struct health_entry *health_find(const struct health *health, const char *hop);

/* Calls each() for the entries of all hops that were ever used. */
typedef void health_each_entry(void *ctx, const struct health_entry *entry);
void health_each(const struct health *health, health_each_entry *each, void *ctx);

#endif
