/*
 * status_hops: the hops, their health and their logins, as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/status.h"
#include "admin/status_parts.h"
#include "auth/auth.h"
#include "up/warm.h"

/* ---- values ---- */

json_t *status_text(const char *value)
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

json_t *status_number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* ---- hops ---- */

static void hops_each(const struct server *server, status_each_hop *each, void *ctx)
{
    const struct hop *hops[STATUS_HOP_LIMIT];
    size_t count = router_hops(server->router, hops, STATUS_HOP_LIMIT);

    for (size_t i = 0; i < count; i++)
        each(ctx, hops[i], health_find(server->egress->health, hops[i]->name));
}

void status_hops(const struct status_facts *facts, status_each_hop *each, void *ctx)
{
    hops_each(facts->server, each, ctx);
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

    json_object_set_new(
        object, "rejected_at",
        status_text(failed && record->at[0] != '\0' ? record->at : NULL));
    json_object_set_new(
        object, "rejected_for",
        status_text(failed && record->target_at[0] != '\0' ? record->target_at : NULL));
    json_object_set_new(object, "rejected_when",
                        failed ? status_number(record->time) : json_null());
    json_object_set_new(
        object, "why",
        status_text(failed && record->why[0] != '\0' ? record->why : NULL));
}

static json_t *login_json(const struct egress *egress, const struct hop *hop)
{
    const struct config_login *login = hop->login;
    json_t *object = json_object();
    const struct ledger_login *record = NULL;
    const char *state = "none";

    if (login->login_name != NULL || login->password != NULL)
        state = guard_text(guard_state_of(egress->guard, login, &record));
    json_object_set_new(object, "user", status_text(login->login_name));
    json_object_set_new(object, "withheld", json_boolean(hop->withheld));
    json_object_set_new(object, "scheme",
                        status_text(auth_memory_scheme(egress->memory, hop->name)));
    json_object_set_new(
        object, "asked",
        status_text(known_text(auth_memory_get(egress->memory, hop->name))));
    json_object_set_new(object, "state", status_text(state));
    rejection_into(object, record);
    json_object_set_new(object, "note",
                        status_text(auth_memory_note(egress->memory, hop->name)));
    json_object_set_new(object, "warning", status_text(login_warning(egress, hop)));
    return object;
}

static void health_into(json_t *object, const struct health_entry *entry, uint64_t now)
{
    bool resting = entry != NULL && entry->rests_until > now;
    bool failed = entry != NULL && entry->last_error != OUTCOME_OK;

    json_object_set_new(object, "health",
                        status_text(entry == NULL ? "unused"
                                    : resting     ? "resting"
                                                  : "ok"));
    json_object_set_new(object, "rests_for_ms",
                        status_number(resting ? entry->rests_until - now : 0));
    json_object_set_new(
        object, "last_error",
        status_text(failed ? outcome_info(entry->last_error)->name : NULL));
    json_object_set_new(object, "last_detail",
                        status_text(failed ? entry->last_detail : NULL));
    json_object_set_new(object, "last_error_at",
                        failed ? status_number(entry->last_error_at) : json_null());
    json_object_set_new(object, "last_success_at",
                        entry != NULL && entry->successes > 0
                            ? status_number(entry->last_success_at)
                            : json_null());
    json_object_set_new(object, "successes",
                        status_number(entry ? entry->successes : 0));
    json_object_set_new(object, "failures", status_number(entry ? entry->failures : 0));
}

static json_t *warm_json(const struct egress *egress, const struct hop *hop)
{
    const struct lifetime *lifetime = lifetimes_of(egress->lifetimes, hop->name);
    json_t *object = json_object();
    struct warm_view view;

    warm_view(egress->warm, hop->name, &view);
    json_object_set_new(object, "kept",
                        status_number(pool_count(egress->pool, hop->name, false)));
    json_object_set_new(object, "kept_logged_in",
                        status_number(pool_count(egress->pool, hop->name, true)));
    json_object_set_new(object, "kept_for_ms",
                        status_number(lifetime ? lifetime->limit : 0));
    json_object_set_new(object, "kept_connects", status_number(view.kept_connects));
    json_object_set_new(object, "ready", status_number(view.ready));
    json_object_set_new(object, "opened", status_number(view.opened));
    json_object_set_new(object, "used", status_number(view.used));
    json_object_set_new(object, "died", status_number(view.died));
    json_object_set_new(object, "replayed", status_number(view.replayed));
    return object;
}

json_t *status_hop_json(const struct server *server, const struct hop *hop,
                        const struct health_entry *entry)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", status_text(hop->name));
    if (hop->kind == HOP_DIRECT)
        return object;
    health_into(object, entry, loop_now(server->loop));
    json_object_set_new(object, "login", login_json(server->egress, hop));
    json_object_set_new(object, "warm", warm_json(server->egress, hop));
    return object;
}

/* ---- all of them ---- */

struct hops_json {
    json_t *list;
    const struct server *server;
};

static void add_hop(void *ctx, const struct hop *hop, const struct health_entry *entry)
{
    struct hops_json *into = ctx;

    json_array_append_new(into->list, status_hop_json(into->server, hop, entry));
}

json_t *status_hops_json(const struct server *server)
{
    struct hops_json into = {json_array(), server};

    hops_each(server, add_hop, &into);
    return into.list;
}

static bool has_hop(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *shown = json_object_get(json_array_get(list, i), "name");

        if (json_is_string(shown) && strcmp(json_string_value(shown), name) == 0)
            return true;
    }
    return false;
}

/* A hop that a script named once, or a configuration that is no more. */
static void add_used(void *ctx, const struct health_entry *entry)
{
    struct hops_json *into = ctx;
    json_t *object;

    if (has_hop(into->list, entry->hop))
        return;
    object = json_object();
    json_object_set_new(object, "name", status_text(entry->hop));
    health_into(object, entry, loop_now(into->server->loop));
    json_array_append_new(into->list, object);
}

json_t *status_used_hops_json(const struct server *server)
{
    struct hops_json into = {.server = server};

    guard_look(server->egress->guard);
    into.list = status_hops_json(server);
    health_each(server->egress->health, add_used, &into);
    return into.list;
}
