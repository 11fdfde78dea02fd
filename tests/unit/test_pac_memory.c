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
    struct pac_cached got;

    return pac_cache_get(cache, span_of(url), now, &got) &&
           span_equal(got.said, span_of(said));
}

static void put(struct span url, const char *said, uint64_t now, uint64_t expires)
{
    const struct pac_cached cached = {.said = span_of(said), .made = now};

    pac_cache_put(cache, url, &cached, expires);
}

START_TEST(test_kept_and_expired)
{
    put(SPAN("http://a/"), "PROXY p:1", 1000, 2000);
    put(SPAN("http://b/"), "", 1000, 2000);
    ck_assert(knows("http://a/", 1999, "PROXY p:1"));
    ck_assert(knows("http://b/", 1999, "")); /* an empty answer is one, too */
    ck_assert(!knows("http://a/x", 1500, "PROXY p:1"));
    ck_assert(!knows("http://a/", 2000, "PROXY p:1"));
    ck_assert_uint_eq(pac_cache_count(cache), 1);
    /* What may not be kept replaces what was. */
    put(SPAN("http://b/"), "DIRECT", 1500, 1500);
    ck_assert_uint_eq(pac_cache_count(cache), 0);
    put(SPAN("http://c/"), "DIRECT", 1500, 9000);
    pac_cache_flush(cache);
    ck_assert(!knows("http://c/", 1500, "DIRECT"));
}
END_TEST

/* With what was said stands what the script was told, and when. */
START_TEST(test_facts)
{
    const struct pac_cached cached = {SPAN("DIRECT"), SPAN("a = 192.0.2.1"), 1000};
    struct pac_cached got;

    pac_cache_put(cache, SPAN("http://a/"), &cached, 2000);
    ck_assert(pac_cache_get(cache, SPAN("http://a/"), 1500, &got));
    ck_assert(span_equal(got.said, cached.said));
    ck_assert(span_equal(got.facts, cached.facts));
    ck_assert_uint_eq(got.made, 1000);
}
END_TEST

START_TEST(test_bounded)
{
    char url[64];

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(url, sizeof(url), "http://host%d/", i);
        put(span_of(url), "DIRECT", 1, 1000000);
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
    put((struct span){url, sizeof(url)}, "DIRECT", 1, 1000);
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
    tcase_add_test(tcase, test_facts);
    tcase_add_test(tcase, test_bounded);
    tcase_add_test(tcase, test_long_urls_are_left_out);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("offenders");
    tcase_add_test(tcase, test_offenders_rest_longer_each_time);
    tcase_add_test(tcase, test_offenders_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
