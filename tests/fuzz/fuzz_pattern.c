/*
 * fuzz_pattern: a bypass entry in the first line, a host in the rest.
 */
#include <string.h>

#include "base/pattern.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    size_t line = span_find(text, '\n');
    struct span entry = {text.at, line};
    struct span host = span_skip(text, line + 1);
    struct pattern p;

    if (pattern_parse(&p, entry) != NULL) {
        expect(p.name == NULL);
        return 0;
    }
    expect(p.name == NULL || p.name[0] != '\0');
    (void)pattern_match(&p, host, 0);
    (void)pattern_match(&p, host, 443);
    /* A name matches itself, and a name without its subdomains does not. */
    if (p.kind == PATTERN_DOMAIN)
        expect(pattern_match(&p, span_of(p.name), p.port));
    if (p.kind == PATTERN_SUBDOMAIN)
        expect(!pattern_match(&p, span_of(p.name), p.port));
    if (p.port != 0)
        expect(!pattern_match(&p, host, (uint16_t)(p.port ^ 1)));
    pattern_clear(&p);
    return 0;
}
