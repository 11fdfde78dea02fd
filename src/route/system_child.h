/*
 * system_child: one question to ccgate-system, asked in a process of its own, which is
 * killed when it does not answer in time.
 */
#ifndef CCGATE_ROUTE_SYSTEM_CHILD_H
#define CCGATE_ROUTE_SYSTEM_CHILD_H

#include "base/loop.h"
#include "base/system_protocol.h"

struct system_child;

/*
 * body: the answer's, as wire_take() found it, valid during the call; empty if there
 * was none, and then why says in a sentence fragment what happened.
 */
typedef void system_child_callback(void *ctx, struct span body, const char *why);

struct system_child_options {
    struct loop *loop;
    struct span question; /* a whole message; copied */
    uint64_t limit_ms;    /* until the answer is there */
    bool settings;        /* the child needs what names the system's settings */
    system_child_callback *callback;
    void *ctx;
};

/*
 * The callback comes exactly once, never before this returns, never after
 * system_child_cancel(); it ends the child. NULL when memory is out.
 */
struct system_child *system_child_start(const struct system_child_options *options);
void system_child_cancel(struct system_child *child); /* NULL-safe */

#endif
