/*
 * relay: two flows, each read → written, with back-pressure.
 */
#include "fwd/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fwd/relay_pipe.h"

#define SCRATCH_SIZE   (64 * 1024)
#define READS_PER_TURN 16          /* of one flow, before the others get their turn */
#define BULK_SIZE      (32 * 1024) /* a read as large as this ... */
#define BULK_READS     2           /* ... so many times in a row makes a flow bulk */
#define QUIET_SIZE     (16 * 1024) /* a splice smaller than this is not bulk */
#define QUIET_FILLS    64          /* that many in a row: the pipe goes back */

struct relay_pool {
    struct relay_pipes pipes;
    char scratch[SCRATCH_SIZE];
};

enum flow_state {
    FLOW_OPEN,
    FLOW_ENDING, /* the source ended; the rest is to be delivered, then our FIN */
    FLOW_SHUT,
};

struct flow {
    struct stream *from, *to;
    char *rest; /* copied bytes that `to` did not take yet */
    uint32_t rest_at, rest_len;
    struct relay_pipe *pipe; /* not NULL: this flow is bulk */
    uint64_t bytes;
    uint8_t state;
    uint8_t streak; /* large reads, or quiet fills, in a row */
    bool no_splice; /* it failed for these descriptors */
};

struct relay {
    struct loop *loop;
    struct relay_pool *pool;
    struct flow up, down;
    struct deadline idle;
    uint64_t idle_ms;
    enum config_relay mode;
    relay_callback *callback;
    void *ctx;
};

struct relay_pool *relay_pool_new(void)
{
    return calloc(1, sizeof(struct relay_pool));
}

void relay_pool_free(struct relay_pool *pool)
{
    if (!pool)
        return;
    relay_pipes_clear(&pool->pipes);
    free(pool);
}

uint64_t relay_bytes_up(const struct relay *r)
{
    return r->up.bytes;
}

uint64_t relay_bytes_down(const struct relay *r)
{
    return r->down.bytes;
}

static void flow_clear(struct relay *r, struct flow *f)
{
    free(f->rest);
    relay_pipe_give(&r->pool->pipes, f->pipe);
}

void relay_cancel(struct relay *r)
{
    if (!r)
        return;
    deadline_clear(r->loop, &r->idle);
    stream_want(r->up.from, 0);
    stream_want(r->up.to, 0);
    stream_on_event(r->up.from, NULL, NULL);
    stream_on_event(r->up.to, NULL, NULL);
    flow_clear(r, &r->up);
    flow_clear(r, &r->down);
    free(r);
}

static void relay_end(struct relay *r, enum outcome outcome, const char *detail)
{
    struct relay_result result = {
        .outcome = outcome,
        .detail = detail,
        .bytes_up = r->up.bytes,
        .bytes_down = r->down.bytes,
    };
    relay_callback *callback = r->callback;
    void *ctx = r->ctx;

    relay_cancel(r);
    callback(ctx, &result);
}

static bool flow_waits(const struct flow *f)
{
    return f->rest || (f->pipe && f->pipe->held > 0);
}

/* ---- copying ---- */

static ssize_t rest_write(struct flow *f)
{
    while (f->rest) {
        ssize_t n = stream_write(f->to, f->rest + f->rest_at, f->rest_len);

        if (n < 0)
            return n;
        f->bytes += (uint64_t)n;
        f->rest_at += (uint32_t)n;
        f->rest_len -= (uint32_t)n;
        if (f->rest_len == 0) {
            free(f->rest);
            f->rest = NULL;
        }
    }
    return 0;
}

static int rest_keep(struct flow *f, const char *bytes, size_t n)
{
    f->rest = malloc(n);
    if (!f->rest)
        return -ENOMEM;
    memcpy(f->rest, bytes, n);
    f->rest_at = 0;
    f->rest_len = (uint32_t)n;
    return 0;
}

/*
 * One read, delivered as far as it goes. > 0, 0 at the end, or a negative errno, with
 * *read_failed telling which side it was.
 */
static ssize_t flow_copy(struct relay *r, struct flow *f, bool *read_failed)
{
    char *scratch = r->pool->scratch;
    ssize_t got = stream_read(f->from, scratch, SCRATCH_SIZE);

    *read_failed = got < 0;
    if (got <= 0)
        return got;
    f->streak = got >= BULK_SIZE ? (uint8_t)(f->streak + 1) : 0;
    ssize_t put = stream_write(f->to, scratch, (size_t)got);
    if (put == -EAGAIN)
        put = 0;
    if (put < 0)
        return put == -ENOMEM ? -EIO : put;
    f->bytes += (uint64_t)put;
    if (put < got && rest_keep(f, scratch + put, (size_t)(got - put)) != 0)
        return -ENOMEM;
    return got;
}

/* ---- splicing ---- */

static bool flow_becomes_bulk(const struct relay *r, const struct flow *f)
{
    if (f->pipe || f->no_splice || r->mode == CONFIG_RELAY_COPY)
        return false;
    if (stream_splice_fd(f->from) < 0 || stream_splice_fd(f->to) < 0)
        return false;
    return r->mode == CONFIG_RELAY_SPLICE || f->streak >= BULK_READS;
}

static void pipe_take(struct relay *r, struct flow *f)
{
    f->pipe = relay_pipe_take(&r->pool->pipes);
    f->no_splice = !f->pipe && r->mode == CONFIG_RELAY_SPLICE;
    f->streak = 0;
}

static void pipe_give(struct relay *r, struct flow *f)
{
    relay_pipe_give(&r->pool->pipes, f->pipe);
    f->pipe = NULL;
    f->streak = 0;
}

static ssize_t pipe_write(struct flow *f)
{
    while (f->pipe && f->pipe->held > 0) {
        ssize_t n = relay_pipe_drain(f->pipe, stream_fd(f->to));

        if (n < 0)
            return n;
        f->bytes += (uint64_t)n;
    }
    return 0;
}

static ssize_t flow_splice(struct relay *r, struct flow *f, bool *read_failed)
{
    ssize_t got = relay_pipe_fill(f->pipe, stream_fd(f->from));

    if (got == -EINVAL || got == -ENOSYS) {
        pipe_give(r, f);
        f->no_splice = true;
        return flow_copy(r, f, read_failed);
    }
    *read_failed = got < 0;
    if (got <= 0)
        return got;
    f->streak = got < QUIET_SIZE ? (uint8_t)(f->streak + 1) : 0;
    ssize_t put = pipe_write(f);
    if (put < 0 && put != -EAGAIN)
        return put;
    if (f->streak >= QUIET_FILLS && f->pipe->held == 0)
        pipe_give(r, f);
    return got;
}

/* ---- a flow ---- */

/*
 * Our FIN. Where the other direction is over, too, the stream is closed next, and that
 * says the same; only TLS has a word of its own for it.
 */
static int flow_shut(const struct relay *r, const struct flow *f)
{
    const struct flow *other = f == &r->up ? &r->down : &r->up;

    if (other->state == FLOW_SHUT && stream_splice_fd(f->to) >= 0)
        return 0;
    return stream_shutdown(f->to);
}

/* 0 when all is delivered, -EAGAIN while something waits, or another negative errno. */
static ssize_t flow_deliver(const struct relay *r, struct flow *f)
{
    ssize_t error = rest_write(f);

    if (error == 0)
        error = pipe_write(f);
    if (error == 0 && f->state == FLOW_ENDING) {
        if (flow_shut(r, f) == -EAGAIN)
            return -EAGAIN;
        /* The other side may have gone before our FIN; its own flow will say so. */
        f->state = FLOW_SHUT;
    }
    return error;
}

/* Whether a read of n bytes leaves little hope for another one. */
static bool flow_drained(const struct flow *f, ssize_t n)
{
    return f->pipe ? n < QUIET_SIZE : n < SCRATCH_SIZE;
}

/*
 * Moves what there is. 0, or a negative errno; *read_failed tells which side it was.
 */
static ssize_t flow_pump(struct relay *r, struct flow *f, bool *read_failed)
{
    *read_failed = false;
    for (int reads = 0; f->state != FLOW_SHUT; reads++) {
        ssize_t n = flow_deliver(r, f);

        if (n < 0)
            return n == -EAGAIN ? 0 : n;
        if (f->state != FLOW_OPEN || reads == READS_PER_TURN)
            return 0;
        if (flow_becomes_bulk(r, f))
            pipe_take(r, f);
        n = f->pipe ? flow_splice(r, f, read_failed) : flow_copy(r, f, read_failed);
        if (n < 0)
            return n == -EAGAIN ? 0 : n;
        if (n == 0)
            f->state = FLOW_ENDING;
        else if (flow_drained(f, n) && !flow_waits(f))
            return 0;
    }
    return 0;
}

static void relay_watch(struct relay *r)
{
    unsigned client = 0, upstream = 0;

    if (r->up.state == FLOW_OPEN && !flow_waits(&r->up))
        client |= STREAM_READ;
    if (flow_waits(&r->up) || r->up.state == FLOW_ENDING)
        upstream |= STREAM_WRITE;
    if (r->down.state == FLOW_OPEN && !flow_waits(&r->down))
        upstream |= STREAM_READ;
    if (flow_waits(&r->down) || r->down.state == FLOW_ENDING)
        client |= STREAM_WRITE;
    stream_want(r->up.from, client);
    stream_want(r->up.to, upstream);
}

static void relay_failed(struct relay *r, const struct flow *f, bool read_failed,
                         ssize_t error)
{
    bool client = (f == &r->up) == read_failed;

    relay_end(r, client ? OUTCOME_REQUEST_INCOMPLETE : OUTCOME_ANSWER_INCOMPLETE,
              strerror((int)-error));
}

/* False when the flow has failed, and the relay with it. */
static bool flow_moves(struct relay *r, struct flow *f)
{
    bool read_failed;
    ssize_t error = flow_pump(r, f, &read_failed);

    if (error < 0)
        relay_failed(r, f, read_failed, error);
    return error >= 0;
}

/* One side is ready: pump the flows that this may move. */
static void relay_turn(struct relay *r, struct flow *reads, struct flow *writes,
                       unsigned events)
{
    if ((events & STREAM_READ) && !flow_moves(r, reads))
        return;
    if ((events & STREAM_WRITE) && !flow_moves(r, writes))
        return;
    if (r->up.state == FLOW_SHUT && r->down.state == FLOW_SHUT) {
        relay_end(r, OUTCOME_OK, NULL);
        return;
    }
    if (r->idle_ms)
        deadline_set(r->loop, &r->idle, r->idle_ms);
    relay_watch(r);
}

static void client_fired(void *ctx, unsigned events)
{
    struct relay *r = ctx;

    relay_turn(r, &r->up, &r->down, events);
}

static void upstream_fired(void *ctx, unsigned events)
{
    struct relay *r = ctx;

    relay_turn(r, &r->down, &r->up, events);
}

static void idle_fired(void *ctx)
{
    relay_end(ctx, OUTCOME_IDLE_TIMEOUT, "silent for too long");
}

struct relay *relay_start(const struct relay_options *options, relay_callback *callback,
                          void *ctx)
{
    struct relay *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->loop = options->loop;
    r->pool = options->pool;
    r->mode = options->mode;
    r->idle_ms = options->idle_ms;
    r->callback = callback;
    r->ctx = ctx;
    r->up = (struct flow){.from = options->client, .to = options->upstream};
    r->down = (struct flow){.from = options->upstream, .to = options->client};
    deadline_init(&r->idle, idle_fired, r);
    deadline_set(r->loop, &r->idle, r->idle_ms);
    stream_on_event(options->client, client_fired, r);
    stream_on_event(options->upstream, upstream_fired, r);
    relay_watch(r);
    return r;
}
