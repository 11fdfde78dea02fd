/*
 * load_bulk: as many bytes as a tunnel carries, up, down or both ways, in 64 KiB
 * writes.
 *
 * The target's name tells the sink how much comes (n123.discard.test), so that the end
 * does not depend on half-close, which not every peer forwards.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct flow {
    int fd;
    uint64_t to_send;
    uint64_t to_read;
    uint32_t watched;
};

struct bulk {
    const struct load_options *options;
    int epoll;
    struct flow *flows;
    size_t live;
    uint64_t wakeups;
};

static void flow_watch(struct bulk *bulk, struct flow *flow, int operation)
{
    struct epoll_event event = {.data.ptr = flow};

    event.events =
        (flow->to_send > 0 ? EPOLLOUT : 0) | (flow->to_read > 0 ? EPOLLIN : 0);
    if (operation == EPOLL_CTL_MOD && event.events == flow->watched)
        return;
    flow->watched = event.events;
    if (epoll_ctl(bulk->epoll, operation, flow->fd, &event) != 0)
        load_die(bulk->options, "epoll_ctl: %s", strerror(errno));
}

static void flow_start(struct bulk *bulk, struct flow *flow, uint64_t bytes)
{
    const struct load_options *options = bulk->options;
    static const char *const names[] = {
        [LOAD_UP] = "discard", [LOAD_DOWN] = "source", [LOAD_BOTH] = "both"};
    char target[128];

    snprintf(target, sizeof target, "n%" PRIu64 ".%s.test:9", bytes,
             names[options->direction]);
    load_tunnel(options, flow->fd, target);
    flow->to_send = (options->direction & LOAD_UP) != 0 ? bytes : 0;
    flow->to_read = (options->direction & LOAD_DOWN) != 0 ? bytes : 0;
    /* The sink's word that it has read everything. */
    if ((options->direction & LOAD_UP) != 0)
        flow->to_read++;
    if (fcntl(flow->fd, F_SETFL, O_NONBLOCK) != 0)
        load_die(options, "fcntl: %s", strerror(errno));
    flow_watch(bulk, flow, EPOLL_CTL_ADD);
}

static void flow_send(struct bulk *bulk, struct flow *flow)
{
    static const char data[LOAD_WRITE];
    size_t want = flow->to_send < sizeof data ? (size_t)flow->to_send : sizeof data;
    ssize_t sent = send(flow->fd, data, want, MSG_NOSIGNAL);

    if (sent < 0 && errno == EAGAIN)
        return;
    if (sent < 0)
        load_die(bulk->options, "send: %s", strerror(errno));
    flow->to_send -= (uint64_t)sent;
}

static void flow_read(struct bulk *bulk, struct flow *flow)
{
    static char data[4 * LOAD_WRITE];
    /* MSG_TRUNC: taken off the socket without a copy (tcp(7)); the peer is what is
     * measured. */
    ssize_t got = recv(flow->fd, data, sizeof data, MSG_TRUNC);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        load_die(bulk->options, "%" PRIu64 " bytes missing: %s", flow->to_read,
                 got == 0 ? "closed" : strerror(errno));
    if ((uint64_t)got > flow->to_read)
        load_die(bulk->options, "more bytes than were asked for");
    flow->to_read -= (uint64_t)got;
}

static void bulk_turn(struct bulk *bulk)
{
    struct epoll_event events[64];
    int count = epoll_wait(bulk->epoll, events, 64, -1);

    if (count < 0 && errno != EINTR)
        load_die(bulk->options, "epoll_wait: %s", strerror(errno));
    bulk->wakeups++;
    for (int i = 0; i < count; i++) {
        struct flow *flow = events[i].data.ptr;
        if ((events[i].events & EPOLLOUT) != 0)
            flow_send(bulk, flow);
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            flow_read(bulk, flow);
        if (flow->to_send == 0 && flow->to_read == 0) {
            epoll_ctl(bulk->epoll, EPOLL_CTL_DEL, flow->fd, NULL);
            bulk->live--;
        } else {
            flow_watch(bulk, flow, EPOLL_CTL_MOD);
        }
    }
}

void load_bulk(const struct load_options *options)
{
    struct bulk bulk = {.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    uint64_t share = options->bytes / options->tunnels;
    uint64_t total = share * options->tunnels;
    uint64_t start = 0;
    double seconds = 0;

    bulk.flows = calloc(options->tunnels, sizeof *bulk.flows);
    if (bulk.epoll < 0 || bulk.flows == NULL || share == 0)
        load_die(options, "nothing to send, or out of memory or descriptors");
    for (size_t i = 0; i < options->tunnels; i++) {
        bulk.flows[i].fd = load_dial(options, true);
        if (bulk.flows[i].fd < 0)
            load_die(options, "connect: %s", strerror(errno));
    }
    start = load_now();
    for (size_t i = 0; i < options->tunnels; i++)
        flow_start(&bulk, &bulk.flows[i], share);
    for (bulk.live = options->tunnels; bulk.live > 0;)
        bulk_turn(&bulk);
    seconds = (double)(load_now() - start) / 1e9;
    if (options->direction == LOAD_BOTH)
        total *= 2;
    printf("{\"mode\":\"bulk\",\"bytes\":%" PRIu64 ",\"tunnels\":%zu,\"seconds\":%.6f,"
           "\"gbit_per_s\":%.3f,\"wakeups\":%" PRIu64 "}\n",
           total, options->tunnels, seconds, (double)total * 8 / 1e9 / seconds,
           bulk.wakeups);
    for (size_t i = 0; i < options->tunnels; i++)
        close(bulk.flows[i].fd);
    close(bulk.epoll);
    free(bulk.flows);
}
