/*
 * fuzz_quote: any page gives at most QUOTE_LIMIT bytes, one line, without control
 * bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[QUOTE_LIMIT + 1];

    memset(out, 0x7f, sizeof(out));
    quote_page((struct span){(const char *)data, size}, out);
    size_t len = strnlen(out, sizeof(out));
    if (len > QUOTE_LIMIT)
        abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
            abort();
    return 0;
}
