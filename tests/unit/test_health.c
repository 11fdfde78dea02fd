/*
 * test_health: failed hops rest at the end of the list.
 */
#include "route/health.h"

#include <string.h>

#include "suite.h"

#define REST (60 * 1000)

static struct loop *loop;
static struct health *health;
static struct hop hops[5];
static struct route route = {.kind = ROUTE_HOPS, .hops = hops, .hop_count = 5};

static void setup(void)
{
    static char *const names[5] = {"http://a:1", "http://b:1", "https://c:1",
                                   "http://d:1", "http://e:1"};

    for (size_t i = 0; i < 5; i++)
        hops[i].name = names[i];
    loop = loop_new();
    health = health_new(loop);
    ck_assert_ptr_nonnull(loop);
    ck_assert_ptr_nonnull(health);
}

static void teardown(void)
{
    health_free(health);
    ck_assert_int_eq(loop_free(loop), 0);
}

/* The order as letters. */
static const char *order(void)
{
    static char shown[6];
    uint8_t places[5];

    health_order(health, &route, places);
    for (size_t i = 0; i < 5; i++)
        shown[i] = (char)('a' + places[i]);
    return shown;
}

static void failed(size_t hop, enum outcome outcome, uint64_t rest_ms)
{
    health_failed(health, &hops[hop], outcome, "no route", rest_ms);
}

START_TEST(those_that_rest_come_last)
{
    ck_assert_str_eq(order(), "abcde");
    failed(0, OUTCOME_CONNECT_TIMEOUT, REST);
    ck_assert(health_rests(health, &hops[0]));
    ck_assert_str_eq(order(), "bcdea");
    failed(3, OUTCOME_DNS_ERROR, REST);
    failed(2, OUTCOME_TLS_CERTIFICATE, REST);
    ck_assert_str_eq(order(), "beacd");
    health_succeeded(health, &hops[0]);
    ck_assert_str_eq(order(), "abecd");
    for (size_t i = 0; i < 5; i++)
        failed(i, OUTCOME_CONNECT_REFUSED, REST);
    ck_assert_str_eq(order(), "abcde");
    health_wake_all(health);
    for (size_t i = 0; i < 5; i++)
        ck_assert(!health_rests(health, &hops[i]));
}
END_TEST

/* A refusal, a login or an answer says nothing against the way to the hop. */
START_TEST(only_faults_of_the_hop_make_it_rest)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        failed(1, (enum outcome)i, REST);
        ck_assert_int_eq(health_rests(health, &hops[1]),
                         outcome_info((enum outcome)i)->hop_fault);
        health_wake_all(health);
    }
    failed(1, OUTCOME_CONNECT_REFUSED, 0); /* resting is off */
    ck_assert(!health_rests(health, &hops[1]));
}
END_TEST

static void woke(void *ctx)
{
    bool *rests = ctx;

    *rests = health_rests(health, &hops[0]);
}

START_TEST(the_rest_ends)
{
    struct deadline early, late;
    bool rests_early = false;
    bool rests_late = true;

    failed(0, OUTCOME_CONNECT_REFUSED, 60);
    failed(1, OUTCOME_CONNECT_REFUSED, REST);
    deadline_init(&early, woke, &rests_early);
    deadline_init(&late, woke, &rests_late);
    deadline_set(loop, &early, 1);
    deadline_set(loop, &late, 80);
    loop_run(loop);
    ck_assert(rests_early);
    ck_assert(!rests_late);
    ck_assert_str_eq(order(), "acdeb");
}
END_TEST

START_TEST(entries)
{
    const struct health_entry *entry;

    ck_assert_ptr_null(health_find(health, "http://a:1"));
    health_succeeded(health, &hops[0]);
    failed(0, OUTCOME_CONNECT_TIMEOUT, REST);
    entry = health_find(health, "http://a:1");
    ck_assert_ptr_nonnull(entry);
    ck_assert_str_eq(entry->hop, "http://a:1");
    ck_assert_uint_eq(entry->successes, 1);
    ck_assert_uint_eq(entry->failures, 1);
    ck_assert_int_eq(entry->last_error, OUTCOME_CONNECT_TIMEOUT);
    ck_assert_str_eq(entry->last_detail, "no route");
    ck_assert_uint_gt(entry->last_error_at, 1700000000);
    ck_assert_uint_eq(entry->rests_until, loop_now(loop) + REST);
    health_failed(health, &hops[0], OUTCOME_DNS_ERROR, NULL, REST);
    ck_assert_ptr_null(entry->last_detail);
    health_succeeded(health, &hops[0]);
    ck_assert_uint_eq(entry->rests_until, 0);
    ck_assert_int_eq(entry->last_error, OUTCOME_DNS_ERROR);
    ck_assert_uint_eq(entry->failures, 2);
    ck_assert_uint_eq(entry->successes, 2);
    health_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("health");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, those_that_rest_come_last);
    tcase_add_test(tcase, only_faults_of_the_hop_make_it_rest);
    tcase_add_test(tcase, the_rest_ends);
    tcase_add_test(tcase, entries);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
