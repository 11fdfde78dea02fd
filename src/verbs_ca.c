/*
 * verbs_ca: `ccgate ca SUBVERB`, what concerns certificates of the company.
 */
#include <time.h>

#include "ca/ca.h"
#include "subverbs.h"
#include "verbs.h"

enum { OPTIONS = OPTION_CONFIG | OPTION_VERBOSE | OPTION_JSON };

/* What the configuration and options say; false after messages. config is to be freed.
 */
static bool prepare(const struct options *options, struct config **config,
                    struct ca *ca)
{
    *config = verb_config(options, CONFIG_PASSWORDS_NONE);
    if (*config == NULL)
        return false;
    *ca = (struct ca){
        .places = {.state_dir = (*config)->state_dir,
                   .drop_in = (*config)->tls_ca_dir,
                   .files = (*config)->tls_ca},
        .roots = options->roots,
        .now = (int64_t)time(NULL),
        .json = (options->set & OPTION_JSON) != 0,
    };
    return true;
}

static int run(const struct options *options, int (*verb)(const struct ca *ca))
{
    struct config *config;
    struct ca ca;
    int status;

    if (!prepare(options, &config, &ca))
        return 2;
    status = verb(&ca);
    config_unref(config);
    return status;
}

static int run_with_words(const struct options *options,
                          int (*verb)(const struct ca *ca, const char *const *words,
                                      size_t count))
{
    struct config *config;
    struct ca ca;
    int status;

    if (!prepare(options, &config, &ca))
        return 2;
    status = verb(&ca, options->operands, options->operand_count);
    config_unref(config);
    return status;
}

static int build(const struct options *options)
{
    return run(options, ca_build);
}

static int check(const struct options *options)
{
    return run_with_words(options, ca_check);
}

static int import(const struct options *options)
{
    return run_with_words(options, ca_import);
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
    return run(options, ca_status);
}

static const struct subverb SUBVERBS[] = {
    {"build", OPTIONS | OPTION_ROOTS, 0, 0, NULL, build},
    {"check", OPTIONS | OPTION_ROOTS, 0, SUBVERB_ANY, NULL, check},
    {"import", OPTIONS | OPTION_ROOTS, 1, SUBVERB_ANY, "FILE", import},
    {"list", OPTIONS, 0, 0, NULL, list},
    {"remove", OPTIONS | OPTION_ROOTS, 1, SUBVERB_ANY, "FINGERPRINT or NAME", give_up},
    {"status", OPTIONS | OPTION_ROOTS, 0, 0, NULL, status},
    {NULL, 0, 0, 0, NULL, NULL},
};

int verb_ca(const struct options *options)
{
    return subverb_run(SUBVERBS, options);
}
