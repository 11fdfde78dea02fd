/*
 * request_id: what one request is called in the log: "1f0c-17", the 17th request of a
 * process. The first part tells processes apart, so that an id of one that has ended is
 * not taken for another request.
 */
#ifndef CCGATE_BASE_REQUEST_ID_H
#define CCGATE_BASE_REQUEST_ID_H

#include "base/span.h"

/* The process in the upper 16 bits, a count from 1 on below. 0 is none. */
typedef uint64_t request_id;

#define REQUEST_ID_TEXT 24 /* room for any text, with its NUL */

/* The id that stands before the first one of a process. */
request_id request_id_first(uint16_t process);

/* Whether both are of one process. */
bool request_id_same_process(request_id a, request_id b);

/* 0 gives "". */
void request_id_format(request_id id, char text[REQUEST_ID_TEXT]);

/* False if the text is none. */
bool request_id_parse(struct span text, request_id *id);

#endif
