/*
 * forward: the addresses of `tunnel`: each connection accepted there becomes a tunnel
 * to one target, without a word of the client.
 */
#ifndef CCGATE_FWD_FORWARD_H
#define CCGATE_FWD_FORWARD_H

#include "base/buf.h"
#include "config/config.h"
#include "net/listener.h"

/* One address. */
struct forward {
    struct forwards *owner;
    struct listener *listener;
    char *target;   /* "host:port" */
    bool announced; /* in the log */
};

/* A connection, which the callback takes. The forward may change afterwards. */
typedef void forward_callback(void *ctx, const struct forward *forward, int fd,
                              const struct netaddr *local,
                              const struct netaddr *remote);

struct forwards {
    forward_callback *callback;
    void *ctx;
    struct forward **list;
    size_t count;
    size_t added; /* at the end of the list, by forwards_open() */
};

/*
 * Opens the addresses of a configuration that are not open. options: all but address,
 * callback and ctx. False, with messages and nothing opened, if one fails.
 */
bool forwards_open(struct forwards *forwards, const struct config *config,
                   const struct listener_options *options, struct buf *messages);

/* Closes those that were opened just now. */
void forwards_undo(struct forwards *forwards);

/* The configuration counts: closes what it does not name, and takes its targets. */
void forwards_keep(struct forwards *forwards, const struct config *config);

/* Logs those that are new. */
void forwards_announce(struct forwards *forwards);

bool forwards_are_at(const struct forwards *forwards, const struct netaddr *addr);
void forwards_close(struct forwards *forwards);

/* Appends why a listener could not be opened, as a line. */
void listener_explain(struct buf *messages, const char *where, int error);

/* Whether an entry of the configuration stands for this listener. */
bool listener_is_of(const struct listener *listener, const struct config_listen *entry);

#endif
