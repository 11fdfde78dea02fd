/*
 * ccgate: the program. Its command line says what is to be done; the rest is elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "background.h"
#include "base/loop.h"
#include "verbs.h"

#define OUTPUT_LIMIT (1024 * 1024)

static int print_version(const struct options *options)
{
    (void)options;
    puts("ccgate " PACKAGE_VERSION);
    return EXIT_SUCCESS;
}

static int print_help(const struct options *options)
{
    enum verb verb;
    struct buf text;
    int error;

    buf_init(&text, OUTPUT_LIMIT);
    if (options->argument == NULL) {
        error = help_all(&text);
    } else if (verb_find(span_of(options->argument), &verb)) {
        error = help_verb(verb, &text);
    } else {
        fprintf(stderr,
                "ccgate: help: there is no verb \"%s\"; \"ccgate help\" lists "
                "them\n",
                options->argument);
        return 2;
    }
    fwrite(buf_span(&text).at, 1, text.len, stdout);
    buf_clear(&text);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int (*const VERBS[VERB_COUNT])(const struct options *options) = {
    [VERB_RUN] = verb_run,
    [VERB_CHECK_CONFIG] = verb_check_config,
    [VERB_DUMP_CONFIG] = verb_dump_config,
    [VERB_ROUTE] = verb_route,
    [VERB_STATUS] = verb_status,
    [VERB_RELOAD] = verb_reload,
    [VERB_STOP] = verb_stop,
    [VERB_IMPORT] = verb_import,
    [VERB_ENV] = verb_env,
    [VERB_AUTH] = verb_auth,
    [VERB_CA] = verb_ca,
    [VERB_HELP] = print_help,
    [VERB_VERSION] = print_version,
};

int main(int argc, char **argv)
{
    struct options options;
    struct buf messages;
    int status = 2;

    background_fill_standard();
    buf_init(&messages, OUTPUT_LIMIT);
    if (options_parse(&options, argc, argv, &messages))
        status = VERBS[options.verb](&options);
    else
        fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    options_clear(&options);
    /* A full disk or a closed pipe behind standard output is a failure. */
    if (fflush(stdout) != 0 && status == EXIT_SUCCESS)
        status = EXIT_FAILURE;
    /* A name lookup that nobody waits for any more must not hold up the end. */
    if (loop_runs_on())
        _exit(status);
    return status;
}
