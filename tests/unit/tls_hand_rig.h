/*
 * tls_hand_rig: a handshake of ours with a server of the test's, and its result.
 */
#ifndef CCGATE_TESTS_UNIT_TLS_HAND_RIG_H
#define CCGATE_TESTS_UNIT_TLS_HAND_RIG_H

#include "up/tls.h"

#include "tls_rig.h"

#define DAY (24 * 3600)

static struct identity authority, stranger;
static char ca_path[64];
static struct tls_context *context;
static struct stream *stream;
static struct tls_server server;
static bool served;
static int far;

static struct call {
    struct tls_handshake *handshake;
    bool done;
    enum outcome outcome;
    char detail[600];
    struct tls_end_point end_point;
} call;

static inline void begin(void)
{
    int ends[2];
    char *files[] = {ca_path, NULL};

    loop_begin();
    authority = identity_new("Test CA", NULL, NULL, -DAY, DAY);
    stranger = identity_new("Strange CA", NULL, NULL, -DAY, DAY);
    snprintf(ca_path, sizeof(ca_path), "/tmp/test_tls.XXXXXX");
    identity_save(&authority, ca_path);
    context = tls_context_new(loop, &(struct tls_settings){.places = {.files = files}});
    ck_assert_ptr_nonnull(context);
    pair_open(ends);
    stream = stream_new(loop, ends[0]);
    far = ends[1];
    served = false;
}

static inline void end(void)
{
    stream_close(stream);
    if (served)
        tls_server_stop(&server);
    else if (far >= 0)
        close(far);
    tls_context_unref(context);
    identity_free(&authority);
    identity_free(&stranger);
    unlink(ca_path);
    loop_end();
}

static inline void serve(const char *name, const char *san,
                         const struct identity *issuer, long from, long until)
{
    struct identity id = identity_new(name, san, issuer, from, until);

    tls_server_start(&server, far, &id);
    served = true;
    identity_free(&id);
}

static inline void handshaken(void *ctx, enum outcome outcome, const char *detail)
{
    ck_assert_ptr_eq(ctx, &call);
    ck_assert_msg(call.handshake != NULL, "called before tls_start() returned");
    ck_assert_msg(!call.done, "called twice, or after its cancel");
    ck_assert((detail == NULL) == (outcome == OUTCOME_OK));
    call.done = true;
    call.outcome = outcome;
    snprintf(call.detail, sizeof(call.detail), "%s", detail ? detail : "");
    loop_stop(loop);
}

/* What the options do not say is as usual: the name proxy.test, and 10 s. */
static inline void handshake_options(struct tls_options *options)
{
    call = (struct call){.done = false};
    options->loop = loop;
    options->context = context;
    options->stream = stream;
    options->end_point = &call.end_point;
    if (options->host == NULL)
        options->host = "proxy.test";
    if (options->timeout_ms == 0)
        options->timeout_ms = 10000;
    call.handshake = tls_start(options, handshaken, &call);
    ck_assert_ptr_nonnull(call.handshake);
    ck_assert(!call.done);
}

static inline void handshake_begin(const char *host, uint64_t timeout_ms)
{
    handshake_options(&(struct tls_options){.host = host, .timeout_ms = timeout_ms});
}

static inline enum outcome handshake(const char *host)
{
    handshake_begin(host, 10000);
    loop_await();
    ck_assert(call.done);
    return call.outcome;
}

#endif
