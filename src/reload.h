/*
 * reload: the configuration is read again in a worker, so that a slow password command,
 * keyring or file server keeps no traffic waiting.
 */
#ifndef CCGATE_RELOAD_H
#define CCGATE_RELOAD_H

#include "base/loop.h"
#include "config/config.h"

struct reload;

/*
 * The configuration, which is the callback's now, or NULL; in both cases messages, to
 * be read during the call, holds what is to be said.
 */
typedef void reload_callback(void *ctx, struct config *config, struct buf *messages);

/*
 * Begins to read. sources->previous must stay until the callback, or until the loop's
 * end after reload_cancel(). The callback comes once, from the loop. NULL when memory
 * or descriptors are out.
 */
struct reload *reload_start(struct loop *loop, const struct config_sources *sources,
                            reload_callback *callback, void *ctx);

/* The callback never comes; a command that runs is ended. NULL-safe. */
void reload_cancel(struct reload *reload);

/*
 * config_load(), and a look at the files that the configuration names: a hop would find
 * them broken too late. NULL says why in messages.
 */
struct config *reload_now(const struct config_sources *sources, struct buf *messages);

#endif
