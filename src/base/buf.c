/*
 * buf: bytes that grow up to a ceiling. See buf.h.
 */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 256 /* the first allocation, if the ceiling allows it */

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling = ceiling};
}

void buf_clear(struct buf *b)
{
    free(b->data);
    buf_init(b, b->ceiling);
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->capacity);
    buf_clear(b);
}

void buf_reset(struct buf *b)
{
    b->start = 0;
    b->len = 0;
}

static void slide(struct buf *b)
{
    if (b->start == 0)
        return;
    memmove(b->data, b->data + b->start, b->len);
    b->start = 0;
}

static size_t grown(const struct buf *b, size_t need)
{
    size_t capacity = b->capacity == 0 ? BUF_FIRST : b->capacity;

    while (capacity < need && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity > b->ceiling)
        capacity = b->ceiling;
    return capacity < need ? need : capacity;
}

int buf_reserve(struct buf *b, size_t n)
{
    size_t capacity;
    char *data;

    if (b->len > b->ceiling || n > b->ceiling - b->len)
        return -EMSGSIZE;
    if (n <= b->capacity - b->start - b->len)
        return 0;
    if (n <= b->capacity - b->len) {
        slide(b);
        return 0;
    }
    capacity = grown(b, b->len + n);
    data = malloc(capacity);
    if (data == NULL)
        return -ENOMEM;
    if (b->len > 0)
        memcpy(data, b->data + b->start, b->len);
    free(b->data);
    b->data = data;
    b->capacity = capacity;
    b->start = 0;
    return 0;
}

char *buf_tail(struct buf *b)
{
    return b->data == NULL ? NULL : b->data + b->start + b->len;
}

size_t buf_room(const struct buf *b)
{
    size_t room = b->capacity - b->start - b->len;
    size_t allowed = b->ceiling - b->len;

    return room < allowed ? room : allowed;
}

void buf_commit(struct buf *b, size_t n)
{
    assert(n <= buf_room(b));
    b->len += n;
}

int buf_append(struct buf *b, const void *bytes, size_t n)
{
    int error;

    if (n == 0)
        return 0;
    error = buf_reserve(b, n);
    if (error != 0)
        return error;
    memcpy(buf_tail(b), bytes, n);
    b->len += n;
    return 0;
}

int buf_append_span(struct buf *b, struct span s)
{
    return buf_append(b, s.at, s.len);
}

int buf_append_text(struct buf *b, const char *text)
{
    return buf_append_span(b, span_of(text));
}

/* vsnprintf() wants room for a NUL that never becomes content, hence the second buffer.
 */
static __attribute__((format(printf, 3, 0))) int
format_long(struct buf *b, size_t n, const char *format, va_list args)
{
    char *text = malloc(n + 1);
    int error;

    if (text == NULL)
        return -ENOMEM;
    (void)vsnprintf(text, n + 1, format, args);
    error = buf_append(b, text, n);
    free(text);
    return error;
}

int buf_printf(struct buf *b, const char *format, ...)
{
    char small[256];
    va_list args;
    va_list again;
    int n;
    int error;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (n < 0)
        error = -EMSGSIZE;
    else if ((size_t)n < sizeof(small))
        error = buf_append(b, small, (size_t)n);
    else if ((size_t)n > b->ceiling - b->len)
        error = -EMSGSIZE;
    else
        error = format_long(b, (size_t)n, format, again);
    va_end(again);
    return error;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->len);
    b->start += n;
    b->len -= n;
    if (b->len == 0)
        b->start = 0;
}

struct span buf_span(const struct buf *b)
{
    if (b->data == NULL)
        return SPAN("");
    return (struct span){b->data + b->start, b->len};
}
