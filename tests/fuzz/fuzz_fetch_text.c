/*
 * fuzz_fetch_text: a Content-Type (up to the first line end) and a PAC file's bytes.
 *
 * Whatever comes, the script is valid UTF-8 of bounded length without a byte order mark
 * of its own, and a page's title is one line.
 */
#include <string.h>

#include "base/system_protocol.h"
#include "fuzz.h"
#include "pac/fetch_text.h"

/* UTF-8 by its bit patterns alone (RFC 3629 section 3). */
static void expect_utf8(struct span s)
{
    size_t more = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];

        if (more > 0) {
            expect((c & 0xc0) == 0x80);
            more--;
        } else if (c >= 0x80) {
            expect(c >= 0xc2 && c < 0xf5);
            more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        }
    }
    expect(more == 0);
}

static void expect_title(const char *title)
{
    expect(strlen(title) < FETCH_TITLE);
    for (; *title != '\0'; title++)
        expect((unsigned char)*title >= 0x20 && *title != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct span type = {in.at, span_find(in, '\n')};
    struct span charset = fetch_charset(type);
    struct buf out;
    char title[FETCH_TITLE];

    if (size > SYSTEM_FETCH_LIMIT)
        return 0;
    in = span_skip(in, type.len + 1);
    expect(charset.len <= type.len);
    buf_init(&out, PAC_SCRIPT_LIMIT);
    expect(fetch_decode(in, charset, &out) == 0);
    expect(out.len <= 16 * in.len); /* one byte of TSCII is several characters */
    expect_utf8(buf_span(&out));
    (void)fetch_is_pac(buf_span(&out));
    (void)fetch_is_html(buf_span(&out), title);
    expect_title(title);
    buf_clear(&out);
    return 0;
}
