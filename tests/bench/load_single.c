/*
 * load_single: the modes that have one tunnel at a time, with blocking sockets.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 100 };

static uint64_t *samples_new(const struct load_options *options)
{
    uint64_t *samples = calloc(options->count, sizeof *samples);
    if (samples == NULL)
        load_die(options, "out of memory");
    return samples;
}

/* From before connect() until the whole 200 has been read, as a program would see it.
 */
static uint64_t set_up_once(const struct load_options *options, const char *request,
                            size_t request_len, int *tunnel)
{
    char head[LOAD_HEAD_MAX];
    size_t len = 0;
    ssize_t end = 0;
    uint64_t start = load_now();
    int fd = load_dial(options, true);

    if (fd < 0)
        load_die(options, "connect: %s", strerror(errno));
    load_send_all(options, fd, request, request_len);
    while (end == 0) {
        ssize_t got = recv(fd, head + len, sizeof head - len, 0);
        if (got <= 0)
            load_die(options, "no answer: %s", got == 0 ? "closed" : strerror(errno));
        len += (size_t)got;
        end = load_answer(options, head, len);
    }
    if (end < 0 || (size_t)end != len)
        load_die(options, "unexpected answer to CONNECT: %.*s", (int)len, head);
    *tunnel = fd;
    return load_now() - start;
}

static void echo_once(const struct load_options *options, int fd, char *data)
{
    load_send_all(options, fd, data, options->size);
    load_recv_all(options, fd, data, options->size);
}

void load_serial(const struct load_options *options)
{
    static char data[LOAD_WRITE];
    char request[LOAD_HEAD_MAX];
    size_t len = load_request(request, options->target);
    uint64_t *samples = samples_new(options);
    uint64_t p50 = 0;
    uint64_t p99 = 0;

    for (size_t i = 0; i < options->count; i++) {
        int fd = -1;
        samples[i] = set_up_once(options, request, len, &fd);
        echo_once(options, fd, data);
        close(fd);
    }
    p50 = load_percentile(samples, options->count, 50);
    p99 = load_percentile(samples, options->count, 99);
    printf(
        "{\"mode\":\"serial\",\"count\":%zu,\"setup_p50_us\":%.3f,\"setup_p99_us\":%.3f}\n",
        options->count, (double)p50 / 1e3, (double)p99 / 1e3);
    free(samples);
}

void load_echo(const struct load_options *options)
{
    static char data[LOAD_WRITE];
    uint64_t *samples = samples_new(options);
    uint64_t p50 = 0;
    uint64_t p99 = 0;
    int fd = load_dial(options, true);

    if (fd < 0)
        load_die(options, "connect: %s", strerror(errno));
    load_tunnel(options, fd, options->target);
    for (size_t i = 0; i < WARM_UP; i++)
        echo_once(options, fd, data);
    for (size_t i = 0; i < options->count; i++) {
        uint64_t start = load_now();
        echo_once(options, fd, data);
        samples[i] = load_now() - start;
    }
    close(fd);
    p50 = load_percentile(samples, options->count, 50);
    p99 = load_percentile(samples, options->count, 99);
    printf(
        "{\"mode\":\"echo\",\"count\":%zu,\"size\":%zu,\"p50_us\":%.3f,\"p99_us\":%.3f}\n",
        options->count, options->size, (double)p50 / 1e3, (double)p99 / 1e3);
    free(samples);
}

static pid_t spawn(const struct load_options *options)
{
    pid_t pid = vfork();

    if (pid != 0)
        return pid;
    if (options->child_cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(options->child_cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    execv(options->command[0], options->command);
    _exit(127);
}

/* Tries every 100 µs, so that the program under test has the processor to itself. */
static int dial_when_up(const struct load_options *options, pid_t pid)
{
    const struct timespec pause = {.tv_nsec = 100000};

    for (;;) {
        int status = 0;
        int fd = load_dial(options, true);
        if (fd >= 0)
            return fd;
        if (errno != ECONNREFUSED)
            load_die(options, "connect: %s", strerror(errno));
        if (waitpid(pid, &status, WNOHANG) == pid)
            load_die(options, "the program ended with wait status %d", status);
        ppoll(NULL, 0, &pause, NULL);
    }
}

void load_start(const struct load_options *options)
{
    uint64_t start = load_now();
    uint64_t connected = 0;
    uint64_t answered = 0;
    pid_t pid = -1;
    int fd = -1;

    if (options->command[0] == NULL)
        load_die(options, "no program behind --");
    pid = spawn(options);
    if (pid < 0)
        load_die(options, "vfork: %s", strerror(errno));
    fd = dial_when_up(options, pid);
    connected = load_now() - start;
    /* A connection is only known to be accepted once it is answered. */
    load_tunnel(options, fd, options->target);
    answered = load_now() - start;
    close(fd);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    printf("{\"mode\":\"start\",\"connected_ms\":%.3f,\"answered_ms\":%.3f}\n",
           (double)connected / 1e6, (double)answered / 1e6);
}
