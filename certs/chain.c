/*
 * chain: the way up from the server's certificate. See chain.h.
 */
#include "certs/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/chain_internal.h"
#include "certs/public_roots.h"

enum { FORMAT_LIMIT = 8192 };

char *chain_format(const char *format, ...)
{
    char text[FORMAT_LIMIT];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return strdup(text);
}

const char *chain_mode_name(enum chain_mode mode)
{
    static const char *const NAMES[] = {
        [CHAIN_DEFAULT] = "default",
        [CHAIN_PARTIAL] = "partial",
        [CHAIN_STRICT] = "strict",
        [CHAIN_STRICT_PARTIAL] = "strict+partial",
    };

    return NAMES[mode];
}

const char *chain_place_name(enum chain_place place)
{
    static const char *const NAMES[] = {
        [CHAIN_SHOWN] = "shown",
        [CHAIN_HELD] = "held",
        [CHAIN_SYSTEM] = "system",
    };

    return NAMES[place];
}

const char *chain_inspection_name(enum chain_inspection inspection)
{
    static const char *const NAMES[] = {
        [CHAIN_NOT_INSPECTED] = "no sign of it",
        [CHAIN_MAYBE_INSPECTED] = "possible",
        [CHAIN_INSPECTED] = "likely",
    };

    return NAMES[inspection];
}

/* ---- the steps ---- */

static bool is_step(const struct chain *chain, const struct cert *cert)
{
    for (size_t i = 0; i < chain->step_count; i++)
        if (cert_same(chain->steps[i].cert, cert))
            return true;
    return false;
}

/* The first of a bundle that has issued it and is no step yet, or NULL. */
static const struct bundle_entry *issuer_in(const struct chain *chain,
                                            const struct bundle *bundle,
                                            const struct cert *cert, bool roots_only)
{
    for (size_t i = 0; bundle != NULL && i < bundle->count; i++) {
        const struct cert *candidate = bundle->entries[i].cert;

        if ((candidate->self_signed || !roots_only) && cert_issued(candidate, cert) &&
            !is_step(chain, candidate))
            return &bundle->entries[i];
    }
    return NULL;
}

static void add_step(struct chain *chain, const struct cert *cert,
                     enum chain_place place)
{
    size_t shown = bundle_find(chain->shown, cert);

    chain->steps[chain->step_count++] = (struct chain_step){
        .cert = cert,
        .place = place,
        .number = shown < chain->shown->count ? shown + 1 : 0,
        .public_root = public_root(cert),
    };
}

/* What is trusted goes first, as with OpenSSL, and the shorter way before others. */
static bool climb(struct chain *chain, const struct chain_options *options,
                  const struct cert *cert)
{
    const struct {
        const struct bundle *bundle;
        enum chain_place place;
        bool roots_only;
    } sources[] = {
        {options->corporate, CHAIN_HELD, true},  {options->roots, CHAIN_SYSTEM, true},
        {options->corporate, CHAIN_HELD, false}, {options->roots, CHAIN_SYSTEM, false},
        {chain->shown, CHAIN_SHOWN, false},
    };

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        const struct bundle_entry *issuer =
            issuer_in(chain, sources[i].bundle, cert, sources[i].roots_only);

        if (issuer == NULL)
            continue;
        add_step(chain, issuer->cert, sources[i].place);
        return true;
    }
    return false;
}

static void find_steps(struct chain *chain, const struct chain_options *options)
{
    const struct cert *last = chain->shown->entries[0].cert;

    add_step(chain, last, CHAIN_SHOWN);
    while (!last->self_signed && chain->step_count < CHAIN_STEPS &&
           climb(chain, options, last))
        last = chain->steps[chain->step_count - 1].cert;
    chain->complete = last->self_signed;
}

/* RFC 5246 section 7.4.2: each certifies the one before it. */
static void find_misplaced(struct chain *chain)
{
    for (size_t i = 1; i < chain->shown->count && chain->misplaced == 0; i++)
        if (!cert_issued(chain->shown->entries[i].cert,
                         chain->shown->entries[i - 1].cert))
            chain->misplaced = i + 1;
}

/* ---- what is missing ---- */

/* One that has the name of the issuer, but did not sign. */
static const struct cert *namesake_in(const struct bundle *bundle,
                                      const struct cert *cert)
{
    const X509_NAME *name = X509_get_issuer_name(cert->x509);

    for (size_t i = 0; bundle != NULL && i < bundle->count; i++)
        if (X509_NAME_cmp(X509_get_subject_name(bundle->entries[i].cert->x509), name) ==
            0)
            return bundle->entries[i].cert;
    return NULL;
}

static bool find_missing(struct chain *chain, const struct chain_options *options)
{
    const struct cert *last = chain->steps[chain->step_count - 1].cert;

    if (chain->complete)
        return true;
    chain->missing = strdup(last->issuer);
    chain->missing_url = cert_issuer_url(last);
    chain->namesake = namesake_in(options->corporate, last);
    if (chain->namesake == NULL)
        chain->namesake = namesake_in(options->roots, last);
    return chain->missing != NULL;
}

/* ---- the whole ---- */

struct chain *chain_new(const struct chain_options *options)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    if (chain == NULL)
        return NULL;
    chain->shown = options->shown;
    find_steps(chain, options);
    find_misplaced(chain);
    if (find_missing(chain, options) && chain_verify(chain, options) &&
        chain_blame(chain, options) && chain_inspect(chain, options))
        return chain;
    chain_free(chain);
    return NULL;
}

void chain_free(struct chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->reason_count; i++)
        free(chain->reasons[i]);
    free(chain->missing);
    free(chain->missing_url);
    free(chain->fault);
    free(chain->next);
    free(chain);
}

bool chain_same_top(const struct chain *a, const struct chain *b)
{
    const struct cert *first = a->steps[a->step_count - 1].cert;
    const struct cert *second = b->steps[b->step_count - 1].cert;

    if (a->complete != b->complete)
        return false;
    if (a->complete)
        return cert_same(first, second);
    /* The same name is not enough where the issuer itself is not shown. */
    return cert_same(first, second) && first->ca;
}
