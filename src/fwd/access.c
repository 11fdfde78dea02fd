/*
 * access: one line per request.
 */
#include "fwd/access.h"

#include <stdlib.h>

#include "base/counters.h"
#include "base/log.h"
#include "base/loop.h"

const char *access_method(struct span method)
{
    static const char *const names[] = {"CONNECT", "GET",     "HEAD",  "POST", "PUT",
                                        "DELETE",  "OPTIONS", "TRACE", "PATCH"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (span_equal(method, span_of(names[i])))
            return names[i];
    return "other";
}

void access_clear(struct access *a)
{
    free(a->target);
    trail_clear(&a->trail);
    *a = (struct access){0};
}

static const char *route_word(const struct access *a)
{
    if (a->hop)
        return a->hop;
    return a->direct ? "direct" : "none";
}

void access_end(struct access *a, bool log, const char *client, int64_t uid,
                enum outcome outcome, const char *detail)
{
    char id[REQUEST_ID_TEXT];

    counter_outcome(outcome);
    counter_add(COUNTER_BYTES_UP, a->bytes_up);
    counter_add(COUNTER_BYTES_DOWN, a->bytes_down);
    if (!log)
        return;
    request_id_format(a->trail.id, id);
    LOG_INFO(
        "access", LOG_TEXT("id", id), LOG_TEXT("client", client), LOG_INT("uid", uid),
        LOG_TEXT("method", a->method), LOG_TEXT("target", a->target),
        LOG_INT("status", a->status), LOG_TEXT("route", route_word(a)),
        LOG_TEXT("why", a->why), LOG_TEXT("outcome", outcome_info(outcome)->name),
        LOG_TEXT("detail", detail), LOG_TEXT("reused", a->reused ? a->reused : "no"),
        LOG_INT("bytes_up", a->bytes_up), LOG_INT("bytes_down", a->bytes_down),
        LOG_MS("total_ms", loop_clock() - a->began),
        LOG_MS("resolve_ms", a->resolve_ns), LOG_MS("connect_ms", a->connect_ns),
        LOG_MS("tls_ms", a->tls_ns), LOG_MS("wait_ms", a->wait_ns));
}
