/*
 * framing: how long a message body is (RFC 9112 section 6) and the chunked coding
 * (section 7.1). Pure.
 */
#ifndef CCGATE_HTTP_FRAMING_H
#define CCGATE_HTTP_FRAMING_H

#include "base/buf.h"
#include "http/head.h"

enum framing_kind {
    FRAMING_NONE,    /* no body */
    FRAMING_LENGTH,  /* `length` bytes */
    FRAMING_CHUNKED,
    FRAMING_CLOSE,   /* until the connection ends; responses only */
};

struct framing {
    enum framing_kind kind;
    uint64_t length; /* FRAMING_LENGTH */
};

enum framing_verdict {
    FRAMING_OK,
    FRAMING_BAD,            /* *why says what; request: 400 and close; response: 502 */
    FRAMING_UNKNOWN_CODING, /* request: 501 and close */
};

/*
 * The body of a request. Content-Length with Transfer-Encoding, differing or malformed
 * lengths, Transfer-Encoding in HTTP/1.0, a last coding other than chunked are all BAD
 * (RFC 9112 sections 6.1, 6.3); identical repeated lengths are one.
 */
enum framing_verdict framing_of_request(const struct head *head, struct framing *framing,
                                        const char **why);

/*
 * The body of a response to `method`. HEAD, 1xx, 204 and 304 have none whatever the fields
 * say; a 2xx to CONNECT neither. Transfer-Encoding wins over Content-Length. A coding other
 * than chunked last means until close; Transfer-Encoding in an HTTP/1.0 response is BAD.
 */
enum framing_verdict framing_of_response(const struct head *head, struct span method,
                                         struct framing *framing, const char **why);

/* ---- chunked, incremental ---- */

#define CHUNK_LINE_LIMIT    4096        /* a size line with its extensions */
#define CHUNK_TRAILER_LIMIT (16 * 1024) /* the trailer section */

struct chunked {
    uint8_t state;
    bool strict;       /* CR LF only; responses may use a bare LF */
    uint32_t line;     /* bytes of the current line */
    uint64_t left;     /* bytes left of the current chunk */
    struct buf trailers; /* the trailer section's lines, normalised to CR LF, without the
                            blank line; valid at CHUNKED_END */
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
 * routing, authentication: RFC 9110 section 6.5.1) are dropped.
 */
enum chunked_progress chunked_read(struct chunked *c, struct span *in, struct span *data);

/* Appends "SIZE CRLF data CRLF"; 0 or the error of buf_append(). Nothing for no data. */
int chunked_write(struct buf *out, struct span data);

/* Appends the last chunk, the trailers (lines with CR LF, may be empty), the blank line. */
int chunked_finish(struct buf *out, struct span trailers);

#endif
