/*
 * route_table: a decision, its hops and their health as lines of text.
 */
#include "admin/route_table.h"

#include <stdio.h>
#include <string.h>

static void put_line(struct table *t, const char *label, const char *text)
{
    table_put(t, "  %-8s ", label);
    table_put_text(t, text);
    table_put(t, "\n");
}

/* ---- the health of a hop ---- */

/* ", last on 11-23 16:20:01", or nothing. */
static void put_when(struct table *t, const char *words, const json_t *object,
                     const char *key)
{
    char when[TABLE_CELL];

    if (table_get_number(object, key) == 0)
        return;
    table_time(when, table_get_number(object, key));
    table_put(t, "%s%s", words, when);
}

/* What happened to it, if anything has. */
static void put_failure(struct table *t, const json_t *hop)
{
    const char *detail = table_get_text(hop, "last_detail");

    if (table_get_text(hop, "last_error")[0] == '\0')
        return;
    put_when(t, "; failed ", hop, "last_error_at");
    table_put(t, ": ");
    table_put_text(t, detail[0] != '\0' ? detail : table_get_text(hop, "last_error"));
}

static void put_health(struct table *t, const json_t *hop)
{
    const char *health = table_get_text(hop, "health");
    char rest[TABLE_CELL];

    if (health[0] == '\0')
        return;
    table_put(t, "  %-8s ", "");
    if (strcmp(health, "resting") == 0) {
        table_duration(rest, (table_get_number(hop, "rests_for_ms") + 999) / 1000);
        table_put(t, "rests for %s more, tried when all others fail", rest);
    } else if (strcmp(health, "unused") == 0) {
        table_put(t, "not used so far");
    } else if (table_get_number(hop, "successes") == 0) {
        table_put(t, "not resting");
    } else {
        table_put(t, "well");
    }
    put_when(t, "; worked ", hop, "last_success_at");
    put_failure(t, hop);
    table_put(t, "\n");
}

/* ---- its login ---- */

static void put_closed(struct table *t, const json_t *login)
{
    const char *why = table_get_text(login, "why");

    table_put(t, "  %-8s login held back: it was rejected", "");
    put_when(t, " on ", login, "rejected_when");
    table_put(t, "%s", why[0] != '\0' ? ", " : "");
    table_put_text(t, why);
    table_put(t, "\n");
}

static void put_login(struct table *t, const json_t *login)
{
    const char *state = table_get_text(login, "state");
    const char *asked = table_get_text(login, "asked");
    char scheme[TABLE_CELL], shown[TABLE_CELL];

    table_cell(scheme, table_get_text(login, "scheme"));
    table_cell(shown, state);
    if (json_is_true(json_object_get(login, "withheld")) &&
        table_get_text(login, "user")[0] != '\0')
        put_line(t, "", "login withheld: no entry of auth_hosts names this host");
    else if (strcmp(state, "closed") == 0)
        put_closed(t, login);
    else if (strcmp(asked, "no") == 0)
        put_line(t, "", "asks for no login");
    else if (strcmp(asked, "yes") == 0)
        table_put(t, "  %-8s asks for a login: %s%s%s\n", "", scheme,
                  scheme[0] != '\0' ? ", " : "",
                  strcmp(state, "none") == 0 ? "none is configured" : shown);
}

static void put_note(struct table *t, const json_t *login)
{
    const char *note = table_get_text(login, "note");

    if (note[0] != '\0')
        put_line(t, "", note);
}

/* ---- the decision ---- */

static void put_hops(struct table *t, const json_t *hops)
{
    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);
        const json_t *login = json_object_get(hop, "login");

        put_line(t, i == 0 ? "through" : "or", table_get_text(hop, "name"));
        put_health(t, hop);
        put_login(t, login);
        put_note(t, login);
    }
}

static void put_trace(struct table *t, const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *line = json_string_value(json_array_get(lines, i));

        put_line(t, "trace", line != NULL ? line : "");
    }
}

void route_table(const json_t *route, struct table *t)
{
    const char *kind = table_get_text(route, "kind");
    const char *help = table_get_text(route, "help");
    const char *note = table_get_text(route, "health_note");

    if (strcmp(kind, "direct") == 0)
        table_put(t, "  direct\n");
    else if (strcmp(kind, "refused") == 0)
        put_line(t, "no way", table_get_text(route, "outcome"));
    put_hops(t, json_object_get(route, "hops"));
    if (note[0] != '\0')
        put_line(t, "health", note);
    put_line(t, "because", table_get_text(route, "why"));
    put_trace(t, json_object_get(route, "trace"));
    if (help[0] != '\0')
        put_line(t, "help", help);
}
