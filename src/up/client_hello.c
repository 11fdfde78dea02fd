/*
 * client_hello: a reader over the handshake bytes of several records, and the message.
 */
#include "up/client_hello.h"

#define RECORD_LIMIT  16384u /* RFC 8446 section 5.1 */
#define MESSAGE_LIMIT 65536u /* more is no ClientHello that we would keep */

enum { RECORD_HANDSHAKE = 22, MESSAGE_CLIENT_HELLO = 1, EXTENSION_EARLY_DATA = 42 };

/* What a read finds out; the first thing other than GOOD stands. */
enum verdict { GOOD, SHORT, WRONG };

struct reader {
    struct span rest;   /* records that are not begun */
    struct span record; /* what is left of the current one, as far as it has come */
    size_t missing;     /* bytes of it that have not come */
    enum verdict verdict;
};

static unsigned char at(struct span s, size_t i)
{
    return (unsigned char)s.at[i];
}

/*
 * The header of the next record. What cannot be one is wrong with its first wrong byte.
 */
static void record_begin(struct reader *r)
{
    struct span s = r->rest;
    size_t len;

    r->verdict = s.len < 5 ? SHORT : GOOD;
    if ((s.len > 0 && at(s, 0) != RECORD_HANDSHAKE) || (s.len > 1 && at(s, 1) != 3) ||
        (s.len > 2 && at(s, 2) > 4))
        r->verdict = WRONG;
    if (r->verdict != GOOD)
        return;
    len = (size_t)at(s, 3) << 8 | at(s, 4);
    if (len == 0 || len > RECORD_LIMIT) {
        r->verdict = WRONG;
        return;
    }
    r->rest = span_skip(s, 5);
    r->record = r->rest;
    if (r->record.len > len)
        r->record.len = len;
    r->missing = len - r->record.len;
    r->rest = span_skip(r->rest, r->record.len);
}

/* The next byte of the handshake; 0 when the verdict is no longer GOOD. */
static unsigned take(struct reader *r)
{
    unsigned byte;

    if (r->verdict == GOOD && r->record.len == 0) {
        if (r->missing > 0)
            r->verdict = SHORT;
        else
            record_begin(r);
        if (r->verdict == GOOD && r->record.len == 0)
            r->verdict = SHORT; /* nothing but its header has come */
    }
    if (r->verdict != GOOD)
        return 0;
    byte = at(r->record, 0);
    r->record = span_skip(r->record, 1);
    return byte;
}

/* A number of n bytes out of those that are left of its surroundings. */
static size_t number(struct reader *r, unsigned n, size_t *left)
{
    size_t value = 0;

    if (r->verdict == GOOD && *left < n)
        r->verdict = WRONG;
    if (r->verdict != GOOD)
        return 0;
    *left -= n;
    while (n-- > 0)
        value = value << 8 | take(r);
    return value;
}

static void skip(struct reader *r, size_t n, size_t *left)
{
    if (r->verdict == GOOD && *left < n)
        r->verdict = WRONG;
    if (r->verdict != GOOD)
        return;
    *left -= n;
    while (n-- > 0 && r->verdict == GOOD)
        (void)take(r);
}

static void extensions(struct reader *r, size_t *left)
{
    size_t inside = number(r, 2, left);

    if (r->verdict == GOOD && inside != *left)
        r->verdict = WRONG;
    while (r->verdict == GOOD && *left > 0) {
        size_t type = number(r, 2, left);
        size_t len;

        if (r->verdict == GOOD && type == EXTENSION_EARLY_DATA)
            r->verdict = WRONG;
        len = number(r, 2, left);
        skip(r, len, left);
    }
}

static void message(struct reader *r)
{
    size_t left = 4;
    size_t type = number(r, 1, &left);

    if (r->verdict == GOOD && type != MESSAGE_CLIENT_HELLO)
        r->verdict = WRONG;
    left = number(r, 3, &left);
    if (r->verdict == GOOD && left > MESSAGE_LIMIT)
        r->verdict = WRONG;
    skip(r, 2 + 32, &left);              /* version, random */
    skip(r, number(r, 1, &left), &left); /* session id */
    skip(r, number(r, 2, &left), &left); /* cipher suites */
    skip(r, number(r, 1, &left), &left); /* compression methods */
    if (r->verdict == GOOD && left > 0)  /* TLS 1.2 may have none */
        extensions(r, &left);
}

enum client_hello client_hello_judge(struct span bytes)
{
    struct reader r = {.rest = bytes, .verdict = GOOD};

    message(&r);
    if (r.verdict == GOOD)
        return r.record.len == 0 && r.missing == 0 && r.rest.len == 0
                   ? CLIENT_HELLO_WHOLE
                   : CLIENT_HELLO_NOT;
    return r.verdict == SHORT ? CLIENT_HELLO_PART : CLIENT_HELLO_NOT;
}
