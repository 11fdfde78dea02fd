/*
 * body: reads a message body of any framing out of the bytes that come. Pure.
 */
#ifndef CCGATE_HTTP_BODY_H
#define CCGATE_HTTP_BODY_H

#include "http/chunked.h"
#include "http/framing.h"

struct body {
    struct framing framing;
    uint64_t left; /* FRAMING_LENGTH: bytes to come */
    struct chunked chunked;
    const char *error; /* BODY_BAD: what is wrong, a static sentence fragment */
};

enum body_progress {
    BODY_DATA, /* *data is a piece of content */
    BODY_MORE, /* everything was consumed, more is needed */
    BODY_END,  /* the body is complete; *in is what stands behind it */
    BODY_BAD,
};

/* strict: chunk lines end with CR LF only (requests). */
void body_init(struct body *body, const struct framing *framing, bool strict);
void body_clear(struct body *body);

/* Reads on. *in is advanced past what was consumed; *data is a view into it. */
enum body_progress body_read(struct body *body, struct span *in, struct span *data);

/* Whether the end of the connection is the proper end of the body. */
bool body_ends_by_close(const struct body *body);

/* The trailer lines of a chunked body at BODY_END, else empty. */
struct span body_trailers(const struct body *body);

#endif
