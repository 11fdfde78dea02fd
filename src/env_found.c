/*
 * env_found: see env_found.h.
 */
#include "env_found.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/bundle.h"
#include "certs/java.h"
#include "certs/paths.h"

/* ---- certificates ---- */

static bool wants_java(const struct env_sources *sources)
{
    for (size_t i = 0; i < sources->tool_count; i++)
        for (const struct tool_variable *v = sources->tools[i]->variables;
             v->name != NULL; v++)
            if (v->value == TOOL_JAVA)
                return true;
    return false;
}

static bool name_file(char *path, size_t size, const struct config *config,
                      const char *name, const char **source)
{
    bool fits = certs_path(path, size, config->state_dir, name);

    *source = fits ? path : NULL;
    return fits;
}

/* Puts their paths into sources, whatever is there. False if one is too long. */
static bool name_trust(struct env_found *found, const struct config *config)
{
    struct env_sources *s = &found->sources;

    return name_file(found->corp_only, sizeof(found->corp_only), config,
                     CERTS_CORP_ONLY, &s->corp_only) &&
           name_file(found->bundle, sizeof(found->bundle), config, CERTS_BUNDLE,
                     &s->bundle) &&
           (!wants_java(s) || name_file(found->java_store, sizeof(found->java_store),
                                        config, CERTS_JAVA, &s->java_store));
}

static void forget_trust(struct env_sources *sources)
{
    sources->corp_only = sources->bundle = sources->java_store = NULL;
}

/* Without a certificate of the company this file is not built. */
static bool is_missing(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 && errno == ENOENT;
}

/* What somebody's reader of PEM stumbles over, even where others do not. */
static bool is_harmful(const struct bundle_problem *problem)
{
    return problem->weight == BUNDLE_ERROR || problem->fault == BUNDLE_GLUED ||
           problem->fault == BUNDLE_MARK || problem->fault == BUNDLE_NOT_PEM;
}

/* Whether the file is as `ccgate ca build` writes it. */
static bool read_file(struct bundle *into, const char *path, struct buf *messages)
{
    bool fit = true;

    bundle_read(into, path);
    for (size_t i = 0; i < into->problem_count && fit; i++) {
        if (!is_harmful(&into->problems[i]))
            continue;
        fit = false;
        (void)buf_printf(messages, "%s\n", into->problems[i].text);
    }
    if (fit && into->count == 0) {
        fit = false;
        (void)buf_printf(messages, "%s: holds no certificate\n", path);
    }
    return fit;
}

/* A bundle that lacks the public roots would cut tools off from everybody else. */
static bool is_complete(const struct bundle *all, const struct bundle *corp,
                        const char *path, struct buf *messages)
{
    const char *lacks = NULL;

    for (size_t i = 0; i < corp->count; i++)
        if (bundle_find(all, corp->entries[i].cert) == all->count)
            lacks = "lacks a certificate of " CERTS_CORP_ONLY;
    if (all->count <= corp->count)
        lacks = "lacks the certificates of the system";
    if (lacks == NULL)
        return true;
    (void)buf_printf(messages, "%s: %s\n", path, lacks);
    return false;
}

/* 0 or -errno. */
static int read_store(const char *path, struct buf *content)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = fd < 0 ? -errno : file_read(fd, content);

    if (fd >= 0)
        close(fd);
    return error;
}

/* The store for Java says the same as the bundle. */
static bool is_current(const struct env_sources *s, const struct bundle *all,
                       struct buf *messages)
{
    const char *path = s->java_store;
    const char *wrong = NULL;
    struct buf own, there;
    int error;

    if (path == NULL)
        return true;
    buf_init(&own, BUNDLE_FILE_LIMIT);
    buf_init(&there, BUNDLE_FILE_LIMIT);
    error = read_store(path, &there);
    if (error != 0)
        wrong = strerror(-error);
    else if (java_store(all, &own) != 0 ||
             !span_equal(buf_span(&own), buf_span(&there)))
        wrong = "differs from " CERTS_BUNDLE;
    else if (strchr(path, '"') != NULL && strchr(path, '\'') != NULL)
        wrong = "this path has both kinds of quotes, which Java cannot read";
    if (wrong != NULL)
        (void)buf_printf(messages, "%s: %s\n", path, wrong);
    buf_clear(&own);
    buf_clear(&there);
    return wrong == NULL;
}

/* Reads what the paths in found lead to. */
static bool are_fit(const struct env_found *found, struct buf *messages)
{
    struct bundle corp, all;
    bool fit;

    bundle_init(&corp, false, (int64_t)time(NULL));
    bundle_init(&all, false, (int64_t)time(NULL));
    fit = read_file(&corp, found->corp_only, messages) &&
          read_file(&all, found->bundle, messages) &&
          is_complete(&all, &corp, found->bundle, messages) &&
          is_current(&found->sources, &all, messages);
    bundle_clear(&corp);
    bundle_clear(&all);
    return fit;
}

bool env_find_trust(struct env_found *found, const struct config *config,
                    struct buf *messages)
{
    if (!name_trust(found, config) || is_missing(found->corp_only)) {
        forget_trust(&found->sources);
        return true;
    }
    if (are_fit(found, messages))
        return true;
    forget_trust(&found->sources);
    (void)buf_append_text(messages,
                          "  variables for certificates are left out; \"ccgate ca "
                          "build\" writes these files anew\n");
    return false;
}

/* ---- what gets in the way ---- */

static const char *value_of(char *const *environment, const char *name)
{
    size_t len = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    return NULL;
}

static bool is_spoilt(const struct tool_spoiler *spoiler, char *const *environment)
{
    const char *value = value_of(environment, spoiler->name);

    if (value == NULL || value[0] == '\0')
        return false;
    return spoiler->value == NULL || strcmp(value, spoiler->value) == 0;
}

/* Several tools may be spoilt by one. */
static bool was_said(const struct env_sources *sources, size_t tools, const char *name)
{
    for (size_t i = 0; i < tools; i++)
        for (const struct tool_spoiler *s = sources->tools[i]->spoilers;
             s != NULL && s->name != NULL; s++)
            if (strcmp(s->name, name) == 0)
                return true;
    return false;
}

unsigned env_find_spoilers(const struct env_sources *sources, char *const *environment,
                           struct buf *messages)
{
    unsigned count = 0;

    for (size_t i = 0; i < sources->tool_count; i++)
        for (const struct tool_spoiler *s = sources->tools[i]->spoilers;
             s != NULL && s->name != NULL; s++) {
            if (!is_spoilt(s, environment) || was_said(sources, i, s->name))
                continue;
            count++;
            (void)buf_printf(messages, "%s is set, which %s\n", s->name, s->why);
        }
    return count;
}

/* ---- what was set before ---- */

static size_t add_own(struct env_sources *sources, const struct netaddr *proxy,
                      const char *names[ENV_VARIABLES], size_t count)
{
    struct env_values values;

    sources->proxy = proxy;
    if (!env_values_make(&values, sources))
        env_values_clear(&values);
    for (size_t i = 0; i < values.count; i++) {
        const char *name = values.list[i].name;
        const char *value = getenv(name);
        bool listed = false;

        for (size_t j = 0; j < count && !listed; j++)
            listed = strcmp(names[j], name) == 0;
        if (!listed && value != NULL && strcmp(value, values.list[i].value) == 0)
            names[count++] = name;
    }
    env_values_clear(&values);
    return count;
}

size_t env_find_own(const struct env_found *found, const struct config *config,
                    const struct netaddr *running, const char *names[ENV_VARIABLES])
{
    struct env_found own = *found;
    size_t count = 0;

    (void)name_trust(&own, config);
    if (running != NULL)
        count = add_own(&own.sources, running, names, count);
    for (size_t i = 0; i < config->listen_count; i++)
        count = add_own(&own.sources, &config->listen[i].addr, names, count);
    return count;
}
