/*
 * system_child: see system_child.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "route/system_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/libexec.h"
#include "base/log.h"
#include "base/spawn.h"
#include "route/system_environment.h"

enum {
    REAP_TRIES = 200, /* looks whether it ended, ... */
    REAP_TICK = 10,   /* ... so many ms apart */
    END_TRIES = 10,   /* looks for a status after its end was seen, 1 ms apart */
};

struct system_child {
    struct loop *loop;
    struct watch *watch;
    pid_t pid; /* 0: none */
    struct buf in, out;
    bool greeted;
    struct deadline limit;
    struct deferred failed;
    char why[256];
    system_child_callback *callback;
    void *ctx;
};

/* ---- the process ---- */

/* 0 or -errno. */
static int process_spawn(pid_t *pid, char *program, int socket_fd, bool settings)
{
    const struct spawn_fd fds[] = {{SYSTEM_SOCKET_FD, socket_fd}, {0, -1}, {1, -1}};
    char *argv[] = {program, NULL};
    char **picked = system_environment(environ, settings);
    int error = -ENOMEM;

    if (picked != NULL)
        error = spawn_start(pid, &(struct spawn_options){
                                     .program = program,
                                     .argv = argv,
                                     .environment = picked,
                                     .fds = fds,
                                     .fd_count = sizeof(fds) / sizeof(fds[0]),
                                     .session = true,
                                 });
    free(picked);
    return error;
}

/* A worker waits for its end: even SIGKILL takes time where a disk does not answer. */
static void reap_run(void *arg)
{
    pid_t pid = (pid_t)(intptr_t)arg;

    for (int i = 0; i < REAP_TRIES && waitpid(pid, NULL, WNOHANG) == 0; i++)
        (void)poll(NULL, 0, REAP_TICK);
}

static void reap_done(void *ctx)
{
    (void)ctx;
}

static void process_end(struct system_child *child)
{
    if (child->pid <= 0)
        return;
    (void)kill(-child->pid, SIGKILL);
    if (waitpid(child->pid, NULL, WNOHANG) == 0 &&
        work_start(child->loop, reap_run, (void *)(intptr_t)child->pid, NULL, reap_done,
                   NULL) == NULL)
        reap_run((void *)(intptr_t)child->pid);
    child->pid = 0;
}

/* What it died of, if it did: for the message. */
static void explain_end(struct system_child *child)
{
    int status = 0;
    pid_t ended = 0;

    /* Its descriptors are closed a moment before it has a status. */
    for (int i = 0; i < END_TRIES && ended == 0; i++) {
        ended = waitpid(child->pid, &status, WNOHANG);
        if (ended == 0)
            (void)poll(NULL, 0, 1);
    }
    if (ended != child->pid) {
        (void)snprintf(child->why, sizeof(child->why), "ccgate-system broke off");
        return;
    }
    child->pid = 0;
    if (WIFSIGNALED(status))
        (void)snprintf(child->why, sizeof(child->why),
                       "ccgate-system was ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    else
        (void)snprintf(child->why, sizeof(child->why),
                       "ccgate-system ended with exit status %d", WEXITSTATUS(status));
}

/* ---- the conversation ---- */

static void finish(struct system_child *child, struct span body)
{
    system_child_callback *callback = child->callback;
    void *ctx = child->ctx;
    struct buf in = child->in; /* holds the body and the reason */
    char why[sizeof(child->why)];

    memcpy(why, child->why, sizeof(why));
    buf_init(&child->in, 0);
    system_child_cancel(child);
    callback(ctx, body, body.len > 0 ? NULL : why);
    buf_clear(&in);
}

static void on_failed(void *ctx)
{
    finish(ctx, (struct span){NULL, 0});
}

static void fail(struct system_child *child, const char *why)
{
    (void)snprintf(child->why, sizeof(child->why), "%s", why);
    finish(child, (struct span){NULL, 0});
}

static void on_late(void *ctx)
{
    fail(ctx, "ccgate-system did not answer in time and was ended");
}

/* HELLO first, then the answer. Whether it is over. */
static bool take_message(struct system_child *child, bool *over)
{
    struct system_hello hello;
    struct span body;
    long size = wire_take(buf_span(&child->in), SYSTEM_MESSAGE_LIMIT, &body);

    *over = size < 0;
    if (size < 0)
        fail(child, "ccgate-system sent what is no message");
    if (size <= 0)
        return false;
    if (child->greeted) {
        *over = true;
        finish(child, body);
        return false;
    }
    child->greeted = system_get_hello(body, &hello);
    if (child->greeted) {
        LOG_DEBUG("system_child", LOG_INT("pid", child->pid),
                  LOG_SPAN("fetcher", hello.fetcher));
        buf_consume(&child->in, (size_t)size);
        return true;
    }
    *over = true;
    fail(child, "ccgate-system is of another version than ccgate");
    return false;
}

/* False: it is over, and the child is gone. */
static bool read_more(struct system_child *child)
{
    bool over = false;
    ssize_t n;

    if (buf_reserve(&child->in, 1) != 0) {
        fail(child, "out of memory");
        return false;
    }
    n = read(watch_fd(child->watch), buf_tail(&child->in), buf_room(&child->in));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        explain_end(child);
        finish(child, (struct span){NULL, 0});
        return false;
    }
    buf_commit(&child->in, (size_t)n);
    while (take_message(child, &over))
        ;
    return !over;
}

static void write_more(struct system_child *child)
{
    bool full = false;

    while (child->out.len > 0 && !full) {
        struct span left = buf_span(&child->out);
        ssize_t n = send(watch_fd(child->watch), left.at, left.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            break; /* why it broke off is seen when it is read from */
        full = n < 0;
        buf_consume(&child->out, full ? 0 : (size_t)n);
    }
    watch_want(child->watch, full ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

static void on_ready(void *ctx, unsigned events)
{
    struct system_child *child = ctx;

    if ((events & WATCH_WRITE) != 0)
        write_more(child);
    if ((events & WATCH_READ) != 0)
        (void)read_more(child);
}

/* ---- begin and end ---- */

/* False: `why` says it. */
static bool begin(struct system_child *child, bool settings)
{
    char program[4096];
    int pair[2];
    int error;

    if (!libexec_path("ccgate-system", program, sizeof(program)) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        (void)snprintf(child->why, sizeof(child->why),
                       "ccgate-system cannot be started: %s", strerror(errno));
        return false;
    }
    error = -process_spawn(&child->pid, program, pair[1], settings);
    (void)close(pair[1]);
    if (error == 0 &&
        (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0 ||
         (child->watch = watch_new(child->loop, pair[0], on_ready, child)) == NULL))
        error = errno;
    if (error == 0)
        return true;
    (void)close(pair[0]);
    (void)snprintf(child->why, sizeof(child->why), "%.160s cannot be started: %s",
                   program, strerror(error));
    return false;
}

struct system_child *system_child_start(const struct system_child_options *options)
{
    struct system_child *child = calloc(1, sizeof(*child));

    if (child == NULL)
        return NULL;
    child->loop = options->loop;
    child->callback = options->callback;
    child->ctx = options->ctx;
    buf_init(&child->in, SYSTEM_MESSAGE_LIMIT + WIRE_LENGTH);
    buf_init(&child->out, options->question.len);
    deadline_init(&child->limit, on_late, child);
    deferred_init(&child->failed, on_failed, child);
    if (buf_append_span(&child->out, options->question) != 0) {
        system_child_cancel(child);
        return NULL;
    }
    if (begin(child, options->settings)) {
        watch_want(child->watch, WATCH_READ | WATCH_WRITE);
        deadline_set(child->loop, &child->limit, options->limit_ms);
    } else {
        defer(child->loop, &child->failed);
    }
    return child;
}

void system_child_cancel(struct system_child *child)
{
    if (child == NULL)
        return;
    deadline_clear(child->loop, &child->limit);
    defer_cancel(&child->failed);
    watch_close(child->watch);
    process_end(child);
    buf_clear(&child->in);
    buf_clear(&child->out);
    free(child);
}
