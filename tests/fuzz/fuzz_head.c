/*
 * fuzz_head: a head read whole, byte by byte and cut once must give the same result;
 * and what is forwarded of it must pass the strict grammar, however lenient the reading
 * was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/forward.h"
#include "http/head.h"

typedef enum head_progress reader(struct head *head, char *bytes, size_t len);

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: failed\n", __FILE__, __LINE__);                    \
            abort();                                                                   \
        }                                                                              \
    } while (0)

struct result {
    struct head head;
    enum head_progress progress;
    char *bytes; /* of the last call; the spans point here */
};

/* Feeds in steps, the bytes at a new place each time, of exactly their size. */
static struct result read_stepwise(reader *read, const uint8_t *data, size_t size,
                                   size_t first, size_t step)
{
    struct result r = {.progress = HEAD_PARTIAL};
    size_t n = first;

    head_init(&r.head);
    for (;;) {
        free(r.bytes);
        r.bytes = malloc(n + 1);
        CHECK(r.bytes != NULL);
        if (n > 0)
            memcpy(r.bytes, data, n);
        r.progress = read(&r.head, r.bytes, n);
        if (r.progress != HEAD_PARTIAL || n == size)
            return r;
        n = size - n < step ? size : n + step;
    }
}

static void result_clear(struct result *r)
{
    head_clear(&r->head);
    free(r->bytes);
}

static void check_same(const struct result *a, const struct result *b)
{
    CHECK(a->progress == b->progress);
    if (a->progress == HEAD_BAD)
        CHECK(a->head.error == b->head.error);
    if (a->progress != HEAD_DONE)
        return;
    CHECK(a->head.size == b->head.size && a->head.count == b->head.count);
    CHECK(a->head.status == b->head.status && a->head.minor == b->head.minor);
    CHECK(span_equal(a->head.method, b->head.method));
    CHECK(span_equal(a->head.target, b->head.target));
    CHECK(span_equal(a->head.reason, b->head.reason));
    for (size_t i = 0; i < a->head.count; i++) {
        CHECK(span_equal(a->head.fields[i].name, b->head.fields[i].name));
        CHECK(span_equal(a->head.fields[i].value, b->head.fields[i].value));
    }
}

static void check_fields(const struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        struct span value = head->fields[i].value;

        CHECK(head->fields[i].name.len > 0);
        for (size_t k = 0; k < value.len; k++) {
            unsigned char c = (unsigned char)value.at[k];
            CHECK((c >= ' ' && c != 0x7f) || c == '\t');
        }
    }
}

/* Everything behind the first line must be strict; a request altogether. */
static void check_forwarded(struct buf *out)
{
    struct span text = buf_span(out);
    size_t line = span_find(text, '\n') + 1;
    struct head head;
    const char *why;
    struct framing framing;

    head_init(&head);
    CHECK(span_starts(text, SPAN("HTTP/1.1 ")) || text.at[line - 11] == ' ');
    if (span_starts(text, SPAN("HTTP/1.1 "))) {
        char *behind = out->data + out->start + line;
        if (memcmp(behind, "\r\n", 2) != 0)
            CHECK(head_read_fields(&head, behind, text.len - line, true) == HEAD_DONE);
    } else {
        CHECK(head_read_request(&head, out->data + out->start, out->len) == HEAD_DONE);
        CHECK(framing_of_request(&head, &framing, &why) == FRAMING_OK);
        CHECK(forward_via_has(&head, SPAN("fuzz")));
        CHECK(head.size == out->len);
    }
    head_clear(&head);
}

static void forward_one_request(const struct head *head)
{
    struct framing framing;
    struct url url;
    struct buf out;
    const char *why;

    (void)head_keeps_proxy_connection(head);
    if (framing_of_request(head, &framing, &why) != FRAMING_OK ||
        url_parse(&url, head->target) != NULL || head->count > HEAD_FIELD_LIMIT - 8)
        return;
    buf_init(&out, HEAD_LIMIT);
    const struct forward_request request = {
        .head = head, .url = &url, .framing = &framing, .via = SPAN("fuzz")};
    if (forward_request(&out, &request) == 0)
        check_forwarded(&out);
    buf_clear(&out);
}

static void forward_one_response(const struct head *head)
{
    struct framing framing;
    struct buf out;
    const char *why;

    (void)head_keeps_connection(head);
    if (framing_of_response(head, SPAN("GET"), &framing, &why) != FRAMING_OK ||
        head->count > HEAD_FIELD_LIMIT - 8)
        return;
    buf_init(&out, HEAD_LIMIT);
    const struct forward_response response = {
        .head = head, .framing = &framing, .via = SPAN("fuzz")};
    if (forward_response(&out, &response) == 0)
        check_forwarded(&out);
    buf_clear(&out);
}

static void fuzz(reader *read, void (*forward)(const struct head *),
                 const uint8_t *data, size_t size)
{
    const size_t cuts[] = {size / 4, size / 3, size / 2, size - size / 4,
                           size - (size > 0)};
    struct result whole = read_stepwise(read, data, size, size, 1);

    if (size <= 2048) {
        struct result pieces = read_stepwise(read, data, size, 0, 1);
        check_same(&whole, &pieces);
        result_clear(&pieces);
    }
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct result pieces = read_stepwise(read, data, size, cuts[i], size);
        check_same(&whole, &pieces);
        result_clear(&pieces);
    }
    if (whole.progress == HEAD_DONE) {
        check_fields(&whole.head);
        forward(&whole.head);
    }
    result_clear(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz(head_read_request, forward_one_request, data, size);
    fuzz(head_read_response, forward_one_response, data, size);
    return 0;
}
