/*
 * request_id: ids of requests to text and back.
 */
#include "base/request_id.h"

#define COUNT_BITS 48
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

request_id request_id_first(uint16_t process)
{
    return (request_id)process << COUNT_BITS;
}

bool request_id_same_process(request_id a, request_id b)
{
    return a >> COUNT_BITS == b >> COUNT_BITS;
}

/* By hand: it is done for every line of the access log. */
void request_id_format(request_id id, char text[REQUEST_ID_TEXT])
{
    uint64_t count = id & COUNT_MASK;
    char digits[REQUEST_ID_TEXT];
    size_t n = 0;

    if (id != 0) {
        for (int shift = 60; shift >= COUNT_BITS; shift -= 4)
            *text++ = "0123456789abcdef"[id >> shift & 15];
        *text++ = '-';
        do
            digits[n++] = (char)('0' + count % 10);
        while ((count /= 10) > 0);
        while (n > 0)
            *text++ = digits[--n];
    }
    *text = '\0';
}

bool request_id_parse(struct span text, request_id *id)
{
    uint16_t process = 0;
    uint64_t count;

    if (text.len < 6 || text.at[4] != '-')
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = span_hex_digit(text.at[i]);

        if (digit < 0)
            return false;
        process = (uint16_t)(process << 4 | digit);
    }
    if (!span_to_u64(span_skip(text, 5), &count) || count == 0 || count > COUNT_MASK)
        return false;
    *id = request_id_first(process) | count;
    return true;
}
