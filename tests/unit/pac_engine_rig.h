/*
 * pac_engine_rig: a script in an engine in this process.
 */
#ifndef CCGATE_TESTS_UNIT_PAC_ENGINE_RIG_H
#define CCGATE_TESTS_UNIT_PAC_ENGINE_RIG_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "pac/engine_shared.h"

struct engine_rig {
    struct bindings bindings;
    struct engine *engine;
    struct engine_fault fault;
    struct pac_ask ask;
    struct buf result;
    bool cut;
};

static inline void engine_rig_init(struct engine_rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    bindings_init(&rig->bindings);
    engine_fault_init(&rig->fault);
    buf_init(&rig->result, PAC_RESULT_LIMIT);
    rig->ask.type = PAC_FIND;
    rig->ask.url = SPAN("http://www.example/");
    rig->ask.host = SPAN("www.example");
}

static inline void engine_rig_clear(struct engine_rig *rig)
{
    engine_free(rig->engine);
    bindings_clear(&rig->bindings);
    engine_fault_clear(&rig->fault);
    buf_clear(&rig->result);
}

/* Loads a script into a new engine of 16 MiB. */
static inline bool engine_rig_load(struct engine_rig *rig, const char *script)
{
    engine_free(rig->engine);
    rig->engine = engine_new(&rig->bindings, (size_t)16 << 20);
    ck_assert_ptr_nonnull(rig->engine);
    bindings_begin(&rig->bindings, &rig->ask);
    return engine_load(rig->engine, span_of(script), 0, &rig->fault);
}

/* What FindProxyForURL returns is in rig->result. */
static inline bool engine_rig_find(struct engine_rig *rig)
{
    buf_reset(&rig->result);
    bindings_begin(&rig->bindings, &rig->ask);
    return engine_find(rig->engine, &rig->ask, &rig->result, &rig->cut, &rig->fault);
}

static inline void ck_text(struct span got, const char *want)
{
    ck_assert_msg(span_equal(got, span_of(want)), "got \"%.*s\", want \"%s\"",
                  SPAN_ARG(got), want);
}

#endif
