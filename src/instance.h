/*
 * instance: which running ccgate is meant, of those that answer in the runtime folder.
 */
#ifndef CCGATE_INSTANCE_H
#define CCGATE_INSTANCE_H

#include <jansson.h>

#include "admin/client.h"
#include "config/config.h"
#include "options.h"

/*
 * Those that run: in the runtime folder of the options, or of the configuration; only
 * that of --listen, if it was given. 0, or the exit status after a message, also if
 * there is none. client_instances_clear() is due in both cases.
 */
int instance_find(const struct options *options, struct client_instances *instances);

/* "3128" of ".../3128.sock", a path that client_find() gave. */
struct span instance_name_of(const char *path);

/*
 * The path of the one that is meant if none was chosen, or NULL. One that is ending
 * counts only if it is alone.
 */
const char *instance_only(const struct client_instances *instances);

/*
 * The path of the one that this configuration would be; else, with *exact false, of the
 * only one there is; or NULL.
 */
const char *instance_of(const struct client_instances *instances,
                        const struct config *config, bool *exact);

/*
 * A GET for an object, which is then the caller's. 0 and *object; else NULL there, and
 * the status of another answer, whose text is appended to body, or -errno as
 * client_request() has it.
 */
int instance_ask(const char *path, const char *target, json_t **object,
                 struct buf *body);

/* What an -errno of these means, as a sentence fragment. */
const char *instance_error(int error);

#endif
