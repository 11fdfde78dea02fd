/*
 * scripts: see scripts.h.
 */
#include "route/scripts.h"

#include <stdlib.h>
#include <string.h>

#define WHY_LIMIT 4096

struct script {
    struct pac *pac;
    bool used; /* since the last reload or network change */
};

struct scripts {
    struct loop *loop;
    struct resolver *resolver;
    struct config *config;
    struct script list[SCRIPTS_LIMIT]; /* the last asked one first */
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
    return s;
}

static void drop(struct scripts *s, size_t place)
{
    pac_unref(s->list[place].pac);
    s->count--;
    memmove(&s->list[place], &s->list[place + 1],
            (s->count - place) * sizeof(s->list[0]));
}

void scripts_free(struct scripts *s)
{
    if (s == NULL)
        return;
    while (s->count > 0)
        drop(s, s->count - 1);
    config_unref(s->config);
    free(s);
}

bool scripts_configure(struct scripts *s, struct config *config)
{
    bool good = true;

    (void)config_ref(config);
    config_unref(s->config);
    s->config = config;
    for (size_t i = 0; i < s->count; i++)
        good = pac_configure(s->list[i].pac, config) && good;
    return good;
}

/* Those in use are dealt with, the others dropped. */
static void each(struct scripts *s, void (*deal)(struct pac *pac))
{
    for (size_t i = s->count; i-- > 0;) {
        if (s->list[i].used)
            deal(s->list[i].pac);
        else
            drop(s, i);
    }
    for (size_t i = 0; i < s->count; i++)
        s->list[i].used = false;
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
    return place < s->count ? s->list[place].pac : NULL;
}

/* Behind all others. False when memory is out. */
static bool add(struct scripts *s, struct span line)
{
    char *url = span_dup(line);
    struct pac *pac = NULL;

    if (url != NULL)
        pac = pac_new(&(struct pac_options){
            .loop = s->loop, .resolver = s->resolver, .url = url, .config = s->config});
    free(url);
    if (pac == NULL)
        return false;
    if (s->count == SCRIPTS_LIMIT)
        drop(s, SCRIPTS_LIMIT - 1);
    s->list[s->count++] = (struct script){.pac = pac};
    return true;
}

/* That of the URL, made if need be; NULL when memory is out. */
static struct pac *find(struct scripts *s, struct span line)
{
    struct script found;
    size_t place = 0;

    while (place < s->count && !span_equal(span_of(pac_url(s->list[place].pac)), line))
        place++;
    if (place == s->count) {
        if (!add(s, line))
            return NULL;
        place = s->count - 1;
    }
    found = (struct script){.pac = s->list[place].pac, .used = true};
    memmove(&s->list[1], &s->list[0], place * sizeof(s->list[0]));
    s->list[0] = found;
    return found.pac;
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
