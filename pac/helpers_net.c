/*
 * helpers_net: the PAC helpers about hosts and addresses, as Chrome has them.
 */
#include "pac/helpers_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct address {
    size_t size; /* 4 or 16; 0: none */
    uint8_t bytes[16];
    struct span text; /* as it was written */
    size_t place;     /* in its list */
};

static bool parse_address(struct span text, struct address *a)
{
    char copy[INET6_ADDRSTRLEN];
    bool six = span_find(text, ':') < text.len;

    *a = (struct address){.text = text};
    if (text.len >= sizeof(copy) || span_find(text, '\0') < text.len)
        return false;
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(six ? AF_INET6 : AF_INET, copy, a->bytes) != 1)
        return false;
    a->size = six ? 16 : 4;
    return true;
}

int helper_ip_version(struct span text)
{
    struct address a;

    return !parse_address(text, &a) ? 0 : a.size == 4 ? 4 : 6;
}

bool helper_is_plain_host_name(struct span host)
{
    return span_find(host, '.') == host.len && helper_ip_version(host) == 0;
}

bool helper_dns_domain_is(struct span host, struct span domain)
{
    return host.len >= domain.len &&
           span_equal(span_skip(host, host.len - domain.len), domain);
}

bool helper_local_host_or_domain_is(struct span host, struct span hostdom)
{
    return span_equal(host, hostdom) ||
           (hostdom.len > host.len && span_starts(hostdom, host) &&
            hostdom.at[host.len] == '.');
}

unsigned helper_dns_domain_levels(struct span host)
{
    unsigned dots = 0;

    for (size_t i = 0; i < host.len; i++)
        dots += host.at[i] == '.';
    return dots;
}

/* The four numbers of a dotted quad; leading zeros are decimal, too. */
static bool parse_quad(struct span text, uint8_t quad[4])
{
    struct span part;
    int parts = 0;

    while (span_next(&text, ".", &part)) {
        uint64_t value;

        if (parts == 4 || part.len > 3 || !span_to_u64(part, &value) || value > 255)
            return false;
        quad[parts++] = (uint8_t)value;
    }
    return parts == 4;
}

bool helper_is_ip(struct span text)
{
    uint8_t quad[4];

    return parse_quad(text, quad);
}

/* v & 0xff, with ToInt32 of ECMA-262. */
static uint32_t low_byte(double v)
{
    double rest;

    if (!isfinite(v))
        return 0;
    rest = fmod(trunc(v), 256);
    return (uint32_t)(rest < 0 ? rest + 256 : rest);
}

int32_t helper_convert_addr(struct span text)
{
    uint32_t result = 0;
    struct span part;

    for (int i = 0; i < 4; i++) {
        bool there = span_next(&text, ".", &part);

        result <<= 8;
        if (there)
            result |= low_byte(value_number(&VALUE_OF_TEXT(part)));
    }
    return (int32_t)result;
}

bool helper_in_net(struct span address, struct span network, struct span mask)
{
    uint8_t a[4], n[4], m[4];

    if (!parse_quad(address, a) || !parse_quad(network, n) || !parse_quad(mask, m))
        return false;
    for (int i = 0; i < 4; i++) {
        if ((a[i] & m[i]) != (n[i] & m[i]))
            return false;
    }
    return true;
}

static void map_v4(struct address *a)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    memmove(a->bytes + sizeof(prefix), a->bytes, 4);
    memcpy(a->bytes, prefix, sizeof(prefix));
    a->size = 16;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, size_t bits)
{
    unsigned rest = bits % 8;

    return memcmp(a, b, bits / 8) == 0 &&
           (rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0);
}

bool helper_in_net_ex(struct span address, struct span block)
{
    struct address a, network;
    size_t slash = span_find(block, '/');
    uint64_t bits;

    if (slash == block.len || !parse_address(address, &a) ||
        !parse_address((struct span){block.at, slash}, &network) ||
        !span_to_u64(span_skip(block, slash + 1), &bits) || bits > 8 * network.size)
        return false;
    if (a.size == 4 && network.size == 16) {
        map_v4(&a);
    } else if (a.size == 16 && network.size == 4) {
        map_v4(&network);
        bits += 96;
    }
    return same_bits(a.bytes, network.bytes, bits);
}

static int compare(const void *left, const void *right)
{
    const struct address *a = left;
    const struct address *b = right;
    int order;

    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    order = memcmp(a->bytes, b->bytes, a->size);
    if (order != 0)
        return order;
    return a->place < b->place ? -1 : 1;
}

/* Without blanks, which Chrome takes out even from within an address. */
static int strip(struct span list, struct buf *out)
{
    for (size_t i = 0; i < list.len; i++) {
        int error = 0;

        if (list.at[i] != ' ' && list.at[i] != '\t')
            error = buf_append(out, list.at + i, 1);
        if (error != 0)
            return error;
    }
    return 0;
}

static int sort(struct span list, struct address *items, size_t room, struct buf *out)
{
    struct span item;
    size_t count = 0;
    int error = 0;

    while (span_next(&list, ";", &item)) {
        if (item.len == 0)
            continue;
        if (count == room || !parse_address(item, &items[count]))
            return -EINVAL;
        items[count].place = count;
        count++;
    }
    if (count == 0)
        return -EINVAL;
    qsort(items, count, sizeof(*items), compare);
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (i > 0)
            error = buf_append_text(out, ";");
        if (error == 0)
            error = buf_append_span(out, items[i].text);
    }
    return error;
}

int helper_sort_ip_list(struct span list, struct buf *out)
{
    size_t room = list.len / 2 + 1;
    struct address *items;
    struct buf stripped;
    int error;

    buf_init(&stripped, list.len);
    error = strip(list, &stripped);
    items = error == 0 ? calloc(room, sizeof(*items)) : NULL;
    if (error == 0 && items == NULL)
        error = -ENOMEM;
    if (error == 0)
        error = sort(buf_span(&stripped), items, room, out);
    free(items);
    buf_clear(&stripped);
    return error;
}
