/*
 * wire: messages on a stream between two of our own processes.
 *
 * A message is a u32 length, then that many bytes: a u8 type and its fields. Numbers
 * are in network order, texts a u32 length and their bytes. Neither side trusts the
 * other: a reader never leaves its message, and a writer stops at the ceiling of its
 * buffer.
 */
#ifndef CCGATE_BASE_WIRE_H
#define CCGATE_BASE_WIRE_H

#include "base/buf.h"

#define WIRE_LENGTH 4 /* bytes of the length in front of a message */

/* A message being written at the end of a buffer. */
struct wire_writer {
    struct buf *out;
    size_t at; /* where the message begins, from the start of the content */
    int error; /* of the first append that failed */
};

void wire_begin(struct wire_writer *w, struct buf *out, uint8_t type);
void wire_put_u8(struct wire_writer *w, uint8_t value);
void wire_put_u32(struct wire_writer *w, uint32_t value);
void wire_put_u64(struct wire_writer *w, uint64_t value);
void wire_put_text(struct wire_writer *w, struct span text);

/* 0, or -ENOMEM or -EMSGSIZE; then the buffer is as it was at wire_begin(). */
int wire_end(struct wire_writer *w);

/*
 * Looks for a whole message at the begin of `in`. Returns its size with the length in
 * front and sets *body (type and fields); 0 if more bytes are needed; -EPROTO if it is
 * empty or longer than limit.
 */
long wire_take(struct span in, size_t limit, struct span *body);

/* Fields being read. After `bad` became true every value is 0 or empty. */
struct wire_reader {
    struct span rest;
    bool bad;
};

void wire_open(struct wire_reader *r, struct span body);
uint8_t wire_u8(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);
struct span wire_text(struct wire_reader *r); /* a view of the message */

/* Whether all was read, and nothing was missing or left. */
bool wire_done(const struct wire_reader *r);

#endif
