/*
 * flow: bytes, time, failure.
 */
#include "flow.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHOW_LIMIT 300

int flow_line;
static void (*failure_hook)(FILE *out);

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (b->len + len + 1 > b->capacity) {
        b->capacity = (b->len + len + 1) * 2;
        b->at = realloc(b->at, b->capacity);
        if (b->at == NULL)
            abort();
    }
    if (len > 0)
        memcpy(b->at + b->len, data, len);
    b->len += len;
    b->at[b->len] = '\0';
}

void bytes_text(struct bytes *b, const char *text)
{
    bytes_add(b, text, strlen(text));
}

void bytes_drop(struct bytes *b, size_t len)
{
    if (len == 0)
        return;
    memmove(b->at, b->at + len, b->len - len);
    b->len -= len;
    b->at[b->len] = '\0';
}

bool bytes_have(const struct bytes *b, const void *piece, size_t len)
{
    return b->len > 0 && memmem(b->at, b->len, piece, len) != NULL;
}

const char *bytes_show(const void *piece, size_t len)
{
    static char rings[4][SHOW_LIMIT * 4 + 48];
    static unsigned turn;
    char *out = rings[turn++ % 4];
    const unsigned char *at = piece;
    size_t used = 0;

    for (size_t i = 0; i < len && i < SHOW_LIMIT; i++) {
        const char *name = at[i] == '\r' ? "\\r" : at[i] == '\n' ? "\\n" : NULL;

        if (name != NULL)
            used += (size_t)snprintf(out + used, 8, "%s", name);
        else if (at[i] >= ' ' && at[i] < 127)
            out[used++] = (char)at[i];
        else
            used += (size_t)snprintf(out + used, 8, "\\x%02x", at[i]);
    }
    out[used] = '\0';
    if (len > SHOW_LIMIT)
        snprintf(out + used, 40, "... (%zu bytes)", len);
    return out;
}

void flow_on_failure(void (*hook)(FILE *out))
{
    failure_hook = hook;
}

void flow_fail(const char *format, ...)
{
    va_list arguments;
    void (*hook)(FILE * out) = failure_hook;

    printf("line %d: ", flow_line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    failure_hook = NULL;
    if (hook != NULL)
        hook(stdout);
    fflush(stdout);
    exit(1);
}

void flow_skip(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    exit(77);
}

int64_t flow_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t flow_deadline(int64_t ms)
{
    const char *patience = getenv("FLOW_PATIENCE");
    int64_t factor = patience != NULL ? strtoll(patience, NULL, 10) : 1;

    return flow_now() + ms * (factor > 0 ? factor : 1);
}

void flow_breathe(void)
{
    poll(NULL, 0, 2);
}

/* The name between two at signs at text, or 0 when it is none. */
static size_t place_length(const char *text, size_t len)
{
    size_t n = 1;

    while (n < len &&
           (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789.",
                   text[n]) != NULL) &&
           text[n] != '\0')
        n++;
    return n < len && n > 1 && n < 32 && text[n] == '@' ? n - 1 : 0;
}

void flow_expand(struct bytes *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = text[i] == '@' ? place_length(text + i, len - i) : 0;
        char name[33] = "";
        const char *value = NULL;

        if (n > 0) {
            memcpy(name, text + i + 1, n);
            value = flow_place(name);
        }
        if (value == NULL) {
            bytes_add(out, text + i, 1);
            i++;
            continue;
        }
        bytes_text(out, value);
        i += n + 2;
    }
}
