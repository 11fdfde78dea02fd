/*
 * test_stream: bytes pushed back, readiness, quiet connections, ends and aborts,
 * layers.
 */
#include "up/stream.h"

#include "loop_rig.h"

static struct stream *stream;
static int far;
static unsigned calls, events_seen;
static char got[256];

static void count_event(void *ctx, unsigned events)
{
    (void)ctx;
    calls++;
    events_seen = events;
}

static void read_some(void *ctx, unsigned events)
{
    char bytes[3];
    ssize_t n = stream_read(stream, bytes, sizeof(bytes));

    count_event(ctx, events);
    if (n == 0)
        stream_want(stream, 0);
    if (n > 0)
        strncat(got, bytes, (size_t)n);
}

static void begin(void)
{
    int ends[2];

    loop_begin();
    pair_open(ends);
    stream = stream_new(loop, ends[0]);
    far = ends[1];
    ck_assert_ptr_nonnull(stream);
    stream_on_event(stream, count_event, NULL);
    calls = events_seen = 0;
    got[0] = '\0';
}

static void end(void)
{
    stream_close(stream);
    if (far >= 0)
        close(far);
    loop_end();
}

static void say(const char *text)
{
    ck_assert_int_eq(write(far, text, strlen(text)), (ssize_t)strlen(text));
}

static void reads(const char *text)
{
    char bytes[64];
    ssize_t n = stream_read(stream, bytes, sizeof(bytes));

    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert(memcmp(bytes, text, (size_t)n) == 0);
}

START_TEST(reads_and_writes)
{
    char bytes[16];

    ck_assert_int_eq(stream_read(stream, bytes, sizeof(bytes)), -EAGAIN);
    say("hello");
    reads("hello");
    ck_assert_int_eq(stream_write(stream, "world", 5), 5);
    ck_assert_int_eq(read(far, bytes, sizeof(bytes)), 5);
    close(far);
    far = -1;
    ck_assert_int_eq(stream_read(stream, bytes, sizeof(bytes)), 0);
    ck_assert_int_eq(stream_write(stream, "x", 1), -EPIPE);
}
END_TEST

START_TEST(pushed_back_bytes_come_first)
{
    say("ghi");
    ck_assert_int_eq(stream_unread(stream, SPAN("")), 0);
    ck_assert_int_eq(stream_unread(stream, SPAN("def")), 0);
    ck_assert_int_eq(stream_unread(stream, SPAN("abc")), 0);
    reads("abcdef");
    reads("ghi");
}
END_TEST

START_TEST(pushed_back_in_the_middle)
{
    char bytes[4];

    ck_assert_int_eq(stream_unread(stream, SPAN("abcdef")), 0);
    ck_assert_int_eq(stream_read(stream, bytes, 4), 4);
    ck_assert_int_eq(stream_unread(stream, SPAN("cd")), 0);
    reads("cdef");
}
END_TEST

START_TEST(pushed_back_bytes_are_told_again_and_again)
{
    ck_assert_int_eq(stream_unread(stream, SPAN("abc")), 0);
    pass_ms(2);
    ck_assert_uint_eq(calls, 0); /* not wanted */
    stream_want(stream, STREAM_WRITE);
    pass_ms(2);
    ck_assert_uint_eq(events_seen, STREAM_WRITE);
    stream_want(stream, 0);
    calls = 0;
    stream_want(stream, STREAM_READ);
    ck_assert_uint_eq(calls, 0); /* never at once */
    pass_ms(5);
    ck_assert_uint_ge(calls, 3); /* level-triggered */
    ck_assert_uint_eq(events_seen, STREAM_READ);
    stream_want(stream, 0);
    calls = 0;
    pass_ms(2);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(pushed_back_then_socket_then_end)
{
    stream_on_event(stream, read_some, NULL);
    stream_want(stream, STREAM_READ);
    pass_ms(1);
    ck_assert_int_eq(stream_unread(stream, SPAN("abcdefgh")), 0);
    say("ijkl");
    shutdown(far, SHUT_WR);
    pass_ms(10);
    ck_assert_str_eq(got, "abcdefghijkl");
    ck_assert_uint_le(calls, 8);
}
END_TEST

/* A stream with pushed-back bytes lets the rest of the loop live. */
START_TEST(pushed_back_bytes_do_not_starve_time)
{
    ck_assert_int_eq(stream_unread(stream, SPAN("abc")), 0);
    stream_want(stream, STREAM_READ);
    uint64_t began = loop_clock();
    pass_ms(20);
    ck_assert_uint_lt(loop_clock() - began, 2000000000u);
    ck_assert_uint_gt(calls, 0);
}
END_TEST

START_TEST(splice_descriptor_only_for_bare_sockets)
{
    ck_assert_int_eq(stream_splice_fd(stream), stream_fd(stream));
    ck_assert_int_eq(stream_unread(stream, SPAN("abc")), 0);
    ck_assert_int_eq(stream_splice_fd(stream), -1);
    reads("abc");
    ck_assert_int_eq(stream_splice_fd(stream), stream_fd(stream));
}
END_TEST

START_TEST(quiet_means_nothing_to_read)
{
    ck_assert(stream_is_quiet(stream));
    say("x");
    ck_assert(!stream_is_quiet(stream));
    reads("x"); /* looking took nothing away */
    ck_assert(stream_is_quiet(stream));
    ck_assert_int_eq(stream_unread(stream, SPAN("y")), 0);
    ck_assert(!stream_is_quiet(stream));
    reads("y");
    shutdown(far, SHUT_WR);
    ck_assert(!stream_is_quiet(stream));
}
END_TEST

START_TEST(shutdown_ends_one_direction)
{
    char byte;

    ck_assert_int_eq(stream_shutdown(stream), 0);
    ck_assert_int_eq(read(far, &byte, 1), 0);
    say("still");
    reads("still");
    ck_assert_int_eq(stream_write(stream, "x", 1), -EPIPE);
}
END_TEST

START_TEST(closing_within_a_callback_of_pushed_back_bytes)
{
    ck_assert_int_eq(stream_unread(stream, SPAN("abc")), 0);
    stream_want(stream, STREAM_READ);
    stream_close(stream); /* with the call still queued */
    stream = NULL;
    pass_ms(2);
    ck_assert_uint_eq(calls, 0);
    stream_close(NULL);
    stream_abort(NULL);
}
END_TEST

/* TCP: the far end sees what close() and abort do. */
static void tcp_ends(int *near_end, int *far_end)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    uint16_t port = 0;
    int door = door_open(1, &port, 4);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    *near_end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(*near_end, (struct sockaddr *)&a, sizeof(a)), 0);
    fcntl(*near_end, F_SETFL, O_NONBLOCK);
    *far_end = accept(door, NULL, NULL);
    ck_assert_int_ge(*far_end, 0);
    close(door);
}

START_TEST(abort_is_a_reset)
{
    for (int abort_it = 0; abort_it < 2; abort_it++) {
        int near_end, far_end;
        char byte;

        tcp_ends(&near_end, &far_end);
        struct stream *s = stream_new(loop, near_end);
        if (abort_it)
            stream_abort(s);
        else
            stream_close(s);
        errno = 0;
        ck_assert_int_eq(read(far_end, &byte, 1), abort_it ? -1 : 0);
        ck_assert_int_eq(errno, abort_it ? ECONNRESET : 0);
        close(far_end);
    }
}
END_TEST

START_TEST(reset_is_an_error)
{
    static const struct linger at_once = {1, 0};

    for (int look = 0; look < 2; look++) {
        int near_end, far_end;
        char byte;

        tcp_ends(&near_end, &far_end);
        struct stream *s = stream_new(loop, near_end);
        setsockopt(far_end, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(far_end);
        if (look)
            ck_assert(!stream_is_quiet(s));
        else
            ck_assert_int_eq(stream_read(s, &byte, 1), -ECONNRESET);
        stream_close(s);
    }
}
END_TEST

/* ---- layers ---- */

static struct fake {
    size_t pending;
    unsigned crossed;
    int shutdown;
    unsigned freed;
} fake;

static ssize_t fake_read(void *state, void *bytes, size_t n)
{
    struct fake *f = state;

    n = n < f->pending ? n : f->pending;
    memset(bytes, 'p', n);
    f->pending -= n;
    return n ? (ssize_t)n : -EAGAIN;
}

static ssize_t fake_write(void *state, const void *bytes, size_t n)
{
    struct fake *f = state;

    (void)bytes;
    (void)n;
    return f->crossed & STREAM_READ ? -EAGAIN : 1;
}

static int fake_shutdown(void *state)
{
    return ((struct fake *)state)->shutdown;
}

static bool fake_pending(void *state)
{
    return ((struct fake *)state)->pending > 0;
}

static bool fake_quiet(void *state)
{
    return !fake_pending(state);
}

static unsigned fake_crossed(void *state)
{
    return ((struct fake *)state)->crossed;
}

static void fake_free(void *state)
{
    ((struct fake *)state)->freed++;
}

static const struct stream_layer fake_layer = {.read = fake_read,
                                               .write = fake_write,
                                               .shutdown = fake_shutdown,
                                               .pending = fake_pending,
                                               .quiet = fake_quiet,
                                               .crossed = fake_crossed,
                                               .free = fake_free};

static void fake_begin(void)
{
    fake = (struct fake){.pending = 0};
    stream_set_layer(stream, &fake_layer, &fake);
}

START_TEST(bytes_in_the_layer_are_told)
{
    fake_begin();
    fake.pending = 7;
    ck_assert_int_eq(stream_splice_fd(stream), -1);
    ck_assert(!stream_is_quiet(stream));
    stream_on_event(stream, read_some, NULL);
    stream_want(stream, STREAM_READ);
    pass_ms(5);
    ck_assert_str_eq(got, "ppppppp");
    ck_assert_uint_eq(calls, 3);
    ck_assert(stream_is_quiet(stream));
    ck_assert_int_eq(stream_unread(stream, SPAN("x")), 0);
    fake.pending = 1;
    reads("x");
    reads("p");
}
END_TEST

START_TEST(layer_waits_in_the_other_direction)
{
    fake_begin();
    fake.crossed = STREAM_READ; /* a write that has to read first */
    ck_assert_int_eq(stream_write(stream, "x", 1), -EAGAIN);
    stream_want(stream, STREAM_WRITE);
    say("x");
    pass_ms(2);
    ck_assert_uint_gt(calls, 0);
    ck_assert_uint_eq(events_seen, STREAM_WRITE); /* only what the caller wants */
    stream_want(stream, 0);
    calls = 0;
    pass_ms(2);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(layer_ends_before_the_socket)
{
    char byte;

    fake_begin();
    fake.shutdown = -EAGAIN;
    ck_assert_int_eq(stream_shutdown(stream), -EAGAIN);
    ck_assert_int_eq(read(far, &byte, 1), -1); /* no FIN yet */
    fake.shutdown = 0;
    ck_assert_int_eq(stream_shutdown(stream), 0);
    ck_assert_int_eq(read(far, &byte, 1), 0);
    stream_close(stream);
    stream = NULL;
    ck_assert_uint_eq(fake.freed, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, reads_and_writes);
    tcase_add_test(tcase, pushed_back_bytes_come_first);
    tcase_add_test(tcase, pushed_back_in_the_middle);
    tcase_add_test(tcase, pushed_back_bytes_are_told_again_and_again);
    tcase_add_test(tcase, pushed_back_then_socket_then_end);
    tcase_add_test(tcase, pushed_back_bytes_do_not_starve_time);
    tcase_add_test(tcase, splice_descriptor_only_for_bare_sockets);
    tcase_add_test(tcase, quiet_means_nothing_to_read);
    tcase_add_test(tcase, shutdown_ends_one_direction);
    tcase_add_test(tcase, closing_within_a_callback_of_pushed_back_bytes);
    tcase_add_test(tcase, abort_is_a_reset);
    tcase_add_test(tcase, reset_is_an_error);
    tcase_add_test(tcase, bytes_in_the_layer_are_told);
    tcase_add_test(tcase, layer_waits_in_the_other_direction);
    tcase_add_test(tcase, layer_ends_before_the_socket);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
