/*
 * agreement: which hosts show one and the same CA that no public program knows.
 */
#ifndef CCGATE_CA_AGREEMENT_H
#define CCGATE_CA_AGREEMENT_H

#include "certs/chain.h"

struct agreement {
    size_t first; /* of those that agree; the others are chain_same_top() with it */
    size_t count; /* of those that agree; 0: no chain is of that kind */
    bool tie;     /* others agree on something else, and are no fewer */
};

/*
 * names: of the hosts, without ports: one host that is asked twice counts once. chains:
 * NULL for a host that showed nothing. pin: of the certificate that is meant, if there
 * is one, or NULL: then the most frequent is. Memory that is out is no agreement.
 */
struct agreement agreement_of(const char *const *names, struct chain *const *chains,
                              size_t count, const unsigned char *pin);

/* Whether two names in lower case, either with the dot of the root, are of one host. */
bool agreement_is_same_host(const char *a, const char *b);

/* Whether that host is one of those that agree. */
bool agreement_has(const struct agreement *agreement, struct chain *const *chains,
                   size_t host);

#endif
