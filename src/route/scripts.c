/*
 * scripts: see scripts.h.
 */
#include "route/scripts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define WHY_LIMIT 4096

struct script {
    TAILQ_ENTRY(script) link; /* the last asked one first */
    struct pac *pac;
    bool used; /* since the last reload or network change */
};

struct scripts {
    struct loop *loop;
    struct resolver *resolver;
    struct config *config;
    TAILQ_HEAD(script_list, script) list;
    size_t count;
};

struct script_query {
    struct scripts *scripts;
    struct pac_request request;
    bool patient;
    char *urls;
    struct span rest; /* of them */
    struct pac_query *pac;
    const struct pac *asked; /* by it */
    struct deferred failure;
    char *why; /* the first one cannot be had, or NULL */
    pac_callback *callback;
    void *ctx;
};

/* ---- the scripts ---- */

struct scripts *scripts_new(const struct scripts_options *options)
{
    struct scripts *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->loop = options->loop;
    s->resolver = options->resolver;
    s->config = config_ref(options->config);
    TAILQ_INIT(&s->list);
    return s;
}

static void drop(struct scripts *s, struct script *script)
{
    TAILQ_REMOVE(&s->list, script, link);
    s->count--;
    pac_unref(script->pac);
    free(script);
}

void scripts_free(struct scripts *s)
{
    struct script *script;

    if (s == NULL)
        return;
    while ((script = TAILQ_FIRST(&s->list)) != NULL)
        drop(s, script);
    config_unref(s->config);
    free(s);
}

bool scripts_configure(struct scripts *s, struct config *config)
{
    struct script *script;
    bool good = true;

    (void)config_ref(config);
    config_unref(s->config);
    s->config = config;
    TAILQ_FOREACH(script, &s->list, link)
    good = pac_configure(script->pac, config) && good;
    return good;
}

/* Those in use are dealt with, the others dropped. */
static void each(struct scripts *s, void (*deal)(struct pac *pac))
{
    struct script *script, *next;

    for (script = TAILQ_FIRST(&s->list); script != NULL; script = next) {
        next = TAILQ_NEXT(script, link);
        if (script->used)
            deal(script->pac);
        else
            drop(s, script);
    }
    TAILQ_FOREACH(script, &s->list, link)
    script->used = false;
}

void scripts_refresh(struct scripts *s)
{
    each(s, pac_refresh);
}

void scripts_network_changed(struct scripts *s)
{
    each(s, pac_network_changed);
}

struct pac *scripts_at(const struct scripts *s, size_t place)
{
    const struct script *script;

    TAILQ_FOREACH(script, &s->list, link)
    if (place-- == 0)
        return script->pac;
    return NULL;
}

static struct script *script_new(struct scripts *s, const char *url)
{
    struct script *script = calloc(1, sizeof(*script));

    if (script == NULL)
        return NULL;
    script->pac = pac_new(&(struct pac_options){
        .loop = s->loop, .resolver = s->resolver, .url = url, .config = s->config});
    if (script->pac == NULL) {
        free(script);
        return NULL;
    }
    if (s->count == SCRIPTS_LIMIT)
        drop(s, TAILQ_LAST(&s->list, script_list));
    s->count++;
    return script;
}

/* That of the URL, made if need be; NULL when memory is out. */
static struct pac *find(struct scripts *s, struct span line)
{
    struct script *script;
    char *url;

    TAILQ_FOREACH(script, &s->list, link)
    if (span_equal(span_of(pac_url(script->pac)), line))
        break;
    if (script != NULL) {
        TAILQ_REMOVE(&s->list, script, link);
    } else {
        url = span_dup(line);
        script = url != NULL ? script_new(s, url) : NULL;
        free(url);
        if (script == NULL)
            return NULL;
    }
    script->used = true;
    TAILQ_INSERT_HEAD(&s->list, script, link);
    return script->pac;
}

/* ---- queries ---- */

static bool query_go_on(struct script_query *query);

static void query_free(struct script_query *query)
{
    pac_cancel(query->pac);
    defer_cancel(&query->failure);
    free(query->urls);
    free(query->why);
    free(query);
}

static void query_answer(struct script_query *query,
                         const struct pac_decision *decision)
{
    query->callback(query->ctx, decision);
    query_free(query);
}

static void on_failure(void *ctx)
{
    struct script_query *query = ctx;

    query_answer(query, &(struct pac_decision){
                            .verdict = query->why != NULL ? PAC_ABSENT : PAC_UNDECIDED,
                            .why = query->why != NULL ? query->why : "memory is out",
                            .script = "",
                        });
}

/* What was wrong with the first of them is what is told. */
static void keep_why(struct script_query *query, struct span url, const char *why)
{
    struct buf text;

    if (query->why != NULL)
        return;
    buf_init(&text, WHY_LIMIT);
    (void)buf_printf(&text, "%.*s: %s", (int)(url.len < 200 ? url.len : 200), url.at,
                     why);
    query->why = span_dup(buf_span(&text));
    buf_clear(&text);
}

/* It is not left for a worse one only because it is not there yet. */
static bool may_go_on(const struct script_query *query)
{
    return query->patient || !pac_is_loading(query->asked);
}

static void on_decision(void *ctx, const struct pac_decision *decision)
{
    struct script_query *query = ctx;
    bool absent = decision->verdict == PAC_ABSENT;

    query->pac = NULL;
    if (absent)
        keep_why(query, span_of(decision->script), decision->why);
    if (absent && may_go_on(query) && query_go_on(query))
        return;
    if (absent)
        on_failure(query);
    else
        query_answer(query, decision);
}

/* Asks the next one. False: there is none. */
static bool query_go_on(struct script_query *query)
{
    struct span line;
    struct pac *pac;
    const char *wrong;

    while (query->pac == NULL && span_next(&query->rest, "\n", &line)) {
        line = span_trim(line);
        wrong = config_pac_wrong(line);
        if (wrong != NULL) {
            keep_why(query, SPAN("the URL of the script"), wrong);
            continue;
        }
        pac = find(query->scripts, line);
        query->asked = pac;
        if (pac != NULL)
            query->pac =
                pac_start(pac, &query->request, query->patient, on_decision, query);
    }
    return query->pac != NULL;
}

struct script_query *script_start(struct scripts *s, struct span urls,
                                  const struct pac_request *request, bool patient,
                                  pac_callback *callback, void *ctx)
{
    struct script_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->scripts = s;
    query->request = *request;
    query->patient = patient;
    query->callback = callback;
    query->ctx = ctx;
    deferred_init(&query->failure, on_failure, query);
    query->urls = span_dup(urls);
    if (query->urls == NULL) {
        query_free(query);
        return NULL;
    }
    query->rest = span_of(query->urls);
    if (!query_go_on(query))
        defer(s->loop, &query->failure);
    return query;
}

void script_cancel(struct script_query *query)
{
    if (query != NULL)
        query_free(query);
}
