/*
 * test_chain: chains of the test PKI, explained: the verdict under each set of rules,
 * which certificate is at fault, the next step, and the signs of inspection.
 */
#include <openssl/x509_vfy.h>
#include <string.h>

#include "certs/chain.h"
#include "certs/json.h"
#include "certs/public_roots.h"
#include "certs/vendors.h"
#include "pki_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

enum {
    OK = X509_V_OK,
    NO_ISSUER = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    NO_TOP = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
    EXPIRED = X509_V_ERR_CERT_HAS_EXPIRED,
    NOT_YET = X509_V_ERR_CERT_NOT_YET_VALID,
    UNTRUSTED = X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
    SELF = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
    NOT_HOST = X509_V_ERR_HOSTNAME_MISMATCH,
    SHORT_KEY = X509_V_ERR_CA_KEY_TOO_SMALL,
    WEAK_HASH = X509_V_ERR_CA_MD_TOO_WEAK,
    SOFT = X509_V_ERR_CA_BCONS_NOT_CRITICAL,
    EE_SHORT = X509_V_ERR_EE_KEY_TOO_SMALL,
    NO_AKI = X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER,
};

static struct bundle shown, roots, corporate;
static struct chain *chain;

static void setup(void)
{
    pki_begin();
    bundle_init(&shown, false, PKI_NOW);
    bundle_init(&roots, false, PKI_NOW);
    bundle_init(&corporate, false, PKI_NOW);
    chain = NULL;
}

static void teardown(void)
{
    chain_free(chain);
    bundle_clear(&shown);
    bundle_clear(&roots);
    bundle_clear(&corporate);
    pki_end();
}

/* Names with blanks between. */
static void fill(struct bundle *bundle, const char *names)
{
    struct span rest = span_of(names), word;
    STACK_OF(X509) *stack = sk_X509_new_null();

    while (span_next(&rest, " ", &word)) {
        char name[32];

        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(word));
        ck_assert_int_gt(sk_X509_push(stack, pki_cert(name)), 0);
    }
    bundle_add_chain(bundle, "test", stack);
    sk_X509_free(stack);
}

static void explain(struct chain_options options)
{
    options.shown = &shown;
    options.roots = &roots;
    options.corporate = &corporate;
    options.now = PKI_NOW;
    chain = chain_new(&options);
    ck_assert_ptr_nonnull(chain);
}

static const struct {
    const char *shown, *roots, *corporate;
    const char *host;
    int verdicts[CHAIN_MODES]; /* default, partial, strict, both */
    const char *way;           /* names of the steps */
    const char *fault, *next;  /* parts; NULL: none */
} CHAINS[] = {
    /* what trust files and wires do together: trust.md 2.2 */
    {"server sub",
     "",
     "root",
     "server.test",
     {OK, OK, OK, OK},
     "server sub root",
     NULL,
     NULL},
    {"server",
     "",
     "root",
     NULL,
     {NO_ISSUER, NO_ISSUER, NO_ISSUER, NO_ISSUER},
     "server",
     "certificate 1 (server.test) was issued by CN=Test Corp Inspection CA, O=Test Corp, "
     "which is missing",
     "get it from those who run the proxy"},
    {"server",
     "",
     "sub",
     NULL,
     {NO_TOP, OK, NO_TOP, OK},
     "server sub",
     "was issued by CN=Test Corp Root CA, O=Test Corp, which is missing",
     "ccgate ca import"},
    {"server sub",
     "",
     "sub root",
     NULL,
     {OK, OK, OK, OK},
     "server sub root",
     NULL,
     NULL},
    {"server", "root", "sub", NULL, {OK, OK, OK, OK}, "server sub root", NULL, NULL},
    {"plain-server",
     "",
     "plain",
     NULL,
     {OK, OK, NO_AKI, NO_AKI},
     "plain-server plain",
     NULL,
     NULL},
    /* what is not trusted */
    {"server sub root",
     "",
     "",
     NULL,
     {UNTRUSTED, UNTRUSTED, UNTRUSTED, UNTRUSTED},
     "server sub root",
     "the chain ends in CN=Test Corp Root CA, O=Test Corp, which is not",
     "name the same fingerprint (SHA-256 "},
    {"self",
     "",
     "root",
     NULL,
     {SELF, SELF, SELF, SELF},
     "self",
     "certificate 1 (server.test) is signed by itself, not by a CA",
     "needs a certificate"},
    /* cross-signed, and rotated */
    {"server sub cross",
     "other",
     "",
     NULL,
     {OK, OK, OK, OK},
     "server sub cross other",
     NULL,
     NULL},
    {"server sub cross",
     "",
     "root",
     NULL,
     {OK, OK, OK, OK},
     "server sub root",
     NULL,
     NULL},
    {"rotated-server",
     "",
     "root",
     NULL,
     {NO_ISSUER, NO_ISSUER, NO_ISSUER, NO_ISSUER},
     "rotated-server",
     "which is missing",
     "a CA of that name is held with another key (SHA-256 "},
    {"rotated-server",
     "",
     "root rotated",
     NULL,
     {OK, OK, OK, OK},
     "rotated-server rotated",
     NULL,
     NULL},
    /* times, names, strength */
    {"expired sub",
     "",
     "root",
     NULL,
     {EXPIRED, EXPIRED, EXPIRED, EXPIRED},
     "expired sub root",
     "certificate 1 (server.test) expired on 2026-12-16",
     "only those who run the server"},
    {"old-server",
     "",
     "old",
     NULL,
     {EXPIRED, EXPIRED, EXPIRED, EXPIRED},
     "old-server old",
     "the certificate of Test Old Root CA expired on 2026-12-16",
     "that took its place"},
    {"future sub",
     "",
     "root",
     NULL,
     {NOT_YET, NOT_YET, NOT_YET, NOT_YET},
     "future sub root",
     "does not count before 2027-02-14",
     "which says 2027-01-15"},
    {"wrong-name sub",
     "",
     "root",
     "server.test",
     {NOT_HOST, NOT_HOST, NOT_HOST, NOT_HOST},
     "wrong-name sub root",
     "certificate 1 (other.test) is for other.test, not for server.test",
     "use a name"},
    {"server sub",
     "",
     "root",
     "127.0.0.1",
     {OK, OK, OK, OK},
     "server sub root",
     NULL,
     NULL},
    {"short-server",
     "",
     "short",
     NULL,
     {SHORT_KEY, SHORT_KEY, SHORT_KEY, SHORT_KEY},
     "short-server short",
     "Test Short Root CA has a short key (RSA, 1024 bits)",
     "the CA for one with 2048 bits"},
    {"sha1-server sha1",
     "",
     "root",
     NULL,
     {WEAK_HASH, WEAK_HASH, WEAK_HASH, WEAK_HASH},
     "sha1-server sha1 root",
     "certificate 2 (Test SHA-1 CA) is signed with a weak hash",
     "for one with SHA-256"},
};

static void expect_way(const char *names)
{
    struct span rest = span_of(names), word;
    size_t i = 0;

    while (span_next(&rest, " ", &word)) {
        char name[32];
        struct cert *cert;

        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(word));
        cert = cert_new(pki_cert(name));
        ck_assert_uint_lt(i, chain->step_count);
        ck_assert_msg(cert_same(chain->steps[i].cert, cert), "%s: %s", name,
                      chain->steps[i].cert->subject);
        cert_free(cert);
        i++;
    }
    ck_assert_uint_eq(i, chain->step_count);
}

static void expect_part(const char *text, const char *part)
{
    if (part == NULL)
        ck_assert_pstr_eq(text, NULL);
    else
        ck_assert_msg(text != NULL && strstr(text, part) != NULL, "%s", text);
}

START_TEST(explained)
{
    fill(&shown, CHAINS[_i].shown);
    fill(&roots, CHAINS[_i].roots);
    fill(&corporate, CHAINS[_i].corporate);
    explain((struct chain_options){.host = CHAINS[_i].host});
    for (int mode = 0; mode < CHAIN_MODES; mode++)
        ck_assert_msg(chain->verdicts[mode].code == CHAINS[_i].verdicts[mode], "%s: %d",
                      chain_mode_name((enum chain_mode)mode),
                      chain->verdicts[mode].code);
    expect_way(CHAINS[_i].way);
    expect_part(chain->fault, CHAINS[_i].fault);
    expect_part(chain->next, CHAINS[_i].next);
}
END_TEST

/* The one that OpenSSL names, and where it comes from. */
START_TEST(whose_fault)
{
    fill(&shown, "sha1-server sha1");
    fill(&corporate, "root");
    explain((struct chain_options){.host = NULL});
    ck_assert_uint_eq(chain->verdicts[CHAIN_DEFAULT].number, 2);
    ck_assert_int_eq(chain->verdicts[CHAIN_DEFAULT].depth, 1);
    ck_assert_str_eq(chain->verdicts[CHAIN_DEFAULT].cert->name, "Test SHA-1 CA");
    ck_assert_int_eq(chain->steps[2].place, CHAIN_HELD);
    ck_assert_uint_eq(chain->steps[2].number, 0);
}
END_TEST

static const struct {
    const char *shown;
    size_t misplaced;
} ORDERS[] = {
    {"server sub root", 0},
    {"server root sub", 2},
    {"server sub vendor", 3},
    {"server", 0},
};

START_TEST(order)
{
    fill(&shown, ORDERS[_i].shown);
    fill(&corporate, "root");
    explain((struct chain_options){.host = NULL});
    ck_assert_uint_eq(chain->misplaced, ORDERS[_i].misplaced);
}
END_TEST

/* ---- a CA by itself ---- */

static const struct {
    const char *name, *corporate;
    int verdicts[CHAIN_MODES];
} AUTHORITIES[] = {
    {"root", "root", {OK, OK, OK, OK}},
    {"sub", "sub", {NO_ISSUER, OK, NO_ISSUER, OK}},
    {"sub", "sub root", {OK, OK, OK, OK}},
    {"clients", "clients", {OK, OK, OK, OK}},
    {"plain", "plain", {OK, OK, SOFT, SOFT}},
    {"short", "short", {EE_SHORT, EE_SHORT, EE_SHORT, EE_SHORT}},
};

START_TEST(authority)
{
    fill(&shown, AUTHORITIES[_i].name);
    fill(&corporate, AUTHORITIES[_i].corporate);
    explain((struct chain_options){.authority = true});
    for (int mode = 0; mode < CHAIN_MODES; mode++)
        ck_assert_int_eq(chain->verdicts[mode].code, AUTHORITIES[_i].verdicts[mode]);
    ck_assert_uint_eq(chain->reason_count, 0);
}
END_TEST

/* ---- inspection ---- */

static const struct {
    const char *shown;
    const char *other_host;
    bool http1_only;
    enum chain_inspection inspection;
    const char *vendor;
    const char *reasons; /* words of each, with '|' between */
} SIGNS[] = {
    {"server sub root", NULL, false, CHAIN_MAYBE_INSPECTED, NULL,
     "it ends in CN=Test Corp Root CA, O=Test Corp, which is no public|no SCTs"},
    {"server sub", NULL, false, CHAIN_MAYBE_INSPECTED, NULL,
     "the issuer at its end is not among the public roots: CN=Test Corp Root CA|no SCTs"},
    {"server sub root", "b.test", false, CHAIN_INSPECTED, NULL,
     "no public root|the chain of b.test, another host, ends there, too|no SCTs"},
    {"vendor-server vendor", NULL, false, CHAIN_INSPECTED, "Zscaler",
     "no public root|its names are those of Zscaler|no SCTs"},
    {"server sub root", NULL, true, CHAIN_INSPECTED, NULL,
     "no public root|no SCTs|the server offers no HTTP/2"},
};

START_TEST(inspection)
{
    struct span rest = span_of(SIGNS[_i].reasons), part;
    size_t i = 0;

    fill(&shown, SIGNS[_i].shown);
    explain((struct chain_options){.other_host = SIGNS[_i].other_host,
                                   .http1_only = SIGNS[_i].http1_only});
    ck_assert_int_eq(chain->inspection, SIGNS[_i].inspection);
    ck_assert_pstr_eq(chain->vendor, SIGNS[_i].vendor);
    while (span_next(&rest, "|", &part)) {
        ck_assert_uint_lt(i, chain->reason_count);
        ck_assert_msg(memmem(chain->reasons[i], strlen(chain->reasons[i]), part.at,
                             part.len) != NULL,
                      "%s", chain->reasons[i]);
        i++;
    }
    ck_assert_uint_eq(i, chain->reason_count);
}
END_TEST

/* One that everybody has: neither its end nor another host's speaks for inspection. */
START_TEST(public_end)
{
    const char *srcdir = getenv("srcdir");
    struct cert *cert = cert_new(pki_cert("root"));
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/corpus/bundle/isrg-root-x2.pem",
             srcdir != NULL ? srcdir : ".");
    ck_assert(!public_root(cert));
    cert_free(cert);
    bundle_read(&shown, path);
    ck_assert_uint_eq(shown.count, 1);
    ck_assert(public_root(shown.entries[0].cert));
    explain((struct chain_options){.other_host = "b.test"});
    ck_assert(chain->steps[0].public_root);
    ck_assert_int_eq(chain->inspection, CHAIN_NOT_INSPECTED);
    ck_assert_uint_eq(chain->reason_count, 1);
    ck_assert_ptr_nonnull(strstr(chain->reasons[0], "no SCTs"));
}
END_TEST

START_TEST(same_top)
{
    struct bundle alone;
    struct chain_options options = {.shown = &shown, .now = PKI_NOW};
    struct chain *unheld, *self;

    bundle_init(&alone, false, PKI_NOW);
    fill(&corporate, "root");
    fill(&shown, "server sub");
    explain((struct chain_options){.host = NULL});
    ck_assert(chain_same_top(chain, chain));
    unheld = chain_new(&options); /* it ends in the same, which is not known */
    ck_assert(!chain_same_top(chain, unheld));
    ck_assert(chain_same_top(unheld, unheld));
    fill(&alone, "self");
    options.shown = &alone;
    self = chain_new(&options);
    ck_assert(!chain_same_top(chain, self));
    chain_free(unheld);
    chain_free(self);
    bundle_clear(&alone);
}
END_TEST

/* ---- as text and JSON ---- */

START_TEST(as_text)
{
    static const char *const PARTS[] = {
        "certificate 1\n  subject     CN=server.test, O=Test Corp\n",
        "  issuer      CN=Test Corp Inspection CA, O=Test Corp\n",
        "  valid       2026-11-16 to 2027-01-20, 5 days left ONLY\n",
        "  key         EC, 256 bits; signed with ecdsa-with-SHA256\n",
        "the way up\n  shown       server.test\n  shown       Test Corp Inspection CA\n",
        "  MISSING     CN=Test Corp Root CA, O=Test Corp\n",
        "  default        FAILS at Test Corp Inspection CA: unable to get local issuer",
        "inspection    possible\n  because the issuer at its end",
        "fault         certificate 2 (Test Corp Inspection CA) was issued by CN=Test Corp",
        "next          get it from",
    };
    struct buf text;

    fill(&shown, "soon sub");
    explain((struct chain_options){.host = NULL});
    buf_init(&text, 65536);
    ck_assert_int_eq(chain_text(chain, PKI_NOW, &text), 0);
    ck_assert_int_eq(buf_append(&text, "", 1), 0);
    for (int i = 0; i < COUNT(PARTS); i++)
        ck_assert_msg(strstr(text.data, PARTS[i]) != NULL, "%s\nin\n%s", PARTS[i],
                      text.data);
    buf_clear(&text);
}
END_TEST

START_TEST(as_json)
{
    const char *at = NULL, *place = NULL, *verdict = NULL, *missing = NULL;
    json_t *json, *flaws = NULL;
    int code = -1, days = 0;

    fill(&shown, "sha1-server sha1");
    explain((struct chain_options){.host = NULL});
    json = chain_json(chain, PKI_NOW);
    ck_assert_ptr_nonnull(json);
    ck_assert_int_eq(json_unpack(json, "{s:{s:{s:i, s:s}}, s:[*], s:{s:s}, s:s}",
                                 "verification", "default", "code", &code, "at", &at,
                                 "way", "inspection", "verdict", &verdict, "missing",
                                 &missing),
                     0);
    ck_assert_int_eq(code, NO_ISSUER);
    ck_assert_str_eq(at, "CN=Test SHA-1 CA, O=Test Corp");
    ck_assert_str_eq(verdict, "possible");
    ck_assert_str_eq(missing, "CN=Test Corp Root CA, O=Test Corp");
    ck_assert_int_eq(json_unpack(json_array_get(json_object_get(json, "way"), 1),
                                 "{s:s}", "place", &place),
                     0);
    ck_assert_str_eq(place, "shown");
    ck_assert_int_eq(
        json_unpack(json_array_get(json_object_get(json, "certificates"), 1),
                    "{s:i, s:o}", "days_left", &days, "flaws", &flaws),
        0);
    ck_assert_int_eq(days, 5 * 365);
    ck_assert_str_eq(json_string_value(json_array_get(flaws, 0)), "weak-signature");
    json_decref(json);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("chain");
    TCase *c = tcase_create("chain");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, explained, 0, COUNT(CHAINS));
    tcase_add_test(c, whose_fault);
    tcase_add_loop_test(c, order, 0, COUNT(ORDERS));
    tcase_add_loop_test(c, authority, 0, COUNT(AUTHORITIES));
    tcase_add_loop_test(c, inspection, 0, COUNT(SIGNS));
    tcase_add_test(c, public_end);
    tcase_add_test(c, same_top);
    tcase_add_test(c, as_text);
    tcase_add_test(c, as_json);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
