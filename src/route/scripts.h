/*
 * scripts: PAC scripts that somebody else than the configuration names: the system's
 * settings, the network, a variable. One that nobody has asked since a reload or
 * another network is let go at the next one.
 */
#ifndef CCGATE_ROUTE_SCRIPTS_H
#define CCGATE_ROUTE_SCRIPTS_H

#include "route/pac.h"

#define SCRIPTS_LIMIT                                                                  \
    8 /* that are there at once; the one not asked for longest goes                    \
       */

struct scripts;
struct script_query;

struct scripts_options {
    struct loop *loop;
    struct resolver *resolver;
    struct config *config; /* a reference is taken */
};

/* NULL when memory is out. */
struct scripts *scripts_new(const struct scripts_options *options);

/* All queries must have ended or been cancelled. NULL-safe. */
void scripts_free(struct scripts *scripts);

/* As pac_configure(), pac_refresh() and pac_network_changed(). */
bool scripts_configure(struct scripts *scripts, struct config *config);
void scripts_refresh(struct scripts *scripts);
void scripts_network_changed(struct scripts *scripts);

/*
 * Asks the first of these scripts that can be had; urls are one a line, the best first.
 * What the request's spans point to must last as long as the query. As pac_start() in
 * everything else.
 */
struct script_query *script_start(struct scripts *scripts, struct span urls,
                                  const struct pac_request *request, bool patient,
                                  pac_callback *callback, void *ctx);
void script_cancel(struct script_query *query); /* NULL-safe */

/* For status: the script at a place, from 0 on; NULL: there are no more. */
struct pac *scripts_at(const struct scripts *scripts, size_t place);

#endif
