/*
 * test_socks: SOCKS messages, whole and byte by byte.
 */
#include "http/socks.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct buf out;

static void setup(void)
{
    buf_init(&out, 4096);
}

static void teardown(void)
{
    buf_clear(&out);
}

#define expect_out(literal) ck_assert(span_equal(buf_span(&out), SPAN(literal)))

START_TEST(greeting)
{
    size_t size = 0;
    bool no_login = true;

    ck_assert_int_eq(socks5_read_greeting(SPAN(""), &size, &no_login), SOCKS_MORE);
    ck_assert_int_eq(socks5_read_greeting(SPAN("\4"), &size, &no_login), SOCKS_BAD);
    ck_assert_int_eq(socks5_read_greeting(SPAN("\5\2\2"), &size, &no_login),
                     SOCKS_MORE);
    ck_assert_int_eq(socks5_read_greeting(SPAN("\5\1\2x"), &size, &no_login),
                     SOCKS_DONE);
    ck_assert_uint_eq(size, 3);
    ck_assert(!no_login);
    ck_assert_int_eq(socks5_read_greeting(SPAN("\5\2\2\0"), &size, &no_login),
                     SOCKS_DONE);
    ck_assert_uint_eq(size, 4);
    ck_assert(no_login);
    ck_assert_int_eq(socks5_read_greeting(SPAN("\5\0"), &size, &no_login), SOCKS_DONE);
    ck_assert(!no_login);
    ck_assert_int_eq(socks5_put_method(&out, SOCKS_METHOD_REFUSED), 0);
    expect_out("\5\xff");
}
END_TEST

static const struct {
    struct span message;
    const char *host;
    uint16_t port;
    enum socks_reply fault;
} requests[] = {
    {{"\5\1\0\3\13origin.test\1\273", 18}, "origin.test", 443, SOCKS_REPLY_OK},
    {{"\5\1\0\1\300\0\2\1\0\120", 10}, "192.0.2.1", 80, SOCKS_REPLY_OK},
    {{"\5\1\0\4\375\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120", 22},
     "fd00::1",
     80,
     SOCKS_REPLY_OK},
    {{"\5\2\0\1\300\0\2\1\0\120", 10}, NULL, 80, SOCKS_REPLY_NO_COMMAND},
    {{"\5\1\0\3\0\0\120", 7}, NULL, 80, SOCKS_REPLY_FAILED},
    {{"\5\1\0\3\3a\0b\0\120", 10}, NULL, 80, SOCKS_REPLY_FAILED},
    {{"\5\1\0\1\300\0\2\1\0\0", 10}, NULL, 0, SOCKS_REPLY_FAILED},
};

START_TEST(request)
{
    struct socks_request got;
    struct span all = requests[_i].message;
    size_t size = 0;

    for (size_t n = 0; n < all.len; n++)
        ck_assert_int_eq(socks5_read_request((struct span){all.at, n}, &size, &got),
                         SOCKS_MORE);
    ck_assert_int_eq(socks5_read_request(all, &size, &got), SOCKS_DONE);
    ck_assert_uint_eq(size, all.len);
    ck_assert_int_eq(got.fault, requests[_i].fault);
    ck_assert_uint_eq(got.port, requests[_i].port);
    if (requests[_i].host != NULL)
        ck_assert_str_eq(got.host, requests[_i].host);
}
END_TEST

START_TEST(request_nonsense)
{
    struct socks_request got;
    size_t size = 0;

    ck_assert_int_eq(socks5_read_request(SPAN("\4\1"), &size, &got), SOCKS_BAD);
    ck_assert_int_eq(socks5_read_request(SPAN("\5\1\0\2zz"), &size, &got), SOCKS_DONE);
    ck_assert_int_eq(got.fault, SOCKS_REPLY_NO_ADDRESS_TYPE);
    ck_assert_int_eq(socks5_put_reply(&out, SOCKS_REPLY_DENIED), 0);
    expect_out("\5\2\0\1\0\0\0\0\0\0");
}
END_TEST

/* What the client writes, the server reads. */
START_TEST(both_ends_agree)
{
    static const char *const HOSTS[] = {"origin.test", "192.0.2.1", "fd00::1"};

    for (int i = 0; i < COUNT(HOSTS); i++) {
        struct socks_request got;
        size_t size = 0;

        buf_reset(&out);
        ck_assert_int_eq(socks5_put_request(&out, span_of(HOSTS[i]), 8443), 0);
        ck_assert_int_eq(socks5_read_request(buf_span(&out), &size, &got), SOCKS_DONE);
        ck_assert_uint_eq(size, out.len);
        ck_assert_str_eq(got.host, HOSTS[i]);
        ck_assert_uint_eq(got.port, 8443);
    }
}
END_TEST

START_TEST(client_login)
{
    char longest[SOCKS_NAME + 1];
    size_t size = 0;
    unsigned method = 0;
    bool accepted = true;

    memset(longest, 'a', sizeof(longest));
    ck_assert_int_eq(socks5_put_greeting(&out, false), 0);
    expect_out("\5\1\0");
    buf_reset(&out);
    ck_assert_int_eq(socks5_put_greeting(&out, true), 0);
    expect_out("\5\2\0\2");
    buf_reset(&out);
    ck_assert_int_eq(socks5_read_method(SPAN("\5\377"), &size, &method), SOCKS_DONE);
    ck_assert_uint_eq(method, SOCKS_METHOD_REFUSED);
    ck_assert_int_eq(socks5_read_method(SPAN("HT"), &size, &method), SOCKS_BAD);
    ck_assert_int_eq(socks5_put_login(&out, SPAN("al"), SPAN("pw!")), 0);
    expect_out("\1\2al\3pw!");
    ck_assert_int_eq(socks5_put_login(&out, SPAN(""), SPAN("x")), -EINVAL);
    ck_assert_int_eq(socks5_put_login(&out, SPAN("x"), SPAN("")), -EINVAL);
    ck_assert_int_eq(
        socks5_put_login(&out, SPAN("x"), (struct span){longest, sizeof(longest)}),
        -EINVAL);
    ck_assert_int_eq(socks5_read_login(SPAN("\1"), &size, &accepted), SOCKS_MORE);
    ck_assert_int_eq(socks5_read_login(SPAN("\1\0"), &size, &accepted), SOCKS_DONE);
    ck_assert(accepted);
    ck_assert_int_eq(socks5_read_login(SPAN("\1\1"), &size, &accepted), SOCKS_DONE);
    ck_assert(!accepted);
    ck_assert_int_eq(socks5_read_login(SPAN("\5\0"), &size, &accepted), SOCKS_BAD);
}
END_TEST

START_TEST(client_reply)
{
    static const struct span whole = {"\5\5\0\3\2ab\0\0rest", 13};
    size_t size = 0;
    unsigned reply = 0;

    for (size_t n = 0; n < 9; n++)
        ck_assert_int_eq(socks5_read_reply((struct span){whole.at, n}, &size, &reply),
                         SOCKS_MORE);
    ck_assert_int_eq(socks5_read_reply(whole, &size, &reply), SOCKS_DONE);
    ck_assert_uint_eq(size, 9);
    ck_assert_uint_eq(reply, SOCKS_REPLY_REFUSED);
    ck_assert_ptr_nonnull(strstr(socks_reply_text(reply), "refused"));
    ck_assert_ptr_nonnull(socks_reply_text(200));
    ck_assert_int_eq(socks5_read_reply(SPAN("\5\0\0\7\0"), &size, &reply), SOCKS_BAD);
    ck_assert_int_eq(socks5_read_reply(SPAN("H"), &size, &reply), SOCKS_BAD);
}
END_TEST

START_TEST(socks4)
{
    size_t size = 0;
    unsigned reply = 7;

    ck_assert_int_eq(socks4_put_request(&out, SPAN("origin.test"), 443, SPAN("al")), 0);
    expect_out("\4\1\1\273\0\0\0\1al\0origin.test\0");
    buf_reset(&out);
    ck_assert_int_eq(socks4_put_request(&out, SPAN("192.0.2.1"), 80, SPAN("")), 0);
    expect_out("\4\1\0\120\300\0\2\1\0");
    ck_assert_int_eq(socks4_put_request(&out, SPAN("fd00::1"), 80, SPAN("")), -EINVAL);
    ck_assert_int_eq(socks4_put_request(&out, SPAN("a\0b"), 80, SPAN("")), -EINVAL);
    ck_assert_int_eq(socks4_read_reply(SPAN("\0\132\0\0\0\0\0"), &size, &reply),
                     SOCKS_MORE);
    ck_assert_int_eq(socks4_read_reply(SPAN("\0\132\0\0\0\0\0\0"), &size, &reply),
                     SOCKS_DONE);
    ck_assert_uint_eq(size, 8);
    ck_assert_uint_eq(reply, SOCKS_REPLY_OK);
    ck_assert_int_eq(socks4_read_reply(SPAN("\0\133\0\0\0\0\0\0"), &size, &reply),
                     SOCKS_DONE);
    ck_assert_uint_eq(reply, SOCKS_REPLY_FAILED);
    ck_assert_int_eq(socks4_read_reply(SPAN("\0\135\0\0\0\0\0\0"), &size, &reply),
                     SOCKS_DONE);
    ck_assert_uint_eq(reply, SOCKS_REPLY_DENIED);
    ck_assert_int_eq(socks4_read_reply(SPAN("\5"), &size, &reply), SOCKS_BAD);
}
END_TEST

static const struct {
    struct span message;
    const char *host;
    uint16_t port;
    enum socks_reply fault;
} requests4[] = {
    {{"\4\1\1\273\300\0\2\1al\0", 11}, "192.0.2.1", 443, SOCKS_REPLY_OK},
    {{"\4\1\1\273\0\0\0\1\0origin.test\0", 21}, "origin.test", 443, SOCKS_REPLY_OK},
    {{"\4\1\1\273\0\0\0\11al\0a\0", 13}, "a", 443, SOCKS_REPLY_OK},
    {{"\4\1\1\273\0\0\0\0\0", 9}, "0.0.0.0", 443, SOCKS_REPLY_OK},
    {{"\4\1\1\273\0\0\0\1\0\0", 10}, NULL, 443, SOCKS_REPLY_FAILED},
    {{"\4\1\0\0\300\0\2\1\0", 9}, NULL, 0, SOCKS_REPLY_FAILED},
    {{"\4\2\1\273\300\0\2\1\0", 9}, NULL, 443, SOCKS_REPLY_NO_COMMAND},
};

START_TEST(request4)
{
    struct socks_request got;
    struct span all = requests4[_i].message;
    size_t size = 0;
    char behind[64];

    for (size_t n = 0; n < all.len; n++)
        ck_assert_int_eq(socks4_read_request((struct span){all.at, n}, &size, &got),
                         SOCKS_MORE);
    memcpy(behind, all.at, all.len);
    memcpy(behind + all.len, "rest", 4);
    ck_assert_int_eq(
        socks4_read_request((struct span){behind, all.len + 4}, &size, &got),
        SOCKS_DONE);
    ck_assert_uint_eq(size, all.len);
    ck_assert_int_eq(got.fault, requests4[_i].fault);
    ck_assert_uint_eq(got.port, requests4[_i].port);
    if (requests4[_i].host != NULL)
        ck_assert_str_eq(got.host, requests4[_i].host);
}
END_TEST

/* A user or a name without an end is none. */
START_TEST(request4_endless)
{
    struct socks_request got;
    char message[8 + SOCKS_NAME + 2];
    size_t size = 0;

    memset(message, 'x', sizeof(message));
    memcpy(message, "\4\1\1\273\300\0\2\1", 8);
    ck_assert_int_eq(
        socks4_read_request((struct span){message, 8 + SOCKS_NAME}, &size, &got),
        SOCKS_MORE);
    ck_assert_int_eq(
        socks4_read_request((struct span){message, 8 + SOCKS_NAME + 1}, &size, &got),
        SOCKS_BAD);
    ck_assert_int_eq(socks4_read_request(SPAN("\5\1"), &size, &got), SOCKS_BAD);
    ck_assert_int_eq(socks4_put_reply(&out, false), 0);
    ck_assert_int_eq(socks4_put_reply(&out, true), 0);
    expect_out("\0\133\0\0\0\0\0\0\0\132\0\0\0\0\0\0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socks");
    TCase *tcase = tcase_create("socks");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, greeting);
    tcase_add_loop_test(tcase, request, 0, COUNT(requests));
    tcase_add_test(tcase, request_nonsense);
    tcase_add_test(tcase, both_ends_agree);
    tcase_add_test(tcase, client_login);
    tcase_add_test(tcase, client_reply);
    tcase_add_test(tcase, socks4);
    tcase_add_loop_test(tcase, request4, 0, COUNT(requests4));
    tcase_add_test(tcase, request4_endless);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
