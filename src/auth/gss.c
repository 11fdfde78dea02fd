/*
 * gss: who may call the library, who waits, and who is told what. See gss.h.
 *
 * Calls wait in one list and run in another. Every event (a new call, one that came
 * back, one that took too long) ends in dispatch(), which answers or starts what waits,
 * in the order of asking.
 */
#include "auth/gss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gss_crew.h"
#include "base/buf.h"
#include "base/log.h"

/* What took too long and is not tried again for a while. */
struct rest {
    struct rest *next;
    char *key;
    uint64_t until;
};

struct gss {
    struct gss_options o;
    struct gss_crew *crew;
    struct gss_call *waiting; /* the one that asked first, first */
    struct gss_call *running; /* those that are stuck, too */
    struct rest *rests;
    struct deadline limit;
    struct deferred turn;
};

struct gss_context {
    struct gss *gss;
    char *key;
    struct gss_target target;
    void *state;           /* the maker's; NULL while a call has it */
    struct gss_call *call; /* waiting or running */
    gss_callback *callback;
    void *ctx;
};

/* ---- lists ---- */

static void list_append(struct gss_call **list, struct gss_call *call)
{
    while (*list != NULL)
        list = &(*list)->sibling;
    call->sibling = NULL;
    *list = call;
}

static bool list_remove(struct gss_call **list, const struct gss_call *call)
{
    while (*list != NULL && *list != call)
        list = &(*list)->sibling;
    if (*list == NULL)
        return false;
    *list = call->sibling;
    return true;
}

static struct gss_call *running_for(const struct gss *gss, const char *key)
{
    struct gss_call *call = gss->running;

    while (call != NULL && strcmp(call->key, key) != 0)
        call = call->sibling;
    return call;
}

static unsigned count_running(const struct gss *gss, bool stuck_only)
{
    unsigned n = 0;

    for (const struct gss_call *call = gss->running; call; call = call->sibling)
        n += !stuck_only || call->stuck;
    return n;
}

/* ---- rests ---- */

/* Also drops those that are over. */
static bool rests(struct gss *gss, const char *key)
{
    struct rest **at = &gss->rests;
    bool found = false;

    while (*at != NULL) {
        struct rest *rest = *at;

        if (rest->until <= loop_now(gss->o.loop)) {
            *at = rest->next;
            free(rest->key);
            free(rest);
        } else {
            found = found || strcmp(rest->key, key) == 0;
            at = &rest->next;
        }
    }
    return found;
}

/* When memory is out, nothing rests. */
static void rest_add(struct gss *gss, const char *key)
{
    struct rest *rest = calloc(1, sizeof(*rest));

    if (rest == NULL)
        return;
    rest->key = span_dup(span_of(key));
    if (rest->key == NULL) {
        free(rest);
        return;
    }
    rest->until = loop_now(gss->o.loop) + gss->o.rest_ms;
    rest->next = gss->rests;
    gss->rests = rest;
}

/* ---- answers ---- */

/* The call is in no list any more. */
static void answer(struct gss *gss, struct gss_call *call)
{
    struct gss_context *context = call->asker;

    if (context != NULL) {
        gss_callback *callback = context->callback;

        context->call = NULL;
        context->state = call->context;
        call->context = NULL;
        callback(context->ctx, &call->result);
    }
    gss_call_free(call, gss->o.maker);
}

static void answer_unable(struct gss *gss, struct gss_call *call, const char *why)
{
    call->result.verdict = GSS_UNABLE;
    (void)snprintf(call->result.why, sizeof(call->result.why), "%s", why);
    answer(gss, call);
}

static void describe_slow(const struct gss *gss, char *text, size_t size)
{
    (void)snprintf(text, size,
                   "Kerberos gave no answer for %.1f s, which a KDC out of reach (VPN, "
                   "network) may explain; it is not asked again for %.0f s",
                   (double)gss->o.call_ms / 1000, (double)gss->o.rest_ms / 1000);
}

/* The asker of a call that hangs need not wait for it: its context is lost. */
static void answer_slow(struct gss *gss, struct gss_call *call)
{
    struct gss_context *context = call->asker;
    struct gss_result result = {.verdict = GSS_UNABLE};

    call->asker = NULL;
    if (context == NULL)
        return;
    context->call = NULL;
    describe_slow(gss, result.why, sizeof(result.why));
    context->callback(context->ctx, &result);
}

/* ---- the turn ---- */

static bool is_late(const struct gss *gss, const struct gss_call *call)
{
    return !call->stuck && loop_now(gss->o.loop) >= call->started + gss->o.call_ms;
}

/* True when it answered one; then the list may be another one. */
static bool answer_late(struct gss *gss)
{
    for (struct gss_call *call = gss->running; call; call = call->sibling) {
        if (!is_late(gss, call))
            continue;
        call->stuck = true;
        rest_add(gss, call->key);
        answer_slow(gss, call);
        return true;
    }
    return false;
}

/* Why a call cannot be made now and need not wait either; false: it can, or may. */
static bool is_hopeless(struct gss *gss, const struct gss_call *call, char *why,
                        size_t size)
{
    const struct gss_call *same = running_for(gss, call->key);

    if (rests(gss, call->key) || (same != NULL && same->stuck)) {
        describe_slow(gss, why, size);
        return true;
    }
    if (count_running(gss, true) < GSS_THREADS)
        return false;
    (void)snprintf(why, size,
                   "all %d threads for Kerberos wait for calls that do not return, "
                   "which a KDC out of reach may explain",
                   GSS_THREADS);
    return true;
}

static void start(struct gss *gss, struct gss_call *call)
{
    char why[GSS_WHY];
    int error;

    call->started = loop_now(gss->o.loop);
    error = gss_crew_start(gss->crew, call);
    if (!error) {
        list_append(&gss->running, call);
        return;
    }
    (void)snprintf(why, sizeof(why), "there is no thread for Kerberos: %s",
                   strerror(-error));
    answer_unable(gss, call, why);
}

/* Answers or starts the first call that can be; false: there is none. */
static bool dispatch_one(struct gss *gss)
{
    char why[GSS_WHY];

    for (struct gss_call *call = gss->waiting; call; call = call->sibling) {
        if (is_hopeless(gss, call, why, sizeof(why))) {
            (void)list_remove(&gss->waiting, call);
            answer_unable(gss, call, why);
            return true;
        }
        if (count_running(gss, false) < GSS_THREADS &&
            running_for(gss, call->key) == NULL) {
            (void)list_remove(&gss->waiting, call);
            start(gss, call);
            return true;
        }
    }
    return false;
}

/* Listens and watches the clock as long as anybody waits. */
static void attend(struct gss *gss)
{
    bool wanted = gss->waiting != NULL;
    uint64_t now = loop_now(gss->o.loop), left = gss->o.call_ms;

    for (const struct gss_call *call = gss->running; call; call = call->sibling) {
        uint64_t due = call->started + gss->o.call_ms;

        wanted = wanted || call->asker != NULL;
        if (!call->stuck && due - now < left)
            left = due - now;
    }
    gss_crew_listen(gss->crew, wanted);
    deadline_set(gss->o.loop, &gss->limit, wanted ? left : 0);
}

static void dispatch(void *ctx)
{
    struct gss *gss = ctx;

    gss_crew_collect(gss->crew);
    while (answer_late(gss) || dispatch_one(gss))
        continue;
    attend(gss);
}

static void call_returned(void *ctx, struct gss_call *call)
{
    struct gss *gss = ctx;

    (void)list_remove(&gss->running, call);
    if (call->result.rejected)
        LOG_WARN("keytab_closed", LOG_TEXT("keytab", call->target.keytab),
                 LOG_TEXT("why", call->result.why));
    defer(gss->o.loop, &gss->turn);
    answer(gss, call);
}

/* ---- the process's ---- */

struct gss *gss_new(const struct gss_options *options)
{
    struct gss *gss = calloc(1, sizeof(*gss));

    if (gss == NULL)
        return NULL;
    gss->o = *options;
    deadline_init(&gss->limit, dispatch, gss);
    deferred_init(&gss->turn, dispatch, gss);
    gss->crew =
        gss_crew_new(gss->o.loop, gss->o.maker, gss->o.ledger, call_returned, gss);
    if (gss->crew == NULL) {
        free(gss);
        return NULL;
    }
    return gss;
}

void gss_free(struct gss *gss)
{
    struct rest *next;

    if (gss == NULL)
        return;
    deadline_clear(gss->o.loop, &gss->limit);
    defer_cancel(&gss->turn);
    gss_crew_free(gss->crew); /* and those that run are the threads' */
    for (struct rest *rest = gss->rests; rest != NULL; rest = next) {
        next = rest->next;
        free(rest->key);
        free(rest);
    }
    free(gss);
}

void gss_set_call_ms(struct gss *gss, uint64_t ms)
{
    gss->o.call_ms = ms;
    defer(gss->o.loop, &gss->turn);
}

/* ---- contexts ---- */

static bool key_make(struct gss_context *context, const char *hop)
{
    const struct gss_target *t = &context->target;
    struct buf key;
    int error;

    buf_init(&key, SIZE_MAX);
    error = buf_printf(&key, "%s\n%s\n%s", hop, t->keytab ? t->keytab : "",
                       t->principal ? t->principal : "");
    context->key = error ? NULL : span_dup(buf_span(&key));
    buf_clear(&key);
    return context->key != NULL;
}

struct gss_context *gss_context_new(struct gss *gss, const char *hop,
                                    const struct gss_target *target)
{
    struct gss_context *context = calloc(1, sizeof(*context));

    if (context == NULL)
        return NULL;
    context->gss = gss;
    if (gss_target_copy(&context->target, target) && key_make(context, hop))
        return context;
    gss_context_free(context);
    return NULL;
}

/* What runs goes on without us; what waits does not begin. */
static void step_cancel(struct gss_context *context)
{
    struct gss *gss = context->gss;
    struct gss_call *call = context->call;

    if (call == NULL)
        return;
    call->asker = NULL;
    if (list_remove(&gss->waiting, call))
        gss_call_free(call, gss->o.maker);
    defer(gss->o.loop, &gss->turn);
}

void gss_context_free(struct gss_context *context)
{
    if (context == NULL)
        return;
    step_cancel(context);
    context->gss->o.maker->release(context->state);
    free(context->key);
    gss_target_clear(&context->target);
    free(context);
}

bool gss_context_step(struct gss_context *context, struct span input,
                      gss_callback *callback, void *ctx)
{
    struct gss *gss = context->gss;
    struct gss_call *call =
        gss_call_new(&context->target, context->key, input, context->state);

    if (call == NULL)
        return false;
    context->state = NULL;
    context->call = call;
    context->callback = callback;
    context->ctx = ctx;
    call->asker = context;
    list_append(&gss->waiting, call);
    defer(gss->o.loop, &gss->turn);
    return true;
}

bool gss_context_check(struct gss_context *context, struct span input)
{
    struct gss_result result = {.verdict = GSS_UNABLE};

    if (context->call != NULL || context->state == NULL)
        return false;
    context->gss->o.maker->step(&context->state, &context->target, input, &result);
    gss_result_clear(&result);
    return result.verdict == GSS_COMPLETE;
}
