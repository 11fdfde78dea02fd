/*
 * egress: puts the shared parts together.
 */
#include "up/egress.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "up/primer.h"
#include "up/repeat.h"
#include "up/warm.h"

#define EXPECTED_HOPS 64 /* whose logins are prepared */

static bool name_make(char name[EGRESS_NAME])
{
    unsigned char bytes[4];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    snprintf(name, EGRESS_NAME, "ccgate-%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
             bytes[3]);
    return true;
}

static const enum resolve_mode resolve_modes[] = {
    [CONFIG_RESOLVER_AUTO] = RESOLVE_AUTO,
    [CONFIG_RESOLVER_DNS] = RESOLVE_DNS,
    [CONFIG_RESOLVER_SYSTEM] = RESOLVE_SYSTEM,
};

static struct tls_context *trust_new(struct loop *loop, const struct config *config)
{
    const struct tls_settings settings = tls_settings_of(config);

    return tls_context_new(loop, &settings);
}

struct egress *egress_new(struct loop *loop, struct config *config)
{
    struct egress *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    e->loop = loop;
    e->resolver = resolver_new(loop, &(struct resolve_options){
                                         .mode = resolve_modes[config->resolver],
                                         .timeout = config->timeout.name,
                                     });
    e->health = health_new(loop);
    e->guard = guard_new(loop, config->state_dir);
    e->memory = auth_memory_new();
    e->gss = gss_new(&(struct gss_options){
        .loop = loop,
        .maker = &gss_library,
        .call_ms = config->timeout.ticket,
        .rest_ms = GSS_REST_MS,
        .ledger = e->guard != NULL ? guard_ledger(e->guard) : NULL,
    });
    e->lifetimes = lifetimes_new();
    e->pool = e->lifetimes ? pool_new(loop, e->lifetimes) : NULL;
    e->warm = warm_new(e, config);
    e->primer = primer_new(e, config);
    e->tls = trust_new(loop, config);
    if (e->guard) {
        guard_set_repeater(e->guard, &repeat_repeater, e);
        guard_set_limit(e->guard, config->timeout.login);
    }
    if (e->resolver && e->health && e->guard && e->memory && e->gss && e->pool &&
        e->warm && e->primer && e->tls &&
        means_open(&e->means, loop, e->resolver, config) && name_make(e->name))
        return e;
    egress_free(e);
    return NULL;
}

bool egress_reload(struct egress *e, struct config *config)
{
    struct tls_context *tls = trust_new(e->loop, config);

    if (!tls ||
        !resolver_configure(e->resolver, resolve_modes[config->resolver],
                            config->timeout.name) ||
        !means_reload(&e->means, config)) {
        tls_context_unref(tls);
        return false;
    }
    tls_context_unref(e->tls);
    e->tls = tls;
    gss_set_call_ms(e->gss, config->timeout.ticket);
    guard_set_limit(e->guard, config->timeout.login);
    guard_forget_refusals(e->guard);
    pool_flush(e->pool);
    warm_configure(e->warm, config);
    primer_configure(e->primer, config);
    return true;
}

void egress_network_changed(struct egress *e, const struct config *config)
{
    resolver_flush(e->resolver);
    health_wake_all(e->health);
    pool_flush(e->pool);
    warm_configure(e->warm, config);
    primer_configure(e->primer, config);
    means_network_changed(&e->means);
}

bool egress_allows_advance(const struct egress *e, const struct hop *hop)
{
    return hop_kind_is_http(hop->kind) && auth_allows_advance(&(struct auth_options){
                                              .guard = e->guard,
                                              .memory = e->memory,
                                              .hop = hop->name,
                                              .login = hop->login,
                                          });
}

void egress_drain(struct egress *e)
{
    guard_end(e->guard);
    warm_configure(e->warm, NULL);
    primer_configure(e->primer, NULL);
}

bool egress_is_logging_in(const struct egress *e)
{
    return guard_is_trying(e->guard);
}

void egress_use_router(struct egress *e, struct router *router)
{
    const struct hop *hops[EXPECTED_HOPS];
    size_t count = router ? router_hops(router, hops, EXPECTED_HOPS) : 0;

    router_free(e->router);
    e->router = router ? router_ref(router) : NULL;
    for (size_t i = 0; i < count; i++)
        if (!hops[i]->withheld)
            guard_expect(e->guard, hops[i]->login);
}

uint16_t egress_tag(const struct egress *e)
{
    unsigned long tag = strtoul(e->name + strlen("ccgate-"), NULL, 16);

    return (uint16_t)(tag >> 16);
}

void egress_free(struct egress *e)
{
    if (!e)
        return;
    warm_free(e->warm);
    primer_free(e->primer);
    pool_free(e->pool);
    guard_free(e->guard); /* first of what the repeat of a login uses */
    lifetimes_free(e->lifetimes);
    router_free(e->router);
    means_close(&e->means);
    tls_context_unref(e->tls);
    auth_memory_free(e->memory);
    gss_free(e->gss);
    health_free(e->health);
    resolver_free(e->resolver);
    free(e);
}
