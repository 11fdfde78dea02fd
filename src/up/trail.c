/*
 * trail: remembers failed attempts.
 */
#include "up/trail.h"

#include <stdlib.h>

#include "base/loop.h"
#include "base/span.h"

uint32_t trail_kept(const struct trail *trail)
{
    return trail->count < TRAIL_LIMIT ? trail->count : TRAIL_LIMIT;
}

void trail_add(struct trail *trail, const char *hop, enum outcome outcome,
               const char *detail)
{
    struct trail_step *step, *grown;

    if (trail->count >= TRAIL_LIMIT) {
        trail->count++;
        return;
    }
    grown = realloc(trail->steps, (trail->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return;
    trail->steps = grown;
    step = &trail->steps[trail->count];
    step->hop = span_dup(span_of(hop));
    if (step->hop == NULL)
        return;
    step->outcome = outcome;
    step->detail = detail != NULL ? span_dup(span_of(detail)) : NULL;
    step->at = loop_clock();
    trail->count++;
}

void trail_clear(struct trail *trail)
{
    for (uint32_t i = 0; i < trail_kept(trail); i++) {
        free(trail->steps[i].hop);
        free(trail->steps[i].detail);
    }
    free(trail->steps);
    *trail = (struct trail){.id = 0};
}
