/*
 * settings_text: see settings_text.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* timegm() */
#endif

#include "pac/settings_text.h"

#include <string.h>
#include <time.h>

#define OPTION_LIMIT 2048

/* ---- the desktop ---- */

bool settings_gvariant(struct span text, struct buf *out)
{
    size_t before = out->len;
    char quote;

    text = span_trim(text);
    while (text.len > 0 &&
           (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    if (text.len < 2 || (text.at[0] != '\'' && text.at[0] != '"'))
        return false;
    quote = text.at[0];
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == quote && i + 1 == text.len)
            return true;
        if (text.at[i] == quote)
            break;
        if (text.at[i] == '\\' && ++i + 1 >= text.len)
            break;
        if (buf_append(out, &text.at[i], 1) != 0)
            break;
    }
    out->len = before;
    return false;
}

/* How much of the text is the string at its beginning, with its quotes. */
static size_t string_length(struct span text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == text.at[0])
            return i + 1;
        i += text.at[i] == '\\';
    }
    return text.len;
}

bool settings_gvariant_list(struct span text, struct buf *out)
{
    size_t before = out->len;

    text = span_strip(text);
    if (span_equal(text, SPAN("@as []")) || span_equal(text, SPAN("[]")))
        return true;
    if (text.len < 2 || text.at[0] != '[' || text.at[text.len - 1] != ']')
        return false;
    for (text.len--; text.len > 0;) {
        struct span item = span_strip(span_skip(text, 1)); /* behind '[' or ',' */
        size_t n = string_length(item);

        text = span_strip(span_skip(item, n));
        item.len = item.len < n ? item.len : n;
        if (!settings_gvariant(item, out) || buf_append(out, "\n", 1) != 0 ||
            (text.len > 0 && text.at[0] != ',')) {
            out->len = before;
            return false;
        }
    }
    return true;
}

/* "[a][b]" or "[a]" without the brackets; empty: no group. */
static struct span group_of(struct span line)
{
    if (line.len < 2 || line.at[0] != '[' || line.at[line.len - 1] != ']')
        return (struct span){NULL, 0};
    return (struct span){line.at + 1, line.len - 2};
}

/* "Key" of "Key[$e]": markers and languages are no part of its name. */
static struct span key_of(struct span name)
{
    name.len = span_find(name, '[');
    return span_trim(name);
}

struct span settings_kde(struct span text, const char *group, const char *key)
{
    struct span found = {NULL, 0};
    struct span line;
    bool inside = false;

    while (span_next(&text, "\r\n", &line)) {
        size_t equals;

        line = span_trim(line);
        if (line.len > 0 && line.at[0] == '[')
            inside = span_equal(group_of(line), span_of(group));
        equals = span_find(line, '=');
        if (inside && equals < line.len &&
            span_equal(key_of((struct span){line.at, equals}), span_of(key)))
            found = span_trim(span_skip(line, equals + 1));
    }
    return found;
}

bool settings_kde_valid(struct span text)
{
    struct span line;

    if (span_find(text, '\0') < text.len)
        return false;
    while (span_next(&text, "\r\n", &line)) {
        line = span_trim(line);
        if (line.len > 0 && line.at[0] != '#' && group_of(line).len == 0 &&
            span_find(line, '=') == line.len)
            return false;
    }
    return true;
}

/* ---- leases ---- */

static bool take_option(struct buf *out, size_t before)
{
    while (out->len > before) {
        unsigned char last = (unsigned char)out->data[out->start + out->len - 1];

        if (last > ' ')
            break;
        out->len--;
    }
    for (size_t i = before; i < out->len; i++) {
        unsigned char c = (unsigned char)out->data[out->start + i];

        if (c <= ' ' || c > 0x7e) {
            out->len = before;
            return false;
        }
    }
    return out->len > before;
}

/* Digits in pairs, with or without ':' between them. */
static bool append_hex(struct span s, struct buf *out)
{
    size_t before = out->len;

    for (size_t i = 0; i < s.len; i++) {
        char c;

        if (s.at[i] == ':')
            continue;
        if (i + 1 >= s.len || span_hex_digit(s.at[i]) < 0 ||
            span_hex_digit(s.at[i + 1]) < 0)
            goto bad;
        c = (char)(span_hex_digit(s.at[i]) << 4 | span_hex_digit(s.at[i + 1]));
        if (buf_append(out, &c, 1) != 0)
            goto bad;
        i++;
    }
    return true;
bad:
    out->len = before;
    return false;
}

/* "\"text\"" with its escapes "\\ooo" and "\\c". */
static bool append_quoted(struct span s, struct buf *out)
{
    size_t before = out->len;

    for (size_t i = 1; i + 1 < s.len; i++) {
        char c = s.at[i];

        if (c == '\\' && i + 3 < s.len && s.at[i + 1] >= '0' && s.at[i + 1] <= '3' &&
            s.at[i + 2] >= '0' && s.at[i + 2] <= '7' && s.at[i + 3] >= '0' &&
            s.at[i + 3] <= '7') {
            c = (char)((s.at[i + 1] - '0') << 6 | (s.at[i + 2] - '0') << 3 |
                       (s.at[i + 3] - '0'));
            i += 3;
        } else if (c == '\\' && i + 2 < s.len) {
            c = s.at[++i];
        }
        if (buf_append(out, &c, 1) != 0) {
            out->len = before;
            return false;
        }
    }
    return true;
}

/* "4 2026/11/26 10:20:30", in UTC; "never", and what is not understood, is later. */
static bool expired(struct span when, uint64_t now)
{
    static const char digits[] = "0123456789";
    int number[7] = {0};
    size_t n = 0;
    struct tm tm = {0};
    bool within = false;

    for (size_t i = 0; i < when.len; i++) {
        const char *digit = when.at[i] == '\0' ? NULL : strchr(digits, when.at[i]);

        if (digit == NULL) {
            n += within;
            within = false;
        } else if (n < 7 && number[n] < 100000) {
            number[n] = number[n] * 10 + (int)(digit - digits);
            within = true;
        }
    }
    if (n + within != 7)
        return false;
    tm.tm_year = number[1] - 1900;
    tm.tm_mon = number[2] - 1;
    tm.tm_mday = number[3];
    tm.tm_hour = number[4];
    tm.tm_min = number[5];
    tm.tm_sec = number[6];
    return (uint64_t)timegm(&tm) < now;
}

/* The names that option 252 has in what is written about it; by default it has none. */
static bool is_252(struct span name)
{
    static const char *const names[] = {"unknown-252",      "wpad",
                                        "wpad-url",         "auto-proxy",
                                        "local-wpad",       "local-proxy-config",
                                        "proxy-auto-config"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (span_equal_nocase(name, span_of(names[i])))
            return true;
    return false;
}

/* One statement of a lease. A later lease replaces what an earlier one said. */
static void dhclient_line(struct span line, uint64_t now, size_t before, bool *old,
                          struct buf *out)
{
    struct span word = {line.at, span_find(line, ' ')};
    struct span rest = span_trim(span_skip(line, word.len));
    struct span name = {rest.at, span_find(rest, ' ')};

    if (rest.len > 0 && rest.at[rest.len - 1] == ';')
        rest.len--;
    if (span_equal(word, SPAN("lease"))) {
        out->len = before;
        *old = false;
    } else if (span_equal(word, SPAN("expire"))) {
        *old = expired(rest, now);
    } else if (span_equal(word, SPAN("option")) && is_252(name)) {
        rest = span_trim(span_skip(rest, name.len));
        out->len = before;
        if (rest.len >= 2 && rest.at[0] == '"')
            (void)append_quoted(rest, out);
        else
            (void)append_hex(rest, out);
    }
}

static void dhclient(struct span text, uint64_t now, struct buf *out)
{
    size_t before = out->len;
    struct span line;
    bool old = false;

    while (span_next(&text, "\r\n", &line))
        dhclient_line(span_trim(line), now, before, &old, out);
    if (old)
        out->len = before;
}

static void networkd(struct span text, struct buf *out)
{
    struct span line;
    size_t before = out->len;

    while (span_next(&text, "\r\n", &line))
        if (span_starts(line, SPAN("OPTION_252="))) {
            out->len = before;
            (void)append_hex(span_skip(line, strlen("OPTION_252=")), out);
        }
}

/* "DHCP4.OPTION[12]:wpad = http\://wpad.example/proxy.pac" */
static void nmcli(struct span text, struct buf *out)
{
    struct span line;
    size_t before = out->len;

    while (span_next(&text, "\r\n", &line)) {
        struct span rest = span_skip(line, span_find(line, ':') + 1);
        struct span name = {rest.at, span_find(rest, ' ')};

        if (!span_starts(line, SPAN("DHCP4.OPTION[")) || !is_252(name) ||
            out->len > before)
            continue;
        rest = span_trim(span_skip(rest, name.len));
        if (rest.len == 0 || rest.at[0] != '=')
            continue;
        rest = span_trim(span_skip(rest, 1));
        for (size_t i = 0; i < rest.len; i++) {
            i += rest.at[i] == '\\' && i + 1 < rest.len;
            if (buf_append(out, &rest.at[i], 1) != 0)
                break;
        }
    }
}

bool settings_lease(struct span text, enum settings_lease kind, uint64_t now,
                    struct buf *out)
{
    size_t before = out->len;

    switch (kind) {
    case SETTINGS_DHCLIENT:
        dhclient(text, now, out);
        break;
    case SETTINGS_NETWORKD:
        networkd(text, out);
        break;
    case SETTINGS_NMCLI:
        nmcli(text, out);
        break;
    }
    if (out->len - before > OPTION_LIMIT)
        out->len = before;
    return take_option(out, before);
}
