/*
 * wire: see wire.h.
 */
#include "ca/wire.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "up/connector.h"

/* All that go on. */
struct round {
    const struct wire_way *way;
    int64_t now;
    struct loop *loop;
    struct egress *egress;
    struct router *router;
    struct asking *asking;
    size_t count, open;
};

/* One that goes on. */
struct asking {
    struct round *round;
    struct wire_host *host;
    struct route_query *query;
    struct route *route;
    struct connector *connector;
    struct upstream *upstream;
    struct tls_handshake *handshake;
    STACK_OF(X509) * chain;
};

/* ---- the targets ---- */

static bool is_taken(const struct wire *wire, const struct wire_host *host)
{
    for (size_t i = 0; i < wire->count; i++)
        if (wire->hosts[i].port == host->port &&
            strcmp(wire->hosts[i].host, host->host) == 0)
            return true;
    return false;
}

static void host_clear(struct wire_host *host)
{
    free(host->host);
    free(host->name);
    free(host->way);
    free(host->detail);
    bundle_clear(&host->shown);
}

static bool host_init(struct wire_host *host, const struct route_request *request)
{
    char name[512];

    *host = (struct wire_host){.host = span_dup(request->host), .port = request->port};
    bundle_init(&host->shown, false, 0);
    for (char *c = host->host; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    if (host->host == NULL)
        return false;
    (void)snprintf(name, sizeof(name),
                   strchr(host->host, ':') != NULL ? "[%s]:%u" : "%s:%u", host->host,
                   (unsigned)host->port);
    host->name = strdup(name);
    return host->name != NULL;
}

static const char *target_read(const struct wire_way *way, const char *target,
                               struct route_request *request)
{
    const char *fault = way->target(target, request);

    if (fault == NULL && !request->secure)
        return "is http, which shows no certificate";
    return fault;
}

const char *wire_init(struct wire *wire, const struct wire_way *way,
                      const char *const *targets, size_t count, size_t *wrong)
{
    *wire = (struct wire){.hosts = calloc(count + 1, sizeof(*wire->hosts))};
    wire->no_memory = wire->hosts == NULL;
    for (size_t i = 0; i < count && !wire->no_memory; i++) {
        struct wire_host *host = &wire->hosts[wire->count];
        struct route_request request = {.port = 0};
        const char *fault = target_read(way, targets[i], &request);

        *wrong = i;
        if (fault != NULL)
            return fault;
        if (!host_init(host, &request))
            wire->no_memory = true;
        if (wire->no_memory || is_taken(wire, host))
            host_clear(host);
        else
            wire->count++;
    }
    return NULL;
}

void wire_clear(struct wire *wire)
{
    for (size_t i = 0; i < wire->count; i++)
        host_clear(&wire->hosts[i]);
    free(wire->hosts);
    *wire = (struct wire){.hosts = NULL};
}

/* ---- a host ---- */

static void ended(struct asking *a, enum outcome outcome, const char *detail)
{
    a->host->outcome = outcome;
    a->host->detail = detail != NULL ? strdup(detail) : NULL;
    upstream_free(a->upstream);
    a->upstream = NULL;
    if (--a->round->open == 0)
        loop_stop(a->round->loop);
}

static void shook(void *ctx, enum outcome outcome, const char *detail)
{
    struct asking *a = ctx;

    a->handshake = NULL;
    if (a->chain != NULL)
        bundle_add_chain(&a->host->shown, a->host->name, a->chain);
    ended(a, outcome, detail);
}

static void connected(void *ctx, const struct connector_result *result)
{
    struct asking *a = ctx;
    const struct config *config = a->round->way->config;

    a->connector = NULL;
    a->host->direct = result->hop == NULL || result->hop->kind == HOP_DIRECT;
    a->host->way = strdup(a->host->direct ? "direct" : result->hop->name);
    if (result->outcome != OUTCOME_OK) {
        ended(a, result->outcome, result->detail);
        return;
    }
    a->host->reached = true;
    a->upstream = result->upstream;
    a->handshake = tls_start(
        &(struct tls_options){
            .loop = a->round->loop,
            .context = a->round->egress->tls,
            .stream = a->upstream->stream,
            .host = a->host->host,
            .no_identity = true, /* it is not us who are to be known */
            .timeout_ms = config->timeout.tls,
            .chain = &a->chain,
            .http1_only = &a->host->http1_only,
        },
        shook, a);
    if (a->handshake == NULL)
        ended(a, OUTCOME_INTERNAL, NULL);
}

static void decided(void *ctx, struct route *route)
{
    struct asking *a = ctx;

    a->query = NULL;
    a->route = route;
    if (route != NULL && route->kind == ROUTE_REFUSED) {
        ended(a, route->outcome, route->why);
        return;
    }
    if (route != NULL)
        a->connector = connector_start(
            &(struct connector_options){
                .egress = a->round->egress,
                .config = a->round->way->config,
                .route = route,
                .mode = CONNECTOR_TUNNEL,
                .host = span_of(a->host->host),
                .port = a->host->port,
                .owner = POOL_NO_OWNER,
            },
            connected, a);
    if (a->connector == NULL)
        ended(a, OUTCOME_INTERNAL, NULL);
}

static void ask(struct round *round, struct asking *a, struct wire_host *host)
{
    const struct route_request request = {
        .host = span_of(host->host),
        .port = host->port,
        .secure = true,
        .own_caller = true,
        .patient = true,
    };

    *a = (struct asking){.round = round, .host = host};
    host->shown.now = round->now;
    round->open++;
    a->query = route_start(round->router, &request, decided, a);
    if (a->query == NULL)
        ended(a, OUTCOME_INTERNAL, NULL);
}

static void leave(struct asking *a)
{
    route_cancel(a->query);
    connector_cancel(a->connector);
    tls_cancel(a->handshake);
    upstream_free(a->upstream);
    route_unref(a->route);
    sk_X509_pop_free(a->chain, X509_free);
}

/* ---- all of them ---- */

static bool round_open(struct round *round, size_t count)
{
    const struct wire_way *way = round->way;

    round->asking = calloc(count + 1, sizeof(*round->asking));
    round->loop = loop_new();
    if (round->asking == NULL || round->loop == NULL)
        return false;
    round->egress = egress_new(round->loop, way->config);
    if (round->egress == NULL)
        return false;
    round->router = router_new(&(struct router_options){
        .loop = round->loop,
        .config = way->config,
        .environment = way->environment,
        .is_self = way->is_self,
        .self_ctx = way->config,
        .means = &round->egress->means,
    });
    return round->router != NULL;
}

static void round_close(struct round *round)
{
    for (size_t i = 0; i < round->count; i++)
        leave(&round->asking[i]);
    router_free(round->router);
    egress_free(round->egress);
    (void)loop_free(round->loop);
    free(round->asking);
}

void wire_ask(struct wire *wire, const struct wire_way *way, int64_t now)
{
    struct round round = {.way = way, .now = now};

    (void)signal(SIGPIPE, SIG_IGN);
    if (!round_open(&round, wire->count))
        wire->no_memory = true;
    /* Whoever fails at once must not end the loop for the others. */
    round.open = 1;
    for (; !wire->no_memory && round.count < wire->count; round.count++)
        ask(&round, &round.asking[round.count], &wire->hosts[round.count]);
    if (--round.open > 0)
        loop_run(round.loop);
    for (size_t i = 0; i < wire->count; i++)
        if (wire->hosts[i].shown.no_memory)
            wire->no_memory = true;
    round_close(&round);
}
