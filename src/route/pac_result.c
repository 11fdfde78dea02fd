/*
 * pac_result: the grammar of FindProxyForURL()'s answers. See pac_result.h.
 */
#include "route/pac_result.h"

#include "base/url.h"

static const struct {
    struct span name;
    enum pac_way way;
    uint16_t port;
} TYPES[] = {
    {{"PROXY", 5}, PAC_WAY_HTTP, 80},      {{"HTTPS", 5}, PAC_WAY_HTTPS, 443},
    {{"SOCKS", 5}, PAC_WAY_SOCKS4, 1080},  {{"SOCKS4", 6}, PAC_WAY_SOCKS4, 1080},
    {{"SOCKS5", 6}, PAC_WAY_SOCKS5, 1080}, {{"DIRECT", 6}, PAC_WAY_DIRECT, 0},
};

/* The text up to the first blank; the rest follows without the blanks. */
static struct span take_word(struct span *rest)
{
    struct span word = {rest->at, 0};

    while (word.len < rest->len && !span_is_blank(rest->at[word.len]))
        word.len++;
    *rest = span_strip(span_skip(*rest, word.len));
    return word;
}

/* The place of the colon before the port, or the end. */
static size_t port_place(struct span address)
{
    size_t bracket = span_find(address, ']');
    size_t colon = span_find(address, ':');

    if (bracket == address.len)
        return colon;
    return bracket + 1;
}

static bool read_port(struct span text, uint16_t *port)
{
    uint64_t number;

    if (!span_to_u64(text, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool read_address(struct span address, struct pac_entry *entry)
{
    size_t place = port_place(address);
    struct span host = {address.at, place};
    bool ipv6 = host.len >= 2 && host.at[0] == '[';

    if (place < address.len &&
        (address.at[place] != ':' ||
         !read_port(span_skip(address, place + 1), &entry->port)))
        return false;
    if (ipv6)
        host = (struct span){host.at + 1, host.len - 2};
    entry->host = host;
    return url_host_valid(host, ipv6);
}

static bool read_entry(struct span text, struct pac_entry *entry)
{
    struct span rest = span_strip(text);
    struct span word = take_word(&rest);

    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (!span_equal_nocase(word, TYPES[i].name))
            continue;
        *entry = (struct pac_entry){.way = TYPES[i].way, .port = TYPES[i].port};
        if (entry->way == PAC_WAY_DIRECT)
            return rest.len == 0;
        return read_address(rest, entry);
    }
    return false;
}

bool pac_result_next(struct span *rest, struct pac_entry *entry)
{
    while (rest->len > 0) {
        struct span text = {rest->at, span_find(*rest, ';')};

        *rest = span_skip(*rest, text.len < rest->len ? text.len + 1 : text.len);
        if (read_entry(text, entry))
            return true;
    }
    return false;
}

bool pac_result_is_empty(struct span result)
{
    return span_strip(result).len == 0;
}
