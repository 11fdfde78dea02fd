/*
 * punycode: names with letters beyond ASCII, for lookups (RFC 3492, RFC 3490).
 *
 * The mapping tables of IDNA are not here: a label is encoded as it is written, ASCII
 * letters made lower case. Capital or decomposed letters beyond ASCII, which IDNA would
 * map first, make a name that does not exist.
 */
#ifndef CCGATE_PAC_PUNYCODE_H
#define CCGATE_PAC_PUNYCODE_H

#include "base/buf.h"

/* Appends the ASCII form of a UTF-8 name. 0, -EINVAL if it is no UTF-8 or too long,
 * -ENOMEM, -EMSGSIZE; then part of it may have been written. */
int punycode_name(struct span name, struct buf *out);

#endif
