/*
 * test_gss: the threads for Kerberos, with a library that blocks, fails, and hands out
 * large tokens at the test's word.
 */
#include <stdatomic.h>
#include <sys/wait.h>

#include "auth/gss.h"
#include "loop_rig.h"

enum { CALL_MS = 150, REST_MS = 600, LARGE = 48000, ASKS = 12 };

/* ---- the library ---- */

/* A host "slow..." waits until something can be read here, or until it is closed. */
static int gate[2];
static int gone[2]; /* a byte for each context that was released */
static atomic_int asked, inside, inside_most, alive;
static atomic_int inside_wp1, inside_wp1_most;

static void enter(atomic_int *now, atomic_int *most)
{
    int n = atomic_fetch_add(now, 1) + 1;

    if (n > atomic_load(most))
        atomic_store(most, n);
}

static void reply(struct gss_result *result, enum gss_verdict verdict,
                  const char *bytes, size_t len)
{
    result->verdict = verdict;
    result->token = span_dup((struct span){bytes, len});
    result->token_len = len;
}

static void fake_work(void **context, const struct gss_target *target,
                      struct span input, struct gss_result *result)
{
    static const char large[LARGE];
    int *steps = *context;

    if (strcmp(target->host, "none") == 0) {
        (void)snprintf(result->why, sizeof(result->why), "no ticket");
        result->verdict = GSS_UNABLE;
        return;
    }
    if (steps == NULL) {
        steps = *context = calloc(1, sizeof(*steps));
        atomic_fetch_add(&alive, 1);
    }
    if (strcmp(target->host, "large") == 0)
        reply(result, GSS_GOES_ON, large, sizeof(large));
    else if (++*steps == 1)
        reply(result, GSS_GOES_ON, target->host, strlen(target->host));
    else if (span_equal(input, SPAN("go on")))
        reply(result, GSS_GOES_ON, "second", 6);
    else if (span_equal(input, SPAN("proof")))
        reply(result, GSS_COMPLETE, "", 0);
    else
        result->verdict = GSS_BAD_PEER;
}

static void fake_step(void **context, const struct gss_target *target,
                      struct span input, struct gss_result *result)
{
    bool wp1 = strcmp(target->host, "wp1") == 0;
    char byte;

    atomic_fetch_add(&asked, 1);
    enter(&inside, &inside_most);
    if (wp1)
        enter(&inside_wp1, &inside_wp1_most);
    if (strncmp(target->host, "slow", 4) == 0)
        (void)!read(gate[0], &byte, 1);
    fake_work(context, target, input, result);
    if (wp1)
        atomic_fetch_sub(&inside_wp1, 1);
    atomic_fetch_sub(&inside, 1);
}

static void fake_release(void *context)
{
    if (context == NULL)
        return;
    free(context);
    atomic_fetch_sub(&alive, 1);
    ck_assert_int_eq(write(gone[1], "", 1), 1);
}

static const struct gss_maker fake = {.step = fake_step, .release = fake_release};

/* ---- the rig ---- */

struct ask {
    struct gss_context *context;
    unsigned answers;
    enum gss_verdict verdict;
    char *token;
    size_t token_len;
    char why[GSS_WHY];
    uint64_t began, took;
};

static struct gss *gss;
static unsigned answers, answers_wanted;

static void setup(void)
{
    loop_begin();
    ck_assert_int_eq(pipe(gate), 0);
    ck_assert_int_eq(pipe(gone), 0);
    gss = gss_new(&(struct gss_options){
        .loop = loop, .maker = &fake, .call_ms = CALL_MS, .rest_ms = REST_MS});
    ck_assert_ptr_nonnull(gss);
}

static void teardown(void)
{
    gss_free(gss);
    loop_end();
}

static void answered(void *ctx, const struct gss_result *result)
{
    struct ask *ask = ctx;

    ask->answers++;
    ask->verdict = result->verdict;
    free(ask->token);
    ask->token = span_dup((struct span){result->token, result->token_len});
    ask->token_len = result->token_len;
    (void)snprintf(ask->why, sizeof(ask->why), "%s", result->why);
    ask->took = loop_now(loop) - ask->began;
    if (++answers >= answers_wanted)
        loop_stop(loop);
}

static void step(struct ask *ask, const char *input)
{
    ask->began = loop_now(loop);
    ck_assert(gss_context_step(ask->context, span_of(input), answered, ask));
}

static void ask(struct ask *ask, const char *host, const char *principal)
{
    *ask = (struct ask){.context = NULL};
    ask->context = gss_context_new(
        gss, host,
        &(struct gss_target){.host = (char *)(uintptr_t)host,
                             .principal = (char *)(uintptr_t)principal});
    ck_assert_ptr_nonnull(ask->context);
    step(ask, "");
}

/* Runs until so many were answered from now on. */
static void await(unsigned n)
{
    answers = 0;
    answers_wanted = n;
    loop_await();
    ck_assert_uint_eq(answers, n);
}

static void drop(struct ask *ask)
{
    gss_context_free(ask->context);
    free(ask->token);
    *ask = (struct ask){.context = NULL};
}

static void expect_token(const struct ask *ask, const char *token)
{
    ck_assert_uint_eq(ask->answers, 1);
    ck_assert_msg(ask->verdict == GSS_GOES_ON, "%s", ask->why);
    ck_assert_uint_eq(ask->token_len, strlen(token));
    ck_assert_mem_eq(ask->token, token, ask->token_len);
}

static void expect_unable(const struct ask *ask, const char *why)
{
    ck_assert_uint_eq(ask->answers, 1);
    ck_assert_int_eq(ask->verdict, GSS_UNABLE);
    ck_assert_msg(strstr(ask->why, why) != NULL, "%s", ask->why);
}

static void gates_open(unsigned n)
{
    while (n-- > 0)
        ck_assert_int_eq(write(gate[1], "", 1), 1);
}

/* Waits for the release of a context, in whatever thread. */
static void await_gone(void)
{
    char byte;

    ck_assert_int_eq(read(gone[0], &byte, 1), 1);
}

/* Until that many calls were made. The library is entered at any time. */
static void await_asked(int n)
{
    while (atomic_load(&asked) < n)
        pass_ms(1);
}

/* ---- tests ---- */

START_TEST(tokens)
{
    struct ask a;

    ask(&a, "wp1", NULL);
    await(1);
    expect_token(&a, "wp1");
    a.answers = 0;
    step(&a, "go on");
    await(1);
    expect_token(&a, "second");
    ck_assert(gss_context_check(a.context, SPAN("proof")));
    ck_assert(!gss_context_check(a.context, SPAN("somebody else")));
    drop(&a);
    ck_assert_int_eq(alive, 0);
    ask(&a, "large", NULL);
    await(1);
    ck_assert_uint_eq(a.token_len, LARGE);
    drop(&a);
    ask(&a, "none", NULL);
    await(1);
    expect_unable(&a, "no ticket");
    /* which is not remembered: there may be one now */
    drop(&a);
    ask(&a, "none", NULL);
    await(1);
    ck_assert_int_eq(asked, 5 + 2);
    drop(&a);
}
END_TEST

/* Those of one hop and principal follow each other. */
START_TEST(one_at_a_time)
{
    struct ask a[ASKS];

    for (int i = 0; i < ASKS; i++)
        ask(&a[i], "wp1", NULL);
    await(ASKS);
    for (int i = 0; i < ASKS; i++) {
        expect_token(&a[i], "wp1");
        drop(&a[i]);
    }
    ck_assert_int_eq(inside_wp1_most, 1);
    ck_assert_int_eq(asked, ASKS);
}
END_TEST

static const char *const HOSTS[] = {"slow1", "slow2", "slow3", "slow4"};

/* Others go side by side, but never more than two. */
START_TEST(two_threads)
{
    struct ask a[4];

    gss_set_call_ms(gss, PATIENCE_MS);
    for (int i = 0; i < 4; i++)
        ask(&a[i], _i == 0 ? HOSTS[i] : "slow", _i == 0 ? NULL : HOSTS[i]);
    await_asked(2);
    pass_ms(30);
    ck_assert_int_eq(inside, 2);
    ck_assert_int_eq(asked, 2);
    gates_open(4);
    await(4);
    ck_assert_int_eq(inside_most, 2);
    for (int i = 0; i < 4; i++)
        drop(&a[i]);
}
END_TEST

/* All that wait for the hop get the same answer, and so does who comes later. */
START_TEST(too_slow)
{
    struct ask a, waits, later, other;

    ask(&a, "slow1", NULL);
    ask(&waits, "slow1", NULL);
    await(2);
    expect_unable(&a, "no answer for 0.1 s");
    expect_unable(&waits, "no answer for 0.1 s");
    ck_assert_uint_ge(a.took, CALL_MS);
    ck_assert_uint_lt(a.took, 10 * CALL_MS);
    ask(&later, "slow1", NULL);
    await(1);
    expect_unable(&later, "not asked again");
    ck_assert_uint_lt(later.took, CALL_MS);
    /* another principal is another matter, and another hop is, too */
    ask(&other, "wp1", NULL);
    await(1);
    expect_token(&other, "wp1");
    ck_assert_int_eq(asked, 2);
    drop(&a);
    drop(&waits);
    drop(&later);
    drop(&other);
    /* the late result is nobody's; the hop rests on */
    gates_open(1);
    ask(&later, "slow1", NULL);
    await(1);
    expect_unable(&later, "not asked again");
    drop(&later);
    /* and is asked again afterwards */
    pass_ms(REST_MS);
    gates_open(1);
    ask(&later, "slow1", NULL);
    await(1);
    expect_token(&later, "slow1");
    drop(&later);
    ck_assert_int_eq(alive, 0);
    ck_assert_int_eq(asked, 3);
}
END_TEST

/* A call that hangs is not made a second time, however long it hangs. */
START_TEST(stuck_after_the_rest)
{
    struct ask a;

    ask(&a, "slow1", NULL);
    await(1);
    drop(&a);
    pass_ms(REST_MS + 10);
    ask(&a, "slow1", NULL);
    await(1);
    expect_unable(&a, "not asked again");
    ck_assert_uint_lt(a.took, CALL_MS);
    drop(&a);
    ck_assert_int_eq(asked, 1);
    gates_open(1);
}
END_TEST

START_TEST(all_threads_stuck)
{
    struct ask a[2], third;

    ask(&a[0], "slow1", NULL);
    ask(&a[1], "slow2", NULL);
    await_asked(2);
    ask(&third, "wp1", NULL); /* waits for a thread */
    await(3);
    expect_unable(&third, "all 2 threads");
    drop(&third);
    ask(&third, "wp1", NULL);
    await(1);
    expect_unable(&third, "all 2 threads");
    ck_assert_uint_lt(third.took, CALL_MS);
    drop(&third);
    /* one comes back, and there is a thread again */
    gates_open(1);
    while (atomic_load(&inside) > 1)
        pass_ms(1);
    pass_ms(20);
    ask(&third, "wp1", NULL);
    await(1);
    expect_token(&third, "wp1");
    for (int i = 0; i < 2; i++)
        drop(&a[i]);
    drop(&third);
    gates_open(1);
}
END_TEST

/* Whoever asked is gone. The call goes on, and keeps others of its kind waiting. */
START_TEST(cancelled)
{
    struct ask a, waits, next;

    ask(&a, "slow1", NULL);
    ask(&waits, "slow1", NULL);
    await_asked(1);
    drop(&a);
    drop(&waits);
    ask(&next, "slow1", NULL);
    pass_ms(20);
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(next.answers, 0);
    gates_open(2);
    await(1);
    expect_token(&next, "slow1");
    ck_assert_int_eq(asked, 2);
    await_gone();
    drop(&next);
    ck_assert_int_eq(alive, 0);
}
END_TEST

/* It came back while nobody was interested: that was not too slow. */
START_TEST(back_unheard)
{
    struct ask a;

    ask(&a, "slow1", NULL);
    await_asked(1);
    drop(&a);
    gates_open(1);
    pass_ms(2 * CALL_MS);
    gates_open(1);
    ask(&a, "slow1", NULL);
    await(1);
    expect_token(&a, "slow1");
    drop(&a);
}
END_TEST

/* Nothing keeps the loop from ending, nor does the thread touch what is gone. */
START_TEST(free_while_stuck)
{
    struct ask a;

    ask(&a, "slow1", NULL);
    await_asked(1);
    drop(&a);
    loop_run(loop);
    gss_free(gss);
    gss = NULL;
    gates_open(1);
    await_gone();
    ck_assert_int_eq(alive, 0);
}
END_TEST

START_TEST(exit_while_stuck)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct ask a;

        setup();
        ask(&a, "slow1", NULL);
        await_asked(1);
        drop(&a);
        teardown();
        exit(7);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gss");
    TCase *tc = tcase_create("gss");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, tokens);
    tcase_add_test(tc, one_at_a_time);
    tcase_add_loop_test(tc, two_threads, 0, 2);
    tcase_add_test(tc, too_slow);
    tcase_add_test(tc, stuck_after_the_rest);
    tcase_add_test(tc, all_threads_stuck);
    tcase_add_test(tc, cancelled);
    tcase_add_test(tc, back_unheard);
    tcase_add_test(tc, free_while_stuck);
    suite_add_tcase(s, tc);
    tc = tcase_create("exit"); /* the process that ends has what others set up */
    tcase_add_test(tc, exit_while_stuck);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
