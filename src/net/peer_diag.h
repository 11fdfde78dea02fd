/*
 * peer_diag: asking the kernel who owns a TCP socket of this host. For peer.c only;
 * peer_diag.c does it on Linux, peer_nodiag.c stands in where it cannot be done.
 */
#ifndef CCGATE_NET_PEER_DIAG_H
#define CCGATE_NET_PEER_DIAG_H

#include "net/peer.h"

/* What the kernel shows for an owner that a user namespace does not know. */
#define PEER_UID_OVERFLOW 65534u

/*
 * The owner of the socket that is bound to `source` and connected to `destination`.
 * False: there is none, nobody holds it any more, or the kernel does not say.
 */
bool peer_diag_owner(struct peer_lookup *lookup, const struct netaddr *source,
                     const struct netaddr *destination, uint32_t *uid);

#endif
