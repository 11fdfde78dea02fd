/*
 * test_pac_memory: what is remembered about a PAC script: its decisions, and the hosts
 * that it failed for.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "route/pac_cache.h"
#include "route/pac_offenders.h"
#include "suite.h"

static struct pac_cache *cache;

static void setup(void)
{
    cache = pac_cache_new();
    ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
    pac_cache_free(cache);
}

static bool knows(const char *url, uint64_t now, const char *said)
{
    struct span got = pac_cache_get(cache, span_of(url), now);

    return got.at != NULL && span_equal(got, span_of(said));
}

START_TEST(test_kept_and_expired)
{
    pac_cache_put(cache, SPAN("http://a/"), SPAN("PROXY p:1"), 1000, 2000);
    pac_cache_put(cache, SPAN("http://b/"), SPAN(""), 1000, 2000);
    ck_assert(knows("http://a/", 1999, "PROXY p:1"));
    ck_assert(knows("http://b/", 1999, "")); /* an empty answer is one, too */
    ck_assert(!knows("http://a/x", 1500, "PROXY p:1"));
    ck_assert_ptr_null(pac_cache_get(cache, SPAN("http://a/"), 2000).at);
    ck_assert_uint_eq(pac_cache_count(cache), 1);
    /* What may not be kept replaces what was. */
    pac_cache_put(cache, SPAN("http://b/"), SPAN("DIRECT"), 1500, 1500);
    ck_assert_uint_eq(pac_cache_count(cache), 0);
    pac_cache_put(cache, SPAN("http://c/"), SPAN("DIRECT"), 1500, 9000);
    pac_cache_flush(cache);
    ck_assert(!knows("http://c/", 1500, "DIRECT"));
}
END_TEST

START_TEST(test_bounded)
{
    char url[64];

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(url, sizeof(url), "http://host%d/", i);
        pac_cache_put(cache, span_of(url), SPAN("DIRECT"), 1, 1000000);
    }
    ck_assert_uint_le(pac_cache_count(cache), 2048);
    ck_assert(knows("http://host9999/", 2, "DIRECT"));
    ck_assert(!knows("http://host0/", 2, "DIRECT"));
}
END_TEST

START_TEST(test_long_urls_are_left_out)
{
    char url[5000];

    memset(url, 'x', sizeof(url));
    pac_cache_put(cache, (struct span){url, sizeof(url)}, SPAN("DIRECT"), 1, 1000);
    ck_assert_uint_eq(pac_cache_count(cache), 0);
}
END_TEST

static struct pac_offenders offenders;

START_TEST(test_offenders_rest_longer_each_time)
{
    static const uint64_t rests[] = {10000,  20000,  40000,  80000,
                                     160000, 320000, 600000, 600000};
    uint64_t now = 5;

    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        ck_assert_uint_eq(pac_offenders_add(&offenders, "bad", "loops", now), rests[i]);
        ck_assert_ptr_null(pac_offenders_find(&offenders, "good", now));
        ck_assert_ptr_nonnull(
            pac_offenders_find(&offenders, "bad", now + rests[i] - 1));
        now += rests[i];
        ck_assert_ptr_null(pac_offenders_find(&offenders, "bad", now));
    }
    pac_offenders_forgive(&offenders, "bad");
    ck_assert_uint_eq(pac_offenders_add(&offenders, "bad", "loops", now), 10000);
    ck_assert_str_eq(pac_offenders_find(&offenders, "bad", now)->what, "loops");
    pac_offenders_clear(&offenders);
    ck_assert_ptr_null(pac_offenders_find(&offenders, "bad", now));
}
END_TEST

START_TEST(test_offenders_are_bounded)
{
    char host[32];

    for (int i = 0; i < 3 * PAC_OFFENDERS; i++) {
        (void)snprintf(host, sizeof(host), "host%d", i);
        pac_offenders_add(&offenders, host, "loops", (uint64_t)i);
    }
    ck_assert_ptr_null(pac_offenders_find(&offenders, "host0", 500));
    ck_assert_ptr_nonnull(pac_offenders_find(&offenders, host, 500));
    pac_offenders_clear(&offenders);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_memory");
    TCase *tcase = tcase_create("cache");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_kept_and_expired);
    tcase_add_test(tcase, test_bounded);
    tcase_add_test(tcase, test_long_urls_are_left_out);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("offenders");
    tcase_add_test(tcase, test_offenders_rest_longer_each_time);
    tcase_add_test(tcase, test_offenders_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
