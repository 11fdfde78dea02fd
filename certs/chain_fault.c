/*
 * chain_fault: which certificate is at fault, and what to do next.
 */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "certs/chain_internal.h"
#include "certs/text.h"

enum { NAMES_LIMIT = 5 };

/* ---- the names that a server's certificate is for ---- */

static char *general_name(const GENERAL_NAME *name)
{
    struct span text = {NULL, 0};

    if (name->type == GEN_DNS)
        text = (struct span){(const char *)ASN1_STRING_get0_data(name->d.dNSName),
                             (size_t)ASN1_STRING_length(name->d.dNSName)};
    return text.len > 0 ? text_clean(text) : NULL;
}

/* "a.test, b.test ..."; the subject where there is none. NULL: no memory. */
static char *names_of(const struct cert *cert)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
    size_t count = 0;
    char *names = NULL;
    struct buf text;

    buf_init(&text, 4096);
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && count <= NAMES_LIMIT; i++) {
        char *name = general_name(sk_GENERAL_NAME_value(all, i));

        if (name == NULL)
            continue;
        if (count < NAMES_LIMIT)
            (void)buf_printf(&text, "%s%s", count > 0 ? ", " : "", name);
        else
            (void)buf_append_text(&text, ", ...");
        count++;
        free(name);
    }
    names = count > 0 ? span_dup(buf_span(&text)) : strdup(cert->subject);
    buf_clear(&text);
    GENERAL_NAMES_free(all);
    return names;
}

/* ---- one function for each kind of fault ---- */

struct blame {
    struct chain *chain;
    const struct chain_options *options;
    const struct chain_verdict *verdict;
    const struct cert *cert; /* at fault; the server's if OpenSSL named none of ours */
    char who[2 * TEXT_LIMIT];
};

static void say(struct blame *b, char *fault, char *next)
{
    b->chain->fault = fault;
    b->chain->next = next;
}

static void blame_expired(struct blame *b)
{
    char date[CERT_DATE];

    say(b,
        chain_format("%s expired on %s", b->who, cert_date(b->cert->not_after, date)),
        b->cert->ca
            ? chain_format("import the one that took its place: ccgate ca import FILE, "
                           "then ccgate ca build")
            : chain_format("only those who run the server can renew it or, if the "
                           "connection is inspected, those who run the proxy"));
}

static void blame_not_yet(struct blame *b)
{
    char date[CERT_DATE], today[CERT_DATE];

    say(b,
        chain_format("%s does not count before %s", b->who,
                     cert_date(b->cert->not_before, date)),
        chain_format("look at the clock of this machine, which says %s",
                     cert_date(b->options->now, today)));
}

static char *next_missing(const struct chain *chain)
{
    if (chain->namesake != NULL)
        return chain_format(
            "a CA of that name is held with another key (SHA-256 %s), so that it was "
            "probably replaced: get the new one from those who run the proxy and import "
            "it: ccgate ca import FILE, then ccgate ca build; keep the old one until no "
            "host shows it",
            chain->namesake->fingerprint);
    if (chain->missing_url != NULL)
        return chain_format(
            "the server leaves it out and says that it is at %s: get it, compare its "
            "fingerprint with what those who run the proxy say, and import it: ccgate ca "
            "import FILE, then ccgate ca build",
            chain->missing_url);
    return chain_format("get it from those who run the proxy and import it: ccgate ca "
                        "import FILE, then ccgate ca build");
}

static void blame_missing(struct blame *b)
{
    const struct chain *chain = b->chain;

    /* All is there, but what is at its end is not trusted. */
    if (chain->missing == NULL)
        say(b, chain_format("%s ends the chain and is not trusted", b->who),
            chain_format("import its CA: ccgate ca import FILE"));
    else
        say(b,
            chain_format("%s was issued by %s, which is missing", b->who,
                         chain->missing),
            next_missing(chain));
}

static void blame_untrusted(struct blame *b)
{
    const struct cert *top = b->chain->steps[b->chain->step_count - 1].cert;

    say(b, chain_format("the chain ends in %s, which is not trusted", top->subject),
        chain_format(
            "if those who run the proxy name the same fingerprint (SHA-256 %s), "
            "import it: ccgate ca import FILE, then ccgate ca build",
            top->fingerprint));
}

static void blame_self_signed(struct blame *b)
{
    say(b, chain_format("%s is signed by itself, not by a CA", b->who),
        chain_format("the server needs a certificate by a CA; ask those who run it"));
}

static void blame_host(struct blame *b)
{
    char *names = names_of(b->chain->steps[0].cert);

    if (names != NULL)
        say(b,
            chain_format("%s is for %s, not for %s", b->who, names, b->options->host),
            chain_format(
                "use a name that it is for; if it is that of the proxy or of a "
                "page for logging in, the connection did not get further"));
    free(names);
}

static void blame_weak(struct blame *b)
{
    bool key = (b->cert->flaws & CERT_WEAK_KEY) != 0;

    say(b,
        key ? chain_format("%s has a short key (%s, %d bits)", b->who, b->cert->key,
                           b->cert->key_bits)
            : chain_format("%s is signed with a weak hash (%s)", b->who,
                           b->cert->signature),
        chain_format("ask those who run the %s for one with %s",
                     b->cert->ca ? "CA" : "server",
                     key ? "2048 bits or more" : "SHA-256"));
}

static void blame_purpose(struct blame *b)
{
    say(b, chain_format("%s is not meant for that: %s", b->who, b->verdict->error),
        chain_format("ask those who run the %s for a certificate that is",
                     b->cert->ca ? "CA" : "server"));
}

static void blame_other(struct blame *b)
{
    say(b, chain_format("%s: %s (%d)", b->who, b->verdict->error, b->verdict->code),
        chain_format("ask those who run the server or, if the connection is inspected, "
                     "those who run the proxy"));
}

static const struct {
    int code;
    void (*say)(struct blame *b);
} KINDS[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, blame_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, blame_not_yet},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, blame_missing},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, blame_missing},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, blame_missing},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, blame_untrusted},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, blame_self_signed},
    {X509_V_ERR_HOSTNAME_MISMATCH, blame_host},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, blame_host},
    {X509_V_ERR_EE_KEY_TOO_SMALL, blame_weak},
    {X509_V_ERR_CA_KEY_TOO_SMALL, blame_weak},
    {X509_V_ERR_CA_MD_TOO_WEAK, blame_weak},
    {X509_V_ERR_INVALID_PURPOSE, blame_purpose},
    {X509_V_ERR_INVALID_CA, blame_purpose},
    {X509_V_ERR_CERT_UNTRUSTED, blame_purpose},
};

bool chain_blame(struct chain *chain, const struct chain_options *options)
{
    const struct chain_verdict *verdict = &chain->verdicts[CHAIN_DEFAULT];
    struct blame b = {.chain = chain, .options = options, .verdict = verdict};
    void (*kind)(struct blame *) = blame_other;

    if (verdict->code == X509_V_OK)
        return true;
    b.cert = verdict->cert != NULL ? verdict->cert : chain->steps[0].cert;
    if (verdict->number > 0)
        snprintf(b.who, sizeof(b.who), "certificate %zu (%s)", verdict->number,
                 b.cert->name);
    else
        snprintf(b.who, sizeof(b.who), "the certificate of %s", b.cert->name);
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
        if (KINDS[i].code == verdict->code)
            kind = KINDS[i].say;
    /* A CA that is looked at for itself is no server. */
    if (kind == blame_self_signed && b.cert->ca)
        kind = blame_untrusted;
    kind(&b);
    return chain->fault != NULL && chain->next != NULL;
}
