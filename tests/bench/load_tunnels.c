/*
 * load_tunnels: many tunnels at a time. One state machine serves `tunnels`, where each
 * is closed after one echo, and `idle`, where each is held open and echoes at the end.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { STATE_FREE, STATE_CONNECTING, STATE_HEAD, STATE_OPEN, STATE_ECHO };

struct slot {
    int fd;
    enum state state;
    uint64_t start;
    size_t len; /* of the head, or of the echo */
    char head[LOAD_HEAD_MAX];
};

struct run {
    const struct load_options *options;
    int epoll;
    struct slot *slots;
    size_t slot_count;
    char request[LOAD_HEAD_MAX];
    size_t request_len;
    uint64_t *setup; /* one sample per tunnel that was set up */
    size_t setup_count;
    size_t started;
    size_t ended;
    size_t echoed;
    bool hold; /* keep what is open */
    size_t failed;
    const char *first_error;
};

static void run_init(struct run *run, const struct load_options *options, size_t slots)
{
    *run = (struct run){.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    run->slot_count = slots;
    run->slots = calloc(slots, sizeof *run->slots);
    run->setup = calloc(options->count, sizeof *run->setup);
    if (run->epoll < 0 || run->slots == NULL || run->setup == NULL)
        load_die(options, "out of memory or descriptors");
    run->request_len = load_request(run->request, options->target);
}

static void run_clear(struct run *run)
{
    for (size_t i = 0; i < run->slot_count; i++) {
        if (run->slots[i].state != STATE_FREE)
            close(run->slots[i].fd);
    }
    close(run->epoll);
    free(run->slots);
    free(run->setup);
}

static void slot_end(struct run *run, struct slot *slot, const char *error)
{
    if (error != NULL) {
        run->failed++;
        if (run->first_error == NULL)
            run->first_error = error;
    }
    close(slot->fd);
    slot->state = STATE_FREE;
    run->ended++;
}

static void slot_start(struct run *run, struct slot *slot)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET,
                                .data.ptr = slot};

    slot->start = load_now();
    slot->len = 0;
    slot->fd = load_dial(run->options, false);
    if (slot->fd < 0)
        load_die(run->options, "connect: %s", strerror(errno));
    slot->state = STATE_CONNECTING;
    run->started++;
    /* Edge-triggered, so that one registration does for the whole life of the tunnel.
     */
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, slot->fd, &event) != 0)
        load_die(run->options, "epoll_ctl: %s", strerror(errno));
}

static void slot_echo(struct run *run, struct slot *slot)
{
    static const char data[LOAD_WRITE];

    slot->state = STATE_ECHO;
    slot->len = 0;
    if (send(slot->fd, data, run->options->size, MSG_NOSIGNAL) !=
        (ssize_t)run->options->size)
        slot_end(run, slot, "the echo was not sent whole");
}

static void slot_connected(struct run *run, struct slot *slot)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        slot_end(run, slot, "connect failed");
        return;
    }
    slot->state = STATE_HEAD;
    if (send(slot->fd, run->request, run->request_len, MSG_NOSIGNAL) !=
        (ssize_t)run->request_len)
        slot_end(run, slot, "the request was not sent whole");
}

static void slot_read_head(struct run *run, struct slot *slot)
{
    ssize_t got = recv(slot->fd, slot->head + slot->len, LOAD_HEAD_MAX - slot->len, 0);
    ssize_t end = 0;

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        slot_end(run, slot, "closed before the answer");
        return;
    }
    slot->len += (size_t)got;
    end = load_answer(run->options, slot->head, slot->len);
    if (end == 0)
        return;
    if (end < 0 || (size_t)end != slot->len) {
        slot_end(run, slot, "an answer that was not the expected 200");
        return;
    }
    run->setup[run->setup_count++] = load_now() - slot->start;
    if (run->hold)
        slot->state = STATE_OPEN;
    else
        slot_echo(run, slot);
}

static void slot_read_echo(struct run *run, struct slot *slot)
{
    static char data[LOAD_WRITE];
    ssize_t got = recv(slot->fd, data, sizeof data, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        slot_end(run, slot, "closed before the echo");
        return;
    }
    slot->len += (size_t)got;
    if (slot->len < run->options->size)
        return;
    if (slot->len > run->options->size) {
        slot_end(run, slot, "more came back than was sent");
        return;
    }
    run->echoed++;
    slot_end(run, slot, NULL);
}

static void slot_event(struct run *run, struct slot *slot, uint32_t events)
{
    switch (slot->state) {
    case STATE_FREE:
        break;
    case STATE_CONNECTING:
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
            slot_connected(run, slot);
        break;
    case STATE_HEAD:
        if ((events & EPOLLIN) != 0)
            slot_read_head(run, slot);
        break;
    case STATE_OPEN:
        if ((events & EPOLLIN) != 0)
            slot_end(run, slot, "closed or written to while it was idle");
        break;
    case STATE_ECHO:
        if ((events & EPOLLIN) != 0)
            slot_read_echo(run, slot);
        break;
    }
}

static void run_turn(struct run *run, int timeout_ms)
{
    struct epoll_event events[256];
    int count = epoll_wait(run->epoll, events, 256, timeout_ms);

    if (count < 0 && errno != EINTR)
        load_die(run->options, "epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++)
        slot_event(run, events[i].data.ptr, events[i].events);
    if (run->failed > 20 + run->options->count / 100)
        load_die(run->options, "%zu of %zu tunnels failed, the first: %s", run->failed,
                 run->started, run->first_error);
}

static void print_setup(struct run *run)
{
    uint64_t p50 = load_percentile(run->setup, run->setup_count, 50);
    uint64_t p99 = load_percentile(run->setup, run->setup_count, 99);

    printf(
        "\"setup_p50_us\":%.3f,\"setup_p99_us\":%.3f,\"failed\":%zu,\"first_error\":",
        (double)p50 / 1e3, (double)p99 / 1e3, run->failed);
    if (run->first_error == NULL)
        printf("null}\n");
    else
        printf("\"%s\"}\n", run->first_error);
}

void load_tunnels(const struct load_options *options)
{
    size_t slots =
        options->concurrency < options->count ? options->concurrency : options->count;
    struct run run;
    uint64_t start = 0;
    double seconds = 0;

    run_init(&run, options, slots);
    start = load_now();
    while (run.ended < options->count) {
        for (size_t i = 0; i < slots && run.started < options->count; i++) {
            if (run.slots[i].state == STATE_FREE)
                slot_start(&run, &run.slots[i]);
        }
        run_turn(&run, -1);
    }
    seconds = (double)(load_now() - start) / 1e9;
    printf("{\"mode\":\"tunnels\",\"count\":%zu,\"concurrency\":%zu,\"seconds\":%.6f,"
           "\"tunnels_per_s\":%.1f,",
           run.echoed, slots, seconds, (double)run.echoed / seconds);
    print_setup(&run);
    run_clear(&run);
}

/* Opens all of them; returns how many are open. */
static size_t idle_open(struct run *run)
{
    size_t count = run->options->count;

    run->hold = true;
    while (run->setup_count + run->failed < count) {
        while (run->started < count && run->started - run->setup_count - run->failed <
                                           run->options->concurrency)
            slot_start(run, &run->slots[run->started]);
        run_turn(run, -1);
    }
    return run->started - run->ended;
}

static void idle_hold(struct run *run)
{
    uint64_t end = load_now() + (uint64_t)run->options->hold * 1000000000;
    uint64_t now = 0;

    while ((now = load_now()) < end)
        run_turn(run, (int)((end - now) / 1000000) + 1);
}

/* Shows that the tunnels are still alive: one echo in each. */
static void idle_echo(struct run *run)
{
    for (size_t i = 0; i < run->slot_count; i++) {
        if (run->slots[i].state == STATE_OPEN)
            slot_echo(run, &run->slots[i]);
        if (i % 256 == 255)
            run_turn(run, 0);
    }
    while (run->ended < run->started)
        run_turn(run, -1);
}

void load_idle(const struct load_options *options)
{
    struct run run;
    uint64_t start = load_now();
    double open_seconds = 0;
    size_t open = 0;
    size_t held = 0;

    run_init(&run, options, options->count);
    open = idle_open(&run);
    open_seconds = (double)(load_now() - start) / 1e9;
    /* The driver waits for this line before it looks at the memory. */
    fprintf(stderr, "holding %zu\n", open);
    idle_hold(&run);
    held = run.started - run.ended;
    fprintf(stderr, "held %zu\n", held);
    idle_echo(&run);
    printf("{\"mode\":\"idle\",\"count\":%zu,\"open_seconds\":%.3f,\"held\":%zu,"
           "\"echoed\":%zu,",
           open, open_seconds, held, run.echoed);
    print_setup(&run);
    run_clear(&run);
}
