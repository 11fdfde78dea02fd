/*
 * config: all layers to one struct config. See config.h.
 */
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/internal.h"

/* ---- what the loader owns ---- */

struct source *loader_source(struct loader *l, enum layer layer, const char *name)
{
    struct source *source = calloc(1, sizeof(*source));

    if (source != NULL)
        source->name = span_dup(span_of(name));
    if (source == NULL || source->name == NULL) {
        free(source);
        report_no_memory(&l->report);
        return NULL;
    }
    source->layer = layer;
    source->next = l->sources;
    l->sources = source;
    if (layer != LAYER_FILE && layer != LAYER_MANAGED && l->folder != NULL) {
        source->folder = span_dup(span_of(l->folder));
        if (source->folder == NULL)
            report_no_memory(&l->report);
    }
    return source;
}

struct document *loader_document(struct loader *l, enum layer layer)
{
    struct document *document = calloc(1, sizeof(*document));

    if (document == NULL) {
        report_no_memory(&l->report);
        return NULL;
    }
    document->layer = layer;
    if (l->last == NULL)
        l->first = document;
    else
        l->last->next = document;
    l->last = document;
    return document;
}

static void source_free(struct source *source)
{
    if (source->text != NULL)
        secret_wipe(source->text, source->len);
    free(source->text);
    free(source->folder);
    free(source->name);
    free(source);
}

static void loader_clear(struct loader *l)
{
    while (l->first != NULL) {
        struct document *document = l->first;

        l->first = document->next;
        node_free(document->root);
        free(document);
    }
    while (l->sources != NULL) {
        struct source *source = l->sources;

        l->sources = source->next;
        source_free(source);
    }
    free(l->home);
    free(l->folder);
}

static void loader_places(struct loader *l)
{
    const char *home = environment_get(l->from, "HOME");
    char folder[PATH_MAX];

    if (home != NULL && home[0] == '/') {
        l->home = span_dup(span_of(home));
        if (l->home == NULL)
            report_no_memory(&l->report);
    }
    if (getcwd(folder, sizeof(folder)) != NULL) {
        l->folder = span_dup(span_of(folder));
        if (l->folder == NULL)
            report_no_memory(&l->report);
    }
}

/* ---- documents ---- */

void loader_check(struct loader *l, struct document *document)
{
    struct build trial;

    if (!build_init(&trial, &l->report))
        return;
    trial.home = l->home;
    trial.isolated = l->isolated;
    document_check(document, &trial);
    build_clear(&trial);
}

void loader_yaml(struct loader *l, struct source *source)
{
    struct document *document = loader_document(l, source->layer);

    if (document == NULL)
        return;
    document->root = yaml_read(&l->report, source);
    if (!l->report.no_memory)
        loader_check(l, document);
}

static void loader_defaults(struct loader *l)
{
    struct source *source = loader_source(l, LAYER_DEFAULT, "default");
    struct document *document = loader_document(l, LAYER_DEFAULT);

    if (source == NULL || document == NULL)
        return;
    document->root = node_new(NODE_MAP, source, 0, 0);
    if (document->root == NULL) {
        report_no_memory(&l->report);
        return;
    }
    for (int i = 0; schema_keys[i].path != NULL; i++) {
        struct node *node;

        if (schema_keys[i].fallback == NULL)
            continue;
        node = node_scalar(source, span_of(schema_keys[i].fallback));
        if (node == NULL) {
            report_no_memory(&l->report);
            return;
        }
        node_add(document->root, node);
        document->value[i] = node;
    }
}

/* ---- merging ---- */

static void warn_locked(struct loader *l, int key, const struct node *managed)
{
    for (struct document *d = l->first; d != NULL; d = d->next) {
        const struct node *value = d->value[key];

        if (value == NULL || d->layer == LAYER_DEFAULT || d->layer == LAYER_MANAGED)
            continue;
        report_warning(&l->report, value->key == NULL ? value : value->key,
                       "%s is locked by %s; this value is not used",
                       schema_keys[key].path, managed->source->name);
    }
}

/* The value of the uppermost document that has one; managed ones are the last. */
static const struct node *effective(struct loader *l, int key)
{
    const struct node *value = NULL;

    for (struct document *d = l->first; d != NULL; d = d->next)
        if (d->value[key] != NULL)
            value = d->value[key];
    return value;
}

static char *origin_text(const struct node *value)
{
    const struct source *source = value->source;
    const char *managed = source->layer == LAYER_MANAGED ? "managed by " : "";
    size_t line = value->key != NULL ? value->key->line : value->line;
    struct buf text;
    char *result = NULL;

    buf_init(&text, SIZE_MAX);
    if ((line > 0 ? buf_printf(&text, "%s%s:%zu", managed, source->name, line)
                  : buf_printf(&text, "%s%s", managed, source->name)) == 0)
        result = span_dup(buf_span(&text));
    buf_clear(&text);
    return result;
}

static void set_origin(struct build *b, int key, const struct node *value)
{
    char **origin = &b->config->origins->key[key];

    if (value->source->layer == LAYER_DEFAULT)
        return;
    *origin = origin_text(value);
    if (*origin == NULL)
        report_no_memory(b->report);
}

static void build_all(struct loader *l, struct build *b)
{
    l->report.muted = true; /* each value has been checked where it stands */
    for (int i = 0; schema_keys[i].path != NULL && !l->report.no_memory; i++) {
        const struct node *value = effective(l, i);

        if (value == NULL)
            continue;
        build_key(b, &schema_keys[i], value);
        set_origin(b, i, value);
    }
    l->report.muted = false;
    for (int i = 0; schema_keys[i].path != NULL; i++) {
        const struct node *value = effective(l, i);

        if (value != NULL && value->source != NULL &&
            value->source->layer == LAYER_MANAGED)
            warn_locked(l, i, value);
    }
}

/* ---- folders found at run time ---- */

static void set_path(struct build *b, char **field, const char *a, const char *rest)
{
    struct buf path;

    buf_init(&path, SIZE_MAX);
    if (buf_append_text(&path, a) == 0 && buf_append_text(&path, rest) == 0)
        *field = span_dup(buf_span(&path));
    if (*field == NULL)
        report_no_memory(b->report);
    buf_clear(&path);
}

/* systemd gives several, separated by colons. */
static bool set_first(struct build *b, char **field, const char *list)
{
    struct span rest = span_of(list);
    struct span first = {rest.at, span_find(rest, ':')};

    if (first.len == 0 || first.at[0] != '/')
        return false;
    *field = build_dup(b, first);
    return true;
}

static void set_state_dir(struct loader *l, struct build *b, char **field)
{
    const char *xdg = environment_get(l->from, "XDG_STATE_HOME");
    const struct passwd *user;

    if (set_first(b, field, environment_get(l->from, "STATE_DIRECTORY")))
        return;
    if (xdg != NULL && xdg[0] == '/') {
        set_path(b, field, xdg, "/ccgate");
        return;
    }
    if (l->home != NULL) {
        set_path(b, field, l->home, "/.local/state/ccgate");
        return;
    }
    user = l->isolated ? NULL : getpwuid(geteuid());
    if (user != NULL && user->pw_dir != NULL && user->pw_dir[0] == '/')
        set_path(b, field, user->pw_dir, "/.local/state/ccgate");
    else
        set_path(b, field, "/var/lib", "/ccgate");
}

static void set_runtime_dir(struct loader *l, struct build *b, char **field)
{
    const char *xdg = environment_get(l->from, "XDG_RUNTIME_DIR");
    char name[64];

    if (set_first(b, field, environment_get(l->from, "RUNTIME_DIRECTORY")))
        return;
    if (xdg != NULL && xdg[0] == '/') {
        set_path(b, field, xdg, "/ccgate");
        return;
    }
    snprintf(name, sizeof(name), "ccgate-%lu", (unsigned long)geteuid());
    set_path(b, field, "/tmp/", name);
}

void paths_finish(struct loader *l, struct build *b)
{
    if (b->config->state_dir == NULL)
        set_state_dir(l, b, &b->config->state_dir);
    if (b->config->runtime_dir == NULL)
        set_runtime_dir(l, b, &b->config->runtime_dir);
}

/* ---- loading ---- */

static struct config *finish(struct loader *l)
{
    struct build b;
    struct config *config = NULL;

    if (l->report.no_memory || !build_init(&b, &l->report))
        return NULL;
    b.home = l->home;
    b.isolated = l->isolated;
    b.config->origins = calloc(1, sizeof(*b.config->origins));
    if (b.config->origins == NULL) {
        report_no_memory(&l->report);
        goto out;
    }
    build_all(l, &b);
    if (l->report.no_memory)
        goto out;
    build_check_listen(&b);
    build_check_outside(&b);
    login_finish(&b, l->from);
    paths_finish(l, &b);
    if (l->report.errors == 0 && !l->report.no_memory)
        config = config_ref(b.config);
out:
    build_clear(&b);
    return config;
}

static struct config *loader_end(struct loader *l)
{
    struct config *config = finish(l);

    if (config == NULL && l->report.no_memory)
        buf_append_text(l->report.out, "ccgate: memory is out\n");
    loader_clear(l);
    return config;
}

struct config *config_load(const struct config_sources *sources, struct buf *messages)
{
    struct loader l = {.from = sources, .report = {.out = messages}};

    loader_places(&l);
    loader_defaults(&l);
    if (!l.report.no_memory)
        loader_files(&l);
    if (!l.report.no_memory)
        loader_environment(&l);
    if (!l.report.no_memory)
        loader_settings(&l);
    if (!l.report.no_memory)
        loader_managed(&l);
    return loader_end(&l);
}

/* The text as if it had been read from a file. */
static void parse_text(struct loader *l, const char *name, struct span text)
{
    struct source *source = loader_source(l, LAYER_FILE, name);

    if (source == NULL)
        return;
    source->text = span_dup(text);
    source->len = text.len;
    source->folder = span_dup(SPAN("/nowhere"));
    if (source->text == NULL || source->folder == NULL)
        report_no_memory(&l->report);
    else
        loader_yaml(l, source);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the loader's list has the source */
}

struct config *config_parse_text(const char *name, struct span text,
                                 struct buf *messages)
{
    static const struct config_sources nothing = {.file = NULL};
    struct loader l = {.from = &nothing, .report = {.out = messages}, .isolated = true};

    l.folder = span_dup(SPAN("/nowhere"));
    l.home = span_dup(SPAN("/nowhere"));
    if (l.folder == NULL || l.home == NULL)
        report_no_memory(&l.report);
    loader_defaults(&l);
    if (!l.report.no_memory)
        parse_text(&l, name, text);
    return loader_end(&l);
}
