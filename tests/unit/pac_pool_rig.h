/*
 * pac_pool_rig: the pool with the real ccgate-pac or a program that only pretends to be
 * it; and what becomes of runs.
 */
#ifndef CCGATE_TESTS_UNIT_PAC_POOL_RIG_H
#define CCGATE_TESTS_UNIT_PAC_POOL_RIG_H

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "loop_rig.h"
#include "route/pac_pool.h"

#define FIND(body) "function FindProxyForURL(url, host) {" body "}"
#define LIMIT_MS   1500
#define IDLE_MS    300

static struct resolver *resolver;
static struct pac_pool *pool;

/* What became of a run. */
struct outcome_of {
    struct pac_run *run;
    bool done;
    enum pac_run_end end;
    char text[512];
    uint64_t lifetime_ms;
    unsigned rounds;
    uint64_t at; /* loop ms */
};

static size_t due;

static inline void on_ended(void *ctx, const struct pac_run_result *result)
{
    struct outcome_of *o = ctx;

    ck_assert(!o->done);
    o->run = NULL;
    o->done = true;
    o->end = result->end;
    o->lifetime_ms = result->lifetime_ms;
    o->rounds = result->rounds;
    o->at = loop_now(loop);
    if (result->end == PAC_RUN_RESULT)
        (void)snprintf(o->text, sizeof(o->text), "%.*s", SPAN_ARG(result->text));
    else
        (void)snprintf(o->text, sizeof(o->text), "%s", result->why);
    if (--due == 0)
        loop_stop(loop);
}

static inline void run(struct outcome_of *o, const char *host)
{
    char url[128];

    memset(o, 0, sizeof(*o));
    (void)snprintf(url, sizeof(url), "https://%s/", host);
    due++;
    o->run = pac_run_start(pool, span_of(url), span_of(host), false, on_ended, o);
    ck_assert_ptr_nonnull(o->run);
    ck_assert(!o->done); /* never before start returns */
}

static inline struct outcome_of ran(const char *host)
{
    struct outcome_of o;

    run(&o, host);
    loop_await();
    return o;
}

static inline void pool_of(const char *program, size_t children, const char *script)
{
    pool = pac_pool_new(&(struct pac_pool_options){
        .loop = loop,
        .resolver = resolver,
        .program = program,
        .children = children,
        .limit_ms = LIMIT_MS,
        .lookup_ms = 5000,
        .idle_ms = IDLE_MS,
    });
    ck_assert_ptr_nonnull(pool);
    ck_assert_int_eq(pac_pool_load(pool, span_of(script)), 0);
}

static inline const char *pac_program(void)
{
    const char *program = getenv("PAC_PROGRAM");

    return program != NULL ? program : "./ccgate-pac";
}

static inline void pool_with(size_t children, const char *script)
{
    pool_of(pac_program(), children, script);
}

static inline void setup(void)
{
    loop_begin();
    due = 0;
    resolver = resolver_new(
        loop, &(struct resolve_options){.mode = RESOLVE_SYSTEM, .timeout = 5000});
    ck_assert_ptr_nonnull(resolver);
}

/* No child is left, neither alive nor as a zombie. */
static inline void teardown(void)
{
    pac_pool_free(pool);
    resolver_free(resolver);
    loop_end();
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

static inline void ck_end(const struct outcome_of *o, enum pac_run_end end,
                          const char *text)
{
    ck_assert_msg(o->done && o->end == end && strstr(o->text, text) != NULL,
                  "%d: \"%s\", not %d: \"%s\"", (int)o->end, o->text, (int)end, text);
}

static inline size_t children(void)
{
    struct pac_pool_view view;

    pac_pool_view(pool, &view);
    return view.count;
}

static inline pid_t child_pid(void)
{
    struct pac_pool_view view;

    pac_pool_view(pool, &view);
    return view.count > 0 ? view.children[0].pid : 0;
}

#endif
