/*
 * fuzz_challenge: Proxy-Authenticate values from arbitrary bytes.
 *
 * Beyond memory errors it looks for views that leave the value, challenges that
 * overlap, and a reader that stands still.
 */
#include "auth/challenge.h"
#include "fuzz.h"

static bool within(struct span part, const char *from, const char *to)
{
    return part.len == 0 || (part.at >= from && part.at + part.len <= to);
}

static void try_parameter(const struct challenge *challenge, struct span name)
{
    const char *from = challenge->parameters.at;
    struct span value;

    if (!challenge_parameter(challenge, name, &value))
        return;
    expect(!challenge->token68);
    expect(within(value, from, from + challenge->parameters.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    struct challenge challenge;

    while (rest.len > 0) {
        struct span before = rest;

        if (!challenge_next(&rest, &challenge))
            break;
        expect(rest.len < before.len && rest.at + rest.len == before.at + before.len);
        expect(challenge.scheme.len > 0);
        expect(within(challenge.scheme, before.at, rest.at));
        expect(within(challenge.parameters, challenge.scheme.at + challenge.scheme.len,
                      rest.at));
        try_parameter(&challenge, SPAN("realm"));
        try_parameter(&challenge, SPAN("a"));
    }
    return 0;
}
