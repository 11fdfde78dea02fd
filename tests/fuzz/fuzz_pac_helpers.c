/*
 * fuzz_pac_helpers: the helpers of ccgate-pac that read text a script made up.
 *
 * The input is two texts with a NUL between them.
 */
#include "fuzz.h"
#include "pac/glob.h"
#include "pac/helpers_net.h"
#include "pac/newer.h"
#include "pac/punycode.h"

/* '*' is any text, so putting one in front of and behind a match keeps it one. */
static void try_glob(struct span text, struct span pattern)
{
    enum glob_result match = glob_match(text, pattern);
    struct buf wider;

    buf_init(&wider, pattern.len + 2);
    (void)buf_append_text(&wider, "*");
    (void)buf_append_span(&wider, pattern);
    (void)buf_append_text(&wider, "*");
    if (match == GLOB_YES)
        expect(glob_match(text, buf_span(&wider)) == GLOB_YES);
    expect((match == GLOB_REGEXP) ==
           (glob_match(text, buf_span(&wider)) == GLOB_REGEXP));
    buf_clear(&wider);
    buf_init(&wider, 2 * pattern.len + 2);
    expect(glob_regexp(pattern, &wider) == 0);
    buf_clear(&wider);
}

/* A sorted list sorts to itself. */
static void try_sort(struct span list)
{
    struct buf once, twice;

    buf_init(&once, list.len + 1);
    buf_init(&twice, list.len + 1);
    if (helper_sort_ip_list(list, &once) == 0) {
        expect(helper_sort_ip_list(buf_span(&once), &twice) == 0);
        expect(span_equal(buf_span(&once), buf_span(&twice)));
    }
    buf_clear(&once);
    buf_clear(&twice);
}

static void try_nets(struct span a, struct span b)
{
    if (helper_in_net(a, b, b))
        expect(helper_is_ip(a) && helper_is_ip(b));
    if (helper_in_net_ex(a, b))
        expect(helper_ip_version(a) != 0);
    (void)helper_convert_addr(a);
    (void)helper_is_plain_host_name(a);
    expect(helper_dns_domain_is(a, a));
    expect(helper_local_host_or_domain_is(b, b));
}

static void try_name(struct span name)
{
    struct buf out;

    buf_init(&out, 4096);
    if (punycode_name(name, &out) == 0) {
        for (size_t i = 0; i < out.len; i++)
            expect((unsigned char)out.data[i] < 0x80);
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span all = {(const char *)data, size};
    struct span first = {all.at, span_find(all, '\0')};
    struct span second = span_skip(all, first.len + 1);
    struct value v = VALUE_OF_TEXT(first);
    uint32_t line = 0;

    if (size > 4096)
        return 0;
    try_glob(first, second);
    try_sort(first);
    try_nets(first, second);
    try_name(first);
    (void)value_number(&v);
    (void)value_integer(&v);
    if (newer_syntax(all, 0, &line) != NULL)
        expect(line > 0);
    return 0;
}
