/*
 * ca_remove: `ccgate ca remove`: gives a certificate up, also in what is built.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ca/ca_internal.h"
#include "certs/paths.h"

enum { SHORT_DIGITS = 8 }; /* of a fingerprint, which tell it apart well enough */

struct removal {
    const struct ca *ca;
    struct bundle held; /* not vetted: expired ones are to go, too */
    struct bundle gone;
    json_t *list; /* with json; else NULL */
};

/* ---- which one is meant ---- */

static bool is_digits(const char *text)
{
    return strlen(text) >= SHORT_DIGITS &&
           strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static bool is_meant(const struct cert *cert, const char *text)
{
    unsigned char sha256[CERT_HASH];

    if (cert_parse_fingerprint(span_of(text), sha256))
        return memcmp(sha256, cert->sha256, CERT_HASH) == 0;
    if (is_digits(text) && strncasecmp(text, cert->fingerprint, strlen(text)) == 0)
        return true;
    return strcasecmp(text, cert->name) == 0 || strcmp(text, cert->subject) == 0;
}

/* How many are meant; the first one goes into entry. */
static size_t find(const struct bundle *held, const char *text,
                   const struct bundle_entry **entry)
{
    size_t count = 0;

    for (size_t i = 0; i < held->count; i++)
        if (is_meant(held->entries[i].cert, text) && count++ == 0)
            *entry = &held->entries[i];
    return count;
}

static int complain_none(const char *text)
{
    fprintf(stderr,
            "ccgate: ca remove: %s: nothing of that fingerprint or name is held; "
            "\"ccgate ca list\" shows what is\n",
            text);
    return EXIT_FAILURE;
}

static int complain_several(const struct bundle *held, const char *text)
{
    fprintf(stderr,
            "ccgate: ca remove: %s: several have that name; give the fingerprint "
            "of one:\n",
            text);
    for (size_t i = 0; i < held->count; i++)
        if (is_meant(held->entries[i].cert, text))
            fprintf(stderr, "  %s  %s\n", held->entries[i].cert->fingerprint,
                    held->entries[i].cert->subject);
    return EXIT_FAILURE;
}

/* ---- giving it up ---- */

static void report(struct removal *removal, const struct cert *cert)
{
    if (removal->list != NULL)
        json_array_append_new(removal->list, cert_json(cert, removal->ca->now));
    else
        printf("removed: %s\n  sha-256     %s\n", cert->name, cert->fingerprint);
}

/* The administrator's files are his, and may hold others besides. */
static int complain_place(const struct removal *removal,
                          const struct bundle_entry *entry)
{
    fprintf(stderr,
            "ccgate: ca remove: %s: it stands in %s (%s), which is not ccgate's "
            "to change: take certificate %zu out there\n",
            entry->cert->name, entry->file, ca_place(removal->ca, entry),
            entry->number);
    return EXIT_FAILURE;
}

static int remove_one(struct removal *removal, const char *text)
{
    const struct bundle_entry *entry = NULL;
    size_t count = find(&removal->held, text, &entry);

    if (count == 0)
        return complain_none(text);
    if (count > 1)
        return complain_several(&removal->held, text);
    if (strcmp(ca_place(removal->ca, entry), "held") != 0)
        return complain_place(removal, entry);
    if (unlink(entry->file) != 0) {
        fprintf(stderr, "ccgate: ca remove: %s: %s\n", entry->file, strerror(errno));
        return EXIT_FAILURE;
    }
    bundle_take(&removal->gone, entry);
    report(removal, entry->cert);
    return EXIT_SUCCESS;
}

/* It may stand in a file of the administrator, too. */
static int check_gone(const struct removal *removal)
{
    struct bundle now;
    int status = EXIT_SUCCESS;

    bundle_init(&now, false, removal->ca->now);
    held_read(&now, &removal->ca->places);
    for (size_t i = 0; i < removal->gone.count; i++) {
        size_t at = bundle_find(&now, removal->gone.entries[i].cert);

        if (at < now.count)
            status = complain_place(removal, &now.entries[at]);
    }
    bundle_clear(&now);
    return status;
}

/* What nobody is to trust any more does not wait for the next build. */
static int rebuild(const struct removal *removal)
{
    const char *done[CA_FILES];
    struct ca_composed composed;
    char path[PATH_MAX];
    bool good;

    if (!certs_path(path, sizeof(path), removal->ca->places.state_dir,
                    CERTS_CORP_ONLY) ||
        access(path, F_OK) != 0)
        return EXIT_SUCCESS;
    good = ca_compose(removal->ca, &removal->gone, &composed) &&
           ca_put_files(removal->ca, &composed, done);
    ca_composed_clear(&composed);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ca_remove(const struct ca *ca, const char *const *names, size_t count)
{
    struct removal removal = {.ca = ca, .list = ca->json ? json_array() : NULL};
    int status = EXIT_SUCCESS;

    bundle_init(&removal.held, false, ca->now);
    bundle_init(&removal.gone, false, ca->now);
    held_read(&removal.held, &ca->places);
    for (size_t i = 0; i < count; i++)
        if (remove_one(&removal, names[i]) != EXIT_SUCCESS)
            status = EXIT_FAILURE;
    if (removal.gone.count > 0 &&
        (rebuild(&removal) != EXIT_SUCCESS || check_gone(&removal) != EXIT_SUCCESS))
        status = EXIT_FAILURE;
    if (removal.list != NULL)
        status = ca_print_json(json_pack("{s:O}", "removed", removal.list), status);
    json_decref(removal.list);
    bundle_clear(&removal.held);
    bundle_clear(&removal.gone);
    return status;
}
