/*
 * test_relay: bytes between two connections, by copying and by splicing: bulk,
 * half-close, reset, back-pressure, silence, cancelling.
 */
#include "fwd/relay.h"

#include "loop_rig.h"

#define BULK (20u * 1024 * 1024)

static const enum config_relay modes[] = {CONFIG_RELAY_COPY, CONFIG_RELAY_SPLICE,
                                          CONFIG_RELAY_AUTO};

/* One who talks over the relay. */
struct party {
    struct watch *watch;
    size_t to_send, sent, received;
    bool fin_after; /* sends FIN behind the last byte */
    bool paused;    /* reads nothing */
    bool ended;     /* the other's FIN has come */
    int error;
};

static struct rig {
    struct relay_pool *pool;
    struct stream *client, *upstream;
    struct party near, far; /* behind client and behind upstream */
    struct relay *relay;
    bool done;
    struct relay_result result;
} rig;

static void party_want(struct party *p)
{
    bool sends = p->sent < p->to_send || p->fin_after;

    watch_want(p->watch, (p->paused || p->ended ? 0 : WATCH_READ) |
                             (sends && !p->error ? WATCH_WRITE : 0));
}

static void party_send(struct party *p)
{
    char bytes[65536];

    while (p->sent < p->to_send) {
        size_t n = p->to_send - p->sent;

        n = n < sizeof(bytes) ? n : sizeof(bytes);
        pattern_fill(bytes, n, p->sent);
        ssize_t put = send(watch_fd(p->watch), bytes, n, MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN)
            p->error = errno;
        if (put < 0)
            return;
        p->sent += (size_t)put;
    }
    if (p->fin_after)
        shutdown(watch_fd(p->watch), SHUT_WR);
    p->fin_after = false;
}

static void party_read(struct party *p)
{
    char bytes[65536];
    ssize_t n = recv(watch_fd(p->watch), bytes, sizeof(bytes), 0);

    if (n < 0 && errno != EAGAIN)
        p->error = errno;
    p->ended = n == 0 || p->error;
    if (n <= 0)
        return;
    pattern_check(bytes, (size_t)n, p->received);
    p->received += (size_t)n;
}

static void party_fired(void *ctx, unsigned events)
{
    struct party *p = ctx;

    if (events & WATCH_READ)
        party_read(p);
    if ((events & WATCH_WRITE) && !p->error)
        party_send(p);
    party_want(p);
}

static void party_say(struct party *p, size_t more, bool fin)
{
    p->to_send += more;
    p->fin_after = fin;
    party_want(p);
}

static void party_reset(struct party *p)
{
    static const struct linger at_once = {1, 0};

    setsockopt(watch_fd(p->watch), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    watch_close(p->watch);
    p->watch = NULL;
}

/* A TCP connection over loopback: what is relayed, and who talks over it. */
static struct stream *party_open(struct party *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    uint16_t port = 0;
    int door = door_open(1, &port, 4), ends[2];

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&a, sizeof(a)), 0);
    ends[1] = accept(door, NULL, NULL);
    ck_assert_int_ge(ends[1], 0);
    close(door);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fcntl(ends[i], F_SETFL, O_NONBLOCK), 0);
    *p = (struct party){.watch = watch_new(loop, ends[1], party_fired, p)};
    ck_assert_ptr_nonnull(p->watch);
    party_want(p);
    return stream_new(loop, ends[0]);
}

static void begin(void)
{
    loop_begin();
    memset(&rig, 0, sizeof(rig));
    rig.pool = relay_pool_new();
    rig.client = party_open(&rig.near);
    rig.upstream = party_open(&rig.far);
    ck_assert_ptr_nonnull(rig.pool);
}

static void end(void)
{
    relay_cancel(rig.relay);
    stream_close(rig.client);
    stream_close(rig.upstream);
    watch_close(rig.near.watch);
    watch_close(rig.far.watch);
    relay_pool_free(rig.pool);
    loop_end();
}

static void relayed(void *ctx, const struct relay_result *result)
{
    ck_assert_ptr_eq(ctx, &rig);
    ck_assert_msg(rig.relay != NULL, "called before relay_start() returned");
    ck_assert_msg(!rig.done, "called twice, or after its cancel");
    ck_assert((result->detail == NULL) == (result->outcome == OUTCOME_OK));
    rig.done = true;
    rig.relay = NULL;
    rig.result = *result;
    /* What a session does: a broken tunnel is broken for both sides. */
    if (result->outcome == OUTCOME_OK) {
        stream_close(rig.client);
        stream_close(rig.upstream);
    } else {
        stream_abort(rig.client);
        stream_abort(rig.upstream);
    }
    rig.client = rig.upstream = NULL;
    loop_stop(loop);
}

static void start(int mode, uint64_t idle_ms)
{
    rig.relay = relay_start(&(struct relay_options){.loop = loop,
                                                    .pool = rig.pool,
                                                    .client = rig.client,
                                                    .upstream = rig.upstream,
                                                    .mode = modes[mode],
                                                    .idle_ms = idle_ms},
                            relayed, &rig);
    ck_assert_ptr_nonnull(rig.relay);
}

static void await_end(enum outcome outcome)
{
    if (!rig.done)
        loop_await();
    ck_assert(rig.done);
    ck_assert_msg(rig.result.outcome == outcome, "%s (%s)",
                  outcome_info(rig.result.outcome)->name,
                  rig.result.detail ? rig.result.detail : "");
}

/* Lets the parties read what is still on its way. */
static void await_received(size_t near, size_t far)
{
    for (int i = 0; i < 5000; i++) {
        if (rig.near.received == near && rig.far.received == far)
            return;
        pass_ms(1);
    }
    ck_abort_msg("received %zu and %zu", rig.near.received, rig.far.received);
}

/* ---- bytes ---- */

START_TEST(bulk_both_ways)
{
    start(_i, 0);
    party_say(&rig.near, BULK, true);
    party_say(&rig.far, BULK + 1, true);
    await_end(OUTCOME_OK);
    await_received(BULK + 1, BULK);
    ck_assert_uint_eq(rig.result.bytes_up, BULK);
    ck_assert_uint_eq(rig.result.bytes_down, BULK + 1);
    pass_ms(5);
    ck_assert(rig.near.ended && rig.far.ended);
    ck_assert_int_eq(rig.near.error | rig.far.error, 0);
}
END_TEST

START_TEST(small_pieces_both_ways)
{
    start(_i, 0);
    for (int i = 1; i <= 200; i++) {
        party_say(&rig.near, (size_t)i, false);
        party_say(&rig.far, (size_t)i, false);
        await_received(rig.far.to_send, rig.near.to_send);
    }
    ck_assert_uint_eq(relay_bytes_up(rig.relay), rig.near.to_send);
    ck_assert_uint_eq(relay_bytes_down(rig.relay), rig.far.to_send);
    /* Bulk, then small again: the way back from a pipe. */
    party_say(&rig.near, BULK, false);
    await_received(rig.far.to_send, rig.near.to_send);
    for (int i = 1; i <= 100; i++) {
        party_say(&rig.near, 100, false);
        await_received(rig.far.to_send, rig.near.to_send);
    }
}
END_TEST

START_TEST(pushed_back_bytes_come_first)
{
    char early[5000], glued[3000];

    pattern_fill(early, sizeof(early), 0);
    pattern_fill(glued, sizeof(glued), 0);
    rig.near.sent = rig.near.to_send = sizeof(early);
    rig.far.sent = rig.far.to_send = sizeof(glued);
    ck_assert_int_eq(stream_unread(rig.client, (struct span){early, sizeof(early)}), 0);
    ck_assert_int_eq(stream_unread(rig.upstream, (struct span){glued, sizeof(glued)}),
                     0);
    start(_i, 0);
    await_received(sizeof(glued), sizeof(early));
    party_say(&rig.near, BULK, true);
    party_say(&rig.far, 0, true);
    await_end(OUTCOME_OK);
    await_received(sizeof(glued), sizeof(early) + BULK);
    ck_assert_uint_eq(rig.result.bytes_up, sizeof(early) + BULK);
}
END_TEST

/* ---- half-close ---- */

START_TEST(half_close)
{
    bool client_first = _i % 2 == 0;
    struct party *first = client_first ? &rig.near : &rig.far;
    struct party *last = client_first ? &rig.far : &rig.near;

    start(_i / 2, 0);
    party_say(first, 100000, true);
    for (int i = 0; i < 2000 && !last->ended; i++)
        pass_ms(1);
    ck_assert(last->ended); /* FIN passes alone */
    ck_assert(!first->ended);
    ck_assert(!rig.done);
    party_say(last, BULK, true);
    await_end(OUTCOME_OK);
    await_received(client_first ? BULK : 100000, client_first ? 100000 : BULK);
}
END_TEST

START_TEST(fin_behind_bytes_that_wait)
{
    start(_i, 0);
    rig.far.paused = true;
    party_want(&rig.far);
    party_say(&rig.near, BULK, true);
    pass_ms(50);
    ck_assert(!rig.far.ended);
    party_say(&rig.far, 0, true);
    rig.far.paused = false;
    party_want(&rig.far);
    await_end(OUTCOME_OK);
    await_received(0, BULK);
    pass_ms(5);
    ck_assert(rig.far.ended);
}
END_TEST

/* ---- resets ---- */

START_TEST(reset_of_one_side)
{
    bool client = _i % 2 == 0;
    struct party *breaks = client ? &rig.near : &rig.far;
    struct party *stays = client ? &rig.far : &rig.near;

    start(_i / 2, 0);
    party_say(stays, 1000, false);
    await_received(client ? 1000 : 0, client ? 0 : 1000);
    party_reset(breaks);
    await_end(client ? OUTCOME_REQUEST_INCOMPLETE : OUTCOME_ANSWER_INCOMPLETE);
    for (int i = 0; i < 2000 && !stays->ended; i++)
        pass_ms(1);
    ck_assert_int_eq(stays->error, ECONNRESET); /* passed on */
}
END_TEST

/* The side that broke is blamed also when it is found by writing to it. */
START_TEST(reset_under_load)
{
    bool client = _i % 2 == 0;
    struct party *breaks = client ? &rig.near : &rig.far;
    struct party *stays = client ? &rig.far : &rig.near;

    start(_i / 2, 0);
    breaks->paused = true;
    party_want(breaks);
    party_say(stays, 10 * BULK, false);
    pass_ms(30);
    ck_assert(!rig.done);
    party_reset(breaks);
    await_end(client ? OUTCOME_REQUEST_INCOMPLETE : OUTCOME_ANSWER_INCOMPLETE);
}
END_TEST

/* The client is not watched while its bytes wait; the write to it finds the reset. */
START_TEST(reset_found_by_writing)
{
    start(_i, 0);
    rig.far.paused = true;
    party_want(&rig.far);
    party_say(&rig.near, 10 * BULK, false);
    pass_ms(30);
    party_reset(&rig.near);
    pass_ms(5);
    ck_assert(!rig.done);
    party_say(&rig.far, 1000, false);
    await_end(OUTCOME_REQUEST_INCOMPLETE);
}
END_TEST

START_TEST(reset_behind_a_half_close)
{
    start(_i, 0);
    party_say(&rig.near, 10, true);
    await_received(0, 10);
    party_reset(&rig.near);
    party_say(&rig.far, BULK, false);
    await_end(OUTCOME_REQUEST_INCOMPLETE);
}
END_TEST

/* ---- back-pressure ---- */

/*
 * What lies between a fast sender and one who reads nothing: the buffers of two
 * connections, and one read or pipe of the relay.
 */
#define HELD_LIMIT (2u * 1024 * 1024)

static void buffers_shrink(int fd)
{
    int small = 64 * 1024;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
}

START_TEST(slow_reader)
{
    bool up = _i % 2 == 0;
    struct party *fast = up ? &rig.near : &rig.far, *slow = up ? &rig.far : &rig.near;

    buffers_shrink(stream_fd(rig.client));
    buffers_shrink(stream_fd(rig.upstream));
    buffers_shrink(watch_fd(rig.near.watch));
    buffers_shrink(watch_fd(rig.far.watch));
    start(_i / 2, 0);
    slow->paused = true;
    party_want(slow);
    party_say(fast, BULK, false);
    pass_ms(100);
    ck_assert_uint_gt(fast->sent, 0);
    ck_assert_uint_lt(fast->sent, HELD_LIMIT);
    /* The other direction lives. */
    party_say(slow, 5000, false);
    await_received(up ? 5000 : 0, up ? 0 : 5000);
    for (int i = 0; i < 10; i++) {
        slow->paused = false;
        party_want(slow);
        pass_ms(2);
        slow->paused = true;
        party_want(slow);
        ck_assert_uint_le(fast->sent - slow->received, HELD_LIMIT);
    }
    slow->paused = false;
    party_want(slow);
    await_received(up ? 5000 : BULK, up ? BULK : 5000);
}
END_TEST

/* ---- time, cancelling ---- */

START_TEST(silence_ends_it)
{
    start(_i, 60);
    for (int i = 0; i < 6; i++) { /* longer than the limit, but never silent */
        pass_ms(20);
        ck_assert(!rig.done);
        party_say(i % 2 ? &rig.near : &rig.far, 10, false);
    }
    uint64_t began = loop_clock();
    await_end(OUTCOME_IDLE_TIMEOUT);
    ck_assert_uint_ge(loop_clock() - began, 40u * 1000000u);
    ck_assert_uint_eq(rig.result.bytes_up, 30);
    ck_assert_uint_eq(rig.result.bytes_down, 30);
}
END_TEST

START_TEST(without_a_limit_silence_is_fine)
{
    start(_i, 0);
    pass_ms(100);
    ck_assert(!rig.done);
}
END_TEST

START_TEST(cancelled_in_the_middle)
{
    start(_i, 1000);
    rig.far.paused = true;
    party_want(&rig.far);
    party_say(&rig.near, BULK, false);
    party_say(&rig.far, BULK, false);
    pass_ms(5);
    relay_cancel(rig.relay);
    rig.relay = NULL;
    pass_ms(20);
    ck_assert(!rig.done);
    relay_cancel(NULL);
    relay_pool_free(NULL);
}
END_TEST

START_TEST(one_pool_serves_many_in_turn)
{
    start(_i, 0);
    for (int n = 0; n < 10; n++) {
        party_say(&rig.near, 1 << 20, true);
        party_say(&rig.far, 1 << 20, true);
        await_end(OUTCOME_OK);
        await_received(1 << 20, 1 << 20);
        watch_close(rig.near.watch);
        watch_close(rig.far.watch);
        rig.done = false;
        rig.client = party_open(&rig.near);
        rig.upstream = party_open(&rig.far);
        start(_i, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay");
    TCase *tcase = tcase_create("relay");
    int n = COUNT(modes);

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, bulk_both_ways, 0, n);
    tcase_add_loop_test(tcase, small_pieces_both_ways, 0, n);
    tcase_add_loop_test(tcase, pushed_back_bytes_come_first, 0, n);
    tcase_add_loop_test(tcase, half_close, 0, 2 * n);
    tcase_add_loop_test(tcase, fin_behind_bytes_that_wait, 0, n);
    tcase_add_loop_test(tcase, reset_of_one_side, 0, 2 * n);
    tcase_add_loop_test(tcase, reset_under_load, 0, 2 * n);
    tcase_add_loop_test(tcase, reset_found_by_writing, 0, n);
    tcase_add_loop_test(tcase, reset_behind_a_half_close, 0, n);
    tcase_add_loop_test(tcase, slow_reader, 0, 2 * n);
    tcase_add_loop_test(tcase, silence_ends_it, 0, n);
    tcase_add_loop_test(tcase, without_a_limit_silence_is_fine, 0, n);
    tcase_add_loop_test(tcase, cancelled_in_the_middle, 0, n);
    tcase_add_loop_test(tcase, one_pool_serves_many_in_turn, 0, n);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
