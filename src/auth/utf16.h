/*
 * utf16: text as NTLM sends it: UTF-16, little-endian, without a terminator. Pure.
 */
#ifndef CCGATE_AUTH_UTF16_H
#define CCGATE_AUTH_UTF16_H

#include "base/buf.h"

/*
 * Appends UTF-8 text; upper: letters become capitals one by one, as Windows compares
 * names (Latin, Greek, Cyrillic and Armenian). Room is made at once. 0, -EINVAL for
 * bytes that are no UTF-8, or the error of buf_reserve().
 */
int utf16_append(struct buf *out, struct span text, bool upper);

#endif
