/*
 * agreement: see agreement.h.
 */
#include "ca/agreement.h"

#include <string.h>

#include "base/span.h"

static bool is_candidate(const struct chain *chain)
{
    return chain != NULL && !chain_is_public(chain);
}

static bool is_pinned(const struct chain *chain, const unsigned char *pin)
{
    return pin != NULL && memcmp(chain->steps[chain->step_count - 1].cert->sha256, pin,
                                 CERT_HASH) == 0;
}

bool agreement_has(const struct agreement *agreement, struct chain *const *chains,
                   size_t host)
{
    return agreement->count > 0 && is_candidate(chains[host]) &&
           (host == agreement->first ||
            chain_same_top(chains[agreement->first], chains[host]));
}

bool agreement_is_same_host(const char *a, const char *b)
{
    struct span left = span_of(a), right = span_of(b);

    left.len -= left.len > 0 && left.at[left.len - 1] == '.';
    right.len -= right.len > 0 && right.at[right.len - 1] == '.';
    return span_equal(left, right);
}

/* Whether one before it has the same name, and agrees. */
static bool is_repeated(const struct agreement *agreement, const char *const *names,
                        struct chain *const *chains, size_t host)
{
    for (size_t i = 0; i < host; i++)
        if (agreement_is_same_host(names[i], names[host]) &&
            agreement_has(agreement, chains, i))
            return true;
    return false;
}

static struct agreement around(const char *const *names, struct chain *const *chains,
                               size_t count, size_t first)
{
    struct agreement agreement = {.first = first, .count = 1};
    size_t different = 0;

    for (size_t i = 0; i < count; i++)
        if (agreement_has(&agreement, chains, i) &&
            !is_repeated(&agreement, names, chains, i))
            different++;
    agreement.count = different;
    return agreement;
}

struct agreement agreement_of(const char *const *names, struct chain *const *chains,
                              size_t count, const unsigned char *pin)
{
    struct agreement best = {.count = 0};

    for (size_t i = 0; i < count; i++) {
        struct agreement other;

        if (!is_candidate(chains[i]) || agreement_has(&best, chains, i))
            continue;
        other = around(names, chains, count, i);
        if (is_pinned(chains[i], pin))
            return other;
        if (other.count > best.count)
            best = other;
        else if (other.count == best.count)
            best.tie = true;
    }
    return best;
}
