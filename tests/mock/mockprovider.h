/*
 * mockprovider: a connection that may be TLS.
 */
#ifndef CCGATE_TESTS_MOCKPROVIDER_H
#define CCGATE_TESTS_MOCKPROVIDER_H

#include "mock.h"

#define LINK_AGAIN  (-1)
#define LINK_BROKEN (-2)

struct link {
    int fd;
    void *tls;        /* NULL: plain */
    bool wants_write; /* before it can go on */
};

/* All links opened from now on are TLS. Ends the program on failure. */
void link_tls(const char *cert, const char *key);

void link_open(struct link *link, int fd);
void link_close(struct link *link);

/* 0 when done; LINK_AGAIN, LINK_BROKEN. */
ssize_t link_handshake(struct link *link);
/* Bytes; 0 at the end; LINK_AGAIN, LINK_BROKEN. */
ssize_t link_read(struct link *link, void *bytes, size_t size);
ssize_t link_write(struct link *link, const void *bytes, size_t len);
/* No more is written. */
void link_finish(struct link *link);

#endif
