/*
 * pac_child: one ccgate-pac process: started, asked one question at a time, killed. See
 * base/pac_protocol.h for what is said.
 */
#ifndef CCGATE_ROUTE_PAC_CHILD_H
#define CCGATE_ROUTE_PAC_CHILD_H

#include <sys/types.h>

#include "base/loop.h"
#include "base/pac_protocol.h"

struct pac_child;

/* How a child came to its end. */
enum pac_child_end {
    PAC_CHILD_FAILED,  /* by its own doing: it crashed, left or spoke nonsense */
    PAC_CHILD_KILLED,  /* by a signal that neither a script nor the sandbox raises */
    PAC_CHILD_UNHEARD, /* either way, before it took note of the last question */
};

struct pac_child_options {
    struct loop *loop;
    const char *program; /* path of ccgate-pac */
    int script;          /* see pac_child_script(); stays the caller's */
    /* The answer to the question; its views last during the call. */
    void (*answered)(void *ctx, const struct pac_answer *answer);
    /* It has ended, or was ended because it spoke nonsense; nothing comes after. */
    void (*ended)(void *ctx, enum pac_child_end end, const char *how);
    void *ctx;
};

/* A sealed memfd with the script, to be closed by the caller; or -errno. */
int pac_child_script(struct span script);

/*
 * Starts the process, with an empty environment but for TZ. Callbacks never come before
 * this returns; pac_child_free() may be called in them. NULL with *error = -errno.
 */
struct pac_child *pac_child_new(const struct pac_child_options *options, int *error);

/*
 * Asks LOAD or FIND; before HELLO has come, too. The one before must have been
 * answered. False when memory is out or the question is too long.
 */
bool pac_child_ask(struct pac_child *child, const struct pac_ask *ask);

/*
 * Whether the process has yet to read the question: it is stopped, say. False where the
 * system does not tell.
 */
bool pac_child_is_deaf(const struct pac_child *child);

/* Ends the process with SIGKILL; ended() comes soon, answered() does not. */
void pac_child_kill(struct pac_child *child);

/* Kills the process if it has not ended, and reaps it. NULL-safe. */
void pac_child_free(struct pac_child *child);

pid_t pac_child_pid(const struct pac_child *child);

/* What it said in HELLO: empty and 0 before. */
const char *pac_child_engine(const struct pac_child *child);
uint32_t pac_child_sandbox(const struct pac_child *child);

#endif
