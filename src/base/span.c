/*
 * span: views of bytes. See span.h.
 */
#include "base/span.h"

#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static bool same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

struct span span_of(const char *text)
{
    return (struct span){text, text == NULL ? 0 : strlen(text)};
}

bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && same(a.at, b.at, a.len);
}

bool span_equal_nocase(struct span a, struct span b)
{
    return a.len == b.len && same_nocase(a.at, b.at, a.len);
}

bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && same(s.at, prefix.at, prefix.len);
}

bool span_starts_nocase(struct span s, struct span prefix)
{
    return s.len >= prefix.len && same_nocase(s.at, prefix.at, prefix.len);
}

bool span_ends_nocase(struct span s, struct span suffix)
{
    if (s.len < suffix.len)
        return false;
    return span_equal_nocase(span_skip(s, s.len - suffix.len), suffix);
}

struct span span_trim(struct span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = span_skip(s, 1);
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool span_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span span_strip(struct span s)
{
    while (s.len > 0 && span_is_blank(s.at[0]))
        s = span_skip(s, 1);
    while (s.len > 0 && span_is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct span span_skip(struct span s, size_t n)
{
    if (s.at == NULL)
        return s;
    if (n > s.len)
        n = s.len;
    return (struct span){s.at + n, s.len - n};
}

size_t span_find(struct span s, char c)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.at, c, s.len);

    return hit == NULL ? s.len : (size_t)(hit - s.at);
}

static bool is_separator(const char *separators, char c)
{
    return c != '\0' && strchr(separators, c) != NULL;
}

bool span_next(struct span *rest, const char *separators, struct span *item)
{
    size_t n = 0;

    if (rest->len == 0)
        return false;
    while (n < rest->len && !is_separator(separators, rest->at[n]))
        n++;
    *item = (struct span){rest->at, n};
    *rest = span_skip(*rest, n + 1);
    return true;
}

bool span_to_u64(struct span s, uint64_t *value)
{
    uint64_t sum = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.at[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

int span_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *span_dup(struct span s)
{
    char *copy = malloc(s.len + 1);

    if (copy == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}
