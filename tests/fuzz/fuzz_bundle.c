/*
 * fuzz_bundle: files of certificates from arbitrary bytes.
 *
 * What is kept must come back from what is built of it, as the same certificates and
 * without a complaint about its form. What is explained must be so as text and as JSON,
 * with a next step where there is a fault.
 */
#include <string.h>

#include "certs/build.h"
#include "certs/json.h"
#include "fuzz.h"

static void check_lines(const struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->problem_count; i++) {
        expect(strncmp(bundle->problems[i].text, "input: ", 7) == 0);
        expect(strchr(bundle->problems[i].text, '\n') == NULL);
        expect(strstr(bundle->problems[i].text, "; ") != NULL);
    }
}

static void build_again(const struct bundle *bundle)
{
    struct bundle again;
    struct buf text, twice;

    bundle_init(&again, false, 0);
    buf_init(&text, BUNDLE_FILE_LIMIT);
    buf_init(&twice, BUNDLE_FILE_LIMIT);
    if (build_text(NULL, bundle, &text) == 0 && bundle->count > 0) {
        bundle_add(&again, "built", buf_span(&text));
        expect(again.problem_count == 0 && again.count == bundle->count);
        for (size_t i = 0; i < again.count; i++)
            expect(bundle_find(bundle, again.entries[i].cert) < bundle->count);
        expect(build_text(NULL, &again, &twice) == 0);
        expect(span_equal(buf_span(&text), buf_span(&twice)));
    }
    bundle_clear(&again);
    buf_clear(&text);
    buf_clear(&twice);
}

/* As if a server had sent them. */
static void explain(const struct bundle *shown)
{
    struct chain_options options = {
        .shown = shown, .host = "server.test", .now = shown->now};
    struct chain *chain;
    struct buf text;
    json_t *json;

    if (shown->count == 0)
        return;
    buf_init(&text, BUNDLE_FILE_LIMIT);
    chain = chain_new(&options);
    expect(chain != NULL);
    expect(chain->verdicts[CHAIN_DEFAULT].code != X509_V_OK); /* nothing is trusted */
    expect(chain->fault != NULL && chain->next != NULL);
    expect(chain_text(chain, shown->now, &text) == 0);
    json = chain_json(chain, shown->now);
    expect(json != NULL);
    json_decref(json);
    chain_free(chain);
    buf_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct bundle bundle;

    for (int vet = 0; vet < 2; vet++) {
        bundle_init(&bundle, vet != 0, 1800000000);
        bundle_add(&bundle, "input", bytes);
        check_lines(&bundle);
        build_again(&bundle);
        if (vet == 0)
            explain(&bundle);
        bundle_clear(&bundle);
    }
    return 0;
}
