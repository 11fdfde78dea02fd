/*
 * value: what passes between a script and a helper, free of any engine.
 *
 * Texts are UTF-8 views; whoever made the value says how long they live. An object
 * comes as the string that the engine made of it, as JavaScript does, or where nothing
 * but strings counts as no more than an object.
 */
#ifndef CCGATE_PAC_VALUE_H
#define CCGATE_PAC_VALUE_H

#include "base/buf.h"

enum value_kind {
    VALUE_UNDEFINED,
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_OBJECT, /* and all that is none of those before it */
};

struct value {
    enum value_kind kind;
    bool boolean;
    double number;
    struct span text;
};

#define VALUE_OF_BOOL(b)   ((struct value){.kind = VALUE_BOOL, .boolean = (b)})
#define VALUE_OF_NUMBER(n) ((struct value){.kind = VALUE_NUMBER, .number = (n)})
#define VALUE_OF_TEXT(t)   ((struct value){.kind = VALUE_STRING, .text = (t)})

/* ToNumber of ECMA-262: NaN for what is no number. */
double value_number(const struct value *v);

/* parseInt(v): NaN where it begins with no digit. */
double value_integer(const struct value *v);

/* v == 'text', as far as strings go. */
bool value_is(const struct value *v, const char *text);

/* As a script would write it: strings quoted, control characters escaped, long ones
 * cut. What does not fit into out is left out. */
void value_show(const struct value *v, struct buf *out);

#endif
