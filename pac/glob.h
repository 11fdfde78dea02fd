/*
 * glob: the common case of shExpMatch(), in bounded time and without a regex engine.
 *
 * The browsers turn the pattern into a regular expression: '.' is escaped, '*' becomes
 * ".*", '?' becomes ".", every other regex character keeps its meaning. Patterns with
 * such characters, and texts that are more than printable ASCII, are left to the
 * engine's RegExp.
 */
#ifndef CCGATE_PAC_GLOB_H
#define CCGATE_PAC_GLOB_H

#include "base/buf.h"

enum glob_result {
    GLOB_NO,
    GLOB_YES,
    GLOB_REGEXP, /* ask the engine's RegExp for glob_regexp() */
};

/* Takes text.len * pattern.len steps at most. */
enum glob_result glob_match(struct span text, struct span pattern);

/* The regular expression the browsers make of it, "^" and "$" included. */
int glob_regexp(struct span pattern, struct buf *out);

#endif
