/*
 * subverbs: the second word of `ccgate auth` and `ccgate ca`, by a table.
 */
#ifndef CCGATE_SUBVERBS_H
#define CCGATE_SUBVERBS_H

#include "options.h"

struct subverb {
    const char *name;
    unsigned options; /* OPTION_... that it takes, of those of the verb */
    size_t least;     /* words behind it */
    size_t most;
    const char *missing; /* what is missing where there are fewer than least */
    int (*run)(const struct options *options);
};

enum { SUBVERB_ANY = 100000 }; /* words */

/* Runs the one that options->argument names; the table ends with a NULL name. */
int subverb_run(const struct subverb *table, const struct options *options);

#endif
