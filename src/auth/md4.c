/*
 * md4: the MD4 digest. See md4.h; the letters are those of RFC 1320 section 3.
 */
#include "auth/md4.h"

#include <string.h>

#include "config/secret.h"

enum { BLOCK = 64 };

struct work {
    uint32_t state[4];
    uint32_t x[16];
    unsigned char last[2 * BLOCK];
};

static uint32_t rotate(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t mix(unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
    if (round == 0)
        return (x & y) | (~x & z);
    if (round == 1)
        return (x & y) | (x & z) | (y & z);
    return x ^ y ^ z;
}

static void block(struct work *w, const unsigned char *bytes)
{
    static const unsigned char order[3][16] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
        {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
    };
    static const unsigned char shift[3][4] = {
        {3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const uint32_t constant[3] = {0, 0x5a827999, 0x6ed9eba1};
    uint32_t a = w->state[0], b = w->state[1], c = w->state[2], d = w->state[3];

    for (size_t i = 0; i < 16; i++)
        w->x[i] = (uint32_t)bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
                  (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
    for (unsigned i = 0; i < 48; i++) {
        unsigned round = i / 16;
        uint32_t next = rotate(a + mix(round, b, c, d) + w->x[order[round][i % 16]] +
                                   constant[round],
                               shift[round][i % 4]);

        a = d;
        d = c;
        c = b;
        b = next;
    }
    w->state[0] += a;
    w->state[1] += b;
    w->state[2] += c;
    w->state[3] += d;
}

/* What is left behind the whole blocks, a 1 bit, zeros, and the length in bits. */
static void finish(struct work *w, struct span rest, uint64_t length)
{
    size_t end = rest.len < BLOCK - 8 ? BLOCK : 2 * BLOCK;

    if (rest.len > 0)
        memcpy(w->last, rest.at, rest.len);
    w->last[rest.len] = 0x80;
    for (size_t i = 0; i < 8; i++)
        w->last[end - 8 + i] = (unsigned char)(length * 8 >> 8 * i);
    block(w, w->last);
    if (end > BLOCK)
        block(w, w->last + BLOCK);
}

void md4(struct span input, unsigned char digest[MD4_SIZE])
{
    struct work w = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
    struct span rest = input;

    for (; rest.len >= BLOCK; rest = span_skip(rest, BLOCK))
        block(&w, (const unsigned char *)rest.at);
    finish(&w, rest, input.len);
    for (size_t i = 0; i < MD4_SIZE; i++)
        digest[i] = (unsigned char)(w.state[i / 4] >> 8 * (i % 4));
    secret_wipe(&w, sizeof(w));
}
