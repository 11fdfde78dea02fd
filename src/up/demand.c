/*
 * demand: a ring of times. See demand.h.
 */
#include "up/demand.h"

#define FORGIVEN   3u    /* failures in a row that change nothing */
#define FIRST_REST 1000u /* after one more; each further one doubles it */
#define DOUBLINGS  6u
#define TOGETHER   100u

void demand_use(struct demand *d, uint64_t now)
{
    d->uses[d->next] = now;
    d->next = (d->next + 1) % DEMAND_RING;
    if (d->count < DEMAND_RING)
        d->count++;
}

/* The time of the nth last use, the last one being the first. */
static uint64_t nth_last(const struct demand *d, unsigned n)
{
    return d->uses[(d->next + DEMAND_RING - n) % DEMAND_RING];
}

uint64_t demand_last(const struct demand *d)
{
    return d->count == 0 ? 0 : nth_last(d, 1);
}

bool demand_is_busy(const struct demand *d, uint64_t now)
{
    return d->count >= DEMAND_USES && now - nth_last(d, DEMAND_USES) <= DEMAND_WINDOW &&
           now - nth_last(d, 1) <= DEMAND_QUIET;
}

size_t demand_wants(const struct demand *d, uint64_t now, size_t most)
{
    size_t recent = 0;

    if (!demand_is_busy(d, now) || now < d->rests_until)
        return 0;
    while (recent < d->count && recent < most &&
           now - nth_last(d, (unsigned)recent + 1) <= DEMAND_RECENT)
        recent++;
    return recent == 0 && most > 0 ? 1 : recent;
}

void demand_failed(struct demand *d, uint64_t now)
{
    unsigned doublings;

    if (d->failures > 0 && now - d->failed_at < TOGETHER)
        return;
    d->failed_at = now;
    if (++d->failures <= FORGIVEN)
        return;
    doublings = d->failures - FORGIVEN - 1;
    d->rests_until =
        now + ((uint64_t)FIRST_REST << (doublings < DOUBLINGS ? doublings : DOUBLINGS));
}

void demand_worked(struct demand *d)
{
    d->failures = 0;
    d->rests_until = 0;
}
