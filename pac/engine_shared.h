/*
 * engine_shared: what every engine does alike with the texts it gets from JavaScript.
 */
#ifndef CCGATE_PAC_ENGINE_SHARED_H
#define CCGATE_PAC_ENGINE_SHARED_H

#include "pac/engine.h"

/*
 * Evaluated before the script, to a function (Date, now, global): it puts a Date in the
 * place of the engine's that reads the clock of the question.
 */
extern const char engine_prelude[];

/* Fills a fault in: text's controls become blanks, a long one is cut. */
void engine_fail(struct engine_fault *fault, enum pac_error error, uint32_t line,
                 struct span text);

/*
 * Names the construct if a syntax error, or a name that is not known, comes from newer
 * JavaScript than the engine's; else it is engine_fail().
 */
void engine_fail_syntax(struct engine_fault *fault, struct span script, uint32_t line,
                        struct span text);
void engine_fail_thrown(struct engine_fault *fault, enum pac_error error, uint32_t line,
                        struct span text);

void engine_fail_memory(struct engine_fault *fault);

/* For one whose toString() or stack throws. */
void engine_fail_untold(struct engine_fault *fault, enum pac_error error,
                        uint32_t line);

/* Whether FindProxyForURL can be called; else a fault. */
bool engine_check_function(bool callable, bool defined, struct engine_fault *fault);

/* The fault of what FindProxyForURL returned: type is "a number", ... Returns false. */
bool engine_refuse_type(const char *type, struct engine_fault *fault);

/* The line of the innermost "(proxy.pac:12)" or "proxy.pac:12:5" in a stack trace. */
uint32_t engine_stack_line(struct span stack);

/* The value of FindProxyForURL, a string, into result. */
bool engine_take_result(struct span text, struct buf *result, bool *cut,
                        struct engine_fault *fault);

#endif
