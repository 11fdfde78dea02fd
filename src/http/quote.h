/*
 * quote: what an error page says, in one short line. Pure.
 */
#ifndef CCGATE_HTTP_QUOTE_H
#define CCGATE_HTTP_QUOTE_H

#include "base/span.h"

#define QUOTE_LIMIT 200

/*
 * The <title> of an HTML page, else its first text: valid UTF-8 without control
 * characters, the most common entities decoded, blanks collapsed, at most QUOTE_LIMIT
 * bytes of whole characters and a NUL. Empty when there is nothing to quote.
 */
void quote_page(struct span body, char out[QUOTE_LIMIT + 1]);

#endif
