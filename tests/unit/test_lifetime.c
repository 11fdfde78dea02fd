/*
 * test_lifetime: how long idle connections are kept, learned step by step.
 */
#include "up/lifetime.h"

#include <stdbool.h>

#include "suite.h"

#define MOST 55000

struct step {
    bool closed;          /* else: outlived */
    uint64_t idle, later; /* milliseconds */
    uint64_t limit;       /* from then on */
};

#define STEPS 8

static const struct {
    const char *about;
    struct step steps[STEPS];
} cases[] = {
    {"begins with nine seconds", {{false, 0, 0, 9000}}},
    {"an early use says nothing", {{false, 6000, 0, 9000}}},
    {"grows by a quarter", {{false, 9000, 0, 11250}, {false, 11250, 0, 14062}}},
    {"a use near the limit is enough", {{false, 6750, 0, 11250}}},
    {"three quarters of what was closed", {{true, 4000, 0, 3000}}},
    {"what is closed late changes nothing", {{true, 20000, 0, 9000}}},
    {"never below a second", {{true, 0, 0, 1000}, {true, 1, 0, 1000}}},
    {"grows again, but not up to what was closed",
     {{true, 8000, 0, 6000},
      {true, 4000, 0, 3000},
      {false, 3000, 0, 3000},
      {true, 6000, 0, 3000}}},
    {"below what was closed once",
     {{false, 9000, 0, 11250},
      {true, 12000, 0, 9000},
      {false, 9000, 0, 9000},
      {false, 9000, LIFETIME_FORGET + 1, 11250}}},
    {"what was closed long ago is replaced by what was closed now",
     {{true, 2000, 0, 1500},
      {true, 40000, LIFETIME_FORGET + 1, 1500},
      {false, 1500, 0, 1875}}},
};

START_TEST(learns)
{
    struct lifetime l;
    uint64_t now = 1000;

    lifetime_init(&l);
    for (int i = 0; i < STEPS && cases[_i].steps[i].limit > 0; i++) {
        const struct step *step = &cases[_i].steps[i];

        now += step->later;
        if (step->closed)
            lifetime_closed(&l, step->idle, now);
        else
            lifetime_outlived(&l, step->idle, MOST, now);
        ck_assert_msg(l.limit == step->limit, "%s: step %d: %llu", cases[_i].about, i,
                      (unsigned long long)l.limit);
    }
}
END_TEST

START_TEST(grows_up_to_the_most)
{
    struct lifetime l;

    lifetime_init(&l);
    for (int i = 0; i < 50; i++)
        lifetime_outlived(&l, l.limit, MOST, 1);
    ck_assert_uint_eq(l.limit, MOST);
    lifetime_outlived(&l, l.limit, MOST / 2, 1);
    ck_assert_uint_eq(l.limit, MOST); /* whoever wants less takes less */
}
END_TEST

START_TEST(one_for_each_hop)
{
    struct lifetimes *all = lifetimes_new();
    struct lifetime *a;

    ck_assert_ptr_nonnull(all);
    a = lifetimes_of(all, "http://a:1");
    ck_assert_ptr_nonnull(a);
    ck_assert_uint_eq(a->limit, LIFETIME_FIRST);
    ck_assert_ptr_ne(lifetimes_of(all, "http://b:1"), a);
    ck_assert_ptr_eq(lifetimes_of(all, "http://a:1"), a);
    lifetimes_free(all);
    lifetimes_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lifetime");
    TCase *tcase = tcase_create("lifetime");

    tcase_add_loop_test(tcase, learns, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tcase, grows_up_to_the_most);
    tcase_add_test(tcase, one_for_each_hop);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
