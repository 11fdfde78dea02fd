/*
 * pac: script, children, cache. See pac.h.
 */
#include "route/pac.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/counters.h"
#include "base/libexec.h"
#include "base/log.h"
#include "route/pac_cache.h"
#include "route/pac_url.h"

#define PROGRAM_PATH  4096
#define CHILD_DEAF_MS 500   /* some 10,000 times what it needs */
#define CHILD_IDLE_MS 60000 /* a child is some 3 MB, and started again in some ms */

enum query_state {
    QUERY_WAITING, /* for the script */
    QUERY_RUNNING,
    QUERY_KNOWN, /* the callback is due */
};

struct pac_query {
    TAILQ_ENTRY(pac_query) link;
    struct pac *pac; /* a reference is held */
    enum query_state state;
    struct buf url, host;
    bool trace;
    struct pac_run *run;
    struct deferred delivery;
    enum pac_verdict verdict;
    char *text;  /* what is delivered: what was said, or why not */
    char *facts; /* of what is cached; or NULL */
    uint64_t made;
    pac_callback *callback;
    void *ctx;
};

struct pac {
    unsigned refs;
    struct loop *loop;
    char *url;
    struct pac_source *source;
    struct pac_pool *pool;
    struct pac_cache *cache;
    bool scripted;       /* the pool has a script */
    uint64_t generation; /* of that script */
    uint64_t changes;    /* scripts that were loaded */
    TAILQ_HEAD(query_list, pac_query) waiting;
};

/* ---- queries ---- */

static void query_free(struct pac_query *query)
{
    struct pac *pac = query->pac;

    if (query->state == QUERY_WAITING)
        TAILQ_REMOVE(&pac->waiting, query, link);
    pac_run_cancel(query->run);
    defer_cancel(&query->delivery);
    buf_clear(&query->url);
    buf_clear(&query->host);
    free(query->text);
    free(query->facts);
    free(query);
    pac_unref(pac);
}

static void query_enter(struct pac_query *query, enum query_state state)
{
    if (query->state == QUERY_WAITING)
        TAILQ_REMOVE(&query->pac->waiting, query, link);
    query->state = state;
    if (state == QUERY_WAITING)
        TAILQ_INSERT_TAIL(&query->pac->waiting, query, link);
}

/* What is known at once is delivered from the loop. */
static void query_know(struct pac_query *query, enum pac_verdict verdict,
                       struct span text)
{
    query_enter(query, QUERY_KNOWN);
    query->verdict = verdict;
    query->text = span_dup(text);
    defer(query->pac->loop, &query->delivery);
}

static void query_deliver(void *ctx)
{
    struct pac_query *query = ctx;
    struct pac_decision decision = {
        .verdict = query->verdict,
        .script = query->pac->url,
        .url = buf_span(&query->url),
        .host = buf_span(&query->host),
    };

    if (query->text == NULL) {
        decision.verdict = PAC_UNDECIDED;
        decision.why = "memory is out";
    } else if (query->verdict == PAC_SAID) {
        decision.text = span_of(query->text);
        decision.facts = span_of(query->facts != NULL ? query->facts : "");
        decision.cached = true;
        decision.age_ms = loop_now(query->pac->loop) - query->made;
    } else {
        decision.why = query->text;
    }
    query->callback(query->ctx, &decision);
    query_free(query);
}

static void run_ended(void *ctx, const struct pac_run_result *result)
{
    struct pac_query *query = ctx;
    struct pac *pac = query->pac;
    uint64_t now = loop_now(pac->loop);
    struct pac_decision decision = {
        .verdict = PAC_SAID,
        .text = result->text,
        .why = result->why,
        .script = pac->url,
        .url = buf_span(&query->url),
        .host = buf_span(&query->host),
        .ns = result->ns,
        .rounds = result->rounds,
        .facts = result->facts,
        .trace = result->trace,
    };

    query->run = NULL;
    if (result->end == PAC_RUN_RESULT) {
        const struct pac_cached cached = {
            .said = result->text, .facts = result->facts, .made = now};

        pac_cache_put(pac->cache, buf_span(&query->url), &cached,
                      now + result->lifetime_ms);
    } else {
        counter_add(COUNTER_PAC_FAILURES, 1);
        decision.verdict = result->end == PAC_RUN_BROKEN ? PAC_ABSENT : PAC_UNDECIDED;
    }
    query->callback(query->ctx, &decision);
    query_free(query);
}

static void query_run(struct pac_query *query)
{
    struct pac *pac = query->pac;
    struct pac_cached cached;

    if (!query->trace && pac_cache_get(pac->cache, buf_span(&query->url),
                                       loop_now(pac->loop), &cached)) {
        counter_add(COUNTER_PAC_CACHED, 1);
        query->facts = cached.facts.len > 0 ? span_dup(cached.facts) : NULL;
        query->made = cached.made;
        query_know(query, PAC_SAID, cached.said);
        return;
    }
    query_enter(query, QUERY_RUNNING);
    query->run = pac_run_start(pac->pool, buf_span(&query->url), buf_span(&query->host),
                               query->trace, run_ended, query);
    if (query->run == NULL)
        query_know(query, PAC_UNDECIDED, SPAN("memory is out"));
}

/* ---- the script ---- */

/* Gives a script that is another one to the children. */
static void take_script(struct pac *pac)
{
    uint64_t generation = 0;
    struct span script = pac_source_script(pac->source, &generation);

    if (script.len == 0 || (pac->scripted && generation == pac->generation))
        return;
    pac->scripted = true;
    pac->generation = generation;
    pac->changes++;
    pac_cache_flush(pac->cache);
    (void)pac_pool_load(pac->pool, script); /* a failure shows at each run */
}

/* A child has loaded it: it compiles. */
static void script_loaded(void *ctx)
{
    struct pac *pac = ctx;

    pac_source_approve(pac->source, pac->generation);
}

/* Without a script: why there is none. */
static const char *absence(const struct pac *pac, enum pac_source_state state)
{
    const char *why = NULL;

    (void)pac_source_state(pac->source, &why, NULL);
    if (why != NULL)
        return why;
    return state == PAC_SOURCE_LOADING ? "it is still being fetched"
                                       : "it cannot be had";
}

static void query_begin(struct pac_query *query, bool patient)
{
    struct pac *pac = query->pac;
    enum pac_source_state state;

    take_script(pac);
    state = pac_source_state(pac->source, NULL, NULL);
    if (pac->scripted)
        query_run(query);
    else if (state != PAC_SOURCE_LOADING || !patient)
        query_know(query, PAC_ABSENT, span_of(absence(pac, state)));
    else
        query_enter(query, QUERY_WAITING);
}

static const char *state_text(enum pac_source_state state)
{
    static const char *const TEXTS[] = {
        [PAC_SOURCE_LOADING] = "loading",
        [PAC_SOURCE_FRESH] = "fresh",
        [PAC_SOURCE_STALE] = "stale",
        [PAC_SOURCE_FAILED] = "failed",
    };

    return TEXTS[state];
}

static void source_changed(void *ctx)
{
    struct pac *pac = ctx;
    const char *why = NULL;
    enum pac_source_state state = pac_source_state(pac->source, &why, NULL);
    struct query_list due = TAILQ_HEAD_INITIALIZER(due);
    struct pac_query *query;

    LOG_AT(why != NULL ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "pac_script",
           LOG_TEXT("state", state_text(state)), LOG_TEXT("why", why));
    take_script(pac);
    if (!pac->scripted && state == PAC_SOURCE_LOADING)
        return;
    TAILQ_CONCAT(&due, &pac->waiting, link);
    while ((query = TAILQ_FIRST(&due)) != NULL) {
        TAILQ_REMOVE(&due, query, link);
        query->state = QUERY_KNOWN;
        query_begin(query, false);
    }
}

/* ---- birth and end ---- */

static struct pac_pool_options pool_options(const struct config *config)
{
    return (struct pac_pool_options){
        .children = config->pac_children,
        .limit_ms = config->timeout.pac,
        .deaf_ms = CHILD_DEAF_MS,
        .lookup_ms = config->timeout.name,
        .idle_ms = CHILD_IDLE_MS,
    };
}

static bool pac_open(struct pac *pac, const struct pac_options *options)
{
    const struct config *config = options->config;
    struct pac_pool_options pool = pool_options(config);
    char program[PROGRAM_PATH];

    pool.loop = options->loop;
    pool.resolver = options->resolver;
    pool.program = program;
    pool.loaded = script_loaded;
    pool.ctx = pac;
    if (!libexec_path("ccgate-pac", program, sizeof(program)))
        return false;
    pac->url = span_dup(span_of(options->url));
    pac->cache = pac_cache_new();
    pac->pool = pac_pool_new(&pool);
    if (pac->url == NULL || pac->cache == NULL || pac->pool == NULL)
        return false;
    pac->source = pac_source_new(&(struct pac_source_options){
        .loop = options->loop,
        .url = options->url,
        .state_dir = config->state_dir,
        .ca = config->tls_ca,
        .changed = source_changed,
        .ctx = pac,
    });
    if (pac->source != NULL)
        take_script(pac);
    return pac->source != NULL;
}

struct pac *pac_new(const struct pac_options *options)
{
    struct pac *pac = calloc(1, sizeof(*pac));

    if (pac == NULL)
        return NULL;
    pac->refs = 1;
    pac->loop = options->loop;
    TAILQ_INIT(&pac->waiting);
    if (pac_open(pac, options))
        return pac;
    pac_unref(pac);
    return NULL;
}

struct pac *pac_ref(struct pac *pac)
{
    if (pac != NULL)
        pac->refs++;
    return pac;
}

void pac_unref(struct pac *pac)
{
    if (pac == NULL || --pac->refs > 0)
        return;
    pac_source_free(pac->source);
    pac_pool_free(pac->pool);
    pac_cache_free(pac->cache);
    free(pac->url);
    free(pac);
}

const char *pac_url(const struct pac *pac)
{
    return pac->url;
}

bool pac_is_loading(const struct pac *pac)
{
    return !pac->scripted &&
           pac_source_state(pac->source, NULL, NULL) == PAC_SOURCE_LOADING;
}

bool pac_configure(struct pac *pac, const struct config *config)
{
    struct pac_pool_options options = pool_options(config);

    pac_pool_configure(pac->pool, &options);
    return pac_source_set_ca(pac->source, config->tls_ca);
}

void pac_refresh(struct pac *pac)
{
    pac_source_refresh(pac->source);
}

void pac_network_changed(struct pac *pac)
{
    pac_cache_flush(pac->cache);
    pac_pool_network_changed(pac->pool);
    pac_source_network_changed(pac->source);
}

struct pac_query *pac_start(struct pac *pac, const struct pac_request *request,
                            bool patient, pac_callback *callback, void *ctx)
{
    struct pac_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->pac = pac_ref(pac);
    query->state = QUERY_KNOWN;
    query->trace = request->trace;
    query->callback = callback;
    query->ctx = ctx;
    deferred_init(&query->delivery, query_deliver, query);
    buf_init(&query->url, 2 * (size_t)PAC_URL_LIMIT);
    buf_init(&query->host, PAC_URL_LIMIT);
    if (pac_url_write(&query->url, request->secure, request->host, request->port,
                      request->path) != 0 ||
        pac_url_host(&query->host, request->host) != 0) {
        query_free(query);
        return NULL;
    }
    query_begin(query, patient);
    return query;
}

void pac_cancel(struct pac_query *query)
{
    if (query != NULL)
        query_free(query);
}

void pac_view(struct pac *pac, struct pac_view *view)
{
    *view = (struct pac_view){
        .url = pac->url,
        .changes = pac->changes,
        .cached = pac_cache_count(pac->cache),
    };
    view->state = pac_source_state(pac->source, &view->why, &view->age_ms);
    pac_pool_view(pac->pool, &view->pool);
}
