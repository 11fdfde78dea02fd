/*
 * ca_build: `ccgate ca build`: the files that other programs are given.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ca/ca_internal.h"
#include "certs/build.h"
#include "certs/java.h"
#include "certs/paths.h"

enum { FILE_MODE = 0644 };

const char *ca_file_name(int file)
{
    static const char *const NAMES[] = {
        [CA_CORP_ONLY] = CERTS_CORP_ONLY,
        [CA_BUNDLE] = CERTS_BUNDLE,
        [CA_JAVA] = CERTS_JAVA,
    };

    return NAMES[file];
}

/* ---- the texts ---- */

/* Whether a file could not be made out, which may have held good ones before. */
static bool has_broken_file(const struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->problem_count; i++)
        if (bundle->problems[i].weight == BUNDLE_ERROR &&
            (bundle->problems[i].number == 0 ||
             bundle->problems[i].fault == BUNDLE_BROKEN))
            return true;
    return false;
}

/* What stood in corp-only.pem stays until the broken file is put right. */
static void keep_built(const struct ca *ca, const struct bundle *gone,
                       struct bundle *corporate)
{
    char path[PATH_MAX];
    struct bundle built;
    size_t before = corporate->count;

    if (!has_broken_file(corporate) ||
        !certs_path(path, sizeof(path), ca->places.state_dir, CERTS_CORP_ONLY) ||
        access(path, F_OK) != 0)
        return;
    bundle_init(&built, true, ca->now);
    bundle_read(&built, path);
    for (size_t i = 0; i < built.count; i++)
        if (gone == NULL || bundle_find(gone, built.entries[i].cert) == gone->count)
            bundle_take(corporate, &built.entries[i]);
    bundle_clear(&built);
    if (corporate->count > before)
        fprintf(stderr,
                "ccgate: ca: %zu certificate%s from the last build %s kept until what "
                "could not be read is put right\n",
                corporate->count - before, corporate->count - before == 1 ? "" : "s",
                corporate->count - before == 1 ? "is" : "are");
}

/* The same certificates in the same order. 0 or an error. */
static int compose_java(struct ca_composed *composed)
{
    struct bundle bundle;
    int error;

    bundle_init(&bundle, false, 0);
    bundle_add(&bundle, CERTS_BUNDLE, buf_span(&composed->text[CA_BUNDLE]));
    error = bundle.no_memory ? -ENOMEM : java_store(&bundle, &composed->text[CA_JAVA]);
    bundle_clear(&bundle);
    return error;
}

bool ca_compose(const struct ca *ca, const struct bundle *gone,
                struct ca_composed *composed)
{
    struct bundle *corporate = &composed->corporate, *roots = &composed->roots;
    int error;

    for (int i = 0; i < CA_FILES; i++)
        buf_init(&composed->text[i], BUILD_LIMIT);
    ca_read_held(ca, corporate);
    if (!ca_read_roots(ca, roots))
        return false;
    keep_built(ca, gone, corporate);
    build_complete(corporate, roots);
    /* An empty file is worse than none: some tools then refuse every connection. */
    error = corporate->count > 0
                ? build_text(NULL, corporate, &composed->text[CA_CORP_ONLY])
                : 0;
    if (error == 0)
        error = build_text(roots, corporate, &composed->text[CA_BUNDLE]);
    if (error == 0)
        error = compose_java(composed);
    if (error == 0 && !corporate->no_memory && !roots->no_memory)
        return true;
    fprintf(stderr, "ccgate: ca: nothing is built: %s\n",
            strerror(error != 0 ? -error : ENOMEM));
    return false;
}

void ca_composed_clear(struct ca_composed *composed)
{
    for (int i = 0; i < CA_FILES; i++)
        buf_clear(&composed->text[i]);
    bundle_clear(&composed->corporate);
    bundle_clear(&composed->roots);
}

/* ---- the files ---- */

static bool is_same(int fd, struct span text)
{
    struct buf content;
    struct stat st;
    bool same;

    buf_init(&content, text.len);
    same = fstat(fd, &st) == 0 && (st.st_mode & 0777) == FILE_MODE &&
           file_read(fd, &content) == 0 && span_equal(buf_span(&content), text);
    buf_clear(&content);
    return same;
}

enum ca_state ca_state(const struct ca *ca, int file, struct span text)
{
    char path[PATH_MAX];
    bool same;
    int fd;

    if (!certs_path(path, sizeof(path), ca->places.state_dir, ca_file_name(file)))
        return CA_MISSING;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return text.len == 0 ? CA_CURRENT : CA_MISSING;
    same = fd >= 0 && text.len > 0 && is_same(fd, text);
    if (fd >= 0)
        (void)close(fd);
    return same ? CA_CURRENT : CA_OUTDATED;
}

/* What was done, or NULL after a message. */
static const char *put_file(const struct ca *ca, int file, struct span text)
{
    char path[PATH_MAX];
    int error;

    if (ca_state(ca, file, text) == CA_CURRENT)
        return text.len > 0 ? "unchanged" : "none";
    if (!certs_path(path, sizeof(path), ca->places.state_dir, ca_file_name(file)))
        error = -ENAMETOOLONG;
    else if (text.len > 0)
        error = file_replace(path, text, FILE_MODE);
    else
        error = unlink(path) == 0 ? 0 : -errno;
    if (error == 0)
        return text.len > 0 ? "written" : "removed";
    fprintf(stderr, "ccgate: ca: %s/%s: %s\n", ca->places.state_dir, ca_file_name(file),
            strerror(-error));
    return NULL;
}

bool ca_put_files(const struct ca *ca, const struct ca_composed *composed,
                  const char *done[CA_FILES])
{
    /* The larger ones first: what is in corp-only.pem is then in all of them. */
    for (int i = CA_FILES - 1; i >= 0; i--) {
        done[i] = put_file(ca, i, buf_span(&composed->text[i]));
        if (done[i] == NULL)
            return false;
    }
    return true;
}

/* ---- the verb ---- */

static json_t *built_json(const struct ca *ca, const struct ca_composed *composed,
                          const char *const done[CA_FILES])
{
    json_t *files = json_array();

    for (int i = 0; i < CA_FILES; i++)
        json_array_append_new(files,
                              json_pack("{s:s+++, s:s}", "path", ca->places.state_dir,
                                        "/", ca_file_name(i), "", "done", done[i]));
    return json_pack("{s:o, s:I, s:I, s:o}", "files", files, "corporate",
                     (json_int_t)composed->corporate.count, "roots",
                     (json_int_t)composed->roots.count, "problems",
                     bundle_problems_json(&composed->corporate));
}

static void print_built(const struct ca *ca, const struct ca_composed *composed,
                        const char *const done[CA_FILES])
{
    for (int i = 0; i < CA_FILES; i++)
        printf("%-9s %s/%s\n", done[i], ca->places.state_dir, ca_file_name(i));
    printf("%zu certificate%s of the company, %zu root%s of the system\n",
           composed->corporate.count, composed->corporate.count == 1 ? "" : "s",
           composed->roots.count, composed->roots.count == 1 ? "" : "s");
}

int ca_build(const struct ca *ca)
{
    const char *done[CA_FILES] = {NULL, NULL};
    struct ca_composed composed;
    int status = EXIT_FAILURE;

    if (!ca_compose(ca, NULL, &composed) || !ca_put_files(ca, &composed, done))
        goto out;
    status = EXIT_SUCCESS;
    if (ca->json) {
        status = ca_print_json(built_json(ca, &composed, done), status);
        goto out;
    }
    ca_say_problems(&composed.corporate, false);
    print_built(ca, &composed, done);
out:
    ca_composed_clear(&composed);
    return status;
}
