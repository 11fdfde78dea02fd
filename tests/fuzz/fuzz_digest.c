/*
 * fuzz_digest: Digest challenges from arbitrary bytes, and the answers to them.
 *
 * Beyond memory errors it looks for an answer that would break out of its line, or
 * whose parameters a proxy would read otherwise than they were meant.
 */
#include <string.h>

#include "auth/challenge.h"
#include "auth/digest_message.h"
#include "fuzz.h"

/* The value behind quotes, escaped again as it must be, is what went in. */
static void expect_parameter(const struct challenge *answer, struct span name,
                             const char *value)
{
    struct span got;
    size_t n = 0;

    expect(challenge_parameter(answer, name, &got));
    for (size_t i = 0; i < got.len; i++) {
        if (got.at[i] == '\\')
            i++;
        expect(i < got.len && value[n++] == got.at[i]);
    }
    expect(value[n] == '\0');
}

static void read_answer(struct span text, const struct digest_challenge *c)
{
    struct challenge answer, more;

    for (size_t i = 0; i < text.len; i++)
        expect((unsigned char)text.at[i] >= 0x20 && text.at[i] != 0x7f);
    expect(challenge_next(&text, &answer) && !challenge_next(&text, &more));
    expect(span_equal(answer.scheme, SPAN("Digest")));
    expect_parameter(&answer, SPAN("realm"), c->realm);
    expect_parameter(&answer, SPAN("nonce"), c->nonce);
    expect_parameter(&answer, SPAN("uri"), "origin.test:443");
    if (c->opaque != NULL)
        expect_parameter(&answer, SPAN("opaque"), c->opaque);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span parameters = {(const char *)data, size};
    const struct digest_answer answer = {
        .user = SPAN("CORP\\al\"ice \xc3\xa4"),
        .password = SPAN("sesame"),
        .method = SPAN("CONNECT"),
        .uri = SPAN("origin.test:443"),
        .cnonce = SPAN("0123456789abcdef0123456789abcdef"),
        .count = 1,
    };
    struct digest_challenge c;
    struct buf out;

    if (digest_challenge_parse(&c, parameters) != 0)
        return 0;
    expect(digest_challenge_fits(parameters));
    expect(digest_challenge_strength(parameters) > 0);
    buf_init(&out, SIZE_MAX);
    if (digest_value(&out, &c, &answer) == 0)
        read_answer(buf_span(&out), &c);
    buf_clear(&out);
    digest_challenge_clear(&c);
    return 0;
}
