/*
 * subverbs: see subverbs.h.
 */
#include "subverbs.h"

#include <stdio.h>

static const char *verb_of(const struct options *options)
{
    return verb_info(options->verb)->name;
}

static int unknown(const struct subverb *table, const struct options *options)
{
    fprintf(stderr, "ccgate: %s: there is no \"%s\"; there is", verb_of(options),
            options->argument);
    for (const struct subverb *s = table; s->name != NULL; s++)
        fprintf(stderr, "%s %s", s != table ? "," : "", s->name);
    fputs("\n", stderr);
    return 2;
}

static bool takes_words(const struct subverb *subverb, const struct options *options)
{
    if (options->operand_count > subverb->most) {
        fprintf(stderr, "ccgate: %s %s: \"%s\" is one word too many\n",
                verb_of(options), subverb->name, options->operands[subverb->most]);
        return false;
    }
    if (options->operand_count >= subverb->least)
        return true;
    fprintf(stderr, "ccgate: %s %s: the %s is missing\n", verb_of(options),
            subverb->name, subverb->missing);
    return false;
}

static bool takes_options(const struct subverb *subverb, const struct options *options)
{
    bool all = true;

    for (const struct option_info *o = option_table(); o->name != NULL; o++)
        if ((options->set & o->bit & ~subverb->options) != 0) {
            fprintf(stderr, "ccgate: --%s: \"ccgate %s %s\" does not take it\n",
                    o->name, verb_of(options), subverb->name);
            all = false;
        }
    return all;
}

int subverb_run(const struct subverb *table, const struct options *options)
{
    for (const struct subverb *s = table; s->name != NULL; s++)
        if (span_equal(span_of(s->name), span_of(options->argument)))
            return takes_words(s, options) && takes_options(s, options)
                       ? s->run(options)
                       : 2;
    return unknown(table, options);
}
