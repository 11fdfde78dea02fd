/*
 * wire: messages on a stream between two of our own processes.
 */
#include "base/wire.h"

#include <errno.h>
#include <string.h>

static void put(struct wire_writer *w, const void *bytes, size_t n)
{
    if (w->error == 0 && n > 0)
        w->error = buf_append(w->out, bytes, n);
}

static void put_number(struct wire_writer *w, uint64_t value, size_t width)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    put(w, bytes, width);
}

void wire_begin(struct wire_writer *w, struct buf *out, uint8_t type)
{
    w->out = out;
    w->at = out->len;
    w->error = 0;
    wire_put_u32(w, 0);
    wire_put_u8(w, type);
}

void wire_put_u8(struct wire_writer *w, uint8_t value)
{
    put_number(w, value, 1);
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
    put_number(w, value, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t value)
{
    put_number(w, value, 8);
}

void wire_put_text(struct wire_writer *w, struct span text)
{
    if (text.len > UINT32_MAX) {
        w->error = w->error != 0 ? w->error : -EMSGSIZE;
        return;
    }
    wire_put_u32(w, (uint32_t)text.len);
    put(w, text.at, text.len);
}

int wire_end(struct wire_writer *w)
{
    size_t length = w->out->len - w->at;
    char *at;

    if (w->error == 0 && length - WIRE_LENGTH > UINT32_MAX)
        w->error = -EMSGSIZE;
    if (w->error != 0) {
        w->out->len = w->at;
        return w->error;
    }
    at = w->out->data + w->out->start + w->at;
    for (size_t i = 0; i < WIRE_LENGTH; i++)
        at[i] = (char)(uint8_t)((length - WIRE_LENGTH) >> (8 * (WIRE_LENGTH - 1 - i)));
    return 0;
}

long wire_take(struct span in, size_t limit, struct span *body)
{
    struct wire_reader r = {.rest = in};
    uint32_t length;

    if (in.len < WIRE_LENGTH)
        return 0;
    length = wire_u32(&r);
    if (length == 0 || length > limit)
        return -EPROTO;
    if (r.rest.len < length)
        return 0;
    *body = (struct span){r.rest.at, length};
    return (long)length + WIRE_LENGTH;
}

void wire_open(struct wire_reader *r, struct span body)
{
    r->rest = body;
    r->bad = false;
}

static struct span take(struct wire_reader *r, size_t n)
{
    struct span part = {r->rest.at, n};

    if (r->bad || r->rest.len < n) {
        r->bad = true;
        return (struct span){NULL, 0};
    }
    r->rest = span_skip(r->rest, n);
    return part;
}

static uint64_t number(struct wire_reader *r, size_t width)
{
    struct span bytes = take(r, width);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | (uint8_t)bytes.at[i];
    return value;
}

uint8_t wire_u8(struct wire_reader *r)
{
    return (uint8_t)number(r, 1);
}

uint32_t wire_u32(struct wire_reader *r)
{
    return (uint32_t)number(r, 4);
}

uint64_t wire_u64(struct wire_reader *r)
{
    return number(r, 8);
}

struct span wire_text(struct wire_reader *r)
{
    return take(r, wire_u32(r));
}

bool wire_done(const struct wire_reader *r)
{
    return !r->bad && r->rest.len == 0;
}
