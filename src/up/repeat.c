/*
 * repeat: see repeat.h.
 */
#include "up/repeat.h"

#include <stdlib.h>

#include "up/connector.h"

struct repeat {
    struct egress *egress;
    struct route *route;
    char *url; /* NULL: CONNECT */
    struct auth_trial trial;
    struct connector *connector;
    guard_repeat_done *done;
    void *arg;
};

static void repeat_cancel(void *repeat)
{
    struct repeat *r = repeat;

    connector_cancel(r->connector);
    route_unref(r->route);
    free(r->url);
    free(r);
}

static enum guard_repeated result_of(const struct auth_trial *trial)
{
    if (trial->rejected)
        return GUARD_REPEAT_REJECTED;
    if (trial->accepted)
        return GUARD_REPEAT_ACCEPTED;
    return trial->sent ? GUARD_REPEAT_LOST : GUARD_REPEAT_IMPOSSIBLE;
}

static void repeat_connected(void *ctx, const struct connector_result *result)
{
    struct repeat *r = ctx;
    guard_repeat_done *done = r->done;
    void *arg = r->arg;

    r->connector = NULL;
    upstream_free(result->upstream);
    enum guard_repeated repeated = result_of(&r->trial);
    repeat_cancel(r);
    done(arg, repeated);
}

/* "host:port", or "http://host[:port]/", with brackets around an IPv6 address. */
static bool split_target(const char *target, struct span *host, uint16_t *port,
                         bool *plain)
{
    struct span rest = span_of(target);
    struct span scheme = SPAN("http://");
    struct span digits;
    uint64_t number = 80;
    size_t colon;

    *plain = span_starts(rest, scheme);
    if (*plain) {
        rest = span_skip(rest, scheme.len);
        rest.len = span_find(rest, '/');
    }
    colon = rest.len;
    while (colon > 0 && rest.at[colon - 1] >= '0' && rest.at[colon - 1] <= '9')
        colon--;
    if (colon > 0 && rest.at[colon - 1] == ':') {
        digits = span_skip(rest, colon);
        rest.len = colon - 1;
        if (!span_to_u64(digits, &number))
            return false;
    } else if (!*plain) {
        return false;
    }
    if (rest.len > 2 && rest.at[0] == '[' && rest.at[rest.len - 1] == ']')
        rest = (struct span){rest.at + 1, rest.len - 2};
    *host = rest;
    *port = (uint16_t)number;
    return rest.len > 0 && number > 0 && number <= UINT16_MAX;
}

static bool begin(struct repeat *r, const struct hop *hop, const char *target)
{
    struct connector_options options = {
        .egress = r->egress,
        .config = r->route->config,
        .route = r->route,
        .mode = CONNECTOR_TUNNEL,
        .fresh = true,
        .only = hop,
        .trial = &r->trial,
    };
    struct buf via;
    bool plain;

    if (!split_target(target, &options.host, &options.port, &plain))
        return false;
    if (plain) {
        r->url = span_dup(span_of(target));
        options.url = span_of(r->url);
        options.mode = CONNECTOR_PRIME;
    }
    buf_init(&via, 256);
    if ((!plain || r->url) &&
        buf_printf(&via, "Via: 1.1 %s\r\n", r->egress->name) == 0) {
        options.via = buf_span(&via);
        r->connector = connector_start(&options, repeat_connected, r);
    }
    buf_clear(&via);
    return r->connector != NULL;
}

static void *repeat_start(void *ctx, const struct config_login *login,
                          const struct guard_place *place, guard_repeat_done *done,
                          void *arg)
{
    struct egress *egress = ctx;
    struct repeat *r = calloc(1, sizeof(*r));
    size_t at = 0;

    if (!r)
        return NULL;
    r->egress = egress;
    r->done = done;
    r->arg = arg;
    if (egress->router)
        r->route = router_find_hop(egress->router, place->hop, &at);
    if (r->route && guard_same_login(r->route->hops[at].login, login) &&
        begin(r, &r->route->hops[at], place->target))
        return r;
    repeat_cancel(r);
    return NULL;
}

const struct guard_repeater repeat_repeater = {
    .start = repeat_start,
    .cancel = repeat_cancel,
};
