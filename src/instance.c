/*
 * instance: which running ccgate is meant.
 */
#include "instance.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct span instance_name_of(const char *path)
{
    struct span file;

    assert(path != NULL);
    file = span_of(strrchr(path, '/') + 1); /* client_find() put both there */
    file.len -= strlen(".sock");
    return file;
}

const char *instance_only(const struct client_instances *instances)
{
    const char *only = NULL;
    size_t running = 0;

    for (size_t i = 0; i < instances->count; i++)
        if (!client_is_draining(instances->path[i])) {
            only = instances->path[i];
            running++;
        }
    if (running == 1)
        return only;
    return instances->count == 1 ? instances->path[0] : NULL;
}

/* As the daemon names its socket, unless `listen` leaves the port to the kernel. */
static bool socket_name(const struct config *config, char *name, size_t size)
{
    for (size_t i = 0; i < config->listen_count; i++) {
        const struct netaddr *addr = &config->listen[i].addr;

        if (addr->u.sa.sa_family == AF_UNIX)
            continue;
        snprintf(name, size, "%u", (unsigned)netaddr_port(addr));
        return netaddr_port(addr) != 0;
    }
    snprintf(name, size, "ccgate");
    return true;
}

const char *instance_of(const struct client_instances *instances,
                        const struct config *config, bool *exact)
{
    char name[32];

    *exact = true;
    if (socket_name(config, name, sizeof(name)))
        for (size_t i = 0; i < instances->count; i++)
            if (span_equal(instance_name_of(instances->path[i]), span_of(name)))
                return instances->path[i];
    *exact = false;
    return instance_only(instances);
}

const char *instance_error(int error)
{
    return error == -EPROTO ? "what answers there is no ccgate" : strerror(-error);
}

int instance_ask(const char *path, const char *target, json_t **object,
                 struct buf *body)
{
    int result = client_request(path, "GET", target, body);

    *object = NULL;
    if (result != 200)
        return result;
    *object = json_loadb(buf_span(body).at, body->len, 0, NULL);
    buf_reset(body);
    return *object != NULL ? 0 : -EPROTO;
}
