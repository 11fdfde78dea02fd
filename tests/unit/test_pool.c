/*
 * test_pool: kept connections: who gets which, how many, how long.
 */
#include "up/pool.h"

#include "loop_rig.h"

#define OWNER 1000

static struct pool *pool;
static int descriptors;

static void begin(void)
{
    loop_begin();
    pool = pool_new(loop);
    ck_assert_ptr_nonnull(pool);
    descriptors = descriptors_open();
}

static void end(void)
{
    pool_free(pool);
    ck_assert_int_eq(descriptors_open(), descriptors);
    loop_end();
}

/* A connection for the pool; its far end is *far. */
static struct upstream *upstream_of(const char *key, uint32_t owner, int *far)
{
    struct upstream *u = upstream_new();
    int ends[2];

    pair_open(ends);
    *far = ends[1];
    ck_assert_ptr_nonnull(u);
    u->stream = stream_new(loop, ends[0]);
    u->key = span_dup(span_of(key));
    u->owner = owner;
    ck_assert_ptr_nonnull(u->stream);
    ck_assert_ptr_nonnull(u->key);
    return u;
}

static bool is_closed(int far)
{
    char byte;

    return read(far, &byte, 1) == 0;
}

START_TEST(taken_by_key_and_owner)
{
    int far[3];
    struct upstream *a = upstream_of("a", OWNER, &far[0]);
    struct upstream *b = upstream_of("b", OWNER, &far[1]);
    struct upstream *other = upstream_of("a", OWNER + 1, &far[2]);

    pool_put(pool, a, 10000);
    pool_put(pool, b, 10000);
    pool_put(pool, other, 10000);
    ck_assert_uint_eq(pool_size(pool), 3);
    ck_assert_ptr_null(pool_take(pool, "c", OWNER));
    ck_assert_ptr_null(pool_take(pool, "b", OWNER + 1));
    ck_assert(!a->reused);
    ck_assert_ptr_eq(pool_take(pool, "a", OWNER), a);
    ck_assert(a->reused);
    ck_assert_ptr_null(pool_take(pool, "a", OWNER));
    ck_assert_ptr_eq(pool_take(pool, "a", OWNER + 1), other);
    ck_assert_uint_eq(pool_size(pool), 1);
    pass_ms(2);
    ck_assert(!is_closed(far[0]));
    pool_flush(pool);
    ck_assert(is_closed(far[1]));
    ck_assert_uint_eq(pool_size(pool), 0);
    upstream_free(a);
    upstream_free(other);
    for (int i = 0; i < 3; i++)
        close(far[i]);
}
END_TEST

START_TEST(the_youngest_first)
{
    struct upstream *u[3];
    int far[3];

    for (int i = 0; i < 3; i++) {
        u[i] = upstream_of("a", OWNER, &far[i]);
        pool_put(pool, u[i], 10000);
    }
    for (int i = 2; i >= 0; i--) {
        ck_assert_ptr_eq(pool_take(pool, "a", OWNER), u[i]);
        upstream_free(u[i]);
        close(far[i]);
    }
}
END_TEST

/* Speaks or ends while idle: seen by the loop, or only when it is to be taken. */
START_TEST(dropped_when_it_speaks_or_ends)
{
    for (int i = 0; i < 4; i++) {
        bool ends = i & 1, loop_runs = i & 2;
        int far;

        pool_put(pool, upstream_of("a", OWNER, &far), 10000);
        if (ends)
            shutdown(far, SHUT_WR);
        else
            ck_assert_int_eq(write(far, "x", 1), 1);
        if (loop_runs) {
            pass_ms(2);
            ck_assert_uint_eq(pool_size(pool), 0);
        }
        ck_assert_ptr_null(pool_take(pool, "a", OWNER));
        ck_assert_uint_eq(pool_size(pool), 0);
        close(far);
    }
}
END_TEST

START_TEST(a_stale_one_gives_way_to_the_next)
{
    int far[2];
    struct upstream *good = upstream_of("a", OWNER, &far[0]);

    pool_put(pool, good, 10000);
    pool_put(pool, upstream_of("a", OWNER, &far[1]), 10000);
    close(far[1]);
    ck_assert_ptr_eq(pool_take(pool, "a", OWNER), good);
    ck_assert_uint_eq(pool_size(pool), 0);
    upstream_free(good);
    close(far[0]);
}
END_TEST

START_TEST(dropped_after_its_time)
{
    int far[3];

    pool_put(pool, upstream_of("a", OWNER, &far[0]), 5);
    pool_put(pool, upstream_of("a", OWNER, &far[1]), 10000);
    pool_put(pool, upstream_of("a", OWNER, &far[2]), 0); /* none at all */
    ck_assert_uint_eq(pool_size(pool), 2);
    ck_assert(is_closed(far[2]));
    pass_ms(20);
    ck_assert_uint_eq(pool_size(pool), 1);
    ck_assert(is_closed(far[0]));
    ck_assert(!is_closed(far[1]));
    for (int i = 0; i < 3; i++)
        close(far[i]);
}
END_TEST

START_TEST(limit_per_key_and_owner)
{
    int far[POOL_KEY_LIMIT + 2];

    for (int i = 0; i < COUNT(far); i++)
        pool_put(pool, upstream_of("a", OWNER, &far[i]), 10000);
    ck_assert_uint_eq(pool_size(pool), POOL_KEY_LIMIT);
    for (int i = 0; i < COUNT(far); i++) {
        ck_assert_int_eq(is_closed(far[i]), i < 2); /* the oldest went */
        close(far[i]);
    }
}
END_TEST

START_TEST(limit_of_all)
{
    int far[POOL_LIMIT + 3];
    char key[16];

    for (int i = 0; i < COUNT(far); i++) {
        snprintf(key, sizeof(key), "hop%d", i / 2);
        pool_put(pool, upstream_of(key, OWNER, &far[i]), 10000);
        ck_assert_uint_le(pool_size(pool), POOL_LIMIT);
    }
    ck_assert_uint_eq(pool_size(pool), POOL_LIMIT);
    for (int i = 0; i < COUNT(far); i++) {
        ck_assert_int_eq(is_closed(far[i]), i < 3);
        close(far[i]);
    }
}
END_TEST

START_TEST(freed_with_connections_in_it)
{
    int far;

    pool_put(pool, upstream_of("a", OWNER, &far), 10000);
    pool_free(pool);
    pool = NULL;
    ck_assert(is_closed(far));
    close(far);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, taken_by_key_and_owner);
    tcase_add_test(tcase, the_youngest_first);
    tcase_add_test(tcase, dropped_when_it_speaks_or_ends);
    tcase_add_test(tcase, a_stale_one_gives_way_to_the_next);
    tcase_add_test(tcase, dropped_after_its_time);
    tcase_add_test(tcase, limit_per_key_and_owner);
    tcase_add_test(tcase, limit_of_all);
    tcase_add_test(tcase, freed_with_connections_in_it);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
