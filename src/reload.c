/*
 * reload: the configuration is read again in a worker. See reload.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2() */
#endif

#include "reload.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "up/tls.h"

#define MESSAGES_LIMIT (1024 * 1024)

/* What the worker has. */
struct job {
    struct config_sources sources;
    int read_end;
    int write_end; /* closed by us: read_end becomes readable, and commands end */
    struct config *config;
    struct buf messages;
};

struct reload {
    struct job *job;
    struct work *work;
    reload_callback *callback;
    void *ctx;
};

struct config *reload_now(const struct config_sources *sources, struct buf *messages)
{
    struct config *config = config_load(sources, messages);

    struct tls_settings trust;

    if (config == NULL)
        return NULL;
    trust = tls_settings_of(config);
    if (tls_settings_check(&trust, messages))
        return config;
    config_unref(config);
    return NULL;
}

/* ---- the job ---- */

static void job_free(void *arg)
{
    struct job *job = arg;

    if (job == NULL)
        return;
    close(job->read_end);
    if (job->write_end >= 0)
        close(job->write_end);
    config_unref(job->config);
    buf_clear(&job->messages);
    free(job);
}

static struct job *job_new(const struct config_sources *sources)
{
    struct job *job = calloc(1, sizeof(*job));
    int fds[2];

    if (job == NULL || pipe2(fds, O_CLOEXEC) != 0) {
        free(job);
        return NULL;
    }
    job->read_end = fds[0];
    job->write_end = fds[1];
    job->sources = *sources;
    job->sources.stop = fds[0];
    buf_init(&job->messages, MESSAGES_LIMIT);
    return job;
}

static void job_run(void *arg)
{
    struct job *job = arg;

    job->config = reload_now(&job->sources, &job->messages);
}

/* ---- the reload ---- */

static void reload_done(void *ctx)
{
    struct reload *reload = ctx;
    struct job *job = reload->job;
    struct config *config = job->config;

    job->config = NULL;
    reload->callback(reload->ctx, config, &job->messages);
    free(reload);
}

struct reload *reload_start(struct loop *loop, const struct config_sources *sources,
                            reload_callback *callback, void *ctx)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    struct job *job = job_new(sources);

    if (reload == NULL || job == NULL)
        goto fail;
    *reload = (struct reload){.job = job, .callback = callback, .ctx = ctx};
    reload->work = work_start(loop, job_run, job, job_free, reload_done, reload);
    if (reload->work != NULL)
        return reload;
fail:
    job_free(job);
    free(reload);
    return NULL;
}

void reload_cancel(struct reload *reload)
{
    if (reload == NULL)
        return;
    close(reload->job->write_end);
    reload->job->write_end = -1;
    work_cancel(reload->work);
    free(reload);
}
