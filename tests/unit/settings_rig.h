/*
 * settings_rig: a ccgate-system that answers about settings what the test says, and
 * counts how often it is started.
 */
#ifndef CCGATE_TESTS_UNIT_SETTINGS_RIG_H
#define CCGATE_TESTS_UNIT_SETTINGS_RIG_H

#include <stdlib.h>

#include "system_rig.h"

/* Each start adds a byte to "asked". */
#define COUNTS  "printf x >>$here/asked; "
#define ANSWERS COUNTS "cat $here/hello $here/answer >&3; exec cat >/dev/null <&3"
#define HANGS   COUNTS "cat $here/hello >&3; exec cat >/dev/null <&3"

static inline void settings_answer(const struct system_answer *answer)
{
    struct buf out;

    buf_init(&out, SYSTEM_MESSAGE_LIMIT);
    ck_assert_int_eq(system_put_answer(&out, answer), 0);
    system_write("answer", buf_span(&out), 0600);
    buf_clear(&out);
}

static inline long settings_starts(void)
{
    struct stat st;

    return stat(system_path("asked"), &st) == 0 ? (long)st.st_size : 0;
}

#endif
