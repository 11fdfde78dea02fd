/*
 * fuzz_chunked: a chunked body read whole, byte by byte and cut once must give the same
 * result; and when it is written again, the strict reader must find the same in it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "http/chunked.h"

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: failed\n", __FILE__, __LINE__);                    \
            abort();                                                                   \
        }                                                                              \
    } while (0)

struct result {
    struct chunked chunked;
    struct buf content;
    enum chunked_progress progress;
    size_t consumed;
};

static void read_piece(struct result *r, struct span in)
{
    size_t before = in.len;
    struct span data;

    while ((r->progress = chunked_read(&r->chunked, &in, &data)) == CHUNKED_DATA) {
        CHECK(data.len > 0);
        CHECK(buf_append_span(&r->content, data) == 0);
    }
    CHECK(r->progress != CHUNKED_MORE || in.len == 0);
    r->consumed += before - in.len;
}

static struct result read_stepwise(struct span text, bool strict, size_t first,
                                   size_t step)
{
    struct result r = {.progress = CHUNKED_MORE};
    size_t n = first;

    chunked_init(&r.chunked, strict);
    buf_init(&r.content, text.len);
    while (r.progress == CHUNKED_MORE && (text.len > 0 || n == 0)) {
        read_piece(&r, (struct span){text.at, n < text.len ? n : text.len});
        text = span_skip(text, n);
        n = step;
    }
    return r;
}

static void result_clear(struct result *r)
{
    chunked_clear(&r->chunked);
    buf_clear(&r->content);
}

/* *b is done with afterwards. */
static void check_same(const struct result *a, struct result b)
{
    CHECK(a->progress == b.progress);
    CHECK(span_equal(buf_span(&a->content), buf_span(&b.content)));
    if (a->progress == CHUNKED_END) {
        CHECK(a->consumed == b.consumed);
        CHECK(
            span_equal(buf_span(&a->chunked.trailers), buf_span(&b.chunked.trailers)));
    }
    result_clear(&b);
}

static void check_written_again(const struct result *r, size_t size)
{
    struct result again;
    struct buf out;

    buf_init(&out, size + 4 * CHUNK_TRAILER_LIMIT);
    CHECK(chunked_write(&out, buf_span(&r->content)) == 0);
    CHECK(chunked_finish(&out, buf_span(&r->chunked.trailers)) == 0);
    again = read_stepwise(buf_span(&out), true, out.len, 1);
    /* Normalised trailers may have become too long for a second reading. */
    if (r->chunked.trailers.len < CHUNK_TRAILER_LIMIT - 2) {
        CHECK(again.progress == CHUNKED_END && again.consumed == out.len);
        CHECK(span_equal(buf_span(&r->content), buf_span(&again.content)));
        CHECK(span_equal(buf_span(&r->chunked.trailers),
                         buf_span(&again.chunked.trailers)));
    }
    result_clear(&again);
    buf_clear(&out);
}

static void fuzz(struct span text, bool strict)
{
    struct result whole = read_stepwise(text, strict, text.len, 1);

    check_same(&whole, read_stepwise(text, strict, 1, 1));
    check_same(&whole, read_stepwise(text, strict, text.len / 3, text.len + 1));
    check_same(&whole, read_stepwise(text, strict, text.len / 2, text.len + 1));
    if (whole.progress == CHUNKED_END)
        check_written_again(&whole, text.len);
    result_clear(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};

    fuzz(text, true);
    fuzz(text, false);
    return 0;
}
