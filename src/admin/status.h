/*
 * status: what runs, as JSON; and the table that people see, made of that JSON.
 */
#ifndef CCGATE_ADMIN_STATUS_H
#define CCGATE_ADMIN_STATUS_H

#include <jansson.h>

#include "base/buf.h"
#include "fwd/server.h"

#define STATUS_TUNNEL_LIMIT 100 /* tunnels in the list */
#define STATUS_HOP_LIMIT    64

enum status_reload { STATUS_NEVER_RELOADED, STATUS_RELOADED, STATUS_RELOAD_FAILED };

/* What the daemon knows. */
struct status_facts {
    const char *version;
    struct server *server;
    const char *config_file; /* --config FILE, or NULL: the usual files */
    long ends_with;          /* the process whose end is ours; 0: none */
    uint64_t started;        /* loop_clock() at start */
    uint64_t loaded_at;      /* wall clock, seconds: the configuration in force */
    enum status_reload last_reload;
};

/* NULL when memory is out. */
json_t *status_json(const struct status_facts *facts);

/*
 * Appends the table. Tolerates missing members; control bytes are never passed on. 0 or
 * the error of buf_append().
 */
int status_table(const json_t *status, struct buf *out);

/*
 * Calls each() for the hops of the configuration in force and their health (NULL: never
 * used).
 */
typedef void status_each_hop(void *ctx, const struct hop *hop,
                             const struct health_entry *health);
void status_hops(const struct status_facts *facts, status_each_hop *each, void *ctx);

#endif
