/*
 * held: see held.h.
 */
#include "certs/held.h"

#include <limits.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs/paths.h"

static bool copy_text(const char **to, const char *from)
{
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

static bool copy_files(char *const **to, char *const *from)
{
    size_t count = 0;
    char **files;

    while (from != NULL && from[count] != NULL)
        count++;
    files = calloc(count + 1, sizeof(*files));
    *to = files;
    for (size_t i = 0; files != NULL && i < count; i++) {
        files[i] = strdup(from[i]);
        if (files[i] == NULL)
            return false;
    }
    return files != NULL;
}

struct held_places *held_places_copy(const struct held_places *places)
{
    struct held_places *copy = calloc(1, sizeof(*copy));

    if (copy == NULL || (copy_text(&copy->state_dir, places->state_dir) &&
                         copy_text(&copy->drop_in, places->drop_in) &&
                         copy_files(&copy->files, places->files)))
        return copy;
    held_places_free(copy);
    return NULL;
}

void held_places_free(struct held_places *places)
{
    if (places == NULL)
        return;
    for (size_t i = 0; places->files != NULL && places->files[i] != NULL; i++)
        free(places->files[i]);
    free((void *)(uintptr_t)places->files); /* ours, though others see constants */
    free((void *)(uintptr_t)places->drop_in);
    free((void *)(uintptr_t)places->state_dir);
    free(places);
}

void held_read(struct bundle *bundle, const struct held_places *places)
{
    char path[PATH_MAX];

    if (places->state_dir != NULL &&
        certs_path(path, sizeof(path), places->state_dir, CERTS_HELD))
        bundle_read_folder(bundle, path);
    if (places->drop_in != NULL)
        bundle_read_folder(bundle, places->drop_in);
    for (size_t i = 0; places->files != NULL && places->files[i] != NULL; i++)
        bundle_read(bundle, places->files[i]);
}

const char *held_system_roots(void)
{
    static const char *const FILES[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Gentoo */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem", /* SUSE */
        "/etc/ssl/cert.pem",      /* Alpine, BSD */
    };

    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
        if (access(FILES[i], R_OK) == 0)
            return FILES[i];
    return access(X509_get_default_cert_file(), R_OK) == 0
               ? X509_get_default_cert_file()
               : NULL;
}
