/*
 * peer: sorts the other end of a connection into local, unknown and remote.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred */
#endif

#include "net/peer.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "net/peer_diag.h"

#ifdef SO_PEERCRED
static bool unix_owner(int fd, uint32_t *uid)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
        cred.uid == (uid_t)-1)
        return false;
    *uid = cred.uid;
    return true;
}
#else
static bool unix_owner(int fd, uint32_t *uid)
{
    uid_t user;
    gid_t group;

    if (getpeereid(fd, &user, &group) != 0)
        return false;
    *uid = user;
    return true;
}
#endif

struct peer peer_of(struct peer_lookup *lookup, int fd, const struct netaddr *local,
                    const struct netaddr *remote)
{
    struct peer peer = {PEER_UNKNOWN, 0};
    uint32_t uid = 0;
    bool known;

    if (local->u.sa.sa_family == AF_UNIX) {
        known = unix_owner(fd, &uid) && uid != PEER_UID_OVERFLOW;
    } else if (netaddr_is_loopback(remote) || netaddr_same_ip(local, remote)) {
        /* From the client's side: its source is our remote end. */
        known = peer_diag_owner(lookup, remote, local, &uid);
    } else {
        peer.kind = PEER_REMOTE;
        return peer;
    }
    if (known) {
        peer.kind = PEER_LOCAL;
        peer.uid = uid;
    }
    return peer;
}

bool peer_listens(struct peer_lookup *lookup, const struct netaddr *at, uint32_t *uid)
{
    struct netaddr nobody = *at; /* a listener is connected to port 0 of no address */

    if (at->u.sa.sa_family == AF_INET)
        nobody.u.in.sin_addr.s_addr = INADDR_ANY;
    else if (at->u.sa.sa_family == AF_INET6)
        nobody.u.in6.sin6_addr = in6addr_any;
    else
        return false;
    netaddr_set_port(&nobody, 0);
    return peer_diag_owner(lookup, at, &nobody, uid);
}

void peer_user_name(uint32_t uid, char *text, size_t size)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];

    if (getpwuid_r((uid_t)uid, &entry, buffer, sizeof(buffer), &found) == 0 &&
        found != NULL && found->pw_name != NULL && found->pw_name[0] != '\0')
        snprintf(text, size, "%s", found->pw_name);
    else
        snprintf(text, size, "uid %u", (unsigned)uid);
}
