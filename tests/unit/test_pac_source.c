/*
 * test_pac_source: loading, refreshing and failing, with the real ccgate-system and
 * with ones that fail.
 */
#include <sys/wait.h>

#include "base/file.h"
#include "certs/paths.h"
#include "route/pac_source.h"
#include "system_rig.h"

static const struct pac_source_times quick = {
    .limit_ms = 10000,
    .refresh_ms = 3600000,
    .quiet_ms = 150,
    .retry_ms = {30, 40, 50, 100},
};

static struct pac_source_times times;
static struct pac_source *source;
static int changes;
static int stop_after; /* changes */
static char url[160];
static char state[64];

static void on_changed(void *ctx)
{
    ck_assert_ptr_eq(ctx, &changes);
    ck_assert_ptr_nonnull(source);
    if (++changes >= stop_after)
        loop_stop(loop);
}

static void begin(void)
{
    system_begin();
    times = quick;
    changes = 0;
    snprintf(url, sizeof(url), "file://%s", system_path("proxy.pac"));
    snprintf(state, sizeof(state), "%s/state", system_folder);
    system_real();
}

static void end(void)
{
    char command[256];

    pac_source_free(source);
    snprintf(command, sizeof(command), "rm -rf %s/state", system_folder);
    pass_ms(20); /* a copy that is being written */
    ck_assert_int_eq(system(command), 0);
    system_end();
}

static void start(bool keep)
{
    struct pac_source_options options = {
        .loop = loop,
        .url = url,
        .state_dir = keep ? state : NULL,
        .changed = on_changed,
        .ctx = &changes,
        .times = &times,
    };

    source = pac_source_new(&options);
    ck_assert_ptr_nonnull(source);
    ck_assert_int_eq(changes, 0);
}

static void await_changes(int n)
{
    stop_after = changes + n;
    loop_await();
}

static void put_script(const char *text)
{
    system_write("proxy.pac", span_of(text), 0600);
}

static void ck_script(const char *want, uint64_t generation)
{
    uint64_t got;
    struct span script = pac_source_script(source, &got);

    ck_assert_msg(span_equal(script, span_of(want)), "%.*s", SPAN_ARG(script));
    ck_assert_uint_eq(got, generation);
}

static void ck_state(enum pac_source_state want, const char *part)
{
    const char *why;

    ck_assert_int_eq(pac_source_state(source, &why, NULL), want);
    ck_assert_int_eq(why == NULL, part == NULL);
    if (part != NULL)
        ck_assert_msg(strstr(why, part) != NULL, "%s", why);
}

START_TEST(test_load_and_refresh)
{
    put_script("FindProxyForURL 1");
    start(false);
    ck_state(PAC_SOURCE_LOADING, NULL);
    ck_script("", 0);
    await_changes(1);
    ck_state(PAC_SOURCE_FRESH, NULL);
    ck_script("FindProxyForURL 1", 1);
    pac_source_refresh(source); /* the same again */
    await_changes(1);
    ck_script("FindProxyForURL 1", 1);
    put_script("FindProxyForURL 2");
    pac_source_refresh(source);
    pac_source_refresh(source); /* the first is given up */
    await_changes(1);
    ck_script("FindProxyForURL 2", 2);
    pass_ms(100);
    ck_assert_int_eq(changes, 3);
}
END_TEST

/* Changes come in bursts: one fetch, after the last of them. */
START_TEST(test_network)
{
    uint64_t begun;

    put_script("FindProxyForURL 1");
    start(false);
    await_changes(1);
    put_script("FindProxyForURL 2");
    pac_source_network_changed(source);
    pass_ms(100);
    pac_source_network_changed(source);
    begun = loop_now(loop);
    await_changes(1);
    ck_assert_uint_ge(loop_now(loop) - begun, 149);
    ck_script("FindProxyForURL 2", 2);
    pass_ms(200);
    ck_assert_int_eq(changes, 2);
    pac_source_network_changed(source); /* freed while it waits */
}
END_TEST

START_TEST(test_periodic)
{
    times.refresh_ms = 50;
    put_script("FindProxyForURL 1");
    start(false);
    await_changes(1);
    put_script("FindProxyForURL 2");
    await_changes(2);
    ck_script("FindProxyForURL 2", 2);
}
END_TEST

/* It fails, the old one stays, and after the last step only its use brings the next
 * try. */
START_TEST(test_back_off)
{
    put_script("FindProxyForURL 1");
    start(false);
    await_changes(1);
    put_script("<html><title>Login</title>");
    pac_source_refresh(source);
    for (int i = 0; i < 4; i++) {
        await_changes(1);
        ck_state(PAC_SOURCE_STALE, "a page of HTML (\"Login\")");
        ck_script("FindProxyForURL 1", 1);
    }
    pass_ms(300);
    ck_assert_int_eq(changes, 5); /* 1 + 4: it waits for its use */
    ck_script("FindProxyForURL 1", 1);
    await_changes(1);
    ck_assert_int_eq(changes, 6);
    put_script("FindProxyForURL 2");
    pass_ms(150);
    ck_script("FindProxyForURL 1", 1);
    await_changes(1);
    ck_state(PAC_SOURCE_FRESH, NULL);
    ck_script("FindProxyForURL 2", 2);
}
END_TEST

START_TEST(test_failed)
{
    start(false);
    await_changes(1);
    ck_state(PAC_SOURCE_FAILED, "No such file");
    ck_script("", 0);
    put_script("FindProxyForURL 1");
    await_changes(1);
    ck_state(PAC_SOURCE_FRESH, NULL);
    ck_script("FindProxyForURL 1", 1);
}
END_TEST

/* The copy of an earlier process is used while the server is away. */
START_TEST(test_kept)
{
    uint64_t age = 1;

    put_script("FindProxyForURL 1");
    start(true);
    await_changes(1);
    ck_state(PAC_SOURCE_FRESH, NULL);
    pac_source_approve(source, 1);
    pass_ms(200); /* it is written */
    pac_source_free(source);
    source = NULL;
    ck_assert_int_eq(unlink(system_path("proxy.pac")), 0);
    changes = 0;
    start(true);
    await_changes(1);
    ck_state(PAC_SOURCE_STALE, NULL); /* not asked yet */
    ck_script("FindProxyForURL 1", 1);
    await_changes(1);
    ck_state(PAC_SOURCE_STALE, "No such file");
    ck_script("FindProxyForURL 1", 1);
    ck_assert_int_eq(pac_source_state(source, NULL, &age), PAC_SOURCE_STALE);
    ck_assert_uint_lt(age, 60000);
}
END_TEST

/* Nothing but a script that can be run takes the place of the copy. */
START_TEST(test_approved)
{
    static const char *const wants[] = {"FindProxyForURL 1", "FindProxyForURL 1",
                                        "FindProxyForURL 2"};

    put_script("FindProxyForURL 1");
    start(true);
    await_changes(1);
    pac_source_approve(source, 1);
    put_script("FindProxyForURL 2");
    pac_source_refresh(source);
    await_changes(1);
    ck_script("FindProxyForURL 2", 2);
    if (_i == 1)
        pac_source_approve(source, 1); /* of the one before */
    if (_i == 2)
        pac_source_approve(source, 2);
    pac_source_refresh(source); /* it is confirmed */
    await_changes(1);
    pass_ms(200); /* it is written */
    pac_source_free(source);
    source = NULL;
    ck_assert_int_eq(unlink(system_path("proxy.pac")), 0);
    changes = 0;
    start(true);
    await_changes(2);
    ck_state(PAC_SOURCE_STALE, "No such file");
    ck_script(wants[_i], 1);
}
END_TEST

/* The validators go out with the question, and 304 leaves the script as it is. */
START_TEST(test_conditional)
{
    struct system_fetched answer = {.result = SYSTEM_OK,
                                    .status = 200,
                                    .script = SPAN("FindProxyForURL 1"),
                                    .etag = SPAN("\"tag-7\"")};
    char question[256] = "";
    FILE *file;

    system_answer(&answer);
    system_fake("cat $here/hello $here/answer >&3;"
                "dd bs=4096 count=1 of=$here/asked <&3 2>/dev/null; exec cat <&3");
    start(false);
    await_changes(1);
    ck_script("FindProxyForURL 1", 1);
    answer = (struct system_fetched){.result = SYSTEM_SAME, .status = 304};
    system_answer(&answer);
    system_fake("dd bs=4096 count=1 of=$here/asked <&3 2>/dev/null;"
                "cat $here/hello $here/answer >&3; exec cat <&3");
    pac_source_refresh(source);
    await_changes(1);
    ck_state(PAC_SOURCE_FRESH, NULL);
    ck_script("FindProxyForURL 1", 1);
    file = fopen(system_path("asked"), "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(question, 1, sizeof(question), file), 0);
    fclose(file);
    ck_assert_ptr_nonnull(memmem(question, sizeof(question), "\"tag-7\"", 7));
}
END_TEST

/* What "ccgate ca build" has made counts for the server of the script, too. */
START_TEST(test_built_certificates)
{
    struct system_fetched answer = {
        .result = SYSTEM_OK, .status = 200, .script = SPAN("FindProxyForURL 1")};
    char question[4096] = "", path[128];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/" CERTS_CORP_ONLY, state);
    if (_i == 1)
        ck_assert_int_eq(file_replace(path, SPAN("x"), 0644), 0);
    system_answer(&answer);
    system_fake("dd bs=4096 count=1 of=$here/asked <&3 2>/dev/null;"
                "cat $here/hello $here/answer >&3; exec cat <&3");
    start(true);
    await_changes(1);
    file = fopen(system_path("asked"), "r");
    ck_assert_ptr_nonnull(file);
    n = fread(question, 1, sizeof(question), file);
    fclose(file);
    ck_assert_int_eq(memmem(question, n, path, strlen(path)) != NULL, _i == 1);
}
END_TEST

/* Without a script there is nothing that 304 could mean. */
START_TEST(test_same_of_nothing)
{
    struct system_fetched answer = {.result = SYSTEM_SAME, .status = 304};

    system_answer(&answer);
    system_fake("cat $here/hello $here/answer >&3; exec cat >/dev/null <&3");
    start(false);
    await_changes(1);
    ck_state(PAC_SOURCE_FAILED, "");
}
END_TEST

/* A child that hangs is killed at the deadline, and the next one is asked. */
START_TEST(test_hangs)
{
    times.limit_ms = 100; /* and a second of grace */
    put_script("FindProxyForURL 1");
    system_fake("exec cat >/dev/null <&3");
    start(false);
    await_changes(1);
    ck_state(PAC_SOURCE_FAILED, "in time");
    times.limit_ms = 10000;
    system_real();
    await_changes(1);
    ck_script("FindProxyForURL 1", 1);
}
END_TEST

START_TEST(test_free_early)
{
    put_script("FindProxyForURL 1");
    for (int i = 0; i < 2; i++) {
        start(i == 0);
        pac_source_free(source);
        start(i == 0);
        pass_ms(5);
        pac_source_free(source);
        source = NULL;
        changes = 0; /* the fetch may have been as quick */
    }
    pac_source_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_source");
    TCase *tcase = tcase_create("source");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, test_load_and_refresh);
    tcase_add_test(tcase, test_network);
    tcase_add_test(tcase, test_periodic);
    tcase_add_test(tcase, test_back_off);
    tcase_add_test(tcase, test_failed);
    tcase_add_test(tcase, test_kept);
    tcase_add_loop_test(tcase, test_approved, 0, 3);
    tcase_add_test(tcase, test_conditional);
    tcase_add_loop_test(tcase, test_built_certificates, 0, 2);
    tcase_add_test(tcase, test_same_of_nothing);
    tcase_add_test(tcase, test_hangs);
    tcase_add_test(tcase, test_free_early);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
