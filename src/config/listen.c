/*
 * listen: the addresses to listen on, for all targets (`listen`) or for one (`tunnel`).
 *
 * Names other than localhost are refused: what they stand for may change without
 * anybody noticing, and an address that others can reach must be meant.
 */
#include <stdlib.h>

#include "config/internal.h"

/* An item while its addresses are found. */
struct entry {
    struct build *b;
    const struct node *at;
    struct span text;   /* the address */
    struct span target; /* of a tunnel; else empty */
};

static bool port_parse(struct span text, uint16_t *port)
{
    uint64_t number;

    if (text.len > 5 || !span_to_u64(text, &number) || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* An address cannot be bound twice; port 0 is another one every time. */
static bool among(const struct config_listen *listen, size_t count,
                  const struct netaddr *addr)
{
    if (addr->u.sa.sa_family != AF_UNIX && netaddr_port(addr) == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (netaddr_equal(&listen[i].addr, addr))
            return true;
    return false;
}

static void add_to(struct entry *e, struct config_listen **list, size_t *count,
                   const struct node ***places, struct config_listen entry)
{
    struct config_listen *larger = build_grow(e->b, *list, *count, sizeof(*larger));
    const struct node **place;

    if (larger == NULL)
        return;
    *list = larger;
    place = build_grow(e->b, *places, *count, sizeof(const struct node *));
    if (place == NULL)
        return;
    *places = place;
    entry.text = build_dup(e->b, node_span(e->at));
    entry.target = e->target.len > 0 ? build_dup(e->b, e->target) : NULL;
    if (entry.text == NULL || (e->target.len > 0 && entry.target == NULL)) {
        free(entry.text);
        free(entry.target);
        return;
    }
    larger[*count] = entry;
    place[(*count)++] = e->at;
}

static void add(struct entry *e, struct netaddr addr, bool optional)
{
    struct config *c = e->b->config;
    struct config_listen entry = {.addr = addr, .optional = optional};
    char text[NETADDR_TEXT];

    if (e->target.len > 0 ? among(c->tunnel, c->tunnel_count, &addr)
                          : among(c->listen, c->listen_count, &addr)) {
        netaddr_format(&addr, text);
        report_error(e->b->report, e->at, "%s is listed twice", text);
    } else if (e->target.len > 0) {
        add_to(e, &c->tunnel, &c->tunnel_count, &e->b->tunnel_place, entry);
    } else {
        add_to(e, &c->listen, &c->listen_count, &e->b->listen_place, entry);
    }
}

static void add_pair(struct entry *e, struct span v4, struct span v6, uint16_t port)
{
    struct netaddr addr;

    if (netaddr_from_ip(&addr, v4, port))
        add(e, addr, false);
    if (netaddr_from_ip(&addr, v6, port))
        add(e, addr, true);
}

static void add_unix(struct entry *e, struct span path)
{
    struct netaddr addr;
    char *absolute;

    if (path.len == 0) {
        report_error(e->b->report, e->at,
                     "a path is missing, as in unix:/run/ccgate.sock");
        return;
    }
    absolute =
        path.at[0] == '@' ? build_dup(e->b, path) : build_path(e->b, e->at, path);
    if (absolute == NULL)
        return;
    if (netaddr_from_path(&addr, span_of(absolute)))
        add(e, addr, false);
    else
        report_error(e->b->report, e->at, "this path is too long for a socket");
    free(absolute);
}

static void add_address(struct entry *e, struct span host, uint16_t port)
{
    char shown[QUOTE_SIZE];
    struct netaddr addr;
    bool bare_v6 = host.at[0] != '[' && span_find(host, ':') < host.len;

    if (span_equal_nocase(host, SPAN("localhost")))
        add_pair(e, SPAN("127.0.0.1"), SPAN("::1"), port);
    else if (span_equal(host, SPAN("*")))
        add_pair(e, SPAN("0.0.0.0"), SPAN("::"), port);
    else if (bare_v6)
        report_error(e->b->report, e->at,
                     "an IPv6 address stands in brackets, as in [::1]:3128");
    else if (netaddr_from_ip(&addr, host, port))
        add(e, addr, false);
    else
        report_error(
            e->b->report, e->at,
            "\"%s\" is neither localhost nor an IP address; other names are not "
            "looked up here",
            quote(host, shown));
}

static void add_entry(struct entry *e)
{
    struct span text = e->text;
    size_t colon = text.len;
    struct span host;
    uint16_t port = 0;
    char shown[QUOTE_SIZE];

    if (span_starts(text, SPAN("unix:"))) {
        add_unix(e, span_skip(text, 5));
        return;
    }
    if (text.at[0] == '/' || text.at[0] == '@') {
        add_unix(e, text);
        return;
    }
    while (colon > 0 && text.at[colon - 1] != ':' && text.at[colon - 1] != ']')
        colon--;
    host = colon == 0 ? SPAN("localhost") : (struct span){text.at, colon - 1};
    if (colon > 0 && text.at[colon - 1] == ']')
        colon = text.len; /* [::1] without a port */
    if (colon == text.len || !port_parse(span_skip(text, colon), &port)) {
        report_error(e->b->report, e->at,
                     "\"%s\" has no valid port, as in 127.0.0.1:3128",
                     quote(text, shown));
        return;
    }
    add_address(e, host.len == 0 ? SPAN("*") : host, port);
}

void build_listen(struct build *b, const struct node *item)
{
    struct entry e = {.b = b, .at = item, .text = node_span(item)};

    add_entry(&e);
}

/* A path may hold blanks, a target none. */
void build_tunnel(struct build *b, const struct node *item)
{
    struct span text = node_span(item), host;
    struct entry e = {.b = b, .at = item};
    size_t blank = text.len;
    const char *why;
    uint16_t port;
    bool ipv6;

    while (blank > 0 && text.at[blank - 1] != ' ')
        blank--;
    e.target = span_skip(text, blank);
    e.text = span_trim((struct span){text.at, blank});
    if (e.text.len == 0) {
        report_error(b->report, item,
                     "a tunnel is an address to listen on and a target, as in "
                     "\"127.0.0.1:5432 db.example:5432\"");
        return;
    }
    why = authority_parse(e.target, &host, &ipv6, &port);
    if (why != NULL)
        report_error(b->report, item, "the target of a tunnel %s", why);
    else
        add_entry(&e);
}

/* ---- what concerns all of them ---- */

/* RFC 6761 section 6.3 */
static bool is_localhost(struct span host)
{
    return span_equal_nocase(host, SPAN("localhost")) ||
           span_equal_nocase(host, SPAN("localhost."));
}

static bool leads_to(const struct config_listen *listen, size_t count,
                     const struct netaddr *target)
{
    for (size_t i = 0; i < count; i++) {
        const struct netaddr *own = &listen[i].addr;

        if (own->u.sa.sa_family == AF_UNIX || netaddr_port(own) != netaddr_port(target))
            continue;
        if (netaddr_same_ip(own, target) ||
            (netaddr_is_any(own) && netaddr_is_loopback(target)))
            return true;
    }
    return false;
}

bool config_is_own(const struct config *c, struct span host, uint16_t port)
{
    struct netaddr target;

    if (!netaddr_from_ip(&target, is_localhost(host) ? SPAN("127.0.0.1") : host, port))
        return false;
    return leads_to(c->listen, c->listen_count, &target) ||
           leads_to(c->tunnel, c->tunnel_count, &target);
}

static void check_reach(struct build *b, const struct config_listen *listen,
                        size_t count, const struct node *const *places)
{
    const struct node *said = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct netaddr *addr = &listen[i].addr;
        char text[NETADDR_TEXT];

        if (b->allow_given || addr->u.sa.sa_family == AF_UNIX ||
            netaddr_is_loopback(addr) || places[i] == said)
            continue;
        said = places[i];
        netaddr_format(addr, text);
        report_error(b->report, said,
                     "other machines can reach %s: name those that may use it, as in "
                     "allow: [10.0.0.0/8], or listen on localhost only",
                     text);
    }
}

/* What is wrong with a tunnel beside the other addresses, or NULL. */
static const char *tunnel_fault(const struct config *c,
                                const struct config_listen *tunnel)
{
    struct span host;
    uint16_t port;
    bool ipv6;

    if (among(c->listen, c->listen_count, &tunnel->addr))
        return "the address of this tunnel stands in listen, too";
    if (authority_parse(span_of(tunnel->target), &host, &ipv6, &port) == NULL &&
        config_is_own(c, host, port))
        return "this tunnel leads back to an address that ccgate listens on";
    return NULL;
}

static void check_tunnels(struct build *b)
{
    const struct config *c = b->config;
    const struct node *said = NULL;

    for (size_t i = 0; i < c->tunnel_count; i++) {
        const char *fault = tunnel_fault(c, &c->tunnel[i]);

        if (fault == NULL || b->tunnel_place[i] == said)
            continue;
        said = b->tunnel_place[i];
        report_error(b->report, said, "%s", fault);
    }
}

void build_check_listen(struct build *b)
{
    const struct config *c = b->config;

    check_reach(b, c->listen, c->listen_count, b->listen_place);
    check_reach(b, c->tunnel, c->tunnel_count, b->tunnel_place);
    check_tunnels(b);
}
