/*
 * chain_inspect: the signs that somebody inspects the connection. No single one is a
 * proof, so that they are weighed.
 */
#include "certs/chain_internal.h"
#include "certs/vendors.h"

enum { STRONG = 2, SUPPORTING = 1, LIKELY = 4, POSSIBLE = 2 };

struct scale {
    struct chain *chain;
    int weight;
    bool no_memory;
};

/* Takes the reason over. */
static void put(struct scale *scale, int weight, char *reason)
{
    if (reason == NULL)
        scale->no_memory = true;
    else
        scale->chain->reasons[scale->chain->reason_count++] = reason;
    scale->weight += weight;
}

bool chain_is_public(const struct chain *chain)
{
    for (size_t i = 0; i < chain->step_count; i++)
        if (chain->steps[i].public_root)
            return true;
    return false;
}

static void weigh_top(struct scale *scale)
{
    const struct chain *chain = scale->chain;
    const struct chain_step *last = &chain->steps[chain->step_count - 1];

    if (!chain->complete)
        put(scale, STRONG,
            chain_format("the issuer at its end is not among the public roots: %s",
                         chain->missing));
    else
        put(scale, STRONG,
            chain_format("it ends in %s, which is no public root",
                         last->cert->subject));
}

static const char *find_vendor(const struct chain *chain)
{
    const char *vendor = NULL;

    for (size_t i = 0; i < chain->step_count && vendor == NULL; i++)
        vendor = vendor_of(chain->steps[i].cert);
    return vendor;
}

bool chain_inspect(struct chain *chain, const struct chain_options *options)
{
    struct scale scale = {.chain = chain};
    bool public = chain_is_public(chain);

    if (options->authority)
        return true;
    if (!public)
        weigh_top(&scale);
    if (!public && options->other_host != NULL)
        put(&scale, STRONG,
            chain_format("the chain of %s, another host, ends there, too",
                         options->other_host));
    chain->vendor = find_vendor(chain);
    if (chain->vendor != NULL)
        put(&scale, SUPPORTING,
            chain_format("its names are those of %s", chain->vendor));
    if (!cert_has_scts(chain->steps[0].cert))
        put(&scale, SUPPORTING,
            chain_format(
                "the server's certificate has no SCTs, which public ones have"));
    if (options->http1_only)
        put(&scale, SUPPORTING, chain_format("the server offers no HTTP/2"));
    if (scale.weight >= LIKELY)
        chain->inspection = CHAIN_INSPECTED;
    else if (scale.weight >= POSSIBLE)
        chain->inspection = CHAIN_MAYBE_INSPECTED;
    return !scale.no_memory;
}
