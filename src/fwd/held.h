/*
 * held: the connection upstream that belongs to one client connection, since a server's
 * own NTLM or Negotiate has passed on it: such a login is the connection's (RFC 4559
 * section 6). It serves that client's requests to that server, and nobody else.
 */
#ifndef CCGATE_FWD_HELD_H
#define CCGATE_FWD_HELD_H

#include "base/url.h"
#include "up/upstream.h"

struct held {
    struct loop *loop;
    struct upstream *upstream; /* NULL: none; idle, watched for its end */
    uint64_t since;            /* loop milliseconds */
};

void held_init(struct held *held, struct loop *loop);

/* Closes what there is. */
void held_clear(struct held *held);

/*
 * Notes the server of this URL in ->login_at, after which the connection is for the
 * server's login. False when memory is out.
 */
bool held_mark(struct upstream *upstream, const struct url *url);

/*
 * Holds a marked connection, which is the holder's from now on, instead of the one
 * there was.
 */
void held_put(struct held *held, struct upstream *upstream);

/* The connection, if it is for the server of this URL and still quiet, or NULL. */
struct upstream *held_take(struct held *held, const struct url *url);

#endif
