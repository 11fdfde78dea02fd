/*
 * log_line: one event as one line of text or JSON. For log.c alone.
 */
#ifndef CCGATE_BASE_LOG_LINE_H
#define CCGATE_BASE_LOG_LINE_H

#include "base/log.h"

#define LOG_LINE_MAX 8192 /* bytes of a line, its newline included */

/* Whether a text line begins with the time; syslog has its own. JSON always has it. */
enum log_stamp { LOG_STAMPED, LOG_UNSTAMPED };

/*
 * Writes a line with its newline, at least 512 and at most size bytes, and returns its
 * length. A field that does not fit is left out, and the line then ends with
 * truncated=true.
 */
size_t log_line(char *out, size_t size, enum log_format format, enum log_stamp stamp,
                enum log_level level, const char *event,
                const struct log_field *fields);

#endif
