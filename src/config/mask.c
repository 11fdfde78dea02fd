/*
 * mask: keeps passwords in URLs from libyaml, which grows its scalars by copying and
 * frees the copies as they are. It gets a text in which they are masked, byte by byte,
 * and what it makes of that is put right again.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

enum { MASK = 'x' };

/* What may stand in user information without being anything to YAML. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~%!$&*+;=", c) != NULL);
}

/* The next password in a URL that begins at `from` or later: "://USER:PASSWORD@". */
static bool find_password(struct span text, size_t from, struct span *password)
{
    for (size_t i = from; i + 3 <= text.len; i++) {
        size_t colon = i + 3, end;

        if (memcmp(text.at + i, "://", 3) != 0)
            continue;
        while (colon < text.len && is_plain(text.at[colon]))
            colon++;
        if (colon == text.len || text.at[colon] != ':')
            continue;
        end = colon + 1;
        while (end < text.len && (is_plain(text.at[end]) || text.at[end] == ':'))
            end++;
        if (end == text.len || text.at[end] != '@' || end == colon + 1)
            continue;
        *password = (struct span){text.at + colon + 1, end - colon - 1};
        return true;
    }
    return false;
}

char *mask_new(struct span text)
{
    char *copy = span_dup(text);
    struct span password = {text.at, 0};

    while (
        copy != NULL &&
        find_password(text, (size_t)(password.at + password.len - text.at), &password))
        memset(copy + (password.at - text.at), MASK, password.len);
    return copy;
}

/* libyaml counts characters. */
static size_t byte_of(struct span text, size_t character)
{
    size_t at = 0;

    while (at < text.len && character > 0) {
        at++;
        while (at < text.len && ((unsigned char)text.at[at] & 0xc0) == 0x80)
            at++;
        character--;
    }
    return at;
}

static bool is_masked(struct span password)
{
    for (size_t i = 0; i < password.len; i++)
        if (password.at[i] != MASK)
            return false;
    return true;
}

void mask_undo(char *value, size_t len, struct span text, size_t start, size_t end)
{
    struct span whole = {value, len}, here = {value, 0}, there;
    size_t from;

    if (!find_password(whole, 0, &here))
        return;
    from = byte_of(text, start);
    text.len = byte_of(text, end);
    do {
        if (!is_masked(here))
            continue; /* written with escapes, and thus not masked */
        if (!find_password(text, from, &there) || there.len != here.len)
            return;
        memcpy(value + (here.at - value), there.at, there.len);
        from = (size_t)(there.at + there.len - text.at);
    } while (find_password(whole, (size_t)(here.at + here.len - value), &here));
}
