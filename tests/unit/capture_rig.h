/*
 * capture_rig: what a verb prints, on both outputs, in the order in which it is
 * printed.
 */
#ifndef CCGATE_TESTS_UNIT_CAPTURE_RIG_H
#define CCGATE_TESTS_UNIT_CAPTURE_RIG_H

#include <stdio.h>
#include <unistd.h>

#include "suite.h"

enum { CAPTURE_ROOM = 256 * 1024 };

static char captured[CAPTURE_ROOM]; /* by the last capture_end() */
static FILE *capture_file;
static int capture_kept[2];

static inline void capture_begin(void)
{
    capture_file = tmpfile();
    ck_assert_ptr_nonnull(capture_file);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        capture_kept[i] = dup(i + 1);
        ck_assert_int_eq(dup2(fileno(capture_file), i + 1), i + 1);
    }
}

static inline void capture_end(void)
{
    size_t n;

    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(dup2(capture_kept[i], i + 1), i + 1);
        close(capture_kept[i]);
    }
    rewind(capture_file);
    n = fread(captured, 1, CAPTURE_ROOM - 1, capture_file);
    captured[n] = '\0';
    fclose(capture_file);
}

#endif
