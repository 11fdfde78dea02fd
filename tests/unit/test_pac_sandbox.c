/*
 * test_pac_sandbox: what a process can no longer do behind sandbox_enter().
 *
 * Each attempt runs in a process of its own, which may be ended by it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/pac_protocol.h"
#include "pac/sandbox.h"
#include "suite.h"

#define ADDRESS_SPACE ((size_t)256 << 20)

/* What an attempt gives: its exit status, unless the kernel ends it. */
enum { ALLOWED, REFUSED, PREPARED = 77 };

static int try_nothing(void)
{
    return ALLOWED;
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0;
}

static int try_exec(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
    return REFUSED;
}

static int try_kill(void)
{
    return kill(getppid(), 0) != 0;
}

static int try_open(void)
{
    return open("/etc/passwd", O_RDONLY) < 0;
}

static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

static int try_memory(void)
{
    return mmap(NULL, 2 * ADDRESS_SPACE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

static int try_small_memory(void)
{
    return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

/* The zone is kept, without a look at a file. */
static int try_zone(void)
{
    time_t summer = 1784118645;
    time_t winter = 1767225600;
    struct tm tm;

    return localtime_r(&summer, &tm) == NULL || mktime(&tm) != summer ||
           localtime_r(&winter, &tm) == NULL;
}

static const struct {
    const char *name;
    int (*call)(void);
    int status;  /* its exit status, or */
    bool killed; /* ended by the filter */
} attempts[] = {
    {"nothing", try_nothing, ALLOWED, false},
    {"socket", try_socket, 0, true},
    {"unix socket", try_unix_socket, 0, true},
    {"fork", try_fork, 0, true},
    {"exec", try_exec, 0, true},
    {"kill", try_kill, 0, true},
    {"open", try_open, REFUSED, false},
    {"executable memory", try_code, 0, true},
    {"memory", try_memory, REFUSED, false},
    {"a little memory", try_small_memory, ALLOWED, false},
    {"zone", try_zone, ALLOWED, false},
};

/* In the child: the attempt, if there is a filter. */
static void run_attempt(int (*call)(void))
{
    uint32_t active;

    sandbox_prepare(STDERR_FILENO);
    active = sandbox_enter(ADDRESS_SPACE);
    if (!(active & PAC_SANDBOX_SECCOMP))
        _exit(active & PAC_SANDBOX_SANITIZER ? PREPARED : EXIT_FAILURE + 100);
    _exit(call());
}

START_TEST(test_attempt)
{
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        run_attempt(attempts[_i].call);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    /* Built with ASan there is nothing to be tried: the bit says so. */
    if (WIFEXITED(status) && WEXITSTATUS(status) == PREPARED)
        return;
    ck_assert_msg(attempts[_i].killed
                      ? WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
                      : WIFEXITED(status) && WEXITSTATUS(status) == attempts[_i].status,
                  "%s: wait status 0x%x", attempts[_i].name, status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_sandbox");
    TCase *tcase = tcase_create("sandbox");

    tcase_add_loop_test(tcase, test_attempt, 0, sizeof(attempts) / sizeof(attempts[0]));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
