/*
 * pac_source: see pac_source.h.
 */
#include "route/pac_source.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "certs/paths.h"
#include "route/pac_copy.h"
#include "route/system_child.h"

#define GRACE_MS 1000 /* for the child to say itself that it took too long */

static const struct pac_source_times usual_times = {
    .limit_ms = 30 * 1000,
    .refresh_ms = 12 * 3600 * 1000,
    .quiet_ms = 2000,
    .retry_ms = {8 * 1000, 32 * 1000, 2 * 60 * 1000, 4 * 3600 * 1000},
};

enum job_kind { JOB_LOAD, JOB_SAVE };

/* The worker's own. */
struct job {
    enum job_kind kind;
    char *state_dir, *url;
    struct pac_copy copy;
    bool good;
    char why[PAC_COPY_WHY];
};

struct pac_source {
    struct loop *loop;
    char *url;
    char *state_dir; /* NULL: nothing is kept */
    char *ca[SYSTEM_CA_FILES];
    size_t ca_count;
    struct pac_source_times times;
    void (*changed)(void *ctx);
    void *ctx;

    struct pac_copy copy; /* what is in use */
    uint64_t generation;
    uint64_t approved; /* the last generation that could be run */
    enum pac_source_state state;
    char why[SYSTEM_WHY_LIMIT + 256]; /* empty: the last fetch succeeded */

    struct work *work; /* a job is under way, */
    struct job *job;   /* this one */
    bool save_again;   /* the copy changed while it was being saved */
    struct system_child *fetch;
    size_t failures;       /* in a row */
    struct deadline next;  /* fetches again */
    struct deadline quiet; /* likewise, after a network change */
    bool due_at_use;       /* next_at counts when the script is asked for */
    uint64_t next_at;
};

static void fetch_start(struct pac_source *s);
static void copy_save(struct pac_source *s);

static uint64_t wall_seconds(void)
{
    return (uint64_t)time(NULL);
}

static void tell(struct pac_source *s)
{
    s->changed(s->ctx);
}

/* ---- the copy on disk ---- */

static void job_free(void *arg)
{
    struct job *job = arg;

    free(job->state_dir);
    free(job->url);
    pac_copy_clear(&job->copy);
    free(job);
}

static void job_run(void *arg)
{
    struct job *job = arg;

    if (job->kind == JOB_LOAD)
        job->good = pac_copy_load(job->state_dir, job->url, &job->copy, job->why);
    else
        job->good = pac_copy_save(job->state_dir, job->url, &job->copy, job->why);
}

static bool copy_dup(struct pac_copy *to, const struct pac_copy *from)
{
    *to = *from;
    if (from->script == NULL)
        return true;
    to->script = span_dup((struct span){from->script, from->len});
    return to->script != NULL;
}

static void load_done(struct pac_source *s, struct job *job)
{
    if (!job->good)
        LOG_WARN("pac_copy_unusable", LOG_TEXT("why", job->why));
    if (job->copy.script != NULL) {
        s->copy = job->copy;
        job->copy = (struct pac_copy){0};
        s->approved = ++s->generation; /* or it would not stand there */
        s->state = PAC_SOURCE_STALE;
    }
    fetch_start(s);
    if (s->copy.script != NULL)
        tell(s);
}

static void job_done(void *ctx)
{
    struct pac_source *s = ctx;
    struct job *job = s->job;

    s->work = NULL;
    s->job = NULL;
    if (job->kind == JOB_LOAD) {
        load_done(s, job);
        return;
    }
    if (!job->good)
        LOG_WARN("pac_copy_failed", LOG_TEXT("why", job->why));
    if (s->save_again)
        copy_save(s);
}

static bool job_start(struct pac_source *s, enum job_kind kind)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return false;
    job->kind = kind;
    job->state_dir = span_dup(span_of(s->state_dir));
    job->url = span_dup(span_of(s->url));
    if (job->state_dir != NULL && job->url != NULL && copy_dup(&job->copy, &s->copy))
        s->work = work_start(s->loop, job_run, job, job_free, job_done, s);
    if (s->work == NULL) {
        job_free(job);
        return false;
    }
    s->job = job;
    return true;
}

/* What a data: URL says stands in the configuration. */
static bool is_kept(const struct pac_source *s)
{
    return s->state_dir != NULL && !span_starts_nocase(span_of(s->url), SPAN("data:"));
}

/* A script that cannot be run, or is not known to, leaves the good one in its place. */
static void copy_save(struct pac_source *s)
{
    if (!is_kept(s) || s->copy.script == NULL || s->approved != s->generation)
        return;
    s->save_again = s->work != NULL;
    if (!s->save_again && !job_start(s, JOB_SAVE))
        LOG_WARN("pac_copy_failed", LOG_TEXT("why", "out of memory"));
}

/* ---- fetching ---- */

static void on_next(void *ctx)
{
    fetch_start(ctx);
}

static void plan_retry(struct pac_source *s)
{
    size_t last = PAC_SOURCE_RETRIES - 1;
    size_t step = s->failures <= last ? s->failures - 1 : last;

    s->due_at_use = step == last;
    s->next_at = loop_now(s->loop) + s->times.retry_ms[step];
    if (!s->due_at_use)
        deadline_set(s->loop, &s->next, s->times.retry_ms[step]);
}

static void failed(struct pac_source *s, const char *name, struct span why)
{
    s->failures++;
    (void)snprintf(s->why, sizeof(s->why), "%.*s", SPAN_ARG(why));
    s->state = s->copy.script != NULL ? PAC_SOURCE_STALE : PAC_SOURCE_FAILED;
    plan_retry(s);
    LOG_WARN("pac_fetch_failed", LOG_TEXT("result", name), LOG_TEXT("why", s->why),
             LOG_INT("failures", s->failures),
             LOG_TEXT("copy", s->copy.script != NULL ? "used" : "none"));
    tell(s);
}

static bool same_script(const struct pac_source *s, struct span script)
{
    return s->copy.script != NULL &&
           span_equal((struct span){s->copy.script, s->copy.len}, script);
}

static void copy_text(char *to, struct span from)
{
    if (from.len > 0) /* SYSTEM_HEADER_LIMIT at most: system_get_fetched() */
        memcpy(to, from.at, from.len);
    to[from.len] = '\0';
}

/* A new script, or the old one once more. False: memory is out. */
static bool take(struct pac_source *s, const struct system_fetched *answer)
{
    if (answer->result == SYSTEM_SAME)
        return s->copy.script != NULL;
    if (!same_script(s, answer->script)) {
        char *script = span_dup(answer->script);

        if (script == NULL)
            return false;
        free(s->copy.script);
        s->copy.script = script;
        s->copy.len = answer->script.len;
        s->generation++;
    }
    copy_text(s->copy.etag, answer->etag);
    copy_text(s->copy.last_modified, answer->last_modified);
    return true;
}

static void succeeded(struct pac_source *s, const struct system_fetched *answer)
{
    if (!take(s, answer)) {
        failed(s, "memory", SPAN("out of memory"));
        return;
    }
    s->copy.checked = wall_seconds();
    s->failures = 0;
    s->why[0] = '\0';
    s->state = PAC_SOURCE_FRESH;
    s->due_at_use = false;
    deadline_set(s->loop, &s->next, s->times.refresh_ms);
    LOG_INFO("pac_fetched", LOG_TEXT("result", system_result_name(answer->result)),
             LOG_INT("bytes", s->copy.len));
    copy_save(s);
    tell(s);
}

static void on_fetched(void *ctx, struct span body, const char *why)
{
    struct pac_source *s = ctx;
    struct system_fetched answer;

    s->fetch = NULL;
    if (body.len == 0)
        failed(s, "child", span_of(why));
    else if (!system_get_fetched(body, &answer))
        failed(s, "child", SPAN("ccgate-system sent what is no answer"));
    else if (answer.result == SYSTEM_OK || answer.result == SYSTEM_SAME)
        succeeded(s, &answer);
    else
        failed(s, system_result_name(answer.result), answer.why);
}

/* The certificates of the company, as "ccgate ca build" has put them down. */
static bool find_built(const struct pac_source *s, char *path, size_t size)
{
    return s->state_dir != NULL && s->ca_count < SYSTEM_CA_FILES &&
           certs_path(path, size, s->state_dir, CERTS_CORP_ONLY) &&
           access(path, R_OK) == 0;
}

static int put_question(const struct pac_source *s, struct buf *out)
{
    char built[PATH_MAX];
    struct system_fetch ask = {
        .url = span_of(s->url),
        .limit_ms = (uint32_t)s->times.limit_ms,
        .ca_count = s->ca_count,
    };

    if (s->copy.script != NULL) {
        ask.etag = span_of(s->copy.etag);
        ask.last_modified = span_of(s->copy.last_modified);
    }
    for (size_t i = 0; i < s->ca_count; i++)
        ask.ca[i] = span_of(s->ca[i]);
    if (find_built(s, built, sizeof(built)))
        ask.ca[ask.ca_count++] = span_of(built);
    return system_put_fetch(out, &ask);
}

static void fetch_start(struct pac_source *s)
{
    struct system_child_options options = {
        .loop = s->loop,
        .limit_ms = s->times.limit_ms + GRACE_MS,
        .callback = on_fetched,
        .ctx = s,
    };
    struct buf question;

    deadline_clear(s->loop, &s->next);
    s->due_at_use = false;
    buf_init(&question, SYSTEM_ASK_LIMIT);
    if (put_question(s, &question) == 0) {
        options.question = buf_span(&question);
        s->fetch = system_child_start(&options);
    }
    buf_clear(&question);
    if (s->fetch == NULL) { /* memory is out: later, and nobody is told for it */
        s->failures++;
        plan_retry(s);
    }
}

void pac_source_refresh(struct pac_source *s)
{
    if (s->work != NULL && s->job->kind == JOB_LOAD)
        return; /* the fetch comes next */
    /* What is under way may wait for a network that is no more. */
    system_child_cancel(s->fetch);
    s->fetch = NULL;
    s->failures = 0;
    fetch_start(s);
}

static void on_quiet(void *ctx)
{
    pac_source_refresh(ctx);
}

void pac_source_network_changed(struct pac_source *s)
{
    deadline_set(s->loop, &s->quiet, s->times.quiet_ms);
}

/* ---- what is asked of it ---- */

struct span pac_source_script(struct pac_source *s, uint64_t *generation)
{
    if (s->due_at_use && s->fetch == NULL && loop_now(s->loop) >= s->next_at)
        fetch_start(s);
    if (generation != NULL)
        *generation = s->generation;
    return (struct span){s->copy.script, s->copy.len};
}

void pac_source_approve(struct pac_source *s, uint64_t generation)
{
    if (generation != s->generation || s->approved == generation)
        return;
    s->approved = generation;
    copy_save(s);
}

enum pac_source_state pac_source_state(const struct pac_source *s, const char **why,
                                       uint64_t *age_ms)
{
    uint64_t now = wall_seconds();
    bool aged = s->copy.script != NULL && now > s->copy.checked;

    if (why != NULL)
        *why = s->why[0] != '\0' ? s->why : NULL;
    if (age_ms != NULL)
        *age_ms = aged ? (now - s->copy.checked) * 1000 : 0;
    return s->state;
}

/* ---- begin and end ---- */

static void ca_clear(struct pac_source *s)
{
    for (size_t i = 0; i < s->ca_count; i++)
        free(s->ca[i]);
    s->ca_count = 0;
}

bool pac_source_set_ca(struct pac_source *s, char *const *ca)
{
    ca_clear(s);
    for (; ca != NULL && *ca != NULL && s->ca_count < SYSTEM_CA_FILES; ca++) {
        s->ca[s->ca_count] = span_dup(span_of(*ca));
        if (s->ca[s->ca_count] == NULL)
            return false;
        s->ca_count++;
    }
    return true;
}

static bool copy_options(struct pac_source *s, const struct pac_source_options *options)
{
    s->url = span_dup(span_of(options->url));
    if (options->state_dir != NULL)
        s->state_dir = span_dup(span_of(options->state_dir));
    return s->url != NULL && (options->state_dir == NULL || s->state_dir != NULL) &&
           pac_source_set_ca(s, options->ca);
}

struct pac_source *pac_source_new(const struct pac_source_options *options)
{
    struct pac_source *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->loop = options->loop;
    s->times = options->times != NULL ? *options->times : usual_times;
    s->changed = options->changed;
    s->ctx = options->ctx;
    deadline_init(&s->next, on_next, s);
    deadline_init(&s->quiet, on_quiet, s);
    if (!copy_options(s, options) || (is_kept(s) && !job_start(s, JOB_LOAD))) {
        pac_source_free(s);
        return NULL;
    }
    if (!is_kept(s))
        fetch_start(s);
    return s;
}

void pac_source_free(struct pac_source *s)
{
    if (s == NULL)
        return;
    work_cancel(s->work);
    system_child_cancel(s->fetch);
    deadline_clear(s->loop, &s->next);
    deadline_clear(s->loop, &s->quiet);
    ca_clear(s);
    pac_copy_clear(&s->copy);
    free(s->state_dir);
    free(s->url);
    free(s);
}
