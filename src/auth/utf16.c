/*
 * utf16: UTF-8 to UTF-16LE. See utf16.h.
 */
#include "auth/utf16.h"

#include <errno.h>

/* Letters whose capitals stand at a fixed distance; step 2: every second one. */
static const struct {
    uint16_t first, last;
    uint16_t step;
    int16_t shift;
} capitals[] = {
    {0x61, 0x7a, 1, -32},    {0xe0, 0xf6, 1, -32},   {0xf8, 0xfe, 1, -32},
    {0xff, 0xff, 1, 121},    {0x101, 0x12f, 2, -1},  {0x133, 0x137, 2, -1},
    {0x13a, 0x148, 2, -1},   {0x14b, 0x177, 2, -1},  {0x17a, 0x17e, 2, -1},
    {0x3ac, 0x3ac, 1, -38},  {0x3ad, 0x3af, 1, -37}, {0x3b1, 0x3c1, 1, -32},
    {0x3c2, 0x3c2, 1, -31},  {0x3c3, 0x3cb, 1, -32}, {0x3cc, 0x3cc, 1, -64},
    {0x3cd, 0x3ce, 1, -63},  {0x430, 0x44f, 1, -32}, {0x450, 0x45f, 1, -80},
    {0x461, 0x481, 2, -1},   {0x48b, 0x4bf, 2, -1},  {0x4c2, 0x4ce, 2, -1},
    {0x4d1, 0x52f, 2, -1},   {0x561, 0x586, 1, -48}, {0x1e01, 0x1e95, 2, -1},
    {0x1ea1, 0x1eff, 2, -1},
};

static uint32_t capital(uint32_t c)
{
    for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++)
        if (c >= capitals[i].first && c <= capitals[i].last &&
            (c - capitals[i].first) % capitals[i].step == 0)
            return (uint32_t)((int32_t)c + capitals[i].shift);
    return c;
}

/* Takes one character off; false if it is not well-formed (RFC 3629 section 4). */
static bool take(struct span *text, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text->at[0];
    size_t n = first < 0x80   ? 1
               : first < 0xc0 ? 0
               : first < 0xe0 ? 2
               : first < 0xf0 ? 3
               : first < 0xf8 ? 4
                              : 0;

    if (n == 0 || n > text->len)
        return false;
    *c = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)text->at[i];

        if ((next & 0xc0) != 0x80)
            return false;
        *c = *c << 6 | (next & 0x3f);
    }
    *text = span_skip(*text, n);
    return *c >= least[n] && *c <= 0x10ffff && (*c < 0xd800 || *c > 0xdfff);
}

static void put(struct buf *out, uint32_t unit)
{
    char *at = buf_tail(out);

    at[0] = (char)(unit & 0xff);
    at[1] = (char)(unit >> 8);
    buf_commit(out, 2);
}

int utf16_append(struct buf *out, struct span text, bool upper)
{
    int error = buf_reserve(out, 2 * text.len);
    uint32_t c;

    if (error != 0)
        return error;
    while (text.len > 0) {
        if (!take(&text, &c))
            return -EINVAL;
        if (upper)
            c = capital(c);
        if (c >= 0x10000) {
            put(out, 0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + (c & 0x3ff);
        }
        put(out, c);
    }
    return 0;
}
