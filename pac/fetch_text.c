/*
 * fetch_text: see fetch_text.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif

#include "pac/fetch_text.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#define REPLACEMENT  0xfffdu
#define CHARSET_NAME 64

/* ---- the charset parameter ---- */

static struct span unquote(struct span value)
{
    value = span_trim(value);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct span){value.at + 1, value.len - 2};
    return span_trim(value);
}

struct span fetch_charset(struct span content_type)
{
    struct span item;

    (void)span_next(&content_type, ";", &item); /* the type itself */
    while (span_next(&content_type, ";", &item)) {
        size_t equals = span_find(item, '=');
        struct span name = span_trim((struct span){item.at, equals});

        if (equals < item.len && span_equal_nocase(name, SPAN("charset")))
            return unquote(span_skip(item, equals + 1));
    }
    return (struct span){NULL, 0};
}

/* ---- characters ---- */

static int put_character(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t n;

    if (c < 0x80) {
        bytes[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xe0 | c >> 12);
        n = 3;
    } else {
        bytes[0] = (char)(0xf0 | c >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        bytes[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
    return buf_append(out, bytes, n);
}

/*
 * The next character of UTF-8 (RFC 3629) and its length; REPLACEMENT and the length of
 * what cannot begin or go on one: the "maximal subpart" of the Unicode standard.
 */
static size_t utf8_next(struct span s, uint32_t *c, bool *valid)
{
    unsigned char first = (unsigned char)s.at[0];
    unsigned char low = 0x80, high = 0xbf;
    size_t more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

    *valid = first < 0x80 || (first >= 0xc2 && first < 0xf5);
    *c = first;
    if (first < 0x80)
        return 1;
    if (!*valid) {
        *c = REPLACEMENT;
        return 1;
    }
    if (first == 0xe0 || first == 0xf0) /* no longer than needed */
        low = first == 0xe0 ? 0xa0 : 0x90;
    if (first == 0xed || first == 0xf4) /* no surrogates, nothing above U+10FFFF */
        high = first == 0xed ? 0x9f : 0x8f;
    *c = first & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        unsigned char next = i < s.len ? (unsigned char)s.at[i] : 0;

        if (next < low || next > high) {
            *valid = false;
            *c = REPLACEMENT;
            return i;
        }
        *c = *c << 6 | (next & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return more + 1;
}

static bool utf8_valid(struct span s)
{
    bool valid = true;
    uint32_t c;

    while (s.len > 0 && valid)
        s = span_skip(s, utf8_next(s, &c, &valid));
    return valid;
}

static int decode_utf8(struct span s, struct buf *out)
{
    bool valid;
    uint32_t c;
    int error = 0;

    while (s.len > 0 && error == 0) {
        s = span_skip(s, utf8_next(s, &c, &valid));
        error = put_character(out, c);
    }
    return error;
}

static int decode_latin1(struct span s, struct buf *out)
{
    int error = 0;

    for (size_t i = 0; i < s.len && error == 0; i++)
        error = put_character(out, (unsigned char)s.at[i]);
    return error;
}

static uint32_t unit_at(struct span s, size_t i, bool big)
{
    unsigned a = (unsigned char)s.at[i], b = (unsigned char)s.at[i + 1];

    return big ? a << 8 | b : b << 8 | a;
}

static int decode_utf16(struct span s, bool big, struct buf *out)
{
    int error = 0;

    for (size_t i = 0; i < s.len && error == 0; i += 2) {
        uint32_t c = i + 2 <= s.len ? unit_at(s, i, big) : REPLACEMENT;
        uint32_t low = i + 4 <= s.len ? unit_at(s, i + 2, big) : 0;

        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = REPLACEMENT;
        }
        error = put_character(out, c);
    }
    return error;
}

/* ---- other charsets, by the C library ---- */

static int convert(iconv_t how, struct span s, struct buf *out)
{
    char *in = (char *)(uintptr_t)s.at;
    size_t left = s.len;
    int error = 0;

    while (left > 0 && error == 0) {
        size_t room, before;
        char *to;

        error = buf_reserve(out, 64);
        if (error != 0)
            return error;
        to = buf_tail(out);
        before = room = buf_room(out);
        if (iconv(how, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG) {
            buf_commit(out, before - room);
            in++; /* a bad or a cut character */
            left--;
            error = put_character(out, REPLACEMENT);
        } else {
            buf_commit(out, before - room);
        }
    }
    return error;
}

/* ENOSYS: the charset is not known. */
static int decode_other(struct span s, struct span charset, struct buf *out)
{
    char name[CHARSET_NAME];
    iconv_t how;
    int error;

    if (charset.len >= sizeof(name))
        return -ENOSYS;
    for (size_t i = 0; i < charset.len; i++) {
        unsigned char c = (unsigned char)charset.at[i];

        /* Nothing of iconv's own grammar ("//TRANSLIT") and no path. */
        if (c == '\0' || (!strchr("-_.:+()", c) && !(c >= '0' && c <= '9') &&
                          !((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
            return -ENOSYS;
        name[i] = (char)c;
    }
    name[charset.len] = '\0';
    how = iconv_open("UTF-8", name);
    if (how == (iconv_t)-1)
        return -ENOSYS;
    error = convert(how, s, out);
    (void)iconv_close(how);
    return error;
}

static bool is_one_of(struct span name, const char *list)
{
    struct span rest = span_of(list);
    struct span item;

    while (span_next(&rest, " ", &item))
        if (span_equal_nocase(name, item))
            return true;
    return false;
}

int fetch_decode(struct span bytes, struct span charset, struct buf *out)
{
    int error = -ENOSYS;

    if (span_starts(bytes, SPAN("\xef\xbb\xbf")))
        return decode_utf8(span_skip(bytes, 3), out);
    if (span_starts(bytes, SPAN("\xfe\xff")))
        return decode_utf16(span_skip(bytes, 2), true, out);
    if (span_starts(bytes, SPAN("\xff\xfe")))
        return decode_utf16(span_skip(bytes, 2), false, out);
    if (is_one_of(charset, "utf-8 utf8"))
        return decode_utf8(bytes, out);
    if (is_one_of(charset, "utf-16 utf-16le"))
        return decode_utf16(bytes, false, out);
    if (is_one_of(charset, "utf-16be"))
        return decode_utf16(bytes, true, out);
    if (is_one_of(charset, "iso-8859-1 latin1 us-ascii"))
        return decode_latin1(bytes, out);
    if (charset.len > 0)
        error = decode_other(bytes, charset, out);
    if (error != -ENOSYS)
        return error;
    return utf8_valid(bytes) ? buf_append_span(out, bytes) : decode_latin1(bytes, out);
}

/* ---- what it is ---- */

static struct span skip_blanks(struct span s)
{
    while (s.len > 0 && (unsigned char)s.at[0] <= ' ')
        s = span_skip(s, 1);
    return s;
}

/* The text from the first place of a word (ASCII, without case); empty: nowhere. */
static struct span find_nocase(struct span s, struct span word)
{
    while (s.len >= word.len && !span_starts_nocase(s, word))
        s = span_skip(s, 1);
    return s.len >= word.len ? s : (struct span){NULL, 0};
}

static bool is_rest(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* not the first byte of a character */
}

static void copy_title(struct span text, char title[FETCH_TITLE])
{
    struct span tag = find_nocase(text, SPAN("<title"));
    size_t n = 0, i = 0;

    tag = span_skip(tag, span_find(tag, '>') + 1);
    tag = skip_blanks((struct span){tag.at, span_find(tag, '<')});
    for (; i < tag.len && n < FETCH_TITLE - 1; i++) {
        unsigned char c = (unsigned char)tag.at[i];
        bool blank = c <= ' ' || c == 0x7f;

        if (!blank || (n > 0 && title[n - 1] != ' '))
            title[n++] = (char)(blank ? ' ' : c);
    }
    /* No half of a character at its end, and no blank. */
    if (i < tag.len && is_rest(tag.at[i])) {
        while (n > 0 && is_rest(title[n - 1]))
            n--;
        n -= n > 0;
    }
    while (n > 0 && title[n - 1] == ' ')
        n--;
    title[n] = '\0';
}

/* A script may begin with "<!--" (ECMAScript annex B.1.1), but not with another tag. */
bool fetch_is_html(struct span text, char title[FETCH_TITLE])
{
    struct span s = skip_blanks(text);

    title[0] = '\0';
    while (span_starts(s, SPAN("<!--"))) {
        while (s.len > 0 && !span_starts(s, SPAN("-->")))
            s = span_skip(s, 1);
        s = skip_blanks(span_skip(s, 3));
    }
    if (s.len < 2 || s.at[0] != '<')
        return false;
    if (s.at[1] != '!' && s.at[1] != '?' &&
        !((s.at[1] | 0x20) >= 'a' && (s.at[1] | 0x20) <= 'z'))
        return false;
    copy_title(s, title);
    return true;
}

bool fetch_is_pac(struct span text)
{
    static const char name[] = "FindProxyForURL";

    return text.len > 0 && memmem(text.at, text.len, name, sizeof(name) - 1) != NULL;
}
