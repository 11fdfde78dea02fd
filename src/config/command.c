/*
 * command: a child process that is run to its end. See command.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ, pipe2() */
#endif

#include "config/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/spawn.h"
#include "config/secret.h"

enum { TICK = 20 }; /* ms between two looks whether it ended */

/* The end of its standard output or error that we hold. */
struct stream {
    int fd; /* -1: ended */
    char *into;
    size_t size;
    size_t len;
};

struct child {
    pid_t pid;
    struct stream out, err;
};

/* ---- starting ---- */

/* The variables without the password; only the array is new. NULL: memory is out. */
static char **child_environment(void)
{
    static const char hidden[] = "CCGATE_PASSWORD=";
    size_t count = 0, kept = 0;
    char **copy;

    while (environ != NULL && environ[count] != NULL)
        count++;
    copy = calloc(count + 1, sizeof(*copy));
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], hidden, sizeof(hidden) - 1) != 0)
            copy[kept++] = environ[i];
    return copy;
}

/* 0 or an errno. */
static int spawn(struct child *child, const char *const *argv, const int fds[3])
{
    const struct spawn_fd given[] = {{0, fds[0]}, {1, fds[1]}, {2, fds[2]}};
    char **environment = child_environment();
    int error;

    if (environment == NULL)
        return ENOMEM;
    error = -spawn_start(&child->pid, &(struct spawn_options){
                                          .program = argv[0],
                                          .argv = (char *const *)(uintptr_t)argv,
                                          .environment = environment,
                                          .fds = given,
                                          .fd_count = 3,
                                          .session = true,
                                      });
    free(environment);
    return error;
}

/* What the child reads: the whole input is put into a pipe, which holds that much. */
static int open_input(struct span input)
{
    int fds[2];
    ssize_t n;

    if (input.len == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    do
        n = write(fds[1], input.at, input.len);
    while (n < 0 && errno == EINTR);
    close(fds[1]);
    if (n == (ssize_t)input.len)
        return fds[0];
    close(fds[0]);
    return -1;
}

static void close_all(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* 0 or an errno. Our ends of the pipes do not block. */
static int start(struct child *child, const struct command *command)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    int fds[3] = {-1, -1, -1};
    int error = 0;

    fds[0] = open_input(command->input);
    if (fds[0] < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
        fcntl(out[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(err[0], F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    fds[1] = out[1];
    fds[2] = err[1];
    if (error == 0)
        error = spawn(child, command->argv, fds);
    close_all(fds, 3);
    if (error != 0) {
        close_all((int[]){out[0], err[0]}, 2);
        return error;
    }
    child->out.fd = out[0];
    child->err.fd = err[0];
    return 0;
}

/* ---- while it runs ---- */

/* Reads what is there; what finds no room is dropped. */
static void stream_read(struct stream *s)
{
    char rest[256];

    while (s->fd >= 0) {
        bool room = s->len < s->size;
        ssize_t n = room ? read(s->fd, s->into + s->len, s->size - s->len)
                         : read(s->fd, rest, sizeof(rest));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            close(s->fd);
            s->fd = -1;
            break;
        }
        if (room)
            s->len += (size_t)n;
    }
    secret_wipe(rest, sizeof(rest));
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for news, or a moment. Whether `stop` was among it. */
static bool wait_moment(const struct child *child, int stop)
{
    struct pollfd fds[3] = {{.fd = child->out.fd, .events = POLLIN},
                            {.fd = child->err.fd, .events = POLLIN},
                            {.fd = stop > 0 ? stop : -1, .events = POLLIN}};

    return poll(fds, 3, TICK) > 0 && fds[2].revents != 0;
}

static void reap(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
}

static enum command_end attend(struct child *child, struct command *command)
{
    int64_t end = now_ms() + command->limit;
    pid_t ended = 0;
    bool stopped = false;
    int status = 0;

    while (ended == 0 && !stopped && now_ms() < end) {
        stopped = wait_moment(child, command->stop);
        /* Looked at first: what it printed before its end is then all there. */
        ended = waitpid(child->pid, &status, WNOHANG);
        stream_read(&child->out);
        stream_read(&child->err);
    }
    if (ended < 0) {
        command->detail = errno;
        return COMMAND_FAILED;
    }
    if (ended == 0) {
        (void)kill(-child->pid, SIGKILL);
        reap(child->pid, &status);
        return stopped ? COMMAND_STOPPED : COMMAND_LATE;
    }
    command->detail = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return WIFSIGNALED(status) ? COMMAND_SIGNALED : COMMAND_EXITED;
}

/* ---- the whole ---- */

/* Lines become one; what a terminal or a log would stumble over is replaced. */
static void make_printable(char *text, size_t len)
{
    while (len > 0 && (unsigned char)text[len - 1] <= ' ')
        len--;
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
}

enum command_end command_run(struct command *command)
{
    struct child child = {
        .out = {.fd = -1, .into = command->out, .size = sizeof(command->out)},
        .err = {.fd = -1, .into = command->err, .size = sizeof(command->err) - 1}};
    int error = start(&child, command);
    enum command_end end;

    command->out_len = 0;
    command->err[0] = '\0';
    command->detail = error;
    if (error != 0)
        return error == ENOENT ? COMMAND_MISSING : COMMAND_FAILED;
    end = attend(&child, command);
    close_all((int[]){child.out.fd, child.err.fd}, 2);
    command->out_len = child.out.len;
    make_printable(command->err, child.err.len);
    return end;
}

void command_wipe(struct command *command)
{
    secret_wipe(command->out, sizeof(command->out));
    secret_wipe(command->err, sizeof(command->err));
    command->out_len = 0;
}
