/*
 * state_rig: a folder for state files, made for each test and removed after it.
 */
#ifndef CCGATE_TESTS_UNIT_STATE_RIG_H
#define CCGATE_TESTS_UNIT_STATE_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char state_folder[64]; /* there; */
static char state_dir[96];    /* a folder in it, not there at first */

static inline void state_begin(void)
{
    snprintf(state_folder, sizeof(state_folder), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(state_folder));
    snprintf(state_dir, sizeof(state_dir), "%s/deep/state", state_folder);
}

static inline const char *state_path(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", state_dir, name);
    return path;
}

static inline void state_end(void)
{
    static const char *const names[] = {"logins", "logins.new", "logins.lock"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (unlink(state_path(names[i])) != 0)
            rmdir(state_path(names[i]));
    rmdir(state_dir);
    strrchr(state_dir, '/')[0] = '\0';
    unlink(state_dir);
    rmdir(state_dir);
    ck_assert_int_eq(rmdir(state_folder), 0); /* nothing else was written */
}

/* The folder, with a file of this content and mode in it. */
static inline void state_put(const char *name, const char *text, mode_t mode)
{
    char above[sizeof(state_dir)];
    FILE *file;

    snprintf(above, sizeof(above), "%s/deep", state_folder);
    ck_assert(mkdir(above, 0700) == 0 || errno == EEXIST);
    ck_assert(mkdir(state_dir, 0700) == 0 || errno == EEXIST);
    file = fopen(state_path(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(state_path(name), mode), 0);
}

static inline const char *state_get(const char *name)
{
    static char text[65536];
    FILE *file = fopen(state_path(name), "r");
    size_t n = 0;

    if (file != NULL) {
        n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
    }
    text[n] = '\0';
    return text;
}

#endif
