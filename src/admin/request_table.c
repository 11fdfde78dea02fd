/*
 * request_table: one request as lines of text.
 */
#include "admin/request_table.h"

#include <stdio.h>
#include <string.h>

#include "admin/route_table.h"
#include "net/peer.h"

static void put_line(struct table *t, const char *label, const char *text)
{
    table_put(t, "  %-8s ", label);
    table_put_text(t, text);
    table_put(t, "\n");
}

/* ---- what it does ---- */

static const struct {
    const char *phase;
    const char *words;
    bool of; /* somebody is named behind them */
} PHASES[] = {
    {"route", "the way is being decided", false},
    {"lookup", "looking up the name of", true},
    {"connect", "connecting to", true},
    {"tls", "in the TLS handshake with", true},
    {"login", "logging in at", true},
    {"answer", "waiting for the answer of", true},
    {"deliver", "the answer is on its way to the client", false},
    {"flight", "waiting for the first bytes through a ready tunnel", false},
    {"relay", "relaying", false},
    {"reply", "telling the client that it failed", false},
};

void request_does(char text[REQUEST_DOES], const json_t *request)
{
    const char *phase = table_get_text(request, "phase");
    const char *hop = table_get_text(request, "phase_hop");
    char name[TABLE_CELL];

    snprintf(text, REQUEST_DOES, "unknown");
    table_cell(name, hop[0] != '\0' ? hop : table_get_text(request, "target"));
    for (size_t i = 0; i < sizeof(PHASES) / sizeof(PHASES[0]); i++)
        if (strcmp(PHASES[i].phase, phase) == 0)
            snprintf(text, REQUEST_DOES, "%s%s%s", PHASES[i].words,
                     PHASES[i].of ? " " : "", PHASES[i].of ? name : "");
}

static void put_amount(struct table *t, const char *words, const json_t *request)
{
    char up[TABLE_CELL], down[TABLE_CELL];

    table_bytes(up, table_get_number(request, "bytes_up"));
    table_bytes(down, table_get_number(request, "bytes_down"));
    table_put(t, "%s%s up, %s down", words, up, down);
}

static void put_outcome(struct table *t, const char *label, const json_t *request)
{
    const char *detail = table_get_text(request, "detail");
    char outcome[TABLE_CELL];

    table_cell(outcome, table_get_text(request, "outcome"));
    table_put(t, "  %-8s %s%s", label, outcome, detail[0] != '\0' ? ": " : "");
    table_put_text(t, detail);
    if (table_get_number(request, "status") > 0)
        table_put(t, " (status %u)", (unsigned)table_get_number(request, "status"));
    table_put(t, "\n");
}

/* ---- an open one ---- */

static void put_now(struct table *t, const json_t *request)
{
    const json_t *since = json_object_get(request, "phase_for_ms");
    char does[REQUEST_DOES], time[TABLE_CELL];

    request_does(does, request);
    table_put(t, "  %-8s ", "now");
    table_put_text(t, does);
    if (json_is_integer(since)) {
        table_duration(time, table_get_number(request, "phase_for_ms") / 1000);
        table_put(t, ", for %s", time);
    }
    if (strcmp(table_get_text(request, "phase"), "relay") == 0)
        put_amount(t, ": ", request);
    table_put(t, "\n");
    if (strcmp(table_get_text(request, "phase"), "reply") == 0)
        put_outcome(t, "", request);
}

/* ---- one that has ended ---- */

static void put_end(struct table *t, const json_t *request)
{
    char ago[TABLE_CELL];

    table_duration(ago, table_get_number(request, "ended_ago_ms") / 1000);
    table_put(t, "  %-8s %s ago, after %.1f ms", "ended", ago,
              json_real_value(json_object_get(request, "took_ms")));
    put_amount(t, "; ", request);
    table_put(t, "\n");
    put_outcome(t, "outcome", request);
}

/* ---- both ---- */

static void put_from(struct table *t, const json_t *request)
{
    const json_t *uid = json_object_get(request, "uid");
    char client[TABLE_CELL], user[TABLE_CELL];

    table_cell(client, table_get_text(request, "client"));
    if (json_is_integer(uid)) {
        peer_user_name((uint32_t)table_get_number(request, "uid"), user, sizeof(user));
        table_put(t, "  %-8s %s (uid %u), %s\n", "from", user,
                  (unsigned)table_get_number(request, "uid"), client);
    } else {
        table_put(t, "  %-8s %s\n", "from", client);
    }
}

static void put_began(struct table *t, const json_t *request)
{
    char when[TABLE_CELL], ago[TABLE_CELL];

    table_time(when, table_get_number(request, "began_at"));
    table_duration(ago, table_get_number(request, "age_ms") / 1000);
    table_put(t, "  %-8s %s, %s ago\n", "began", when, ago);
}

static void put_attempts(struct table *t, const json_t *request)
{
    const json_t *attempts = json_object_get(request, "attempts");
    unsigned more = (unsigned)table_get_number(request, "attempts_left_out");

    for (size_t i = 0; i < json_array_size(attempts); i++) {
        const json_t *attempt = json_array_get(attempts, i);
        const char *detail = table_get_text(attempt, "detail");
        char hop[TABLE_CELL], outcome[TABLE_CELL];

        table_cell(hop, table_get_text(attempt, "hop"));
        table_cell(outcome, table_get_text(attempt, "outcome"));
        table_put(t, "  %-8s %s: %s after %.1f ms%s", "failed", hop, outcome,
                  json_real_value(json_object_get(attempt, "after_ms")),
                  detail[0] != '\0' ? ": " : "");
        table_put_text(t, detail);
        table_put(t, "\n");
    }
    if (more > 0)
        table_put(t, "  %-8s and %u attempts more\n", "", more);
}

/* How the request's own run of it went, as far as that is written down. */
static void put_script(struct table *t, const json_t *script)
{
    const char *told = table_get_text(script, "told");
    unsigned runs = (unsigned)table_get_number(script, "runs");
    char age[TABLE_CELL];

    if (!json_is_object(script))
        return;
    table_duration(age, table_get_number(script, "age_ms") / 1000);
    if (json_is_true(json_object_get(script, "cached")))
        table_put(t, "  %-8s not run: it had said so %s before", "script", age);
    else
        table_put(t, "  %-8s ran %u time%s, %.1f us", "script", runs,
                  runs == 1 ? "" : "s",
                  json_real_value(json_object_get(script, "took_us")));
    table_put(t, "%s", told[0] != '\0' ? "; it was told " : "");
    table_put_text(t, told);
    table_put(t, "\n");
}

static void put_route(struct table *t, const json_t *request)
{
    const json_t *route = json_object_get(request, "route");
    const char *through = table_get_text(request, "through");

    if (through[0] != '\0')
        put_line(t, "took", through);
    if (json_is_object(route))
        route_table(route, t);
    put_script(t, json_object_get(route, "script"));
}

static void put_rerun(struct table *t, const json_t *rerun)
{
    const json_t *differs = json_object_get(rerun, "differs");

    if (!json_is_object(rerun))
        return;
    table_put(t, "decided again just now, for the request itself was not traced%s:\n",
              json_is_true(json_object_get(rerun, "without_query"))
                  ? ", and without the query of its URL"
                  : "");
    if (json_is_true(differs))
        put_line(t, "mind", "this time the answer is another one");
    else if (json_is_false(differs))
        put_line(t, "mind", "the answer is the same as the request's");
    route_table(rerun, t);
}

int request_table(const json_t *request, struct buf *out)
{
    struct table t = {.out = out};
    char id[TABLE_CELL], method[TABLE_CELL];

    table_cell(id, table_get_text(request, "id"));
    table_cell(method, table_get_text(request, "method"));
    table_put(&t, "%s  %s ", id, method);
    table_put_text(&t, table_get_text(request, "target"));
    table_put(&t, "\n");
    put_from(&t, request);
    put_began(&t, request);
    if (strcmp(table_get_text(request, "phase"), "ended") == 0)
        put_end(&t, request);
    else
        put_now(&t, request);
    put_attempts(&t, request);
    put_route(&t, request);
    put_rerun(&t, json_object_get(request, "rerun"));
    return t.error;
}
