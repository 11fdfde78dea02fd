/*
 * peer: who is at the other end of an accepted connection?
 *
 * On loopback TCP the kernel is asked (NETLINK_SOCK_DIAG, exact four-tuple), at accept
 * and before reading: a client that sends and exits shows uid 0 and inode 0, which is
 * unknown, never root. On Unix sockets SO_PEERCRED.
 */
#ifndef CCGATE_NET_PEER_H
#define CCGATE_NET_PEER_H

#include "base/netaddr.h"

enum peer_kind {
    PEER_LOCAL,   /* a process of this host, uid known */
    PEER_UNKNOWN, /* loopback, but nobody knows who (exited, other namespace) */
    PEER_REMOTE,  /* another host: judged by `allow` */
};

struct peer {
    enum peer_kind kind;
    uint32_t uid; /* PEER_LOCAL */
};

struct peer_lookup; /* keeps the netlink socket */

/* NULL when memory or descriptors are out. */
struct peer_lookup *peer_lookup_new(void);
void peer_lookup_free(struct peer_lookup *lookup);

/* Whether the kernel answers such questions here at all. */
bool peer_lookup_works(const struct peer_lookup *lookup);

/*
 * Who holds the other end of `fd`, a connected socket whose addresses are `local` and
 * `remote`. A remote address that is not loopback and not one of this host's own
 * (local == remote) is PEER_REMOTE.
 */
struct peer peer_of(struct peer_lookup *lookup, int fd, const struct netaddr *local,
                    const struct netaddr *remote);

/*
 * Who listens at `at`, an address of this host. False: nobody, or the kernel does not
 * say.
 */
bool peer_listens(struct peer_lookup *lookup, const struct netaddr *at, uint32_t *uid);

/* The name of a uid into text ("alice", else "uid 1002"). May read /etc/passwd. */
void peer_user_name(uint32_t uid, char *text, size_t size);

#endif
