/*
 * listen: the addresses to listen on.
 *
 * Names other than localhost are refused: what they stand for may change without
 * anybody noticing, and an address that others can reach must be meant.
 */
#include <stdlib.h>

#include "config/internal.h"

static bool port_parse(struct span text, uint16_t *port)
{
    uint64_t number;

    if (text.len > 5 || !span_to_u64(text, &number) || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* An address cannot be bound twice; port 0 is another one every time. */
static bool repeated(const struct build *b, const struct netaddr *addr)
{
    const struct config *c = b->config;

    if (addr->u.sa.sa_family != AF_UNIX && netaddr_port(addr) == 0)
        return false;
    for (size_t i = 0; i < c->listen_count; i++)
        if (netaddr_equal(&c->listen[i].addr, addr))
            return true;
    return false;
}

static void add(struct build *b, const struct node *item, struct netaddr addr,
                bool optional)
{
    struct config *c = b->config;
    struct config_listen *larger;
    const struct node **places;
    char text[NETADDR_TEXT];

    if (repeated(b, &addr)) {
        netaddr_format(&addr, text);
        report_error(b->report, item, "%s is listed twice", text);
        return;
    }
    larger = build_grow(b, c->listen, c->listen_count, sizeof(*larger));
    if (larger == NULL)
        return;
    c->listen = larger;
    places =
        build_grow(b, b->listen_place, c->listen_count, sizeof(const struct node *));
    if (places == NULL)
        return;
    b->listen_place = places;
    larger += c->listen_count;
    *larger = (struct config_listen){.addr = addr, .optional = optional};
    larger->text = build_dup(b, node_span(item));
    if (larger->text == NULL)
        return;
    places[c->listen_count++] = item;
}

static void add_pair(struct build *b, const struct node *item, struct span v4,
                     struct span v6, uint16_t port)
{
    struct netaddr addr;

    if (netaddr_from_ip(&addr, v4, port))
        add(b, item, addr, false);
    if (netaddr_from_ip(&addr, v6, port))
        add(b, item, addr, true);
}

static void add_unix(struct build *b, const struct node *item, struct span path)
{
    struct netaddr addr;
    char *absolute;

    if (path.len == 0) {
        report_error(b->report, item, "a path is missing, as in unix:/run/ccgate.sock");
        return;
    }
    absolute = path.at[0] == '@' ? build_dup(b, path) : build_path(b, item, path);
    if (absolute == NULL)
        return;
    if (netaddr_from_path(&addr, span_of(absolute)))
        add(b, item, addr, false);
    else
        report_error(b->report, item, "this path is too long for a socket");
    free(absolute);
}

static void add_address(struct build *b, const struct node *item, struct span host,
                        uint16_t port)
{
    char shown[QUOTE_SIZE];
    struct netaddr addr;
    bool bare_v6 = host.at[0] != '[' && span_find(host, ':') < host.len;

    if (span_equal_nocase(host, SPAN("localhost")))
        add_pair(b, item, SPAN("127.0.0.1"), SPAN("::1"), port);
    else if (span_equal(host, SPAN("*")))
        add_pair(b, item, SPAN("0.0.0.0"), SPAN("::"), port);
    else if (bare_v6)
        report_error(b->report, item,
                     "an IPv6 address stands in brackets, as in [::1]:3128");
    else if (netaddr_from_ip(&addr, host, port))
        add(b, item, addr, false);
    else
        report_error(
            b->report, item,
            "\"%s\" is neither localhost nor an IP address; other names are not "
            "looked up here",
            quote(host, shown));
}

void build_listen(struct build *b, const struct node *item)
{
    struct span text = node_span(item);
    size_t colon = text.len;
    struct span host;
    uint16_t port = 0;
    char shown[QUOTE_SIZE];

    if (span_starts(text, SPAN("unix:"))) {
        add_unix(b, item, span_skip(text, 5));
        return;
    }
    if (text.at[0] == '/' || text.at[0] == '@') {
        add_unix(b, item, text);
        return;
    }
    while (colon > 0 && text.at[colon - 1] != ':' && text.at[colon - 1] != ']')
        colon--;
    host = colon == 0 ? SPAN("localhost") : (struct span){text.at, colon - 1};
    if (colon > 0 && text.at[colon - 1] == ']')
        colon = text.len; /* [::1] without a port */
    if (colon == text.len || !port_parse(span_skip(text, colon), &port)) {
        report_error(b->report, item, "\"%s\" has no valid port, as in 127.0.0.1:3128",
                     quote(text, shown));
        return;
    }
    add_address(b, item, host.len == 0 ? SPAN("*") : host, port);
}

void build_check_listen(struct build *b)
{
    const struct config *c = b->config;
    const struct node *said = NULL;

    for (size_t i = 0; i < c->listen_count; i++) {
        const struct netaddr *addr = &c->listen[i].addr;
        char text[NETADDR_TEXT];

        if (b->allow_given || addr->u.sa.sa_family == AF_UNIX ||
            netaddr_is_loopback(addr) || b->listen_place[i] == said)
            continue;
        said = b->listen_place[i];
        netaddr_format(addr, text);
        report_error(b->report, said,
                     "other machines can reach %s: name those that may use it, as in "
                     "allow: [10.0.0.0/8], or listen on localhost only",
                     text);
    }
}
