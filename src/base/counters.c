/*
 * counters: the numbers of this process. See counters.h.
 */
#include "base/counters.h"

#include <assert.h>
#include <stddef.h>

struct counter_text {
    const char *name;
    const char *help;
};

static const struct counter_text TEXTS[COUNTER_COUNT] = {
    [COUNTER_ACCEPTED] = {"connections_accepted_total", "Connections accepted."},
    [COUNTER_ACCEPT_FAILED] = {"accept_failures_total",
                               "Failed accepts, after which the listener paused."},
    [COUNTER_CALLER_REFUSED] = {"callers_refused_total",
                                "Connections refused by user or network."},
    [COUNTER_SESSIONS_REFUSED] = {"sessions_refused_total",
                                  "Connections refused above the session limit."},
    [COUNTER_REQUESTS] = {"requests_total", "Request heads read, CONNECT included."},
    [COUNTER_TUNNELS] = {"tunnels_total", "Tunnels opened."},
    [COUNTER_TLS_ON_PLAIN] = {"tls_on_plain_port_total",
                              "TLS handshakes begun on the plain port."},
    [COUNTER_SELF_REQUESTS] = {"self_requests_total", "Requests for ccgate itself."},
    [COUNTER_BYTES_UP] = {"bytes_up_total", "Payload bytes from clients to upstreams."},
    [COUNTER_BYTES_DOWN] = {"bytes_down_total",
                            "Payload bytes from upstreams to clients."},
    [COUNTER_LOGINS_REJECTED] = {"logins_rejected_total",
                                 "Logins that a proxy rejected."},
    [COUNTER_HOP_FAILURES] = {"hop_failures_total",
                              "Hops that could not be reached or used."},
    [COUNTER_UPSTREAM_REUSED] = {"upstream_reused_total",
                                 "Plain requests sent on a kept connection."},
    [COUNTER_RELOADS] = {"reloads_total", "Configurations loaded again."},
    [COUNTER_RELOADS_FAILED] = {"reload_failures_total",
                                "Reloads refused because of errors."},
    [COUNTER_PAC_EVALUATIONS] = {"pac_evaluations_total", "Runs of the PAC script."},
    [COUNTER_PAC_CACHED] = {"pac_cached_total",
                            "Decisions of the PAC script taken from the cache."},
    [COUNTER_PAC_FAILURES] = {"pac_failures_total",
                              "Questions that the PAC script gave no answer to."},
    [COUNTER_PAC_TIMEOUTS] = {"pac_timeouts_total",
                              "Runs of the PAC script that took too long."},
    [COUNTER_PAC_CRASHES] = {"pac_crashes_total",
                             "PAC children that ended, or ran out of memory."},
    [COUNTER_SYSTEM_QUESTIONS] = {"system_questions_total",
                                  "Questions about the system's settings and WPAD."},
    [COUNTER_SYSTEM_FAILURES] = {"system_failures_total",
                                 "Questions about them that got no answer."},
};

static uint64_t counts[COUNTER_COUNT];
static uint64_t outcomes[OUTCOME_COUNT];

void counter_add(enum counter counter, uint64_t n)
{
    assert((unsigned)counter < COUNTER_COUNT);
    counts[counter] += n;
}

uint64_t counter_get(enum counter counter)
{
    assert((unsigned)counter < COUNTER_COUNT);
    return counts[counter];
}

const char *counter_name(enum counter counter)
{
    assert((unsigned)counter < COUNTER_COUNT);
    return TEXTS[counter].name;
}

const char *counter_help(enum counter counter)
{
    assert((unsigned)counter < COUNTER_COUNT);
    return TEXTS[counter].help;
}

void counter_outcome(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOME_COUNT);
    outcomes[outcome]++;
}

uint64_t counter_outcome_get(enum outcome outcome)
{
    assert((unsigned)outcome < OUTCOME_COUNT);
    return outcomes[outcome];
}
