/*
 * buf: bytes that grow up to a ceiling given at birth.
 *
 * Content is data[start .. start+len). Functions that add return 0, -ENOMEM, or
 * -EMSGSIZE when the ceiling would be passed; in both cases the content is unchanged.
 */
#ifndef CCGATE_BASE_BUF_H
#define CCGATE_BASE_BUF_H

#include "base/span.h"

struct buf {
    char *data;
    size_t start;
    size_t len;
    size_t capacity;
    size_t ceiling; /* bytes of content at most */
};

/* No memory is taken before the first byte comes. */
void buf_init(struct buf *b, size_t ceiling);

/* Frees the memory; the buffer is empty and usable again, with the same ceiling. */
void buf_clear(struct buf *b);

/* buf_clear() that overwrites the memory first, for buffers that held a secret. */
void buf_wipe(struct buf *b);

/* Empties the buffer and keeps its memory. */
void buf_reset(struct buf *b);

/* Makes room for n bytes behind the content; see buf_tail(). */
int buf_reserve(struct buf *b, size_t n);

/* Where the next byte goes; buf_room() bytes may be written there. */
char *buf_tail(struct buf *b);
size_t buf_room(const struct buf *b);

/* Counts n bytes, written at buf_tail(), as content. */
void buf_commit(struct buf *b, size_t n);

int buf_append(struct buf *b, const void *bytes, size_t n);
int buf_append_span(struct buf *b, struct span s);
int buf_append_text(struct buf *b, const char *text);
/* Works with copies that it does not wipe: not for secrets. */
int buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Drops the first n bytes of the content, n <= len. */
void buf_consume(struct buf *b, size_t n);

/* A view of the content, valid until the buffer changes. */
struct span buf_span(const struct buf *b);

#endif
