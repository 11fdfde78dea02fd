/*
 * bindings: what a script can call, free of any engine. An engine turns arguments into
 * values, calls bindings_call(), and turns the result back.
 *
 * A lookup whose answer is not in the question ends the run: `missing` is set, every
 * call from then on says BIND_MISS, and what the script makes of that does not count.
 */
#ifndef CCGATE_PAC_BINDINGS_H
#define CCGATE_PAC_BINDINGS_H

#include "base/pac_protocol.h"
#include "pac/jsdate.h"
#include "pac/value.h"

#define BINDING_ARGUMENTS 16 /* more of them are not looked at */

enum bind_outcome {
    BIND_OK,
    BIND_THROW,   /* a TypeError with `message` */
    BIND_MISS,    /* an Error with `message` */
    BIND_RETHROW, /* what the regexp callback's engine threw */
};

/* What RegExp(source).test(text) says: 0, 1; -1: it threw, and the engine has it. */
typedef int bind_regexp(void *ctx, struct span source, struct span text);

struct bindings {
    const struct pac_ask *ask; /* of this run */
    struct jsclock clock;
    bind_regexp *regexp;
    void *regexp_ctx;
    uint8_t flags; /* enum pac_answer_flag */
    uint32_t names_used;
    bool missing; /* a name; then `name` and `family` say which */
    enum pac_family family;
    struct buf name;
    struct buf alerts;
    struct buf trace;
    struct buf scratch;  /* the text of a result, until the next call */
    const char *message; /* of BIND_THROW, BIND_MISS */
};

void bindings_init(struct bindings *b);
void bindings_clear(struct bindings *b);

/* Begins a run: nothing missing, used, said or traced. */
void bindings_begin(struct bindings *b, const struct pac_ask *ask);

size_t bindings_count(void);
const char *bindings_name(size_t index);

/*
 * Whether an object among the arguments becomes a string first, by its toString(). Else
 * it is to come as VALUE_OBJECT: the browsers look at strings only there, and run none
 * of the script.
 */
bool bindings_converts(size_t index);

/* The clock as Date sees it, in ms since 1970; the run has then used it. */
double bindings_now(struct bindings *b);

/* The arguments' texts must live until it returns, the result's until the next call or,
 * where it is an argument's, as long as that. */
enum bind_outcome bindings_call(struct bindings *b, size_t index,
                                const struct value *args, size_t count,
                                struct value *result);

#endif
