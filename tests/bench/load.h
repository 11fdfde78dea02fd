/*
 * load: what the parts of the load generator share. Linux and libc only.
 *
 * Every mode speaks CONNECT to one proxy on 127.0.0.1 and prints one JSON object.
 */
#ifndef CCGATE_BENCH_LOAD_H
#define CCGATE_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOAD_HEAD_MAX = 512, LOAD_WRITE = 64 * 1024 };

enum load_direction { LOAD_UP = 1, LOAD_DOWN = 2, LOAD_BOTH = 3 };

struct load_options {
    const char *mode;
    struct sockaddr_in proxy;
    const char *target;            /* of the echo modes, HOST:PORT */
    size_t count;                  /* tunnels, or echoes */
    size_t concurrency;            /* tunnels that are being set up at one time */
    size_t size;                   /* bytes of an echo */
    size_t tunnels;                /* bulk: side by side */
    uint64_t bytes;                /* bulk: each way, all tunnels together */
    enum load_direction direction; /* bulk */
    unsigned hold;                 /* idle: seconds */
    unsigned timeout;              /* seconds until the whole run is given up */
    bool exact;     /* the 200 must be ccgate's and the sink's, byte by byte */
    int child_cpu;  /* start: where the program runs; -1: anywhere */
    char **command; /* start: the program and its arguments */
};

/* Nanoseconds of the monotonic clock. */
uint64_t load_now(void);

/* Prints {"mode":...,"error":...} and ends with status 1. */
_Noreturn void load_die(const struct load_options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The value below which `percent` of the samples lie; sorts them. 0 without samples. */
uint64_t load_percentile(uint64_t *samples, size_t count, double percent);

/*
 * A TCP socket towards the proxy with TCP_NODELAY. A blocking one is connected; of one
 * that does not block the connect has begun. -1 with errno on failure.
 */
int load_dial(const struct load_options *options, bool blocking);

/* Writes a CONNECT head for the target into head; its length. */
size_t load_request(char head[LOAD_HEAD_MAX], const char *target);

/*
 * Looks at the answer so far: the length of a whole, good head; 0 when more is needed;
 * -1 for anything but a 200.
 */
ssize_t load_answer(const struct load_options *options, const char *at, size_t len);

/* Sets a tunnel up on a connected, blocking socket; reads nothing behind the head. */
void load_tunnel(const struct load_options *options, int fd, const char *target);

/* Blocking, whole, or the run ends. */
void load_send_all(const struct load_options *options, int fd, const void *at,
                   size_t len);
void load_recv_all(const struct load_options *options, int fd, void *at, size_t len);

/* The modes. Each prints its result; failure ends the run through load_die(). */
void load_tunnels(const struct load_options *options);
void load_idle(const struct load_options *options);
void load_serial(const struct load_options *options);
void load_echo(const struct load_options *options);
void load_bulk(const struct load_options *options);
void load_start(const struct load_options *options);

#endif
