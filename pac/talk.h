/*
 * talk: a child's conversation with the daemon: whole messages on a stream socket.
 * Blocking, by read() and write() alone, which is what the sandbox allows.
 */
#ifndef CCGATE_PAC_TALK_H
#define CCGATE_PAC_TALK_H

#include "base/wire.h"

struct talk {
    int fd;
    size_t limit; /* bytes of a message of the daemon's */
    struct buf in;
    struct buf out; /* what is to be said next */
    size_t taken;   /* bytes of the message that was heard last */
};

void talk_init(struct talk *talk, int fd, size_t limit, size_t out_limit);

/* Whether the descriptor is a socket, as whoever starts us by hand has none. */
bool talk_is_possible(int fd);

/*
 * Says all that stands in `out` and waits for the next message, whose body is valid
 * until this is called again. False: the daemon is gone, or what it said is no message.
 */
bool talk_next(struct talk *talk, struct span *body);

#endif
