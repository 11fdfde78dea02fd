/*
 * listener_bind: from an address to a listening socket. For listener.c only.
 */
#ifndef CCGATE_NET_LISTENER_BIND_H
#define CCGATE_NET_LISTENER_BIND_H

#include <sys/types.h>

#include "base/netaddr.h"

/* Which file a Unix socket of ours is, so that nobody else's is ever unlinked. */
struct unix_place {
    bool ours;
    dev_t dev;
    ino_t ino;
};

/*
 * A non-blocking, close-on-exec socket that listens, or -1 with errno set. *place is
 * filled for a Unix socket with a path.
 */
int listener_bind(const struct netaddr *addr, uint32_t unix_mode,
                  struct unix_place *place);

/*
 * Gives the socket at the address this file mode if it is still the one we bound. False
 * with errno set if that fails.
 */
bool unix_place_set_mode(const struct netaddr *addr, const struct unix_place *place,
                         uint32_t mode);

/* Unlinks the socket at the address if it is still the one we bound. */
void unix_place_clear(const struct netaddr *addr, const struct unix_place *place);

#endif
