/*
 * proxy_rig: a proxy on the loop that follows a script: to each request head that
 * comes, over whichever connection, it gives the next answer.
 */
#ifndef CCGATE_TESTS_UNIT_PROXY_RIG_H
#define CCGATE_TESTS_UNIT_PROXY_RIG_H

#include "base/buf.h"
#include "loop_rig.h"

enum {
    SAY_CLOSE = 1,    /* and closes */
    SAY_BYTEWISE = 2, /* a byte at a time */
    SAY_ECHO = 4,     /* and says from then on what it hears */
    SAY_RESET = 8,    /* and resets */
};

struct say {
    const char *text; /* NULL: the end of the script, from which on it keeps silent */
    size_t fill;      /* bytes of 'x' behind it */
    unsigned how;
};

#define PROXY_CONNECTIONS 16

struct proxy_connection {
    struct proxy *proxy;
    struct watch *watch;
    struct buf in;         /* of the head to come */
    const struct say *say; /* being said */
    size_t said;
    bool echo;
};

struct proxy {
    const struct say *script;
    struct watch *door;
    uint16_t port;
    unsigned heads, connections;
    struct buf heard; /* all heads */
    struct proxy_connection connection[PROXY_CONNECTIONS];
};

static inline void proxy_close(struct proxy_connection *c, bool reset)
{
    static const struct linger at_once = {1, 0};

    if (reset)
        setsockopt(watch_fd(c->watch), SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once));
    watch_close(c->watch);
    c->watch = NULL;
    buf_clear(&c->in);
}

/* What comes next of an answer: 0 bytes when all is said. */
static inline size_t say_piece(const struct proxy_connection *c, char *piece, size_t n)
{
    size_t text = strlen(c->say->text), left = text + c->say->fill - c->said;

    n = c->say->how & SAY_BYTEWISE ? 1 : n;
    n = n < left ? n : left;
    for (size_t i = 0; i < n; i++)
        piece[i] = c->said + i < text ? c->say->text[c->said + i] : 'x';
    return n;
}

static inline void proxy_answer(struct proxy_connection *c)
{
    char piece[8192];
    size_t n;

    while ((n = say_piece(c, piece, sizeof(piece))) > 0) {
        ssize_t put = send(watch_fd(c->watch), piece, n, MSG_NOSIGNAL);

        if (put < 0 && errno != EAGAIN) {
            proxy_close(c, false);
            return;
        }
        c->said += put > 0 ? (size_t)put : 0;
        if (put < (ssize_t)n || (c->say->how & SAY_BYTEWISE)) {
            watch_want(c->watch, WATCH_WRITE);
            return;
        }
    }
    unsigned how = c->say->how;
    c->say = NULL;
    c->echo = how & SAY_ECHO;
    if (how & (SAY_CLOSE | SAY_RESET))
        proxy_close(c, how & SAY_RESET);
    else
        watch_want(c->watch, WATCH_READ);
}

static inline void proxy_hear(struct proxy_connection *c)
{
    static const struct say silence = {"", 0, 0};
    struct proxy *p = c->proxy;
    char bytes[8192];
    ssize_t n = recv(watch_fd(c->watch), bytes, sizeof(bytes), 0);

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        proxy_close(c, false);
        return;
    }
    if (n < 0)
        return;
    if (c->echo) {
        ck_assert_int_eq(send(watch_fd(c->watch), bytes, (size_t)n, MSG_NOSIGNAL), n);
        return;
    }
    ck_assert_int_eq(buf_append(&c->in, bytes, (size_t)n), 0);
    if (c->in.len < 4 ||
        memmem(c->in.data + c->in.start, c->in.len, "\r\n\r\n", 4) == NULL)
        return;
    ck_assert_int_eq(buf_append_span(&p->heard, buf_span(&c->in)), 0);
    buf_reset(&c->in);
    c->say = p->script->text ? &p->script[p->heads] : &silence;
    if (!c->say->text)
        c->say = &silence;
    else
        p->heads++;
    c->said = 0;
    proxy_answer(c);
}

static inline void proxy_fired(void *ctx, unsigned events)
{
    struct proxy_connection *c = ctx;

    (void)events;
    if (c->say)
        proxy_answer(c);
    else
        proxy_hear(c);
}

/* Serves a connection, whose owner it becomes. */
static inline void proxy_serve(struct proxy *p, int fd)
{
    struct proxy_connection *c = &p->connection[p->connections++];

    ck_assert_uint_lt(p->connections, PROXY_CONNECTIONS);
    *c = (struct proxy_connection){.proxy = p};
    buf_init(&c->in, 1 << 20);
    c->watch = watch_new(loop, fd, proxy_fired, c);
    ck_assert_ptr_nonnull(c->watch);
    watch_want(c->watch, WATCH_READ);
}

static inline void proxy_accept(void *ctx, unsigned events)
{
    struct proxy *p = ctx;
    int fd = accept(watch_fd(p->door), NULL, NULL);

    (void)events;
    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    proxy_serve(p, fd);
}

static inline void proxy_init(struct proxy *p, const struct say *script)
{
    *p = (struct proxy){.script = script};
    buf_init(&p->heard, 8 << 20);
}

/* Listens on 127.0.0.1 besides. */
static inline void proxy_listen(struct proxy *p, const struct say *script)
{
    proxy_init(p, script);
    p->door = watch_new(loop, door_open(1, &p->port, 16), proxy_accept, p);
    ck_assert_ptr_nonnull(p->door);
    watch_want(p->door, WATCH_READ);
}

/* The heads that came, as a string. */
static inline const char *proxy_heard(struct proxy *p)
{
    ck_assert_int_eq(buf_append(&p->heard, "", 1), 0);
    p->heard.len--;
    return p->heard.data + p->heard.start;
}

static inline void proxy_stop(struct proxy *p)
{
    for (unsigned i = 0; i < p->connections; i++)
        if (p->connection[i].watch)
            proxy_close(&p->connection[i], false);
    watch_close(p->door);
    p->door = NULL;
    buf_clear(&p->heard);
}

#endif
