/*
 * test_spawn: what a started program finds: descriptors, signals, session.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "suite.h"

static char output[256];

/* Runs it with a pipe as standard output; its exit status. */
static int run(const char *script, bool session)
{
    char *const argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL};
    char *const environment[] = {"PATH=/usr/bin:/bin", "A=b c", NULL};
    struct spawn_fd fds[] = {{7, -1}, {1, -1}, {0, -1}};
    int ends[2], status = 0;
    size_t n = 0;
    ssize_t got;
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0); /* open in the child, if nobody closes it */
    fds[1].from = ends[1];
    ck_assert_int_eq(
        spawn_start(&pid, &(struct spawn_options){.program = "sh",
                                                  .argv = argv,
                                                  .environment = environment,
                                                  .fds = fds,
                                                  .fd_count = 3,
                                                  .session = session}),
        0);
    close(ends[1]);
    while ((got = read(ends[0], output + n, sizeof(output) - 1 - n)) > 0)
        n += (size_t)got;
    close(ends[0]);
    output[n] = '\0';
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(test_descriptors)
{
    ck_assert_int_eq(dup2(1, 33), 33);
    ck_assert_int_eq(run("echo \"$A\"; read -r x || echo empty; echo lost >&7; "
                         "[ ! -e /proc/$$/fd/33 ] || echo open; exit 3",
                         false),
                     3);
    close(33);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    ck_assert_str_eq(output, "b c\nempty\n");
#endif
}
END_TEST

/* What we ignore and block ends it all the same. */
START_TEST(test_signals)
{
    sigset_t all;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    ck_assert_int_eq(run("kill -PIPE $$", false), -SIGPIPE);
    ck_assert_int_eq(run("kill -TERM $$", false), -SIGTERM);
}
END_TEST

START_TEST(test_session)
{
    const char *script = "read -r a b c d e f g </proc/$$/stat; echo $f";
    char ours[32];

    snprintf(ours, sizeof(ours), "%d\n", (int)getsid(0));
    ck_assert_int_eq(run(script, false), 0);
    ck_assert_str_eq(output, ours);
    ck_assert_int_eq(run(script, true), 0);
    ck_assert_str_ne(output, ours);
}
END_TEST

START_TEST(test_missing)
{
    char *const argv[] = {"x", NULL};
    char *const environment[] = {NULL};
    pid_t pid;

    ck_assert_int_eq(
        spawn_start(&pid, &(struct spawn_options){.program = "/nowhere/x",
                                                  .argv = argv,
                                                  .environment = environment}),
        -ENOENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spawn");
    TCase *tcase = tcase_create("spawn");

    tcase_add_test(tcase, test_descriptors);
    tcase_add_test(tcase, test_signals);
    tcase_add_test(tcase, test_session);
    tcase_add_test(tcase, test_missing);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
