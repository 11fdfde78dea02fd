/*
 * engine_shared: what every engine does alike with the texts it gets from JavaScript.
 */
#include "pac/engine_shared.h"

#include <stdio.h>
#include <string.h>

#include "pac/newer.h"

#define FAULT_LIMIT 512

const char engine_prelude[] =
    "(function (D, now, global) {"
    "  function Date(y, m, d, h, i, s, ms) {"
    "    var n = arguments.length;"
    "    if (!(this instanceof Date)) return new D(now()).toString();"
    "    if (n === 0) return new D(now());"
    "    if (n === 1) return new D(y);"
    "    return new D(y, m, n > 2 ? d : 1, n > 3 ? h : 0, n > 4 ? i : 0,"
    "                 n > 5 ? s : 0, n > 6 ? ms : 0);"
    "  }"
    "  Date.prototype = D.prototype;"
    "  Object.defineProperty(D.prototype, 'constructor',"
    "    {value: Date, writable: true, enumerable: false, configurable: true});"
    "  Date.UTC = D.UTC; Date.parse = D.parse;"
    "  Date.now = function () { return now(); };"
    "  Object.defineProperty(global, 'Date',"
    "    {value: Date, writable: true, enumerable: false, configurable: true});"
    "  global.wdays = {SUN: 0, MON: 1, TUE: 2, WED: 3, THU: 4, FRI: 5, SAT: 6};"
    "  global.months = {JAN: 0, FEB: 1, MAR: 2, APR: 3, MAY: 4, JUN: 5, JUL: 6,"
    "                   AUG: 7, SEP: 8, OCT: 9, NOV: 10, DEC: 11};"
    "})";

void engine_fault_init(struct engine_fault *fault)
{
    fault->error = 0;
    fault->line = 0;
    buf_init(&fault->text, FAULT_LIMIT);
}

void engine_fault_clear(struct engine_fault *fault)
{
    buf_clear(&fault->text);
}

static bool is_control(char c)
{
    return (c >= 0 && c < ' ') || c == 0x7f;
}

void engine_fail(struct engine_fault *fault, enum pac_error error, uint32_t line,
                 struct span text)
{
    fault->error = error;
    fault->line = line;
    buf_reset(&fault->text);
    for (size_t i = 0; i < text.len; i++) {
        const char *c = is_control(text.at[i]) ? " " : text.at + i;

        if (buf_append(&fault->text, c, 1) != 0)
            return;
    }
}

static bool knows_es5_only(void)
{
    return strcmp(engine_language(), "ES5") == 0;
}

static void fail_newer(struct engine_fault *fault, uint32_t line, const char *what)
{
    fault->error = PAC_ERROR_NEWER;
    fault->line = line;
    buf_reset(&fault->text);
    (void)buf_printf(&fault->text,
                     "%s is newer than the JavaScript that this engine knows (%s)",
                     what, engine_language());
}

void engine_fail_syntax(struct engine_fault *fault, struct span script, uint32_t line,
                        struct span text)
{
    uint32_t at = 0;
    const char *what = knows_es5_only() ? newer_syntax(script, line, &at) : NULL;

    if (what != NULL)
        fail_newer(fault, at, what);
    else
        engine_fail(fault, PAC_ERROR_SYNTAX, line, text);
}

void engine_fail_thrown(struct engine_fault *fault, enum pac_error error, uint32_t line,
                        struct span text)
{
    const char *what = knows_es5_only() ? newer_name(text) : NULL;

    if (what != NULL)
        fail_newer(fault, line, what);
    else
        engine_fail(fault, error, line, text);
}

void engine_fail_memory(struct engine_fault *fault)
{
    engine_fail(fault, PAC_ERROR_MEMORY, 0,
                SPAN("the script wants more memory than it may have"));
}

void engine_fail_untold(struct engine_fault *fault, enum pac_error error, uint32_t line)
{
    engine_fail(fault, error, line, SPAN("an error that throws when it is looked at"));
}

bool engine_check_function(bool callable, bool defined, struct engine_fault *fault)
{
    if (callable)
        return true;
    if (defined)
        engine_fail(fault, PAC_ERROR_NOT_FUNCTION, 0,
                    SPAN("FindProxyForURL is not a function"));
    else
        engine_fail(fault, PAC_ERROR_NO_FUNCTION, 0,
                    SPAN("the script defines no FindProxyForURL"));
    return false;
}

bool engine_refuse_type(const char *type, struct engine_fault *fault)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "FindProxyForURL returned %s, not a string",
                   type);
    engine_fail(fault, PAC_ERROR_NOT_STRING, 0, span_of(text));
    return false;
}

uint32_t engine_stack_line(struct span stack)
{
    static const struct span mark = {ENGINE_FILE ":", sizeof(ENGINE_FILE)};
    uint64_t line = 0;

    while (stack.len >= mark.len && !span_starts(stack, mark))
        stack = span_skip(stack, 1);
    stack = span_skip(stack, mark.len);
    for (size_t n = 0; n < stack.len && stack.at[n] >= '0' && stack.at[n] <= '9'; n++) {
        if (!span_to_u64((struct span){stack.at, n + 1}, &line) || line > UINT32_MAX)
            return 0;
    }
    return (uint32_t)line;
}

bool engine_take_result(struct span text, struct buf *result, bool *cut,
                        struct engine_fault *fault)
{
    size_t before = result->len;

    *cut = text.len > PAC_RESULT_LIMIT;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] >= 0x80) {
            engine_fail(fault, PAC_ERROR_NOT_ASCII, 0,
                        SPAN("FindProxyForURL returned more than ASCII"));
            return false;
        }
    }
    if (*cut) {
        text.len = PAC_RESULT_LIMIT;
        while (text.len > 0 && text.at[text.len - 1] != ';')
            text.len--;
    }
    if (buf_append_span(result, text) != 0) {
        engine_fail(fault, PAC_ERROR_MEMORY, 0, SPAN("out of memory"));
        return false;
    }
    /* '?' is in no proxy's name: an entry with a line end is dropped, as in Chrome. */
    for (size_t i = before; i < result->len; i++) {
        char *c = result->data + result->start + i;

        if (*c != '\t' && is_control(*c))
            *c = '?';
    }
    return true;
}
