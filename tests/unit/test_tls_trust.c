/*
 * test_tls_trust: pins, weak CAs, our own certificate, sessions, files that change, the
 * chain that was sent, and TLS inside TLS.
 */
#include <openssl/pkcs12.h>
#include <sys/stat.h>

#include "tls_hand_rig.h"

/* Another context than the rig's; the CA file counts if ca is NULL. */
static void trust(struct tls_settings settings)
{
    char *files[] = {ca_path, NULL};

    if (settings.places.files == NULL)
        settings.places.files = files;
    tls_context_unref(context);
    context = tls_context_new(loop, &settings);
    ck_assert_ptr_nonnull(context);
}

/* Another connection, after the first one. */
static void reconnect(void)
{
    int ends[2];

    stream_close(stream);
    tls_server_stop(&server);
    pair_open(ends);
    stream = stream_new(loop, ends[0]);
    far = ends[1];
    served = false;
}

static void expect_detail(const char *part)
{
    ck_assert_msg(strstr(call.detail, part) != NULL, "%s", call.detail);
}

/* ---- pins ---- */

static void pin_line(const struct identity *id, const char *host, char *line,
                     size_t size)
{
    unsigned char *der = NULL, hash[32], text[64];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(id->cert), &der);

    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock(text, hash, sizeof(hash));
    snprintf(line, size, "%s sha256//%s", host, text);
    OPENSSL_free(der);
}

/* By whom the server's certificate is signed, and for which name, counts no more. */
static const struct {
    const char *pinned; /* the host of the pin */
    bool right;         /* it is that of the server's key */
    bool known;         /* by a CA that is trusted */
    enum outcome outcome;
} pins[] = {
    {"proxy.test", true, false, OUTCOME_OK},
    {"Proxy.test", true, false, OUTCOME_OK},
    {"proxy.test", false, true, OUTCOME_TLS_CERTIFICATE},
    {"proxy.test", false, false, OUTCOME_TLS_CERTIFICATE},
    {"other.test", true, true, OUTCOME_OK},
    {"other.test", true, false, OUTCOME_TLS_CERTIFICATE},
    {"other.test", false, true, OUTCOME_OK},
};

START_TEST(pin)
{
    struct identity id =
        identity_new("server", pins[_i].known ? "DNS:proxy.test" : "DNS:x.test",
                     pins[_i].known ? &authority : &stranger, -DAY, DAY);
    char line[160], other[160], *lines[] = {other, line, NULL};

    pin_line(&authority, "third.test", other, sizeof(other));
    pin_line(pins[_i].right ? &id : &stranger, pins[_i].pinned, line, sizeof(line));
    trust((struct tls_settings){.pins = lines});
    tls_server_start(&server, far, &id);
    served = true;
    ck_assert_int_eq(handshake("proxy.test"), pins[_i].outcome);
    if (strcmp(pins[_i].pinned, "proxy.test") == 0 && !pins[_i].right)
        expect_detail("tls.pins");
    identity_free(&id);
}
END_TEST

/* ---- weak CAs ---- */

static void weak_authority(char fingerprint[65])
{
    unsigned char hash[32];

    identity_free(&authority);
    authority = identity_make(EVP_RSA_gen(1024), "Weak CA", NULL, NULL, -DAY, DAY);
    unlink(ca_path);
    snprintf(ca_path, sizeof(ca_path), "/tmp/test_tls.XXXXXX");
    identity_save(&authority, ca_path);
    ck_assert_int_eq(X509_digest(authority.cert, EVP_sha256(), hash, NULL), 1);
    for (int i = 0; i < 32; i++)
        snprintf(fingerprint + 2 * i, 3, "%02x", hash[i]);
}

START_TEST(weak_ca)
{
    char fingerprint[65], *list[] = {fingerprint, NULL};

    weak_authority(fingerprint);
    if (_i == 2)
        fingerprint[0] = fingerprint[0] == '0' ? '1' : '0';
    trust((struct tls_settings){.weak_ca = _i == 0 ? NULL : list});
    serve("server", _i == 3 ? "DNS:other.test" : "DNS:proxy.test", &authority, -DAY,
          DAY);
    ck_assert_int_eq(handshake("proxy.test"),
                     _i == 1 ? OUTCOME_OK : OUTCOME_TLS_CERTIFICATE);
    if (_i == 0) {
        expect_detail("CA certificate key too weak");
        expect_detail("tls.weak_ca");
        expect_detail(fingerprint);
    }
    if (_i == 3)
        expect_detail("hostname mismatch");
}
END_TEST

/* ---- our own certificate ---- */

static struct identity own;
static char cert_path[64], key_path[64], password_path[64];

static void write_text(char *path, const char *text)
{
    int fd;

    snprintf(path, 64, "/tmp/test_tls.XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void key_save(char *path, const char *password)
{
    FILE *file;

    write_text(path, "");
    file = fopen(path, "w");
    ck_assert_int_eq(
        PEM_write_PKCS8PrivateKey(file, own.key, password ? EVP_aes_128_cbc() : NULL,
                                  NULL, 0, NULL, (void *)(uintptr_t)password),
        1);
    fclose(file);
}

static void bag_save(char *path, const char *password)
{
    PKCS12 *bag =
        PKCS12_create(password, "ccgate", own.key, own.cert, NULL, 0, 0, 0, 0, 0);
    FILE *file;

    ck_assert_ptr_nonnull(bag);
    write_text(path, "");
    file = fopen(path, "wb");
    ck_assert_int_eq(i2d_PKCS12_fp(file, bag), 1);
    fclose(file);
    PKCS12_free(bag);
}

static void own_begin(void)
{
    begin();
    own = identity_new("client", "DNS:client.test", &authority, -DAY, DAY);
    snprintf(cert_path, sizeof(cert_path), "/tmp/test_tls.XXXXXX");
    identity_save(&own, cert_path);
    key_path[0] = password_path[0] = '\0';
}

static void own_end(void)
{
    identity_free(&own);
    unlink(cert_path);
    if (key_path[0] != '\0')
        unlink(key_path);
    if (password_path[0] != '\0')
        unlink(password_path);
    end();
}

/* A server that asks for a certificate, and can do without. */
static void serve_asking(void)
{
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    SSL_set_verify(server.ssl, SSL_VERIFY_PEER, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(server.ctx), authority.cert);
}

static bool was_shown(void)
{
    X509 *shown = SSL_get0_peer_certificate(server.ssl);

    return shown != NULL && X509_cmp(shown, own.cert) == 0;
}

enum { PEM, ENCRYPTED, BAG, BAG_OPEN, KINDS };

START_TEST(own_certificate)
{
    struct tls_settings settings = {.cert = cert_path};
    int kind = _i;

    if (kind == PEM || kind == ENCRYPTED) {
        key_save(key_path, kind == ENCRYPTED ? "tulip" : NULL);
        settings.key = key_path;
    } else {
        unlink(cert_path);
        bag_save(cert_path, kind == BAG ? "tulip" : "");
    }
    if (kind == ENCRYPTED || kind == BAG) {
        write_text(password_path, "tulip\n");
        settings.key_password_file = password_path;
    }
    trust(settings);
    serve_asking();
    ck_assert_msg(handshake("proxy.test") == OUTCOME_OK, "%s", call.detail);
    pass_ms(20);
    ck_assert(was_shown());
}
END_TEST

/* A proxy that must not have our login is not told who we are, either. */
START_TEST(own_certificate_is_withheld)
{
    key_save(key_path, NULL);
    trust((struct tls_settings){.cert = cert_path, .key = key_path});
    serve_asking();
    handshake_options(&(struct tls_options){.no_identity = true});
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_OK);
    pass_ms(20);
    ck_assert(server.open && !was_shown());
}
END_TEST

static const struct {
    const char *cert, *key, *password; /* content; NULL: none; "=": what is right */
    const char *says;
} bad_own[] = {
    {"=", NULL, NULL, "holds no private key"},
    {"", "=", NULL, "tls.cert"},
    {"nothing of the kind\n", "=", NULL, "tls.cert"},
    {"=", "", NULL, "tls.key"},
    {"=", "other", NULL, "none of its certificates belongs to the key"},
    {"=", "encrypted", NULL, "tls.key_password_file"},
    {"=", "encrypted", "rose\n", "does not open it"},
    {"=", "open", NULL, "everybody can read"},
    {"=", "/nonexistent", NULL, "No such file"},
    {"=", "pkcs11:object=x", NULL, "pkcs11"},
};

static void make_key(const char *what, const struct identity *another)
{
    struct identity kept = own;

    if (strcmp(what, "other") == 0)
        own.key = another->key;
    if (what[0] == '/' || strncmp(what, "pkcs11:", 7) == 0)
        snprintf(key_path, sizeof(key_path), "%s", what);
    else if (what[0] == '\0')
        write_text(key_path, "");
    else
        key_save(key_path, strcmp(what, "encrypted") == 0 ? "tulip" : NULL);
    if (strcmp(what, "open") == 0)
        ck_assert_int_eq(chmod(key_path, 0644), 0);
    own = kept;
}

START_TEST(own_certificate_that_is_none)
{
    struct tls_settings settings = {.cert = cert_path};

    if (strcmp(bad_own[_i].cert, "=") != 0) {
        unlink(cert_path);
        write_text(cert_path, bad_own[_i].cert);
    }
    if (bad_own[_i].key) {
        make_key(bad_own[_i].key, &stranger);
        settings.key = key_path;
    }
    if (bad_own[_i].password) {
        write_text(password_path, bad_own[_i].password);
        settings.key_password_file = password_path;
    }
    trust(settings);
    serve_asking();
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_INTERNAL);
    expect_detail(bad_own[_i].says);
}
END_TEST

/* ---- sessions ---- */

/* What the server had in the end: whether the session was an old one. */
static bool resumes(const char *session)
{
    SSL_CTX *kept = served ? server.ctx : NULL;
    char byte;

    if (served) {
        SSL_CTX_up_ref(kept);
        reconnect();
    }
    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    if (kept) { /* tickets of the same server */
        SSL_set_SSL_CTX(server.ssl, kept);
        SSL_CTX_free(server.ctx);
        server.ctx = kept;
        SSL_free(server.ssl);
        server.ssl = SSL_new(kept);
        SSL_set_fd(server.ssl, watch_fd(server.watch));
    }
    handshake_options(&(struct tls_options){.session = session});
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_OK);
    pass_ms(20);
    ck_assert_int_eq(stream_read(stream, &byte, 1), -EAGAIN); /* takes the tickets */
    return SSL_session_reused(server.ssl) == 1;
}

START_TEST(session_is_resumed)
{
    ck_assert(!resumes("https://proxy.test:3129"));
    ck_assert(resumes("https://proxy.test:3129"));
    ck_assert(resumes("https://proxy.test:3129"));
    ck_assert(!resumes("https://proxy.test:3130"));
    ck_assert(!resumes(NULL));
}
END_TEST

/* ---- files that change ---- */

static void ca_replace(const struct identity *by)
{
    char fresh[64] = "/tmp/test_tls.XXXXXX";

    identity_save(by, fresh);
    ck_assert_int_eq(rename(fresh, ca_path), 0);
}

static enum outcome next_handshake(void)
{
    if (served)
        reconnect();
    serve("server", "DNS:proxy.test", &stranger, -DAY, DAY);
    return handshake("proxy.test");
}

START_TEST(changed_files_are_read)
{
    int fd, tries = 100;

    trust((struct tls_settings){.look_ms = 1});
    ck_assert_int_eq(next_handshake(), OUTCOME_TLS_CERTIFICATE);
    ca_replace(&stranger);
    while (next_handshake() != OUTCOME_OK && tries-- > 0)
        pass_ms(50);
    ck_assert_int_gt(tries, 0);
    /* a broken one changes nothing */
    fd = open(ca_path, O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, "broken\n", 7), 7);
    close(fd);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(next_handshake(), OUTCOME_OK);
        pass_ms(50);
    }
    ca_replace(&authority);
    for (tries = 100; next_handshake() == OUTCOME_OK && tries-- > 0;)
        pass_ms(50);
    ck_assert_int_gt(tries, 0);
}
END_TEST

/* ---- the chain ---- */

START_TEST(chain_is_handed_out)
{
    struct identity middle = identity_new("Middle CA", NULL, &stranger, -DAY, DAY);
    STACK_OF(X509) *chain = NULL;

    serve("server", "DNS:proxy.test", &middle, -DAY, DAY);
    SSL_add1_chain_cert(server.ssl, middle.cert);
    handshake_options(&(struct tls_options){.chain = &chain});
    loop_await();
    ck_assert_int_eq(call.outcome, OUTCOME_TLS_CERTIFICATE);
    ck_assert_int_eq(sk_X509_num(chain), 2);
    ck_assert_int_eq(X509_cmp(sk_X509_value(chain, 1), middle.cert), 0);
    sk_X509_pop_free(chain, X509_free);
    identity_free(&middle);
}
END_TEST

/* ---- TLS inside TLS ---- */

/* The inner server's socket, and the outer server that carries its bytes. */
static struct carrier {
    struct watch *near; /* plain bytes of the inner TLS */
    char up[TLS_PIECE], down[TLS_PIECE];
    size_t up_len, down_len;
} carrier;

static void carry(void *ctx, unsigned events)
{
    struct carrier *c = ctx;
    ssize_t n;

    (void)events;
    for (bool moved = true; moved;) {
        moved = false;
        if (c->up_len == 0 &&
            SSL_read_ex(server.ssl, c->up, sizeof(c->up), &c->up_len) != 1)
            c->up_len = 0;
        n = c->up_len > 0 ? write(watch_fd(c->near), c->up, c->up_len) : 0;
        if (n > 0) {
            memmove(c->up, c->up + n, c->up_len - (size_t)n);
            c->up_len -= (size_t)n;
            moved = true;
        }
        if (c->down_len == 0) {
            n = read(watch_fd(c->near), c->down, sizeof(c->down));
            c->down_len = n > 0 ? (size_t)n : 0;
        }
        if (c->down_len > 0 &&
            SSL_write_ex(server.ssl, c->down, c->down_len, &(size_t){0}) == 1) {
            c->down_len = 0;
            moved = true;
        }
    }
}

static void carry_outer(void *ctx, unsigned events)
{
    (void)ctx;
    carry(&carrier, events);
}

START_TEST(tls_inside_tls)
{
    static char bytes[300000], back[300000];
    struct identity id = identity_new("inner", "DNS:inner.test", &authority, -DAY, DAY);
    struct tls_server inner;
    size_t sent = 0, got = 0;
    int ends[2], outer_fd;

    serve("server", "DNS:proxy.test", &authority, -DAY, DAY);
    ck_assert_int_eq(handshake("proxy.test"), OUTCOME_OK);
    pass_ms(20);
    pair_open(ends);
    outer_fd = dup(watch_fd(server.watch));
    watch_close(server.watch);
    server.watch = watch_new(loop, outer_fd, carry_outer, NULL);
    SSL_set_fd(server.ssl, outer_fd);
    watch_want(server.watch, WATCH_READ);
    carrier = (struct carrier){.near = watch_new(loop, ends[0], carry, &carrier)};
    watch_want(carrier.near, WATCH_READ);
    tls_server_start(&inner, ends[1], &id);
    inner.to_send = sizeof(back);
    ck_assert_int_eq(handshake(_i == 0 ? "inner.test" : "other.test"),
                     _i == 0 ? OUTCOME_OK : OUTCOME_TLS_CERTIFICATE);
    pattern_fill(bytes, sizeof(bytes), 0);
    for (int round = 0;
         _i == 0 && round < 5000 && (sent < sizeof(bytes) || got < sizeof(back));
         round++) {
        ssize_t n = sent < sizeof(bytes)
                        ? stream_write(stream, bytes + sent, sizeof(bytes) - sent)
                        : 0;

        sent += n > 0 ? (size_t)n : 0;
        n = got < sizeof(back) ? stream_read(stream, back + got, sizeof(back) - got)
                               : 0;
        got += n > 0 ? (size_t)n : 0;
        pass_ms(1);
        carry(&carrier, 0);
    }
    if (_i == 0) {
        pass_ms(20);
        ck_assert_uint_eq(inner.received, sizeof(bytes));
        ck_assert_uint_eq(got, sizeof(back));
        pattern_check(back, got, 0);
        ck_assert_int_eq(stream_splice_fd(stream), -1);
    }
    tls_server_stop(&inner);
    watch_close(carrier.near);
    identity_free(&id);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls trust");
    TCase *tcase = tcase_create("trust");
    TCase *identity = tcase_create("own certificate");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, pin, 0, COUNT(pins));
    tcase_add_loop_test(tcase, weak_ca, 0, 4);
    tcase_add_test(tcase, session_is_resumed);
    tcase_add_test(tcase, changed_files_are_read);
    tcase_add_test(tcase, chain_is_handed_out);
    tcase_add_loop_test(tcase, tls_inside_tls, 0, 2);
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(identity, own_begin, own_end);
    tcase_set_timeout(identity, 30);
    tcase_add_loop_test(identity, own_certificate, 0, KINDS);
    tcase_add_test(identity, own_certificate_is_withheld);
    tcase_add_loop_test(identity, own_certificate_that_is_none, 0, COUNT(bad_own));
    suite_add_tcase(suite, identity);
    return suite_run(suite);
}
