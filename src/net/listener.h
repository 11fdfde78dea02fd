/*
 * listener: the sockets we accept on: TCP, Unix, or passed by the service manager
 * (LISTEN_FDS, sd_listen_fds(3)).
 *
 * When accept() fails for want of descriptors or memory, the listener pauses 100 ms and
 * counts it; nothing spins.
 */
#ifndef CCGATE_NET_LISTENER_H
#define CCGATE_NET_LISTENER_H

#include "base/loop.h"
#include "base/netaddr.h"

struct listener;

/* A connected, non-blocking, close-on-exec socket; the callback takes it. */
typedef void listener_callback(void *ctx, int fd, const struct netaddr *local,
                               const struct netaddr *remote);

struct listener_options {
    struct loop *loop;
    struct netaddr addr;
    uint32_t unix_mode; /* file mode of a Unix socket: 0600 */
    uint64_t keepalive; /* ms, for accepted TCP connections; 0: off */
    listener_callback *callback;
    void *ctx;
};

/*
 * Binds and listens. A Unix socket path is replaced only if nothing answers on it.
 * NULL with errno set: EADDRINUSE, EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, ENOMEM ...
 */
struct listener *listener_open(const struct listener_options *options);

/*
 * Takes over a listening stream socket that was passed to us; its address is read from
 * it. NULL with errno set (EINVAL: it is something else) leaves it with the caller.
 */
struct listener *listener_adopt(const struct listener_options *options, int fd);

/* Closes at once; a Unix socket that we bound is unlinked. NULL-safe. */
void listener_close(struct listener *listener);

/* Changes the keepalive of connections accepted from now on. */
void listener_set_keepalive(struct listener *listener, uint64_t ms);

/*
 * Changes the file mode of a Unix socket that we bound; others stay as they are. False
 * with errno set if that fails.
 */
bool listener_set_unix_mode(struct listener *listener, uint32_t mode);

const struct netaddr *listener_addr(const struct listener *listener);

/* Whether the listener accepts at this address and port (wildcards considered). */
bool listener_is_at(const struct listener *listener, const struct netaddr *addr);

/*
 * The sockets passed by the service manager: the count, with the first one in *first;
 * 0 if none, or not for this process. The variables are removed from the environment.
 */
int listener_passed(int *first);

#endif
