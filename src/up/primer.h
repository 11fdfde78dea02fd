/*
 * primer: leaves a few connections to a proxy logged in, by a GET for the one URL that
 * the configuration names (warm.primer), as long as there is traffic through that
 * proxy. Only where the login lives and dies with the connection, only with a login
 * that was accepted before, and only if the URL's own route leads through that proxy.
 */
#ifndef CCGATE_UP_PRIMER_H
#define CCGATE_UP_PRIMER_H

#include "up/egress.h"

#define PRIMER_QUIET 60000 /* milliseconds without a CONNECT end it */

struct primer;

/* The configuration must stay until the next primer_configure(). NULL: memory is out.
 */
struct primer *primer_new(struct egress *egress, const struct config *config);
void primer_free(struct primer *primer); /* NULL-safe */

/* Works for this configuration from now on; NULL: for none. What is under way ends. */
void primer_configure(struct primer *primer, const struct config *config);

/* Who knows the way to the URL; NULL: nobody any more. A reference is taken. */
void primer_set_router(struct primer *primer, struct router *router);

/* A CONNECT has passed through this hop. */
void primer_noted(struct primer *primer, const struct route *route,
                  const struct hop *hop);

#endif
