/*
 * route_rules: the ways that `rules` name for single hosts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "route/noproxy.h"
#include "route/route_internal.h"

#define LABEL_SIZE 32

static const char *rule_label(size_t index, char label[LABEL_SIZE])
{
    (void)snprintf(label, LABEL_SIZE, "rule %zu", index + 1);
    return label;
}

static struct route *rule_hops(const struct router *router, size_t index,
                               const char *label, struct span text)
{
    struct config *config = router->config;
    const struct config_rule *rule = &config->rule[index];

    return route_of_proxies(config, &config->rule_proxy[rule->first], rule->count,
                            label, text);
}

bool router_rules_read(struct router *router)
{
    const struct config *config = router->config;
    char label[LABEL_SIZE];

    router->rules = calloc(config->rule_count + 1, sizeof(struct route *));
    if (router->rules == NULL)
        return false;
    for (size_t i = 0; i < config->rule_count; i++) {
        if (config->rule[i].via != CONFIG_VIA_PROXY)
            continue;
        router->rules[i] = rule_hops(router, i, rule_label(i, label), SPAN(""));
        if (router->rules[i] == NULL)
            return false;
    }
    return true;
}

void router_rules_free(struct router *router)
{
    for (size_t i = 0; router->rules != NULL && i < router->config->rule_count; i++)
        route_unref(router->rules[i]);
    free(router->rules);
}

/* The proxies, unless they lead back to ourselves. */
static struct route *way_through(const struct router *router, size_t index,
                                 const char *label, struct span text)
{
    const struct hop *own = router_own_hop(router, router->rules[index]);

    if (own != NULL)
        return route_refuse(router->config, OUTCOME_LOOP, "rules: own listener",
                            span_of(own->name));
    return rule_hops(router, index, label, text);
}

static struct route *way_of(const struct router *router,
                            const struct route_request *request, size_t index,
                            struct span text)
{
    char label[LABEL_SIZE];

    rule_label(index, label);
    switch (router->config->rule[index].via) {
    case CONFIG_VIA_DIRECT:
        return router_direct(router, request, label, text);
    case CONFIG_VIA_REFUSE:
        return route_refuse(router->config, OUTCOME_RULE_REFUSED, label, text);
    case CONFIG_VIA_PROXY:
        break;
    }
    return way_through(router, index, label, text);
}

/* Memory that is out cuts it. */
static void explain(struct route_query *query, const struct config_rule *rule,
                    size_t index, long entry)
{
    struct buf *trace = &query->trace;

    if (!query->request.trace)
        return;
    (void)buf_printf(trace, "rule %zu: ", index + 1);
    if (entry >= 0) {
        (void)buf_printf(trace, "%s matches\n", rule->host.text[entry]);
        return;
    }
    for (size_t i = 0; i < rule->host.count; i++)
        (void)buf_printf(trace, "%s%s", i > 0 ? ", " : "", rule->host.text[i]);
    (void)buf_printf(trace, "%s\n",
                     rule->host.count == 1 ? " does not match" : " do not match");
}

/* The first rule that matches decides, because of the pattern that does. */
static enum said ask(struct route_query *query, enum config_when when)
{
    const struct router *router = query->router;
    const struct route_request *request = &query->request;

    for (size_t i = 0; i < router->config->rule_count; i++) {
        const struct config_rule *rule = &router->config->rule[i];
        long entry;

        if (rule->when != when)
            continue;
        entry = noproxy_match(rule->host.pattern, rule->host.count, request->host,
                              request->port);
        explain(query, rule, i, entry);
        if (entry >= 0)
            return route_decided(
                query, way_of(router, request, i, span_of(rule->host.text[entry])));
    }
    return SAID_NOTHING;
}

enum said route_ask_rules_before(struct route_query *query)
{
    return ask(query, CONFIG_WHEN_BEFORE);
}

enum said route_ask_rules_after(struct route_query *query)
{
    return ask(query, CONFIG_WHEN_AFTER);
}
