/*
 * wayin: where the programs of this user find ccgate. On a shared host the usual port
 * may be held by somebody else, who must not get the user's requests: a listener counts
 * only if it belongs to this user. Blocking, for verbs.
 */
#ifndef CCGATE_WAYIN_H
#define CCGATE_WAYIN_H

#include "config/config.h"

enum wayin_state {
    WAYIN_FOUND,
    WAYIN_NONE,    /* nobody listens there */
    WAYIN_FOREIGN, /* somebody else does */
    WAYIN_OTHER,   /* another program of this user does */
    WAYIN_UNIX,    /* there are Unix sockets only, which no variable can name */
};

struct wayin {
    enum wayin_state state;
    struct netaddr addr; /* to connect to; none with UNIX, or NONE without a port */
    uint32_t uid;        /* FOREIGN: who */
};

/*
 * Looks for a ccgate of this user that runs and that listens where the configuration
 * says; else, unless `strict`, takes the only one that runs elsewhere; else a listener
 * of this user that answers as ccgate does, or does not answer yet: a service
 * manager's, which starts one. One that ends with a command (`ccgate run`) is left
 * alone.
 */
struct wayin wayin_find(const struct config *config, bool strict);

/* Appends why none was found, and what helps, as lines. 0 or a buf error. */
int wayin_explain(const struct wayin *wayin, struct buf *out);

#endif
