/*
 * pac_pool_internal: what pac_pool is made of; nobody else includes it.
 */
#ifndef CCGATE_ROUTE_PAC_POOL_INTERNAL_H
#define CCGATE_ROUTE_PAC_POOL_INTERNAL_H

#include <sys/queue.h>

#include "route/pac_child.h"
#include "route/pac_my_ip.h"
#include "route/pac_names.h"
#include "route/pac_offenders.h"
#include "route/pac_pool.h"

#define PAC_WHY         512   /* bytes of a reason; longer ones are cut */
#define PAC_LIFETIME_MS 60000 /* of a decision, at most */

/* A child and what it is doing. */
struct slot {
    TAILQ_ENTRY(slot) link;
    struct pac_pool *pool;
    struct pac_child *child;
    enum pac_slot_state state;
    uint64_t since;         /* loop ms: when it entered that state */
    struct pac_run *run;    /* RUNNING */
    struct pac_names names; /* that the top level of the script looks up */
    struct deadline limit;  /* IDLE: of the quiet; RUNNING: to take the question, then
                               of the answer; else of the answer */
    uint64_t until;         /* RUNNING, loop ms: when the answer is too late */
};

enum run_state {
    RUN_WAITING, /* in the queue */
    RUN_RUNNING, /* at a child */
    RUN_LOOKING, /* a name is looked up */
    RUN_DONE,    /* failed; the callback is due */
};

struct pac_run {
    TAILQ_ENTRY(pac_run) link;
    struct pac_pool *pool;
    enum run_state state;
    struct slot *slot; /* RUNNING */
    char *url, *host;
    bool trace;
    struct pac_names names;
    unsigned unheard;  /* children that ended before they had read it */
    bool killed;       /* one was killed from outside */
    uint64_t spent_ms; /* at children */
    uint64_t ns;
    unsigned rounds;
    struct deferred delivery; /* DONE */
    enum pac_run_end end;
    char *why;
    struct buf facts;           /* see pac_run_result */
    struct buf calls;           /* of the round that failed */
    pac_run_callback *callback; /* NULL: cancelled */
    void *ctx;
};

struct pac_pool {
    struct pac_pool_options options; /* program is not used: */
    char *program;
    int script;     /* -1: none */
    bool loads;     /* a child has loaded it */
    bool reloading; /* one was lost while it loaded; this is the next */
    TAILQ_HEAD(slot_list, slot) slots;
    size_t live; /* slots that do not die */
    TAILQ_HEAD(run_list, pac_run) queue;
    uint64_t grow_at; /* loop ms: before that, children do without another one */
    struct deadline look;
    struct pac_offenders offenders;
    char *broken;          /* why no child can be had, or NULL */
    uint64_t broken_until; /* loop ms; 0: it is not */
    struct pac_my_ip my_ip;
    uint64_t my_ip_until; /* loop ms */
    char engine[64];
    uint32_t sandbox;
};

/* ---- pac_slot.c ---- */

/* Starts a child, which then loads the script. */
void slot_start(struct pac_pool *pool);

/* Asks an idle child. */
void slot_run(struct slot *slot, struct pac_run *run);

/* Takes the run from its child. */
struct pac_run *slot_leave(struct slot *slot);
void slot_free(struct slot *slot);

/* ---- pac_pool.c ---- */

/* Gives those that wait a child, or a reason. */
void pool_pump(struct pac_pool *pool);

/* No child can be had, for so many ms; 0: until there is another script. */
void pool_broken(struct pac_pool *pool, const char *why, uint64_t for_ms);
void pool_mended(struct pac_pool *pool);

/* The run stands in no list and at no child any more. */
void run_fail(struct pac_run *run, enum pac_run_end end, const char *why);
void run_free(struct pac_run *run);

/* Has it wait for a child anew, ahead of those that came later. */
void run_wait(struct pac_run *run);

/* Notes the host, and fails. */
void run_offended(struct pac_run *run, const char *what);

/* Its child ended. */
void run_lost(struct pac_run *run, enum pac_child_end end, const char *how);

#endif
