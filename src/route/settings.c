/*
 * settings: see settings.h.
 */
#include "route/settings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/counters.h"
#include "base/log.h"
#include "route/system_child.h"

static const struct settings_times usual_times = {
    .keep_ms = 60 * 1000,
    .failure_ms = 5 * 1000,
};

/* An answer; those that were given it may have it longer than the entry does. */
struct said {
    unsigned refs;
    bool failed;
    bool every_url;
    enum system_kind kind;
    uint64_t at; /* loop_now() */
    char *source, *text;
};

enum entry_state {
    ENTRY_RESTING, /* what it says stands until `due` */
    ENTRY_QUEUED,  /* too long at `due` */
    ENTRY_ASKING,
};

TAILQ_HEAD(waiting, settings_query);

struct entry {
    TAILQ_ENTRY(entry) link; /* of all; the last used one first */
    TAILQ_ENTRY(entry) queue;
    struct settings *settings;
    enum entry_state state;
    enum system_message type;
    char *text;        /* of the question */
    bool used;         /* since it was last asked */
    struct said *said; /* NULL: nothing so far */
    struct system_child *child;
    struct deadline due;
    struct waiting waiting;
};

struct settings_query {
    TAILQ_ENTRY(settings_query) link;
    struct settings *settings;
    struct entry *entry; /* that it waits for, or NULL */
    enum system_message type;
    char *text;
    struct said *said;
    struct deferred delivery;
    settings_callback *callback;
    void *ctx;
};

struct settings {
    struct loop *loop;
    uint64_t limit_ms;
    struct settings_times times;
    TAILQ_HEAD(entries, entry) entries;
    TAILQ_HEAD(queue, entry) queue;
    size_t count, queued, running;
    struct entry *common; /* of PROXY: what it says holds for every URL */
    struct entry *probe;  /* of PROXY: the one question while nothing is known */
};

static void attach_all(struct waiting *queries);

/* ---- answers ---- */

static struct said *said_ref(struct said *said)
{
    if (said != NULL)
        said->refs++;
    return said;
}

static void said_unref(struct said *said)
{
    if (said == NULL || --said->refs > 0)
        return;
    free(said->source);
    free(said->text);
    free(said);
}

/* NULL when memory is out. */
static struct said *said_new(struct loop *loop, const struct system_answer *answer)
{
    struct said *said = calloc(1, sizeof(*said));
    struct buf why;

    if (said == NULL)
        return NULL;
    said->refs = 1;
    said->at = loop_now(loop);
    said->kind = answer->kind;
    said->every_url = answer->every_url;
    said->failed = answer->kind == SYSTEM_FAILED;
    buf_init(&why, SYSTEM_TEXT_LIMIT + SYSTEM_WHY_LIMIT + 2);
    if (said->failed && answer->source.len > 0) {
        if (buf_printf(&why, "%.*s: %.*s", SPAN_ARG(answer->source),
                       SPAN_ARG(answer->text)) == 0)
            said->text = span_dup(buf_span(&why));
        said->source = span_dup(SPAN(""));
    } else {
        said->source = span_dup(answer->source);
        said->text = span_dup(answer->text);
    }
    buf_clear(&why);
    if (said->source != NULL && said->text != NULL)
        return said;
    said_unref(said);
    return NULL;
}

static void log_said(const struct entry *entry, const struct said *said)
{
    const struct said *old = entry->said;

    if (old != NULL && old->kind == said->kind && strcmp(old->text, said->text) == 0)
        return;
    LOG_AT(said->failed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "system_settings",
           LOG_TEXT("asked", entry->type == SYSTEM_WPAD ? "wpad" : entry->text),
           LOG_TEXT("kind", system_kind_name(said->kind)),
           LOG_TEXT("source", said->source), LOG_TEXT("text", said->text));
}

/* ---- queries ---- */

static void query_detach(struct settings_query *query)
{
    if (query->entry != NULL)
        TAILQ_REMOVE(&query->entry->waiting, query, link);
    query->entry = NULL;
}

/* NULL: memory is out, or, where it is not patient, nothing is known. */
static void query_know(struct settings_query *query, struct said *said)
{
    query_detach(query);
    query->said = said_ref(said);
    defer(query->settings->loop, &query->delivery);
}

static void query_free(struct settings_query *query)
{
    query_detach(query);
    defer_cancel(&query->delivery);
    said_unref(query->said);
    free(query->text);
    free(query);
}

static struct settings_said view_of(const struct said *said)
{
    if (said == NULL)
        return (struct settings_said){
            .pending = true, .source = "", .text = "it is still being asked for"};
    return (struct settings_said){.failed = said->failed,
                                  .kind = said->kind,
                                  .source = said->source,
                                  .text = said->text};
}

static void query_deliver(void *ctx)
{
    struct settings_query *query = ctx;
    struct settings_said said = view_of(query->said);

    query->callback(query->ctx, &said);
    query_free(query);
}

/* ---- entries ---- */

static void entry_leave_queue(struct entry *entry)
{
    if (entry->state != ENTRY_QUEUED)
        return;
    TAILQ_REMOVE(&entry->settings->queue, entry, queue);
    entry->settings->queued--;
}

/* Nobody waits for it. */
static void entry_free(struct entry *entry)
{
    struct settings *s = entry->settings;

    entry_leave_queue(entry);
    if (entry->state == ENTRY_ASKING)
        s->running--;
    if (s->common == entry)
        s->common = NULL;
    if (s->probe == entry)
        s->probe = NULL;
    system_child_cancel(entry->child);
    deadline_clear(s->loop, &entry->due);
    TAILQ_REMOVE(&s->entries, entry, link);
    s->count--;
    said_unref(entry->said);
    free(entry->text);
    free(entry);
}

static bool query_is_of(const struct settings_query *query, const struct entry *entry)
{
    return query->type == entry->type && strcmp(query->text, entry->text) == 0;
}

/*
 * Those that waited get it, unless it is for another URL than theirs: they ask anew,
 * for which this entry may have to make room.
 */
static void entry_tell(struct entry *entry)
{
    struct waiting others = TAILQ_HEAD_INITIALIZER(others);
    struct said *said = entry->said;
    struct settings_query *query;

    while ((query = TAILQ_FIRST(&entry->waiting)) != NULL) {
        if (said->failed || said->every_url || query_is_of(query, entry)) {
            query_know(query, said);
            continue;
        }
        query_detach(query);
        TAILQ_INSERT_TAIL(&others, query, link);
    }
    attach_all(&others);
}

/* Takes the said; NULL: memory is out. The entry may be gone when this returns. */
static void entry_rest(struct entry *entry, struct said *said)
{
    struct settings *s = entry->settings;
    bool for_all = entry == s->probe || entry == s->common;

    entry_leave_queue(entry);
    entry->state = ENTRY_RESTING;
    if (s->probe == entry)
        s->probe = NULL;
    if (s->common == entry)
        s->common = NULL;
    if (said == NULL) {
        struct settings_query *query;

        while ((query = TAILQ_FIRST(&entry->waiting)) != NULL)
            query_know(query, NULL);
        entry_free(entry);
        return;
    }
    log_said(entry, said);
    said_unref(entry->said);
    entry->said = said;
    /* What fails before anything is known would fail for the next URL, too. */
    if (entry->type == SYSTEM_PROXY && (said->failed ? for_all : said->every_url))
        s->common = entry;
    deadline_set(s->loop, &entry->due,
                 said->failed ? s->times.failure_ms : s->times.keep_ms);
    entry_tell(entry);
}

static void entry_fail(struct entry *entry, const char *why)
{
    const struct system_answer answer = {.kind = SYSTEM_FAILED, .text = span_of(why)};

    counter_add(COUNTER_SYSTEM_FAILURES, 1);
    entry_rest(entry, said_new(entry->settings->loop, &answer));
}

static void queue_go_on(struct settings *s);

static void on_answer(void *ctx, struct span body, const char *why)
{
    struct entry *entry = ctx;
    struct settings *s = entry->settings;
    struct system_answer answer;

    entry->child = NULL;
    s->running--;
    if (body.len == 0)
        entry_fail(entry, why);
    else if (!system_get_answer(body, &answer))
        entry_fail(entry, "ccgate-system sent what is no answer");
    else
        entry_rest(entry, said_new(s->loop, &answer));
    queue_go_on(s);
}

static void entry_start(struct entry *entry)
{
    struct settings *s = entry->settings;
    const struct system_ask ask = {.type = entry->type, .text = span_of(entry->text)};
    struct system_child_options options = {
        .loop = s->loop,
        .limit_ms = s->limit_ms,
        .settings = true,
        .callback = on_answer,
        .ctx = entry,
    };
    struct buf question;

    entry_leave_queue(entry);
    entry->state = ENTRY_ASKING;
    s->running++;
    entry->used = false;
    deadline_clear(s->loop, &entry->due);
    counter_add(COUNTER_SYSTEM_QUESTIONS, 1);
    buf_init(&question, SYSTEM_ASK_LIMIT);
    if (system_put_ask(&question, &ask) == 0) {
        options.question = buf_span(&question);
        entry->child = system_child_start(&options);
    }
    buf_clear(&question);
    if (entry->child == NULL) {
        s->running--;
        entry_rest(entry, NULL);
    }
}

static void queue_go_on(struct settings *s)
{
    struct entry *next;

    while (s->running < SETTINGS_CHILDREN && (next = TAILQ_FIRST(&s->queue)) != NULL)
        entry_start(next);
}

/* A child for it, or a place in the queue, or neither: then it has failed. */
static void entry_ask(struct entry *entry)
{
    struct settings *s = entry->settings;

    if (s->running < SETTINGS_CHILDREN) {
        entry_start(entry);
    } else if (s->queued < SETTINGS_QUEUE) {
        entry->state = ENTRY_QUEUED;
        TAILQ_INSERT_TAIL(&s->queue, entry, queue);
        s->queued++;
        deadline_set(s->loop, &entry->due, s->limit_ms);
    } else {
        entry_fail(entry, "too many questions wait for ccgate-system");
    }
}

static void on_due(void *ctx)
{
    struct entry *entry = ctx;

    if (entry->state == ENTRY_QUEUED)
        entry_fail(entry, "ccgate-system was busy for too long");
    else if (entry->used && !entry->said->failed)
        entry_ask(entry);
    else
        entry_free(entry);
}

/* ---- which entry ---- */

static struct entry *find(const struct settings *s, enum system_message type,
                          const char *text)
{
    struct entry *entry;

    for (entry = TAILQ_FIRST(&s->entries); entry != NULL;
         entry = TAILQ_NEXT(entry, link))
        if (entry->type == type && strcmp(entry->text, text) == 0)
            return entry;
    return NULL;
}

static bool is_known(const struct settings *s)
{
    const struct entry *entry;

    for (entry = TAILQ_FIRST(&s->entries); entry != NULL;
         entry = TAILQ_NEXT(entry, link))
        if (entry->type == SYSTEM_PROXY && entry->said != NULL && !entry->said->failed)
            return true;
    return false;
}

/* Makes room where none is left, if any of them only rests. */
static bool has_room(struct settings *s)
{
    struct entry *entry;

    if (s->count < SETTINGS_ANSWERS)
        return true;
    for (entry = TAILQ_LAST(&s->entries, entries); entry != NULL;
         entry = TAILQ_PREV(entry, entries, link))
        if (entry->state == ENTRY_RESTING && entry != s->common) {
            entry_free(entry);
            return true;
        }
    return false;
}

static struct entry *entry_new(struct settings *s, enum system_message type,
                               const char *text)
{
    struct entry *entry = has_room(s) ? calloc(1, sizeof(*entry)) : NULL;

    if (entry == NULL)
        return NULL;
    entry->text = span_dup(span_of(text));
    if (entry->text == NULL) {
        free(entry);
        return NULL;
    }
    entry->settings = s;
    entry->type = type;
    deadline_init(&entry->due, on_due, entry);
    TAILQ_INIT(&entry->waiting);
    TAILQ_INSERT_HEAD(&s->entries, entry, link);
    s->count++;
    return entry;
}

static struct entry *entry_for(struct settings *s, const struct settings_query *query)
{
    struct entry *entry;

    if (query->type == SYSTEM_PROXY && s->common != NULL)
        return s->common;
    entry = find(s, query->type, query->text);
    if (entry != NULL)
        return entry;
    if (query->type == SYSTEM_PROXY && s->probe != NULL)
        return s->probe;
    entry = entry_new(s, query->type, query->text);
    if (entry != NULL && query->type == SYSTEM_PROXY && !is_known(s))
        s->probe = entry;
    return entry;
}

static void query_attach(struct settings_query *query)
{
    struct settings *s = query->settings;
    struct entry *entry = entry_for(s, query);

    if (entry == NULL) {
        query_know(query, NULL);
        return;
    }
    TAILQ_REMOVE(&s->entries, entry, link);
    TAILQ_INSERT_HEAD(&s->entries, entry, link);
    if (entry->said != NULL) {
        entry->used = true;
        query_know(query, entry->said);
        return;
    }
    query->entry = entry;
    TAILQ_INSERT_TAIL(&entry->waiting, query, link);
    if (entry->state == ENTRY_RESTING)
        entry_ask(entry);
}

static void attach_all(struct waiting *queries)
{
    struct settings_query *query;

    while ((query = TAILQ_FIRST(queries)) != NULL) {
        TAILQ_REMOVE(queries, query, link);
        query_attach(query);
    }
}

/* ---- from outside ---- */

struct settings *settings_new(const struct settings_options *options)
{
    struct settings *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->loop = options->loop;
    s->limit_ms = options->limit_ms;
    s->times = options->times != NULL ? *options->times : usual_times;
    TAILQ_INIT(&s->entries);
    TAILQ_INIT(&s->queue);
    return s;
}

void settings_free(struct settings *s)
{
    struct entry *entry;

    if (s == NULL)
        return;
    while ((entry = TAILQ_FIRST(&s->entries)) != NULL)
        entry_free(entry);
    free(s);
}

void settings_set_limit(struct settings *s, uint64_t limit_ms)
{
    s->limit_ms = limit_ms;
}

void settings_flush(struct settings *s)
{
    struct waiting all = TAILQ_HEAD_INITIALIZER(all);
    struct settings_query *query;
    struct entry *entry;

    while ((entry = TAILQ_FIRST(&s->entries)) != NULL) {
        for (query = TAILQ_FIRST(&entry->waiting); query != NULL;
             query = TAILQ_NEXT(query, link))
            query->entry = NULL;
        TAILQ_CONCAT(&all, &entry->waiting, link);
        entry_free(entry);
    }
    attach_all(&all);
}

struct settings_query *settings_start(struct settings *s, const struct system_ask *ask,
                                      bool patient, settings_callback *callback,
                                      void *ctx)
{
    struct settings_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->settings = s;
    query->type = ask->type;
    query->callback = callback;
    query->ctx = ctx;
    deferred_init(&query->delivery, query_deliver, query);
    query->text = span_dup(ask->text);
    if (query->text == NULL) {
        query_free(query);
        return NULL;
    }
    query_attach(query);
    if (!patient && query->entry != NULL)
        query_know(query, NULL); /* the question goes on for the next one */
    return query;
}

void settings_cancel(struct settings_query *query)
{
    if (query != NULL)
        query_free(query);
}

void settings_view(const struct settings *s, enum system_message type,
                   struct settings_view *view)
{
    const struct entry *entry, *found = type == SYSTEM_PROXY ? s->common : NULL;

    *view = (struct settings_view){.running = s->running, .queued = s->queued};
    for (entry = TAILQ_FIRST(&s->entries); entry != NULL;
         entry = TAILQ_NEXT(entry, link)) {
        if (entry->type == type && type == SYSTEM_WPAD && entry->said != NULL)
            found = entry;
        view->answers += entry->type == type && entry != found && entry->said != NULL;
    }
    view->known = found != NULL && found->said != NULL;
    view->said = view_of(view->known ? found->said : NULL);
    view->age_ms = view->known ? loop_now(s->loop) - found->said->at : 0;
}
