/*
 * libexec: where our own helper programs are.
 */
#include "base/libexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool join(const char *folder, const char *program, char *path, size_t size)
{
    int n = snprintf(path, size, "%s/%s", folder, program);

    return n > 0 && (size_t)n < size;
}

/* The folder of the program that runs; false where the system does not say. */
static bool own_folder(char *folder, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", folder, size - 1);
    char *slash;

    if (n <= 0)
        return false;
    folder[n] = '\0';
    slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return false;
    *slash = '\0';
    return true;
}

bool libexec_path(const char *program, char *path, size_t size)
{
    const char *told = getenv("CCGATE_LIBEXEC");
    char folder[4096];

    if (told != NULL && told[0] != '\0')
        return join(told, program, path, size);
    if (own_folder(folder, sizeof(folder)) && join(folder, program, path, size) &&
        access(path, X_OK) == 0)
        return true;
    return join(CCGATE_PKGLIBEXECDIR, program, path, size);
}
