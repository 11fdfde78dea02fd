/*
 * counters: what the process has done so far. One set per process; written on the
 * loop's thread, read by the admin socket. Names are in counters.c, in the order of the
 * enum.
 */
#ifndef CCGATE_BASE_COUNTERS_H
#define CCGATE_BASE_COUNTERS_H

#include <stdint.h>

#include "base/outcome.h"

enum counter {
    COUNTER_ACCEPTED,         /* connections accepted */
    COUNTER_ACCEPT_FAILED,    /* accept() failed; the listener paused */
    COUNTER_CALLER_REFUSED,   /* by uid or network */
    COUNTER_SESSIONS_REFUSED, /* above the limit */
    COUNTER_REQUESTS,         /* heads parsed, CONNECT included */
    COUNTER_TUNNELS,          /* tunnels opened */
    COUNTER_TLS_ON_PLAIN,     /* ClientHello on the plain port */
    COUNTER_SELF_REQUESTS,    /* requests for ccgate itself */
    COUNTER_BYTES_UP,         /* client to upstream, payload */
    COUNTER_BYTES_DOWN,
    COUNTER_LOGINS_REJECTED,
    COUNTER_HOP_FAILURES,
    COUNTER_UPSTREAM_REUSED, /* plain requests on a kept connection */
    COUNTER_RELOADS,
    COUNTER_RELOADS_FAILED,
    COUNTER_PAC_EVALUATIONS,  /* of the PAC script, lookups aside */
    COUNTER_PAC_CACHED,       /* decisions that needed none */
    COUNTER_PAC_FAILURES,     /* questions that it gave no answer to */
    COUNTER_PAC_TIMEOUTS,     /* children that were killed */
    COUNTER_PAC_CRASHES,      /* children that ended, or ran out of memory */
    COUNTER_SYSTEM_QUESTIONS, /* to ccgate-system, about settings and WPAD */
    COUNTER_SYSTEM_FAILURES,  /* that it gave no answer to */
    COUNTER_COUNT
};

void counter_add(enum counter counter, uint64_t n);
uint64_t counter_get(enum counter counter);
const char *counter_name(enum counter counter); /* "tunnels_total" */
const char *counter_help(enum counter counter);

/* Finished requests by outcome. */
void counter_outcome(enum outcome outcome);
uint64_t counter_outcome_get(enum outcome outcome);

#endif
