/*
 * loop_internal: what the files that make up the loop share. Nobody else includes this.
 */
#ifndef CCGATE_BASE_LOOP_INTERNAL_H
#define CCGATE_BASE_LOOP_INTERNAL_H

#include <stddef.h>
#include <uv.h>

#include "base/loop.h"

struct signal_watch;

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare; /* runs the deferred calls and the idle hook */
    uv_idle_t idle;       /* active while deferred calls are left over */
    uv_timer_t timer;     /* armed for the first deadline of the heap */
    struct deferred queue; /* list head */
    struct deadline **heap; /* binary heap on ->at, slots from 0 */
    uint32_t heap_count;
    uint32_t heap_capacity;
    uint64_t timer_at;    /* what the timer is armed for; 0: not armed */
    struct signal_watch *signals;
    void (*idle_hook)(void *ctx);
    void *idle_ctx;
};

void loop_timer_fired(uv_timer_t *timer);
void loop_deadlines_free(struct loop *loop);

#endif
