/*
 * fuzz_ntlm: Type 2 messages from arbitrary bytes, and answers to those that are good.
 *
 * Beyond memory errors it looks for views that leave the message, and for answers whose
 * fields do not fit into them.
 */
#include <string.h>

#include "auth/ntlm_message.h"
#include "fuzz.h"

static size_t number(struct span s, size_t at, size_t size)
{
    size_t value = 0;

    while (size-- > 0)
        value = value << 8 | (unsigned char)s.at[at + size];
    return value;
}

static void expect_fields(struct span t3)
{
    expect(t3.len >= 88 && memcmp(t3.at, "NTLMSSP\0\3\0\0\0", 12) == 0);
    for (size_t at = 12; at <= 52; at += 8)
        expect(number(t3, at + 4, 4) + number(t3, at, 2) <= t3.len);
    expect(number(t3, 12, 2) == 24); /* LM, of zeros */
    for (size_t i = 0; i < 24; i++)
        expect(t3.at[number(t3, 16, 4) + i] == '\0');
    expect(number(t3, 20, 2) >= 16 + 28 + 4); /* no NTLMv1 response has that size */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char binding[NTLM_HASH_SIZE];
    struct span message = {(const char *)data, size};
    struct ntlm_challenge challenge;
    struct ntlm_answer answer = {
        .user = SPAN("alice"),
        .domain = SPAN("CORP"),
        .password = SPAN("sesame"),
        .target = SPAN("HTTP/wp1.corp"),
        .binding = binding,
    };
    struct buf first, out;

    if (ntlm_challenge_parse(&challenge, message) != NULL)
        return 0;
    expect(challenge.pairs.len == 0 ||
           (challenge.pairs.at >= message.at &&
            challenge.pairs.at + challenge.pairs.len <= message.at + message.len));
    buf_init(&first, NTLM_TYPE1_SIZE);
    buf_init(&out, SIZE_MAX);
    expect(ntlm_type1(&first) == 0);
    answer.type1 = buf_span(&first);
    answer.mic = challenge.has_time;
    expect(ntlm_type3(&out, &challenge, &answer) == 0);
    expect_fields(buf_span(&out));
    buf_clear(&out);
    buf_clear(&first);
    return 0;
}
