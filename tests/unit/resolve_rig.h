/*
 * resolve_rig: what the resolver's tests share: two small DNS servers on the loop,
 * whose answers hang on the first letters of the name, and an asker that records the
 * answer.
 */
#ifndef CCGATE_TESTS_UNIT_RESOLVE_RIG_H
#define CCGATE_TESTS_UNIT_RESOLVE_RIG_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/resolve.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define PATIENCE_MS 8000
#define TIMEOUT_MS  5000

static struct loop *loop;
static struct resolver *resolver;
static struct deadline patience;

/* ---- the server ---- */

#define HELD_LIMIT 1200

struct question {
    struct sockaddr_in from;
    size_t len;
    uint8_t bytes[512];
};

struct server {
    int fd;
    uint16_t port;
    uint8_t
        last_byte; /* of its own address and of all it gives: 127.0.0.x, 192.0.y.x */
    struct watch *watch;
    struct deadline answer; /* "held..." is answered in one go, some ms later */
    uint64_t hold_ms;
    size_t asked;
    size_t held;
    size_t held_most;
    struct question *questions;
};

static struct server servers[2];

/* The first label of the question, NUL-terminated; its type; where the question ends.
 */
static inline size_t question_read(const struct question *q, char label[64], int *type)
{
    size_t at = 12, n;

    ck_assert_uint_gt(q->len, 17);
    n = q->bytes[at];
    ck_assert_uint_lt(n, 64);
    memcpy(label, q->bytes + at + 1, n);
    label[n] = '\0';
    while (q->bytes[at] != 0) {
        at += (size_t)q->bytes[at] + 1;
        ck_assert_uint_lt(at, q->len - 4);
    }
    *type = q->bytes[at + 1] * 256 + q->bytes[at + 2];
    return at + 5;
}

static inline size_t record_write(uint8_t *out, int type, uint32_t ttl,
                                  const void *data, size_t len)
{
    const uint8_t head[] = {
        0xc0,
        12,
        0,
        (uint8_t)type,
        0,
        1,
        0,
        0,
        (uint8_t)(ttl >> 8),
        (uint8_t)ttl,
        0,
        (uint8_t)len,
    };

    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), data, len);
    return sizeof(head) + len;
}

static inline bool starts(const char *label, const char *with)
{
    return strncmp(label, with, strlen(with)) == 0;
}

/* Names that begin with "vpn" exist as long as it is up. */
static bool vpn_up;

static inline int rcode_of(const char *label)
{
    if (starts(label, "nx") || (starts(label, "vpn") && !vpn_up))
        return 3;
    return starts(label, "refused") ? 5 : starts(label, "servfail") ? 2 : 0;
}

/* "mute6..." says nothing of AAAA, "mute4..." nothing of A. */
static inline bool is_mute(const char *label, int type)
{
    return starts(label, "silent") ||
           strstr(label, type == 28 ? "mute6" : "mute4") != NULL;
}

/* "late6..." holds back only AAAA. */
static inline bool is_held(const char *label, int type)
{
    return starts(label, "held") || (type == 28 && starts(label, "late6"));
}

/*
 * Twenty IPv4 and sixteen IPv6 addresses (512 octets hold no more) for "many", two of
 * this host for "local" (127.0.0.2 and 127.0.0.3), one else. Returns their number.
 */
static inline int addresses_write(const struct server *s, const char *label, int type,
                                  uint8_t **out)
{
    uint8_t ipv4[4] = {192, 0, 2, s->last_byte};
    uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    uint32_t ttl = starts(label, "short") ? 1 : 600;
    bool local = starts(label, "local");
    int n = starts(label, "many") ? (type == 1 ? 20 : 16) : local ? 2 : 1;

    if (type == 28 && (local || starts(label, "four")))
        return 0;
    for (int i = 0; i < n; i++) {
        ipv4[2] = ipv6[14] = (uint8_t)i;
        if (local)
            memcpy(ipv4, (uint8_t[]){127, 0, 0, (uint8_t)(2 + i)}, 4);
        *out += type == 1 ? record_write(*out, 1, ttl, ipv4, 4)
                          : record_write(*out, 28, ttl, ipv6, 16);
    }
    return n;
}

static inline void server_answer(struct server *s, const struct question *q)
{
    uint8_t out[1500];
    char label[64];
    int type, count = 0;
    size_t end = question_read(q, label, &type);
    uint8_t *at = out + end;

    memcpy(out, q->bytes, end);
    if (is_mute(label, type))
        return;
    out[2] = 0x81;
    out[3] = (uint8_t)(0x80 | rcode_of(label));
    memset(out + 6, 0, 6);
    if (starts(label, "junk"))
        out[7] = 9; /* nine answers announced, none there */
    else if (rcode_of(label) == 0 && !starts(label, "empty"))
        count = addresses_write(s, label, type, &at);
    out[7] = (uint8_t)(out[7] + count);
    sendto(s->fd, out, (size_t)(at - out), 0, (const struct sockaddr *)&q->from,
           sizeof(q->from));
}

static inline void server_answer_held(void *ctx)
{
    struct server *s = ctx;

    for (size_t i = 0; i < s->held; i++)
        server_answer(s, &s->questions[i]);
    s->held = 0;
}

static inline void server_on_readable(void *ctx, unsigned events)
{
    struct server *s = ctx;

    (void)events;
    for (;;) {
        struct question q = {0};
        socklen_t len = sizeof(q.from);
        ssize_t n = recvfrom(s->fd, q.bytes, sizeof(q.bytes), MSG_DONTWAIT,
                             (struct sockaddr *)&q.from, &len);
        char label[64];
        int type;

        if (n < 0)
            return;
        q.len = (size_t)n;
        s->asked++;
        question_read(&q, label, &type);
        if (!is_held(label, type)) {
            server_answer(s, &q);
            continue;
        }
        ck_assert_uint_lt(s->held, HELD_LIMIT);
        s->questions[s->held++] = q;
        s->held_most = s->held > s->held_most ? s->held : s->held_most;
        deadline_set(loop, &s->answer, s->hold_ms);
    }
}

static inline void server_start(struct server *s, uint8_t last_byte, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);
    int room = 1 << 20;

    memset(s, 0, sizeof(*s));
    s->last_byte = last_byte;
    s->hold_ms = 20;
    s->questions = calloc(HELD_LIMIT, sizeof(*s->questions));
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    a.sin_addr.s_addr = htonl(0x7f000000u + last_byte);
    a.sin_port = htons(port);
    ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    s->port = ntohs(a.sin_port);
    deadline_init(&s->answer, server_answer_held, s);
    s->watch = watch_new(loop, s->fd, server_on_readable, s);
    ck_assert_ptr_nonnull(s->watch);
    watch_want(s->watch, WATCH_READ);
}

static inline void server_stop(struct server *s)
{
    deadline_clear(loop, &s->answer);
    watch_close(s->watch);
    free(s->questions);
}

/* ---- askers ---- */

struct ask {
    struct resolve_query *query;
    bool done;
    enum outcome outcome;
    char detail[80];
    bool no_such_name, cached;
    size_t count;
    struct netaddr addresses[RESOLVE_ADDRESS_LIMIT];
    struct ask *cancel; /* in the callback */
    bool stop;          /* the loop after the answer, whatever else is pending */
};

static int pending;

static inline void on_answer(void *ctx, const struct resolve_answer *answer)
{
    struct ask *ask = ctx;

    ck_assert_msg(ask->query != NULL, "called before resolve_start() returned");
    ck_assert_msg(!ask->done, "called twice");
    ask->done = true;
    ask->outcome = answer->outcome;
    ask->no_such_name = answer->no_such_name;
    ask->cached = answer->cached;
    ask->count = answer->count;
    ck_assert_uint_le(answer->count, RESOLVE_ADDRESS_LIMIT);
    ck_assert((answer->detail == NULL) == (answer->outcome == OUTCOME_OK));
    ck_assert((answer->count > 0) == (answer->outcome == OUTCOME_OK));
    snprintf(ask->detail, sizeof(ask->detail), "%s",
             answer->detail ? answer->detail : "");
    memcpy(ask->addresses, answer->addresses, answer->count * sizeof(struct netaddr));
    if (ask->cancel != NULL) {
        resolve_cancel(ask->cancel->query);
        pending--;
    }
    if (--pending == 0 || ask->stop)
        loop_stop(loop);
}

static inline void ask_start(struct ask *ask, struct span host)
{
    memset(ask, 0, sizeof(*ask));
    pending++;
    ask->query = resolve_start(resolver, host, 443, on_answer, ask);
    ck_assert_ptr_nonnull(ask->query);
    ck_assert(!ask->done);
}

static inline struct ask asked(const char *host)
{
    struct ask ask;

    ask_start(&ask, span_of(host));
    ask.stop = true;
    loop_run(loop);
    ck_assert(ask.done);
    return ask;
}

static inline bool has(const struct ask *ask, const char *ip)
{
    struct netaddr want;

    ck_assert(netaddr_from_ip(&want, span_of(ip), 443));
    for (size_t i = 0; i < ask->count; i++)
        if (netaddr_equal(&ask->addresses[i], &want))
            return true;
    return false;
}

static inline void on_pause_over(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

/* Lets the loop run for a while: what must happen in time, or must not. */
static inline void pass_ms(uint64_t ms)
{
    struct deadline d;

    deadline_init(&d, on_pause_over, NULL);
    deadline_set(loop, &d, ms);
    loop_run(loop);
    deadline_clear(loop, &d);
}

/* ---- fixtures ---- */

static inline void out_of_patience(void *ctx)
{
    (void)ctx;
    ck_abort_msg("no answer in %d ms", PATIENCE_MS);
}

static inline void resolver_at(enum resolve_mode mode, uint64_t timeout)
{
    char text[64];
    struct resolve_options options = {
        .mode = mode, .timeout = timeout, .servers = text};

    snprintf(text, sizeof(text), "127.0.0.1:%u", (unsigned)servers[0].port);
    resolver_free(resolver);
    resolver = resolver_new(loop, &options);
    ck_assert_ptr_nonnull(resolver);
}

static inline void setup(void)
{
    const struct log_options quiet = {.to = "/dev/null", .level = LOG_LEVEL_INFO};

    log_open(&quiet);
    pending = 0;
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
    deadline_init(&patience, out_of_patience, NULL);
    deadline_set(loop, &patience, PATIENCE_MS);
    server_start(&servers[0], 1, 0);
    server_start(&servers[1], 2, servers[0].port);
    resolver = NULL;
    resolver_at(RESOLVE_DNS, TIMEOUT_MS);
}

static inline void teardown(void)
{
    resolver_free(resolver);
    server_stop(&servers[0]);
    server_stop(&servers[1]);
    deadline_clear(loop, &patience);
    ck_assert_int_eq(loop_free(loop), 0);
    log_close();
}

#endif
