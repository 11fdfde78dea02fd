/*
 * status_table: the status as people read it. The JSON is its only source, so that the
 * table and `--json` never disagree.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/status.h"
#include "net/peer.h"

enum { CELL_SIZE = 160, ROW_CELLS = 6, ERRORS_SHOWN = 5, TUNNELS_SHOWN = 20 };

struct writer {
    struct buf *out;
    int error;
};

struct row {
    char cell[ROW_CELLS][CELL_SIZE];
    const char *tail; /* printed whole behind the last cell; or NULL */
};

static const char *get_text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "";
}

static uint64_t get_number(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 ? (uint64_t)value : 0;
}

static void put(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct writer *w, const char *format, ...)
{
    char line[CELL_SIZE * 4];
    va_list ap;

    if (w->error != 0)
        return;
    va_start(ap, format);
    vsnprintf(line, sizeof(line), format, ap);
    va_end(ap);
    w->error = buf_append_text(w->out, line);
}

/* Another program wrote this: no control byte reaches the terminal. */
static void set_cell(char cell[CELL_SIZE], const char *value)
{
    snprintf(cell, CELL_SIZE, "%s", value);
    for (char *c = cell; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

/* The same for sentences, which are printed whole: the end says what to do. */
static void put_text(struct writer *w, const char *text)
{
    for (; *text != '\0' && w->error == 0; text++) {
        bool control = (unsigned char)*text < 0x20 || *text == 0x7f;

        w->error = buf_append(w->out, control ? "?" : text, 1);
    }
}

/* ---- units ---- */

static void set_duration(char cell[CELL_SIZE], uint64_t seconds)
{
    if (seconds < 60)
        snprintf(cell, CELL_SIZE, "%u s", (unsigned)seconds);
    else if (seconds < 3600)
        snprintf(cell, CELL_SIZE, "%u min", (unsigned)(seconds / 60));
    else if (seconds < 86400)
        snprintf(cell, CELL_SIZE, "%u h %u min", (unsigned)(seconds / 3600),
                 (unsigned)(seconds / 60 % 60));
    else
        snprintf(cell, CELL_SIZE, "%llu d %u h", (unsigned long long)(seconds / 86400),
                 (unsigned)(seconds / 3600 % 24));
}

static void set_bytes(char cell[CELL_SIZE], uint64_t bytes)
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof(UNITS) / sizeof(UNITS[0])) {
        value /= 1024;
        unit++;
    }
    snprintf(cell, CELL_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
}

static void set_time(char cell[CELL_SIZE], uint64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm tm;

    if (localtime_r(&when, &tm) == NULL ||
        strftime(cell, CELL_SIZE, "%m-%d %H:%M:%S", &tm) == 0)
        cell[0] = '\0';
}

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
static void put_rows(struct writer *w, const struct row *rows, size_t count,
                     size_t cells)
{
    for (size_t r = 0; r < count; r++) {
        bool tail = rows[r].tail != NULL && rows[r].tail[0] != '\0';
        size_t last = cells - 1;

        while (!tail && last > 0 && rows[r].cell[last][0] == '\0')
            last--;
        for (size_t c = 0; c < last; c++)
            put(w, "%-*s  ", column_width(rows, count, c), rows[r].cell[c]);
        put(w, "%s", rows[r].cell[last]);
        put_text(w, tail ? rows[r].tail : "");
        put(w, "\n");
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
        set_cell(row->cell[i], titles[i]);
}

/* ---- hops ---- */

static void set_login(char cell[CELL_SIZE], const json_t *login)
{
    const char *asked = get_text(login, "asked");
    const char *state = get_text(login, "state");
    const char *scheme = get_text(login, "scheme");
    char value[CELL_SIZE];

    if (strcmp(asked, "no") == 0 && strcmp(state, "closed") != 0)
        snprintf(value, sizeof(value), "not asked for");
    else
        snprintf(value, sizeof(value), "%s%s%s", scheme, scheme[0] != '\0' ? " " : "",
                 strcmp(state, "closed") == 0 ? "REJECTED" : state);
    set_cell(cell, value);
}

static void set_health(char cell[CELL_SIZE], const json_t *hop)
{
    char duration[CELL_SIZE];

    if (strcmp(get_text(hop, "health"), "resting") != 0) {
        set_cell(cell, get_text(hop, "health"));
        return;
    }
    set_duration(duration, (get_number(hop, "rests_for_ms") + 999) / 1000);
    snprintf(cell, CELL_SIZE, "rests %.40s", duration);
}

static void put_hops(struct writer *w, const json_t *hops)
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
        const char *detail = get_text(hop, "last_detail");

        set_cell(row->cell[0], get_text(hop, "name"));
        set_health(row->cell[1], hop);
        set_login(row->cell[2], json_object_get(hop, "login"));
        snprintf(row->cell[3], CELL_SIZE, "%llu",
                 (unsigned long long)get_number(hop, "successes"));
        snprintf(row->cell[4], CELL_SIZE, "%llu",
                 (unsigned long long)get_number(hop, "failures"));
        row->tail = detail[0] != '\0' ? detail : get_text(hop, "last_error");
    }
    put(w, "\n");
    put_rows(w, rows, count + 1, 6);
    free(rows);
}

/* What somebody should know about the logins. */
static void put_notes(struct writer *w, const json_t *hops)
{
    static const char *const KEYS[] = {"note", "warning"};

    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);

        for (size_t k = 0; k < sizeof(KEYS) / sizeof(KEYS[0]); k++) {
            const char *value = get_text(json_object_get(hop, "login"), KEYS[k]);
            char name[CELL_SIZE];

            if (value[0] == '\0')
                continue;
            set_cell(name, get_text(hop, "name"));
            put(w, "%-10s %s: ", KEYS[k], name);
            put_text(w, value);
            put(w, "\n");
        }
    }
}

/* ---- tunnels ---- */

static void put_tunnels(struct writer *w, const json_t *tunnels, uint64_t open)
{
    static const char *const TITLES[] = {"TUNNEL", "THROUGH", "USER",
                                         "AGE",    "UP",      "DOWN"};
    size_t count;
    struct row *rows = rows_new(tunnels, TUNNELS_SHOWN, &count);

    if (rows == NULL)
        return;
    set_heading(&rows[0], TITLES, 6);
    for (size_t i = 0; i < count; i++) {
        const json_t *tunnel = json_array_get(tunnels, i);
        struct row *row = &rows[i + 1];
        char user[CELL_SIZE];

        set_cell(row->cell[0], get_text(tunnel, "target"));
        set_cell(row->cell[1], get_text(tunnel, "hop"));
        peer_user_name((uint32_t)get_number(tunnel, "uid"), user, sizeof(user));
        set_cell(row->cell[2], user);
        set_duration(row->cell[3], get_number(tunnel, "age_ms") / 1000);
        set_bytes(row->cell[4], get_number(tunnel, "bytes_up"));
        set_bytes(row->cell[5], get_number(tunnel, "bytes_down"));
    }
    put(w, "\n");
    put_rows(w, rows, count + 1, 6);
    if (open > count)
        put(w, "... and %llu more\n", (unsigned long long)(open - count));
    free(rows);
}

/* ---- the rest ---- */

static void put_errors(struct writer *w, const json_t *errors)
{
    size_t count = json_array_size(errors);

    if (count > 0)
        put(w, "\nLAST ERRORS\n");
    for (size_t i = 0; i < count && i < ERRORS_SHOWN; i++) {
        const json_t *error = json_array_get(errors, i);
        char when[CELL_SIZE], target[CELL_SIZE];

        set_time(when, get_number(error, "at"));
        set_cell(target, get_text(error, "target"));
        put(w, "%s  %s  %s  ", when, get_text(error, "outcome"), target);
        put_text(w, get_text(error, "detail"));
        put(w, "\n");
    }
}

static void put_listeners(struct writer *w, const json_t *listeners)
{
    put(w, "listening  ");
    for (size_t i = 0; i < json_array_size(listeners); i++) {
        const char *addr = json_string_value(json_array_get(listeners, i));
        char cell[CELL_SIZE];

        set_cell(cell, addr != NULL ? addr : "");
        put(w, "%s%s", i > 0 ? ", " : "", cell);
    }
    put(w, "\n");
}

static void put_forwards(struct writer *w, const json_t *forwards)
{
    for (size_t i = 0; i < json_array_size(forwards); i++) {
        const json_t *forward = json_array_get(forwards, i);
        char addr[CELL_SIZE], target[CELL_SIZE];

        set_cell(addr, get_text(forward, "address"));
        set_cell(target, get_text(forward, "target"));
        put(w, "%-10s %s to %s\n", "tunnel", addr, target);
    }
}

static void put_callers(struct writer *w, const char *check)
{
    if (strcmp(check, "kernel") == 0)
        put(w, "callers    the kernel says which user calls\n");
    else if (strcmp(check, "off") == 0)
        put(w, "callers    every local user is served (allow_users: \"*\")\n");
    else
        put(w, "callers    the kernel does not say which user calls: local callers "
               "are refused\n");
}

static void put_sums(struct writer *w, const json_t *status)
{
    const json_t *sessions = json_object_get(status, "sessions");
    const json_t *counters = json_object_get(status, "counters");
    char up[CELL_SIZE], down[CELL_SIZE];

    set_bytes(up, get_number(counters, "bytes_up_total"));
    set_bytes(down, get_number(counters, "bytes_down_total"));
    put(w, "sessions   %llu of at most %llu, %llu tunnels\n",
        (unsigned long long)get_number(sessions, "open"),
        (unsigned long long)get_number(sessions, "limit"),
        (unsigned long long)get_number(sessions, "tunnels"));
    put(w, "so far     %llu requests, %s up, %s down\n",
        (unsigned long long)get_number(counters, "requests_total"), up, down);
}

static bool has_been_warm(const json_t *warm)
{
    static const char *const COUNTS[] = {"kept", "kept_connects", "ready", "opened"};

    for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++)
        if (get_number(warm, COUNTS[i]) > 0)
            return true;
    return false;
}

/* Where nothing was kept or opened in advance, nothing is said. */
static void put_warm(struct writer *w, const json_t *hops)
{
    for (size_t i = 0; i < json_array_size(hops); i++) {
        const json_t *hop = json_array_get(hops, i);
        const json_t *warm = json_object_get(hop, "warm");
        char name[CELL_SIZE];

        if (!has_been_warm(warm))
            continue;
        set_cell(name, get_text(hop, "name"));
        put(w, "warm       %s: %llu kept, %llu CONNECTs on such; tunnels: %llu ready, ",
            name, (unsigned long long)get_number(warm, "kept"),
            (unsigned long long)get_number(warm, "kept_connects"),
            (unsigned long long)get_number(warm, "ready"));
        put(w, "%llu used, %llu died, %llu replaced\n",
            (unsigned long long)get_number(warm, "used"),
            (unsigned long long)get_number(warm, "died"),
            (unsigned long long)get_number(warm, "replayed"));
    }
}

static void put_state_trouble(struct writer *w, const char *trouble)
{
    if (trouble[0] == '\0')
        return;
    put(w, "state      failed logins are NOT remembered across restarts: ");
    put_text(w, trouble);
    put(w, "\n");
}

static void put_pac(struct writer *w, const json_t *pac)
{
    char url[CELL_SIZE], state[CELL_SIZE], why[CELL_SIZE], engine[CELL_SIZE];

    if (!json_is_object(pac))
        return;
    set_cell(url, get_text(pac, "url"));
    set_cell(state, get_text(pac, "state"));
    set_cell(why, get_text(pac, "why"));
    set_cell(engine, get_text(pac, "engine"));
    put(w, "pac        %s: %s%s%s", url, state, why[0] != '\0' ? ", " : "", why);
    put(w, "; %zu children%s%s\n", json_array_size(json_object_get(pac, "children")),
        engine[0] != '\0' ? ", " : "", engine);
}

int status_table(const json_t *status, struct buf *out)
{
    struct writer w = {.out = out};
    const json_t *config = json_object_get(status, "config");
    char version[CELL_SIZE], up[CELL_SIZE], when[CELL_SIZE];

    set_cell(version, get_text(status, "version"));
    set_duration(up, get_number(status, "uptime_s"));
    put(&w, "ccgate %s  pid %llu  up %s%s\n", version,
        (unsigned long long)get_number(status, "pid"), up,
        strcmp(get_text(status, "state"), "draining") == 0 ? "  DRAINING" : "");
    put_listeners(&w, json_object_get(status, "listeners"));
    put_forwards(&w, json_object_get(status, "forwards"));
    put_callers(&w, get_text(status, "uid_check"));
    put_sums(&w, status);
    set_time(when, get_number(config, "loaded_at"));
    put(&w, "config     loaded %s%s\n", when,
        strcmp(get_text(config, "last_reload"), "failed") == 0
            ? "; the last reload FAILED (ccgate check-config says why)"
            : "");
    put_pac(&w, json_object_get(status, "pac"));
    put_state_trouble(&w, get_text(status, "state_trouble"));
    put_hops(&w, json_object_get(status, "hops"));
    put_warm(&w, json_object_get(status, "hops"));
    put_notes(&w, json_object_get(status, "hops"));
    put_tunnels(&w, json_object_get(status, "tunnels"),
                get_number(json_object_get(status, "sessions"), "tunnels"));
    put_errors(&w, json_object_get(status, "last_errors"));
    return w.error;
}
