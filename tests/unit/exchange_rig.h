/*
 * exchange_rig: what the exchange's tests share: a client and an upstream that follow
 * scripts in threads of their own, and the exchange between them.
 *
 * A script is an array of steps, ended by NULL. The first character says what to do:
 *   +      accept the next connection, instead of the one there is
 *   >text  send the text
 *   <text  read until the text has come, behind what was awaited before
 *   *N     send N bytes of filler
 *   #N     read N bytes, behind what was awaited before
 *   |      send FIN
 *   ?      read up to the other's end
 *   !      close
 *   ^      give the other one a sign
 *   _      wait for the sign
 */
#ifndef CCGATE_TESTS_UNIT_EXCHANGE_RIG_H
#define CCGATE_TESTS_UNIT_EXCHANGE_RIG_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fwd/exchange.h"
#include "suite.h"

#define PATIENCE_MS 8000
#define GOT_LIMIT   (8 * 1024 * 1024)
#define STEP_LIMIT  20

typedef const char *const *script;

/* ---- words of the scripts ---- */

#define STEPS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WAITS      STEPS("?") /* a client that only listens */

#define GET "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n\r\n"
#define GET_OUT                                                                        \
    "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\nVia: 1.1 me\r\n\r\n"
#define OK_HEAD  "HTTP/1.1 200 OK\r\nVia: 1.1 me\r\n"
#define LOGIN    "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"
#define ASK      "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
#define POST     "POST http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
#define POST_OUT POST "Via: 1.1 me\r\n"
#define PUT      "PUT http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"

#define LEARNED "+", "<\r\n\r\n", ">HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", "!"

/* ---- actors ---- */

struct actor {
    int listener;                      /* -1: it has a connection from the start */
    int fd;                            /* -1: none */
    const char *steps[STEP_LIMIT + 1]; /* a copy */
    char *got;                         /* NUL-terminated */
    size_t len;
    size_t awaited;    /* how much of it was awaited */
    const char *stuck; /* the step that failed */
    sem_t *sign;
    pthread_t thread;
    bool running;
};

static inline void actor_close(struct actor *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static inline bool actor_ready(int fd, short events)
{
    struct pollfd one = {.fd = fd, .events = events};

    return poll(&one, 1, PATIENCE_MS) == 1;
}

static inline bool actor_accept(struct actor *a)
{
    actor_close(a);
    if (actor_ready(a->listener, POLLIN))
        a->fd = accept(a->listener, NULL, NULL);
    return a->fd >= 0;
}

/* > 0, 0 at the end, -1 when nothing came in time. */
static inline ssize_t actor_read(struct actor *a)
{
    size_t room = GOT_LIMIT - a->len;
    ssize_t n = actor_ready(a->fd, POLLIN) ? recv(a->fd, a->got + a->len, room, 0) : -1;

    if (n > 0)
        a->len += (size_t)n;
    a->got[a->len] = '\0';
    return n;
}

static inline bool actor_await(struct actor *a, const char *text)
{
    const char *at;

    while ((at = strstr(a->got + a->awaited, text)) == NULL)
        if (actor_read(a) <= 0)
            return false;
    a->awaited = (size_t)(at - a->got) + strlen(text);
    return true;
}

static inline bool actor_await_bytes(struct actor *a, size_t n)
{
    while (a->len < a->awaited + n)
        if (actor_read(a) <= 0)
            return false;
    a->awaited += n;
    return true;
}

static inline bool actor_send(struct actor *a, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = send(a->fd, bytes, n, MSG_NOSIGNAL);

        if (put < 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

static inline char filler_at(size_t i)
{
    return (char)('a' + i % 1021 % 26);
}

static inline bool actor_fill(struct actor *a, size_t n)
{
    char piece[4096];

    for (size_t sent = 0; sent < n;) {
        size_t size = n - sent < sizeof(piece) ? n - sent : sizeof(piece);

        for (size_t i = 0; i < size; i++)
            piece[i] = filler_at(sent + i);
        if (!actor_send(a, piece, size))
            return false;
        sent += size;
    }
    return true;
}

static inline bool actor_await_sign(struct actor *a)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    return sem_timedwait(a->sign, &until) == 0;
}

static inline bool actor_step(struct actor *a, const char *step)
{
    const char *text = step + 1;

    switch (step[0]) {
    case '+':
        return actor_accept(a);
    case '>':
        return actor_send(a, text, strlen(text));
    case '<':
        return actor_await(a, text);
    case '*':
        return actor_fill(a, strtoul(text, NULL, 10));
    case '#':
        return actor_await_bytes(a, strtoul(text, NULL, 10));
    case '|':
        return shutdown(a->fd, SHUT_WR) == 0;
    case '^':
        return sem_post(a->sign) == 0;
    case '_':
        return actor_await_sign(a);
    case '?':
        while (actor_read(a) > 0)
            continue;
        return true;
    default:
        actor_close(a);
        return true;
    }
}

static inline void *actor_run(void *arg)
{
    struct actor *a = arg;

    for (script step = a->steps; *step && !a->stuck; step++)
        if (!actor_step(a, *step))
            a->stuck = *step;
    actor_close(a);
    return NULL;
}

static sem_t actor_sign;

static inline void actor_begin(struct actor *a, int listener, int fd, script steps)
{
    *a = (struct actor){.listener = listener, .fd = fd, .sign = &actor_sign};
    for (size_t i = 0; steps[i]; i++) {
        ck_assert_uint_lt(i, STEP_LIMIT);
        a->steps[i] = steps[i];
    }
    a->got = calloc(1, GOT_LIMIT + 1);
    ck_assert_ptr_nonnull(a->got);
    ck_assert_int_eq(pthread_create(&a->thread, NULL, actor_run, a), 0);
    a->running = true;
}

static inline void actor_join(struct actor *a)
{
    if (a->running)
        pthread_join(a->thread, NULL);
    a->running = false;
    if (a->stuck)
        ck_abort_msg("stuck at \"%s\" having got \"%.2000s\"", a->stuck, a->got);
}

/* ---- the rig ---- */

static struct rig {
    struct loop *loop;
    struct egress *egress;
    struct config config;
    struct config_login login;
    struct hop hop;
    struct route route;
    char name[64];
    uint16_t port;
    struct actor upstream, client;
    struct held held;
    struct stream *stream; /* our end of the client's connection */
    struct buf raw, in;
    struct head head;
    struct url url;
    struct deadline patience;
    struct exchange_result result;
    char detail[512];
    unsigned done;
} rig;

static inline void rig_impatient(void *ctx)
{
    (void)ctx;
    ck_abort_msg("nothing more happens; upstream got \"%.2000s\"", rig.upstream.got);
}

static inline int rig_listen(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline void rig_config(void)
{
    rig.config = (struct config){.refs = 1};
    rig.config.timeout = (struct config_timeouts){
        .name = 5000,
        .connect = 5000,
        .tls = 5000,
        .login = 5000,
        .answer = 5000,
        .login_body = 5000,
        .hop_rest = 5000,
        .pool_idle = 60000,
    };
    rig.config.limit.login_body = 64 * 1024;
}

/* Upstream is a proxy with this script. */
static inline void rig_start(script steps)
{
    static char host[] = "127.0.0.1", why[] = "test";
    static char user[] = "alice";
    int listener;

    memset(&rig, 0, sizeof(rig));
    sem_init(&actor_sign, 0, 0);
    rig_config();
    listener = rig_listen(&rig.port);
    snprintf(rig.name, sizeof(rig.name), "http://127.0.0.1:%u", rig.port);
    rig.login = (struct config_login){.login_name = user, .username = user};
    rig.login.password = secret_new(SPAN("secret"));
    rig.hop = (struct hop){
        .host = host, .port = rig.port, .name = rig.name, .login = &rig.login};
    rig.route = (struct route){
        .refs = 1, .kind = ROUTE_HOPS, .why = why, .hops = &rig.hop, .hop_count = 1};
    rig.loop = loop_new();
    rig.egress = egress_new(rig.loop, &rig.config);
    ck_assert_ptr_nonnull(rig.egress);
    snprintf(rig.egress->name, sizeof(rig.egress->name), "me");
    held_init(&rig.held, rig.loop);
    buf_init(&rig.raw, HEAD_LIMIT);
    buf_init(&rig.in, 2 * HEAD_LIMIT);
    head_init(&rig.head);
    deadline_init(&rig.patience, rig_impatient, NULL);
    actor_begin(&rig.upstream, listener, -1, steps);
}

/* Upstream is the origin itself. */
static inline void rig_go_direct(void)
{
    rig.route.kind = ROUTE_DIRECT;
    rig.route.hop_count = 0;
}

static inline void rig_done(void *ctx, const struct exchange_result *result)
{
    ck_assert_ptr_eq(ctx, &rig);
    rig.result = *result;
    if (result->outcome == OUTCOME_OK)
        ck_assert_ptr_null(result->detail);
    else
        snprintf(rig.detail, sizeof(rig.detail), "%s", result->detail);
    rig.done++;
    loop_stop(rig.loop);
}

static inline void rig_client(script steps)
{
    int ends[2];

    actor_join(&rig.client);
    free(rig.client.got);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    rig.stream = stream_new(rig.loop, ends[0]);
    ck_assert_ptr_nonnull(rig.stream);
    actor_begin(&rig.client, -1, ends[1], steps);
}

/* {host} in the head's text stands for the upstream's own address. */
static inline void rig_head(const char *text)
{
    const char *at = strstr(text, "{host}");
    const char *why;

    buf_reset(&rig.raw);
    head_reset(&rig.head);
    if (at)
        buf_printf(&rig.raw, "%.*s127.0.0.1:%u%s", (int)(at - text), text, rig.port,
                   at + 6);
    else
        buf_append_text(&rig.raw, text);
    ck_assert_int_eq(head_read_request(&rig.head, rig.raw.data, rig.raw.len),
                     HEAD_DONE);
    why = url_parse(&rig.url, rig.head.target);
    ck_assert_msg(why == NULL, "%s", why);
}

static inline struct exchange *rig_exchange(const char *head, const char *behind)
{
    const char *why = NULL;
    struct exchange_options options = {
        .egress = rig.egress,
        .config = &rig.config,
        .route = &rig.route,
        .held = &rig.held,
        .client = rig.stream,
        .in = &rig.in,
        .head = &rig.head,
        .url = &rig.url,
        .owner = 1000,
    };

    rig_head(head);
    buf_append_text(&rig.in, behind);
    ck_assert_int_eq(framing_of_request(&rig.head, &options.framing, &why), FRAMING_OK);
    return exchange_start(&options, rig_done, &rig);
}

/* The loop closes descriptors in its next turn; the client is to see the end now. */
static inline void rig_client_end(void)
{
    if (!rig.stream)
        return;
    shutdown(stream_fd(rig.stream), SHUT_RDWR);
    stream_close(rig.stream);
    rig.stream = NULL;
    actor_join(&rig.client);
}

/*
 * One exchange: the request's head, the bytes that were read behind it, and what the
 * client does meanwhile. Afterwards rig.client.got is all that the client got.
 */
static inline enum outcome rig_request(const char *head, const char *behind,
                                       script client)
{
    unsigned before = rig.done;

    rig_client(client);
    ck_assert_ptr_nonnull(rig_exchange(head, behind));
    ck_assert_uint_eq(rig.done, before);
    deadline_set(rig.loop, &rig.patience, PATIENCE_MS);
    loop_run(rig.loop);
    deadline_clear(rig.loop, &rig.patience);
    ck_assert_uint_eq(rig.done, before + 1);
    if (!rig.result.upgraded)
        rig_client_end();
    return rig.result.outcome;
}

/* Lets the hop be known to answer without a login; its script begins with LEARNED. */
static inline void learn_open(void)
{
    ck_assert_int_eq(rig_request(GET, "", WAITS), OUTCOME_OK);
}

/* Waits for upstream's script to end, then compares all that it got. */
static inline void rig_end(const char *upstream_got)
{
    rig_client_end();
    upstream_free(rig.result.upgraded);
    held_clear(&rig.held);
    pool_flush(rig.egress->pool);
    egress_free(rig.egress);
    ck_assert_int_eq(loop_free(rig.loop), 0);
    actor_join(&rig.upstream);
    if (upstream_got)
        ck_assert_str_eq(rig.upstream.got, upstream_got);
    sem_destroy(&actor_sign);
    close(rig.upstream.listener);
    free(rig.client.got);
    free(rig.upstream.got);
    buf_clear(&rig.raw);
    buf_clear(&rig.in);
    head_clear(&rig.head);
    secret_free(rig.login.password);
    ck_assert_uint_eq(rig.route.refs, 1);
}

#endif
