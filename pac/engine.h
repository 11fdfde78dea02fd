/*
 * engine: the seam behind which a JavaScript engine stands; configure picks one of
 * engine_duktape.c and engine_quickjs.c.
 *
 * An engine bounds memory and recursion. Time only some can: who asks must be ready to
 * kill the process.
 */
#ifndef CCGATE_PAC_ENGINE_H
#define CCGATE_PAC_ENGINE_H

#include "pac/bindings.h"

#define ENGINE_FILE "proxy.pac" /* the script's name in what engines say */

struct engine;

/* What went wrong, when it did. */
struct engine_fault {
    enum pac_error error;
    uint32_t line;   /* of the script, from 1; 0: not known */
    struct buf text; /* a sentence fragment, without control characters */
};

void engine_fault_init(struct engine_fault *fault);
void engine_fault_clear(struct engine_fault *fault);

/* "duktape 2.7.0" */
const char *engine_name(void);

/* The JavaScript it knows, for messages: "ES5". */
const char *engine_language(void);

/* memory: bytes the script may use. The bindings outlive it. NULL: out of memory. */
struct engine *engine_new(struct bindings *bindings, size_t memory);
void engine_free(struct engine *engine); /* NULL-safe */

/*
 * Compiles the script, runs its top level and looks for FindProxyForURL. Once for an
 * engine; a run that missed a name begins with a new engine. limit_ms: see pac_ask.
 */
bool engine_load(struct engine *engine, struct span script, uint32_t limit_ms,
                 struct engine_fault *fault);

/*
 * FindProxyForURL(url, host). What it returned, printable ASCII, is appended to result,
 * which cuts it (*cut) at PAC_RESULT_LIMIT.
 */
bool engine_find(struct engine *engine, const struct pac_ask *ask, struct buf *result,
                 bool *cut, struct engine_fault *fault);

#endif
