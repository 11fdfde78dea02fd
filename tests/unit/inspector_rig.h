/*
 * inspector_rig: a proxy that inspects TLS, in a thread of its own: it takes each
 * CONNECT and shows the certificates that are set for that host. It counts what comes
 * behind the handshake.
 */
#ifndef CCGATE_TESTS_UNIT_INSPECTOR_RIG_H
#define CCGATE_TESTS_UNIT_INSPECTOR_RIG_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "ca_rig.h"
#include "verbs.h"

/* What a host shows: the certificate of a server, and what is sent behind it. */
struct shown {
    const char *host;  /* "one.test"; the last one has NULL */
    const char *names; /* of the test PKI; NULL: the proxy refuses */
    bool http2;        /* is taken if it is offered */
};

static struct inspector {
    int door;
    uint16_t port;
    const struct shown *shown;
    pthread_t thread;
    size_t asked, behind; /* requests, and bytes behind handshakes */
    struct wire_way way;
} inspector;

static inline SSL_CTX *inspector_context(const char *names)
{
    struct span rest = span_of(names), word;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    bool first = true;

    SSL_CTX_set_security_level(ctx, 0);
    while (span_next(&rest, " ", &word)) {
        char name[32];

        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(word));
        if (first) {
            SSL_CTX_use_certificate(ctx, testpki_cert(pki, name));
            SSL_CTX_use_PrivateKey(ctx, testpki_key(pki, name));
        } else {
            SSL_CTX_add1_chain_cert(ctx, testpki_cert(pki, name));
        }
        first = false;
    }
    return ctx;
}

static inline int inspector_choose(SSL *ssl, const unsigned char **out,
                                   unsigned char *len, const unsigned char *offered,
                                   unsigned offered_len, void *arg)
{
    static const unsigned char WANTED[] = "\x02h2\x08http/1.1";

    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)out, len, WANTED,
                                 sizeof(WANTED) - 1, offered,
                                 offered_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static inline void inspector_talk(int fd, const struct shown *shown)
{
    SSL_CTX *ctx = inspector_context(shown->names);
    SSL *ssl;
    char bytes[256];

    if (shown->http2)
        SSL_CTX_set_alpn_select_cb(ctx, inspector_choose, NULL);
    ssl = SSL_new(ctx);

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        int n = SSL_read(ssl, bytes, sizeof(bytes));

        inspector.behind += n > 0 ? (size_t)n : 0;
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

/* The row of the host that the CONNECT names, or NULL. */
static inline const struct shown *inspector_hear(int fd)
{
    char head[2048] = "";
    size_t len = 0;

    while (len < sizeof(head) - 1 && strstr(head, "\r\n\r\n") == NULL) {
        ssize_t n = recv(fd, head + len, sizeof(head) - 1 - len, 0);

        if (n <= 0)
            return NULL;
        len += (size_t)n;
        head[len] = '\0';
    }
    for (const struct shown *s = inspector.shown; s->host != NULL; s++) {
        char start[128];

        snprintf(start, sizeof(start), "CONNECT %s:", s->host);
        if (strncmp(head, start, strlen(start)) == 0)
            return s;
    }
    return NULL;
}

static inline void *inspector_run(void *arg)
{
    static const char OK[] = "HTTP/1.1 200 OK\r\n\r\n";
    static const char NO[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    int fd;

    while ((fd = accept(inspector.door, NULL, NULL)) >= 0) {
        const struct shown *shown = inspector_hear(fd);
        bool opens = shown != NULL && shown->names != NULL;

        inspector.asked++;
        if (send(fd, opens ? OK : NO, strlen(opens ? OK : NO), MSG_NOSIGNAL) > 0 &&
            opens)
            inspector_talk(fd, shown);
        close(fd);
    }
    return arg;
}

static inline void inspector_listen(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inspector = (struct inspector){.door = socket(AF_INET, SOCK_STREAM, 0)};
    ck_assert_int_eq(bind(inspector.door, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(inspector.door, 16), 0);
    ck_assert_int_eq(getsockname(inspector.door, (struct sockaddr *)&a, &len), 0);
    inspector.port = ntohs(a.sin_port);
}

/* As the way out of the verbs, which have no terminal. */
static inline void inspector_begin(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct buf messages;
    char yaml[512];

    ca_begin();
    ck_assert_int_eq(dup2(null, STDIN_FILENO), STDIN_FILENO);
    close(null);
    inspector_listen();
    snprintf(yaml, sizeof(yaml),
             "proxy: http://127.0.0.1:%u\nstate_dir: %s\nruntime_dir: %s\n"
             "log: {level: error}\ntimeout: {tls: 5s, answer: 5s}\n",
             (unsigned)inspector.port, state, folder);
    buf_init(&messages, 65536);
    inspector.way = (struct wire_way){
        .config = config_parse_text("test", span_of(yaml), &messages),
        .is_self = verb_is_self,
        .target = verb_target,
    };
    ck_assert_msg(inspector.way.config != NULL, "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    verb_log_quietly(inspector.way.config);
    ca.way = &inspector.way;
}

static inline void inspector_show(const struct shown *shown)
{
    inspector.shown = shown;
    ck_assert_int_eq(pthread_create(&inspector.thread, NULL, inspector_run, NULL), 0);
}

static inline void inspector_end(void)
{
    if (inspector.shown != NULL) {
        ck_assert_int_eq(shutdown(inspector.door, SHUT_RDWR), 0);
        ck_assert_int_eq(pthread_join(inspector.thread, NULL), 0);
    }
    close(inspector.door);
    ck_assert_uint_eq(inspector.behind, 0);
    config_unref(inspector.way.config);
    ca_end();
}

/* Runs a verb with hosts, of which each is a word of `words`. */
static inline int with_hosts(const char *words,
                             int (*verb)(const struct ca *ca, const char *const *hosts,
                                         size_t count))
{
    struct span rest = span_of(words), word;
    char *hosts[16] = {NULL};
    size_t count = 0;
    int result;

    while (count < 16 && span_next(&rest, " ", &word))
        if (word.len > 0)
            hosts[count++] = span_dup(word);
    capture_begin();
    result = verb(&ca, (const char *const *)hosts, count);
    capture_end();
    while (count > 0)
        free(hosts[--count]);
    return result;
}

#endif
