/*
 * ca: what the verbs share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca_internal.h"
#include "certs/paths.h"

void ca_read_held(const struct ca *ca, struct bundle *bundle)
{
    bundle_init(bundle, true, ca->now);
    held_read(bundle, &ca->places);
}

bool ca_read_roots(const struct ca *ca, struct bundle *roots)
{
    const char *file = ca->roots != NULL ? ca->roots : held_system_roots();

    bundle_init(roots, false, ca->now);
    if (file == NULL) {
        fputs("ccgate: ca: this system has no file of public roots in any of the usual "
              "places; name it: --roots FILE\n",
              stderr);
        return false;
    }
    bundle_read(roots, file);
    if (roots->count > 0)
        return true;
    ca_say_problems(roots, false);
    fprintf(stderr,
            "ccgate: ca: %s: holds no public roots; name a file that does: "
            "--roots FILE\n",
            file);
    return false;
}

void ca_say_problems(const struct bundle *bundle, bool notes)
{
    for (size_t i = 0; i < bundle->problem_count; i++) {
        const struct bundle_problem *problem = &bundle->problems[i];

        if (notes || problem->weight != BUNDLE_NOTE)
            fprintf(stderr, "%s: %s\n", bundle_weight_name(problem->weight),
                    problem->text);
    }
    if (bundle->no_memory)
        fputs("ccgate: memory is out; something is missing here\n", stderr);
}

int ca_print_json(json_t *json, int status)
{
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;

    if (text == NULL) {
        fputs("ccgate: memory is out\n", stderr);
        status = EXIT_FAILURE;
    } else {
        puts(text);
    }
    free(text);
    json_decref(json);
    return status;
}

void ca_print(const struct buf *text)
{
    struct span s = buf_span(text);

    if (s.len > 0)
        (void)fwrite(s.at, 1, s.len, stdout);
}

static bool stands_in(const char *file, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(file, folder, len) == 0 && file[len] == '/';
}

const char *ca_place(const struct ca *ca, const struct bundle_entry *entry)
{
    char path[4096];

    if (certs_path(path, sizeof(path), ca->places.state_dir, CERTS_HELD) &&
        stands_in(entry->file, path))
        return "held";
    if (ca->places.drop_in != NULL && stands_in(entry->file, ca->places.drop_in))
        return "drop-in";
    return "tls.ca";
}

bool ca_held_path(const struct ca *ca, const struct cert *cert, char *path, size_t size)
{
    char name[sizeof(CERTS_HELD) + CERT_FINGERPRINT + 8];

    snprintf(name, sizeof(name), "%s/%s.pem", CERTS_HELD, cert->fingerprint);
    return certs_path(path, size, ca->places.state_dir, name);
}
