/*
 * json: see json.h.
 */
#include "certs/json.h"

#include <stdlib.h>

#include "certs/text.h"

/* The name of a file may be any bytes. */
static json_t *text_or_null(const char *text)
{
    json_t *string = text != NULL ? json_string(text) : json_null();
    char *clean;

    if (string != NULL)
        return string;
    clean = text_clean(span_of(text));
    string = clean != NULL ? json_string(clean) : NULL;
    free(clean);
    return string;
}

static json_t *flaws_json(unsigned flaws)
{
    static const struct {
        unsigned flaw;
        const char *name;
    } NAMES[] = {
        {CERT_WEAK_KEY, "weak-key"},
        {CERT_WEAK_SIGNATURE, "weak-signature"},
        {CERT_NO_KEY_USAGE, "no-key-usage"},
        {CERT_NO_SUBJECT_KEY_ID, "no-subject-key-id"},
        {CERT_NO_ISSUER_KEY_ID, "no-issuer-key-id"},
        {CERT_SOFT_CONSTRAINTS, "soft-basic-constraints"},
        {CERT_NOT_FOR_SERVERS, "not-for-servers"},
    };
    json_t *array = json_array();

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if ((flaws & NAMES[i].flaw) != 0)
            json_array_append_new(array, json_string(NAMES[i].name));
    return array;
}

json_t *cert_json(const struct cert *cert, int64_t now)
{
    char from[CERT_DATE], until[CERT_DATE];

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:i, s:s, s:b, s:b, s:o}", "subject",
        cert->subject, "issuer", cert->issuer, "sha256", cert->fingerprint,
        "not_before", cert_date(cert->not_before, from), "not_after",
        cert_date(cert->not_after, until), "days_left",
        (json_int_t)cert_days_left(cert, now), "expiry",
        cert_expiry_name(cert_expiry(cert, now)), "key", cert->key, "key_bits",
        cert->key_bits, "signature", cert->signature, "ca", cert->ca, "self_signed",
        cert->self_signed, "flaws", flaws_json(cert->flaws));
}

json_t *bundle_problems_json(const struct bundle *bundle)
{
    json_t *array = json_array();

    for (size_t i = 0; i < bundle->problem_count; i++) {
        const struct bundle_problem *problem = &bundle->problems[i];

        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:o, s:I, s:o}", "fault",
                                        bundle_fault_name(problem->fault), "weight",
                                        bundle_weight_name(problem->weight), "file",
                                        text_or_null(problem->file), "certificate",
                                        (json_int_t)problem->number, "text",
                                        text_or_null(problem->text)));
    }
    return array;
}

/* ---- a chain ---- */

static json_t *shown_json(const struct chain *chain, int64_t now)
{
    json_t *array = json_array();

    for (size_t i = 0; i < chain->shown->count; i++)
        json_array_append_new(array, cert_json(chain->shown->entries[i].cert, now));
    return array;
}

static json_t *steps_json(const struct chain *chain)
{
    json_t *array = json_array();

    for (size_t i = 0; i < chain->step_count; i++) {
        const struct chain_step *step = &chain->steps[i];

        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:I, s:b}", "subject",
                                               step->cert->subject, "sha256",
                                               step->cert->fingerprint, "place",
                                               chain_place_name(step->place), "shown",
                                               (json_int_t)step->number, "public_root",
                                               step->public_root));
    }
    return array;
}

static json_t *verdicts_json(const struct chain *chain)
{
    json_t *object = json_object();

    for (int mode = 0; mode < CHAIN_MODES; mode++) {
        const struct chain_verdict *verdict = &chain->verdicts[mode];

        json_object_set_new(
            object, chain_mode_name((enum chain_mode)mode),
            json_pack(
                "{s:b, s:i, s:s, s:i, s:o}", "ok", verdict->code == X509_V_OK, "code",
                verdict->code, "error", verdict->error, "depth", verdict->depth, "at",
                text_or_null(verdict->cert != NULL ? verdict->cert->subject : NULL)));
    }
    return object;
}

static json_t *inspection_json(const struct chain *chain)
{
    static const char *const WORDS[] = {
        [CHAIN_NOT_INSPECTED] = "no",
        [CHAIN_MAYBE_INSPECTED] = "possible",
        [CHAIN_INSPECTED] = "likely",
    };
    json_t *reasons = json_array();

    for (size_t i = 0; i < chain->reason_count; i++)
        json_array_append_new(reasons, json_string(chain->reasons[i]));
    return json_pack("{s:s, s:o, s:o}", "verdict", WORDS[chain->inspection], "vendor",
                     text_or_null(chain->vendor), "reasons", reasons);
}

json_t *chain_json(const struct chain *chain, int64_t now)
{
    return json_pack(
        "{s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "certificates",
        shown_json(chain, now), "way", steps_json(chain), "complete", chain->complete,
        "misplaced", (json_int_t)chain->misplaced, "missing",
        text_or_null(chain->missing), "missing_url", text_or_null(chain->missing_url),
        "namesake",
        text_or_null(chain->namesake != NULL ? chain->namesake->fingerprint : NULL),
        "verification", verdicts_json(chain), "inspection", inspection_json(chain),
        "fault", text_or_null(chain->fault), "next", text_or_null(chain->next));
}
