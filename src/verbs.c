/*
 * verbs: those that read the configuration and print something.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "verbs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "route/route.h"
#include "up/tls.h"

#define OUTPUT_LIMIT (16 * 1024 * 1024)

static void print(FILE *to, const struct buf *text)
{
    struct span s = buf_span(text);

    if (s.len > 0)
        (void)fwrite(s.at, 1, s.len, to);
}

void verb_say(const struct buf *lines)
{
    struct span rest = buf_span(lines);
    struct span line;

    while (span_next(&rest, "\n", &line))
        if (line.len > 0)
            fprintf(stderr, "%s%.*s\n",
                    line.at[0] == ' ' ? "" : "ccgate: ", SPAN_ARG(line));
}

struct config *verb_config(const struct options *options,
                           enum config_passwords passwords)
{
    struct config_sources sources = {.file = options->config_file,
                                     .environment = environ,
                                     .settings = options->settings,
                                     .setting_count = options->setting_count,
                                     .passwords = passwords};
    struct config *config;
    struct buf messages;

    buf_init(&messages, OUTPUT_LIMIT);
    config = config_load(&sources, &messages);
    print(stderr, &messages);
    buf_clear(&messages);
    return config;
}

void verb_log_quietly(const struct config *config)
{
    struct log_options options = {.to = "stderr", .level = LOG_LEVEL_ERROR};

    if (config->log.level == LOG_LEVEL_DEBUG)
        options.level = LOG_LEVEL_DEBUG;
    (void)log_open(&options);
}

int verb_check_config(const struct options *options)
{
    struct config *config = verb_config(options, CONFIG_PASSWORDS_ALL);
    struct tls_settings trust;
    struct buf messages;
    bool ok;

    if (config == NULL)
        return 2;
    buf_init(&messages, OUTPUT_LIMIT);
    trust = tls_settings_of(config);
    ok = tls_settings_check(&trust, &messages);
    print(stderr, &messages);
    buf_clear(&messages);
    config_unref(config);
    if (!ok)
        return 2;
    puts("configuration ok");
    return EXIT_SUCCESS;
}

/* ---- dump-config ---- */

static int print_schema(void)
{
    struct buf text;
    int error;

    buf_init(&text, OUTPUT_LIMIT);
    error = config_json_schema(&text);
    print(stdout, &text);
    buf_clear(&text);
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_config(const struct config *config, const struct options *options)
{
    bool json = (options->set & OPTION_JSON) != 0;
    struct buf yaml, text;
    int status = EXIT_FAILURE;

    buf_init(&yaml, OUTPUT_LIMIT);
    buf_init(&text, OUTPUT_LIMIT);
    if (config_dump(config, !json && (options->set & OPTION_SHOW_ORIGIN) != 0, &yaml) !=
        0)
        goto out;
    if (json && !dump_json(buf_span(&yaml), &text))
        goto out;
    print(stdout, json ? &text : &yaml);
    status = EXIT_SUCCESS;
out:
    if (status != EXIT_SUCCESS)
        fputs("ccgate: memory is out\n", stderr);
    buf_clear(&text);
    buf_clear(&yaml);
    return status;
}

int verb_dump_config(const struct options *options)
{
    struct config *config;
    int status;

    if ((options->set & OPTION_SCHEMA) != 0)
        return print_schema();
    config = verb_config(options, CONFIG_PASSWORDS_QUICK);
    if (config == NULL)
        return 2;
    status = print_config(config, options);
    config_unref(config);
    return status;
}
