/*
 * fuzz_message: what the targets for the messages to and from the children share.
 *
 * What is accepted must be the same when it is written again.
 */
#ifndef CCGATE_TESTS_FUZZ_FUZZ_MESSAGE_H
#define CCGATE_TESTS_FUZZ_FUZZ_MESSAGE_H

#include "base/wire.h"
#include "fuzz.h"

static inline void expect_same(struct buf *again, struct span body)
{
    expect(span_equal(span_skip(buf_span(again), WIRE_LENGTH), body));
    buf_clear(again);
}

/* Takes the input as messages of up to `limit` bytes, and tries the body of each. */
static inline void each_message(const uint8_t *data, size_t size, size_t limit,
                                void (*try)(struct span body, struct buf *again))
{
    struct span in = {(const char *)data, size};
    struct span body;
    struct buf again;
    long taken;

    buf_init(&again, 2 * limit);
    while ((taken = wire_take(in, limit, &body)) > 0) {
        expect((size_t)taken <= in.len && body.len > 0);
        try(body, &again);
        in = span_skip(in, (size_t)taken);
    }
}

#endif
