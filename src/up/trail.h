/*
 * trail: where one request was tried in vain, and how that ended. Costs nothing as long
 * as nothing fails.
 */
#ifndef CCGATE_UP_TRAIL_H
#define CCGATE_UP_TRAIL_H

#include "base/outcome.h"
#include "base/request_id.h"

#define TRAIL_LIMIT 32 /* steps that are kept; later ones are only counted */

struct trail_step {
    char *hop; /* hop.name, or "direct" */
    enum outcome outcome;
    char *detail; /* NULL: none */
    uint64_t at;  /* when it had failed, loop_clock() */
};

struct trail {
    request_id id; /* of the request */
    struct trail_step *steps;
    uint32_t count; /* of all; TRAIL_LIMIT of them are there at most */
};

/* When memory is out, the step is lost. */
void trail_add(struct trail *trail, const char *hop, enum outcome outcome,
               const char *detail);

/* How many steps are there. */
uint32_t trail_kept(const struct trail *trail);

void trail_clear(struct trail *trail);

#endif
