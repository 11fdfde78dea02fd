/*
 * status_ways: what decides on the way out, as JSON: PAC scripts, the system's
 * settings, being outside.
 */
#include "admin/status_parts.h"

#include <stdlib.h>

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
            json_array_append_new(list, status_text(BITS[i].name));
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

        json_object_set_new(object, "pid", status_number((uint64_t)child->pid));
        json_object_set_new(object, "state", status_text(STATES[child->state]));
        json_object_set_new(object, "for_ms", status_number(child->for_ms));
        json_array_append_new(list, object);
    }
    return list;
}

/* NULL gives null. */
static json_t *pac_json(struct pac *pac)
{
    static const char *const STATES[] = {
        [PAC_SOURCE_LOADING] = "loading",
        [PAC_SOURCE_FRESH] = "fresh",
        [PAC_SOURCE_STALE] = "stale",
        [PAC_SOURCE_FAILED] = "failed",
    };
    struct pac_view view;
    json_t *object;

    if (pac == NULL)
        return json_null();
    pac_view(pac, &view);
    object = json_object();
    json_object_set_new(object, "url", status_text(view.url));
    json_object_set_new(
        object, "state",
        status_text(view.pool.broken != NULL ? "broken" : STATES[view.state]));
    json_object_set_new(
        object, "why",
        status_text(view.pool.broken != NULL ? view.pool.broken : view.why));
    json_object_set_new(object, "age_ms", status_number(view.age_ms));
    json_object_set_new(object, "changes", status_number(view.changes));
    json_object_set_new(object, "cached", status_number(view.cached));
    json_object_set_new(object, "waiting", status_number(view.pool.waiting));
    json_object_set_new(
        object, "engine",
        status_text(view.pool.engine[0] != '\0' ? view.pool.engine : NULL));
    json_object_set_new(object, "sandbox", sandbox_json(view.pool.sandbox));
    json_object_set_new(object, "children", children_json(&view.pool));
    return object;
}

/* Those that the configuration does not name. */
static json_t *scripts_json(const struct scripts *scripts)
{
    json_t *list = json_array();
    struct pac *pac;

    for (size_t i = 0; (pac = scripts_at(scripts, i)) != NULL; i++)
        json_array_append_new(list, pac_json(pac));
    return list;
}

/* ---- the system ---- */

static const char *state_of(const struct settings_view *view)
{
    if (!view->known)
        return view->answers > 0 ? "by_url" : "unknown";
    return view->said.failed ? "failed" : "known";
}

/* URLs come one a line. */
static json_t *one_line(const char *text)
{
    char *line = text != NULL ? span_dup(span_of(text)) : NULL;
    json_t *string;

    for (char *c = line; c != NULL && *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    string = status_text(line);
    free(line);
    return string;
}

/* What ccgate-system said; null where it is not asked. */
static json_t *settings_json(const struct settings *settings, enum system_message type,
                             bool asked)
{
    struct settings_view view;
    json_t *object;
    bool said;

    if (!asked)
        return json_null();
    settings_view(settings, type, &view);
    said = view.known && !view.said.failed;
    object = json_object();
    json_object_set_new(object, "state", status_text(state_of(&view)));
    json_object_set_new(object, "kind",
                        status_text(said ? system_kind_name(view.said.kind) : NULL));
    json_object_set_new(object, "source", status_text(said ? view.said.source : NULL));
    json_object_set_new(object, "text", one_line(said ? view.said.text : NULL));
    json_object_set_new(object, "why",
                        status_text(view.known && !said ? view.said.text : NULL));
    json_object_set_new(object, "age_ms", status_number(view.age_ms));
    json_object_set_new(object, "by_url", status_number(view.answers));
    json_object_set_new(object, "running", status_number(view.running));
    json_object_set_new(object, "waiting", status_number(view.queued));
    return object;
}

/* ---- outside ---- */

/* null where it does not matter. */
static json_t *outside_json(const struct outside *outside)
{
    static const char *const STATES[] = {
        [OUTSIDE_UNKNOWN] = "unknown",
        [OUTSIDE_NO] = "inside",
        [OUTSIDE_YES] = "outside",
    };
    json_t *object;
    const char *why;

    if (outside == NULL)
        return json_null();
    object = json_object();
    json_object_set_new(object, "state",
                        status_text(STATES[outside_view(outside, &why)]));
    json_object_set_new(object, "why", status_text(why));
    return object;
}

bool status_ways_into(json_t *status, const struct server *server)
{
    const struct means *means = &server->egress->means;
    const struct config *config = server->config;
    bool no_pac = means->pac == NULL;

    return json_object_set_new(status, "pac", pac_json(means->pac)) == 0 &&
           json_object_set_new(status, "wpad",
                               settings_json(means->settings, SYSTEM_WPAD,
                                             config->wpad && no_pac)) == 0 &&
           json_object_set_new(status, "system",
                               settings_json(means->settings, SYSTEM_PROXY,
                                             config->system && no_pac)) == 0 &&
           json_object_set_new(status, "scripts", scripts_json(means->scripts)) == 0 &&
           json_object_set_new(status, "outside", outside_json(means->outside)) == 0;
}
