/*
 * chunked: the chunked transfer coding (RFC 9112 section 7.1), read incrementally and
 * written. Pure.
 */
#ifndef CCGATE_HTTP_CHUNKED_H
#define CCGATE_HTTP_CHUNKED_H

#include "base/buf.h"

#define CHUNK_LINE_LIMIT    4096        /* a size line with its extensions */
#define CHUNK_TRAILER_LIMIT (16 * 1024) /* the trailer section */

struct chunked {
    uint8_t state;
    bool strict;         /* CR LF only; responses may use a bare LF */
    uint32_t line;       /* bytes of the current line */
    uint64_t left;       /* bytes left of the current chunk */
    struct buf trailers; /* the trailer section's lines, normalised to CR LF, without
                            the blank line; valid at CHUNKED_END */
    const char *error;
};

enum chunked_progress {
    CHUNKED_DATA, /* *data is a piece of content */
    CHUNKED_MORE, /* everything was consumed, more is needed */
    CHUNKED_END,  /* the last chunk and the trailers are read */
    CHUNKED_BAD,  /* ->error says what */
};

void chunked_init(struct chunked *c, bool strict);
void chunked_clear(struct chunked *c);

/*
 * Reads on. *in is advanced past what was consumed; *data is a view into it. Extensions
 * are dropped. Trailer fields are vetted as head fields are; forbidden ones (framing,
 * routing, authentication: RFC 9110 section 6.5.1) are dropped. A bare LF is never
 * taken behind chunk data. After END or BAD nothing more is consumed.
 */
enum chunked_progress chunked_read(struct chunked *c, struct span *in,
                                   struct span *data);

/* Appends "SIZE CRLF data CRLF"; 0 or the error of buf_append(). Nothing for no data.
 */
int chunked_write(struct buf *out, struct span data);

/* Appends the last chunk, the trailers (lines with CR LF, may be empty), the blank
 * line. */
int chunked_finish(struct buf *out, struct span trailers);

#endif
