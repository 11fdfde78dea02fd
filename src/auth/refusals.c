/*
 * refusals: see refusals.h.
 */
#include "auth/refusals.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

static bool is_for(const struct refusal *refusal, const char *hop, const char *target)
{
    return refusal->hop != NULL && strcmp(refusal->hop, hop) == 0 &&
           strcmp(refusal->target, target) == 0;
}

static void refusal_clear(struct refusal *refusal)
{
    free(refusal->hop);
    free(refusal->target);
    *refusal = (struct refusal){0};
}

/* The one for this pair, else the one to be replaced: a free one has ended long ago. */
static struct refusal *place_for(struct refusals *refusals, const char *hop,
                                 const char *target)
{
    struct refusal *first = &refusals->list[0];

    for (size_t i = 0; i < REFUSALS_MOST; i++) {
        struct refusal *refusal = &refusals->list[i];

        if (is_for(refusal, hop, target))
            return refusal;
        if (refusal->until < first->until)
            first = refusal;
    }
    return first;
}

void refusals_add(struct refusals *refusals, const char *hop, const char *target,
                  uint64_t now)
{
    struct refusal *refusal = place_for(refusals, hop, target);

    refusal_clear(refusal);
    refusal->hop = span_dup(span_of(hop));
    refusal->target = span_dup(span_of(target));
    refusal->until = now + REFUSALS_MS;
    if (refusal->hop == NULL || refusal->target == NULL)
        refusal_clear(refusal);
}

bool refusals_has(const struct refusals *refusals, const char *hop, const char *target,
                  uint64_t now)
{
    for (size_t i = 0; i < REFUSALS_MOST; i++)
        if (refusals->list[i].until > now && is_for(&refusals->list[i], hop, target))
            return true;
    return false;
}

void refusals_clear(struct refusals *refusals)
{
    for (size_t i = 0; i < REFUSALS_MOST; i++)
        refusal_clear(&refusals->list[i]);
}
