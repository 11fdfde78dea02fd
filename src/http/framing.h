/*
 * framing: how long a message body is (RFC 9112 section 6). Pure.
 */
#ifndef CCGATE_HTTP_FRAMING_H
#define CCGATE_HTTP_FRAMING_H

#include "http/head.h"

enum framing_kind {
    FRAMING_NONE,   /* no body */
    FRAMING_LENGTH, /* `length` bytes */
    FRAMING_CHUNKED,
    FRAMING_CLOSE, /* until the connection ends; responses only */
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
enum framing_verdict framing_of_request(const struct head *head,
                                        struct framing *framing, const char **why);

/*
 * The body of a response to `method`. HEAD, 1xx, 204 and 304 have none whatever the
 * fields say; a 2xx to CONNECT neither. Transfer-Encoding wins over Content-Length;
 * "identity" means until close; any other coding than one "chunked" is BAD, because TE
 * is never sent and the coding could neither be removed nor passed on.
 * Transfer-Encoding in an HTTP/1.0 response is BAD.
 */
enum framing_verdict framing_of_response(const struct head *head, struct span method,
                                         struct framing *framing, const char **why);

enum framing_length {
    FRAMING_LENGTH_ABSENT,
    FRAMING_LENGTH_VALID, /* one number, repeated or not */
    FRAMING_LENGTH_FAULTY,
};

/* What the Content-Length fields say, whatever else the head has. */
enum framing_length framing_content_length(const struct head *head, uint64_t *length);

#endif
