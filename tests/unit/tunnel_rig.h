/*
 * tunnel_rig: a tunnel's surroundings: connections to a scripted proxy, a login, a
 * guard.
 */
#ifndef CCGATE_TESTS_UNIT_TUNNEL_RIG_H
#define CCGATE_TESTS_UNIT_TUNNEL_RIG_H

#include "up/tunnel.h"

#include "auth/memory.h"
#include "proxy_rig.h"

#define ASK(rest)                                                                      \
    "HTTP/1.1 407 Proxy Authentication Required\r\n"                                   \
    "Proxy-Authenticate: Basic realm=\"corp\"\r\n" rest
#define LOGIN "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"
#define MANY  (50u * 1024 * 1024)

static struct proxy proxy;
static struct guard *guard;
static struct auth_memory *memory;
static struct config_login login;
static struct auth *auth;
static struct stream *stream;

static struct call {
    struct tunnel *tunnel;
    bool done;
    struct tunnel_result result;
    char detail[256];
} call;

static void begin(void)
{
    loop_begin();
    guard = guard_new(loop, NULL);
    memory = auth_memory_new();
    ck_assert_ptr_nonnull(guard);
    ck_assert_ptr_nonnull(memory);
    login = (struct config_login){.login_name = span_dup(SPAN("alice")),
                                  .password = secret_new(SPAN("secret"))};
}

static inline void disconnect(void)
{
    auth_free(auth);
    stream_close(stream);
    auth = NULL;
    stream = NULL;
}

static void end(void)
{
    disconnect();
    proxy_stop(&proxy);
    guard_free(guard);
    auth_memory_free(memory);
    secret_free(login.password);
    free(login.login_name);
    loop_end();
}

static inline void ended(void *ctx, const struct tunnel_result *result)
{
    ck_assert_ptr_eq(ctx, &call);
    ck_assert_msg(call.tunnel != NULL, "called before tunnel_start() returned");
    ck_assert_msg(!call.done, "called twice, or after its cancel");
    call.done = true;
    call.result = *result;
    snprintf(call.detail, sizeof(call.detail), "%s",
             result->detail ? result->detail : "");
    if (result->outcome == OUTCOME_OK)
        ck_assert_ptr_null(result->detail);
    loop_stop(loop);
}

/* A connection of its own to the proxy, and CONNECT over it. */
static inline void ask_for(struct span host, int send_buffer, uint64_t answer_ms,
                           uint64_t body_ms, char *const *header)
{
    bool asked = call.result.again;
    int ends[2];

    disconnect();
    pair_open(ends);
    if (send_buffer)
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
    proxy_serve(&proxy, ends[1]);
    stream = stream_new(loop, ends[0]);
    auth = auth_new(&(struct auth_options){.loop = loop,
                                           .guard = guard,
                                           .memory = memory,
                                           .hop = "http://wp1.corp:8080",
                                           .login = &login});
    ck_assert_ptr_nonnull(stream);
    ck_assert_ptr_nonnull(auth);
    call = (struct call){.done = false};
    call.tunnel = tunnel_start(&(struct tunnel_options){.loop = loop,
                                                        .stream = stream,
                                                        .auth = auth,
                                                        .host = host,
                                                        .port = 443,
                                                        .via = SPAN("Via: 1.1 me\r\n"),
                                                        .header = header,
                                                        .answer_ms = answer_ms,
                                                        .login_ms = 5000,
                                                        .body_ms = body_ms,
                                                        .body_limit = 256 * 1024,
                                                        .asked = asked},
                               ended, &call);
    ck_assert_ptr_nonnull(call.tunnel);
    ck_assert(!call.done);
}

static inline void ask(uint64_t answer_ms, uint64_t body_ms, char *const *header)
{
    ask_for(SPAN("example.test"), 0, answer_ms, body_ms, header);
}

/* Asks over fresh connections while the login can go on over one. */
static inline void dialogue(uint64_t answer_ms, uint64_t body_ms)
{
    for (int i = 0; i < 4; i++) {
        ask(answer_ms, body_ms, NULL);
        loop_await();
        ck_assert(call.done);
        if (!call.result.again)
            return;
    }
    ck_abort_msg("again and again");
}

#endif
