/*
 * request_table: one request as people read it, made of the JSON of request_json.h.
 */
#ifndef CCGATE_ADMIN_REQUEST_TABLE_H
#define CCGATE_ADMIN_REQUEST_TABLE_H

#include <jansson.h>

#include "base/buf.h"

#define REQUEST_DOES 512

/* "connecting to http://a:8080": what goes on, in a few words. */
void request_does(char text[REQUEST_DOES], const json_t *request);

/* Appends it. 0 or the error of buf_append(). */
int request_table(const json_t *request, struct buf *out);

#endif
