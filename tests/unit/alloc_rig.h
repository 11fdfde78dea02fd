/*
 * alloc_rig: whatever allocation fails. A program that includes this is linked with
 * --wrap for malloc(), calloc(), realloc() and strdup(), see extra.mk: a scenario runs
 * again and again, with its first allocation failing, then its second, and so on, until
 * it gets by without a failure; once with one failure, and once with all from there on.
 * Only the thread that runs it is affected.
 */
#ifndef CCGATE_TESTS_UNIT_ALLOC_RIG_H
#define CCGATE_TESTS_UNIT_ALLOC_RIG_H

#include <pthread.h>
#include <stdbool.h>

#include "suite.h"

#define RUNS_MOST 5000 /* of one scenario */

static bool armed, sticky;
static unsigned long countdown;
static pthread_t affected;

static inline bool fails(void)
{
    if (!armed || !pthread_equal(pthread_self(), affected))
        return false;
    if (countdown > 0)
        countdown--;
    if (countdown > 0)
        return false;
    armed = sticky;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* NULL: fine; else what went wrong. `whole` says that nothing failed in this run. */
typedef const char *scenario(bool whole);

static inline bool run_with_failure(scenario *run, unsigned long at, bool from_there_on)
{
    affected = pthread_self();
    countdown = at;
    sticky = from_there_on;
    armed = true;
    const char *wrong = run(false);
    bool reached = countdown == 0;
    armed = false;
    ck_assert_msg(!wrong, "allocation %lu failed: %s", at, wrong);
    return reached;
}

static inline void exhaust(scenario *run)
{
    const char *wrong;

    for (int from_there_on = 0; from_there_on < 2; from_there_on++) {
        unsigned long n = 1;

        while (run_with_failure(run, n, from_there_on))
            ck_assert_uint_lt(++n, RUNS_MOST);
        ck_assert_uint_gt(n, 1); /* the wrapping is at work */
    }
    wrong = run(true);
    ck_assert_msg(!wrong, "afterwards: %s", wrong);
}

#endif
