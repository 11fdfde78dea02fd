/*
 * verbs_auth: `ccgate auth SUBVERB`, what concerns logins to proxies.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <stdio.h>
#include <unistd.h>

#include "auth_status.h"
#include "auth_test.h"
#include "verbs.h"

static int auth_try(const struct options *options)
{
    const char *target = options->operand != NULL ? options->operand : "example.com";
    struct route_request request = {.port = 0};
    const char *wrong = verb_target(target, &request);
    struct config *config;
    int status;

    if (wrong != NULL) {
        fprintf(stderr, "ccgate: auth test: the target %s\n", wrong);
        return 2;
    }
    config = verb_config(options, CONFIG_PASSWORDS_ALL);
    if (config == NULL)
        return 2;
    status = auth_test(config, environ, &request, (options->set & OPTION_JSON) != 0);
    config_unref(config);
    return status;
}

static const struct {
    const char *name;
    unsigned options; /* OPTION_... that it takes, of those of `auth` */
    bool operand;
    int (*run)(const struct options *options);
} SUBVERBS[] = {
    {"set",
     OPTION_CONFIG | OPTION_VERBOSE | OPTION_STDIN | OPTION_KEYRING | OPTION_FILE,
     false, auth_set},
    {"rearm", OPTION_CONFIG | OPTION_VERBOSE, true, auth_rearm},
    {"status", OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON, false, auth_status},
    {"test", OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON, true, auth_try},
};

enum { SUBVERB_COUNT = sizeof(SUBVERBS) / sizeof(SUBVERBS[0]) };

static int unknown(const char *name)
{
    fprintf(stderr, "ccgate: auth: there is no \"%s\"; there is", name);
    for (size_t i = 0; i < SUBVERB_COUNT; i++)
        fprintf(stderr, "%s %s", i > 0 ? "," : "", SUBVERBS[i].name);
    fputs("\n", stderr);
    return 2;
}

static bool takes_options(const struct options *options, unsigned allowed)
{
    bool all = true;

    for (const struct option_info *o = option_table(); o->name != NULL; o++)
        if ((options->set & o->bit & ~allowed) != 0) {
            fprintf(stderr, "ccgate: --%s: \"ccgate auth %s\" does not take it\n",
                    o->name, options->argument);
            all = false;
        }
    return all;
}

int verb_auth(const struct options *options)
{
    for (size_t i = 0; i < SUBVERB_COUNT; i++) {
        if (!span_equal(span_of(SUBVERBS[i].name), span_of(options->argument)))
            continue;
        if (options->operand != NULL && !SUBVERBS[i].operand) {
            fprintf(stderr, "ccgate: auth %s: \"%s\" is one word too many\n",
                    options->argument, options->operand);
            return 2;
        }
        return takes_options(options, SUBVERBS[i].options) ? SUBVERBS[i].run(options)
                                                           : 2;
    }
    return unknown(options->argument);
}
