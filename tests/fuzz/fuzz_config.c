/*
 * Fuzz target: a YAML text to a configuration, and its dump back to the same one.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"
#include "fuzz.h"

enum { TEXT_MAX = 1 << 20 };

/* The dump without the comments on passwords, which it does not carry on. */
static int dump_rest(const struct config *config, struct buf *out)
{
    struct buf whole;
    struct span rest, line;
    int error;

    buf_init(&whole, TEXT_MAX);
    error = config_dump(config, false, &whole);
    rest = buf_span(&whole);
    while (error == 0 && span_next(&rest, "\n", &line))
        if (!span_starts(span_trim(line), SPAN("# password: (hidden)")))
            error = buf_printf(out, "%.*s\n", SPAN_ARG(line));
    buf_clear(&whole);
    return error;
}

/* A dump must be readable, and say the same again. */
static void dump_again(const struct config *config)
{
    struct buf first;
    struct buf second;
    struct buf messages;
    struct config *again;

    buf_init(&first, TEXT_MAX);
    buf_init(&second, TEXT_MAX);
    buf_init(&messages, TEXT_MAX);
    if (dump_rest(config, &first) != 0)
        goto out;
    again = config_parse_text("dump", buf_span(&first), &messages);
    if (again == NULL || dump_rest(again, &second) != 0 ||
        !span_equal(buf_span(&first), buf_span(&second)))
        abort();
    config_unref(again);
out:
    buf_clear(&first);
    buf_clear(&second);
    buf_clear(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf messages;
    struct config *config;

    buf_init(&messages, TEXT_MAX);
    config = config_parse_text("fuzz.yaml", (struct span){(const char *)data, size},
                               &messages);
    if (config != NULL)
        dump_again(config);
    else if (messages.len == 0)
        abort(); /* a refusal always says why */
    config_unref(config);
    buf_clear(&messages);
    return 0;
}
