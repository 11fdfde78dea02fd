/*
 * test_keytab: a keytab that the KDC rejected is held back, by all processes of a state
 * folder, until it changes or is rearmed.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "auth/keytab.h"
#include "state_rig.h"

/* ---- the library ---- */

static enum { REJECTS, ACCEPTS, IS_SILENT } kdc;
static atomic_int asked, inside, inside_most;
static int slow_ms;

static void fake_step(void **context, const struct gss_target *target,
                      struct span input, struct gss_result *result)
{
    int n = atomic_fetch_add(&inside, 1) + 1;

    (void)target;
    (void)input;
    if (n > atomic_load(&inside_most))
        atomic_store(&inside_most, n);
    atomic_fetch_add(&asked, 1);
    if (slow_ms != 0)
        ck_assert_int_eq(poll(NULL, 0, slow_ms), 0);
    if (kdc == ACCEPTS) {
        result->verdict = GSS_GOES_ON;
        *context = &asked;
    } else {
        result->verdict = GSS_UNABLE;
        result->rejected = kdc == REJECTS;
        snprintf(result->why, sizeof(result->why), "the KDC's words");
    }
    atomic_fetch_sub(&inside, 1);
}

static const struct gss_maker fake = {.step = fake_step};

/* ---- the rig ---- */

static struct ledger *ledger;
static struct keytabs *keytabs;
static char path[96];
static struct gss_target target;
static struct gss_result result;

static void put_keytab(const char *bytes)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(bytes, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    state_begin();
    snprintf(path, sizeof(path), "%s/bot.keytab", state_folder);
    put_keytab("a key");
    target = (struct gss_target){.host = "wp1", .keytab = path};
    ledger = ledger_new(state_dir);
    keytabs = keytabs_new(ledger);
    ck_assert_ptr_nonnull(keytabs);
    kdc = REJECTS;
    slow_ms = 0;
}

static void teardown(void)
{
    keytabs_free(keytabs);
    ledger_unref(ledger);
    unlink(path);
    state_end();
}

/* As after a restart: nothing is in memory. */
static void restart(struct ledger *where)
{
    keytabs_free(keytabs);
    keytabs = keytabs_new(where);
    ck_assert_ptr_nonnull(keytabs);
}

static void step(void)
{
    void *context = NULL;

    memset(&result, 0, sizeof(result));
    keytabs_step(keytabs, &fake, &context, &target, (struct span){NULL, 0}, &result);
}

static void check_tried(int times)
{
    step();
    ck_assert_int_eq(asked, times);
}

static void check_held(int times)
{
    check_tried(times);
    ck_assert_int_eq(result.verdict, GSS_UNABLE);
    ck_assert(!result.rejected); /* not by this call, so that it is logged once */
    ck_assert_ptr_nonnull(strstr(result.why, path));
    ck_assert_ptr_nonnull(strstr(result.why, "rearm"));
}

/* ---- the tests ---- */

START_TEST(held_until_it_changes)
{
    step();
    ck_assert_int_eq(asked, 1);
    ck_assert(result.rejected);
    ck_assert_str_eq(result.why, "the KDC's words");
    check_held(1);
    restart(ledger);
    check_held(1);
    put_keytab("another key");
    kdc = ACCEPTS;
    check_tried(2);
    ck_assert_int_eq(result.verdict, GSS_GOES_ON);
    check_tried(3);
}
END_TEST

/* The bytes count, not the times: a copy of what was rejected is no other keytab. */
START_TEST(held_when_written_again)
{
    check_tried(1);
    unlink(path);
    put_keytab("a key");
    check_held(1);
}
END_TEST

START_TEST(held_for_one_principal)
{
    char bot[] = "bot@KRB.TEST";

    check_tried(1);
    target.principal = bot;
    check_tried(2);
    check_held(2);
}
END_TEST

START_TEST(rearmed)
{
    char why[LEDGER_WHY];
    size_t count;

    check_tried(1);
    ck_assert(ledger_rearm(ledger, NULL, &count, why));
    ck_assert_uint_eq(count, 1);
    check_tried(2);
    ck_assert(result.rejected);
    check_held(2);
}
END_TEST

/* Under way, the KDC's key becomes another. */
START_TEST(held_after_it_was_accepted)
{
    kdc = ACCEPTS;
    check_tried(1);
    kdc = REJECTS;
    check_tried(2);
    ck_assert(result.rejected);
    check_held(2);
    restart(ledger);
    check_held(2);
}
END_TEST

START_TEST(silence_is_no_rejection)
{
    kdc = IS_SILENT;
    check_tried(1);
    check_tried(2);
    ck_assert_str_eq(result.why, "the KDC's words");
    ck_assert_str_eq(state_get("logins"), "");
}
END_TEST

/* ---- where nothing can be written ---- */

START_TEST(held_without_a_ledger)
{
    restart(NULL);
    check_tried(1);
    check_held(1);
    put_keytab("another key");
    check_tried(2);
}
END_TEST

START_TEST(held_where_nothing_can_be_written)
{
    char file[128];

    /* No folder can be made below a file. */
    snprintf(file, sizeof(file), "%s/state", path);
    ledger_unref(ledger);
    ledger = ledger_new(file);
    restart(ledger);
    check_tried(1);
    check_held(1);
}
END_TEST

/* ---- who else ---- */

START_TEST(tickets_are_not_held)
{
    target.keytab = NULL;
    check_tried(1);
    check_tried(2);
    ck_assert_str_eq(result.why, "the KDC's words");
}
END_TEST

START_TEST(a_keytab_that_is_not_there)
{
    unlink(path);
    check_tried(1);
    check_tried(2); /* the library says it best */
}
END_TEST

/* What the peer answered is for the context that asked. */
START_TEST(later_steps_go_on)
{
    void *context = &asked;

    check_tried(1);
    memset(&result, 0, sizeof(result));
    keytabs_step(keytabs, &fake, &context, &target, SPAN("token"), &result);
    ck_assert_int_eq(asked, 2);
}
END_TEST

static void *step_elsewhere(void *arg)
{
    struct gss_result *to = arg;
    void *context = NULL;

    keytabs_step(keytabs, &fake, &context, &target, (struct span){NULL, 0}, to);
    return NULL;
}

START_TEST(one_thread_tries)
{
    struct gss_result results[4] = {{.verdict = GSS_COMPLETE}};
    pthread_t threads[4];
    int rejected = 0;

    slow_ms = 50;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, step_elsewhere, &results[i]),
                         0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        rejected += results[i].rejected ? 1 : 0;
    }
    ck_assert_int_eq(asked, 1);
    ck_assert_int_eq(rejected, 1);
}
END_TEST

/* As long as it is good, nobody waits. */
START_TEST(many_threads_use)
{
    struct gss_result results[4] = {{.verdict = GSS_COMPLETE}};
    pthread_t threads[4];

    kdc = ACCEPTS;
    check_tried(1);
    slow_ms = 300;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, step_elsewhere, &results[i]),
                         0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(asked, 5);
    ck_assert_int_gt(inside_most, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("keytab");
    TCase *tcase = tcase_create("core");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, held_until_it_changes);
    tcase_add_test(tcase, held_when_written_again);
    tcase_add_test(tcase, held_for_one_principal);
    tcase_add_test(tcase, rearmed);
    tcase_add_test(tcase, held_after_it_was_accepted);
    tcase_add_test(tcase, silence_is_no_rejection);
    tcase_add_test(tcase, held_without_a_ledger);
    tcase_add_test(tcase, held_where_nothing_can_be_written);
    tcase_add_test(tcase, tickets_are_not_held);
    tcase_add_test(tcase, a_keytab_that_is_not_there);
    tcase_add_test(tcase, later_steps_go_on);
    tcase_add_test(tcase, one_thread_tries);
    tcase_add_test(tcase, many_threads_use);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(suite());
}
