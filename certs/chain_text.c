/*
 * chain_text: a chain as people read it.
 */
#include <stdlib.h>

#include "certs/chain.h"

/* What is appended, until something fails. */
struct writer {
    struct buf *out;
    int error;
};

#define PUT(w, ...)                                                                    \
    do {                                                                               \
        if ((w)->error == 0)                                                           \
            (w)->error = buf_printf((w)->out, __VA_ARGS__);                            \
    } while (0)

int cert_text(const struct cert *cert, int64_t now, struct buf *out)
{
    enum cert_expiry expiry = cert_expiry(cert, now);
    struct writer w = {.out = out};
    char from[CERT_DATE], until[CERT_DATE];

    PUT(&w, "  subject     %s\n", cert->subject);
    PUT(&w, "  issuer      %s\n", cert->self_signed ? "itself" : cert->issuer);
    PUT(&w, "  valid       %s to %s", cert_date(cert->not_before, from),
        cert_date(cert->not_after, until));
    if (expiry == CERT_EXPIRED || expiry == CERT_NOT_YET)
        PUT(&w, ": %s\n", expiry == CERT_EXPIRED ? "EXPIRED" : "NOT YET");
    else
        PUT(&w, ", %lld days left%s\n", (long long)cert_days_left(cert, now),
            expiry == CERT_FINE ? "" : " ONLY");
    PUT(&w, "  sha-256     %s\n", cert->fingerprint);
    PUT(&w, "  key         %s, %d bits; signed with %s\n", cert->key, cert->key_bits,
        cert->signature);
    if (cert->flaws != 0) {
        PUT(&w, "  flaws       ");
        if (w.error == 0)
            w.error = cert_flaws(cert->flaws, out);
        PUT(&w, "\n");
    }
    return w.error;
}

static void put_shown(struct writer *w, const struct chain *chain, int64_t now)
{
    for (size_t i = 0; i < chain->shown->count; i++) {
        PUT(w, "certificate %zu\n", i + 1);
        if (w->error == 0)
            w->error = cert_text(chain->shown->entries[i].cert, now, w->out);
    }
}

static void put_way(struct writer *w, const struct chain *chain)
{
    PUT(w, "the way up\n");
    for (size_t i = 0; i < chain->step_count; i++) {
        const struct chain_step *step = &chain->steps[i];

        PUT(w, "  %-11s %s%s\n", chain_place_name(step->place), step->cert->name,
            step->public_root ? " (a public root)" : "");
    }
    if (chain->missing != NULL)
        PUT(w, "  %-11s %s\n", "MISSING", chain->missing);
    if (chain->misplaced != 0)
        PUT(w, "  %-11s certificate %zu did not issue the one before it\n",
            "out of place", chain->misplaced);
}

static void put_verdicts(struct writer *w, const struct chain *chain)
{
    PUT(w, "verification\n");
    for (int mode = 0; mode < CHAIN_MODES; mode++) {
        const struct chain_verdict *verdict = &chain->verdicts[mode];

        PUT(w, "  %-14s ", chain_mode_name((enum chain_mode)mode));
        if (verdict->code == X509_V_OK)
            PUT(w, "ok\n");
        else if (verdict->cert != NULL)
            PUT(w, "FAILS at %s: %s (%d)\n", verdict->cert->name, verdict->error,
                verdict->code);
        else
            PUT(w, "FAILS: %s (%d)\n", verdict->error, verdict->code);
    }
}

int chain_text(const struct chain *chain, int64_t now, struct buf *out)
{
    struct writer w = {.out = out};

    put_shown(&w, chain, now);
    put_way(&w, chain);
    put_verdicts(&w, chain);
    if (chain->reason_count > 0)
        PUT(&w, "inspection    %s\n", chain_inspection_name(chain->inspection));
    for (size_t i = 0; i < chain->reason_count; i++)
        PUT(&w, "  because %s\n", chain->reasons[i]);
    if (chain->fault != NULL)
        PUT(&w, "fault         %s\nnext          %s\n", chain->fault, chain->next);
    return w.error;
}
