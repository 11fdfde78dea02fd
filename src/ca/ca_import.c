/*
 * ca_import: `ccgate ca import`: certificates out of files into what is held.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ca/ca_internal.h"
#include "certs/build.h"

struct import {
    const struct ca *ca;
    struct bundle held; /* before */
    struct bundle read; /* from the files */
    size_t added;
    bool failed;
    json_t *list; /* with json; else NULL */
};

static void read_files(struct import *import, const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stat st;

        if (stat(files[i], &st) == 0 && S_ISDIR(st.st_mode))
            bundle_read_folder(&import->read, files[i]);
        else
            bundle_read(&import->read, files[i]);
    }
}

/* 0 or an error. */
static int hold(const struct ca *ca, const struct cert *cert)
{
    char path[PATH_MAX];
    struct buf text;
    int error;

    if (!ca_held_path(ca, cert, path, sizeof(path)))
        return -ENAMETOOLONG;
    buf_init(&text, BUILD_LIMIT);
    error = build_certificate(cert, &text);
    if (error == 0)
        error = file_replace(path, buf_span(&text), 0644);
    buf_clear(&text);
    return error;
}

void ca_report(const struct ca *ca, const struct cert *cert, const char *done,
               json_t *list)
{
    struct buf text;
    json_t *json;

    if (list != NULL) {
        json = cert_json(cert, ca->now);
        json_object_set_new(json, "done", json_string(done));
        json_array_append_new(list, json);
        return;
    }
    printf("%s: %s\n", done, cert->name);
    buf_init(&text, 16384);
    (void)cert_text(cert, ca->now, &text);
    ca_print(&text);
    buf_clear(&text);
}

int ca_hold(const struct ca *ca, const struct bundle *held, const struct cert *cert)
{
    size_t at = bundle_find(held, cert);

    return at < held->count && strcmp(ca_place(ca, &held->entries[at]), "held") == 0
               ? 1
               : hold(ca, cert);
}

static void take(struct import *import, const struct cert *cert)
{
    int done = ca_hold(import->ca, &import->held, cert);

    if (done >= 0) {
        import->added += done == 0;
        ca_report(import->ca, cert, done == 0 ? "added" : "held already", import->list);
        return;
    }
    import->failed = true;
    fprintf(stderr, "ccgate: ca import: %s: %s\n", cert->name, strerror(-done));
}

void ca_say_incomplete(const struct ca *ca)
{
    struct bundle roots, all;

    if (!ca_read_roots(ca, &roots)) {
        bundle_clear(&roots);
        return;
    }
    ca_read_held(ca, &all);
    build_complete(&all, &roots);
    for (size_t i = 0; i < all.problem_count; i++)
        if (all.problems[i].fault == BUNDLE_NO_ISSUER)
            fprintf(stderr, "warning: %s\n", all.problems[i].text);
    bundle_clear(&all);
    bundle_clear(&roots);
}

static int finish(struct import *import)
{
    int status = import->failed || bundle_worst(&import->read) == BUNDLE_ERROR
                     ? EXIT_FAILURE
                     : EXIT_SUCCESS;

    if (import->list != NULL)
        return ca_print_json(json_pack("{s:O, s:o}", "certificates", import->list,
                                       "problems", bundle_problems_json(&import->read)),
                             status);
    ca_say_problems(&import->read, true);
    if (import->added > 0)
        ca_say_incomplete(import->ca);
    if (import->added > 0)
        puts("then: ccgate ca build");
    else if (import->read.count == 0)
        fputs("ccgate: ca import: nothing is added\n", stderr);
    return status;
}

int ca_import(const struct ca *ca, const char *const *files, size_t count)
{
    struct import import = {.ca = ca, .list = ca->json ? json_array() : NULL};
    int status;

    ca_read_held(ca, &import.held);
    bundle_init(&import.read, true, ca->now);
    read_files(&import, files, count);
    for (size_t i = 0; i < import.read.count; i++)
        take(&import, import.read.entries[i].cert);
    status = finish(&import);
    json_decref(import.list);
    bundle_clear(&import.held);
    bundle_clear(&import.read);
    return status;
}
