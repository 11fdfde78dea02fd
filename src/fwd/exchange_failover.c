/*
 * exchange_failover: a request that its proxy left unanswered goes to the next one.
 */
#include <stdio.h>

#include "base/counters.h"
#include "base/log.h"
#include "fwd/exchange_internal.h"
#include "up/trail.h"

/* Whether another hop would be tried first, once this one rests. */
static bool other_is_next(const struct exchange *x, const struct hop *failed)
{
    const struct route *route = x->o.route;

    if (x->o.config->timeout.hop_rest == 0)
        return false;
    for (size_t i = 0; i < route->hop_count; i++)
        if (&route->hops[i] != failed &&
            !health_rests(x->o.egress->health, &route->hops[i]))
            return true;
    return false;
}

static void note_failure(struct exchange *x, const struct hop *hop, const char *detail)
{
    char id[REQUEST_ID_TEXT];

    health_failed(x->o.egress->health, hop, OUTCOME_HOP_CLOSED, detail,
                  x->o.config->timeout.hop_rest);
    counter_add(COUNTER_HOP_FAILURES, 1);
    if (!x->o.trail)
        return;
    trail_add(x->o.trail, hop->name, OUTCOME_HOP_CLOSED, detail);
    request_id_format(x->o.trail->id, id);
    LOG_WARN("hop_failed", LOG_TEXT("id", id), LOG_TEXT("hop", hop->name),
             LOG_TEXT("outcome", outcome_info(OUTCOME_HOP_CLOSED)->name),
             LOG_TEXT("detail", detail));
}

bool exchange_next_hop(struct exchange *x, const char *what)
{
    const struct hop *hop = exchange_proxy(x);
    const struct auth *auth = x->upstream->auth;
    char detail[EXCHANGE_DETAIL];

    if (!hop || !x->idempotent || x->down.heard || (auth && auth_at_stake(auth)) ||
        x->failovers + 1 >= x->o.route->hop_count || !other_is_next(x, hop) ||
        !exchange_request_rewind(x))
        return false;
    snprintf(detail, sizeof(detail), "the proxy %s", what);
    note_failure(x, hop, detail);
    x->failovers++;
    x->connections = 0;
    x->challenge.asked = false;
    exchange_connect(x, REUSE_NONE);
    return true;
}
