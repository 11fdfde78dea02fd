/*
 * env: `ccgate env`, the variables that lead other programs to ccgate.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env_found.h"
#include "verbs.h"
#include "wayin.h"

#define OUTPUT_LIMIT (1024 * 1024)

struct job {
    const struct options *options;
    struct config *config;
    enum env_form form;
    struct env_found found;
    struct wayin wayin;
    struct env_variable list[ENV_VARIABLES]; /* that are printed */
    size_t count;
    bool complete; /* nothing was left out */
    struct buf messages;
};

/* ---- setting ---- */

static void find_proxy(struct job *job)
{
    job->wayin =
        wayin_find(job->config, options_setting(job->options, "listen") != NULL);
    if (job->wayin.state == WAYIN_FOUND) {
        job->found.sources.proxy = &job->wayin.addr;
        return;
    }
    job->complete = false;
    (void)wayin_explain(&job->wayin, &job->messages);
    (void)buf_append_text(
        &job->messages,
        "  variables for the proxy are left out; \"ccgate --daemon\" starts a ccgate, and\n"
        "  \"ccgate run -- COMMAND\" runs a command with one of its own\n");
}

/* In a container, loopback and files are the container's own. */
static void explain_docker(struct job *job)
{
    struct env_sources *s = &job->found.sources;
    char folder[sizeof(job->found.bundle)];
    char *slash;

    if (s->proxy != NULL && netaddr_is_loopback(s->proxy))
        (void)buf_append_text(
            &job->messages,
            "a container gets to this loopback address with \"--network host\" only\n");
    if (s->bundle == NULL)
        return;
    snprintf(folder, sizeof(folder), "%s", s->bundle);
    slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    (void)buf_printf(&job->messages,
                     "a container gets to these certificates with \"-v %s:%s:ro\" "
                     "only\n",
                     folder, folder);
}

/* What can be written in this form goes to the list. */
static void list_values(struct job *job, const struct env_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        const struct env_variable *v = &values->list[i];
        const char *fault = env_form_fault(job->form, v->value);

        if (fault == NULL) {
            job->list[job->count++] = *v;
            continue;
        }
        job->complete = false;
        (void)buf_printf(&job->messages, "%s is left out: its value %s\n", v->name,
                         fault);
    }
}

static bool set_all(struct job *job, struct env_values *values)
{
    find_proxy(job);
    if (!env_find_trust(&job->found, job->config, &job->messages))
        job->complete = false;
    if (job->form == ENV_DOCKER)
        explain_docker(job);
    (void)env_find_spoilers(&job->found.sources, environ, &job->messages);
    if (!env_values_make(values, &job->found.sources))
        return false;
    list_values(job, values);
    return true;
}

/* ---- unsetting ---- */

/* ccgate may have ended meanwhile: where it would listen counts, too. */
static void unset_all(struct job *job)
{
    const char *names[ENV_VARIABLES];

    job->wayin =
        wayin_find(job->config, options_setting(job->options, "listen") != NULL);
    job->count =
        env_find_own(&job->found, job->config,
                     job->wayin.state == WAYIN_FOUND ? &job->wayin.addr : NULL, names);
    for (size_t i = 0; i < job->count; i++)
        job->list[i] = (struct env_variable){.name = names[i]};
}

/* ---- the verb ---- */

static bool choose_form(struct job *job)
{
    const char *name = job->options->shell;

    job->form = ENV_SH;
    if (name != NULL && !env_form_find(span_of(name), &job->form)) {
        fprintf(stderr, "ccgate: --shell: there is no \"%s\"; there is %s\n", name,
                ENV_FORMS);
        return false;
    }
    if ((job->options->set & OPTION_UNSET) != 0 && !env_form_unsets(job->form)) {
        fprintf(stderr, "ccgate: --unset: %s only sets variables\n", name);
        return false;
    }
    return true;
}

static int print_list(struct job *job)
{
    struct buf out;
    int error;

    buf_init(&out, OUTPUT_LIMIT);
    error = env_form_write(job->form, job->list, job->count, &out);
    if (error == 0)
        (void)fwrite(buf_span(&out).at, 1, out.len, stdout);
    buf_clear(&out);
    return error;
}

static int print_env(struct job *job)
{
    bool unset = (job->options->set & OPTION_UNSET) != 0;
    struct env_values values = {.count = 0};
    int status = EXIT_FAILURE;
    bool made;

    job->complete = true;
    job->found.sources.noproxy = &job->config->noproxy;
    if (unset) {
        unset_all(job);
        made = true;
    } else {
        job->found.sources.java_options = getenv("JAVA_TOOL_OPTIONS");
        made = set_all(job, &values);
    }
    verb_say(&job->messages);
    if (!made || print_list(job) != 0)
        fputs("ccgate: memory is out\n", stderr);
    else if (job->complete)
        status = EXIT_SUCCESS;
    env_values_clear(&values);
    return status;
}

int verb_env(const struct options *options)
{
    struct job *job = calloc(1, sizeof(*job));
    int status = 2;

    if (job == NULL)
        return EXIT_FAILURE;
    job->options = options;
    buf_init(&job->messages, OUTPUT_LIMIT);
    if (!choose_form(job))
        goto out;
    if (!env_choose_tools(&job->found.sources, options->tool, &job->messages)) {
        verb_say(&job->messages);
        goto out;
    }
    job->config = verb_config(options, CONFIG_PASSWORDS_NONE);
    if (job->config != NULL)
        status = print_env(job);
out:
    config_unref(job->config);
    buf_clear(&job->messages);
    free(job);
    return status;
}
