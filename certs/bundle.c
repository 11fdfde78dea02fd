/*
 * bundle: the set, its problems, and what is vetted. See bundle.h.
 */
#include "certs/bundle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/bundle_internal.h"

enum { GROWTH = 32, TEXT_ROOM = 2048 };

static const struct fault_info {
    const char *name;
    enum bundle_weight weight;
    const char *fix; /* what to do about it */
} FAULTS[] = {
    [BUNDLE_UNREADABLE] = {"unreadable", BUNDLE_ERROR,
                           "let this user read it, or take it away"},
    [BUNDLE_NO_FILE] = {"no-file", BUNDLE_ERROR, "name a file"},
    [BUNDLE_TOO_LARGE] = {"too-large", BUNDLE_ERROR,
                          "keep only the certificates of the company in it"},
    [BUNDLE_EMPTY] = {"empty", BUNDLE_ERROR, "export the certificate again"},
    [BUNDLE_HTML] = {"html", BUNDLE_ERROR,
                     "a page for logging in was probably saved in its place: download "
                     "the certificate again"},
    [BUNDLE_UTF16] = {"utf-16", BUNDLE_ERROR, "save it as ASCII or UTF-8"},
    [BUNDLE_PRIVATE_KEY] = {"private-key", BUNDLE_ERROR,
                            "make a file of the certificates alone, with openssl x509 "
                            "-in FILE -out ca.pem for the first of them, and keep the "
                            "key where nobody else can read it"},
    [BUNDLE_PKCS12] = {"pkcs12", BUNDLE_ERROR,
                       "take the certificates out of it: openssl pkcs12 -in FILE "
                       "-nokeys -out ca.pem"},
    [BUNDLE_NO_CERTIFICATE] = {"no-certificate", BUNDLE_ERROR,
                               "a PEM file has the line -----BEGIN CERTIFICATE-----; "
                               "DER and PKCS#7 are read, too"},
    [BUNDLE_TOO_MANY] = {"too-many", BUNDLE_ERROR,
                         "keep only the certificates of the company in it"},
    [BUNDLE_UNSAFE] =
        {"unsafe", BUNDLE_ERROR,
         "it must belong to this user or root, and only they may write to "
         "it (chmod go-w)"},
    [BUNDLE_BROKEN] = {"broken", BUNDLE_ERROR, "export it again"},
    [BUNDLE_LEAF] = {"leaf", BUNDLE_ERROR,
                     "name the certificate of the CA that issued it"},
    [BUNDLE_EXPIRED] = {"expired", BUNDLE_ERROR, "ask for the one that took its place"},
    [BUNDLE_DUPLICATE] = {"duplicate", BUNDLE_NOTE, "once is enough"},
    [BUNDLE_NOT_YET] = {"not-yet", BUNDLE_WARNING, "look at the clock of this machine"},
    [BUNDLE_WEAK_KEY] =
        {"weak-key", BUNDLE_WARNING,
         "OpenSSL refuses it at security level 2, the usual one: ask for "
         "a CA with 2048 bits or more"},
    [BUNDLE_WEAK_SIGNATURE] = {"weak-signature", BUNDLE_WARNING,
                               "OpenSSL refuses it: ask for one signed with SHA-256"},
    [BUNDLE_NOT_STRICT] = {"not-strict", BUNDLE_WARNING,
                           "Python from 3.13 on refuses a chain that ends in it: hold "
                           "the CA below it, too, or ask for one made by RFC 5280"},
    [BUNDLE_NOT_FOR_SERVERS] =
        {"not-for-servers", BUNDLE_WARNING,
         "servers' certificates by it are refused: ask for the CA "
         "that is meant for servers"},
    [BUNDLE_NO_ISSUER] =
        {"no-issuer", BUNDLE_WARNING,
         "Node, Claude Code and Python up to 3.12 need the whole chain: "
         "import that certificate, too"},
    [BUNDLE_GLUED] = {"glued", BUNDLE_NOTE,
                      "curl, Python and Claude Code refuse such a file; what ccgate "
                      "builds has a line of its own for each"},
    [BUNDLE_CR_LF] = {"cr-lf", BUNDLE_NOTE, "what ccgate builds has LF"},
    [BUNDLE_MARK] = {"byte-order-mark", BUNDLE_NOTE,
                     "Claude Code ignores such a file; what ccgate builds has none"},
    [BUNDLE_NOT_PEM] = {"not-pem", BUNDLE_NOTE,
                        "most tools refuse such a file; what ccgate builds is PEM"},
    [BUNDLE_OTHER_BLOCK] = {"other-block", BUNDLE_NOTE, "it is left out"},
    [BUNDLE_TRUST_SETTINGS] = {"trust-settings", BUNDLE_NOTE, "they are left out"},
};

const char *bundle_fault_name(enum bundle_fault fault)
{
    return FAULTS[fault].name;
}

const char *bundle_weight_name(enum bundle_weight weight)
{
    static const char *const NAMES[] = {
        [BUNDLE_NOTE] = "note",
        [BUNDLE_WARNING] = "warning",
        [BUNDLE_ERROR] = "error",
    };

    return NAMES[weight];
}

/* ---- the set ---- */

void bundle_init(struct bundle *bundle, bool vet, int64_t now)
{
    *bundle = (struct bundle){.vet = vet, .now = now};
}

void bundle_clear(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->count; i++) {
        cert_free(bundle->entries[i].cert);
        free(bundle->entries[i].file);
    }
    for (size_t i = 0; i < bundle->problem_count; i++) {
        free(bundle->problems[i].file);
        free(bundle->problems[i].text);
    }
    free(bundle->entries);
    free(bundle->problems);
    bundle_init(bundle, bundle->vet, bundle->now);
}

/* Room for one more behind `count` of this size. NULL when memory is out. */
static void *grow(struct bundle *bundle, void *array, size_t count, size_t size)
{
    void *larger;

    if (count % GROWTH != 0)
        return array;
    larger = realloc(array, (count + GROWTH) * size);
    if (larger == NULL)
        bundle->no_memory = true;
    return larger;
}

size_t bundle_find(const struct bundle *bundle, const struct cert *cert)
{
    size_t i = 0;

    while (i < bundle->count && !cert_same(bundle->entries[i].cert, cert))
        i++;
    return i;
}

int bundle_worst(const struct bundle *bundle)
{
    int worst = -1;

    for (size_t i = 0; i < bundle->problem_count; i++)
        if ((int)bundle->problems[i].weight > worst)
            worst = (int)bundle->problems[i].weight;
    return worst;
}

/* Takes the certificate over in any case. */
static void add_entry(struct bundle *bundle, struct cert *cert, const char *file,
                      size_t number)
{
    struct bundle_entry *entries =
        grow(bundle, bundle->entries, bundle->count, sizeof(*entries));
    char *name = strdup(file);

    if (entries != NULL)
        bundle->entries = entries;
    if (entries == NULL || name == NULL) {
        bundle->no_memory = true;
        cert_free(cert);
        free(name);
        return;
    }
    entries[bundle->count++] =
        (struct bundle_entry){.cert = cert, .file = name, .number = number};
}

void bundle_take(struct bundle *bundle, const struct bundle_entry *entry)
{
    struct cert *cert;

    if (bundle_find(bundle, entry->cert) < bundle->count)
        return;
    cert = cert_new(entry->cert->x509);
    if (cert == NULL)
        bundle->no_memory = true;
    else
        add_entry(bundle, cert, entry->file, entry->number);
}

/* ---- problems ---- */

/* "FILE: certificate 2 (Corp Root): " */
static int put_place(struct buf *out, const char *file, size_t number,
                     const struct cert *cert)
{
    int error = buf_printf(out, "%s: ", file);

    if (error == 0 && number > 0)
        error = buf_printf(out, "certificate %zu", number);
    if (error == 0 && cert != NULL)
        error = buf_printf(out, " (%s)", cert->name);
    if (error == 0 && number > 0)
        error = buf_append_text(out, ": ");
    return error;
}

/* More than so many say nothing new about a file. */
static bool file_is_full(const struct bundle *bundle, const char *file)
{
    const struct bundle_problem *before;

    if (bundle->problem_count < BUNDLE_PROBLEM_LIMIT)
        return false;
    before = &bundle->problems[bundle->problem_count - BUNDLE_PROBLEM_LIMIT];
    return strcmp(before->file, file) == 0;
}

static void add_problem(struct bundle *bundle, struct bundle_problem problem)
{
    struct bundle_problem *problems =
        grow(bundle, bundle->problems, bundle->problem_count, sizeof(*problems));

    if (problems != NULL)
        bundle->problems = problems;
    if (problems != NULL && problem.file != NULL && problem.text != NULL) {
        problems[bundle->problem_count++] = problem;
        return;
    }
    bundle->no_memory = true;
    free(problem.file);
    free(problem.text);
}

void bundle_complain(struct bundle *bundle, enum bundle_fault fault, const char *file,
                     size_t number, const struct cert *cert, const char *format, ...)
{
    char what[TEXT_ROOM];
    va_list arguments;
    struct buf text;
    int error;

    if (file_is_full(bundle, file))
        return;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    buf_init(&text, 4 * TEXT_ROOM + strlen(file));
    error = put_place(&text, file, number, cert);
    if (error == 0)
        error = buf_printf(&text, "%s; %s", what, FAULTS[fault].fix);
    add_problem(bundle, (struct bundle_problem){
                            .fault = fault,
                            .weight = FAULTS[fault].weight,
                            .file = strdup(file),
                            .number = number,
                            .text = error == 0 ? span_dup(buf_span(&text)) : NULL,
                        });
    buf_clear(&text);
}

/* ---- vetting ---- */

/* Whether it may be trusted now. */
static bool is_usable(struct bundle *bundle, const struct cert *cert, const char *file,
                      size_t number)
{
    char date[CERT_DATE];

    if (!cert->ca) {
        bundle_complain(bundle, BUNDLE_LEAF, file, number, cert,
                        "is the certificate of a server or user, not of a CA; it was "
                        "issued by %s",
                        cert->self_signed ? "itself" : cert->issuer);
        return false;
    }
    if (cert->not_after < bundle->now) {
        bundle_complain(bundle, BUNDLE_EXPIRED, file, number, cert, "expired on %s",
                        cert_date(cert->not_after, date));
        return false;
    }
    return true;
}

static void judge(struct bundle *bundle, const struct cert *cert, const char *file,
                  size_t number)
{
    unsigned strict = cert->flaws & CERT_STRICT_FLAWS;
    char date[CERT_DATE], flaws[256];
    struct buf text;

    if (cert->not_before > bundle->now)
        bundle_complain(bundle, BUNDLE_NOT_YET, file, number, cert,
                        "does not count before %s", cert_date(cert->not_before, date));
    if ((cert->flaws & CERT_WEAK_KEY) != 0)
        bundle_complain(bundle, BUNDLE_WEAK_KEY, file, number, cert,
                        "has a short key (%s, %d bits)", cert->key, cert->key_bits);
    if ((cert->flaws & CERT_WEAK_SIGNATURE) != 0)
        bundle_complain(bundle, BUNDLE_WEAK_SIGNATURE, file, number, cert,
                        "is signed with a weak hash (%s)", cert->signature);
    if ((cert->flaws & CERT_NOT_FOR_SERVERS) != 0)
        bundle_complain(bundle, BUNDLE_NOT_FOR_SERVERS, file, number, cert,
                        "is a CA for other purposes than servers");
    if (strict == 0)
        return;
    buf_init(&text, sizeof(flaws) - 1);
    (void)cert_flaws(strict, &text);
    snprintf(flaws, sizeof(flaws), "%.*s", SPAN_ARG(buf_span(&text)));
    bundle_complain(bundle, BUNDLE_NOT_STRICT, file, number, cert,
                    "fails strict verification: %s", flaws);
    buf_clear(&text);
}

void bundle_put(struct bundle *bundle, X509 *x509, const char *file, size_t number)
{
    struct cert *cert;
    size_t same;

    if (bundle->count >= BUNDLE_CERT_LIMIT) {
        bundle_complain(bundle, BUNDLE_TOO_MANY, file, number, NULL,
                        "would be one of more than %d", BUNDLE_CERT_LIMIT);
        return;
    }
    cert = cert_new(x509);
    if (cert == NULL) {
        bundle->no_memory = true;
        return;
    }
    same = bundle_find(bundle, cert);
    if (same < bundle->count) {
        const struct bundle_entry *before = &bundle->entries[same];

        bundle_complain(bundle, BUNDLE_DUPLICATE, file, number, cert,
                        "is certificate %zu of %s again", before->number, before->file);
        cert_free(cert);
        return;
    }
    if (bundle->vet && !is_usable(bundle, cert, file, number)) {
        cert_free(cert);
        return;
    }
    if (bundle->vet)
        judge(bundle, cert, file, number);
    add_entry(bundle, cert, file, number);
}

void bundle_add_chain(struct bundle *bundle, const char *name,
                      const STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        bundle_put(bundle, sk_X509_value(chain, i), name, (size_t)i + 1);
}

void bundle_vet(struct bundle *bundle, const struct bundle *from)
{
    for (size_t i = 0; i < from->count; i++)
        bundle_put(bundle, from->entries[i].cert->x509, from->entries[i].file,
                   from->entries[i].number);
}
