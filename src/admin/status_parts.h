/*
 * status_parts: what the files that make JSON of the daemon's state share; nobody else
 * includes it. jansson takes NULL for a value and passes it on as a failure.
 */
#ifndef CCGATE_ADMIN_STATUS_PARTS_H
#define CCGATE_ADMIN_STATUS_PARTS_H

#include <jansson.h>

#include "fwd/server.h"

/* A string; NULL gives null; what is no UTF-8 becomes '?'. */
json_t *status_text(const char *value);
json_t *status_number(uint64_t value);

/* ---- status_hops.c ---- */

/* One hop: its health (entry NULL: never used), its login, what is kept for it. */
json_t *status_hop_json(const struct server *server, const struct hop *hop,
                        const struct health_entry *entry);

/* Those of the configuration in force; and besides them all that were ever used. */
json_t *status_hops_json(const struct server *server);
json_t *status_used_hops_json(const struct server *server);

/* ---- status_ways.c ---- */

/* Adds what decides on the way out. False when memory is out. */
bool status_ways_into(json_t *status, const struct server *server);

#endif
