/*
 * test_resolve_cache: how long results are kept, how many, and which goes first.
 */
#include "net/resolve_parts.h"

#include <stdio.h>

#include "suite.h"

START_TEST(cache_is_bounded)
{
    struct resolve_cache *cache = resolve_cache_new();
    struct resolve_result *r = resolve_result_new(1);
    struct resolve_result *lasting = resolve_result_new(1);
    struct resolve_result *got;
    char name[32];

    r->definitive = lasting->definitive = true;
    r->count = lasting->count = 1;
    r->ttl = 10;
    lasting->ttl = 100000;
    resolve_cache_put(cache, "oldest", lasting, 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "name%d", i);
        resolve_cache_put(cache, name, r, 0);
    }
    ck_assert_uint_eq(resolve_cache_count(cache), 1024);
    ck_assert_ptr_null(resolve_cache_get(cache, "oldest", 1));
    ck_assert_ptr_null(resolve_cache_get(cache, "name975", 1));
    ck_assert_uint_eq(resolve_cache_lifetime(cache, "name975", 1), 0);
    ck_assert_uint_eq(resolve_cache_lifetime(cache, "name976", 9000), 1000);
    ck_assert_uint_eq(resolve_cache_lifetime(cache, "name976", 10000), 0);
    got = resolve_cache_get(cache, "name976", 9999);
    ck_assert_ptr_eq(got, r);
    resolve_result_unref(got);
    ck_assert_ptr_null(resolve_cache_get(cache, "name976", 10000));
    /* What has expired goes first. */
    resolve_cache_put(cache, "lasting", lasting, 9000);
    resolve_cache_put(cache, "more", lasting, 10000);
    ck_assert_uint_eq(resolve_cache_count(cache), 2);
    /* No answer is kept for more than 300 s. */
    got = resolve_cache_get(cache, "lasting", 308999);
    ck_assert_ptr_eq(got, lasting);
    resolve_result_unref(got);
    ck_assert_ptr_null(resolve_cache_get(cache, "lasting", 309000));
    resolve_cache_free(cache);
    resolve_result_unref(r);
    resolve_result_unref(lasting);
}
END_TEST

START_TEST(cache_times)
{
    struct resolve_cache *cache = resolve_cache_new();
    struct resolve_result *none = resolve_failure_new(OUTCOME_DNS_ERROR, "none");
    struct resolve_result *brief = resolve_result_new(1);
    struct resolve_result *got;

    brief->definitive = true;
    brief->count = 1;
    resolve_cache_put(cache, "failed", none, 0);
    ck_assert_uint_eq(resolve_cache_count(cache), 0);
    none->definitive = true;
    resolve_cache_put(cache, "none", none, 0);
    resolve_cache_put(cache, "brief", brief, 0);
    resolve_cache_put(cache, "brief", brief, 0);
    ck_assert_uint_eq(resolve_cache_count(cache), 2);
    got = resolve_cache_get(cache, "brief", 999);
    ck_assert_ptr_eq(got, brief);
    resolve_result_unref(got);
    ck_assert_ptr_null(resolve_cache_get(cache, "brief", 1000));
    got = resolve_cache_get(cache, "none", 1999);
    ck_assert_ptr_eq(got, none);
    resolve_result_unref(got);
    ck_assert_ptr_null(resolve_cache_get(cache, "none", 2000));
    resolve_cache_free(cache);
    resolve_result_unref(none);
    resolve_result_unref(brief);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolve_cache");
    TCase *tc = tcase_create("cache");

    tcase_add_test(tc, cache_is_bounded);
    tcase_add_test(tc, cache_times);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
