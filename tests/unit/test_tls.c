/*
 * test_tls: handshakes that succeed and fail, and what passes through the layer.
 */
#include <sys/stat.h>

#include "base/file.h"
#include "certs/paths.h"
#include "tls_hand_rig.h"

/* ---- certificates ---- */

static const struct {
    const char *san;
    bool strange; /* signed by somebody unknown */
    long from, until;
    const char *host;
    enum outcome outcome;
    const char *detail; /* a part of it */
} certificates[] = {
    {"DNS:proxy.test", false, -DAY, DAY, "proxy.test", OUTCOME_OK, ""},
    {"DNS:proxy.test", false, -DAY, DAY, "PROXY.test", OUTCOME_OK, ""},
    {"DNS:*.corp.test", false, -DAY, DAY, "wp1.corp.test", OUTCOME_OK, ""},
    {"IP:127.0.0.1", false, -DAY, DAY, "127.0.0.1", OUTCOME_OK, ""},
    {"IP:::1", false, -DAY, DAY, "::1", OUTCOME_OK, ""},
    {"DNS:other.test", false, -DAY, DAY, "proxy.test", OUTCOME_TLS_CERTIFICATE,
     "certificate of proxy.test (/CN=server"},
    {"DNS:*.corp.test", false, -DAY, DAY, "corp.test", OUTCOME_TLS_CERTIFICATE, ""},
    {"DNS:w*.corp.test", false, -DAY, DAY, "wp1.corp.test", OUTCOME_TLS_CERTIFICATE,
     ""},
    {"DNS:127.0.0.1", false, -DAY, DAY, "127.0.0.1", OUTCOME_TLS_CERTIFICATE, ""},
    {"IP:127.0.0.2", false, -DAY, DAY, "127.0.0.1", OUTCOME_TLS_CERTIFICATE, ""},
    {"DNS:proxy.test", true, -DAY, DAY, "proxy.test", OUTCOME_TLS_CERTIFICATE,
     "unable to get local issuer"},
    {"DNS:proxy.test", false, -2 * DAY, -DAY, "proxy.test", OUTCOME_TLS_CERTIFICATE,
     "expired"},
    {"DNS:proxy.test", false, DAY, 2 * DAY, "proxy.test", OUTCOME_TLS_CERTIFICATE,
     "not yet valid"},
};

START_TEST(certificate_is_checked)
{
    serve("server", certificates[_i].san,
          certificates[_i].strange ? &stranger : &authority, certificates[_i].from,
          certificates[_i].until);
    ck_assert_int_eq(handshake(certificates[_i].host), certificates[_i].outcome);
    ck_assert_msg(strstr(call.detail, certificates[_i].detail) != NULL, "%s",
                  call.detail);
    pass_ms(20);
    ck_assert_int_eq(server.received, 0);
    if (call.outcome != OUTCOME_OK)
        ck_assert_int_eq(stream_splice_fd(stream), stream_fd(stream)); /* no layer */
}
END_TEST

START_TEST(self_signed_is_refused)
{
    serve("proxy.test", "DNS:proxy.test", NULL, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_TLS_CERTIFICATE);
    ck_assert_ptr_nonnull(strstr(call.detail, "self"));
}
END_TEST

/* The name is told to the server, an address is not (RFC 6066 section 3). */
/* What a login may be bound to is the hash of the server's own certificate. */
START_TEST(end_point_is_told)
{
    struct identity id =
        identity_new("server", "DNS:proxy.test", &authority, -DAY, DAY);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    tls_server_start(&server, far, &id);
    served = true;
    ck_assert_int_eq(X509_digest(id.cert, EVP_sha256(), hash, &len), 1);
    identity_free(&id);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    ck_assert_uint_eq(call.end_point.len, len);
    ck_assert_mem_eq(call.end_point.hash, hash, len);
}
END_TEST

START_TEST(name_goes_into_sni)
{
    serve("server", "DNS:proxy.test,IP:127.0.0.1", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake(_i ? "127.0.0.1" : "proxy.test"), OUTCOME_OK);
    pass_ms(10);
    ck_assert(server.open);
    if (_i)
        ck_assert_ptr_null(SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name));
    else
        ck_assert_str_eq(SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name),
                         "proxy.test");
}
END_TEST

/* ---- other failures ---- */

START_TEST(old_versions_are_refused)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    SSL_set_security_level(server.ssl, 0);
    SSL_set_min_proto_version(server.ssl, TLS1_1_VERSION);
    SSL_set_max_proto_version(server.ssl, TLS1_1_VERSION);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_TLS_ALERT);
    ck_assert_ptr_nonnull(strstr(call.detail, "TLS 1.2 or newer"));
}
END_TEST

START_TEST(version_12_is_spoken)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    SSL_set_max_proto_version(server.ssl, TLS1_2_VERSION);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
}
END_TEST

static const struct {
    const char *says;
    bool closes;
    enum outcome outcome;
    const char *detail;
} plain[] = {
    {"HTTP/1.1 400 Bad Request\r\n\r\n", false, OUTCOME_TLS_PROTOCOL, "http://"},
    {"SSH-2.0-OpenSSH_9.2\r\n", false, OUTCOME_TLS_PROTOCOL, ""},
    {"", true, OUTCOME_TLS_PROTOCOL, "closed during the TLS handshake"},
    {"\x16\x03\x03", true, OUTCOME_TLS_PROTOCOL, "closed during the TLS handshake"},
};

START_TEST(no_tls_is_spoken)
{
    size_t n = strlen(plain[_i].says);

    if (n)
        ck_assert_int_eq(write(far, plain[_i].says, n), (ssize_t)n);
    if (plain[_i].closes)
        shutdown(far, SHUT_WR);
    ck_assert_int_eq(handshake("proxy.test"), plain[_i].outcome);
    ck_assert_msg(strstr(call.detail, plain[_i].detail) != NULL, "%s", call.detail);
}
END_TEST

START_TEST(silence_times_out)
{
    handshake_begin("proxy.test", 50);
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_TLS_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(call.detail, "proxy.test"));
}
END_TEST

START_TEST(missing_ca_file_is_named)
{
    char gone[] = "/nonexistent/ca.pem", *files[] = {gone, NULL};

    tls_context_unref(context);
    context = tls_context_new(loop, &(struct tls_settings){.places = {.files = files}});
    for (int i = 0; i < 2; i++) { /* tried anew */
        ck_assert_int_eq(handshake("proxy.test"), OUTCOME_INTERNAL);
        ck_assert_ptr_nonnull(strstr(call.detail, gone));
    }
}
END_TEST

static const struct {
    const char *content; /* NULL: no such file */
    const char *says;
} ca_files[] = {
    {NULL, "No such file"},
    {"", "certificate"},
    {"nothing of the kind\n", "certificate"},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
     ": certificate 1: is damaged or no certificate at all; export it again\n"},
    {"<html>", ": is a web page, no certificate; "},
};

START_TEST(ca_files_are_checked)
{
    char path[] = "/tmp/test_tls_ca.XXXXXX", folder[] = "/";
    char *good[] = {ca_path, NULL}, *bad[] = {ca_path, path, folder, NULL};
    struct buf messages;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    buf_init(&messages, 4096);
    ck_assert(tls_settings_check(&(struct tls_settings){0}, &messages));
    ck_assert(tls_settings_check(&(struct tls_settings){.places = {.files = good}},
                                 &messages));
    ck_assert_uint_eq(messages.len, 0);
    if (ca_files[_i].content)
        ck_assert_int_ge(write(fd, ca_files[_i].content, strlen(ca_files[_i].content)),
                         0);
    close(fd);
    if (!ca_files[_i].content)
        unlink(path);
    ck_assert(!tls_settings_check(&(struct tls_settings){.places = {.files = bad}},
                                  &messages));
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, path));
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, ca_files[_i].says));
    ck_assert_ptr_nonnull(strstr(buf_span(&messages).at, "/: not a regular file"));
    ck_assert_ptr_null(strstr(buf_span(&messages).at, ca_path));
    buf_clear(&messages);
    unlink(path);
}
END_TEST

/* A CA that was dropped in or imported counts, whatever lies beside it. */
START_TEST(held_certificates_count)
{
    char folder[] = "/tmp/test_tls_held.XXXXXX", path[128], command[256];
    const struct tls_settings dropped = {.places = {.drop_in = folder}},
                              imported = {.places = {.state_dir = folder}};
    const char *sub = _i == 0 ? "" : CERTS_HELD "/";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/%sbroken.pem", folder, sub);
    ck_assert_int_eq(file_replace(path, SPAN("<html>"), 0644), 0);
    snprintf(path, sizeof(path), "%s/%sca.pem", folder, sub);
    snprintf(command, sizeof(command), "cp %s %s", ca_path, path);
    if (_i < 2)
        ck_assert_int_eq(system(command), 0);
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    tls_context_unref(context);
    context = tls_context_new(loop, _i == 0 ? &dropped : &imported);
    ck_assert_int_eq(handshake("proxy.test"),
                     _i < 2 ? OUTCOME_OK : OUTCOME_TLS_CERTIFICATE);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* While the roots are being loaded, in the handshake, and after a queued notice. */
START_TEST(cancelled_at_each_stage)
{
    if (_i > 0) {
        handshake_begin("proxy.test", 10000);
        pass_ms(_i == 1 ? 1 : 300);
        ck_assert(!call.done);
        tls_cancel(call.handshake);
    }
    handshake_begin("proxy.test", 10000);
    tls_cancel(call.handshake);
    pass_ms(50);
    ck_assert(!call.done);
    tls_cancel(NULL);
}
END_TEST

START_TEST(context_given_up_while_it_loads)
{
    handshake_begin("proxy.test", 10000);
    tls_context_unref(context); /* a reload; the handshake has its own reference */
    context = NULL;
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_OK);
}
END_TEST

/* ---- bytes ---- */

#define BULK (8 * 1024 * 1024)

static struct pump {
    size_t to_send, sent, received;
    bool ended;
    bool paused; /* reads nothing */
    char rest[TLS_PIECE];
    size_t rest_len;
} pump;

static void pump_want(void)
{
    unsigned want = pump.paused || pump.ended ? 0 : STREAM_READ;

    if (pump.rest_len)
        want |= STREAM_WRITE;
    stream_want(stream, want);
}

static void pump_send(void)
{
    while (pump.rest_len || pump.sent < pump.to_send) {
        if (!pump.rest_len) {
            size_t n = pump.to_send - pump.sent;

            pump.rest_len = n < sizeof(pump.rest) ? n : sizeof(pump.rest);
            pattern_fill(pump.rest, pump.rest_len, pump.sent);
        }
        ssize_t n = stream_write(stream, pump.rest, pump.rest_len);
        if (n == -EAGAIN)
            return;
        ck_assert_int_gt(n, 0);
        pump.sent += (size_t)n;
        pump.rest_len -= (size_t)n;
        memmove(pump.rest, pump.rest + n, pump.rest_len);
    }
}

static void pump_fired(void *ctx, unsigned events)
{
    char bytes[5000];

    (void)ctx;
    if (events & STREAM_READ) {
        ssize_t n = stream_read(stream, bytes, sizeof(bytes));

        ck_assert(n >= 0 || n == -EAGAIN);
        pump.ended = n == 0;
        if (n > 0) {
            pattern_check(bytes, (size_t)n, pump.received);
            pump.received += (size_t)n;
        }
    }
    pump_send();
    pump_want();
    if (pump.ended && pump.sent == pump.to_send)
        loop_stop(loop);
}

static void pump_start(size_t to_send, bool paused)
{
    pump = (struct pump){.to_send = to_send, .paused = paused};
    stream_on_event(stream, pump_fired, NULL);
    pump_send();
    pump_want();
}

static void server_send(size_t n, bool end_after)
{
    server.to_send = n;
    server.end_after = end_after;
    watch_want(server.watch, WATCH_READ | WATCH_WRITE);
}

START_TEST(bulk_both_ways)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    SSL_set_max_proto_version(server.ssl, _i ? TLS1_3_VERSION : TLS1_2_VERSION);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    server.key_update = _i == 2;
    server_send(BULK, true);
    pump_start(BULK, false);
    loop_await();
    while (server.received < BULK)
        pass_ms(1);
    ck_assert_uint_eq(pump.received, BULK);
    ck_assert_uint_eq(server.received, BULK);
}
END_TEST

START_TEST(back_pressure_both_ways)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    server.reads = false;
    server_send(BULK, true);
    pump_start(BULK, true);
    pass_ms(100);
    ck_assert_uint_eq(pump.received, 0);
    ck_assert_uint_lt(server.sent, 2 * 1024 * 1024);
    ck_assert_uint_lt(pump.sent, 2 * 1024 * 1024);
    server.reads = true;
    watch_want(server.watch, WATCH_READ | WATCH_WRITE);
    pump.paused = false;
    pump_want();
    loop_await();
    while (server.received < BULK)
        pass_ms(1);
    ck_assert_uint_eq(pump.received, BULK);
}
END_TEST

/* More decrypted bytes than one small read takes: readiness stands without the socket.
 */
START_TEST(decrypted_bytes_are_told_again)
{
    char bytes[100];

    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    server_send(10000, false);
    pass_ms(20);
    ck_assert_int_eq(stream_read(stream, bytes, sizeof(bytes)), sizeof(bytes));
    ck_assert(!stream_is_quiet(stream));
    ck_assert_int_eq(stream_splice_fd(stream), -1);
    pump_start(0, false);
    pump.received = sizeof(bytes);
    pass_ms(50);
    ck_assert_uint_eq(pump.received, 10000);
    ck_assert(stream_is_quiet(stream));
}
END_TEST

/* A connection that only got its session tickets is as usable as before. */
START_TEST(tickets_are_no_noise)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    pass_ms(20);
    ck_assert(server.open);
    ck_assert(stream_is_quiet(stream));
    server_send(10, false);
    pass_ms(20);
    ck_assert(!stream_is_quiet(stream));
}
END_TEST

START_TEST(half_close_of_ours)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    pump_start(1000, false);
    pass_ms(10);
    ck_assert_uint_eq(pump.sent, 1000);
    ck_assert_int_eq(stream_shutdown(stream), 0);
    pass_ms(10);
    ck_assert(server.ended);
    ck_assert_uint_eq(server.received, 1000);
    server_send(100000, true);
    loop_await();
    ck_assert_uint_eq(pump.received, 100000);
    ck_assert(pump.ended);
}
END_TEST

START_TEST(half_close_of_theirs)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    server_send(1000, true);
    pump_start(0, false);
    loop_await();
    ck_assert_uint_eq(pump.received, 1000);
    pump.to_send = 200000;
    pump_send();
    pump_want();
    pass_ms(50);
    ck_assert_uint_eq(server.received, 200000);
    ck_assert_int_eq(stream_shutdown(stream), 0);
    pass_ms(10);
    ck_assert(server.ended);
}
END_TEST

/* Proxies close without close_notify; it reads as the end. */
START_TEST(end_without_notice)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    server_send(1000, false);
    pass_ms(10);
    shutdown(watch_fd(server.watch), SHUT_WR);
    pump_start(0, false);
    loop_await();
    ck_assert_uint_eq(pump.received, 1000);
    ck_assert(pump.ended);
}
END_TEST

START_TEST(garbage_in_the_middle_is_an_error)
{
    char bytes[100];

    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    pass_ms(10);
    while (stream_read(stream, bytes, sizeof(bytes)) > 0)
        continue;
    ck_assert_int_eq(write(watch_fd(server.watch), "no TLS record at all", 20), 20);
    ssize_t n = stream_read(stream, bytes, sizeof(bytes));
    ck_assert_int_lt(n, 0);
    ck_assert_int_ne(n, -EAGAIN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls");
    TCase *tcase = tcase_create("handshake");
    TCase *bytes = tcase_create("bytes");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, certificate_is_checked, 0, COUNT(certificates));
    tcase_add_test(tcase, self_signed_is_refused);
    tcase_add_test(tcase, end_point_is_told);
    tcase_add_loop_test(tcase, name_goes_into_sni, 0, 2);
    tcase_add_test(tcase, old_versions_are_refused);
    tcase_add_test(tcase, version_12_is_spoken);
    tcase_add_loop_test(tcase, no_tls_is_spoken, 0, COUNT(plain));
    tcase_add_test(tcase, silence_times_out);
    tcase_add_test(tcase, missing_ca_file_is_named);
    tcase_add_loop_test(tcase, held_certificates_count, 0, 3);
    tcase_add_loop_test(tcase, ca_files_are_checked, 0, COUNT(ca_files));
    tcase_add_loop_test(tcase, cancelled_at_each_stage, 0, 3);
    tcase_add_test(tcase, context_given_up_while_it_loads);
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(bytes, begin, end);
    tcase_set_timeout(bytes, 60);
    tcase_add_loop_test(bytes, bulk_both_ways, 0, 3);
    tcase_add_test(bytes, back_pressure_both_ways);
    tcase_add_test(bytes, decrypted_bytes_are_told_again);
    tcase_add_test(bytes, tickets_are_no_noise);
    tcase_add_test(bytes, half_close_of_ours);
    tcase_add_test(bytes, half_close_of_theirs);
    tcase_add_test(bytes, end_without_notice);
    tcase_add_test(bytes, garbage_in_the_middle_is_an_error);
    suite_add_tcase(suite, bytes);
    return suite_run(suite);
}
