/*
 * log_line: formats one event. See log_line.h.
 */
#include "base/log_line.h"

#include <string.h>
#include <time.h>

#include "base/utf8.h"

#define TAIL_ROOM 32 /* for what ends a truncated line */

static const char HEX[] = "0123456789abcdef";

/* Where the line is written. Past `end` nothing is written, and full says so. */
struct cursor {
    char *at;
    char *end;
    bool full;
};

static void put(struct cursor *c, const char *bytes, size_t n)
{
    if ((size_t)(c->end - c->at) < n) {
        c->full = true;
        return;
    }
    memcpy(c->at, bytes, n);
    c->at += n;
}

static void put_text(struct cursor *c, const char *text)
{
    put(c, text, strlen(text));
}

static void put_u64(struct cursor *c, uint64_t value, size_t digits)
{
    char text[20];
    size_t n = sizeof(text);

    while (value > 0 || digits > 0) {
        text[--n] = (char)('0' + value % 10);
        value /= 10;
        if (digits > 0)
            digits--;
    }
    put(c, text + n, sizeof(text) - n);
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static void put_int(struct cursor *c, int64_t value)
{
    if (value < 0)
        put(c, "-", 1);
    put_u64(c, magnitude(value), 1);
}

/* Nanoseconds as milliseconds with three decimals. */
static void put_ms(struct cursor *c, int64_t ns)
{
    uint64_t us = magnitude(ns) / 1000;

    if (ns < 0 && us > 0)
        put(c, "-", 1);
    put_u64(c, us / 1000, 1);
    put(c, ".", 1);
    put_u64(c, us % 1000, 3);
}

/* The bytes up to the seconds change once a second: they are kept. */
static void put_time(struct cursor *c)
{
    static char kept[sizeof("2026-11-23T10:00:00.")];
    static size_t length;
    static time_t second;
    struct timespec now;
    struct tm tm;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (length == 0 || now.tv_sec != second) {
        if (gmtime_r(&now.tv_sec, &tm) == NULL)
            memset(&tm, 0, sizeof(tm));
        length = strftime(kept, sizeof(kept), "%Y-%m-%dT%H:%M:%S.", &tm);
        second = now.tv_sec;
    }
    put(c, kept, length);
    put_u64(c, (uint64_t)now.tv_nsec / 1000000, 3);
    put(c, "Z", 1);
}

/* U+0080 to U+009F: a terminal takes them as control characters. */
static bool is_c1(const unsigned char *s)
{
    return s[0] == 0xc2 && s[1] < 0xa0;
}

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void put_hex(struct cursor *c, const char *prefix, unsigned char byte)
{
    char digits[2] = {HEX[byte >> 4], HEX[byte & 15]};

    put_text(c, prefix);
    put(c, digits, sizeof(digits));
}

/* Writes the character at s escaped, and returns how many bytes of s it was. */
static size_t put_special(struct cursor *c, const unsigned char *s, size_t n, bool json)
{
    size_t length;

    if (s[0] == '"' || s[0] == '\\') {
        char escaped[2] = {'\\', (char)s[0]};

        put(c, escaped, sizeof(escaped));
        return 1;
    }
    if (s[0] < ' ' || s[0] == 0x7f) {
        put_hex(c, json ? "\\u00" : "\\x", s[0]);
        return 1;
    }
    if (s[0] < 0x80) {
        put(c, (const char *)s, 1);
        return 1;
    }
    length = utf8_length(s, n);
    if (length > 0 && !is_c1(s)) {
        put(c, (const char *)s, length);
        return length;
    }
    if (json) {
        if (length > 0)
            put_hex(c, "\\u00", s[1]);
        else
            put_text(c, "\\ufffd");
        return length > 0 ? length : 1;
    }
    put_hex(c, "\\x", s[0]);
    if (length > 0)
        put_hex(c, "\\x", s[1]);
    return length > 0 ? length : 1;
}

/* Whether a text value can stand without quotes. */
static bool is_bare(struct span value)
{
    const unsigned char *s = (const unsigned char *)value.at;
    size_t i = 0;

    while (i < value.len) {
        size_t length = 1;

        if (!is_plain(s[i])) {
            length = s[i] < 0x80 ? 0 : utf8_length(s + i, value.len - i);
            if (length == 0 || is_c1(s + i))
                return false;
        }
        i += length;
    }
    return value.len > 0;
}

static void put_quoted(struct cursor *c, struct span value, bool json)
{
    const unsigned char *s = (const unsigned char *)value.at;
    size_t i = 0;

    put(c, "\"", 1);
    while (i < value.len && !c->full) {
        size_t run = i;

        while (run < value.len && is_plain(s[run]))
            run++;
        put(c, value.at + i, run - i);
        i = run;
        if (i < value.len)
            i += put_special(c, s + i, value.len - i, json);
    }
    put(c, "\"", 1);
}

static void put_value(struct cursor *c, const struct log_field *field, bool json)
{
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (!json && is_bare(field->text))
            put(c, field->text.at, field->text.len);
        else
            put_quoted(c, field->text, json);
        break;
    case LOG_FIELD_INT:
        put_int(c, field->number);
        break;
    case LOG_FIELD_MS:
        put_ms(c, field->number);
        break;
    case LOG_FIELD_END:
        break;
    }
}

/* All of the field or, if it does not fit, nothing of it. */
static void put_field(struct cursor *c, const struct log_field *field, bool json)
{
    struct cursor before = *c;

    put_text(c, json ? ",\"" : " ");
    put_text(c, field->key);
    put_text(c, json ? "\":" : "=");
    put_value(c, field, json);
    if (c->full)
        c->at = before.at;
    c->full |= before.full;
}

static void put_head(struct cursor *c, enum log_stamp stamp, bool json,
                     enum log_level level, const char *event)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    if (json) {
        put_text(c, "{\"time\":\"");
        put_time(c);
        put_text(c, "\",\"level\":\"");
        put_text(c, names[level]);
        put_text(c, "\",\"event\":\"");
        put_text(c, event);
        put_text(c, "\"");
        return;
    }
    if (stamp == LOG_STAMPED) {
        put_time(c);
        put_text(c, " ");
    }
    put_text(c, names[level]);
    put_text(c, " ");
    put_text(c, event);
}

size_t log_line(char *out, size_t size, enum log_format format, enum log_stamp stamp,
                enum log_level level, const char *event, const struct log_field *fields)
{
    bool json = format == LOG_FORMAT_JSON;
    struct cursor c = {.at = out, .end = out + size - TAIL_ROOM};
    bool truncated = false;

    put_head(&c, stamp, json, level, event);
    for (; fields->kind != LOG_FIELD_END; fields++) {
        if (fields->kind == LOG_FIELD_TEXT && fields->text.at == NULL)
            continue;
        c.full = false;
        put_field(&c, fields, json);
        truncated |= c.full;
    }
    c.full = false;
    c.end = out + size;
    if (truncated)
        put_text(&c, json ? ",\"truncated\":true" : " truncated=true");
    put_text(&c, json ? "}\n" : "\n");
    return (size_t)(c.at - out);
}
