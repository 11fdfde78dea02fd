/*
 * instance: which running ccgate is meant.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "instance.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES_LIMIT (1024 * 1024)

/* ---- those that run ---- */

/*
 * The folder of the configuration. A broken configuration must not keep anybody from
 * asking a running ccgate: then it is the folder that the environment names.
 */
static struct config *load_for_folder(const struct options *options)
{
    static const char *const NAMES[] = {"RUNTIME_DIRECTORY=", "XDG_RUNTIME_DIR="};
    struct config_sources sources = {.file = options->config_file,
                                     .environment = environ,
                                     .passwords = CONFIG_PASSWORDS_NONE};
    char *some[sizeof(NAMES) / sizeof(NAMES[0]) + 1] = {NULL};
    struct config *config;
    struct buf messages;
    size_t count = 0;

    buf_init(&messages, MESSAGES_LIMIT);
    config = config_load(&sources, &messages);
    if (config == NULL) {
        for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
            for (char **e = environ; *e != NULL; e++)
                if (strncmp(*e, NAMES[i], strlen(NAMES[i])) == 0) {
                    some[count++] = *e;
                    break;
                }
        sources = (struct config_sources){.environment = some,
                                          .root = "/nonexistent",
                                          .passwords = CONFIG_PASSWORDS_NONE};
        config = config_load(&sources, &messages);
    }
    buf_clear(&messages);
    return config;
}

/* What --listen says: the port, or for a Unix socket the name that stands for none. */
static bool instance_name(const char *listen, char *name, size_t size)
{
    struct span s = span_of(listen);
    uint64_t port;

    if (strchr(listen, '/') != NULL) {
        snprintf(name, size, "ccgate");
        return true;
    }
    while (span_find(s, ':') < s.len)
        s = span_skip(s, span_find(s, ':') + 1);
    if (!span_to_u64(s, &port) || port == 0 || port > 65535)
        return false;
    snprintf(name, size, "%u", (unsigned)port);
    return true;
}

int instance_find(const struct options *options, struct client_instances *instances)
{
    const char *listen = options_setting(options, "listen");
    const char *folder = options_setting(options, "runtime_dir");
    struct config *config = NULL;
    struct buf messages;
    char name[32];
    bool found;

    *instances = (struct client_instances){NULL, 0};
    if (listen != NULL && !instance_name(listen, name, sizeof(name))) {
        fprintf(stderr, "ccgate: --listen: which port? --listen=3128\n");
        return 2;
    }
    if (folder == NULL) {
        config = load_for_folder(options);
        folder = config != NULL ? config->runtime_dir : NULL;
    }
    if (folder == NULL) {
        fprintf(stderr, "ccgate: name the runtime folder: --runtime-dir DIRECTORY\n");
        return 2;
    }
    buf_init(&messages, MESSAGES_LIMIT);
    found = client_find(instances, folder, listen != NULL ? name : NULL, &messages);
    if (!found)
        fprintf(stderr, "ccgate: %.*s", SPAN_ARG(buf_span(&messages)));
    else if (instances->count == 0)
        fprintf(stderr,
                "ccgate: no ccgate%s%s answers in %s\n"
                "  \"ccgate\" starts one here, \"ccgate --daemon\" in the background\n",
                listen != NULL ? " at port " : "", listen != NULL ? name : "", folder);
    buf_clear(&messages);
    config_unref(config);
    return found && instances->count > 0 ? 0 : 1;
}

/* ---- the one that is meant ---- */

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
