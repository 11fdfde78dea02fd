/*
 * chunked: the reader is a state machine over the bytes of size lines; content passes
 * in pieces as long as the input, and the trailer section is collected and vetted at
 * its end.
 */
#include "http/chunked.h"

#include <string.h>

#include "http/head.h"

enum state {
    STATE_SIZE,    /* hexadecimal digits */
    STATE_BLANK,   /* blanks behind them */
    STATE_EXT,     /* extensions, up to the line's end */
    STATE_SIZE_LF, /* the LF due behind a CR */
    STATE_DATA,
    STATE_DATA_CR, /* the CR due behind content */
    STATE_DATA_LF,
    STATE_TRAILER,
    STATE_END,
    STATE_BAD,
};

/*
 * Not to be passed on behind the content: framing, routing, authentication, content
 * format (RFC 9110 section 6.5.1), and what concerns one connection (section 7.6.1).
 */
static const char *const FORBIDDEN[] = {
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
};

void chunked_init(struct chunked *c, bool strict)
{
    *c = (struct chunked){.state = STATE_SIZE, .strict = strict};
    buf_init(&c->trailers, CHUNK_TRAILER_LIMIT);
}

void chunked_clear(struct chunked *c)
{
    buf_clear(&c->trailers);
}

static void fail(struct chunked *c, const char *error)
{
    c->state = STATE_BAD;
    c->error = error;
}

/* ---- size lines ---- */

static void end_size_line(struct chunked *c)
{
    c->line = 0;
    c->state = c->left > 0 ? STATE_DATA : STATE_TRAILER;
}

/* A line end, or what may stand before it. */
static void read_behind_size(struct chunked *c, char byte)
{
    if (byte == '\r')
        c->state = STATE_SIZE_LF;
    else if (byte == '\n' && !c->strict)
        end_size_line(c);
    else if (byte == '\n')
        fail(c, "has a bare LF in a chunk-size line");
    else if (byte == ';')
        c->state = STATE_EXT;
    else if ((byte == ' ' || byte == '\t') && !c->strict)
        c->state = STATE_BLANK; /* some servers pad the size with blanks */
    else
        fail(c, "has a faulty chunk size");
}

static void read_size(struct chunked *c, char byte)
{
    int digit = span_hex_digit(byte);

    if (digit < 0 && c->line == 1)
        fail(c, "has a faulty chunk size");
    else if (digit < 0)
        read_behind_size(c, byte);
    else if (c->left > UINT64_MAX >> 4)
        fail(c, "has a chunk size out of range");
    else
        c->left = c->left << 4 | (unsigned)digit;
}

static void read_extension(struct chunked *c, char byte)
{
    bool control = (unsigned char)byte < ' ' || byte == 0x7f;

    if (byte == '\r' || byte == '\n')
        read_behind_size(c, byte);
    else if (control && byte != '\t')
        fail(c, "has a control character in a chunk extension");
}

static void read_line_byte(struct chunked *c, char byte)
{
    if (++c->line > CHUNK_LINE_LIMIT) {
        fail(c, "has a chunk-size line above the limit");
        return;
    }
    switch (c->state) {
    case STATE_SIZE:
        read_size(c, byte);
        break;
    case STATE_BLANK:
        read_behind_size(c, byte);
        break;
    case STATE_EXT:
        read_extension(c, byte);
        break;
    default: /* STATE_SIZE_LF */
        if (byte == '\n')
            end_size_line(c);
        else
            fail(c, "has a bare CR in a chunk-size line");
        break;
    }
}

static void read_data_end(struct chunked *c, char byte)
{
    if (c->state == STATE_DATA_CR && byte == '\r')
        c->state = STATE_DATA_LF;
    else if (c->state == STATE_DATA_LF && byte == '\n')
        c->state = STATE_SIZE;
    else
        fail(c, "has a chunk that does not end where its size says");
}

/* ---- trailers ---- */

static bool is_forbidden(struct span name)
{
    for (size_t i = 0; i < sizeof(FORBIDDEN) / sizeof(FORBIDDEN[0]); i++) {
        if (span_equal_nocase(name, span_of(FORBIDDEN[i])))
            return true;
    }
    return false;
}

static int write_trailer(struct buf *out, const struct head_field *field)
{
    int error = buf_append_span(out, field->name);

    if (error == 0)
        error = buf_append_text(out, ": ");
    if (error == 0)
        error = buf_append_span(out, field->value);
    return error != 0 ? error : buf_append_text(out, "\r\n");
}

/* Replaces the collected section by the fields that may pass. */
static void vet_trailers(struct chunked *c)
{
    struct head head;
    struct buf kept;
    int error = 0;

    head_init(&head);
    /* A normalised line can be longer: LF became CR LF, and a SP stands at the colon.
     */
    buf_init(&kept, CHUNK_TRAILER_LIMIT + 2 * HEAD_FIELD_LIMIT);
    if (head_read_fields(&head, c->trailers.data + c->trailers.start, c->trailers.len,
                         c->strict) != HEAD_DONE) {
        fail(c, "has a faulty trailer section");
        goto out;
    }
    for (size_t i = 0; i < head.count && error == 0; i++) {
        if (!is_forbidden(head.fields[i].name))
            error = write_trailer(&kept, &head.fields[i]);
    }
    if (error != 0) {
        fail(c, "has trailers for which there is no memory");
        goto out;
    }
    buf_clear(&c->trailers);
    c->trailers = kept;
    buf_init(&kept, 0);
    c->state = STATE_END;
out:
    buf_clear(&kept);
    head_clear(&head);
}

static bool line_is_empty(const struct chunked *c)
{
    return c->line == 1 ||
           (c->line == 2 && buf_span(&c->trailers).at[c->trailers.len - 2] == '\r');
}

/* Takes the input up to the next line end. */
static void read_trailer(struct chunked *c, struct span *in)
{
    size_t n = span_find(*in, '\n');
    bool whole = n < in->len;

    n += whole;
    if (buf_append(&c->trailers, in->at, n) != 0) {
        fail(c, "has trailers above the limit");
        return;
    }
    *in = span_skip(*in, n);
    c->line += (uint32_t)n;
    if (!whole)
        return;
    if (!line_is_empty(c)) {
        c->line = 0;
        return;
    }
    if (c->trailers.len > c->line) {
        vet_trailers(c);
    } else if (c->strict && c->line == 1) {
        fail(c, "has a bare LF behind the last chunk");
    } else {
        buf_reset(&c->trailers);
        c->state = STATE_END;
    }
}

/* ---- reading ---- */

static struct span take_data(struct chunked *c, struct span *in)
{
    struct span data = *in;

    if (data.len > c->left)
        data.len = (size_t)c->left;
    *in = span_skip(*in, data.len);
    c->left -= data.len;
    if (c->left == 0)
        c->state = STATE_DATA_CR;
    return data;
}

static void read_byte(struct chunked *c, struct span *in)
{
    char byte = in->at[0];

    *in = span_skip(*in, 1);
    if (c->state == STATE_DATA_CR || c->state == STATE_DATA_LF)
        read_data_end(c, byte);
    else
        read_line_byte(c, byte);
}

enum chunked_progress chunked_read(struct chunked *c, struct span *in,
                                   struct span *data)
{
    *data = (struct span){0};
    for (;;) {
        if (c->state == STATE_BAD)
            return CHUNKED_BAD;
        if (c->state == STATE_END)
            return CHUNKED_END;
        if (in->len == 0)
            return CHUNKED_MORE;
        if (c->state == STATE_DATA) {
            *data = take_data(c, in);
            return CHUNKED_DATA;
        }
        if (c->state == STATE_TRAILER)
            read_trailer(c, in);
        else
            read_byte(c, in);
    }
}

/* ---- writing ---- */

int chunked_write(struct buf *out, struct span data)
{
    static const char HEX[] = "0123456789abcdef";
    char line[18];
    size_t at = sizeof(line);
    int error;

    if (data.len == 0)
        return 0;
    line[--at] = '\n';
    line[--at] = '\r';
    for (size_t n = data.len; n > 0; n >>= 4)
        line[--at] = HEX[n & 15];
    /* Room for all first: a chunk is appended whole or not at all. */
    error = buf_reserve(out, sizeof(line) - at + data.len + 2);
    if (error == 0)
        error = buf_append(out, line + at, sizeof(line) - at);
    if (error == 0)
        error = buf_append_span(out, data);
    return error != 0 ? error : buf_append_text(out, "\r\n");
}

int chunked_finish(struct buf *out, struct span trailers)
{
    int error = buf_reserve(out, sizeof("0\r\n\r\n") - 1 + trailers.len);

    if (error == 0)
        error = buf_append_text(out, "0\r\n");
    if (error == 0)
        error = buf_append_span(out, trailers);
    return error != 0 ? error : buf_append_text(out, "\r\n");
}
