/*
 * admin: the admin socket of a running ccgate: a Unix socket in the runtime folder that
 * speaks a little HTTP/1.1. Only our own uid and root are answered.
 *
 *   GET /status    what runs, as JSON (status.h)
 *   GET /hops      the hops that it names or used, their health and login, as JSON
 *   GET /requests/ID        one that is open or ended lately, as JSON (request_json.h)
 *   GET /requests/ID/trace  the same with "rerun": its decision made again, explained
 *   GET /metrics   the numbers, for Prometheus (metrics.h)
 *   POST /reload   200 when the new configuration is in force; 422 with the messages
 *   POST /stop     200, and the gate drains
 *
 * One request per connection, within five seconds; a reload takes its time.
 */
#ifndef CCGATE_ADMIN_ADMIN_H
#define CCGATE_ADMIN_ADMIN_H

#include "admin/status.h"

#define ADMIN_CLIENT_LIMIT 32         /* connections at once; more are closed */
#define ADMIN_HEAD_LIMIT   (8 * 1024) /* bytes of a request head */
#define ADMIN_DEADLINE     5000       /* ms for a request and its answer */

/* Names of sockets: the port, "ccgate" where there is none, or this with the pid. */
#define ADMIN_DRAINING "draining-"

struct admin;

struct admin_options {
    struct loop *loop;
    const struct status_facts *facts; /* must live as long as the admin */
    struct peer_lookup *peers;
    /*
     * Has the configuration read again; admin_reloaded() tells how it went, before it
     * returns or later. stop begins the end; it does not end the loop before it
     * returns.
     */
    void (*reload)(void *ctx);
    void (*stop)(void *ctx);
    void *ctx;
};

/* Without a socket yet. NULL when memory is out. */
struct admin *admin_new(const struct admin_options *options);

/*
 * Opens the socket RUNTIME_DIR/NAME.sock in place of the one before, which stays if
 * this fails: false, with a line in messages. Nothing is done if it is open already.
 */
bool admin_listen(struct admin *admin, const char *runtime_dir, const char *name,
                  struct buf *messages);

/* The path of the open socket, or NULL. */
const char *admin_path(const struct admin *admin);

/* Answers all that wait for a reload. in_force: the new configuration is. */
void admin_reloaded(struct admin *admin, bool in_force, struct span messages);

/* Closes everything at once. NULL-safe. */
void admin_free(struct admin *admin);

#endif
