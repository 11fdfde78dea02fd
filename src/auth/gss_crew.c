/*
 * gss_crew: a detached thread per call. What crew and threads share stands behind the
 * mutex, and lives until the last of them lets go of it.
 */
#include "auth/gss_crew.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/keytab.h"
#include "config/secret.h"

struct gss_crew {
    const struct gss_maker *maker;
    struct keytabs *keytabs;
    pthread_mutex_t mutex;
    unsigned refs;             /* the loop's, and one per thread */
    int bell;                  /* a byte in there wakes the loop; -1: nobody listens */
    struct gss_call *finished; /* those that came back, the last one first */
    /* the loop's own */
    struct loop *loop;
    struct watch *watch; /* NULL before the first call */
    bool listening;
    void (*returned)(void *ctx, struct gss_call *call);
    void *ctx;
};

/* ---- calls ---- */

void gss_result_clear(struct gss_result *result)
{
    if (result->token != NULL)
        secret_wipe(result->token, result->token_len);
    free(result->token);
    result->token = NULL;
    result->token_len = 0;
}

static bool copy_text(char **copy, const char *text)
{
    *copy = text == NULL ? NULL : span_dup(span_of(text));
    return text == NULL || *copy != NULL;
}

bool gss_target_copy(struct gss_target *to, const struct gss_target *from)
{
    *to = (struct gss_target){.binding_len = from->binding_len};
    to->binding = span_dup((struct span){from->binding, from->binding_len});
    if (copy_text(&to->host, from->host) && copy_text(&to->keytab, from->keytab) &&
        copy_text(&to->principal, from->principal) && to->binding != NULL)
        return true;
    gss_target_clear(to);
    return false;
}

void gss_target_clear(struct gss_target *target)
{
    free(target->host);
    free(target->keytab);
    free(target->principal);
    free(target->binding);
    *target = (struct gss_target){.host = NULL};
}

struct gss_call *gss_call_new(const struct gss_target *target, const char *key,
                              struct span input, void *context)
{
    struct gss_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->key = span_dup(span_of(key));
    call->input = span_dup(input);
    call->input_len = input.len;
    if (call->key == NULL || call->input == NULL ||
        !gss_target_copy(&call->target, target)) {
        gss_call_free(call, NULL);
        return NULL;
    }
    call->context = context;
    return call;
}

void gss_call_free(struct gss_call *call, const struct gss_maker *maker)
{
    if (call == NULL)
        return;
    if (maker != NULL)
        maker->release(call->context);
    gss_result_clear(&call->result);
    if (call->input != NULL)
        secret_wipe(call->input, call->input_len);
    free(call->input);
    gss_target_clear(&call->target);
    free(call->key);
    free(call);
}

/* ---- threads ---- */

/* Unlocks, and frees what nobody holds any more. */
static void crew_unref(struct gss_crew *crew)
{
    bool last = --crew->refs == 0;

    pthread_mutex_unlock(&crew->mutex);
    if (!last)
        return;
    keytabs_free(crew->keytabs);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

static void *thread_run(void *arg)
{
    struct gss_call *call = arg;
    struct gss_crew *crew = call->crew;
    const struct gss_maker *maker = crew->maker;
    const struct span input = {call->input, call->input_len};
    bool wanted;

    keytabs_step(crew->keytabs, maker, &call->context, &call->target, input,
                 &call->result);
    pthread_mutex_lock(&crew->mutex);
    wanted = crew->bell >= 0;
    if (wanted) {
        call->next = crew->finished;
        crew->finished = call;
        (void)!write(crew->bell, "", 1); /* a full pipe says the same */
    }
    crew_unref(crew);
    if (!wanted)
        gss_call_free(call, maker);
    return NULL;
}

/* The signals of the process are the loop's. */
static int thread_start(struct gss_call *call)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int error;

    error = pthread_attr_init(&attr);
    if (error)
        return -error;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attr, thread_run, call);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return -error;
}

/* ---- the loop's side ---- */

static struct gss_call *finished_take(struct gss_crew *crew)
{
    struct gss_call *call;

    pthread_mutex_lock(&crew->mutex);
    call = crew->finished;
    if (call != NULL)
        crew->finished = call->next;
    pthread_mutex_unlock(&crew->mutex);
    return call;
}

void gss_crew_collect(struct gss_crew *crew)
{
    struct gss_call *call;
    char bytes[16];

    if (crew->watch == NULL)
        return;
    while (read(watch_fd(crew->watch), bytes, sizeof(bytes)) > 0)
        continue;
    while ((call = finished_take(crew)) != NULL)
        crew->returned(crew->ctx, call);
}

static void bell_rang(void *ctx, unsigned events)
{
    (void)events;
    gss_crew_collect(ctx);
}

static int bell_hang(struct gss_crew *crew)
{
    int ends[2], error;

    if (pipe(ends) != 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    crew->watch = watch_new(crew->loop, ends[0], bell_rang, crew);
    if (crew->watch == NULL) {
        error = -errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    crew->bell = ends[1]; /* no thread runs yet */
    watch_want(crew->watch, crew->listening ? WATCH_READ : 0);
    return 0;
}

struct gss_crew *gss_crew_new(struct loop *loop, const struct gss_maker *maker,
                              struct ledger *ledger,
                              void (*returned)(void *ctx, struct gss_call *call),
                              void *ctx)
{
    struct gss_crew *crew = calloc(1, sizeof(*crew));

    if (crew == NULL)
        return NULL;
    crew->keytabs = keytabs_new(ledger);
    if (crew->keytabs == NULL || pthread_mutex_init(&crew->mutex, NULL) != 0) {
        keytabs_free(crew->keytabs);
        free(crew);
        return NULL;
    }
    crew->maker = maker;
    crew->refs = 1;
    crew->bell = -1;
    crew->loop = loop;
    crew->returned = returned;
    crew->ctx = ctx;
    return crew;
}

void gss_crew_free(struct gss_crew *crew)
{
    struct gss_call *call;

    if (crew == NULL)
        return;
    watch_close(crew->watch);
    pthread_mutex_lock(&crew->mutex);
    if (crew->bell >= 0)
        close(crew->bell);
    crew->bell = -1;
    while ((call = crew->finished) != NULL) {
        crew->finished = call->next;
        gss_call_free(call, crew->maker);
    }
    crew_unref(crew);
}

int gss_crew_start(struct gss_crew *crew, struct gss_call *call)
{
    int error = crew->watch == NULL ? bell_hang(crew) : 0;

    if (error)
        return error;
    call->crew = crew;
    pthread_mutex_lock(&crew->mutex);
    crew->refs++;
    pthread_mutex_unlock(&crew->mutex);
    error = thread_start(call);
    if (!error)
        return 0;
    pthread_mutex_lock(&crew->mutex);
    crew_unref(crew);
    return error;
}

void gss_crew_listen(struct gss_crew *crew, bool on)
{
    crew->listening = on;
    if (crew->watch != NULL)
        watch_want(crew->watch, on ? WATCH_READ : 0);
}
