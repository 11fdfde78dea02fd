/*
 * test_dial: names and literals to connections: refused, dead and silent addresses,
 * time, cancelling.
 */
#include "up/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "resolve_rig.h"

#define FILL 16 /* connections that fill the queue of a listener */

static struct call {
    struct dial *dial;
    bool done;
    enum outcome outcome;
    char detail[256];
    int fd;
    uint64_t resolve_ns, connect_ns;
} call;

static void dialled(void *ctx, const struct dial_result *result)
{
    ck_assert_ptr_eq(ctx, &call);
    ck_assert_msg(call.dial != NULL, "called before dial_start() returned");
    ck_assert_msg(!call.done, "called twice, or after its cancel");
    call.done = true;
    call.outcome = result->outcome;
    call.fd = result->outcome == OUTCOME_OK ? result->fd : -1;
    call.resolve_ns = result->resolve_ns;
    call.connect_ns = result->connect_ns;
    ck_assert((result->detail == NULL) == (result->outcome == OUTCOME_OK));
    snprintf(call.detail, sizeof(call.detail), "%s",
             result->detail ? result->detail : "");
    loop_stop(loop);
}

static uint16_t own_port; /* what listens there is ours; 0: nothing is */

static bool is_own(void *ctx, const struct netaddr *addr)
{
    (void)ctx;
    return own_port != 0 && netaddr_port(addr) == own_port;
}

static void dial(const char *host, uint16_t port, bool refuse_local,
                 uint64_t connect_ms)
{
    call = (struct call){.fd = -1};
    call.dial = dial_start(&(struct dial_options){.loop = loop,
                                                  .resolver = resolver,
                                                  .host = span_of(host),
                                                  .port = port,
                                                  .refuse_local = refuse_local,
                                                  .is_own = is_own,
                                                  .connect_ms = connect_ms,
                                                  .keepalive_ms = 45000},
                           dialled, &call);
    ck_assert_ptr_nonnull(call.dial);
    ck_assert(!call.done);
}

static enum outcome dialled_to(const char *host, uint16_t port, bool refuse_local,
                               uint64_t connect_ms)
{
    dial(host, port, refuse_local, connect_ms);
    loop_run(loop);
    ck_assert(call.done);
    return call.outcome;
}

/* ---- listeners ---- */

struct door {
    int fd;
    int fill[FILL]; /* a full queue: further attempts get no answer */
    uint16_t port;
};

static struct sockaddr_in address_of(uint8_t last, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

    a.sin_addr.s_addr = htonl(0x7f000000u + last);
    return a;
}

static void door_open(struct door *door, uint8_t last, uint16_t port, bool listens)
{
    struct sockaddr_in a = address_of(last, port);
    socklen_t len = sizeof(a);

    memset(door->fill, -1, sizeof(door->fill));
    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(door->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    if (listens)
        ck_assert_int_eq(listen(door->fd, 0), 0);
    ck_assert_int_eq(getsockname(door->fd, (struct sockaddr *)&a, &len), 0);
    door->port = ntohs(a.sin_port);
}

static void door_stuff(struct door *door, uint8_t last)
{
    struct sockaddr_in a = address_of(last, door->port);

    for (int i = 0; i < FILL; i++) {
        door->fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(door->fill[i], (struct sockaddr *)&a, sizeof(a));
    }
}

static void door_close(struct door *door)
{
    close(door->fd);
    for (int i = 0; i < FILL; i++)
        if (door->fill[i] >= 0)
            close(door->fill[i]);
}

/* ---- tests ---- */

START_TEST(literal_connects)
{
    struct door door;
    int flags;

    door_open(&door, 1, 0, true);
    ck_assert_int_eq(dialled_to("127.0.0.1", door.port, false, 5000), OUTCOME_OK);
    ck_assert_uint_eq(servers[0].asked, 0);
    flags = fcntl(call.fd, F_GETFL);
    ck_assert(flags & O_NONBLOCK);
    ck_assert(fcntl(call.fd, F_GETFD) & FD_CLOEXEC);
    close(call.fd);
    door_close(&door);
}
END_TEST

START_TEST(own_listener_is_a_loop)
{
    struct door door;

    door_open(&door, 1, 0, true);
    own_port = door.port;
    ck_assert_int_eq(dialled_to("127.0.0.1", door.port, false, 5000), OUTCOME_LOOP);
    ck_assert_int_eq(dialled_to("local.test", door.port, false, 5000), OUTCOME_LOOP);
    own_port = 0;
    ck_assert_int_eq(dialled_to("127.0.0.1", door.port, false, 5000), OUTCOME_OK);
    close(call.fd);
    door_close(&door);
}
END_TEST

START_TEST(refused_by_a_closed_port)
{
    struct door door;
    char detail[64];

    door_open(&door, 1, 0, false);
    ck_assert_int_eq(dialled_to("127.0.0.1", door.port, false, 5000),
                     OUTCOME_CONNECT_REFUSED);
    snprintf(detail, sizeof(detail), "127.0.0.1:%u: Connection refused", door.port);
    ck_assert_str_eq(call.detail, detail);
    door_close(&door);
}
END_TEST

static const struct {
    const char *host;
    enum outcome outcome;
} failures[] = {
    {"nx.test", OUTCOME_DNS_ERROR},
    {"not a name", OUTCOME_DNS_ERROR},
    {"silent.test", OUTCOME_DNS_TIMEOUT},
};

START_TEST(name_without_an_address)
{
    resolver_at(RESOLVE_DNS, 300);
    ck_assert_int_eq(dialled_to(failures[_i].host, 80, false, 5000),
                     failures[_i].outcome);
    ck_assert_str_ne(call.detail, "");
    ck_assert_uint_eq(call.connect_ns, 0);
}
END_TEST

static const char *const local_names[] = {
    "127.0.0.1",        "127.3.2.1", "::1", "0.0.0.0",    "169.254.1.1",
    "::ffff:127.0.0.1", "fe80::1",   "::",  "local.test", /* by its lookup */
};

START_TEST(local_addresses_refused)
{
    struct door door;

    door_open(&door, 2, 0, true);
    ck_assert_int_eq(dialled_to(local_names[_i], door.port, true, 5000),
                     OUTCOME_LOCAL_TARGET_REFUSED);
    door_close(&door);
}
END_TEST

START_TEST(unanswered_attempt_times_out)
{
    struct door door;

    door_open(&door, 1, 0, true);
    door_stuff(&door, 1);
    ck_assert_int_eq(dialled_to("127.0.0.1", door.port, false, 100),
                     OUTCOME_CONNECT_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(call.detail, "no answer within 100 ms"));
    ck_assert_uint_ge(call.connect_ns, 90u * 1000000u);
    door_close(&door);
}
END_TEST

START_TEST(refused_address_gives_way_at_once)
{
    for (uint8_t live = 2; live < 4; live++) {
        uint64_t best = UINT64_MAX;
        struct door door;

        door_open(&door, live, 0, true); /* nobody listens at the other address */
        for (int i = 0; i < 3; i++) {    /* a busy machine may be slow once */
            ck_assert_int_eq(dialled_to("local.test", door.port, false, 5000),
                             OUTCOME_OK);
            best = call.connect_ns < best ? call.connect_ns : best;
            close(call.fd);
            close(accept(door.fd, NULL, NULL));
        }
        ck_assert_uint_lt(best, 200u * 1000000u);
        door_close(&door);
    }
}
END_TEST

/* RFC 8305: the next address after 250 ms; the dead one must not hold up the live one.
 */
START_TEST(dead_address_gives_way_after_a_while)
{
    unsigned late = 0;

    for (uint8_t live = 2; live < 4; live++) {
        uint8_t dead = 5 - live;
        struct door a, b;

        door_open(&a, live, 0, true);
        door_open(&b, dead, a.port, true);
        door_stuff(&b, dead);
        ck_assert_int_eq(dialled_to("local.test", a.port, false, 5000), OUTCOME_OK);
        ck_assert_uint_lt(call.connect_ns, 2000u * 1000000u);
        late += call.connect_ns >= 240u * 1000000u;
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof(peer);
        ck_assert_int_eq(getpeername(call.fd, (struct sockaddr *)&peer, &len), 0);
        ck_assert_uint_eq(ntohl(peer.sin_addr.s_addr) & 0xff, live);
        close(call.fd);
        door_close(&a);
        door_close(&b);
    }
    ck_assert_uint_ge(late, 1); /* the dead one was first once */
}
END_TEST

START_TEST(all_addresses_fail)
{
    struct door a, b;

    door_open(&a, 2, 0, false);
    door_open(&b, 3, a.port, true);
    door_stuff(&b, 3);
    ck_assert_int_eq(dialled_to("local.test", a.port, false, 600),
                     OUTCOME_CONNECT_TIMEOUT);
    door_close(&b);
    ck_assert_int_eq(dialled_to("local.test", a.port, false, 600),
                     OUTCOME_CONNECT_REFUSED);
    door_close(&a);
}
END_TEST

/* Cancelled before the loop runs, in the lookup, in the first and in the second
 * attempt. */
static const uint64_t cancel_after[] = {0, 5, 100, 400};

START_TEST(cancelled_at_each_stage)
{
    struct door a, b;
    uint64_t ms = cancel_after[_i];

    door_open(&a, 2, 0, true);
    door_open(&b, 3, a.port, true);
    door_stuff(&a, 2);
    door_stuff(&b, 3);
    servers[0].hold_ms = 50;
    dial(ms == 5 ? "held.test" : "local.test", a.port, false, 5000);
    if (ms)
        pass_ms(ms);
    ck_assert(!call.done);
    dial_cancel(call.dial);
    pass_ms(100);
    ck_assert(!call.done);
    dial_cancel(NULL);
    door_close(&a);
    door_close(&b);
}
END_TEST

START_TEST(cancelled_with_a_literal_under_way)
{
    struct door door;

    door_open(&door, 1, 0, true);
    dial("127.0.0.1", door.port, false, 5000);
    dial_cancel(call.dial);
    pass_ms(20);
    ck_assert(!call.done);
    door_close(&door);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dial");
    TCase *tcase = tcase_create("dial");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, literal_connects);
    tcase_add_test(tcase, own_listener_is_a_loop);
    tcase_add_test(tcase, refused_by_a_closed_port);
    tcase_add_loop_test(tcase, name_without_an_address, 0, COUNT(failures));
    tcase_add_loop_test(tcase, local_addresses_refused, 0, COUNT(local_names));
    tcase_add_test(tcase, unanswered_attempt_times_out);
    tcase_add_test(tcase, refused_address_gives_way_at_once);
    tcase_add_test(tcase, dead_address_gives_way_after_a_while);
    tcase_add_test(tcase, all_addresses_fail);
    tcase_add_loop_test(tcase, cancelled_at_each_stage, 0, COUNT(cancel_after));
    tcase_add_test(tcase, cancelled_with_a_literal_under_way);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
