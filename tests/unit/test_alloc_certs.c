/*
 * test_alloc_certs: certificates are read, explained and built while memory is out:
 * what is missing for that reason is never taken for what is there.
 */
#include <errno.h>
#include <string.h>

#include "alloc_rig.h"
#include "certs/build.h"
#include "certs/chain.h"
#include "certs/held.h"
#include "pki_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct buf file;       /* a leaf, an expired CA, and others that stay */
static struct bundle wire;    /* with a name that is not asked for */
static struct bundle nothing; /* trusted */

static const char *read_file(bool whole)
{
    const char *wrong = NULL;
    struct bundle bundle;

    bundle_init(&bundle, true, PKI_NOW);
    bundle_add(&bundle, "a.pem", buf_span(&file));
    if (whole && (bundle.no_memory || bundle.count != 3 || bundle.problem_count != 4))
        wrong = "another set";
    if (!bundle.no_memory && (bundle.count != 3 || bundle.problem_count != 4))
        wrong = "something is missing, and nobody says so";
    bundle_clear(&bundle);
    return wrong;
}

static const char *build(bool whole)
{
    const char *wrong = NULL;
    struct bundle corporate;
    struct buf text;
    int error;

    bundle_init(&corporate, true, PKI_NOW);
    buf_init(&text, BUILD_LIMIT);
    bundle_vet(&corporate, &wire);
    build_complete(&corporate, &wire);
    error = build_text(&wire, &corporate, &text);
    if (error != 0 && error != -ENOMEM)
        wrong = "another error";
    if (whole && (error != 0 || corporate.no_memory))
        wrong = "no text";
    buf_clear(&text);
    bundle_clear(&corporate);
    return wrong;
}

static const char *explain(bool whole)
{
    const struct chain_options options = {.shown = &wire,
                                          .roots = &nothing,
                                          .corporate = &nothing,
                                          .host = "server.test",
                                          .other_host = "b.test",
                                          .now = PKI_NOW};
    struct chain *chain = chain_new(&options);
    const char *wrong = chain == NULL && whole ? "no chain" : NULL;
    struct buf text;

    buf_init(&text, 65536);
    if (chain != NULL && (chain->fault == NULL || chain->reason_count != 3))
        wrong = "half an explanation";
    if (chain != NULL && chain_text(chain, PKI_NOW, &text) != 0 && whole)
        wrong = "no text";
    buf_clear(&text);
    chain_free(chain);
    return wrong;
}

static const char *copy_places(bool whole)
{
    char a[] = "/a", b[] = "/b", *files[] = {a, b, NULL};
    const struct held_places places = {
        .state_dir = "/s", .drop_in = "/d", .files = files};
    struct held_places *copy = held_places_copy(&places);
    const char *wrong = copy == NULL && whole ? "no copy" : NULL;

    if (copy != NULL && (strcmp(copy->drop_in, "/d") != 0 || copy->files[2] != NULL ||
                         strcmp(copy->files[1], "/b") != 0))
        wrong = "half a copy";
    held_places_free(copy);
    return wrong;
}

static scenario *const scenarios[] = {read_file, build, explain, copy_places};

START_TEST(any_allocation_may_fail)
{
    const char *wrong = scenarios[_i](true);

    ck_assert_msg(wrong == NULL, "without a failure: %s", wrong);
    exhaust(scenarios[_i]);
}
END_TEST

static void begin(void)
{
    static const char *const FILE_OF[] = {"server", "old", "short", "sha1", "root"};
    STACK_OF(X509) *chain = sk_X509_new_null();

    pki_begin();
    buf_init(&file, 65536);
    for (int i = 0; i < COUNT(FILE_OF); i++)
        pki_pem(FILE_OF[i], &file);
    bundle_init(&wire, false, PKI_NOW);
    bundle_init(&nothing, false, PKI_NOW);
    ck_assert_int_gt(sk_X509_push(chain, pki_cert("wrong-name")), 0);
    ck_assert_int_gt(sk_X509_push(chain, pki_cert("sub")), 0);
    bundle_add_chain(&wire, "wire", chain);
    sk_X509_free(chain);
}

static void end(void)
{
    bundle_clear(&wire);
    buf_clear(&file);
    pki_end();
}

int main(void)
{
    Suite *suite = suite_create("alloc_certs");
    TCase *tcase = tcase_create("alloc_certs");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, any_allocation_may_fail, 0, COUNT(scenarios));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
