/*
 * test_system_child: a child that answers, and those that do not.
 */
#include <errno.h>
#include <sys/wait.h>

#include "route/system_child.h"
#include "system_rig.h"

static struct {
    int calls;
    bool good;
    struct system_fetched fetched; /* its views are gone after the call */
    char script[256];
    char why[256];
} got;

static void on_answer(void *ctx, struct span body, const char *why)
{
    (void)ctx;
    got.calls++;
    got.good = body.len > 0 && system_get_fetched(body, &got.fetched);
    if (got.good)
        snprintf(got.script, sizeof(got.script), "%.*s", SPAN_ARG(got.fetched.script));
    ck_assert((why == NULL) == (body.len > 0));
    snprintf(got.why, sizeof(got.why), "%s", why == NULL ? "" : why);
    loop_stop(loop);
}

static struct system_child *ask(const char *url, uint64_t limit_ms)
{
    struct system_fetch fetch = {.url = span_of(url), .limit_ms = 10000};
    struct system_child_options options = {
        .loop = loop, .limit_ms = limit_ms, .callback = on_answer};
    struct system_child *child;
    struct buf out;

    memset(&got, 0, sizeof(got));
    buf_init(&out, SYSTEM_ASK_LIMIT);
    ck_assert_int_eq(system_put_fetch(&out, &fetch), 0);
    options.question = buf_span(&out);
    child = system_child_start(&options);
    ck_assert_ptr_nonnull(child);
    ck_assert_int_eq(got.calls, 0);
    buf_clear(&out);
    return child;
}

/* Looks, and leaves the reaping to those whose duty it is. */
static bool has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* None of ours is left, not as a zombie either. */
static void ck_no_children(void)
{
    for (int i = 0; i < 1000 && has_children(); i++)
        pass_ms(10);
    ck_assert(!has_children());
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(test_real)
{
    int before = descriptors_open();

    system_real();
    for (int i = 0; i < 3; i++) {
        (void)ask("data:,function%20FindProxyForURL", 20000);
        loop_await();
        ck_assert_msg(got.good, "%s", got.why);
        ck_assert_int_eq(got.fetched.result, SYSTEM_OK);
        ck_assert_str_eq(got.script, "function FindProxyForURL");
        (void)ask("data:,nothing", 20000);
        loop_await();
        ck_assert_int_eq(got.fetched.result, SYSTEM_NOT_PAC);
    }
    ck_no_children();
    ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

/* A question that does not fit into the socket at once. */
START_TEST(test_long_question)
{
    static char url[SYSTEM_URL_LIMIT];

    memset(url, ' ', sizeof(url) - 1);
    memcpy(url, "data:,FindProxyForURL%", 22);
    system_real();
    (void)ask(url, 20000);
    loop_await();
    ck_assert_msg(got.good, "%s", got.why);
    ck_assert_int_eq(got.fetched.result, SYSTEM_TOO_LONG);
}
END_TEST

static const struct {
    const char *script; /* NULL: no such program */
    const char *why;    /* a part of it */
} faults[] = {
    {NULL, "cannot be started: No such file"},
    {"exit 3", "exit status 3"},
    {"cat $here/hello >&3; kill -SEGV $$", "signal 11"},
    {"printf '\\0\\0\\0\\0' >&3; exec cat <&3", "no message"},
    {"printf '\\377\\0\\0\\0' >&3; exec cat <&3", "no message"},
    {"printf '\\0\\0\\0\\2\\1\\1' >&3; exec cat <&3", "another version"},
    {"cat $here/hello $here/hello >&3; exec cat <&3", ""}, /* for who reads it */
    {"exec cat >/dev/null <&3", "in time"},
    {"cat $here/hello >&3; exec cat >/dev/null <&3", "in time"},
    {"cat $here/hello >&3; printf '\\0\\0\\1' >&3; exec cat >/dev/null <&3", "in time"},
    {"trap '' TERM INT HUP; while :; do :; done", "in time"},
};

START_TEST(test_fault)
{
    if (faults[_i].script == NULL)
        ck_assert_int_eq(setenv("CCGATE_LIBEXEC", system_folder, 1), 0);
    else
        system_fake(faults[_i].script);
    (void)ask("data:,x", strcmp(faults[_i].why, "in time") == 0 ? 300 : 20000);
    loop_await();
    ck_assert_int_eq(got.calls, 1);
    ck_assert(!got.good);
    ck_assert_msg(strstr(got.why, faults[_i].why) != NULL, "%s", got.why);
    ck_no_children();
}
END_TEST

/* What the child started is killed, too. */
START_TEST(test_grandchild)
{
    FILE *file;
    int pid = 0;

    system_fake("(trap '' HUP; echo $$ >/dev/null; while :; do :; done) & "
                "echo $! >$here/asked; cat $here/hello >&3; exec cat >/dev/null <&3");
    (void)ask("data:,x", 500);
    loop_await();
    file = fopen(system_path("asked"), "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
    fclose(file);
    ck_assert_int_gt(pid, 1);
    /* It is a zombie for as long as whoever inherits it likes. */
    for (int i = 0; i < 200 && kill(pid, 0) == 0; i++) {
        char path[64], state = '?';

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = fopen(path, "r");
        if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = 'Z';
        if (file != NULL)
            fclose(file);
        if (state == 'Z')
            break;
        ck_assert_int_lt(i, 199);
        pass_ms(10);
    }
    ck_no_children();
}
END_TEST

START_TEST(test_cancel)
{
    int before = descriptors_open();

    system_fake("cat $here/hello >&3; exec cat >/dev/null <&3");
    system_child_cancel(ask("data:,x", 20000));
    ck_assert_int_eq(setenv("CCGATE_LIBEXEC", "/nowhere", 1), 0);
    system_child_cancel(ask("data:,x", 20000)); /* it was never started */
    system_child_cancel(NULL);
    pass_ms(50);
    ck_assert_int_eq(got.calls, 0);
    ck_no_children();
    ck_assert_int_eq(descriptors_open(), before);
}
END_TEST

/* It gets nothing of ours: no variable, no descriptor. */
START_TEST(test_clean)
{
    struct system_fetched answer = {.result = SYSTEM_LATE, .why = SPAN("x")};
    char text[4096] = "";
    FILE *file;
    int pair[2];
    size_t n;

    pair_open(pair);
    system_answer(&answer);
    system_fake("{ env; ls /proc/self/fd/; } >$here/asked;"
                "cat $here/hello $here/answer >&3; exec cat >/dev/null <&3");
    ck_assert_int_eq(setenv("CCGATE_PASSWORD", "tr0ub4dor", 1), 0);
    ck_assert_int_eq(setenv("https_proxy", "http://alice:pw@proxy:1", 1), 0);
    (void)ask("data:,x", 20000);
    loop_await();
    ck_assert_int_eq(got.fetched.result, SYSTEM_LATE);
    file = fopen(system_path("asked"), "r");
    ck_assert_ptr_nonnull(file);
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    fclose(file);
    ck_assert_ptr_null(strstr(text, "tr0ub4dor"));
    ck_assert_ptr_null(strstr(text, "proxy"));
    ck_assert_ptr_nonnull(strstr(text, "PATH="));
    /* Standard ones, the socket, and the folder that ls reads. */
    ck_assert_ptr_nonnull(strstr(text, "0\n1\n2\n3\n4\n"));
    ck_assert_ptr_null(strstr(text, "\n5\n"));
    close(pair[0]);
    close(pair[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("system_child");
    TCase *tcase = tcase_create("child");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, system_begin, system_end);
    tcase_add_test(tcase, test_real);
    tcase_add_test(tcase, test_long_question);
    tcase_add_loop_test(tcase, test_fault, 0, COUNT(faults));
    tcase_add_test(tcase, test_grandchild);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_clean);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
