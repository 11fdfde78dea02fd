/*
 * libexec: where our own helper programs are.
 */
#ifndef CCGATE_BASE_LIBEXEC_H
#define CCGATE_BASE_LIBEXEC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path of a helper: in the folder that CCGATE_LIBEXEC names, else beside the
 * program that runs (a build folder), else where it is installed. The last is the
 * answer if it is nowhere. False if the path is too long.
 */
bool libexec_path(const char *program, char *path, size_t size);

#endif
