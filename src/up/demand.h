/*
 * demand: how much a target is wanted, from the times at which it was. Pure; times in
 * milliseconds of one clock.
 *
 * A target that is used again and again is busy as long as it stays so; it then wants
 * as many ready tunnels as were used lately, and one at least. When they fail one after
 * the other, it wants none for a while, which doubles each time.
 */
#ifndef CCGATE_UP_DEMAND_H
#define CCGATE_UP_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEMAND_USES   3u      /* so many uses ... */
#define DEMAND_WINDOW 300000u /* ... within this time make it busy ... */
#define DEMAND_QUIET  60000u  /* ... until it was not used for this long */
#define DEMAND_RECENT 10000u  /* uses in this time are those lately */
#define DEMAND_RING   32u     /* uses that are remembered */

struct demand {
    uint64_t uses[DEMAND_RING];
    unsigned count, next; /* used so far, at most DEMAND_RING; the oldest or free one */
    unsigned failures;    /* in a row */
    uint64_t failed_at, rests_until;
};

void demand_use(struct demand *demand, uint64_t now);
uint64_t demand_last(const struct demand *demand); /* 0: never */
bool demand_is_busy(const struct demand *demand, uint64_t now);

/* How many ready tunnels it wants, of at most that many. */
size_t demand_wants(const struct demand *demand, uint64_t now, size_t most);

/* A ready tunnel could not be opened, or died; those that die together count once. */
void demand_failed(struct demand *demand, uint64_t now);

/* One was of use. */
void demand_worked(struct demand *demand);

#endif
