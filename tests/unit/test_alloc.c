/*
 * test_alloc: whatever allocation fails, nothing crashes, leaks or hangs.
 *
 * The scenarios of requests and what they rest on; alloc_rig.h runs them. While
 * failures are due nothing of Check is called, since it allocates, too.
 */
#include <arpa/inet.h>
#include <poll.h>

#include "alloc_rig.h"
#include "config/internal.h"
#include "fwd/relay.h"
#include "fwd/server.h"
#include "fwd/session.h"
#include "http/chunked.h"
#include "http/forward.h"
#include "loop_rig.h"

#define HANG_MS 5000 /* of one run */

/* ---- pure code ---- */

static const char *read_heads(bool whole)
{
    static const char text[] =
        "GET http://example.test/ HTTP/1.1\r\n"
        "Host: example.test\r\nVia: 1.1 a, 1.1 b\r\n"
        "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\n"
        "H: 8\r\nI: 9\r\nJ: 10\r\nK: 11\r\nL: 12\r\nM: 13\r\n"
        "N: 14\r\nO: 15\r\nP: 16\r\nQ: 17\r\nR: 18\r\n\r\n";
    char bytes[sizeof(text)];
    const char *wrong = NULL;
    struct head head;
    struct buf out;
    struct url url;

    memcpy(bytes, text, sizeof(text));
    head_init(&head);
    buf_init(&out, HEAD_LIMIT);
    enum head_progress progress = head_read_request(&head, bytes, sizeof(text) - 1);
    if (progress == HEAD_DONE && !url_parse(&url, head.target)) {
        struct framing framing = {.kind = FRAMING_NONE};
        int error = forward_request(&out, &(struct forward_request){.head = &head,
                                                                    .url = &url,
                                                                    .absolute = true,
                                                                    .framing = &framing,
                                                                    .via = SPAN("me")});

        if (error && error != -ENOMEM)
            wrong = "another error";
        if (error && out.len > 0)
            wrong = "half a head";
        if (whole && error)
            wrong = "no head";
    } else if (progress != HEAD_NO_MEMORY || whole) {
        wrong = "another verdict";
    }
    buf_clear(&out);
    head_clear(&head);
    return wrong;
}

static const char *read_chunks(bool whole)
{
    static const char text[] =
        "5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n";
    struct span in = {text, sizeof(text) - 1}, data;
    enum chunked_progress progress;
    const char *wrong = NULL;
    struct chunked chunked;
    struct buf out;
    int error = 0;

    chunked_init(&chunked, true);
    buf_init(&out, 4096);
    while ((progress = chunked_read(&chunked, &in, &data)) == CHUNKED_DATA)
        error = error ? error : chunked_write(&out, data);
    error = error ? error : chunked_finish(&out, buf_span(&chunked.trailers));
    if (error && error != -ENOMEM)
        wrong = "another error";
    if (progress == CHUNKED_MORE || (progress == CHUNKED_BAD && !chunked.error))
        wrong = "neither read nor refused";
    if (whole && (error || progress != CHUNKED_END))
        wrong = "not read";
    buf_clear(&out);
    chunked_clear(&chunked);
    return wrong;
}

/* ---- configuration, routes ---- */

static const char yaml[] = "listen: [\"127.0.0.1:3128\", \"localhost:3129\"]\n"
                           "proxy:\n"
                           "  - http://wp1.corp:8080\n"
                           "  - url: http://bob@wp2.corp:8080\n"
                           "    header: [\"X-Site: HQ\"]\n"
                           "noproxy: [\"*.corp\", \"10.0.0.0/8\", \"<local>\"]\n"
                           "rules:\n"
                           "  - {host: [x.lab], via: [http://wp3.corp:1, wp1.corp:2]}\n"
                           "  - y.lab refuse\n"
                           "outside: direct\n"
                           "username: CORP\\alice\n"
                           "header: [\"X-All: 1\"]\n"
                           "allow: [192.0.2.0/24]\n"
                           "allow_users: [root]\n"
                           "timeout: {head: 10s, idle: 1h}\n";

static const char *load_config(bool whole)
{
    struct config_setting settings[] = {{"log.level", "debug"}, {"tls.ca", "/a,/b"}};
    char home[] = "HOME=/nonexistent", variable[] = "CCGATE_AUTH=basic";
    char *environment[] = {home, variable, NULL};
    char path[] = "/tmp/test_alloc.XXXXXX";
    const char *wrong = NULL;
    struct buf messages, out;
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, yaml, sizeof(yaml) - 1) < 0)
        return "no file";
    close(fd);
    buf_init(&messages, 65536);
    buf_init(&out, 65536);
    struct config *config =
        config_load(&(struct config_sources){.file = path,
                                             .environment = environment,
                                             .settings = settings,
                                             .setting_count = 2,
                                             .root = "/nonexistent"},
                    &messages);
    if (whole && !config) {
        static char text[1024];

        snprintf(text, sizeof(text), "not loaded: %.*s", SPAN_ARG(buf_span(&messages)));
        wrong = text;
    }
    if (config) {
        int error = config_dump(config, true, &out);

        if (error && (whole || error != -ENOMEM))
            wrong = "not dumped";
    }
    config_unref(config);
    buf_clear(&messages);
    buf_clear(&out);
    unlink(path);
    return wrong;
}

static const char *decide_routes(bool whole)
{
    static const char *const hosts[] = {"a.corp",    "10.1.2.3", "example.test",
                                        "127.0.0.1", "x.lab",    "y.lab"};
    static char variable[] = "HTTPS_PROXY=http://env.corp:3128",
                exempt[] = "NO_PROXY=.local, 192.0.2.0/24";
    char *environment[] = {variable, exempt, NULL};
    const char *wrong = NULL;
    struct buf messages;

    buf_init(&messages, 65536);
    struct config *config = config_parse_text("test", span_of(yaml), &messages);
    struct router *router = config ? router_new(&(struct router_options){
                                         .config = config, .environment = environment})
                                   : NULL;
    for (int i = 0; router && i < COUNT(hosts); i++) {
        struct route *route = route_decide(
            router, &(struct route_request){
                        .host = span_of(hosts[i]), .port = 443, .secure = true});

        if (whole && (!route || !route->why))
            wrong = "no route";
        route_unref(route);
    }
    if (whole && !router)
        wrong = "no router";
    router_free(router);
    config_unref(config);
    buf_clear(&messages);
    return wrong;
}

/* ---- with a loop ---- */

static bool hung;

static void hang(void *ctx)
{
    (void)ctx;
    hung = true;
    loop_stop(loop);
}

static void await(void)
{
    struct deadline limit;

    deadline_init(&limit, hang, NULL);
    deadline_set(loop, &limit, HANG_MS);
    loop_run(loop);
    deadline_clear(loop, &limit);
}

static const char *loop_over(const char *wrong)
{
    int error = loop_free(loop);

    loop = NULL;
    if (hung)
        return "it hangs";
    return error ? "something was left on the loop" : wrong;
}

struct step {
    bool done;
    enum outcome outcome;
};

static void stepped(void *ctx, enum outcome outcome, const char *detail)
{
    struct step *step = ctx;

    (void)detail;
    *step = (struct step){true, outcome};
    loop_stop(loop);
}

static const char *log_in(bool whole)
{
    static char user[] = "alice";
    static char answer[] = "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n";
    struct config_login login = {.login_name = user,
                                 .password = secret_new(SPAN("secret"))};
    struct guard *guard = NULL;
    struct auth_memory *memory = auth_memory_new();
    struct auth *auth = NULL;
    struct step step = {false, OUTCOME_INTERNAL};
    const char *wrong = NULL;
    struct head head;

    hung = false;
    head_init(&head);
    loop = loop_new();
    guard = loop ? guard_new(loop, NULL) : NULL;
    if (guard && memory && login.password)
        auth = auth_new(&(struct auth_options){.loop = loop,
                                               .guard = guard,
                                               .memory = memory,
                                               .hop = "http://wp1.corp:8080",
                                               .login = &login});
    if (auth && head_read_response(&head, answer, sizeof(answer) - 1) == HEAD_DONE) {
        const struct auth_request request = {.method = SPAN("CONNECT"),
                                             .uri = SPAN("origin.test:443")};

        auth_step(auth, &request, NULL, stepped, &step);
        await();
        auth_sent(auth);
        step.done = false;
        auth_step(auth, &request, &head, stepped, &step);
        await();
        if (!step.done)
            wrong = "no answer";
        if (step.outcome != OUTCOME_OK && step.outcome != OUTCOME_INTERNAL)
            wrong = "another outcome";
        if (step.outcome == OUTCOME_OK) {
            auth_sent(auth);
            auth_settle(auth, NULL, NULL);
        }
    }
    if (whole && step.outcome != OUTCOME_OK)
        wrong = "no login";
    head_clear(&head);
    auth_free(auth);
    auth_memory_free(memory);
    guard_free(guard);
    secret_free(login.password);
    return loop ? loop_over(wrong) : wrong;
}

/* ---- a proxy in a thread ---- */

static struct upstream_thread {
    pthread_t thread;
    int door;
    uint16_t port;
} proxy;

static bool ready(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, HANG_MS) == 1;
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Asks for a login, opens tunnels that echo, and answers GET. */
static void serve_one(int fd)
{
    char bytes[8192];
    size_t len = 0;
    ssize_t n;

    while (ready(fd) && (n = recv(fd, bytes + len, sizeof(bytes) - 1 - len, 0)) > 0) {
        len += (size_t)n;
        bytes[len] = '\0';
        if (!strstr(bytes, "\r\n\r\n"))
            continue;
        len = 0;
        if (!strstr(bytes, "Proxy-Authorization:")) {
            say(fd, "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                    "Content-Length: 5\r\n\r\nlogin");
        } else if (strncmp(bytes, "CONNECT", 7) == 0) {
            say(fd, "HTTP/1.1 200 OK\r\n\r\nglued ");
            while (ready(fd) && (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
                (void)!send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
            return;
        } else {
            say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
                    "5\r\nhello\r\n0\r\nC: d\r\n\r\n");
        }
    }
}

static void *proxy_run(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(proxy.door, NULL, NULL)) >= 0) {
        serve_one(fd);
        close(fd);
    }
    return NULL;
}

static void proxy_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    proxy.port = 0;
    proxy.door = door_open(1, &proxy.port, 64);
    fcntl(proxy.door, F_SETFL, 0);
    ck_assert_int_eq(pthread_create(&proxy.thread, NULL, proxy_run, NULL), 0);
}

static void proxy_end(void)
{
    shutdown(proxy.door, SHUT_RDWR);
    pthread_join(proxy.thread, NULL);
    close(proxy.door);
}

/* ---- whole requests ---- */

static void stop_without_sessions(void *ctx)
{
    const struct server *server = ctx;

    if (server->session_count == 0)
        loop_stop(loop);
}

/* A session whose client has said `request` already; what it got is in answer[]. */
static char answer[16384];

static void session_run(struct server *server, const char *request, bool fin)
{
    struct netaddr nameless = {.len = sizeof(sa_family_t)};
    int ends[2];
    ssize_t n;
    size_t len = 0;

    nameless.u.sa.sa_family = AF_UNIX;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    say(ends[1], request);
    if (fin)
        shutdown(ends[1], SHUT_WR);
    session_start(server, ends[0], &nameless, &nameless, NULL);
    loop_on_idle(loop, stop_without_sessions, server);
    await();
    while ((n = recv(ends[1], answer + len, sizeof(answer) - 1 - len, 0)) > 0)
        len += (size_t)n;
    answer[len] = '\0';
    close(ends[1]);
}

static struct config *config_make(void)
{
    char text[512];
    struct buf messages;

    snprintf(text, sizeof(text),
             "proxy: [\"http://alice@127.0.0.1:%u\"]\nallow_users: [\"*\"]\n"
             "relay: copy\nresolver: dns\n"
             "timeout: {linger: 10ms, client_idle: 1s}\n",
             proxy.port);
    buf_init(&messages, 65536);
    struct config *config = config_parse_text("test", span_of(text), &messages);
    if (!config)
        fprintf(stderr, "%.*s\n", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    if (config) {
        config->proxy[0].login.password = secret_new(SPAN("secret"));
        free(config->state_dir); /* the key of a login takes long */
        config->state_dir = NULL;
    }
    return config;
}

static const char *request_made(const char *request, bool fin, bool whole,
                                const char *part)
{
    bool was_armed = armed;
    const char *wrong = NULL;

    answer[0] = '\0';
    hung = armed = false;
    struct config *config = config_make(); /* has a scenario of its own */
    armed = was_armed;
    if (!config || !config->proxy[0].login.password)
        return "no configuration";
    loop = loop_new();
    struct egress *egress = loop ? egress_new(loop, config) : NULL;
    struct server *server = egress ? server_new(loop, egress, config) : NULL;
    if (server) {
        session_run(server, request, fin);
        if (server->session_count > 0)
            wrong = "the session goes on";
    }
    if (whole && !strstr(answer, part))
        wrong = answer;
    server_free(server);
    egress_free(egress);
    config_unref(config);
    return loop ? loop_over(wrong) : wrong;
}

static const char *connect_through(bool whole)
{
    return request_made("CONNECT example.test:443 HTTP/1.1\r\n"
                        "Host: example.test:443\r\n\r\nping",
                        true, whole, "established\r\n\r\nglued ping");
}

static const char *get_through(bool whole)
{
    return request_made("GET http://example.test/ HTTP/1.1\r\nHost: example.test\r\n"
                        "Connection: close\r\n\r\n",
                        false, whole, "hello");
}

static const char *post_through(bool whole)
{
    (void)whole; /* the proxy does not speak of bodies: only the end is looked at */
    return request_made("POST http://example.test/ HTTP/1.1\r\nHost: example.test\r\n"
                        "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nabc\r\n0\r\n\r\n",
                        false, false, "");
}

static scenario *const scenarios[] = {read_heads,    read_chunks, load_config,
                                      decide_routes, log_in,      connect_through,
                                      get_through,   post_through};

START_TEST(any_allocation_may_fail)
{
    proxy_begin();
    const char *wrong = scenarios[_i](true); /* also opens what stays open for good */
    proxy_end();
    ck_assert_msg(!wrong, "without a failure: %s", wrong);
    int descriptors = descriptors_open();
    proxy_begin();
    exhaust(scenarios[_i]);
    proxy_end();
    ck_assert_int_eq(descriptors_open(), descriptors);
}
END_TEST

static void begin(void)
{
    const struct log_options quiet = {.to = "/dev/null", .level = LOG_LEVEL_DEBUG};

    log_open(&quiet);
}

static void end(void)
{
    log_close();
}

int main(void)
{
    Suite *suite = suite_create("alloc");
    TCase *tcase = tcase_create("alloc");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, any_allocation_may_fail, 0, COUNT(scenarios));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
