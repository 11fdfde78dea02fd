/*
 * fuzz_system_message: what the daemon and ccgate-system send each other, from
 * arbitrary bytes.
 *
 * What is accepted must keep the promises that either side relies on.
 */
#include "base/system_protocol.h"
#include "fuzz_message.h"

static void expect_line(struct span text)
{
    expect(span_find(text, '\n') == text.len && span_find(text, '\r') == text.len &&
           span_find(text, '\0') == text.len);
}

static void try_fetch(struct span body, struct buf *again)
{
    struct system_fetch fetch;

    if (!system_get_fetch(body, &fetch))
        return;
    expect(fetch.ca_count <= SYSTEM_CA_FILES);
    expect(fetch.etag.len <= SYSTEM_HEADER_LIMIT);
    expect_line(fetch.url);
    expect_line(fetch.etag);
    expect_line(fetch.last_modified);
    expect(system_put_fetch(again, &fetch) == 0);
    expect_same(again, body);
}

static void try_fetched(struct span body, struct buf *again)
{
    struct system_fetched fetched;

    if (!system_get_fetched(body, &fetched))
        return;
    expect((fetched.result == SYSTEM_OK) == (fetched.script.len > 0));
    expect(fetched.script.len <= PAC_SCRIPT_LIMIT);
    expect(fetched.etag.len <= SYSTEM_HEADER_LIMIT);
    expect(fetched.last_modified.len <= SYSTEM_HEADER_LIMIT);
    expect_line(fetched.etag);
    expect_line(fetched.last_modified);
    expect_line(fetched.why);
    expect(system_put_fetched(again, &fetched) == 0);
    expect_same(again, body);
}

static void try_ask(struct span body, struct buf *again)
{
    struct system_answer answer;
    struct system_ask ask;

    if (system_get_ask(body, &ask)) {
        expect_line(ask.text);
        expect(system_put_ask(again, &ask) == 0);
        expect_same(again, body);
    }
    if (system_get_answer(body, &answer)) {
        expect_line(answer.source);
        expect(answer.text.len <= SYSTEM_TEXT_LIMIT);
        expect(span_find(answer.text, '\0') == answer.text.len);
        expect(system_put_answer(again, &answer) == 0);
        expect_same(again, body);
    }
}

static void try_message(struct span body, struct buf *again)
{
    struct system_hello hello;

    if (system_get_hello(body, &hello)) {
        expect(system_put_hello(again, &hello) == 0);
        expect_same(again, body);
    }
    try_fetch(body, again);
    try_fetched(body, again);
    try_ask(body, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    each_message(data, size, SYSTEM_MESSAGE_LIMIT, try_message);
    return 0;
}
