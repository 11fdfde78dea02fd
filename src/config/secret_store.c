/*
 * secret_store: a password into a file that secret_from_file() will take. See secret.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/secret.h"

/* 0 or -errno. */
static int replace(const char *path, struct span secret)
{
    char line[SECRET_LIMIT + 1];
    int error;

    memcpy(line, secret.at, secret.len);
    line[secret.len] = '\n';
    error = file_replace(path, (struct span){line, secret.len + 1}, 0600);
    secret_wipe(line, sizeof(line));
    return error;
}

bool secret_to_file(const char *path, const struct secret *secret, char *why,
                    size_t why_size)
{
    char *target = realpath(path, NULL); /* a link stays one */
    int error = replace(target != NULL ? target : path, secret_reveal(secret));

    free(target);
    if (error != 0)
        snprintf(why, why_size, "%s: %s", path, strerror(-error));
    return error == 0;
}
