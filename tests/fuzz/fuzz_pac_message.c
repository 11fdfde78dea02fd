/*
 * fuzz_pac_message: what the daemon and ccgate-pac send each other, from arbitrary
 * bytes.
 *
 * What is accepted must keep the promises that the daemon relies on.
 */
#include "base/pac_protocol.h"
#include "fuzz_message.h"

static void walk_trace(struct span trace)
{
    struct pac_call call;

    while (trace.len > 0) {
        size_t before = trace.len;

        if (!pac_trace_next(&trace, &call))
            break;
        expect(trace.len < before);
        expect(call.name.len + call.arguments.len + call.result.len < before);
    }
}

static void try_answer(struct span body, struct buf *again)
{
    struct pac_answer answer;

    if (!pac_get_answer(body, &answer))
        return;
    expect(answer.text.len <= PAC_RESULT_LIMIT);
    expect(span_find(answer.text, '\n') == answer.text.len);
    expect(span_find(answer.text, '\0') == answer.text.len);
    walk_trace(answer.trace);
    expect(pac_put_answer(again, &answer) == 0);
    expect_same(again, body);
}

static void try_message(struct span body, struct buf *again)
{
    struct pac_hello hello;
    struct pac_ask ask;

    if (pac_get_hello(body, &hello)) {
        expect(pac_put_hello(again, &hello) == 0);
        expect_same(again, body);
    }
    if (pac_get_ask(body, &ask)) {
        expect(ask.name_count <= PAC_NAMES);
        expect(pac_put_ask(again, &ask) == 0);
        expect_same(again, body);
    }
    try_answer(body, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    each_message(data, size, PAC_MESSAGE_LIMIT, try_message);
    return 0;
}
