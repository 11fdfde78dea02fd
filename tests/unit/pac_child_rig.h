/*
 * pac_child_rig: starts ccgate-pac as the daemon does, and kills it when it is late.
 */
#ifndef CCGATE_TESTS_UNIT_PAC_CHILD_RIG_H
#define CCGATE_TESTS_UNIT_PAC_CHILD_RIG_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "route/pac_child.h"

#define CHILD_LIMIT_MS 20000 /* for what must come, on a slow machine */

struct child_rig {
    pid_t pid;
    int fd;
    int script;
    struct buf in;
    size_t last; /* bytes of the message that was read last */
    struct pac_hello hello;
    char engine[64];
};

/* A sealed memfd, or one without its seals. */
static inline int child_script(struct span text, bool seal)
{
    int fd = seal ? pac_child_script(text) : memfd_create("script", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    if (!seal)
        ck_assert_int_eq(file_write(fd, text), 0);
    return fd;
}

static inline void child_exec(int socket_fd, int script_fd)
{
    const char *program = getenv("PAC_PROGRAM");
    /* Out of the way of where they go. */
    int s = fcntl(socket_fd, F_DUPFD_CLOEXEC, 10);
    int m = fcntl(script_fd, F_DUPFD_CLOEXEC, 10);

    if (program == NULL)
        program = "./ccgate-pac";
    if (dup2(s, PAC_SOCKET_FD) >= 0 && dup2(m, PAC_SCRIPT_FD) >= 0)
        (void)execl(program, program, (char *)NULL);
    _exit(127);
}

/* Starts it with a script; child_hello() comes next. The descriptor is taken. */
static inline void child_start_fd(struct child_rig *rig, int script)
{
    int pair[2];

    memset(rig, 0, sizeof(*rig));
    buf_init(&rig->in, PAC_MESSAGE_LIMIT + WIRE_LENGTH);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    rig->script = script;
    rig->pid = fork();
    ck_assert_int_ge(rig->pid, 0);
    if (rig->pid == 0)
        child_exec(pair[1], script);
    (void)close(pair[1]);
    rig->fd = pair[0];
}

static inline long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The next message's body; false when the child ended, or after limit_ms. */
static inline bool child_receive(struct child_rig *rig, struct span *body, int limit_ms)
{
    long end = now_ms() + limit_ms;

    buf_consume(&rig->in, rig->last);
    rig->last = 0;
    for (;;) {
        long size = wire_take(buf_span(&rig->in), PAC_MESSAGE_LIMIT, body);
        struct pollfd poller = {.fd = rig->fd, .events = POLLIN};
        long left = end - now_ms();
        ssize_t n;

        ck_assert_int_ge(size, 0);
        if (size > 0) {
            rig->last = (size_t)size;
            return true;
        }
        if (left <= 0 || poll(&poller, 1, (int)left) <= 0)
            return false;
        ck_assert_int_eq(buf_reserve(&rig->in, 1), 0);
        n = read(rig->fd, buf_tail(&rig->in), buf_room(&rig->in));
        if (n <= 0)
            return false;
        buf_commit(&rig->in, (size_t)n);
    }
}

static inline void child_send(struct child_rig *rig, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(rig->fd, bytes.at, bytes.len, MSG_NOSIGNAL);

        ck_assert_int_gt(n, 0);
        bytes = span_skip(bytes, (size_t)n);
    }
}

static inline void child_hello(struct child_rig *rig)
{
    struct span body;

    ck_assert(child_receive(rig, &body, CHILD_LIMIT_MS));
    ck_assert(pac_get_hello(body, &rig->hello));
    ck_assert_uint_lt(rig->hello.engine.len, sizeof(rig->engine));
    memcpy(rig->engine, rig->hello.engine.at, rig->hello.engine.len);
}

/* Asks; false if no answer comes within limit_ms. */
static inline bool child_ask(struct child_rig *rig, const struct pac_ask *ask,
                             struct pac_answer *answer, int limit_ms)
{
    struct buf out;
    struct span body;

    buf_init(&out, PAC_MESSAGE_LIMIT);
    ck_assert_int_eq(pac_put_ask(&out, ask), 0);
    child_send(rig, buf_span(&out));
    buf_clear(&out);
    if (!child_receive(rig, &body, limit_ms))
        return false;
    ck_assert(pac_get_answer(body, answer));
    return true;
}

static inline struct pac_ask child_question(enum pac_message type)
{
    struct pac_ask ask = {.type = type, .now_ms = 1784118645000};

    if (type == PAC_FIND) {
        ask.url = SPAN("http://www.example/");
        ask.host = SPAN("www.example");
    }
    return ask;
}

/* Kills it, if need be, and gives what waitpid() says. */
static inline int child_stop(struct child_rig *rig, bool kill_it)
{
    int status = 0;

    if (kill_it)
        (void)kill(rig->pid, SIGKILL);
    (void)close(rig->fd);
    (void)close(rig->script);
    ck_assert_int_eq(waitpid(rig->pid, &status, 0), rig->pid);
    buf_clear(&rig->in);
    return status;
}

/* Starts it and loads the script, which must succeed. */
static inline void child_start(struct child_rig *rig, const char *script)
{
    struct pac_ask ask = child_question(PAC_LOAD);
    struct pac_answer answer;

    child_start_fd(rig, child_script(span_of(script), true));
    child_hello(rig);
    ck_assert(child_ask(rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_msg(answer.type == PAC_READY, "%.*s", SPAN_ARG(answer.text));
}

#endif
