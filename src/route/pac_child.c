/*
 * pac_child: a process of ccgate-pac and the messages to and from it. See pac_child.h.
 */
#include "route/pac_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include "base/file.h"
#include "base/spawn.h"

#define ENGINE_TEXT 64
#define FIRST_FD    10 /* out of the way of the descriptors that the child is given */

struct pac_child {
    struct pac_child_options options;
    pid_t pid; /* 0: reaped */
    int status;
    struct watch *watch;
    bool greeted; /* HELLO came */
    bool asked;   /* an answer is due */
    bool unheard; /* it ended before it had read the question */
    bool killed;
    struct buf out;
    struct buf in;
    size_t taken; /* bytes of the message that was handed on last */
    char engine[ENGINE_TEXT];
    uint32_t sandbox;
};

/* ---- the script ---- */

int pac_child_script(struct span script)
{
    int fd = memfd_create("proxy.pac", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error;

    if (fd < 0)
        return -errno;
    error = file_write(fd, script);
    if (error == 0 &&
        fcntl(fd, F_ADD_SEALS,
              F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        error = -errno;
    if (error == 0)
        return fd;
    (void)close(fd);
    return error;
}

/* ---- start ---- */

/* The variable as it stands in the environment, or NULL. */
static char *zone(void)
{
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, "TZ=", 3) == 0)
            return *variable;
    return NULL;
}

/* Both descriptors are FIRST_FD or above. */
static int spawn(struct pac_child *child, int socket_fd, int script_fd)
{
    const struct spawn_fd fds[] = {
        {0, -1},
        {1, -1},
        {2, -1},
        {PAC_SOCKET_FD, socket_fd},
        {PAC_SCRIPT_FD, script_fd},
    };
    char name[] = "ccgate-pac";
    char *argv[] = {name, NULL};
    char *variables[] = {zone(), NULL};

    return spawn_start(&child->pid, &(struct spawn_options){
                                        .program = child->options.program,
                                        .argv = argv,
                                        .environment = variables,
                                        .fds = fds,
                                        .fd_count = sizeof(fds) / sizeof(fds[0]),
                                    });
}

/* The child's ends are moved up, so that dup2() onto 3 and 4 hits neither. */
static int start(struct pac_child *child, int far_end)
{
    int socket_fd = fcntl(far_end, F_DUPFD_CLOEXEC, FIRST_FD);
    int script_fd = fcntl(child->options.script, F_DUPFD_CLOEXEC, FIRST_FD);
    int error = socket_fd < 0 || script_fd < 0 ? -errno : 0;

    if (error == 0)
        error = spawn(child, socket_fd, script_fd);
    if (socket_fd >= 0)
        (void)close(socket_fd);
    if (script_fd >= 0)
        (void)close(script_fd);
    return error;
}

/* ---- the end ---- */

/* Returns soon after SIGKILL, and at once when the socket has ended. */
static void reap(struct pac_child *child)
{
    while (child->pid > 0 && waitpid(child->pid, &child->status, 0) < 0)
        if (errno != EINTR)
            break;
    child->pid = 0;
}

static const char *how(const struct pac_child *child, char *text, size_t size)
{
    if (WIFSIGNALED(child->status))
        (void)snprintf(text, size, "ccgate-pac was ended by signal %d",
                       WTERMSIG(child->status));
    else
        (void)snprintf(text, size, "ccgate-pac ended with exit status %d",
                       WEXITSTATUS(child->status));
    return text;
}

/*
 * A crash, abort() and seccomp raise these. SIGKILL and SIGTERM are an administrator's,
 * or the kernel's for want of memory: no limit of the sandbox sends them.
 */
static bool is_own_signal(int signal)
{
    static const int OWN[] = {SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
                              SIGABRT, SIGTRAP, SIGSYS};

    for (size_t i = 0; i < sizeof(OWN) / sizeof(OWN[0]); i++)
        if (OWN[i] == signal)
            return true;
    return false;
}

static enum pac_child_end end_of(const struct pac_child *child)
{
    if (child->unheard)
        return PAC_CHILD_UNHEARD;
    if (WIFSIGNALED(child->status) && !is_own_signal(WTERMSIG(child->status)))
        return PAC_CHILD_KILLED;
    return PAC_CHILD_FAILED;
}

/* A process that let go of its socket and lives on is of no use; SIGKILL changes
 * nothing in how one ends that is about to. */
static void finish(struct pac_child *child, const char *nonsense)
{
    void *ctx = child->options.ctx;
    char text[64];

    watch_close(child->watch);
    child->watch = NULL;
    if (child->pid > 0)
        (void)kill(child->pid, SIGKILL);
    reap(child);
    if (nonsense != NULL)
        child->options.ended(ctx, PAC_CHILD_FAILED, nonsense);
    else
        child->options.ended(ctx, end_of(child), how(child, text, sizeof(text)));
}

/* ---- messages ---- */

static void take_hello(struct pac_child *child, const struct pac_hello *hello)
{
    child->greeted = true;
    child->sandbox = hello->sandbox;
    (void)snprintf(child->engine, sizeof(child->engine), "%.*s",
                   SPAN_ARG(hello->engine));
}

/* False if the child may be gone. */
static bool take_message(struct pac_child *child, struct span body)
{
    struct pac_hello hello;
    struct pac_answer answer;

    if (!child->greeted && pac_get_hello(body, &hello)) {
        take_hello(child, &hello);
        return true;
    }
    if (!child->greeted || !child->asked || !pac_get_answer(body, &answer)) {
        finish(child, "ccgate-pac speaks nonsense");
        return false;
    }
    child->asked = false;
    if (!child->killed) {
        child->options.answered(child->options.ctx, &answer);
        return false;
    }
    return true;
}

static void take_messages(struct pac_child *child)
{
    struct span body;
    long size;

    do {
        buf_consume(&child->in, child->taken);
        child->taken = 0;
        size = wire_take(buf_span(&child->in), PAC_MESSAGE_LIMIT, &body);
        if (size < 0) {
            finish(child, "ccgate-pac speaks nonsense");
            return;
        }
        child->taken = (size_t)size;
    } while (size > 0 && take_message(child, body));
}

static void receive(struct pac_child *child)
{
    ssize_t n = -1;

    buf_consume(&child->in, child->taken);
    child->taken = 0;
    if (buf_reserve(&child->in, 1) == 0)
        n = read(watch_fd(child->watch), buf_tail(&child->in), buf_room(&child->in));
    else
        errno = ENOMEM;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        /* So unix(7) says that something was not read at the other end. */
        child->unheard |= n < 0 && errno == ECONNRESET;
        finish(child, NULL);
        return;
    }
    buf_commit(&child->in, (size_t)n);
    take_messages(child);
}

/* What cannot be written for good shows as the end of the socket, soon. */
static void flush(struct pac_child *child)
{
    while (child->out.len > 0) {
        struct span left = buf_span(&child->out);
        ssize_t n = send(watch_fd(child->watch), left.at, left.len,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            child->unheard |= errno == EPIPE || errno == ECONNRESET;
            break;
        }
        buf_consume(&child->out, (size_t)n);
    }
    watch_want(child->watch, WATCH_READ | (child->out.len > 0 ? WATCH_WRITE : 0));
}

static void fired(void *ctx, unsigned events)
{
    struct pac_child *child = ctx;

    if ((events & WATCH_WRITE) != 0)
        flush(child);
    if ((events & WATCH_READ) != 0)
        receive(child);
}

/* ---- the rest ---- */

static int open_child(struct pac_child *child)
{
    int pair[2];
    int error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    error = start(child, pair[1]);
    (void)close(pair[1]);
    if (error == 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0)
        error = -errno;
    if (error == 0) {
        child->watch = watch_new(child->options.loop, pair[0], fired, child);
        error = child->watch != NULL ? 0 : -errno;
    }
    if (error != 0)
        (void)close(pair[0]);
    else
        watch_want(child->watch, WATCH_READ);
    return error;
}

struct pac_child *pac_child_new(const struct pac_child_options *options, int *error)
{
    struct pac_child *child = calloc(1, sizeof(*child));

    *error = -ENOMEM;
    if (child == NULL)
        return NULL;
    child->options = *options;
    buf_init(&child->out, PAC_MESSAGE_LIMIT + WIRE_LENGTH);
    buf_init(&child->in, PAC_MESSAGE_LIMIT + WIRE_LENGTH);
    *error = open_child(child);
    if (*error == 0)
        return child;
    pac_child_free(child);
    return NULL;
}

bool pac_child_ask(struct pac_child *child, const struct pac_ask *ask)
{
    if (child->watch == NULL || pac_put_ask(&child->out, ask) != 0)
        return false;
    child->asked = true;
    flush(child);
    return true;
}

bool pac_child_is_deaf(const struct pac_child *child)
{
    int unread = 0;

#ifdef SIOCOUTQ
    if (child->watch != NULL && ioctl(watch_fd(child->watch), SIOCOUTQ, &unread) != 0)
        unread = 0;
#endif
    return child->asked && (child->out.len > 0 || unread > 0);
}

void pac_child_kill(struct pac_child *child)
{
    child->killed = true;
    if (child->pid > 0)
        (void)kill(child->pid, SIGKILL);
}

void pac_child_free(struct pac_child *child)
{
    if (child == NULL)
        return;
    watch_close(child->watch);
    if (child->pid > 0)
        (void)kill(child->pid, SIGKILL);
    reap(child);
    buf_clear(&child->out);
    buf_clear(&child->in);
    free(child);
}

pid_t pac_child_pid(const struct pac_child *child)
{
    return child->pid;
}

const char *pac_child_engine(const struct pac_child *child)
{
    return child->engine;
}

uint32_t pac_child_sandbox(const struct pac_child *child)
{
    return child->sandbox;
}
