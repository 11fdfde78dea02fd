/*
 * refusals: targets that a hop refuses to a login that it accepts for others. Some
 * proxies say so with a 407, which must neither count as a wrong password nor be asked
 * for again and again. In memory only, and bounded.
 */
#ifndef CCGATE_AUTH_REFUSALS_H
#define CCGATE_AUTH_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    REFUSALS_MOST = 64,
    REFUSALS_MS = 10 * 60 * 1000, /* how long one counts */
};

struct refusal {
    char *hop, *target; /* NULL: none */
    uint64_t until;
};

struct refusals {
    struct refusal list[REFUSALS_MOST];
};

/*
 * now: milliseconds of the loop's clock. The one that ends first makes room. When
 * memory is out, nothing is remembered.
 */
void refusals_add(struct refusals *refusals, const char *hop, const char *target,
                  uint64_t now);

bool refusals_has(const struct refusals *refusals, const char *hop, const char *target,
                  uint64_t now);

void refusals_clear(struct refusals *refusals);

#endif
