/*
 * run: `ccgate run`, the gate itself, or a command that is led to one.
 *
 * This process becomes the command, so that its exit status, its signals and the
 * terminal are nobody else's business.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "companion.h"
#include "daemon.h"
#include "env_found.h"
#include "verbs.h"
#include "wayin.h"

#define MESSAGES_LIMIT (1024 * 1024)

/* As env(1), nohup(1) and timeout(1) have it. */
enum { RUN_FAILED = 125, RUN_NOT_POSSIBLE = 126, RUN_NOT_THERE = 127 };

struct run {
    const struct options *options;
    struct config *config;
    struct env_found found;
    struct netaddr proxy;
    struct buf messages;
};

/* ---- the way in ---- */

/* A running ccgate keeps the options that it was started with. */
static bool wants_own(const struct options *options)
{
    static const char *const OTHERS[] = {"listen", "runtime_dir", "state_dir"};

    for (size_t i = 0; i < options->setting_count; i++) {
        bool other = false;

        for (size_t j = 0; j < sizeof(OTHERS) / sizeof(OTHERS[0]); j++)
            other = other || strcmp(options->settings[i].path, OTHERS[j]) == 0;
        if (!other)
            return true;
    }
    return false;
}

static bool find_running(struct run *run)
{
    struct wayin wayin =
        wayin_find(run->config, options_setting(run->options, "listen") != NULL);

    if (wayin.state == WAYIN_FOREIGN || wayin.state == WAYIN_OTHER) {
        (void)wayin_explain(&wayin, &run->messages);
        (void)buf_append_text(&run->messages,
                              "  this command gets a ccgate of its own\n");
    }
    run->proxy = wayin.addr;
    return wayin.state == WAYIN_FOUND;
}

/*
 * Variables that lead to a ccgate of before must not become the new one's way out.
 */
static void forget_own(struct run *run)
{
    struct env_found all = {.sources = {.noproxy = &run->config->noproxy}};
    const char *names[ENV_VARIABLES];
    size_t count = 0;

    if (env_choose_tools(&all.sources, NULL, &run->messages))
        count = env_find_own(&all, run->config, NULL, names);

    for (size_t i = 0; i < count; i++)
        unsetenv(names[i]);
}

static bool find_way_in(struct run *run)
{
    if (!wants_own(run->options) && find_running(run))
        return true;
    verb_say(&run->messages);
    buf_reset(&run->messages);
    forget_own(run);
    return companion_start(run->options, &run->proxy);
}

/* ---- the command ---- */

static bool set_variables(struct run *run)
{
    struct env_sources *s = &run->found.sources;
    struct env_values values;
    bool set;

    (void)env_find_trust(&run->found, run->config, &run->messages);
    (void)env_find_spoilers(s, environ, &run->messages);
    s->proxy = &run->proxy;
    s->java_options = getenv("JAVA_TOOL_OPTIONS");
    set = env_values_make(&values, s);
    for (size_t i = 0; i < values.count && set; i++)
        set = setenv(values.list[i].name, values.list[i].value, 1) == 0;
    env_values_clear(&values);
    if (!set)
        (void)buf_append_text(&run->messages, "memory is out\n");
    verb_say(&run->messages);
    return set;
}

static int become(char *const *command)
{
    int status;

    fflush(NULL);
    execvp(command[0], command);
    status = errno == ENOENT ? RUN_NOT_THERE : RUN_NOT_POSSIBLE;
    fprintf(stderr, "ccgate: run: %s: %s\n", command[0], strerror(errno));
    return status;
}

static int run_command(struct run *run)
{
    struct env_sources *s = &run->found.sources;

    if (!env_choose_tools(s, run->options->tool, &run->messages)) {
        verb_say(&run->messages);
        return RUN_FAILED;
    }
    run->config = verb_config(run->options, CONFIG_PASSWORDS_NONE);
    if (run->config == NULL)
        return RUN_FAILED;
    s->noproxy = &run->config->noproxy;
    if (!find_way_in(run) || !set_variables(run))
        return RUN_FAILED;
    return become(run->options->command);
}

int verb_run(const struct options *options)
{
    struct run *run;
    int status;

    if (options->command == NULL) {
        if ((options->set & OPTION_TOOL) == 0)
            return daemon_run(options);
        fputs("ccgate: --tool: for a command: ccgate run --tool NAME -- COMMAND\n",
              stderr);
        return 2;
    }
    run = calloc(1, sizeof(*run));
    if (run == NULL)
        return RUN_FAILED;
    run->options = options;
    buf_init(&run->messages, MESSAGES_LIMIT);
    status = run_command(run);
    config_unref(run->config);
    buf_clear(&run->messages);
    free(run);
    return status;
}
