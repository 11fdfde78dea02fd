/*
 * route_table: a decision as people read it, made of the JSON that `ccgate route
 * --json` prints:
 *
 *   target    what was asked for
 *   kind      "hops", "direct", "refused"
 *   hops      an array, each as in /hops of the admin socket, or with "health": null
 *             where nobody was asked
 *   health_note   where the health comes from, or why there is none; may be null
 *   why, outcome, help   strings; the last two may be null
 *   trace     lines; missing if they were not asked for
 */
#ifndef CCGATE_ADMIN_ROUTE_TABLE_H
#define CCGATE_ADMIN_ROUTE_TABLE_H

#include <jansson.h>

#include "admin/table.h"

/* Appends the decision without its target, each line indented. */
void route_table(const json_t *route, struct table *table);

#endif
