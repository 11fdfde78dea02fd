/*
 * engine_quickjs: QuickJS behind the seam. It bounds memory, recursion and, but for the
 * loops of built-in functions like sort(), time.
 */
#include <quickjs/quickjs.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pac/engine_shared.h"
#include "pac/heap.h"

#define STACK_MOST   ((size_t)2 << 20)
#define REGEXPS_KEPT 256 /* compiled patterns of shExpMatch() */

struct engine {
    JSRuntime *runtime;
    JSContext *js;
    struct bindings *bindings;
    struct heap heap;
    JSValue regexp; /* the constructor, and test() of its prototype */
    JSValue test;
    JSValue kept;
    unsigned regexps;
    uint64_t end_ms; /* of the run, on the monotonic clock; 0: none */
    bool stopped;
};

/* ---- memory: the heap's count drives the collector, too ---- */

static void *alloc(JSMallocState *state, size_t size)
{
    struct engine *engine = state->opaque;
    void *at = heap_alloc(&engine->heap, size);

    state->malloc_size = engine->heap.used;
    return at;
}

static void release(JSMallocState *state, void *at)
{
    struct engine *engine = state->opaque;

    heap_release(&engine->heap, at);
    state->malloc_size = engine->heap.used;
}

static void *resize(JSMallocState *state, void *at, size_t size)
{
    struct engine *engine = state->opaque;
    void *moved = heap_resize(&engine->heap, at, size);

    state->malloc_size = engine->heap.used;
    return moved;
}

static size_t usable(const void *at)
{
    (void)at;
    return 0; /* not told */
}

/* ---- time ---- */

static uint64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int must_stop(JSRuntime *runtime, void *opaque)
{
    struct engine *engine = opaque;

    (void)runtime;
    if (engine->end_ms != 0 && clock_ms() >= engine->end_ms)
        engine->stopped = true;
    return engine->stopped;
}

static void begin_run(struct engine *engine, uint32_t limit_ms)
{
    engine->heap.refused = false;
    engine->stopped = false;
    engine->end_ms = limit_ms == 0 ? 0 : clock_ms() + limit_ms;
}

const char *engine_name(void)
{
#ifdef CONFIG_VERSION
    return "quickjs " CONFIG_VERSION;
#else
    return "quickjs";
#endif
}

const char *engine_language(void)
{
    return "ES2023";
}

/* ---- values ---- */

/*
 * Its text, if it has one, must be given back. Without `converts`, what is no plain
 * value stays an object; else sets an exception and returns false where it has no text.
 */
static bool take_value(JSContext *js, JSValueConst from, bool converts, struct value *v)
{
    double number = 0;
    size_t len;

    *v = (struct value){.kind = VALUE_UNDEFINED};
    switch (JS_VALUE_GET_NORM_TAG(from)) {
    case JS_TAG_UNDEFINED:
        return true;
    case JS_TAG_NULL:
        v->kind = VALUE_NULL;
        return true;
    case JS_TAG_BOOL:
        *v = VALUE_OF_BOOL(JS_ToBool(js, from) == 1);
        return true;
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
        (void)JS_ToFloat64(js, &number, from);
        *v = VALUE_OF_NUMBER(number);
        return true;
    default:
        if (!converts && !JS_IsString(from)) {
            v->kind = VALUE_OBJECT;
            return true;
        }
        v->text.at = JS_ToCStringLen(js, &len, from);
        if (v->text.at == NULL)
            return false;
        v->text.len = len;
        v->kind = VALUE_STRING;
        return true;
    }
}

static void give_back(JSContext *js, const struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].kind == VALUE_STRING)
            JS_FreeCString(js, values[i].text.at);
    }
}

static JSValue text_value(JSContext *js, struct span text)
{
    return JS_NewStringLen(js, text.len > 0 ? text.at : "", text.len);
}

static JSValue make_value(JSContext *js, const struct value *v)
{
    switch (v->kind) {
    case VALUE_NULL:
        return JS_NULL;
    case VALUE_BOOL:
        return JS_NewBool(js, v->boolean);
    case VALUE_NUMBER:
        return JS_NewFloat64(js, v->number);
    case VALUE_STRING:
        return text_value(js, v->text);
    case VALUE_UNDEFINED:
    case VALUE_OBJECT: /* no helper returns one */
        break;
    }
    return JS_UNDEFINED;
}

/* ---- what the script calls ---- */

static JSValue finish_call(JSContext *js, struct engine *engine,
                           enum bind_outcome outcome, const struct value *result)
{
    switch (outcome) {
    case BIND_OK:
        return make_value(js, result);
    case BIND_THROW:
        return JS_ThrowTypeError(js, "%s", engine->bindings->message);
    case BIND_MISS:
        return JS_ThrowInternalError(js, "%s", engine->bindings->message);
    case BIND_RETHROW:
        break;
    }
    return JS_EXCEPTION; /* match_regexp() left it */
}

static JSValue call_binding(JSContext *js, JSValueConst this_value, int argc,
                            JSValueConst *argv, int magic)
{
    struct engine *engine = JS_GetContextOpaque(js);
    struct value args[BINDING_ARGUMENTS];
    struct value result;
    size_t count = 0;
    JSValue returned = JS_EXCEPTION;

    (void)this_value;
    if (argc > BINDING_ARGUMENTS)
        argc = BINDING_ARGUMENTS;
    while (count < (size_t)argc &&
           take_value(js, argv[count], bindings_converts((size_t)magic), &args[count]))
        count++;
    if (count == (size_t)argc) {
        enum bind_outcome outcome =
            bindings_call(engine->bindings, (size_t)magic, args, count, &result);

        returned = finish_call(js, engine, outcome, &result);
    }
    give_back(js, args, count);
    return returned;
}

static JSValue call_now(JSContext *js, JSValueConst this_value, int argc,
                        JSValueConst *argv)
{
    struct engine *engine = JS_GetContextOpaque(js);

    (void)this_value;
    (void)argc;
    (void)argv;
    return JS_NewFloat64(js, bindings_now(engine->bindings));
}

/* The compiled pattern, from those that were kept. */
static JSValue get_regexp(struct engine *engine, struct span source)
{
    JSContext *js = engine->js;
    JSValue text = text_value(js, source);
    JSAtom key = JS_ValueToAtom(js, text);
    JSValue made;

    if (engine->regexps == REGEXPS_KEPT) {
        JS_FreeValue(js, engine->kept);
        engine->kept = JS_NewObjectProto(js, JS_NULL);
        engine->regexps = 0;
    }
    made = JS_GetProperty(js, engine->kept, key);
    if (JS_IsUndefined(made)) {
        made = JS_CallConstructor(js, engine->regexp, 1, &text);
        if (!JS_IsException(made) &&
            JS_SetProperty(js, engine->kept, key, JS_DupValue(js, made)) >= 0)
            engine->regexps++;
    }
    JS_FreeAtom(js, key);
    JS_FreeValue(js, text);
    return made;
}

static int match_regexp(void *ctx, struct span source, struct span text)
{
    struct engine *engine = ctx;
    JSContext *js = engine->js;
    JSValue pattern = get_regexp(engine, source);
    JSValue subject, found;
    int matched = -1;

    if (JS_IsException(pattern))
        return -1;
    subject = text_value(js, text);
    found = JS_Call(js, engine->test, pattern, 1, &subject);
    if (!JS_IsException(found))
        matched = JS_ToBool(js, found) == 1;
    JS_FreeValue(js, found);
    JS_FreeValue(js, subject);
    JS_FreeValue(js, pattern);
    return matched;
}

/* ---- setting up ---- */

static void define_bindings(JSContext *js, JSValueConst global)
{
    for (size_t i = 0; i < bindings_count(); i++) {
        const char *name = bindings_name(i);
        JSValue function = JS_NewCFunctionMagic(
            js, call_binding, name, BINDING_ARGUMENTS, JS_CFUNC_generic_magic, (int)i);

        (void)JS_SetPropertyStr(js, global, name, function);
    }
}

static bool run_prelude(JSContext *js, JSValueConst global)
{
    JSValue prelude = JS_Eval(js, engine_prelude, strlen(engine_prelude), "ccgate",
                              JS_EVAL_TYPE_GLOBAL);
    JSValue args[3] = {JS_GetPropertyStr(js, global, "Date"),
                       JS_NewCFunction(js, call_now, "now", 0),
                       JS_DupValue(js, global)};
    JSValue done = JS_Call(js, prelude, JS_UNDEFINED, 3, args);
    bool good = !JS_IsException(done);

    JS_FreeValue(js, done);
    for (int i = 0; i < 3; i++)
        JS_FreeValue(js, args[i]);
    JS_FreeValue(js, prelude);
    return good;
}

static bool set_up(struct engine *engine)
{
    JSContext *js = engine->js;
    JSValue global = JS_GetGlobalObject(js);
    JSValue prototype;
    bool good;

    define_bindings(js, global);
    engine->kept = JS_NewObjectProto(js, JS_NULL);
    engine->regexp = JS_GetPropertyStr(js, global, "RegExp");
    prototype = JS_GetPropertyStr(js, engine->regexp, "prototype");
    engine->test = JS_GetPropertyStr(js, prototype, "test");
    JS_FreeValue(js, prototype);
    good = run_prelude(js, global);
    JS_FreeValue(js, global);
    return good;
}

struct engine *engine_new(struct bindings *bindings, size_t memory)
{
    static const JSMallocFunctions functions = {alloc, release, resize, usable};
    struct engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return NULL;
    engine->heap.ceiling = memory;
    engine->bindings = bindings;
    engine->kept = engine->regexp = engine->test = JS_UNDEFINED;
    engine->runtime = JS_NewRuntime2(&functions, engine);
    if (engine->runtime != NULL)
        engine->js = JS_NewContext(engine->runtime);
    if (engine->js == NULL) {
        engine_free(engine);
        return NULL;
    }
    JS_SetContextOpaque(engine->js, engine);
    JS_SetMaxStackSize(engine->runtime, STACK_MOST);
    JS_SetInterruptHandler(engine->runtime, must_stop, engine);
    if (!set_up(engine)) {
        engine_free(engine);
        return NULL;
    }
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->js != NULL) {
        JS_FreeValue(engine->js, engine->kept);
        JS_FreeValue(engine->js, engine->regexp);
        JS_FreeValue(engine->js, engine->test);
        JS_FreeContext(engine->js);
    }
    if (engine->runtime != NULL)
        JS_FreeRuntime(engine->runtime);
    free(engine);
}

/* ---- faults ---- */

static uint32_t error_line(JSContext *js, JSValueConst error)
{
    JSValue stack = JS_UNDEFINED;
    const char *text = NULL;
    uint32_t line = 0;

    if (JS_IsError(js, error))
        stack = JS_GetPropertyStr(js, error, "stack");
    if (JS_IsString(stack))
        text = JS_ToCString(js, stack);
    if (text != NULL)
        line = engine_stack_line(span_of(text));
    JS_FreeCString(js, text);
    JS_FreeValue(js, stack);
    return line;
}

/* Of the pending exception. Returns false. */
static bool fail(struct engine *engine, struct engine_fault *fault,
                 enum pac_error error, struct span script)
{
    JSContext *js = engine->js;
    JSValue thrown = JS_GetException(js);
    uint32_t line;
    const char *text;

    if (engine->heap.refused || engine->stopped) {
        JS_FreeValue(js, thrown);
        if (engine->stopped)
            engine_fail(fault, PAC_ERROR_TIME, 0,
                        SPAN("the script runs longer than it may"));
        else
            engine_fail_memory(fault);
        return false;
    }
    line = error_line(js, thrown);
    text = JS_ToCString(js, thrown);
    if (text == NULL)
        engine_fail_untold(fault, error, line);
    else if (error == PAC_ERROR_SYNTAX)
        engine_fail_syntax(fault, script, line, span_of(text));
    else
        engine_fail_thrown(fault, error, line, span_of(text));
    JS_FreeCString(js, text);
    JS_FreeValue(js, thrown);
    JS_FreeValue(js, JS_GetException(js));
    return false;
}

/* ---- running ---- */

static JSValue get_function(struct engine *engine)
{
    JSValue global = JS_GetGlobalObject(engine->js);
    JSValue function = JS_GetPropertyStr(engine->js, global, "FindProxyForURL");

    JS_FreeValue(engine->js, global);
    return function;
}

/* Whether there is one to call. */
static bool check_function(struct engine *engine, JSValueConst function,
                           struct engine_fault *fault)
{
    if (JS_IsException(function))
        return fail(engine, fault, PAC_ERROR_THREW, SPAN(""));
    return engine_check_function(JS_IsFunction(engine->js, function),
                                 !JS_IsUndefined(function), fault);
}

static bool run_script(struct engine *engine, struct span script,
                       struct engine_fault *fault)
{
    JSContext *js = engine->js;
    JSValue compiled = JS_Eval(js, script.at, script.len, ENGINE_FILE,
                               JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    JSValue done;
    JSValue function;
    bool good;

    if (JS_IsException(compiled))
        return fail(engine, fault, PAC_ERROR_SYNTAX, script);
    done = JS_EvalFunction(js, compiled);
    if (JS_IsException(done))
        return fail(engine, fault, PAC_ERROR_TOP_LEVEL, script);
    JS_FreeValue(js, done);
    function = get_function(engine);
    good = check_function(engine, function, fault);
    JS_FreeValue(js, function);
    return good;
}

bool engine_load(struct engine *engine, struct span script, uint32_t limit_ms,
                 struct engine_fault *fault)
{
    char *text = span_dup(script); /* JS_Eval() wants a NUL behind it */
    bool good = false;

    engine->bindings->regexp = match_regexp;
    engine->bindings->regexp_ctx = engine;
    begin_run(engine, limit_ms);
    if (text == NULL)
        engine_fail(fault, PAC_ERROR_MEMORY, 0, SPAN("out of memory"));
    else
        good = run_script(engine, (struct span){text, script.len}, fault);
    free(text);
    return good;
}

static const char *type_name(JSValueConst v)
{
    switch (JS_VALUE_GET_NORM_TAG(v)) {
    case JS_TAG_UNDEFINED:
        return "undefined";
    case JS_TAG_NULL:
        return "null";
    case JS_TAG_BOOL:
        return "a boolean";
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
        return "a number";
    default:
        return "an object";
    }
}

static bool take_returned(struct engine *engine, JSValueConst returned,
                          struct buf *result, bool *cut, struct engine_fault *fault)
{
    const char *at = NULL;
    size_t len;
    bool taken;

    if (!JS_IsString(returned))
        return engine_refuse_type(type_name(returned), fault);
    at = JS_ToCStringLen(engine->js, &len, returned);
    if (at == NULL)
        return fail(engine, fault, PAC_ERROR_THREW, SPAN(""));
    taken = engine_take_result((struct span){at, len}, result, cut, fault);
    JS_FreeCString(engine->js, at);
    return taken;
}

bool engine_find(struct engine *engine, const struct pac_ask *ask, struct buf *result,
                 bool *cut, struct engine_fault *fault)
{
    JSContext *js = engine->js;
    JSValue function, returned;
    JSValue args[2];
    bool found = false;

    begin_run(engine, ask->limit_ms);
    *cut = false;
    function = get_function(engine);
    if (!check_function(engine, function, fault)) {
        JS_FreeValue(js, function);
        return false;
    }
    args[0] = text_value(js, ask->url);
    args[1] = text_value(js, ask->host);
    returned = JS_Call(js, function, JS_UNDEFINED, 2, args);
    if (JS_IsException(returned))
        (void)fail(engine, fault, PAC_ERROR_THREW, SPAN(""));
    else
        found = take_returned(engine, returned, result, cut, fault);
    JS_FreeValue(js, returned);
    JS_FreeValue(js, args[0]);
    JS_FreeValue(js, args[1]);
    JS_FreeValue(js, function);
    return found;
}
