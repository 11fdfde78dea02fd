/*
 * head: the HTTP/1.1 message head (RFC 9112 sections 2 to 5), one grammar, two
 * policies.
 *
 * Requests are read strictly: CR LF only, no obs-fold, no space before the colon, no
 * bare CR, no NUL. Responses may be lenient where proxies in use are (bare LF, no
 * reason phrase, obs-fold, space before the colon); what was lenient is normalised in
 * place and never passed on. Pure: no I/O, no globals.
 */
#ifndef CCGATE_HTTP_HEAD_H
#define CCGATE_HTTP_HEAD_H

#include "base/span.h"

#define HEAD_LIMIT       (64 * 1024) /* bytes of a head, blank line included */
#define HEAD_FIELD_LIMIT 512         /* fields in a head */

enum head_progress {
    HEAD_DONE,
    HEAD_PARTIAL,
    HEAD_TOO_LARGE,   /* more than HEAD_LIMIT bytes or HEAD_FIELD_LIMIT fields */
    HEAD_BAD,         /* not this grammar; head.error says what */
    HEAD_BAD_VERSION, /* HTTP/2.0 and the like, but a well-formed line */
    HEAD_NO_MEMORY,
};

struct head_field {
    struct span name;
    struct span value; /* without surrounding OWS */
};

struct head {
    /* request line */
    struct span method;
    struct span target;
    /* status line */
    uint16_t status;
    struct span reason; /* may be empty */

    uint8_t minor; /* HTTP/1.minor: 0 or 1 (higher minors read as 1) */
    struct head_field *fields;
    size_t count;
    size_t size; /* bytes of the whole head with its blank line */

    const char *error; /* HEAD_BAD: what is wrong, a static sentence fragment */

    /* private */
    size_t capacity;
    size_t scanned;
};

void head_init(struct head *head);
void head_clear(struct head *head);

/* Forgets the content, keeps the memory: for the next message. */
void head_reset(struct head *head);

/*
 * Reads a head from the start of bytes[0..len). All spans point into bytes, which must
 * stay where it is while they are used. Call again with more bytes (the same ones
 * first) after HEAD_PARTIAL; the search for the end resumes where it stood, wherever
 * the bytes have moved. Empty lines before a request line are skipped (RFC 9112
 * section 2.2).
 */
enum head_progress head_read_request(struct head *head, char *bytes, size_t len);
enum head_progress head_read_response(struct head *head, char *bytes, size_t len);

/*
 * Reads field lines with the empty line that ends them, as a trailer section has them
 * (RFC 9112 section 7.1.2); the first byte must not be that empty line. Never skips.
 */
enum head_progress head_read_fields(struct head *head, char *bytes, size_t len,
                                    bool strict);

/* The first field of that name, or NULL. */
const struct head_field *head_find(const struct head *head, struct span name);

/* The next one behind `after`. */
const struct head_field *head_find_next(const struct head *head,
                                        const struct head_field *after,
                                        struct span name);

/*
 * Whether a comma-separated list field (all lines of that name taken together) has this
 * token, compared without case.
 */
bool head_has_token(const struct head *head, struct span name, struct span token);

/* Whether the sender wants the connection kept (RFC 9112 section 9.3). */
bool head_keeps_connection(const struct head *head);

/*
 * Likewise between a client and a proxy, either of which may say Proxy-Connection, as
 * old ones do (RFC 9112 appendix C.2.2).
 */
bool head_keeps_proxy_connection(const struct head *head);

bool head_method_is(const struct head *head, struct span method);

#endif
