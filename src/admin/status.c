/*
 * status: what runs, as JSON. See status.h.
 */
#include "admin/status.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth.h"
#include "base/counters.h"
#include "fwd/session.h"
#include "up/warm.h"

/* A string; what is no UTF-8 becomes '?', for jansson takes nothing else. */
static json_t *text(const char *value)
{
    json_t *string = value != NULL ? json_string(value) : json_null();
    char *copy;

    if (string != NULL)
        return string;
    copy = span_dup(span_of(value));
    if (copy == NULL)
        return NULL;
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    string = json_string(copy);
    free(copy);
    return string;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* ---- listeners ---- */

static json_t *listeners_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 0; i < server->listener_count; i++) {
        char addr[NETADDR_TEXT];

        netaddr_format(listener_addr(server->listeners[i]), addr);
        json_array_append_new(list, text(addr));
    }
    return list;
}

static json_t *forwards_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 0; i < server->forwards.count; i++) {
        const struct forward *f = server->forwards.list[i];
        json_t *object = json_object();
        char addr[NETADDR_TEXT];

        netaddr_format(listener_addr(f->listener), addr);
        json_object_set_new(object, "address", text(addr));
        json_object_set_new(object, "target", text(f->target));
        json_array_append_new(list, object);
    }
    return list;
}

static const char *uid_check(const struct server *server)
{
    if (server->config->allow_any_user)
        return "off";
    return peer_lookup_works(server->peers) ? "kernel" : "unavailable";
}

/* ---- hops ---- */

void status_hops(const struct status_facts *facts, status_each_hop *each, void *ctx)
{
    const struct server *server = facts->server;
    const struct hop *hops[STATUS_HOP_LIMIT];
    size_t count = router_hops(server->router, hops, STATUS_HOP_LIMIT);

    for (size_t i = 0; i < count; i++)
        each(ctx, hops[i], health_find(server->egress->health, hops[i]->name));
}

static const char *guard_text(enum guard_state state)
{
    static const char *const TEXTS[] = {
        [GUARD_UNTRIED] = "untried",   [GUARD_TRYING] = "trying",
        [GUARD_ACCEPTED] = "accepted", [GUARD_DOUBTED] = "doubted",
        [GUARD_CLOSED] = "closed",
    };

    return TEXTS[state];
}

static const char *known_text(enum auth_known known)
{
    static const char *const TEXTS[] = {
        [AUTH_KNOWN_NOTHING] = "unknown",
        [AUTH_KNOWN_OPEN] = "no",
        [AUTH_KNOWN_ASKS] = "yes",
    };

    return TEXTS[known];
}

/* What somebody who looks after this machine ought to know about the login. */
static const char *login_warning(const struct egress *egress, const struct hop *hop)
{
    const char *scheme = auth_memory_scheme(egress->memory, hop->name);

    if (scheme != NULL && strcmp(scheme, "Basic") == 0 && hop->kind != HOP_HTTPS)
        return "Basic sends the password readable for everybody on the way";
    if (hop->kind == HOP_SOCKS5 && hop->login->password != NULL)
        return "SOCKS sends the password readable for everybody on the way";
    return NULL;
}

/* NULL for what is not known, or where nothing was rejected. */
static void rejection_into(json_t *object, const struct ledger_login *record)
{
    bool failed = record != NULL &&
                  (record->state == LEDGER_CLOSED || record->state == LEDGER_DOUBTED);

    json_object_set_new(object, "rejected_at",
                        text(failed && record->at[0] != '\0' ? record->at : NULL));
    json_object_set_new(
        object, "rejected_for",
        text(failed && record->target_at[0] != '\0' ? record->target_at : NULL));
    json_object_set_new(object, "rejected_when",
                        failed ? number(record->time) : json_null());
    json_object_set_new(object, "why",
                        text(failed && record->why[0] != '\0' ? record->why : NULL));
}

static json_t *login_json(const struct egress *egress, const struct hop *hop)
{
    const struct config_login *login = hop->login;
    json_t *object = json_object();
    const struct ledger_login *record = NULL;
    const char *state = "none";

    if (login->login_name != NULL || login->password != NULL)
        state = guard_text(guard_state_of(egress->guard, login, &record));
    json_object_set_new(object, "user", text(login->login_name));
    json_object_set_new(object, "scheme",
                        text(auth_memory_scheme(egress->memory, hop->name)));
    json_object_set_new(object, "asked",
                        text(known_text(auth_memory_get(egress->memory, hop->name))));
    json_object_set_new(object, "state", text(state));
    rejection_into(object, record);
    json_object_set_new(object, "note",
                        text(auth_memory_note(egress->memory, hop->name)));
    json_object_set_new(object, "warning", text(login_warning(egress, hop)));
    return object;
}

static void health_into(json_t *object, const struct health_entry *entry, uint64_t now)
{
    bool resting = entry != NULL && entry->rests_until > now;
    bool failed = entry != NULL && entry->last_error != OUTCOME_OK;

    json_object_set_new(object, "health",
                        text(entry == NULL ? "unused"
                             : resting     ? "resting"
                                           : "ok"));
    json_object_set_new(object, "rests_for_ms",
                        number(resting ? entry->rests_until - now : 0));
    json_object_set_new(object, "last_error",
                        text(failed ? outcome_info(entry->last_error)->name : NULL));
    json_object_set_new(object, "last_detail",
                        text(failed ? entry->last_detail : NULL));
    json_object_set_new(object, "last_error_at",
                        failed ? number(entry->last_error_at) : json_null());
    json_object_set_new(object, "successes", number(entry ? entry->successes : 0));
    json_object_set_new(object, "failures", number(entry ? entry->failures : 0));
}

static json_t *warm_json(const struct egress *egress, const struct hop *hop)
{
    const struct lifetime *lifetime = lifetimes_of(egress->lifetimes, hop->name);
    json_t *object = json_object();
    struct warm_view view;

    warm_view(egress->warm, hop->name, &view);
    json_object_set_new(object, "kept",
                        number(pool_count(egress->pool, hop->name, false)));
    json_object_set_new(object, "kept_logged_in",
                        number(pool_count(egress->pool, hop->name, true)));
    json_object_set_new(object, "kept_for_ms", number(lifetime ? lifetime->limit : 0));
    json_object_set_new(object, "kept_connects", number(view.kept_connects));
    json_object_set_new(object, "ready", number(view.ready));
    json_object_set_new(object, "opened", number(view.opened));
    json_object_set_new(object, "used", number(view.used));
    json_object_set_new(object, "died", number(view.died));
    json_object_set_new(object, "replayed", number(view.replayed));
    return object;
}

struct hops_json {
    json_t *list;
    const struct server *server;
};

static void add_hop(void *ctx, const struct hop *hop, const struct health_entry *entry)
{
    struct hops_json *into = ctx;
    json_t *object = json_object();

    json_object_set_new(object, "name", text(hop->name));
    health_into(object, entry, loop_now(into->server->loop));
    json_object_set_new(object, "login", login_json(into->server->egress, hop));
    json_object_set_new(object, "warm", warm_json(into->server->egress, hop));
    json_array_append_new(into->list, object);
}

static json_t *hops_json(const struct status_facts *facts)
{
    struct hops_json into = {json_array(), facts->server};

    status_hops(facts, add_hop, &into);
    return into.list;
}

/* ---- the PAC script ---- */

static json_t *sandbox_json(uint32_t sandbox)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } BITS[] = {
        {PAC_SANDBOX_NO_NEW_PRIVS, "no_new_privs"},
        {PAC_SANDBOX_RLIMITS, "rlimits"},
        {PAC_SANDBOX_ADDRESS_SPACE, "address_space"},
        {PAC_SANDBOX_LANDLOCK, "landlock"},
        {PAC_SANDBOX_SECCOMP, "seccomp"},
        {PAC_SANDBOX_SANITIZER, "sanitizer"},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(BITS) / sizeof(BITS[0]); i++)
        if ((sandbox & BITS[i].bit) != 0)
            json_array_append_new(list, text(BITS[i].name));
    return list;
}

static json_t *children_json(const struct pac_pool_view *pool)
{
    static const char *const STATES[] = {
        [PAC_SLOT_LOADING] = "loading",
        [PAC_SLOT_IDLE] = "idle",
        [PAC_SLOT_RUNNING] = "running",
        [PAC_SLOT_DYING] = "dying",
    };
    json_t *list = json_array();

    for (size_t i = 0; i < pool->count; i++) {
        const struct pac_child_view *child = &pool->children[i];
        json_t *object = json_object();

        json_object_set_new(object, "pid", number((uint64_t)child->pid));
        json_object_set_new(object, "state", text(STATES[child->state]));
        json_object_set_new(object, "for_ms", number(child->for_ms));
        json_array_append_new(list, object);
    }
    return list;
}

/* null where the configuration names no script. */
static json_t *pac_json(const struct server *server)
{
    static const char *const STATES[] = {
        [PAC_SOURCE_LOADING] = "loading",
        [PAC_SOURCE_FRESH] = "fresh",
        [PAC_SOURCE_STALE] = "stale",
        [PAC_SOURCE_FAILED] = "failed",
    };
    struct pac_view view;
    json_t *object;

    if (server->egress->pac == NULL)
        return json_null();
    pac_view(server->egress->pac, &view);
    object = json_object();
    json_object_set_new(object, "url", text(view.url));
    json_object_set_new(object, "state",
                        text(view.pool.broken != NULL ? "broken" : STATES[view.state]));
    json_object_set_new(object, "why",
                        text(view.pool.broken != NULL ? view.pool.broken : view.why));
    json_object_set_new(object, "age_ms", number(view.age_ms));
    json_object_set_new(object, "changes", number(view.changes));
    json_object_set_new(object, "cached", number(view.cached));
    json_object_set_new(object, "waiting", number(view.pool.waiting));
    json_object_set_new(object, "engine",
                        text(view.pool.engine[0] != '\0' ? view.pool.engine : NULL));
    json_object_set_new(object, "sandbox", sandbox_json(view.pool.sandbox));
    json_object_set_new(object, "children", children_json(&view.pool));
    return object;
}

/* ---- sessions ---- */

static json_t *sessions_json(const struct server *server)
{
    json_t *object = json_object();

    json_object_set_new(object, "open", number(server->session_count));
    json_object_set_new(object, "limit", number(server->session_limit));
    json_object_set_new(object, "tunnels", number(server->tunnel_count));
    return object;
}

static json_t *tunnel_json(const struct session_view *view)
{
    json_t *object = json_object();

    json_object_set_new(object, "target", text(view->target));
    json_object_set_new(object, "hop", text(view->hop));
    json_object_set_new(object, "uid", number(view->uid));
    json_object_set_new(object, "age_ms", number(view->age_ms));
    json_object_set_new(object, "bytes_up", number(view->bytes_up));
    json_object_set_new(object, "bytes_down", number(view->bytes_down));
    return object;
}

static json_t *tunnels_json(const struct server *server)
{
    json_t *list = json_array();

    for (const struct session *s = server->sessions; s != NULL; s = session_next(s)) {
        struct session_view view;

        if (json_array_size(list) >= STATUS_TUNNEL_LIMIT)
            break;
        session_view(s, &view);
        if (view.tunnel)
            json_array_append_new(list, tunnel_json(&view));
    }
    return list;
}

/* ---- what happened ---- */

/* The latest first. */
static json_t *errors_json(const struct server *server)
{
    json_t *list = json_array();

    for (size_t i = 1; i <= server->error_count; i++) {
        size_t at = (server->error_next + SERVER_ERRORS - i) % SERVER_ERRORS;
        const struct server_error *error = &server->errors[at];
        json_t *object = json_object();

        json_object_set_new(object, "at", number(error->at));
        json_object_set_new(object, "outcome",
                            text(outcome_info(error->outcome)->name));
        json_object_set_new(object, "target", text(error->target));
        json_object_set_new(object, "detail", text(error->detail));
        json_object_set_new(object, "help",
                            text(outcome_help(error->outcome, error->direct)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *counters_json(void)
{
    json_t *object = json_object();

    for (int i = 0; i < COUNTER_COUNT; i++)
        json_object_set_new(object, counter_name((enum counter)i),
                            number(counter_get((enum counter)i)));
    return object;
}

static json_t *outcomes_json(void)
{
    json_t *object = json_object();

    for (int i = 0; i < OUTCOME_COUNT; i++) {
        uint64_t count = counter_outcome_get((enum outcome)i);

        if (count > 0)
            json_object_set_new(object, outcome_info((enum outcome)i)->name,
                                number(count));
    }
    return object;
}

static json_t *config_json(const struct status_facts *facts)
{
    static const char *const RELOADS[] = {
        [STATUS_NEVER_RELOADED] = NULL,
        [STATUS_RELOADED] = "ok",
        [STATUS_RELOAD_FAILED] = "failed",
    };
    json_t *object = json_object();

    json_object_set_new(object, "file", text(facts->config_file));
    json_object_set_new(object, "loaded_at", number(facts->loaded_at));
    json_object_set_new(object, "last_reload", text(RELOADS[facts->last_reload]));
    return object;
}

json_t *status_json(const struct status_facts *facts)
{
    const struct server *server = facts->server;
    json_t *status = json_object();
    uint64_t up_ns = loop_clock() - facts->started;

    guard_look(server->egress->guard);

    /* jansson lets NULL run through: a member that found no memory is an error here. */
    if (json_object_set_new(status, "version", text(facts->version)) != 0 ||
        json_object_set_new(status, "pid", number((uint64_t)getpid())) != 0 ||
        json_object_set_new(status, "uptime_s", number(up_ns / 1000000000u)) != 0 ||
        json_object_set_new(status, "state",
                            text(server->draining ? "draining" : "running")) != 0 ||
        json_object_set_new(status, "config", config_json(facts)) != 0 ||
        json_object_set_new(status, "listeners", listeners_json(server)) != 0 ||
        json_object_set_new(status, "forwards", forwards_json(server)) != 0 ||
        json_object_set_new(status, "uid_check", text(uid_check(server))) != 0 ||
        json_object_set_new(status, "state_trouble",
                            text(guard_trouble(server->egress->guard))) != 0 ||
        json_object_set_new(status, "pac", pac_json(server)) != 0 ||
        json_object_set_new(status, "hops", hops_json(facts)) != 0 ||
        json_object_set_new(status, "sessions", sessions_json(server)) != 0 ||
        json_object_set_new(status, "tunnels", tunnels_json(server)) != 0 ||
        json_object_set_new(status, "last_errors", errors_json(server)) != 0 ||
        json_object_set_new(status, "counters", counters_json()) != 0 ||
        json_object_set_new(status, "outcomes", outcomes_json()) != 0) {
        json_decref(status);
        return NULL;
    }
    return status;
}
