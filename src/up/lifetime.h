/*
 * lifetime: how long an idle connection may be kept, learned for each hop from those
 * that the hop closed and those that it left open. Pure; times in milliseconds.
 *
 * Nobody says beforehand how long a proxy keeps an idle connection, and one that has
 * just been closed costs a round trip or a failed request. So the time begins short,
 * falls below what a hop was seen to close, and grows step by step otherwise.
 */
#ifndef CCGATE_UP_LIFETIME_H
#define CCGATE_UP_LIFETIME_H

#include <stdint.h>

#define LIFETIME_FIRST  9000u   /* known products close after 10 s and more */
#define LIFETIME_LEAST  1000u   /* however early one was closed */
#define LIFETIME_FORGET 600000u /* what was closed so long ago is tried again */

struct lifetime {
    uint64_t limit;     /* an idle connection is kept that long */
    uint64_t closed;    /* idle time of the earliest one that was closed; 0: none */
    uint64_t closed_at; /* when that was */
};

void lifetime_init(struct lifetime *lifetime);

/* A connection was found closed by the hop after it had been idle that long. */
void lifetime_closed(struct lifetime *lifetime, uint64_t idle, uint64_t now);

/*
 * A connection was still open after it had been idle that long. The limit does not grow
 * beyond most.
 */
void lifetime_outlived(struct lifetime *lifetime, uint64_t idle, uint64_t most,
                       uint64_t now);

/* Those of all hops, by name. Survive a reload. */
struct lifetimes;
struct lifetimes *lifetimes_new(void);
void lifetimes_free(struct lifetimes *lifetimes); /* NULL-safe */

/* That of a hop, for as long as the whole; NULL when memory is out. */
struct lifetime *lifetimes_of(struct lifetimes *lifetimes, const char *hop);

#endif
