/*
 * metrics: see metrics.h. Names follow the conventions of Prometheus: counters end in
 * _total, units are spelt out.
 */
#include "admin/metrics.h"

#include "auth/auth.h"
#include "base/counters.h"
#include "up/warm.h"

struct writer {
    struct buf *out;
    int error;
};

static void put_head(struct writer *w, const char *name, const char *type,
                     const char *help)
{
    if (w->error == 0)
        w->error = buf_printf(w->out, "# HELP ccgate_%s %s\n# TYPE ccgate_%s %s\n",
                              name, help, name, type);
}

static void put_value(struct writer *w, const char *name, uint64_t value)
{
    if (w->error == 0)
        w->error =
            buf_printf(w->out, "ccgate_%s %llu\n", name, (unsigned long long)value);
}

static void put_labelled(struct writer *w, const char *name, const char *label,
                         const char *text, uint64_t value)
{
    if (w->error == 0)
        w->error = buf_printf(w->out, "ccgate_%s{%s=\"", name, label);
    if (w->error == 0)
        w->error = metrics_label(span_of(text), w->out);
    if (w->error == 0)
        w->error = buf_printf(w->out, "\"} %llu\n", (unsigned long long)value);
}

static void put_gauge(struct writer *w, const char *name, const char *help,
                      uint64_t value)
{
    put_head(w, name, "gauge", help);
    put_value(w, name, value);
}

int metrics_label(struct span value, struct buf *out)
{
    int error = 0;

    for (size_t i = 0; i < value.len && error == 0; i++) {
        char c = value.at[i];

        if (c == '\n')
            error = buf_append(out, "\\n", 2);
        else if (c == '"' || c == '\\')
            error = buf_append(out, (char[]){'\\', c}, 2);
        else
            error = buf_append(out, &c, 1);
    }
    return error;
}

static void put_counters(struct writer *w)
{
    for (int i = 0; i < COUNTER_COUNT; i++) {
        const char *name = counter_name((enum counter)i);

        put_head(w, name, "counter", counter_help((enum counter)i));
        put_value(w, name, counter_get((enum counter)i));
    }
    put_head(w, "outcomes_total", "counter", "Finished requests by outcome.");
    for (int i = 0; i < OUTCOME_COUNT; i++)
        put_labelled(w, "outcomes_total", "outcome",
                     outcome_info((enum outcome)i)->name,
                     counter_outcome_get((enum outcome)i));
}

/* ---- hops ---- */

/* One metric of every hop; all lines of a metric stand together. */
struct hop_metric {
    struct writer *w;
    const struct server *server;
    const char *name;
    uint64_t (*value)(const struct server *server, const struct hop *hop,
                      const struct health_entry *health);
};

static uint64_t hop_up(const struct server *server, const struct hop *hop,
                       const struct health_entry *health)
{
    (void)hop;
    return health == NULL || health->rests_until <= loop_now(server->loop);
}

static uint64_t hop_successes(const struct server *server, const struct hop *hop,
                              const struct health_entry *health)
{
    (void)server;
    (void)hop;
    return health == NULL ? 0 : health->successes;
}

static uint64_t hop_errors(const struct server *server, const struct hop *hop,
                           const struct health_entry *health)
{
    (void)server;
    (void)hop;
    return health == NULL ? 0 : health->failures;
}

static uint64_t hop_login_closed(const struct server *server, const struct hop *hop,
                                 const struct health_entry *health)
{
    (void)health;
    return guard_state_of(server->egress->guard, hop->login, NULL) == GUARD_CLOSED;
}

static uint64_t hop_kept(const struct server *server, const struct hop *hop,
                         const struct health_entry *health)
{
    (void)health;
    return pool_count(server->egress->pool, hop->name, false);
}

static struct warm_view hop_warm(const struct server *server, const struct hop *hop)
{
    struct warm_view view;

    warm_view(server->egress->warm, hop->name, &view);
    return view;
}

static uint64_t hop_kept_connects(const struct server *server, const struct hop *hop,
                                  const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).kept_connects;
}

static uint64_t hop_ready(const struct server *server, const struct hop *hop,
                          const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).ready;
}

static uint64_t hop_ready_opened(const struct server *server, const struct hop *hop,
                                 const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).opened;
}

static uint64_t hop_ready_used(const struct server *server, const struct hop *hop,
                               const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).used;
}

static uint64_t hop_ready_died(const struct server *server, const struct hop *hop,
                               const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).died;
}

static uint64_t hop_ready_replayed(const struct server *server, const struct hop *hop,
                                   const struct health_entry *health)
{
    (void)health;
    return hop_warm(server, hop).replayed;
}

static void put_hop(void *ctx, const struct hop *hop, const struct health_entry *health)
{
    struct hop_metric *metric = ctx;

    put_labelled(metric->w, metric->name, "hop", hop->name,
                 metric->value(metric->server, hop, health));
}

static void put_hops(struct writer *w, const struct status_facts *facts)
{
    static const struct {
        struct hop_metric metric;
        const char *type;
        const char *help;
    } TABLE[] = {
        {{.name = "hop_up", .value = hop_up}, "gauge", "0 while the hop rests."},
        {{.name = "hop_successes_total", .value = hop_successes},
         "counter",
         "Requests that the hop carried."},
        {{.name = "hop_errors_total", .value = hop_errors},
         "counter",
         "Failures of the hop."},
        {{.name = "hop_login_closed", .value = hop_login_closed},
         "gauge",
         "1 if the login for the hop was rejected and is held back."},
        {{.name = "hop_kept_connections", .value = hop_kept},
         "gauge",
         "Idle connections to the hop."},
        {{.name = "hop_kept_connects_total", .value = hop_kept_connects},
         "counter",
         "CONNECTs on connections that were logged in already."},
        {{.name = "hop_ready_tunnels", .value = hop_ready},
         "gauge",
         "Ready tunnels through the hop."},
        {{.name = "hop_ready_opened_total", .value = hop_ready_opened},
         "counter",
         "Ready tunnels opened."},
        {{.name = "hop_ready_used_total", .value = hop_ready_used},
         "counter",
         "Ready tunnels handed out."},
        {{.name = "hop_ready_died_total", .value = hop_ready_died},
         "counter",
         "Ready tunnels that ended before the far side spoke."},
        {{.name = "hop_ready_replayed_total", .value = hop_ready_replayed},
         "counter",
         "Ready tunnels whose first flight was sent again over another one."},
    };

    for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        struct hop_metric metric = TABLE[i].metric;

        metric.w = w;
        metric.server = facts->server;
        put_head(w, metric.name, TABLE[i].type, TABLE[i].help);
        status_hops(facts, put_hop, &metric);
    }
}

static void put_pac(struct writer *w, struct pac *pac)
{
    struct pac_view view;

    if (pac == NULL)
        return;
    pac_view(pac, &view);
    put_gauge(w, "pac_children", "Processes that run the PAC script.", view.pool.count);
    put_gauge(w, "pac_waiting", "Requests that wait for one.", view.pool.waiting);
    put_gauge(w, "pac_usable", "0 while there is no script, or none that runs.",
              view.changes > 0 && view.pool.broken == NULL);
    put_gauge(w, "pac_script_age_seconds", "Since the script was last seen.",
              view.age_ms / 1000);
}

static void put_settings(struct writer *w, const struct settings *settings)
{
    struct settings_view view;

    settings_view(settings, SYSTEM_PROXY, &view);
    put_gauge(w, "system_children", "Processes that are asked about settings and WPAD.",
              view.running);
    put_gauge(w, "system_waiting", "Questions that wait for one.", view.queued);
}

static void put_outside(struct writer *w, const struct outside *outside)
{
    const char *why;

    if (outside != NULL)
        put_gauge(w, "outside",
                  "1 while the names of the proxies do not exist, and all goes direct.",
                  outside_view(outside, &why) == OUTSIDE_YES);
}

int metrics_text(const struct status_facts *facts, struct buf *out)
{
    const struct server *server = facts->server;
    struct writer w = {.out = out};

    put_head(&w, "build_info", "gauge", "1, with the version.");
    put_labelled(&w, "build_info", "version", facts->version, 1);
    put_gauge(&w, "uptime_seconds", "Seconds since the start.",
              (loop_clock() - facts->started) / 1000000000u);
    put_gauge(&w, "sessions", "Open client connections.", server->session_count);
    put_gauge(&w, "sessions_limit", "Open client connections at most.",
              server->session_limit);
    put_gauge(&w, "tunnels", "Open tunnels.", server->tunnel_count);
    put_gauge(&w, "draining", "1 while the gate is ending.", server->draining);
    put_counters(&w);
    put_pac(&w, server->egress->means.pac);
    put_settings(&w, server->egress->means.settings);
    put_outside(&w, server->egress->means.outside);
    put_hops(&w, facts);
    return w.error;
}
