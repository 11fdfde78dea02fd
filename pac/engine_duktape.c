/*
 * engine_duktape: Duktape behind the seam. It bounds memory and recursion, not time.
 *
 * Duktape leaves a C function that fails by longjmp(). So everything runs under
 * duk_safe_call(), and no function that may be left so holds memory of ours.
 */
#include <duktape.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pac/engine_shared.h"
#include "pac/heap.h"

#if DUK_VERSION < 20400
#error "Duktape 2.4 or newer is needed"
#endif

#define EXIT_ENGINE  70  /* EX_SOFTWARE */
#define REGEXPS_KEPT 256 /* compiled patterns of shExpMatch() */

struct engine {
    duk_context *duk;
    struct bindings *bindings;
    struct heap heap;
    unsigned regexps;
    struct span script; /* while it is being loaded */
};

static void *alloc(void *udata, duk_size_t size)
{
    struct engine *engine = udata;

    return heap_alloc(&engine->heap, size);
}

static void *resize(void *udata, void *at, duk_size_t size)
{
    struct engine *engine = udata;

    return heap_resize(&engine->heap, at, size);
}

static void release(void *udata, void *at)
{
    struct engine *engine = udata;

    heap_release(&engine->heap, at);
}

/* An error outside of any protected call: nothing of the heap can be trusted. */
static void fatal(void *udata, const char *message)
{
    (void)udata;
    (void)fprintf(stderr, "ccgate-pac: duktape: %s\n", message ? message : "fatal");
    _exit(EXIT_ENGINE);
}

static struct engine *engine_of(duk_context *duk)
{
    duk_memory_functions functions;

    duk_get_memory_functions(duk, &functions);
    return functions.udata;
}

const char *engine_name(void)
{
    static char name[32];

    (void)snprintf(name, sizeof(name), "duktape %ld.%ld.%ld", DUK_VERSION / 10000,
                   DUK_VERSION / 100 % 100, DUK_VERSION % 100);
    return name;
}

const char *engine_language(void)
{
    return "ES5";
}

/* ---- values ---- */

static struct span text_at(duk_context *duk, duk_idx_t index)
{
    duk_size_t len;
    const char *at = duk_get_lstring(duk, index, &len);

    return at == NULL ? SPAN("") : (struct span){at, len};
}

/* Without `converts`, what is no plain value stays an object. */
static struct value value_at(duk_context *duk, duk_idx_t index, bool converts)
{
    switch (duk_get_type(duk, index)) {
    case DUK_TYPE_UNDEFINED:
    case DUK_TYPE_NONE:
        return (struct value){.kind = VALUE_UNDEFINED};
    case DUK_TYPE_NULL:
        return (struct value){.kind = VALUE_NULL};
    case DUK_TYPE_BOOLEAN:
        return VALUE_OF_BOOL(duk_get_boolean(duk, index) != 0);
    case DUK_TYPE_NUMBER:
        return VALUE_OF_NUMBER(duk_get_number(duk, index));
    default:
        if (!converts && (!duk_is_string(duk, index) || duk_is_symbol(duk, index)))
            return (struct value){.kind = VALUE_OBJECT};
        (void)duk_to_string(duk, index);
        return VALUE_OF_TEXT(text_at(duk, index));
    }
}

static void push_value(duk_context *duk, const struct value *v)
{
    switch (v->kind) {
    case VALUE_UNDEFINED:
    case VALUE_OBJECT: /* no helper returns one */
        duk_push_undefined(duk);
        break;
    case VALUE_NULL:
        duk_push_null(duk);
        break;
    case VALUE_BOOL:
        duk_push_boolean(duk, v->boolean);
        break;
    case VALUE_NUMBER:
        duk_push_number(duk, v->number);
        break;
    case VALUE_STRING:
        (void)duk_push_lstring(duk, v->text.at, v->text.len);
        break;
    }
}

/* ---- what the script calls ---- */

static duk_ret_t call_binding(duk_context *duk)
{
    struct engine *engine = engine_of(duk);
    struct value args[BINDING_ARGUMENTS];
    struct value result;
    duk_idx_t count = duk_get_top(duk);
    size_t index = (size_t)duk_get_current_magic(duk);

    if (count > BINDING_ARGUMENTS)
        count = BINDING_ARGUMENTS;
    duk_require_stack(duk, 8);
    for (duk_idx_t i = 0; i < count; i++)
        args[i] = value_at(duk, i, bindings_converts(index));
    switch (bindings_call(engine->bindings, index, args, (size_t)count, &result)) {
    case BIND_OK:
        push_value(duk, &result);
        return 1;
    case BIND_THROW:
        return duk_type_error(duk, "%s", engine->bindings->message);
    case BIND_MISS:
        return duk_generic_error(duk, "%s", engine->bindings->message);
    case BIND_RETHROW:
        break;
    }
    return duk_throw(duk); /* match_regexp() left it on the stack */
}

static duk_ret_t call_now(duk_context *duk)
{
    duk_push_number(duk, bindings_now(engine_of(duk)->bindings));
    return 1;
}

struct match {
    struct span source;
    struct span text;
};

/* The compiled pattern onto the stack, from those kept in the stash. */
static void push_regexp(duk_context *duk, struct engine *engine, struct span source)
{
    duk_push_global_stash(duk);
    if (engine->regexps == REGEXPS_KEPT) {
        duk_push_bare_object(duk);
        duk_put_prop_string(duk, -2, "kept");
        engine->regexps = 0;
    }
    duk_get_prop_string(duk, -1, "kept");
    if (duk_get_prop_lstring(duk, -1, source.at, source.len))
        return;
    duk_pop(duk);
    duk_get_prop_string(duk, -2, "RegExp");
    (void)duk_push_lstring(duk, source.at, source.len);
    duk_new(duk, 1);
    duk_dup_top(duk);
    (void)duk_put_prop_lstring(duk, -3, source.at, source.len);
    engine->regexps++;
}

static duk_ret_t run_match(duk_context *duk, void *udata)
{
    const struct match *match = udata;

    push_regexp(duk, engine_of(duk), match->source);
    duk_push_global_stash(duk);
    duk_get_prop_string(duk, -1, "test");
    duk_dup(duk, -3);
    (void)duk_push_lstring(duk, match->text.at, match->text.len);
    duk_call_method(duk, 1);
    return 1;
}

static int match_regexp(void *ctx, struct span source, struct span text)
{
    struct engine *engine = ctx;
    struct match match = {source, text};
    int matched;

    if (duk_safe_call(engine->duk, run_match, &match, 0, 1) != DUK_EXEC_SUCCESS)
        return -1;
    matched = duk_get_boolean(engine->duk, -1) != 0;
    duk_pop(engine->duk);
    return matched;
}

/* ---- setting up ---- */

static void keep_originals(duk_context *duk)
{
    duk_push_global_stash(duk);
    duk_push_bare_object(duk);
    duk_put_prop_string(duk, -2, "kept");
    duk_get_global_string(duk, "RegExp");
    duk_get_prop_string(duk, -1, "prototype");
    duk_get_prop_string(duk, -1, "test");
    duk_put_prop_string(duk, -4, "test");
    duk_pop(duk);
    duk_put_prop_string(duk, -2, "RegExp");
    duk_pop(duk);
}

static duk_ret_t set_up(duk_context *duk, void *udata)
{
    (void)udata;
    for (size_t i = 0; i < bindings_count(); i++) {
        duk_push_c_function(duk, call_binding, DUK_VARARGS);
        duk_set_magic(duk, -1, (duk_int_t)i);
        duk_put_global_string(duk, bindings_name(i));
    }
    keep_originals(duk);
    duk_push_string(duk, engine_prelude);
    duk_push_string(duk, "ccgate");
    duk_compile(duk, DUK_COMPILE_EVAL);
    duk_call(duk, 0);
    duk_get_global_string(duk, "Date");
    duk_push_c_function(duk, call_now, 0);
    duk_push_global_object(duk);
    duk_call(duk, 3);
    /* Duktape's own object: nothing that other engines have. */
    duk_push_global_object(duk);
    duk_del_prop_string(duk, -1, "Duktape");
    duk_del_prop_string(duk, -1, "CBOR");
    return 0;
}

struct engine *engine_new(struct bindings *bindings, size_t memory)
{
    struct engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return NULL;
    engine->heap.ceiling = memory;
    engine->bindings = bindings;
    engine->duk = duk_create_heap(alloc, resize, release, engine, fatal);
    if (engine->duk == NULL ||
        duk_safe_call(engine->duk, set_up, NULL, 0, 1) != DUK_EXEC_SUCCESS) {
        engine_free(engine);
        return NULL;
    }
    duk_pop(engine->duk);
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->duk != NULL)
        duk_destroy_heap(engine->duk);
    free(engine);
}

/* ---- faults ---- */

struct report {
    struct engine *engine;
    struct engine_fault *fault;
    enum pac_error error;
};

/* Duktape's " (line 3)" and " (line 3, end of input)": the line is said elsewhere. */
static struct span without_line(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (span_starts(span_skip(text, i), SPAN(" (line ")))
            return (struct span){text.at, i};
    }
    return text;
}

/* Of the error on top of the stack. May throw: it can be any object of the script's. */
static uint32_t error_line(duk_context *duk)
{
    uint32_t line = 0;

    if (!duk_is_error(duk, -1))
        return 0;
    if (duk_get_prop_string(duk, -1, "stack") && duk_is_string(duk, -1))
        line = engine_stack_line(text_at(duk, -1));
    duk_pop(duk);
    return line;
}

/* [ error ] → [ ], the fault filled in. */
static duk_ret_t report_error(duk_context *duk, void *udata)
{
    struct report *report = udata;
    uint32_t line;

    duk_dup(duk, 0);
    line = error_line(duk);
    (void)duk_safe_to_string(duk, -1);
    if (report->error == PAC_ERROR_SYNTAX)
        engine_fail_syntax(report->fault, report->engine->script, line,
                           without_line(text_at(duk, -1)));
    else
        engine_fail_thrown(report->fault, report->error, line, text_at(duk, -1));
    return 0;
}

/* Takes the error off the stack. Returns false. */
static bool fail(struct engine *engine, struct engine_fault *fault,
                 enum pac_error error)
{
    struct report report = {engine, fault, error};

    if (engine->heap.refused)
        engine_fail_memory(fault);
    else if (duk_safe_call(engine->duk, report_error, &report, 1, 1) !=
             DUK_EXEC_SUCCESS)
        engine_fail_untold(fault, error, 0);
    duk_set_top(engine->duk, 0);
    return false;
}

/* ---- running ---- */

/* What a protected step got up to before it failed. */
struct run {
    struct engine *engine;
    const struct pac_ask *ask;
    enum pac_error error; /* if it throws here */
    bool returned;        /* FindProxyForURL did; what is on the stack */
};

static duk_ret_t run_load(duk_context *duk, void *udata)
{
    struct run *run = udata;
    struct span script = run->engine->script;

    run->error = PAC_ERROR_SYNTAX;
    duk_push_string(duk, ENGINE_FILE);
    duk_compile_lstring_filename(duk, 0, script.at, script.len);
    run->error = PAC_ERROR_TOP_LEVEL;
    duk_call(duk, 0);
    duk_pop(duk);
    (void)duk_get_global_string(duk, "FindProxyForURL");
    return 1;
}

static bool check_function(struct engine *engine, struct engine_fault *fault)
{
    bool defined = !duk_is_undefined(engine->duk, -1);
    bool callable = duk_is_callable(engine->duk, -1) != 0;

    duk_set_top(engine->duk, 0);
    return engine_check_function(callable, defined, fault);
}

bool engine_load(struct engine *engine, struct span script, uint32_t limit_ms,
                 struct engine_fault *fault)
{
    struct run run = {.engine = engine};
    bool loaded;

    (void)limit_ms; /* there is no way to interrupt this engine */
    engine->bindings->regexp = match_regexp;
    engine->bindings->regexp_ctx = engine;
    engine->heap.refused = false;
    engine->script = script;
    if (duk_safe_call(engine->duk, run_load, &run, 0, 1) == DUK_EXEC_SUCCESS)
        loaded = check_function(engine, fault);
    else
        loaded = fail(engine, fault, run.error);
    engine->script = SPAN("");
    return loaded;
}

static duk_ret_t run_find(duk_context *duk, void *udata)
{
    struct run *run = udata;

    run->error = PAC_ERROR_THREW;
    (void)duk_get_global_string(duk, "FindProxyForURL");
    if (!duk_is_callable(duk, -1))
        return 1;
    (void)duk_push_lstring(duk, run->ask->url.at, run->ask->url.len);
    (void)duk_push_lstring(duk, run->ask->host.at, run->ask->host.len);
    duk_call(duk, 2);
    run->returned = true;
    return 1;
}

static const char *type_name(duk_context *duk)
{
    switch (duk_get_type(duk, -1)) {
    case DUK_TYPE_UNDEFINED:
        return "undefined";
    case DUK_TYPE_NULL:
        return "null";
    case DUK_TYPE_BOOLEAN:
        return "a boolean";
    case DUK_TYPE_NUMBER:
        return "a number";
    default:
        return "an object";
    }
}

static bool take_returned(struct engine *engine, struct buf *result, bool *cut,
                          struct engine_fault *fault)
{
    bool taken;

    if (duk_is_string(engine->duk, -1) && !duk_is_symbol(engine->duk, -1))
        taken = engine_take_result(text_at(engine->duk, -1), result, cut, fault);
    else
        taken = engine_refuse_type(type_name(engine->duk), fault);
    duk_set_top(engine->duk, 0);
    return taken;
}

bool engine_find(struct engine *engine, const struct pac_ask *ask, struct buf *result,
                 bool *cut, struct engine_fault *fault)
{
    struct run run = {.engine = engine, .ask = ask};

    engine->heap.refused = false;
    *cut = false;
    if (duk_safe_call(engine->duk, run_find, &run, 0, 1) != DUK_EXEC_SUCCESS)
        return fail(engine, fault, run.error);
    if (!run.returned)
        return check_function(engine, fault);
    return take_returned(engine, result, cut, fault);
}
