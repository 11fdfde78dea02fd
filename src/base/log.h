/*
 * log: one line per event, key=value or JSON.
 *
 * The log is a property of the process: one sink, set once by log_open() and reopened
 * by log_reopen(). Before log_open() it writes text to standard error at level INFO.
 *
 * Peer data goes only into fields, never into an event name or a key. Values are
 * escaped: control bytes and bytes that are no UTF-8 never reach the sink raw. No field
 * type takes a struct secret, so a secret cannot be logged.
 */
#ifndef CCGATE_BASE_LOG_H
#define CCGATE_BASE_LOG_H

#include "base/span.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum log_field_kind { LOG_FIELD_END, LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_MS };

struct log_field {
    enum log_field_kind kind;
    const char *key;
    struct span text; /* a span with at == NULL leaves the field out */
    int64_t number;   /* INT as it is; MS in nanoseconds, printed as milliseconds */
};

struct log_options {
    const char *to; /* "stderr", "syslog", or a file path */
    enum log_format format;
    enum log_level level;
};

/* 0 or -errno from opening the file; the old sink then stays. */
int log_open(const struct log_options *options);

/* Opens the same file anew (after rotation). 0 or -errno; the old file then stays. */
int log_reopen(void);
/* Writes out what is buffered; called by the loop before it sleeps and at exit. */
void log_flush(void);
void log_close(void);

bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_SPAN(k, v) ((struct log_field){LOG_FIELD_TEXT, (k), (v), 0})
#define LOG_TEXT(k, v) ((struct log_field){LOG_FIELD_TEXT, (k), span_of(v), 0})
#define LOG_INT(k, v)  ((struct log_field){LOG_FIELD_INT, (k), {NULL, 0}, (int64_t)(v)})
#define LOG_MS(k, ns)  ((struct log_field){LOG_FIELD_MS, (k), {NULL, 0}, (int64_t)(ns)})

#define LOG_AT(level, event, ...)                                                      \
    do {                                                                               \
        if (log_enabled(level))                                                        \
            log_write((level), (event),                                                \
                      (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}});      \
    } while (0)

#define LOG_ERROR(event, ...) LOG_AT(LOG_LEVEL_ERROR, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_WARN(event, ...)  LOG_AT(LOG_LEVEL_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_INFO(event, ...)  LOG_AT(LOG_LEVEL_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LEVEL_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)

#endif
