/*
 * netwatch_parts: between netwatch.c and the source of its news, of which there is one
 * per system. Private to src/net/netwatch*.c.
 */
#ifndef CCGATE_NET_NETWATCH_PARTS_H
#define CCGATE_NET_NETWATCH_PARTS_H

#include "net/netwatch.h"

/* The network changed; comes from the source. */
void netwatch_changed(struct netwatch *watch, const char *why);

/*
 * A number that is another one when other addresses can be used: those of the
 * interfaces that are up and have a carrier, but for link-local ones.
 */
uint64_t netwatch_addresses(void);

bool netwatch_is_link_local(int family, const void *address);

/* `sum` with more bytes. */
uint64_t netwatch_hash(uint64_t sum, const void *bytes, size_t n);

struct netwatch_source;

/* path: of resolv.conf; stays. NULL when memory is out. */
struct netwatch_source *netwatch_source_new(struct netwatch *watch, struct loop *loop,
                                            const char *path);
void netwatch_source_free(struct netwatch_source *source); /* NULL-safe */
const char *netwatch_source_text(const struct netwatch_source *source);

#endif
