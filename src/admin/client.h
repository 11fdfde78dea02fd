/*
 * client: the other end of the admin socket, for `ccgate status`, `route`, `reload` and
 * `stop`. Blocking; every wait ends after five seconds, that for the end of a reload,
 * which may run commands for passwords, or of a decision, after two minutes.
 */
#ifndef CCGATE_ADMIN_CLIENT_H
#define CCGATE_ADMIN_CLIENT_H

#include "base/buf.h"

#define CLIENT_ANSWER_LIMIT (16 * 1024 * 1024)

/* Admin sockets in a runtime folder at which something answers. */
struct client_instances {
    char **path;
    size_t count;
};

/*
 * Finds them. name: only NAME.sock, or NULL for all. False: messages (a line) says why
 * the folder cannot be trusted or read; a missing folder is an empty one.
 * client_instances_clear() is due in both cases.
 */
bool client_find(struct client_instances *instances, const char *runtime_dir,
                 const char *name, struct buf *messages);
void client_instances_clear(struct client_instances *instances);

/* Whether the one at this path is ending; its socket then has another name. */
bool client_is_draining(const char *path);

/*
 * One request ("GET", "/status"). Returns the status of the answer, its body in *body,
 * or -errno: ECONNREFUSED, ETIMEDOUT, EPROTO (that is no admin socket) ...
 */
int client_request(const char *path, const char *method, const char *target,
                   struct buf *body);

#endif
