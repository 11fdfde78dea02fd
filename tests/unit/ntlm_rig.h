/*
 * ntlm_rig.h: the messages of MS-NLMP section 4.2, and looking into those we make.
 */
#ifndef CCGATE_TESTS_NTLM_RIG_H
#define CCGATE_TESTS_NTLM_RIG_H

#include <stdio.h>
#include <string.h>

#include "auth/ntlm_message.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define BYTES(array) ((struct span){(const char *)(array), sizeof(array)})

/* MS-NLMP section 4.2.4.3: TargetInfo with the domain and the server */
static const unsigned char type2_v2[] = {
    'N',  'T',  'L',  'M',  'S',  'S',  'P',  0x00, 0x02, 0x00, 0x00, 0x00, 0x0c,
    0x00, 0x0c, 0x00, 0x38, 0x00, 0x00, 0x00, 0x33, 0x82, 0x8a, 0xe2, 0x01, 0x23,
    0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x24, 0x00, 0x24, 0x00, 0x44, 0x00, 0x00, 0x00, 0x06, 0x00, 0x70, 0x17,
    0x00, 0x00, 0x00, 0x0f, 'S',  0x00, 'e',  0x00, 'r',  0x00, 'v',  0x00, 'e',
    0x00, 'r',  0x00, 0x02, 0x00, 0x0c, 0x00, 'D',  0x00, 'o',  0x00, 'm',  0x00,
    'a',  0x00, 'i',  0x00, 'n',  0x00, 0x01, 0x00, 0x0c, 0x00, 'S',  0x00, 'e',
    0x00, 'r',  0x00, 'v',  0x00, 'e',  0x00, 'r',  0x00, 0x00, 0x00, 0x00, 0x00,
};

/* Section 4.2.3.3: without TargetInfo */
static const unsigned char type2_plain[] = {
    'N',  'T',  'L',  'M',  'S',  'S',  'P',  0x00, 0x02, 0x00, 0x00, 0x00, 0x0c, 0x00,
    0x0c, 0x00, 0x38, 0x00, 0x00, 0x00, 0x33, 0x82, 0x0a, 0x82, 0x01, 0x23, 0x45, 0x67,
    0x89, 0xab, 0xcd, 0xef, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x70, 0x17, 0x00, 0x00, 0x00, 0x0f,
    'S',  0x00, 'e',  0x00, 'r',  0x00, 'v',  0x00, 'e',  0x00, 'r',  0x00,
};

/* A first message of 32 bytes without VERSION, as in the known answers. */
static const unsigned char type1_short[] = {
    'N',  'T',  'L',  'M',  'S',  'S',  'P',  0x00, 0x01, 0x00, 0x00,
    0x00, 0x07, 0x82, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,
};

static inline void expect_hex(struct span bytes, const char *hex)
{
    char text[512];

    ck_assert_uint_lt(bytes.len, sizeof(text) / 2);
    text[0] = '\0';
    for (size_t i = 0; i < bytes.len; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes.at[i]);
    ck_assert_str_eq(text, hex);
}

static inline struct span part(struct span s, size_t at, size_t len)
{
    ck_assert_uint_le(at + len, s.len);
    return (struct span){s.at + at, len};
}

static inline size_t number(struct span s, size_t at, size_t size)
{
    size_t value = 0;

    while (size-- > 0)
        value = value << 8 | (unsigned char)part(s, at + size, 1).at[0];
    return value;
}

/* What the security buffer at this place describes. */
static inline struct span field(struct span message, size_t at)
{
    ck_assert_uint_eq(number(message, at, 2), number(message, at + 2, 2));
    return part(message, number(message, at + 4, 4), number(message, at, 2));
}

static inline struct ntlm_answer answer_of_the_specification(void)
{
    struct ntlm_answer a = {
        .type1 = BYTES(type1_short),
        .user = SPAN("User"),
        .domain = SPAN("Domain"),
        .workstation = SPAN("COMPUTER"),
        .password = SPAN("Password"),
    };

    memset(a.nonce, 0xaa, sizeof(a.nonce));
    return a;
}

/* A challenge with this target information behind its 48 bytes. */
static inline size_t challenge_with(char *message, struct span info)
{
    memcpy(message, type2_plain, 48);
    message[12] = message[14] = 0;
    message[22] = (char)0x8a; /* TARGET_INFO */
    message[40] = message[42] = (char)info.len;
    message[44] = 48;
    memcpy(message + 48, info.at, info.len);
    return 48 + info.len;
}

#endif
