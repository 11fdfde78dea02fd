/*
 * report: messages about a configuration, with the source line and a caret. What may be
 * a password is left out of the source line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

enum { ERRORS_MAX = 50 }; /* of one run; more help nobody */
enum { WINDOW = 120 };    /* bytes of a source line that are shown */
enum { MESSAGE_MAX = 1024 };

static const char HIDDEN[] = "(hidden)";

const char *quote(struct span text, char out[QUOTE_SIZE])
{
    size_t n = text.len < QUOTE_SIZE - 4 ? text.len : QUOTE_SIZE - 4;

    /* Not in the middle of a UTF-8 sequence. */
    while (n < text.len && n > 0 && ((unsigned char)text.at[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.at[i];

        out[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    snprintf(out + n, QUOTE_SIZE - n, "%s", n < text.len ? "..." : "");
    return out;
}

void report_no_memory(struct report *report)
{
    report->no_memory = true;
}

bool report_full(const struct report *report)
{
    return report->no_memory || report->errors > ERRORS_MAX;
}

/* ---- the source line ---- */

/* The length of the line break at i, as libyaml counts lines; 0 if there is none. */
static size_t line_break(const struct source *s, size_t i)
{
    const unsigned char *at = (const unsigned char *)s->text + i;
    size_t left = s->len - i;

    if (at[0] == '\r')
        return left > 1 && at[1] == '\n' ? 2 : 1;
    if (at[0] == '\n')
        return 1;
    if (left > 1 && at[0] == 0xc2 && at[1] == 0x85)
        return 2;
    if (left > 2 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9))
        return 3;
    return 0;
}

static struct span source_line(const struct source *s, size_t line)
{
    size_t start = 0;
    size_t end;

    for (size_t i = 0; i < s->len && line > 1;) {
        size_t n = line_break(s, i);

        i += n == 0 ? 1 : n;
        if (n > 0) {
            line--;
            start = i;
        }
    }
    if (line > 1)
        start = s->len;
    for (end = start; end < s->len && line_break(s, end) == 0;)
        end++;
    return (struct span){s->text + start, end - start};
}

/* Bytes from start to end of a line that are not shown. */
struct region {
    size_t start;
    size_t end;
};

static void region_add(struct region *r, size_t start, size_t end)
{
    if (start >= end)
        return;
    if (r->start == r->end) {
        *r = (struct region){start, end};
        return;
    }
    r->start = start < r->start ? start : r->start;
    r->end = end > r->end ? end : r->end;
}

/* Where the value of a field with a telling name begins, or line.len. */
static size_t after_telling_name(struct span line)
{
    static const char *const words[] = {
        "password", "passwd",        "passphrase", "pass",      "pwd",
        "pw",       "secret",        "token",      "api_key",   "api-key",
        "apikey",   "authorization", "cookie",     "pin-value",
    };

    for (size_t i = 0; i < line.len; i++)
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            struct span rest = span_skip(line, i);

            if (!span_starts_nocase(rest, span_of(words[w])))
                continue;
            rest = span_skip(rest, strlen(words[w]));
            while (rest.len > 0 && strchr("\"' \t", rest.at[0]) != NULL &&
                   rest.at[0] != '\0')
                rest = span_skip(rest, 1);
            if (rest.len > 0 && (rest.at[0] == ':' || rest.at[0] == '='))
                return line.len - rest.len + 1;
        }
    return line.len;
}

/* The user information of a URL, even of a broken one: up to the last '@'. */
static struct region userinfo(struct span line)
{
    size_t at = line.len;
    size_t start;
    bool colon = false;

    while (at > 0 && line.at[at - 1] != '@')
        at--;
    if (at == 0)
        return (struct region){0, 0};
    at--;
    for (size_t i = 0; i + 3 <= at; i++)
        if (memcmp(line.at + i, "://", 3) == 0)
            return (struct region){i + 3, at};
    for (start = at; start > 0 && strchr(" \t\"'[,{", line.at[start - 1]) == NULL;
         start--)
        colon = colon || line.at[start - 1] == ':';
    return colon ? (struct region){start, at} : (struct region){0, 0};
}

static size_t bytes_before_column(struct span line, size_t column)
{
    size_t i = 0;

    while (i < line.len && column > 1) {
        i++;
        while (i < line.len && ((unsigned char)line.at[i] & 0xc0) == 0x80)
            i++;
        column--;
    }
    return i;
}

/* Copies a byte of a source line so that it does no harm on a terminal. */
static char shown(char c)
{
    return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f ? '?' : c;
}

/* The line without what is hidden; moves *caret accordingly. NULL when memory is out.
 */
static char *line_without_secrets(struct span line, size_t *caret)
{
    char *copy = calloc(line.len + sizeof(HIDDEN), 1);
    struct region hide = userinfo(line);
    size_t n = 0;

    if (copy == NULL)
        return NULL;
    region_add(&hide, after_telling_name(line), line.len);
    for (size_t i = 0; i < line.len; i++) {
        if (i == hide.start && hide.end > hide.start) {
            memcpy(copy + n, HIDDEN, sizeof(HIDDEN) - 1);
            n += sizeof(HIDDEN) - 1;
        }
        if (i < hide.start || i >= hide.end)
            copy[n++] = shown(line.at[i]);
    }
    copy[n] = '\0';
    if (*caret >= hide.end && hide.end > hide.start)
        *caret = *caret - (hide.end - hide.start) + sizeof(HIDDEN) - 1;
    else if (*caret > hide.start && hide.end > hide.start)
        *caret = hide.start;
    return copy;
}

/* The beginning of the character at i, which is at most len. */
static size_t at_character(const char *text, size_t len, size_t i)
{
    if (i >= len)
        return len;
    while (i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80)
        i--;
    return i;
}

static void show_line(struct report *r, const struct source *s, size_t line,
                      size_t column)
{
    struct span whole = source_line(s, line);
    size_t caret = bytes_before_column(whole, column);
    char *text = line_without_secrets(whole, &caret);
    size_t len;
    size_t from;

    if (text == NULL) {
        report_no_memory(r);
        return;
    }
    len = strlen(text);
    from = caret > WINDOW / 2 && len > WINDOW ? caret - WINDOW / 2 : 0;
    from = at_character(text, len, from);
    if (len - from > WINDOW)
        len = at_character(text, len, from + WINDOW);
    buf_printf(r->out, "%.*s\n", (int)(len - from), text + from);
    for (size_t i = from; i < caret; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            buf_append(r->out, text[i] == '\t' ? "\t" : " ", 1);
    buf_append_text(r->out, "^\n");
    secret_wipe(text, strlen(text));
    free(text);
}

/* ---- messages ---- */

__attribute__((format(printf, 6, 0))) static void
message(struct report *r, bool warning, const struct source *source, size_t line,
        size_t column, const char *format, va_list args)
{
    char text[MESSAGE_MAX];
    const char *kind = warning ? "warning: " : "";

    if (!warning && ++r->errors == ERRORS_MAX + 1 && !r->muted)
        buf_append_text(r->out, "too many errors; the rest is not shown\n");
    if (r->muted || report_full(r))
        return;
    vsnprintf(text, sizeof(text), format, args);
    if (source->text == NULL || line == 0) {
        buf_printf(r->out, "%s: %s%s\n", source->name, kind, text);
        return;
    }
    buf_printf(r->out, "%s:%zu:%zu: %s%s\n", source->name, line, column, kind, text);
    show_line(r, source, line, column);
}

void report_error(struct report *r, const struct node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message(r, false, at->source, at->line, at->column, format, args);
    va_end(args);
}

void report_warning(struct report *r, const struct node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message(r, true, at->source, at->line, at->column, format, args);
    va_end(args);
}

void report_place(struct report *r, const struct source *source, size_t line,
                  size_t column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message(r, false, source, line, column, format, args);
    va_end(args);
}

__attribute__((format(printf, 4, 0))) static void
message_on_name(struct report *r, bool warning, const char *name, const char *format,
                va_list args)
{
    char text[MESSAGE_MAX];

    if (!warning)
        r->errors++;
    if (r->muted || report_full(r))
        return;
    vsnprintf(text, sizeof(text), format, args);
    buf_printf(r->out, "%s: %s%s\n", name, warning ? "warning: " : "", text);
}

void report_name(struct report *r, bool warning, const char *name, const char *format,
                 ...)
{
    va_list args;

    va_start(args, format);
    message_on_name(r, warning, name, format, args);
    va_end(args);
}

void report_help(struct report *r, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;

    if (r->muted || report_full(r))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_printf(r->out, "%s\n", text);
}
