/*
 * load_util: clock, percentiles, sockets and the CONNECT exchange of the load
 * generator.
 */
#include "load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";

uint64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void load_die(const struct load_options *options, const char *format, ...)
{
    va_list args;
    char text[256];

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20)
            *c = '.';
    }
    printf("{\"mode\":\"%s\",\"error\":\"%s\"}\n", options->mode, text);
    exit(1);
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

uint64_t load_percentile(uint64_t *samples, size_t count, double percent)
{
    if (count == 0)
        return 0;
    qsort(samples, count, sizeof *samples, compare);
    return samples[(size_t)((double)(count - 1) * percent / 100.0 + 0.5)];
}

int load_dial(const struct load_options *options, bool blocking)
{
    int one = 1;
    int fd =
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&options->proxy, sizeof options->proxy) !=
            0 &&
        errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

size_t load_request(char head[LOAD_HEAD_MAX], const char *target)
{
    int len = snprintf(head, LOAD_HEAD_MAX, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                       target, target);
    if (len < 0 || len >= LOAD_HEAD_MAX) {
        fprintf(stderr, "load: the target is too long\n");
        exit(2);
    }
    return (size_t)len;
}

ssize_t load_answer(const struct load_options *options, const char *at, size_t len)
{
    const char *end = memmem(at, len, "\r\n\r\n", 4);

    if (options->exact) {
        size_t want = sizeof established - 1;
        if (memcmp(at, established, len < want ? len : want) != 0)
            return -1;
        return len < want ? 0 : (ssize_t)want;
    }
    if (end == NULL)
        return len < LOAD_HEAD_MAX ? 0 : -1;
    /* "HTTP/1.x 200" */
    if (end - at < 12 || memcmp(at, "HTTP/1.", 7) != 0 ||
        memcmp(at + 8, " 200", 4) != 0)
        return -1;
    return end + 4 - at;
}

void load_tunnel(const struct load_options *options, int fd, const char *target)
{
    char head[LOAD_HEAD_MAX];
    size_t len = load_request(head, target);
    ssize_t end = 0;

    load_send_all(options, fd, head, len);
    /* Byte by byte, because the origin's first bytes may be glued behind the head. */
    for (len = 0; end == 0;) {
        load_recv_all(options, fd, head + len, 1);
        end = load_answer(options, head, ++len);
    }
    if (end < 0)
        load_die(options, "unexpected answer to CONNECT: %.*s", (int)len, head);
}

void load_send_all(const struct load_options *options, int fd, const void *at,
                   size_t len)
{
    const char *next = at;
    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        if (sent < 0)
            load_die(options, "send: %s", strerror(errno));
        next += sent;
        len -= (size_t)sent;
    }
}

void load_recv_all(const struct load_options *options, int fd, void *at, size_t len)
{
    char *next = at;
    while (len > 0) {
        ssize_t got = recv(fd, next, len, 0);
        if (got <= 0)
            load_die(options, "recv: %s", got == 0 ? "closed early" : strerror(errno));
        next += got;
        len -= (size_t)got;
    }
}
