/*
 * netwatch_parts: between netwatch.c and the source of its news, of which there is one
 * per system. Private to src/net/netwatch*.c.
 */
#ifndef CCGATE_NET_NETWATCH_PARTS_H
#define CCGATE_NET_NETWATCH_PARTS_H

#include "net/netwatch.h"

/* The network changed; comes from the source. */
void netwatch_changed(struct netwatch *watch, const char *why);

struct netwatch_source;

/* path: of resolv.conf; stays. NULL when memory is out. */
struct netwatch_source *netwatch_source_new(struct netwatch *watch, struct loop *loop,
                                            const char *path);
void netwatch_source_free(struct netwatch_source *source); /* NULL-safe */
const char *netwatch_source_text(const struct netwatch_source *source);

#endif
