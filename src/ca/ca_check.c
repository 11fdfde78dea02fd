/*
 * ca_check: `ccgate ca check`: explains files, what hosts show, or all that is held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/ca_hosts.h"
#include "certs/build.h"

struct check {
    const struct ca *ca;
    struct bundle roots, held;
    int status;
    json_t *list; /* with json; else NULL */
};

/* ---- a chain ---- */

static void print_chain(const struct check *check, const struct chain *chain)
{
    struct buf text;

    buf_init(&text, BUILD_LIMIT);
    (void)chain_text(chain, check->ca->now, &text);
    ca_print(&text);
    buf_clear(&text);
}

static void say_no_memory(struct check *check)
{
    fputs("ccgate: memory is out\n", stderr);
    check->status = EXIT_FAILURE;
}

static void judge(struct check *check, const struct chain *chain)
{
    if (chain->verdicts[CHAIN_DEFAULT].code != X509_V_OK)
        check->status = EXIT_FAILURE;
}

/* Prints it, or puts it into the list. */
static void explain(struct check *check, const struct chain_options *options,
                    json_t *list)
{
    struct chain *chain = chain_new(options);

    if (chain == NULL) {
        say_no_memory(check);
        return;
    }
    judge(check, chain);
    if (list != NULL)
        json_array_append_new(list, chain_json(chain, check->ca->now));
    else
        print_chain(check, chain);
    chain_free(chain);
}

/* A server's certificate, and what was sent behind it. */
static void explain_server(struct check *check, const struct bundle *file, json_t *list)
{
    const struct chain_options options = {.shown = file,
                                          .roots = &check->roots,
                                          .corporate = &check->held,
                                          .now = check->ca->now};

    explain(check, &options, list);
}

/* A CA by itself, as if all in `known` were held. */
static void explain_authority(struct check *check, const struct bundle_entry *entry,
                              const struct bundle *known, json_t *list)
{
    struct bundle one;
    const struct chain_options options = {.shown = &one,
                                          .roots = &check->roots,
                                          .corporate = known,
                                          .now = check->ca->now,
                                          .authority = true};

    bundle_init(&one, false, check->ca->now);
    bundle_take(&one, entry);
    if (one.count > 0)
        explain(check, &options, list);
    else
        say_no_memory(check);
    bundle_clear(&one);
}

/* ---- a file ---- */

/* vetted: what else was found, or NULL. Takes chains over. */
static void finish_file(struct check *check, const char *name,
                        const struct bundle *form, const struct bundle *vetted,
                        json_t *chains)
{
    json_t *problems;

    if (bundle_worst(form) == BUNDLE_ERROR || form->no_memory ||
        (vetted != NULL && (bundle_worst(vetted) == BUNDLE_ERROR || vetted->no_memory)))
        check->status = EXIT_FAILURE;
    if (check->list == NULL)
        return;
    problems = bundle_problems_json(form);
    if (vetted != NULL) {
        json_t *more = bundle_problems_json(vetted);

        json_array_extend(problems, more);
        json_decref(more);
    }
    json_array_append_new(check->list,
                          json_pack("{s:s, s:o, s:o}", "file", name, "chains", chains,
                                    "problems", problems));
}

/* The form of the file is known; this is about what is in it. */
static void check_authorities(struct check *check, const char *name,
                              const struct bundle *form)
{
    json_t *chains = check->list != NULL ? json_array() : NULL;
    struct bundle vetted, known;
    size_t count;

    bundle_init(&vetted, true, check->ca->now);
    bundle_init(&known, false, check->ca->now);
    bundle_vet(&vetted, form);
    count = vetted.count;
    bundle_vet(&known, &vetted);
    bundle_vet(&known, &check->held);
    bundle_vet(&known, &check->roots);
    build_complete(&vetted, &known);
    if (check->list == NULL)
        ca_say_problems(&vetted, true);
    bundle_clear(&known);
    bundle_vet(&known, &vetted);
    bundle_vet(&known, &check->held);
    for (size_t i = 0; i < count; i++)
        explain_authority(check, &vetted.entries[i], &known, chains);
    finish_file(check, name, form, &vetted, chains);
    bundle_clear(&vetted);
    bundle_clear(&known);
}

static void check_bundle(struct check *check, const char *name,
                         const struct bundle *form)
{
    json_t *chains;

    if (check->list == NULL)
        ca_say_problems(form, true);
    if (form->count == 0 || form->entries[0].cert->ca) {
        check_authorities(check, name, form);
        return;
    }
    chains = check->list != NULL ? json_array() : NULL;
    explain_server(check, form, chains);
    finish_file(check, name, form, NULL, chains);
}

static void check_file(struct check *check, const char *name)
{
    struct bundle form;

    bundle_init(&form, false, check->ca->now);
    bundle_read(&form, name);
    check_bundle(check, name, &form);
    bundle_clear(&form);
}

static void check_held(struct check *check)
{
    struct bundle form;

    bundle_init(&form, false, check->ca->now);
    held_read(&form, &check->ca->places);
    if (form.count == 0 && form.problem_count == 0 && check->list == NULL)
        puts("no certificate of the company is held");
    check_bundle(check, "held", &form);
    bundle_clear(&form);
}

/* ---- hosts ---- */

/* A file of that name comes first; what has a path and is none is a missing file. */
static bool is_host(const char *word)
{
    return strcmp(word, "-") != 0 &&
           (strstr(word, "://") != NULL ||
            (strchr(word, '/') == NULL && access(word, F_OK) != 0));
}

bool ca_check_asks(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_host(words[i]))
            return true;
    return false;
}

static void print_host(struct check *check, const struct ca_hosts *hosts, size_t host)
{
    const struct wire_host *wire = &hosts->wire.hosts[host];
    struct buf text;

    if (hosts->chains[host] != NULL) {
        printf("%s by %s\n", wire->name, wire->way);
        print_chain(check, hosts->chains[host]);
        return;
    }
    buf_init(&text, CA_LINE_LIMIT);
    (void)ca_hosts_failure(wire, &text);
    fprintf(stderr, "ccgate: ca check: %.*s\n", SPAN_ARG(buf_span(&text)));
    buf_clear(&text);
}

static void explain_host(struct check *check, const struct ca_hosts *hosts, size_t host,
                         json_t *list)
{
    if (hosts->chains[host] != NULL)
        judge(check, hosts->chains[host]);
    else
        check->status = EXIT_FAILURE;
    if (list != NULL)
        json_array_append_new(list, ca_host_json(check->ca, hosts, host));
    else
        print_host(check, hosts, host);
}

/* With json, an array; else NULL. */
static json_t *check_hosts(struct check *check, const char *const *words, size_t count)
{
    json_t *list = check->list != NULL ? json_array() : NULL;
    struct ca_hosts hosts;
    int status = ca_hosts_ask(check->ca, "check", words, count, &check->roots,
                              &check->held, &hosts);

    if (status != 0)
        check->status = status;
    for (size_t i = 0; status == 0 && i < hosts.wire.count; i++)
        explain_host(check, &hosts, i, list);
    ca_hosts_clear(&hosts);
    return list;
}

static int finish(struct check *check, json_t *hosts)
{
    if (check->list == NULL)
        return check->status;
    return ca_print_json(json_pack("{s:O, s:o*}", "files", check->list, "hosts", hosts),
                         check->status);
}

int ca_check(const struct ca *ca, const char *const *words, size_t count)
{
    struct check check = {.ca = ca, .list = ca->json ? json_array() : NULL};
    const char **hosts = calloc(count + 1, sizeof(*hosts));
    json_t *shown = NULL;
    size_t host_count = 0;

    ca_read_held(ca, &check.held);
    if (!ca_read_roots(ca, &check.roots) || hosts == NULL)
        check.status = EXIT_FAILURE;
    for (size_t i = 0; hosts != NULL && i < count; i++)
        if (ca->way != NULL && is_host(words[i]))
            hosts[host_count++] = words[i];
        else
            check_file(&check, words[i]);
    if (count == 0)
        check_held(&check);
    if (host_count > 0)
        shown = check_hosts(&check, hosts, host_count);
    check.status = finish(&check, shown);
    free(hosts);
    json_decref(check.list);
    bundle_clear(&check.held);
    bundle_clear(&check.roots);
    return check.status;
}
