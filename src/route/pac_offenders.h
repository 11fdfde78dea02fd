/*
 * pac_offenders: the hosts for which a PAC script ran out of time, ate all memory or
 * ended its process. It is not run for them again for a while, each time longer.
 */
#ifndef CCGATE_ROUTE_PAC_OFFENDERS_H
#define CCGATE_ROUTE_PAC_OFFENDERS_H

#include "base/span.h"

#define PAC_OFFENDERS 64

struct pac_offender {
    char *host; /* NULL: the place is free */
    char *what; /* what the script did */
    unsigned times;
    uint64_t until; /* loop ms */
};

struct pac_offenders {
    struct pac_offender at[PAC_OFFENDERS];
};

/*
 * Notes that the script did that for the host, and for how many ms it is now left
 * alone: 10 s, doubling up to 10 min. When the table is full, the one whose time ends
 * first is forgotten.
 */
uint64_t pac_offenders_add(struct pac_offenders *offenders, const char *host,
                           const char *what, uint64_t now);

/* The entry of a host that is left alone at `now`, or NULL. */
const struct pac_offender *pac_offenders_find(const struct pac_offenders *offenders,
                                              const char *host, uint64_t now);

/* The script did well for this host. */
void pac_offenders_forgive(struct pac_offenders *offenders, const char *host);

/* Forgets all. */
void pac_offenders_clear(struct pac_offenders *offenders);

#endif
