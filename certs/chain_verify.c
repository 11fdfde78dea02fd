/*
 * chain_verify: OpenSSL's verification under each set of rules. See chain.h.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "certs/chain_internal.h"

enum { SECURITY_LEVEL = 2 }; /* what distributions set for TLS */

static const struct {
    unsigned long flags;
} RULES[CHAIN_MODES] = {
    [CHAIN_DEFAULT] = {0},
    [CHAIN_PARTIAL] = {X509_V_FLAG_PARTIAL_CHAIN},
    [CHAIN_STRICT] = {X509_V_FLAG_X509_STRICT},
    [CHAIN_STRICT_PARTIAL] = {X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN},
};

/* What is tried, for all modes. */
struct trial {
    struct chain *chain;
    const struct chain_options *options;
    X509_STORE *store;
    STACK_OF(X509) * shown; /* all but the first */
};

static bool store_add(X509_STORE *store, const struct bundle *bundle)
{
    for (size_t i = 0; bundle != NULL && i < bundle->count; i++)
        if (X509_STORE_add_cert(store, bundle->entries[i].cert->x509) != 1)
            return false;
    return true;
}

static bool shown_add(STACK_OF(X509) * stack, const struct bundle *shown)
{
    for (size_t i = 1; i < shown->count; i++)
        if (sk_X509_push(stack, shown->entries[i].cert->x509) == 0)
            return false;
    return true;
}

/* A host that is neither an address nor a name that fits is one that is not shown. */
static bool set_host(X509_VERIFY_PARAM *param, const char *host)
{
    if (host == NULL || X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

static bool set_rules(X509_STORE_CTX *ctx, const struct chain_options *options,
                      enum chain_mode mode)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_time(param, (time_t)options->now);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    return X509_VERIFY_PARAM_set_flags(param, RULES[mode].flags) == 1 &&
           X509_VERIFY_PARAM_set_purpose(param, options->authority
                                                    ? X509_PURPOSE_ANY
                                                    : X509_PURPOSE_SSL_SERVER) == 1 &&
           set_host(param, options->host);
}

/* The one of ours that OpenSSL speaks of. */
static const struct cert *ours(const struct chain *chain, X509 *x509, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < chain->shown->count; i++)
        if (X509_cmp(chain->shown->entries[i].cert->x509, x509) == 0) {
            *number = i + 1;
            return chain->shown->entries[i].cert;
        }
    for (size_t i = 0; i < chain->step_count; i++)
        if (X509_cmp(chain->steps[i].cert->x509, x509) == 0)
            return chain->steps[i].cert;
    return NULL;
}

static void judge(const struct trial *trial, X509_STORE_CTX *ctx,
                  struct chain_verdict *verdict)
{
    int result = X509_verify_cert(ctx);
    X509 *current;

    *verdict = (struct chain_verdict){.code = X509_V_OK, .error = "ok"};
    if (result == 1)
        return;
    verdict->code = X509_STORE_CTX_get_error(ctx);
    if (verdict->code == X509_V_OK)
        verdict->code = X509_V_ERR_UNSPECIFIED;
    verdict->error = X509_verify_cert_error_string(verdict->code);
    verdict->depth = X509_STORE_CTX_get_error_depth(ctx);
    current = X509_STORE_CTX_get_current_cert(ctx);
    if (current != NULL)
        verdict->cert = ours(trial->chain, current, &verdict->number);
}

/*
 * OpenSSL asks of a CA what strict verification asks only where something stands below
 * it. An anchor is a part of the chain; with partial chains, this one is the anchor.
 */
static void judge_authority(const struct chain *chain, enum chain_mode mode,
                            struct chain_verdict *verdict)
{
    static const struct {
        unsigned flaw;
        int code;
    } CODES[] = {
        {CERT_SOFT_CONSTRAINTS, X509_V_ERR_CA_BCONS_NOT_CRITICAL},
        {CERT_NO_KEY_USAGE, X509_V_ERR_CA_CERT_MISSING_KEY_USAGE},
        {CERT_NO_SUBJECT_KEY_ID, X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER},
        {CERT_NO_ISSUER_KEY_ID, X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER},
    };
    size_t steps = mode == CHAIN_STRICT ? chain->step_count : 1;

    for (size_t i = 0; i < steps; i++)
        for (size_t j = 0; j < sizeof(CODES) / sizeof(CODES[0]); j++) {
            if ((chain->steps[i].cert->flaws & CODES[j].flaw) == 0)
                continue;
            *verdict = (struct chain_verdict){
                .code = CODES[j].code,
                .error = X509_verify_cert_error_string(CODES[j].code),
                .depth = (int)i,
                .cert = chain->steps[i].cert,
                .number = chain->steps[i].number,
            };
            return;
        }
}

static bool try_mode(const struct trial *trial, enum chain_mode mode)
{
    struct chain_verdict *verdict = &trial->chain->verdicts[mode];
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool good = ctx != NULL &&
                X509_STORE_CTX_init(ctx, trial->store,
                                    trial->chain->shown->entries[0].cert->x509,
                                    trial->shown) == 1 &&
                set_rules(ctx, trial->options, mode);

    if (good)
        judge(trial, ctx, verdict);
    if (good && trial->options->authority && verdict->code == X509_V_OK &&
        (RULES[mode].flags & X509_V_FLAG_X509_STRICT) != 0)
        judge_authority(trial->chain, mode, verdict);
    X509_STORE_CTX_free(ctx);
    return good;
}

bool chain_verify(struct chain *chain, const struct chain_options *options)
{
    struct trial trial = {
        .chain = chain,
        .options = options,
        .store = X509_STORE_new(),
        .shown = sk_X509_new_null(),
    };
    bool good = trial.store != NULL && trial.shown != NULL &&
                store_add(trial.store, options->roots) &&
                store_add(trial.store, options->corporate) &&
                shown_add(trial.shown, chain->shown);

    for (int mode = 0; good && mode < CHAIN_MODES; mode++)
        good = try_mode(&trial, (enum chain_mode)mode);
    sk_X509_free(trial.shown);
    X509_STORE_free(trial.store);
    ERR_clear_error();
    return good;
}
