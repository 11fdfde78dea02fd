/*
 * newer: finds the JavaScript in a script that an engine of ES5 does not know.
 */
#ifndef CCGATE_PAC_NEWER_H
#define CCGATE_PAC_NEWER_H

#include "base/span.h"

/*
 * The first construct newer than ES5 that stands in a line up to last_line (0: in any),
 * as the reader would name it ("`let`", "an arrow function"), and its line, from 1.
 * NULL if there is none. Comments, strings and regular expressions are passed over.
 */
const char *newer_syntax(struct span script, uint32_t last_line, uint32_t *line);

/*
 * The same for a message about something undefined: "identifier 'Map' undefined" gives
 * "`Map`". NULL if it names nothing newer than ES5.
 */
const char *newer_name(struct span message);

#endif
