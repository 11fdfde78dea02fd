/*
 * verbs_ca: `ccgate ca SUBVERB`, what concerns certificates of the company.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ca/ca.h"
#include "subverbs.h"
#include "verbs.h"

enum { OPTIONS = OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON };

/* What a verb goes by, as configuration and options say. */
struct task {
    struct config *config;
    struct ca ca;
    struct wire_way way;
};

/* False after messages; else config is to be freed. */
static bool prepare(const struct options *options, enum config_passwords passwords,
                    struct task *task)
{
    struct config *config = verb_config(options, passwords);

    if (config == NULL)
        return false;
    task->config = config;
    task->way = (struct wire_way){
        .config = config,
        .environment = environ,
        .is_self = verb_is_self,
        .target = verb_target,
    };
    task->ca = (struct ca){
        .places = {.state_dir = config->state_dir,
                   .drop_in = config->tls_ca_dir,
                   .files = config->tls_ca},
        .roots = options->roots,
        .now = (int64_t)time(NULL),
        .json = (options->set & OPTION_JSON) != 0,
    };
    return true;
}

/* The same for a verb that may ask hosts, for which a proxy may want a login. */
static bool prepare_way(const struct options *options, struct task *task)
{
    if (!prepare(options, CONFIG_PASSWORDS_ALL, task))
        return false;
    task->ca.way = &task->way;
    verb_log_quietly(task->config);
    return true;
}

static int finish(struct task *task, int status)
{
    log_flush();
    config_unref(task->config);
    return status;
}

static int run(const struct options *options, int (*verb)(const struct ca *ca))
{
    struct task task;

    if (!prepare(options, CONFIG_PASSWORDS_NONE, &task))
        return 2;
    return finish(&task, verb(&task.ca));
}

static int run_with_words(const struct options *options,
                          int (*verb)(const struct ca *ca, const char *const *words,
                                      size_t count))
{
    struct task task;

    if (!prepare(options, CONFIG_PASSWORDS_NONE, &task))
        return 2;
    return finish(&task, verb(&task.ca, options->operands, options->operand_count));
}

static int build(const struct options *options)
{
    return run(options, ca_build);
}

/* Passwords are not asked for where nobody is to be asked anything. */
static int check(const struct options *options)
{
    struct task task;

    if (!ca_check_asks(options->operands, options->operand_count))
        return run_with_words(options, ca_check);
    if (!prepare_way(options, &task))
        return 2;
    return finish(&task, ca_check(&task.ca, options->operands, options->operand_count));
}

static int fetch(const struct options *options)
{
    unsigned char pin[CERT_HASH];
    struct task task;

    if (options->expect != NULL &&
        !cert_parse_fingerprint(span_of(options->expect), pin)) {
        fputs("ccgate: --expect-fingerprint: is no SHA-256 fingerprint, which has 64 "
              "hexadecimal digits, with or without colons\n",
              stderr);
        return 2;
    }
    if (!prepare_way(options, &task))
        return 2;
    return finish(&task, ca_fetch(&task.ca, options->operands, options->operand_count,
                                  options->expect != NULL ? pin : NULL));
}

static int import(const struct options *options)
{
    return run_with_words(options, ca_import);
}

static int run_with_choice(const struct options *options,
                           int (*verb)(const struct ca *ca,
                                       const struct ca_choice *choice))
{
    struct ca_choice choice = {
        .tools = options->tool,
        .system = (options->set & OPTION_SYSTEM) != 0,
        .replace = (options->set & OPTION_REPLACE) != 0,
        .dry_run = (options->set & OPTION_DRY_RUN) != 0,
        .yes = (options->set & OPTION_YES) != 0,
    };
    struct task task;

    if (!prepare(options, CONFIG_PASSWORDS_NONE, &task))
        return 2;
    return finish(&task, verb(&task.ca, &choice));
}

static int install(const struct options *options)
{
    return run_with_choice(options, ca_install);
}

static int uninstall(const struct options *options)
{
    return run_with_choice(options, ca_uninstall);
}

static int list(const struct options *options)
{
    return run(options, ca_list);
}

static int give_up(const struct options *options)
{
    return run_with_words(options, ca_remove);
}

static int status(const struct options *options)
{
    struct task task;

    if (!prepare(options, CONFIG_PASSWORDS_NONE, &task))
        return 2;
    if (!ca_status_asks(&task.ca, options->operand_count))
        return finish(&task, ca_status(&task.ca, NULL, 0));
    config_unref(task.config);
    if (!prepare_way(options, &task))
        return 2;
    return finish(&task,
                  ca_status(&task.ca, options->operands, options->operand_count));
}

/* Its words are the log's. */
static int watch(const struct options *options)
{
    uint64_t interval = 0;
    const char *fault = options->interval != NULL
                            ? value_duration(span_of(options->interval), &interval)
                            : NULL;
    struct task task;
    int error;

    if (fault != NULL) {
        fprintf(stderr, "ccgate: --interval: %s\n", fault);
        return 2;
    }
    if (!prepare_way(options, &task))
        return 2;
    error = log_open(&task.config->log);
    if (error != 0) {
        fprintf(stderr, "ccgate: ca watch: the log %s cannot be opened: %s\n",
                task.config->log.to, strerror(-error));
        return finish(&task, 1);
    }
    return finish(
        &task, ca_watch(&task.ca, options->operands, options->operand_count, interval));
}

enum { CHOICE = OPTION_TOOL | OPTION_SYSTEM | OPTION_DRY_RUN | OPTION_YES };

static const struct subverb SUBVERBS[] = {
    {"build", OPTIONS | OPTION_ROOTS, 0, 0, NULL, build},
    {"check", OPTIONS | OPTION_ROOTS, 0, SUBVERB_ANY, NULL, check},
    {"fetch", OPTIONS | OPTION_ROOTS | OPTION_EXPECT, 2, SUBVERB_ANY,
     "second HOST, which has to agree,", fetch},
    {"import", OPTIONS | OPTION_ROOTS, 1, SUBVERB_ANY, "FILE", import},
    {"install", OPTIONS | OPTION_ROOTS | CHOICE | OPTION_REPLACE, 0, 0, NULL, install},
    {"list", OPTIONS, 0, 0, NULL, list},
    {"remove", OPTIONS | OPTION_ROOTS, 1, SUBVERB_ANY, "FINGERPRINT or NAME", give_up},
    {"status", OPTIONS | OPTION_ROOTS, 0, SUBVERB_ANY, NULL, status},
    {"uninstall", OPTIONS | CHOICE, 0, 0, NULL, uninstall},
    {"watch", OPTION_CONFIG | OPTION_VERBOSE | OPTION_ROOTS | OPTION_INTERVAL, 0,
     SUBVERB_ANY, NULL, watch},
    {NULL, 0, 0, 0, NULL, NULL},
};

int verb_ca(const struct options *options)
{
    return subverb_run(SUBVERBS, options);
}
