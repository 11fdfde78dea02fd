/*
 * fuzz_url: URLs, authorities and IP literals from arbitrary bytes.
 *
 * Beyond memory errors it looks for results that contradict each other.
 */
#include <stdlib.h>

#include "base/netaddr.h"
#include "base/url.h"
#include "fuzz.h"

static bool within(struct span part, struct span whole)
{
    return part.len == 0 ||
           (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void try_url(struct span text)
{
    struct url url;

    if (url_parse(&url, text) != NULL)
        return;
    expect(within(url.scheme, text) && within(url.userinfo, text));
    expect(within(url.host, text) && within(url.path_query, text));
    expect(url.scheme.len > 0);
    expect(url_host_valid(url.host, url.host_is_ipv6));
    expect(!url.has_port || url.port != 0);
    expect(span_find(url.path_query, '#') == url.path_query.len);
    if (url.has_userinfo) {
        char *decoded = malloc(url.userinfo.len + 1);

        expect(decoded != NULL);
        expect(url_percent_decode(url.userinfo, decoded) >= 0);
        free(decoded);
    }
}

static void try_authority(struct span text)
{
    struct span host;
    bool ipv6;
    uint16_t port;

    if (authority_parse(text, &host, &ipv6, &port) != NULL)
        return;
    expect(within(host, text) && url_host_valid(host, ipv6) && port != 0);
}

static void try_address(struct span text)
{
    struct netaddr a;
    struct netaddr again;
    struct netblock block;
    char formatted[NETADDR_TEXT];

    if (netblock_parse(&block, text))
        expect(block.bits <= (block.family == AF_INET ? 32 : 128));
    if (!netaddr_from_ip(&a, text, 1))
        return;
    netaddr_format_ip(&a, formatted);
    expect(netaddr_from_ip(&again, span_of(formatted), 1));
    expect(netaddr_equal(&a, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    char *decoded = malloc(size + 1);

    try_url(text);
    try_authority(text);
    try_address(text);
    expect(decoded != NULL);
    expect(url_percent_decode(text, decoded) <= (long)size);
    free(decoded);
    return 0;
}
