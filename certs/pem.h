/*
 * pem: the blocks of a text (RFC 7468), however it was put together: glued, indented,
 * with any line ends, between comments or mail. Pure. Private to certs/.
 */
#ifndef CCGATE_CERTS_PEM_H
#define CCGATE_CERTS_PEM_H

#include "base/buf.h"

struct pem_block {
    struct span label; /* "CERTIFICATE" */
    struct span body;  /* between the two lines, undecoded */
    size_t line;       /* where it begins, from 1 */
    bool whole;        /* there is an END with the same label */
    bool glued;        /* BEGIN does not stand at the beginning of a line */
};

struct pem {
    struct span text;
    size_t at;      /* what comes before has been read */
    size_t line;    /* the line that `counted` stands in */
    size_t counted; /* bytes whose lines are counted */
};

void pem_init(struct pem *pem, struct span text);

/* The next block; false if there is none. */
bool pem_next(struct pem *pem, struct pem_block *block);

/*
 * Appends the bytes that base64 text stands for; white space is skipped. 0, -EINVAL for
 * anything else, or the error of buf_append().
 */
int pem_decode(struct span body, struct buf *bytes);

#endif
