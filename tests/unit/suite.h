/*
 * suite: what every unit test's main() does.
 */
#ifndef CCGATE_TESTS_UNIT_SUITE_H
#define CCGATE_TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs the suite (CK_FORK and CK_RUN_CASE count) and returns the exit code. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
