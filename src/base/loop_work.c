/*
 * loop_work: calls that block, in libuv's thread pool.
 */
#include <stdlib.h>

#include "base/loop_internal.h"

struct work {
    uv_work_t request; /* first, so that the request is the work */
    struct loop *loop;
    bool left;
    void (*run)(void *arg);
    void *arg;
    void (*free_arg)(void *arg);
    void (*done)(void *ctx); /* NULL after a cancel */
    void *ctx;
};

static void work_run(uv_work_t *request)
{
    struct work *work = (struct work *)request;

    work->run(work->arg);
}

static void work_ended(uv_work_t *request, int status)
{
    struct work *work = (struct work *)request;

    (void)status;
    --*(work->left ? &work->loop->left : &work->loop->works);
    if (work->done)
        work->done(work->ctx);
    if (work->free_arg)
        work->free_arg(work->arg);
    free(work);
}

struct work *work_start(struct loop *loop, void (*run)(void *arg), void *arg,
                        void (*free_arg)(void *arg), void (*done)(void *ctx), void *ctx)
{
    struct work *work = malloc(sizeof(*work));

    if (!work)
        return NULL;
    *work = (struct work){.loop = loop,
                          .run = run,
                          .arg = arg,
                          .free_arg = free_arg,
                          .done = done,
                          .ctx = ctx};
    if (uv_queue_work(&loop->uv, &work->request, work_run, work_ended) != 0) {
        free(work);
        return NULL;
    }
    loop->works++;
    loop->uv_due = true;
    return work;
}

void work_cancel(struct work *work)
{
    if (!work)
        return;
    work->done = NULL;
    uv_cancel((uv_req_t *)&work->request);
}

void work_leave(struct work *work)
{
    if (!work)
        return;
    work->left = true;
    work->loop->works--;
    work->loop->left++;
    work_cancel(work);
}
