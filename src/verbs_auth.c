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
#include "subverbs.h"
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

static const struct subverb SUBVERBS[] = {
    {"rearm", OPTION_CONFIG | OPTION_VERBOSE, 0, 1, NULL, auth_rearm},
    {"set",
     OPTION_CONFIG | OPTION_VERBOSE | OPTION_STDIN | OPTION_KEYRING | OPTION_FILE, 0, 0,
     NULL, auth_set},
    {"status", OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON, 0, 0, NULL, auth_status},
    {"test", OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON, 0, 1, NULL, auth_try},
    {NULL, 0, 0, 0, NULL, NULL},
};

int verb_auth(const struct options *options)
{
    return subverb_run(SUBVERBS, options);
}
