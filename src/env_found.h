/*
 * env_found: what `ccgate env` and `ccgate run` tell other programs, found out: the
 * listener, and the files of certificates that are fit to be named.
 */
#ifndef CCGATE_ENV_FOUND_H
#define CCGATE_ENV_FOUND_H

#include "env_values.h"

struct env_found {
    struct env_sources sources; /* refers to what stands below, and to the config */
    char corp_only[4096];
    char bundle[4096];
    char java_store[4096];
};

/*
 * Looks for the files of certificates that were built, and reads them: one broken
 * certificate makes some tools refuse every connection. Those that are fit are put into
 * sources; that for Java only if it is among the tools. False: there is one that is
 * not, messages says why in lines.
 */
bool env_find_trust(struct env_found *found, const struct config *config,
                    struct buf *messages);

/*
 * The names of the variables of the chosen tools that have the value which they are set
 * to here, for a ccgate at `running` or where the configuration says. Returns how many.
 */
size_t env_find_own(const struct env_found *found, const struct config *config,
                    const struct netaddr *running, const char *names[ENV_VARIABLES]);

/*
 * Appends a line for each variable of the environment that undoes what the chosen tools
 * are told. Returns how many there are.
 */
unsigned env_find_spoilers(const struct env_sources *sources, char *const *environment,
                           struct buf *messages);

#endif
