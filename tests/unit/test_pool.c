/*
 * test_pool: kept connections: who gets which, how many, how long.
 */
#include "up/pool.h"

#include "loop_rig.h"

#define OWNER 1000

static struct lifetimes *lifetimes;
static struct pool *pool;
static int descriptors;

static void begin(void)
{
    loop_begin();
    lifetimes = lifetimes_new();
    ck_assert_ptr_nonnull(lifetimes);
    pool = pool_new(loop, lifetimes);
    ck_assert_ptr_nonnull(pool);
    descriptors = descriptors_open();
}

static void end(void)
{
    pool_free(pool);
    lifetimes_free(lifetimes);
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

static struct upstream *take(const char *key, uint32_t owner)
{
    return pool_take(pool, &(struct pool_want){.key = key, .owner = owner});
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
    ck_assert_ptr_null(take("c", OWNER));
    ck_assert_ptr_null(take("b", OWNER + 1));
    ck_assert(!a->reused);
    ck_assert_ptr_eq(take("a", OWNER), a);
    ck_assert(a->reused);
    ck_assert_ptr_null(take("a", OWNER));
    ck_assert_ptr_eq(take("a", OWNER + 1), other);
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
        ck_assert_ptr_eq(take("a", OWNER), u[i]);
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
        ck_assert_ptr_null(take("a", OWNER));
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
    ck_assert_ptr_eq(take("a", OWNER), good);
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

/* ---- through a hop ---- */

static char hop_name[] = "http://hop:1";
static struct hop hop = {.name = hop_name};

static struct upstream *through_hop(int *far)
{
    struct upstream *u = upstream_of(hop.name, OWNER, far);

    u->hop = &hop;
    return u;
}

static struct lifetime *learned(void)
{
    return lifetimes_of(lifetimes, hop.name);
}

START_TEST(kept_as_long_as_the_hop_allows)
{
    int far;

    learned()->limit = 5;
    pool_put(pool, through_hop(&far), 10000);
    pass_ms(20);
    ck_assert_uint_eq(pool_size(pool), 0);
    ck_assert(is_closed(far));
    close(far);
    ck_assert_uint_gt(learned()->limit, 5); /* it was open to the end */
    learned()->limit = 10000;
    pool_put(pool, through_hop(&far), 5);
    pass_ms(20);
    ck_assert_uint_eq(pool_size(pool), 0);
    ck_assert_uint_eq(learned()->limit, 10000);
    close(far);
}
END_TEST

START_TEST(learns_from_what_the_hop_closes)
{
    int far;

    for (int i = 0; i < 3; i++) {
        lifetime_init(learned());
        pool_put(pool, through_hop(&far), 10000);
        if (i > 0)
            close(far);
        if (i == 1)
            pass_ms(2); /* seen by the loop */
        struct upstream *u = take(hop.name, OWNER);
        ck_assert_int_eq(u != NULL, i == 0);
        if (i == 0) {
            pool_learn(pool, u, true, 10000); /* seen when it was used */
            upstream_free(u);
            close(far);
        }
        ck_assert_uint_eq(learned()->limit, LIFETIME_LEAST);
    }
}
END_TEST

START_TEST(not_under_another_configuration)
{
    struct config one, two;
    struct route route = {.refs = 9, .config = &one};
    int far;
    struct upstream *u = upstream_of("a", OWNER, &far);

    u->route = &route;
    pool_put(pool, u, 10000);
    ck_assert_ptr_null(pool_take(
        pool, &(struct pool_want){.key = "a", .owner = OWNER, .config = &two}));
    ck_assert_ptr_eq(
        pool_take(pool,
                  &(struct pool_want){.key = "a", .owner = OWNER, .config = &one}),
        u);
    pool_put(pool, u, 10000);
    ck_assert_ptr_null(pool_take(
        pool, &(struct pool_want){
                  .key = "a", .owner = OWNER, .config = &one, .logged_in = true}));
    ck_assert_uint_eq(pool_count(pool, "a", false), 1);
    ck_assert_uint_eq(pool_count(pool, "a", true), 0);
    ck_assert_uint_eq(pool_count(pool, "b", false), 0);
    pool_flush(pool);
    close(far);
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
    tcase_add_test(tcase, kept_as_long_as_the_hop_allows);
    tcase_add_test(tcase, learns_from_what_the_hop_closes);
    tcase_add_test(tcase, not_under_another_configuration);
    tcase_add_test(tcase, freed_with_connections_in_it);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
