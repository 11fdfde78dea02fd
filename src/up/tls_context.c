/*
 * tls_context: the trust of tls.h: who waits for it, and when it is read again.
 */
#include "up/tls_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "up/tls_load.h"

#define LOOK_MS 5000

struct tls_context {
    unsigned refs;
    struct loop *loop;
    struct tls_settings settings;
    struct work *work; /* a load is under way */
    struct tls_load *load;
    SSL_CTX *ssl;   /* NULL: none could be loaded so far */
    uint64_t state; /* of the files, as they were looked at last */
    uint64_t looked_ms;
    struct tls_sessions *sessions;
    char error[512];
    struct tls_waiter waiters; /* list head */
    struct deferred notify;
};

/* ---- those who wait ---- */

static void waiters_notify(void *ctx)
{
    struct tls_context *c = ctx;

    tls_context_ref(c);
    while (c->waiters.next != &c->waiters) {
        struct tls_waiter *waiter = c->waiters.next;

        tls_context_leave(waiter);
        waiter->ready(waiter);
    }
    tls_context_unref(c);
}

void tls_context_leave(struct tls_waiter *waiter)
{
    if (!waiter->next)
        return;
    waiter->prev->next = waiter->next;
    waiter->next->prev = waiter->prev;
    waiter->next = waiter->prev = NULL;
}

/* ---- the load ---- */

/* What was resumed with the trust of before is not resumed with the new one. */
static void trust_take(struct tls_context *c, SSL_CTX *ssl)
{
    struct tls_sessions *sessions = tls_sessions_new();

    if (!sessions) {
        SSL_CTX_free(ssl);
        return;
    }
    if (c->ssl)
        LOG_INFO("tls_files_reloaded");
    SSL_CTX_free(c->ssl);
    tls_sessions_free(c->sessions);
    c->ssl = ssl;
    c->sessions = sessions;
}

/* A worker does not log. */
static void log_problems(const struct bundle *held)
{
    for (size_t i = 0; i < held->problem_count; i++)
        if (held->problems[i].weight != BUNDLE_NOTE)
            LOG_WARN("certificate", LOG_TEXT("problem", held->problems[i].text));
}

static void load_done(void *ctx)
{
    struct tls_context *c = ctx;
    struct tls_load *load = c->load;

    c->work = NULL;
    log_problems(&load->held);
    c->state = load->state;
    c->looked_ms = loop_now(c->loop);
    memcpy(c->error, load->error, sizeof(c->error));
    if (load->ssl)
        trust_take(c, load->ssl);
    else if (c->ssl && c->error[0])
        LOG_WARN("tls_files_broken", LOG_TEXT("why", c->error));
    load->ssl = NULL;
    waiters_notify(c);
}

static bool load_start(struct tls_context *c)
{
    struct tls_load *load = tls_load_new(&c->settings, c->ssl ? c->state : 0);

    if (!load)
        return false;
    c->work = work_start(c->loop, tls_load_run, load, tls_load_free, load_done, c);
    if (!c->work) {
        tls_load_free(load);
        return false;
    }
    c->load = load;
    return true;
}

/* Nobody waits for a look at files that were good a moment ago. */
static void look_again(struct tls_context *c)
{
    uint64_t limit = c->settings.look_ms ? c->settings.look_ms : LOOK_MS;

    if (!c->work && loop_now(c->loop) - c->looked_ms >= limit)
        (void)load_start(c);
}

void tls_context_wait(struct tls_context *c, struct tls_waiter *waiter)
{
    waiter->next = &c->waiters;
    waiter->prev = c->waiters.prev;
    waiter->prev->next = waiter;
    c->waiters.prev = waiter;
    if (c->ssl) {
        look_again(c);
        defer(c->loop, &c->notify);
    } else if (!c->work && !load_start(c)) {
        snprintf(c->error, sizeof(c->error), "out of memory");
        defer(c->loop, &c->notify);
    }
}

SSL_CTX *tls_context_get(struct tls_context *c)
{
    return c->ssl;
}

const char *tls_context_error(const struct tls_context *c)
{
    return c->error;
}

struct tls_sessions *tls_context_sessions(struct tls_context *c)
{
    return c->sessions;
}

const struct tls_settings *tls_context_settings(const struct tls_context *c)
{
    return &c->settings;
}

/* ---- life ---- */

struct tls_context *tls_context_new(struct loop *loop,
                                    const struct tls_settings *settings)
{
    struct tls_context *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->refs = 1;
    c->loop = loop;
    c->waiters.next = c->waiters.prev = &c->waiters;
    deferred_init(&c->notify, waiters_notify, c);
    if (tls_settings_copy(&c->settings, settings))
        return c;
    free(c);
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
    c->refs++;
    return c;
}

void tls_context_unref(struct tls_context *c)
{
    if (!c || --c->refs > 0)
        return;
    work_cancel(c->work);
    defer_cancel(&c->notify);
    tls_settings_clear(&c->settings);
    SSL_CTX_free(c->ssl);
    tls_sessions_free(c->sessions);
    free(c);
}
