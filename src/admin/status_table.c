/*
 * status_table: the status as people read it. The JSON is its only source, so that the
 * table and `--json` never disagree.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/request_table.h"
#include "admin/status.h"
#include "admin/table.h"
#include "net/peer.h"

enum { ROW_CELLS = 7, ERRORS_SHOWN = 5, TUNNELS_SHOWN = 20 };

struct row {
    char cell[ROW_CELLS][TABLE_CELL];
    const char *tail; /* printed whole behind the last cell; or NULL */
};

/* ---- tables of rows ---- */

static int column_width(const struct row *rows, size_t count, size_t column)
{
    size_t width = 0;

    for (size_t i = 0; i < count; i++)
        if (strlen(rows[i].cell[column]) > width)
            width = strlen(rows[i].cell[column]);
    return (int)width;
}

/* The first row is the heading; columns are as wide as their widest cell. */
static void put_rows(struct table *w, const struct row *rows, size_t count,
                     size_t cells)
{
    for (size_t r = 0; r < count; r++) {
        bool tail = rows[r].tail != NULL && rows[r].tail[0] != '\0';
        size_t last = cells - 1;

        while (!tail && last > 0 && rows[r].cell[last][0] == '\0')
            last--;
        for (size_t c = 0; c < last; c++)
            table_put(w, "%-*s  ", column_width(rows, count, c), rows[r].cell[c]);
        table_put(w, "%s", rows[r].cell[last]);
        table_put_text(w, tail ? rows[r].tail : "");
        table_put(w, "\n");
    }
}

static struct row *rows_new(const json_t *list, size_t limit, size_t *count)
{
    *count = json_array_size(list);
    if (*count > limit)
        *count = limit;
    return *count > 0 ? calloc(*count + 1, sizeof(struct row)) : NULL;
}

static void set_heading(struct row *row, const char *const *titles, size_t cells)
{
    for (size_t i = 0; i < cells; i++)
        table_cell(row->cell[i], titles[i]);
}

/* ---- hops ---- */

static void set_login(char cell[TABLE_CELL], const json_t *login)
{
    const char *asked = table_get_text(login, "asked");
    const char *state = table_get_text(login, "state");
    const char *scheme = table_get_text(login, "scheme");
    char value[TABLE_CELL];

    if (strcmp(asked, "no") == 0 && strcmp(state, "closed") != 0)
        snprintf(value, sizeof(value), "not asked for");
    else
        snprintf(value, sizeof(value), "%s%s%s", scheme, scheme[0] != '\0' ? " " : "",
                 strcmp(state, "closed") == 0 ? "REJECTED" : state);
    table_cell(cell, value);
}

static void set_health(char cell[TABLE_CELL], const json_t *hop)
{
    char duration[TABLE_CELL];

    if (strcmp(table_get_text(hop, "health"), "resting") != 0) {
        table_cell(cell, table_get_text(hop, "health"));
        return;
    }
    table_duration(duration, (table_get_number(hop, "rests_for_ms") + 999) / 1000);
    snprintf(cell, TABLE_CELL, "rests %.40s", duration);
}

static void put_hops(struct table *w, const json_t *hops)
{
    static const char *const TITLES[] = {"HOP",    "HEALTH", "LOGIN",
                                         "WORKED", "FAILED", "LAST ERROR"};
    size_t count;
    struct row *rows = rows_new(hops, STATUS_HOP_LIMIT, &count);

    if (rows == NULL)
        return;
    set_heading(&rows[0], TITLES, 6);
    for (size_t i = 0; i < count; i++) {
        const json_t *hop = json_array_get(hops, i);
        struct row *row = &rows[i + 1];
        const char *detail = table_get_text(hop, "last_detail");

        table_cell(row->cell[0], table_get_text(hop, "name"));
        set_health(row->cell[1], hop);
        set_login(row->cell[2], json_object_get(hop, "login"));
        snprintf(row->cell[3], TABLE_CELL, "%llu",
                 (unsigned long long)table_get_number(hop, "successes"));
        snprintf(row->cell[4], TABLE_CELL, "%llu",
                 (unsigned long long)table_get_number(hop, "failures"));
        row->tail = detail[0] != '\0' ? detail : table_get_text(hop, "last_error");
    }
    table_put(w, "\n");
    put_rows(w, rows, count + 1, 6);
    free(rows);
}

/* What somebody should know about the logins. */
static void put_notes(struct table *w, const json_t *hops)
{
    static const char *const KEYS[] = {"note", "warning"};

    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);

        for (size_t k = 0; k < sizeof(KEYS) / sizeof(KEYS[0]); k++) {
            const char *value = table_get_text(json_object_get(hop, "login"), KEYS[k]);
            char name[TABLE_CELL];

            if (value[0] == '\0')
                continue;
            table_cell(name, table_get_text(hop, "name"));
            table_put(w, "%-10s %s: ", KEYS[k], name);
            table_put_text(w, value);
            table_put(w, "\n");
        }
    }
}

/* ---- tunnels ---- */

static void put_tunnels(struct table *w, const json_t *tunnels, uint64_t open)
{
    static const char *const TITLES[] = {"TUNNEL", "THROUGH", "USER", "AGE",
                                         "UP",     "DOWN",    "ID"};
    size_t count;
    struct row *rows = rows_new(tunnels, TUNNELS_SHOWN, &count);

    if (rows == NULL)
        return;
    set_heading(&rows[0], TITLES, 7);
    for (size_t i = 0; i < count; i++) {
        const json_t *tunnel = json_array_get(tunnels, i);
        struct row *row = &rows[i + 1];
        char user[TABLE_CELL];

        table_cell(row->cell[0], table_get_text(tunnel, "target"));
        table_cell(row->cell[1], table_get_text(tunnel, "hop"));
        peer_user_name((uint32_t)table_get_number(tunnel, "uid"), user, sizeof(user));
        table_cell(row->cell[2], user);
        table_duration(row->cell[3], table_get_number(tunnel, "age_ms") / 1000);
        table_bytes(row->cell[4], table_get_number(tunnel, "bytes_up"));
        table_bytes(row->cell[5], table_get_number(tunnel, "bytes_down"));
        table_cell(row->cell[6], table_get_text(tunnel, "id"));
    }
    table_put(w, "\n");
    put_rows(w, rows, count + 1, 7);
    if (open > count)
        table_put(w, "... and %llu more\n", (unsigned long long)(open - count));
    free(rows);
}

/* ---- requests ---- */

/* In order of their wait: those that hang stand where they are seen. */
static void put_requests(struct table *w, const json_t *requests)
{
    static const char *const TITLES[] = {"REQUEST", "FROM", "AGE", "ID", "NOW"};
    size_t count;
    struct row *rows = rows_new(requests, TUNNELS_SHOWN, &count);
    size_t all = json_array_size(requests);
    char(*does)[REQUEST_DOES] = rows != NULL ? calloc(count, sizeof(*does)) : NULL;

    if (does == NULL)
        goto out;
    set_heading(&rows[0], TITLES, 5);
    for (size_t i = 0; i < count; i++) {
        /* the youngest session is the first of the list */
        const json_t *request = json_array_get(requests, all - 1 - i);
        struct row *row = &rows[i + 1];
        const json_t *uid = json_object_get(request, "uid");
        char user[TABLE_CELL];

        request_does(does[i], request);
        table_cell(row->cell[0], table_get_text(request, "target"));
        if (json_is_integer(uid))
            peer_user_name((uint32_t)json_integer_value(uid), user, sizeof(user));
        table_cell(row->cell[1],
                   json_is_integer(uid) ? user : table_get_text(request, "client"));
        table_duration(row->cell[2], table_get_number(request, "age_ms") / 1000);
        table_cell(row->cell[3], table_get_text(request, "id"));
        row->tail = does[i];
    }
    table_put(w, "\n");
    put_rows(w, rows, count + 1, 5);
    if (all > count)
        table_put(w, "... and %zu more\n", all - count);
out:
    free(does);
    free(rows);
}

/* ---- the rest ---- */

static void put_errors(struct table *w, const json_t *errors)
{
    size_t count = json_array_size(errors);

    if (count > 0)
        table_put(w, "\nLAST ERRORS\n");
    for (size_t i = 0; i < count && i < ERRORS_SHOWN; i++) {
        const json_t *error = json_array_get(errors, i);
        char when[TABLE_CELL], target[TABLE_CELL];

        table_time(when, table_get_number(error, "at"));
        table_cell(target, table_get_text(error, "target"));
        table_put(w, "%s  %s  %s  ", when, table_get_text(error, "outcome"), target);
        table_put_text(w, table_get_text(error, "detail"));
        table_put(w, "\n");
    }
}

static void put_listeners(struct table *w, const json_t *listeners)
{
    table_put(w, "listening  ");
    for (size_t i = 0; i < json_array_size(listeners); i++) {
        const char *addr = json_string_value(json_array_get(listeners, i));
        char cell[TABLE_CELL];

        table_cell(cell, addr != NULL ? addr : "");
        table_put(w, "%s%s", i > 0 ? ", " : "", cell);
    }
    table_put(w, "\n");
}

static void put_forwards(struct table *w, const json_t *forwards)
{
    for (size_t i = 0; i < json_array_size(forwards); i++) {
        const json_t *forward = json_array_get(forwards, i);
        char addr[TABLE_CELL], target[TABLE_CELL];

        table_cell(addr, table_get_text(forward, "address"));
        table_cell(target, table_get_text(forward, "target"));
        table_put(w, "%-10s %s to %s\n", "tunnel", addr, target);
    }
}

static void put_callers(struct table *w, const char *check)
{
    if (strcmp(check, "kernel") == 0)
        table_put(w, "callers    the kernel says which user calls\n");
    else if (strcmp(check, "off") == 0)
        table_put(w, "callers    every local user is served (allow_users: \"*\")\n");
    else
        table_put(w,
                  "callers    the kernel does not say which user calls: local callers "
                  "are refused\n");
}

static void put_sums(struct table *w, const json_t *status)
{
    const json_t *sessions = json_object_get(status, "sessions");
    const json_t *counters = json_object_get(status, "counters");
    char up[TABLE_CELL], down[TABLE_CELL];

    table_bytes(up, table_get_number(counters, "bytes_up_total"));
    table_bytes(down, table_get_number(counters, "bytes_down_total"));
    table_put(w, "sessions   %llu of at most %llu, %llu tunnels\n",
              (unsigned long long)table_get_number(sessions, "open"),
              (unsigned long long)table_get_number(sessions, "limit"),
              (unsigned long long)table_get_number(sessions, "tunnels"));
    table_put(w, "so far     %llu requests, %s up, %s down\n",
              (unsigned long long)table_get_number(counters, "requests_total"), up,
              down);
}

static bool has_been_warm(const json_t *warm)
{
    static const char *const COUNTS[] = {"kept", "kept_connects", "ready", "opened"};

    for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++)
        if (table_get_number(warm, COUNTS[i]) > 0)
            return true;
    return false;
}

/* Where nothing was kept or opened in advance, nothing is said. */
static void put_warm(struct table *w, const json_t *hops)
{
    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);
        const json_t *warm = json_object_get(hop, "warm");
        char name[TABLE_CELL];

        if (!has_been_warm(warm))
            continue;
        table_cell(name, table_get_text(hop, "name"));
        table_put(
            w, "warm       %s: %llu kept, %llu CONNECTs on such; tunnels: %llu ready, ",
            name, (unsigned long long)table_get_number(warm, "kept"),
            (unsigned long long)table_get_number(warm, "kept_connects"),
            (unsigned long long)table_get_number(warm, "ready"));
        table_put(w, "%llu used, %llu died, %llu replaced\n",
                  (unsigned long long)table_get_number(warm, "used"),
                  (unsigned long long)table_get_number(warm, "died"),
                  (unsigned long long)table_get_number(warm, "replayed"));
    }
}

static void put_state_trouble(struct table *w, const char *trouble)
{
    if (trouble[0] == '\0')
        return;
    table_put(w, "state      failed logins are NOT remembered across restarts: ");
    table_put_text(w, trouble);
    table_put(w, "\n");
}

/* Since the script was last known to be the server's; nothing where there is none. */
static void put_age(struct table *w, const json_t *pac)
{
    const char *state = table_get_text(pac, "state");
    char age[TABLE_CELL];

    if (strcmp(state, "loading") == 0 || strcmp(state, "failed") == 0)
        return;
    table_duration(age, table_get_number(pac, "age_ms") / 1000);
    table_put(w, ", %s old", age);
}

/* What confines the children, as far as the kernel let it. */
static void put_sandbox(struct table *w, const json_t *sandbox)
{
    size_t count = json_array_size(sandbox);

    table_put(w, "%-10s %s", "sandbox", count == 0 ? "NONE" : "");
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(sandbox, i));
        char cell[TABLE_CELL];

        table_cell(cell, name != NULL ? name : "");
        table_put(w, "%s%s", i > 0 ? ", " : "", cell);
    }
    table_put(w, "\n");
}

static void put_pac(struct table *w, const json_t *pac)
{
    char url[TABLE_CELL], state[TABLE_CELL], why[TABLE_CELL], engine[TABLE_CELL];

    if (!json_is_object(pac))
        return;
    table_cell(url, table_get_text(pac, "url"));
    table_cell(state, table_get_text(pac, "state"));
    table_cell(why, table_get_text(pac, "why"));
    table_cell(engine, table_get_text(pac, "engine"));
    table_put(w, "pac        %s: %s", url, state);
    put_age(w, pac);
    table_put(w, "%s%s", why[0] != '\0' ? ", " : "", why);
    table_put(w, "; %zu children%s%s\n",
              json_array_size(json_object_get(pac, "children")),
              engine[0] != '\0' ? ", " : "", engine);
    if (engine[0] != '\0') /* else no child has said anything yet */
        put_sandbox(w, json_object_get(pac, "sandbox"));
}

/* What was asked of the system. */
static void put_asked(struct table *w, const char *name, const json_t *asked)
{
    const char *state = table_get_text(asked, "state");
    char source[TABLE_CELL], kind[TABLE_CELL];

    if (!json_is_object(asked))
        return;
    table_cell(source, table_get_text(asked, "source"));
    table_cell(kind, table_get_text(asked, "kind"));
    table_put(w, "%-10s ", name);
    if (strcmp(state, "known") == 0)
        table_put(w, "%s: %s%s", source, kind,
                  table_get_text(asked, "text")[0] != '\0' ? ", " : "");
    else if (strcmp(state, "failed") == 0)
        table_put(w, "FAILED: ");
    else if (strcmp(state, "by_url") == 0)
        table_put(w, "asked for single hosts, %llu answers",
                  (unsigned long long)table_get_number(asked, "by_url"));
    else
        table_put(w, "not asked yet");
    table_put_text(w, table_get_text(asked, "text"));
    table_put_text(w, table_get_text(asked, "why"));
    table_put(w, "\n");
}

static void put_scripts(struct table *w, const json_t *scripts)
{
    for (size_t i = 0; i < json_array_size(scripts); i++)
        put_pac(w, json_array_get(scripts, i));
}

static void put_outside(struct table *w, const json_t *outside)
{
    const char *state = table_get_text(outside, "state");

    if (!json_is_object(outside))
        return;
    if (strcmp(state, "outside") == 0)
        table_put(w, "way        direct because outside: ");
    else
        table_put(w, "outside    %s",
                  strcmp(state, "inside") == 0 ? "no: " : "not known yet");
    table_put_text(w, table_get_text(outside, "why"));
    table_put(w, "\n");
}

int status_table(const json_t *status, struct buf *out)
{
    struct table w = {.out = out};
    const json_t *config = json_object_get(status, "config");
    char version[TABLE_CELL], up[TABLE_CELL], when[TABLE_CELL];

    table_cell(version, table_get_text(status, "version"));
    table_duration(up, table_get_number(status, "uptime_s"));
    table_put(&w, "ccgate %s  pid %llu  up %s%s\n", version,
              (unsigned long long)table_get_number(status, "pid"), up,
              strcmp(table_get_text(status, "state"), "draining") == 0 ? "  DRAINING"
                                                                       : "");
    if (table_get_number(status, "ends_with") > 0)
        table_put(&w, "command    %llu, and it ends with that\n",
                  (unsigned long long)table_get_number(status, "ends_with"));
    put_listeners(&w, json_object_get(status, "listeners"));
    put_forwards(&w, json_object_get(status, "forwards"));
    put_callers(&w, table_get_text(status, "uid_check"));
    put_sums(&w, status);
    table_time(when, table_get_number(config, "loaded_at"));
    table_put(&w, "config     loaded %s%s\n", when,
              strcmp(table_get_text(config, "last_reload"), "failed") == 0
                  ? "; the last reload FAILED (ccgate check-config says why)"
                  : "");
    put_asked(&w, "wpad", json_object_get(status, "wpad"));
    put_asked(&w, "system", json_object_get(status, "system"));
    put_pac(&w, json_object_get(status, "pac"));
    put_scripts(&w, json_object_get(status, "scripts"));
    put_outside(&w, json_object_get(status, "outside"));
    put_state_trouble(&w, table_get_text(status, "state_trouble"));
    put_hops(&w, json_object_get(status, "hops"));
    put_warm(&w, json_object_get(status, "hops"));
    put_notes(&w, json_object_get(status, "hops"));
    put_tunnels(&w, json_object_get(status, "tunnels"),
                table_get_number(json_object_get(status, "sessions"), "tunnels"));
    put_requests(&w, json_object_get(status, "requests"));
    put_errors(&w, json_object_get(status, "last_errors"));
    return w.error;
}
