/*
 * test_demand: when a target is busy, how many ready tunnels it wants, and rests.
 */
#include "up/demand.h"

#include "suite.h"

#define MOST 4

static struct demand demand;
static uint64_t now;

static void setup(void)
{
    demand = (struct demand){.count = 0};
    now = 5;
}

static void use(unsigned times, uint64_t every)
{
    while (times-- > 0) {
        now += every;
        demand_use(&demand, now);
    }
}

static size_t wants(void)
{
    return demand_wants(&demand, now, MOST);
}

START_TEST(used_again_and_again)
{
    ck_assert_uint_eq(wants(), 0);
    ck_assert_uint_eq(demand_last(&demand), 0);
    use(2, 1000);
    ck_assert(!demand_is_busy(&demand, now));
    ck_assert_uint_eq(wants(), 0);
    use(1, 1000);
    ck_assert(demand_is_busy(&demand, now));
    ck_assert_uint_eq(wants(), 3);
    ck_assert_uint_eq(demand_last(&demand), now);
}
END_TEST

START_TEST(too_rarely)
{
    use(50, DEMAND_WINDOW / 2 + 1);
    ck_assert_uint_eq(wants(), 0);
    use(50, DEMAND_WINDOW / 2);
    ck_assert_uint_eq(wants(), 1);
}
END_TEST

START_TEST(as_many_as_lately)
{
    use(100, 1);
    ck_assert_uint_eq(wants(), MOST);
    ck_assert_uint_eq(demand_wants(&demand, now, 1000), DEMAND_RING);
    ck_assert_uint_eq(demand_wants(&demand, now, 0), 0);
    now += DEMAND_RECENT + 1;
    ck_assert_uint_eq(wants(), 1);
    use(1, 0);
    ck_assert_uint_eq(wants(), 1);
    use(1, 1);
    ck_assert_uint_eq(wants(), 2);
    now += DEMAND_QUIET;
    ck_assert_uint_eq(wants(), 1);
    now++;
    ck_assert_uint_eq(wants(), 0);
}
END_TEST

START_TEST(rests_after_failures_in_a_row)
{
    uint64_t rest = 0;

    use(3, 1);
    for (int i = 0; i < 3; i++) {
        now += 100;
        demand_failed(&demand, now);
        ck_assert_uint_eq(wants(), 3);
    }
    for (uint64_t wanted = 1000; wanted <= 64000; wanted *= 2) {
        now += 100;
        demand_failed(&demand, now);
        for (rest = 0; demand_wants(&demand, now + rest, MOST) == 0; rest += 100) {
            ck_assert_uint_le(rest, 64000);
            demand_use(&demand, now + rest);
        }
        ck_assert_uint_eq(rest, wanted);
        now += rest;
    }
    now += 100;
    demand_failed(&demand, now);
    ck_assert_uint_eq(wants(), 0);
    demand_worked(&demand);
    ck_assert_uint_gt(wants(), 0);
}
END_TEST

START_TEST(those_that_fail_together_count_once)
{
    use(3, 1);
    for (int i = 0; i < 50; i++)
        demand_failed(&demand, now + (uint64_t)i);
    ck_assert_uint_eq(wants(), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("demand");
    TCase *tcase = tcase_create("demand");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, used_again_and_again);
    tcase_add_test(tcase, too_rarely);
    tcase_add_test(tcase, as_many_as_lately);
    tcase_add_test(tcase, rests_after_failures_in_a_row);
    tcase_add_test(tcase, those_that_fail_together_count_once);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
