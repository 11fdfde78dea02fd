/*
 * verbs: what `ccgate VERB` does, the daemon itself excepted. Each returns the exit
 * status: 0, 1 for a failure, 2 for an error in the command line or configuration.
 */
#ifndef CCGATE_VERBS_H
#define CCGATE_VERBS_H

#include "options.h"
#include "route/route.h"

/* verbs.c: these need no running ccgate */
int verb_check_config(const struct options *options);
int verb_dump_config(const struct options *options);
int verb_import(const struct options *options); /* import.c */

int verb_route(const struct options *options);   /* verbs_route.c */
int verb_request(const struct options *options); /* verbs_request.c: route --id */

/* verbs_client.c: these talk to one */
int verb_status(const struct options *options);
int verb_reload(const struct options *options);
int verb_stop(const struct options *options);

/*
 * Has every ccgate that runs with this folder read its configuration again, and says
 * which. 0, or 1 if one refused.
 */
int reload_running(const char *runtime_dir);

int verb_env(const struct options *options); /* env.c */
int verb_run(const struct options *options); /* run.c: the gate, or a command */

/* verbs_auth.c: `auth SUBVERB` is one of these, each in a file of its own */
int verb_auth(const struct options *options);
int auth_set(const struct options *options);

/* verbs_ca.c: `ca SUBVERB`, see ca/ca.h */
int verb_ca(const struct options *options);

/* Loads the configuration for a verb; NULL after its messages went to standard error.
 */
struct config *verb_config(const struct options *options,
                           enum config_passwords passwords);

/* For what prints an answer, between whose lines a log would stand: errors only, unless
 * everything is asked for. */
void verb_log_quietly(const struct config *config);

/* Says lines on standard error, each after "ccgate: " unless it goes on with one. */
void verb_say(const struct buf *lines);

/*
 * A URL, host:port as in CONNECT, or a host alone, which is taken as https. NULL, or
 * what is wrong. The request's host points into text.
 */
const char *verb_target(const char *text, struct route_request *request);

/* A route_is_self: whether a gate with this configuration (ctx) would listen there. */
bool verb_is_self(void *ctx, struct span host, uint16_t port);

/* dump_json.c: YAML text as JSON. False when memory is out. */
bool dump_json(struct span yaml, struct buf *out);

#endif
