/*
 * settings: what ccgate-system says of the system's settings and of WPAD, and for how
 * long that is kept.
 *
 * An answer holds for a minute. If somebody used it, it is then asked for again in the
 * background, and stands until the new one is there; else it is forgotten. One that is
 * the same for every URL is kept once, the others by scheme, host and port. While
 * nothing is known one question is under way, and all others wait for it. A failure
 * holds for 5 s.
 */
#ifndef CCGATE_ROUTE_SETTINGS_H
#define CCGATE_ROUTE_SETTINGS_H

#include "base/loop.h"
#include "base/system_protocol.h"

#define SETTINGS_CHILDREN 4   /* that run at once */
#define SETTINGS_QUEUE    64  /* questions that wait for one, for limit_ms at most */
#define SETTINGS_ANSWERS  256 /* that are kept */

struct settings;
struct settings_query;

/* Milliseconds. */
struct settings_times {
    uint64_t keep_ms;    /* an answer */
    uint64_t failure_ms; /* a failure */
};

struct settings_options {
    struct loop *loop;
    uint64_t limit_ms;                  /* one question */
    const struct settings_times *times; /* NULL: those above */
};

/* Views that last during the callback. */
struct settings_said {
    bool failed;  /* text says why, and source is empty */
    bool pending; /* it is not known yet, and the question was not patient */
    enum system_kind kind;
    const char *source, *text; /* as in system_answer; never NULL */
};

typedef void settings_callback(void *ctx, const struct settings_said *said);

/* NULL when memory is out. */
struct settings *settings_new(const struct settings_options *options);

/* All queries must have ended or been cancelled. NULL-safe. */
void settings_free(struct settings *settings);

void settings_set_limit(struct settings *settings, uint64_t limit_ms);

/* Forgets all of it (reload, another network); queries that wait are asked anew. */
void settings_flush(struct settings *settings);

/*
 * Asks. A query that is not patient waits for no child. The callback comes exactly
 * once, never before this returns, never after settings_cancel(). NULL when memory is
 * out.
 */
struct settings_query *settings_start(struct settings *settings,
                                      const struct system_ask *ask, bool patient,
                                      settings_callback *callback, void *ctx);
void settings_cancel(struct settings_query *query); /* NULL-safe */

/* ---- for status ---- */

struct settings_view {
    bool known;                /* `said` has something */
    struct settings_said said; /* valid until the loop goes on */
    uint64_t age_ms;
    size_t answers; /* for single URLs */
    size_t running; /* children */
    size_t queued;  /* questions that wait for one */
};

/* type: SYSTEM_PROXY, where said is the answer for every URL, or SYSTEM_WPAD. */
void settings_view(const struct settings *settings, enum system_message type,
                   struct settings_view *view);

#endif
