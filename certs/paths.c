/*
 * paths: see paths.h.
 */
#include "certs/paths.h"

#include <stdio.h>

bool certs_path(char *path, size_t size, const char *state_dir, const char *name)
{
    int n = snprintf(path, size, "%s/%s", state_dir, name);

    return n > 0 && (size_t)n < size;
}
