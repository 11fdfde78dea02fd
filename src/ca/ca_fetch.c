/*
 * ca_fetch: `ccgate ca fetch`: the company's CA from the wire, once somebody has
 * confirmed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/agreement.h"
#include "ca/ca_hosts.h"

enum { ENOUGH = 2, TYPED_LIMIT = 400 };

struct fetch {
    const struct ca *ca;
    const unsigned char *pin; /* or NULL */
    struct bundle roots, held;
    struct ca_hosts hosts;
    const char **names; /* of the hosts, without ports */
    struct agreement agreement;
    struct bundle wanted; /* the CA, and what stands below it; vetted */
    json_t *added;
    const char *verdict; /* for JSON: what came of it */
};

/* ---- what was shown ---- */

static const struct chain *agreed(const struct fetch *f)
{
    return f->hosts.chains[f->agreement.first];
}

static const struct cert *top_of(const struct chain *chain)
{
    return chain->steps[chain->step_count - 1].cert;
}

/* With the host that speaks for it, those that agree give one more reason. */
static bool compare(struct fetch *f)
{
    size_t count = f->hosts.wire.count, first = f->agreement.first, other = first;

    f->agreement = agreement_of(f->names, f->hosts.chains, count, f->pin);
    if (f->agreement.count < ENOUGH)
        return true;
    first = f->agreement.first;
    for (size_t i = 0; i < count; i++)
        if (!agreement_is_same_host(f->names[i], f->names[first]) &&
            agreement_has(&f->agreement, f->hosts.chains, i))
            other = i;
    return ca_hosts_explain(f->ca, &f->hosts, first, &f->roots, &f->held,
                            f->names[other]);
}

static void print_host(const struct fetch *f, size_t host)
{
    const struct chain *chain = f->hosts.chains[host];
    const struct wire_host *wire = &f->hosts.wire.hosts[host];

    if (chain == NULL)
        return;
    printf("%s by %s\n", wire->name, wire->way);
    if (chain_is_public(chain))
        printf("  ends in     %s, a public root: it is not inspected\n",
               top_of(chain)->name);
    else if (chain->complete)
        printf("  ends in     %s\n", top_of(chain)->subject);
    else
        printf("  leads to    %s, which was not sent and is nowhere here\n",
               chain->missing);
    if (!chain_is_public(chain) && f->agreement.count >= ENOUGH &&
        !agreement_has(&f->agreement, f->hosts.chains, host))
        puts("              which is another one than that of the others");
}

static void print_agreed(const struct fetch *f)
{
    const struct chain *chain = agreed(f);
    struct buf text;

    printf("%zu hosts %s\n", f->agreement.count,
           chain->complete ? "end in this CA" : "lead to the issuer of this CA");
    buf_init(&text, 16384);
    (void)cert_text(top_of(chain), f->ca->now, &text);
    ca_print(&text);
    buf_clear(&text);
    printf("inspection    %s\n", chain_inspection_name(chain->inspection));
    for (size_t i = 0; i < chain->reason_count; i++)
        printf("  because %s\n", chain->reasons[i]);
}

/* A host that showed nothing is a fault of its own, and said in any case. */
static void show(const struct fetch *f)
{
    for (size_t i = 0; i < f->hosts.wire.count; i++) {
        struct buf text;

        if (f->hosts.chains[i] == NULL) {
            buf_init(&text, CA_LINE_LIMIT);
            (void)ca_hosts_failure(&f->hosts.wire.hosts[i], &text);
            fprintf(stderr, "ccgate: ca fetch: %.*s\n", SPAN_ARG(buf_span(&text)));
            buf_clear(&text);
        } else if (!f->ca->json) {
            print_host(f, i);
        }
    }
    if (!f->ca->json && f->agreement.count >= ENOUGH)
        print_agreed(f);
    (void)fflush(stdout);
}

/* ---- whether there is anything to add ---- */

static int refuse(struct fetch *f, int status, const char *verdict)
{
    f->verdict = verdict;
    return status;
}

static int refuse_few(struct fetch *f)
{
    size_t known = 0;

    for (size_t i = 0; i < f->hosts.wire.count; i++)
        if (f->hosts.chains[i] != NULL && chain_is_public(f->hosts.chains[i]))
            known++;
    if (f->agreement.count == 0 && known > 0)
        fputs("ccgate: ca fetch: nothing is added: no host that answered is "
              "inspected\n",
              stderr);
    else
        fputs("ccgate: ca fetch: nothing is added: it takes two hosts that end in the "
              "same CA, which is no public one; name others, such as two well-known "
              "sites of different companies\n",
              stderr);
    return refuse(f, EXIT_FAILURE,
                  f->agreement.count == 0 && known > 0 ? "not-inspected" : "too-few");
}

static int refuse_missing(struct fetch *f)
{
    const struct chain *chain = agreed(f);

    fprintf(stderr,
            "ccgate: ca fetch: nothing is added: the root was not sent: %s was issued "
            "by %s, which stands neither in what is held nor in the system's store; "
            "with the lower one alone most programs would still refuse\n",
            top_of(chain)->name, chain->missing);
    if (chain->missing_url != NULL)
        fprintf(stderr,
                "  it is said to be at %s: get it and compare its fingerprint with "
                "what those who run the proxy say, then: ccgate ca import FILE\n",
                chain->missing_url);
    else
        fputs("  get it from those who run the proxy, then: ccgate ca import FILE\n",
              stderr);
    return refuse(f, EXIT_FAILURE, "root-missing");
}

/* All CAs on the way of all that agree: the root, and what stands below it. */
static void collect(struct fetch *f)
{
    struct bundle all;

    bundle_init(&all, false, f->ca->now);
    for (size_t i = 0; i < f->hosts.wire.count; i++) {
        const struct chain *chain = f->hosts.chains[i];

        if (!agreement_has(&f->agreement, f->hosts.chains, i))
            continue;
        for (size_t j = chain->step_count; j-- > 1;)
            bundle_take(&all,
                        &(struct bundle_entry){
                            .cert = (struct cert *)(uintptr_t)chain->steps[j].cert,
                            .file = f->hosts.wire.hosts[i].name,
                            .number = chain->steps[j].number,
                        });
    }
    bundle_vet(&f->wanted, &all);
    if (all.no_memory)
        f->wanted.no_memory = true;
    bundle_clear(&all);
}

static int judge(struct fetch *f)
{
    if (f->agreement.count < ENOUGH)
        return refuse_few(f);
    if (f->agreement.tie) {
        fputs("ccgate: ca fetch: nothing is added: as many hosts end in another CA; "
              "say which one is meant: --expect-fingerprint SHA256\n",
              stderr);
        return refuse(f, EXIT_FAILURE, "tie");
    }
    if (!agreed(f)->complete)
        return refuse_missing(f);
    collect(f);
    if (!f->ca->json || f->wanted.no_memory)
        ca_say_problems(&f->wanted, true);
    if (bundle_find(&f->wanted, top_of(agreed(f))) < f->wanted.count &&
        !f->wanted.no_memory)
        return EXIT_SUCCESS;
    fputs("ccgate: ca fetch: nothing is added: that CA cannot be trusted\n", stderr);
    return refuse(f, EXIT_FAILURE, "unusable");
}

/* ---- the confirmation ---- */

static bool is_held_already(const struct fetch *f)
{
    for (size_t i = 0; i < f->wanted.count; i++) {
        size_t at = bundle_find(&f->held, f->wanted.entries[i].cert);

        if (at == f->held.count ||
            strcmp(ca_place(f->ca, &f->held.entries[at]), "held") != 0)
            return false;
    }
    return true;
}

static int ask_on_terminal(struct fetch *f)
{
    unsigned char typed[CERT_HASH];
    char line[TYPED_LIMIT];

    if (f->ca->json || isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
        fputs("ccgate: ca fetch: nothing is added: nobody has confirmed it; ask those "
              "who run the proxy for the SHA-256 fingerprint of their CA and give it: "
              "--expect-fingerprint SHA256\n",
              stderr);
        return refuse(f, CA_UNCONFIRMED, "unconfirmed");
    }
    fputs(
        "Compare the fingerprint with what those who run the proxy say, not with what "
        "is shown here alone.\nType it to trust this CA, or nothing to leave it: ",
        stderr);
    if (fgets(line, sizeof(line), stdin) != NULL &&
        cert_parse_fingerprint(span_strip(span_of(line)), typed) &&
        memcmp(typed, top_of(agreed(f))->sha256, CERT_HASH) == 0)
        return EXIT_SUCCESS;
    fputs("ccgate: ca fetch: nothing is added: that is not its fingerprint\n", stderr);
    return refuse(f, CA_UNCONFIRMED, "unconfirmed");
}

static int confirm(struct fetch *f)
{
    if (f->pin == NULL)
        return is_held_already(f) ? EXIT_SUCCESS : ask_on_terminal(f);
    if (memcmp(f->pin, top_of(agreed(f))->sha256, CERT_HASH) == 0)
        return EXIT_SUCCESS;
    fprintf(
        stderr,
        "ccgate: ca fetch: nothing is added: the CA on the wire is not the one that "
        "was expected, but has SHA-256 %s: another one inspects, or it was "
        "replaced; ask those who run the proxy\n",
        top_of(agreed(f))->fingerprint);
    return refuse(f, CA_UNCONFIRMED, "another-fingerprint");
}

/* ---- adding it ---- */

static bool remember(const struct fetch *f)
{
    bool *which = calloc(f->hosts.wire.count + 1, sizeof(*which));
    bool good = which != NULL;

    for (size_t i = 0; good && i < f->hosts.wire.count; i++)
        which[i] = agreement_has(&f->agreement, f->hosts.chains, i);
    good = good && ca_hosts_remember(f->ca, &f->hosts, which);
    free(which);
    return good;
}

static int add(struct fetch *f)
{
    size_t added = 0;

    f->verdict = "held-already";
    for (size_t i = 0; i < f->wanted.count; i++) {
        const struct cert *cert = f->wanted.entries[i].cert;
        int done = ca_hold(f->ca, &f->held, cert);

        if (done < 0) {
            fprintf(stderr, "ccgate: ca fetch: %s: %s\n", cert->name, strerror(-done));
            return refuse(f, EXIT_FAILURE, "failed");
        }
        added += done == 0;
        ca_report(f->ca, cert, done == 0 ? "added" : "held already",
                  f->ca->json ? f->added : NULL);
    }
    if (added > 0)
        f->verdict = "added";
    if (added > 0 && !f->ca->json)
        puts("then: ccgate ca build");
    return remember(f) ? EXIT_SUCCESS : refuse(f, EXIT_FAILURE, "failed");
}

/* ---- the verb ---- */

static json_t *fetched_json(const struct fetch *f)
{
    json_t *hosts = json_array();
    const struct chain *chain = f->agreement.count >= ENOUGH ? agreed(f) : NULL;

    for (size_t i = 0; i < f->hosts.wire.count; i++) {
        json_t *host = ca_host_json(f->ca, &f->hosts, i);

        json_object_set_new(
            host, "agrees",
            json_boolean(chain != NULL &&
                         agreement_has(&f->agreement, f->hosts.chains, i)));
        json_array_append_new(hosts, host);
    }
    return json_pack("{s:o, s:o, s:I, s:s, s:O, s:o}", "hosts", hosts, "ca",
                     chain != NULL ? cert_json(top_of(chain), f->ca->now) : json_null(),
                     "agree", (json_int_t)f->agreement.count, "verdict", f->verdict,
                     "certificates", f->added, "problems",
                     bundle_problems_json(&f->wanted));
}

static int run(struct fetch *f, const char *const *words, size_t count)
{
    int status =
        ca_hosts_ask(f->ca, "fetch", words, count, &f->roots, &f->held, &f->hosts);

    f->verdict = "failed";
    if (status != 0)
        return status;
    f->names = calloc(f->hosts.wire.count + 1, sizeof(*f->names));
    for (size_t i = 0; f->names != NULL && i < f->hosts.wire.count; i++)
        f->names[i] = f->hosts.wire.hosts[i].host;
    f->added = json_array();
    if (f->names == NULL || f->added == NULL || !compare(f)) {
        fputs("ccgate: memory is out\n", stderr);
        return EXIT_FAILURE;
    }
    show(f);
    status = judge(f);
    if (status == EXIT_SUCCESS)
        status = confirm(f);
    if (status == EXIT_SUCCESS)
        status = add(f);
    return f->ca->json ? ca_print_json(fetched_json(f), status) : status;
}

int ca_fetch(const struct ca *ca, const char *const *hosts, size_t count,
             const unsigned char pin[CERT_HASH])
{
    struct fetch f = {.ca = ca, .pin = pin};
    int status = EXIT_FAILURE;

    bundle_init(&f.wanted, true, ca->now);
    ca_read_held(ca, &f.held);
    if (ca_read_roots(ca, &f.roots))
        status = run(&f, hosts, count);
    ca_hosts_clear(&f.hosts);
    free(f.names);
    json_decref(f.added);
    bundle_clear(&f.wanted);
    bundle_clear(&f.held);
    bundle_clear(&f.roots);
    return status;
}
