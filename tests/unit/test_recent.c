/*
 * test_recent: what is kept of requests that ended, and of attempts that failed.
 */
#include <stdio.h>
#include <string.h>

#include "fwd/recent.h"
#include "route_rig.h"

static struct config *config;
static struct router *router;
static struct recent recent;

static void setup(void)
{
    config = config_of("proxy: http://proxy.test:8080\n");
    router = router_new(&(struct router_options){.config = config});
    ck_assert_ptr_nonnull(router);
    memset(&recent, 0, sizeof(recent));
}

static void teardown(void)
{
    recent_clear(&recent);
    router_free(router);
    config_unref(config);
}

/* A request through the hop of the configuration. */
static void put(request_id id, bool in_force, const char *detail)
{
    struct route *route = route_decide(
        router, &(struct route_request){.host = SPAN("a.test"), .port = 443});
    struct access access = {
        .method = "CONNECT",
        .target = span_dup(SPAN("a.test:443")),
        .why = route->why,
        .hop = route->hops[0].name,
        .trail.id = id,
    };

    trail_add(&access.trail, "http://dead.test:1", OUTCOME_CONNECT_REFUSED, "refused");
    recent_put(&recent, &(struct recent_options){
                            .access = &access,
                            .client = "127.0.0.1:41234",
                            .uid = 7,
                            .route = route,
                            .in_force = in_force,
                            .outcome = OUTCOME_DNS_ERROR,
                            .detail = detail,
                        });
    ck_assert_ptr_null(access.target); /* it was taken */
    ck_assert_ptr_null(access.trail.steps);
    route_unref(route);
}

START_TEST(one_is_found)
{
    const struct recent_request *r;
    char detail[] = "no such name";

    put(5, true, detail);
    detail[0] = 'x';
    ck_assert_ptr_null(recent_find(&recent, 6));
    ck_assert_ptr_null(recent_find(&recent, 0));
    r = recent_find(&recent, 5);
    ck_assert_ptr_nonnull(r);
    ck_assert_str_eq(r->access.target, "a.test:443");
    ck_assert_str_eq(r->access.hop, "http://proxy.test:8080");
    ck_assert_str_eq(r->client, "127.0.0.1:41234");
    ck_assert_str_eq(r->detail, "no such name");
    ck_assert_int_eq(r->uid, 7);
    ck_assert_int_eq(r->outcome, OUTCOME_DNS_ERROR);
    ck_assert_ptr_nonnull(r->route);
    ck_assert_uint_eq(trail_kept(&r->access.trail), 1);
    ck_assert_str_eq(r->access.trail.steps[0].hop, "http://dead.test:1");
    ck_assert_str_eq(r->access.trail.steps[0].detail, "refused");
    ck_assert_uint_gt(r->ended, 0);
}
END_TEST

START_TEST(the_oldest_makes_room)
{
    for (request_id id = 1; id <= RECENT_REQUESTS + 2; id++)
        put(id, true, NULL);
    ck_assert_ptr_null(recent_find(&recent, 1));
    ck_assert_ptr_null(recent_find(&recent, 2));
    for (request_id id = 3; id <= RECENT_REQUESTS + 2; id++)
        ck_assert_ptr_nonnull(recent_find(&recent, id));
}
END_TEST

/* Its configuration, with the secrets, is held by nobody but the test and the router.
 */
static void assert_let_go(request_id id)
{
    const struct recent_request *r = recent_find(&recent, id);

    ck_assert_ptr_nonnull(r);
    ck_assert_ptr_null(r->route);
    ck_assert_str_eq(r->access.hop, "http://proxy.test:8080");
    ck_assert_str_eq(r->access.why, "proxy: list");
}

START_TEST(no_configuration_is_kept_that_is_out_of_force)
{
    put(1, true, NULL);
    put(2, false, NULL);
    assert_let_go(2);
    ck_assert_ptr_nonnull(recent_find(&recent, 1)->route);
    recent_reloaded(&recent);
    assert_let_go(1);
    recent_reloaded(&recent);
    assert_let_go(1);
}
END_TEST

START_TEST(a_long_address_is_cut)
{
    struct access access = {.method = "GET", .trail.id = 9};
    char client[2 * NETADDR_TEXT];

    memset(client, 'c', sizeof(client));
    client[sizeof(client) - 1] = '\0';
    recent_put(&recent, &(struct recent_options){
                            .access = &access, .client = client, .uid = -1});
    ck_assert_uint_eq(strlen(recent_find(&recent, 9)->client), NETADDR_TEXT - 1);
}
END_TEST

START_TEST(a_trail_is_bounded)
{
    struct trail trail = {.id = 1};
    char hop[32];

    for (int i = 0; i < TRAIL_LIMIT + 3; i++) {
        snprintf(hop, sizeof(hop), "http://%d.test:1", i);
        trail_add(&trail, hop, OUTCOME_CONNECT_TIMEOUT, NULL);
    }
    ck_assert_uint_eq(trail.count, TRAIL_LIMIT + 3);
    ck_assert_uint_eq(trail_kept(&trail), TRAIL_LIMIT);
    ck_assert_str_eq(trail.steps[TRAIL_LIMIT - 1].hop, "http://31.test:1");
    ck_assert_ptr_null(trail.steps[0].detail);
    trail_clear(&trail);
    ck_assert_uint_eq(trail.count, 0);
    trail_clear(&trail);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recent");
    TCase *c = tcase_create("recent");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, one_is_found);
    tcase_add_test(c, the_oldest_makes_room);
    tcase_add_test(c, no_configuration_is_kept_that_is_out_of_force);
    tcase_add_test(c, a_long_address_is_cut);
    tcase_add_test(c, a_trail_is_bounded);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
