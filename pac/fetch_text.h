/*
 * fetch_text: what a PAC file is that came from somewhere: bytes to UTF-8, and whether
 * it is one at all. Pure.
 */
#ifndef CCGATE_PAC_FETCH_TEXT_H
#define CCGATE_PAC_FETCH_TEXT_H

#include "base/buf.h"

#define FETCH_TITLE 128 /* room for the title of a page */

/* The charset parameter of a Content-Type (RFC 9110 section 8.3.1); empty: none. */
struct span fetch_charset(struct span content_type);

/*
 * Appends the text as UTF-8 without a byte order mark, U+FFFD for what is no character.
 * The first of these that says something decides: a byte order mark (UTF-8, UTF-16),
 * the charset if it is known here, UTF-8 if all of it is valid, Latin-1. 0, -ENOMEM or
 * -EMSGSIZE.
 */
int fetch_decode(struct span bytes, struct span charset, struct buf *out);

/*
 * Whether a text is a page of HTML. Its title, one line without control characters, is
 * cut to what fits; empty: it has none.
 */
bool fetch_is_html(struct span text, char title[FETCH_TITLE]);

/* Whether it may be a PAC script: Chrome looks for the function's name, too. */
bool fetch_is_pac(struct span text);

#endif
