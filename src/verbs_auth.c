/*
 * verbs_auth: `ccgate auth SUBVERB`, what concerns logins to proxies.
 */
#include <stdio.h>

#include "verbs.h"

static const struct {
    const char *name;
    unsigned options; /* OPTION_... that it takes, of those of `auth` */
    int (*run)(const struct options *options);
} SUBVERBS[] = {
    {"set",
     OPTION_CONFIG | OPTION_VERBOSE | OPTION_STDIN | OPTION_KEYRING | OPTION_FILE,
     auth_set},
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
        return takes_options(options, SUBVERBS[i].options) ? SUBVERBS[i].run(options)
                                                           : 2;
    }
    return unknown(options->argument);
}
