/*
 * fetch: gets a PAC file. Never through a proxy, without a login, and blocking: for a
 * process that may be killed.
 */
#ifndef CCGATE_PAC_FETCH_H
#define CCGATE_PAC_FETCH_H

#include "base/system_protocol.h"

struct fetch {
    struct buf bytes;  /* as it was served */
    struct buf script; /* in UTF-8 */
    char content_type[256];
    char etag[SYSTEM_HEADER_LIMIT + 1];
    char last_modified[SYSTEM_HEADER_LIMIT + 1];
    char url[512]; /* where redirects led to; empty: there were none */
    char why[SYSTEM_WHY_LIMIT + 1];
    struct system_fetched answer; /* views of the above */
};

void fetch_init(struct fetch *fetch);
void fetch_clear(struct fetch *fetch);

/* Fills in the answer, from scratch. */
void fetch_run(struct fetch *fetch, const struct system_fetch *ask);

/* "libcurl/7.88.1 OpenSSL/3.0.17 ..." */
const char *fetch_library(void);

/* ---- for fetch itself ---- */

/* Sets the answer's result and reason; control characters become '?'. Returns false. */
bool fetch_fail(struct fetch *fetch, enum system_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The bytes of a URL of these schemes; false: fetch_fail() was called. */
bool fetch_file(struct fetch *fetch, struct span url);
bool fetch_data(struct fetch *fetch, struct span url);
bool fetch_http(struct fetch *fetch, const struct system_fetch *ask);

#endif
