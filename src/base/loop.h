/*
 * loop: the event loop of the process.
 *
 * Four things can be waited for: descriptors (watch), time (deadline), the end of the
 * current call chain (deferred) and work in the thread pool (work), besides signals.
 * Cancelling detaches at once: after watch_close(), deadline_clear(), defer_cancel() or
 * work_cancel() the callback never comes. libuv (workers, signals, child processes)
 * runs inside the loop; its handles are freed in their close callbacks.
 *
 * All functions belong to the loop's thread, except where said otherwise.
 */
#ifndef CCGATE_BASE_LOOP_H
#define CCGATE_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct uv_loop_s;

/* NULL when memory or descriptors are out. */
struct loop *loop_new(void);

/* Runs until loop_stop() or until nothing is waited for. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * Closes the loop, after the end of the work that was begun. Returns 0, or the error of
 * uv_loop_close(): UV_EBUSY says that somebody forgot to cancel. NULL-safe (returns 0).
 * What was left with work_leave() and still runs keeps the loop's memory.
 */
int loop_free(struct loop *loop);

/*
 * Whether such a run goes on. Then the process has to end with _exit(): libuv's end
 * waits for its threads.
 */
bool loop_runs_on(void);

/* For what libuv offers beyond this header (child processes, file watching). */
struct uv_loop_s *loop_uv(struct loop *loop);

/* Milliseconds of the loop's clock, as of the start of this turn. */
uint64_t loop_now(const struct loop *loop);

/* Nanoseconds of the monotonic clock, now. From any thread. */
uint64_t loop_clock(void);

/* Called once per turn before the loop sleeps. One hook per loop. */
void loop_on_idle(struct loop *loop, void (*hook)(void *ctx), void *ctx);

/* ---- descriptors ---- */

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

struct watch;

/* events: WATCH_READ, WATCH_WRITE or both. An error on the descriptor shows as both. */
typedef void watch_callback(void *ctx, unsigned events);

/*
 * Takes a non-blocking descriptor into care, watched for nothing yet. NULL (errno set)
 * leaves the descriptor with the caller.
 */
struct watch *watch_new(struct loop *loop, int fd, watch_callback *callback, void *ctx);

/* Watches for exactly these events from now on; 0 pauses. Level-triggered. */
void watch_want(struct watch *watch, unsigned events);

/* Hands the events to somebody else. */
void watch_set_callback(struct watch *watch, watch_callback *callback, void *ctx);

int watch_fd(const struct watch *watch);

/* Detaches at once and closes the descriptor. NULL-safe. */
void watch_close(struct watch *watch);

/* Detaches at once; the descriptor stays open and belongs to the caller again. */
int watch_release(struct watch *watch);

/* ---- time ---- */

struct deadline {
    uint64_t at;                            /* loop milliseconds; 0 when not set */
    struct deadline *left, *right, **place; /* in the loop's heap */
    void (*callback)(void *ctx);
    void *ctx;
};

void deadline_init(struct deadline *d, void (*callback)(void *ctx), void *ctx);

/* Sets or moves the deadline to `ms` from now; ms 0 clears it ("no limit"). */
void deadline_set(struct loop *loop, struct deadline *d, uint64_t ms);
void deadline_clear(struct loop *loop, struct deadline *d);

/* ---- the end of the current call chain ---- */

struct deferred {
    struct deferred *next, *prev; /* NULL when not queued */
    void (*callback)(void *ctx);
    void *ctx;
};

void deferred_init(struct deferred *d, void (*callback)(void *ctx), void *ctx);

/* Runs the callback from the loop, before it sleeps again. Twice is once. */
void defer(struct loop *loop, struct deferred *d);
void defer_cancel(struct deferred *d);

/* ---- the thread pool ---- */

struct work;

/*
 * Runs run(arg) in a pool thread, then done(ctx) on the loop's thread. `arg` is the
 * worker's own: free_arg(arg) is called on the loop's thread, after done or after the
 * end of a cancelled run. NULL when memory is out (arg then stays the caller's).
 */
struct work *work_start(struct loop *loop, void (*run)(void *arg), void *arg,
                        void (*free_arg)(void *arg), void (*done)(void *ctx),
                        void *ctx);
void work_cancel(struct work *work);

/* The same for what nobody misses and what may take long: loop_free() does not wait. */
void work_leave(struct work *work);

/* ---- signals ---- */

/* Watches a signal until loop_free() or the loop's end; 0 or a negative libuv error. */
int loop_signal(struct loop *loop, int signum, void (*callback)(void *ctx), void *ctx);

/* Ends all signal watches, so that loop_run() can return by itself. */
void loop_signals_close(struct loop *loop);

#endif
