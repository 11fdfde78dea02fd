/*
 * peer_nodiag: the systems where nobody says who owns a TCP socket. Every peer on
 * loopback is unknown there; Unix sockets remain.
 */
#include <stdlib.h>

#include "net/peer_diag.h"

struct peer_lookup {
    char nothing;
};

struct peer_lookup *peer_lookup_new(void)
{
    return calloc(1, sizeof(struct peer_lookup));
}

void peer_lookup_free(struct peer_lookup *lookup)
{
    free(lookup);
}

bool peer_lookup_works(const struct peer_lookup *lookup)
{
    (void)lookup;
    return false;
}

bool peer_diag_owner(struct peer_lookup *lookup, const struct netaddr *source,
                     const struct netaddr *destination, uint32_t *uid)
{
    (void)lookup;
    (void)source;
    (void)destination;
    *uid = 0;
    return false;
}
