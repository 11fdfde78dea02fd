/*
 * forward: listeners with a target each, which follow the configuration.
 */
#include "fwd/forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void listener_explain(struct buf *messages, const char *where, int error)
{
    const char *fix = "";

    if (error == EADDRINUSE)
        fix = "; another program listens there (is it ccgate? try `ccgate status`), "
              "choose another address with --listen";
    else if (error == EACCES)
        fix = "; ports below 1024 need privileges, choose another one with --listen";
    buf_printf(messages, "cannot listen on %s: %s%s\n", where, strerror(error), fix);
}

bool listener_is_of(const struct listener *listener, const struct config_listen *entry)
{
    const struct netaddr *addr = listener_addr(listener);

    if (netaddr_port(&entry->addr) == 0 && entry->addr.u.sa.sa_family != AF_UNIX)
        return netaddr_same_ip(&entry->addr, addr);
    return netaddr_equal(&entry->addr, addr);
}

/* Port 0 was any port: then it is the target that tells them apart. */
static bool forward_is_of(const struct forward *f, const struct config_listen *entry)
{
    bool any = entry->addr.u.sa.sa_family != AF_UNIX && netaddr_port(&entry->addr) == 0;

    return listener_is_of(f->listener, entry) &&
           (!any || strcmp(f->target, entry->target) == 0);
}

static void forward_free(struct forward *f)
{
    listener_close(f->listener);
    free(f->target);
    free(f);
}

static void accepted(void *ctx, int fd, const struct netaddr *local,
                     const struct netaddr *remote)
{
    struct forward *f = ctx;

    f->owner->callback(f->owner->ctx, f, fd, local, remote);
}

/* NULL with errno set. */
static struct forward *forward_new(struct forwards *forwards,
                                   const struct config_listen *entry,
                                   const struct listener_options *options)
{
    struct forward *f = calloc(1, sizeof(*f));
    struct listener_options own = *options;
    int error;

    if (!f)
        return NULL;
    f->owner = forwards;
    f->target = strdup(entry->target);
    own.addr = entry->addr;
    own.callback = accepted;
    own.ctx = f;
    if (f->target)
        f->listener = listener_open(&own);
    if (f->listener)
        return f;
    error = errno;
    free(f->target);
    free(f);
    errno = error;
    return NULL;
}

static bool open_one(struct forwards *forwards, const struct config_listen *entry,
                     const struct listener_options *options, struct buf *messages)
{
    struct forward **grown =
        realloc(forwards->list, (forwards->count + 1) * sizeof(*grown));
    struct forward *f;
    char text[NETADDR_TEXT];

    if (grown) {
        forwards->list = grown;
        f = forward_new(forwards, entry, options);
        if (f) {
            forwards->list[forwards->count++] = f;
            forwards->added++;
            return true;
        }
    }
    if (entry->optional && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        return true;
    netaddr_format(&entry->addr, text);
    listener_explain(messages, text, errno);
    return false;
}

bool forwards_open(struct forwards *forwards, const struct config *config,
                   const struct listener_options *options, struct buf *messages)
{
    size_t before = forwards->count;

    forwards->added = 0;
    for (size_t i = 0; i < config->tunnel_count; i++) {
        const struct config_listen *entry = &config->tunnel[i];
        bool there = false;

        for (size_t j = 0; j < before && !there; j++)
            there = forward_is_of(forwards->list[j], entry);
        if (there || open_one(forwards, entry, options, messages))
            continue;
        forwards_undo(forwards);
        return false;
    }
    return true;
}

void forwards_undo(struct forwards *forwards)
{
    for (; forwards->added > 0; forwards->added--)
        forward_free(forwards->list[--forwards->count]);
}

/* The entry of the configuration that it stands for, or NULL. */
static const struct config_listen *entry_of(const struct forward *f,
                                            const struct config *config)
{
    for (size_t i = 0; i < config->tunnel_count; i++)
        if (forward_is_of(f, &config->tunnel[i]))
            return &config->tunnel[i];
    return NULL;
}

/* When memory is out the old target is kept rather than the listener lost. */
static void retarget(struct forward *f, const struct config_listen *entry)
{
    char *target;

    if (strcmp(f->target, entry->target) == 0)
        return;
    target = strdup(entry->target);
    if (!target)
        return;
    free(f->target);
    f->target = target;
    f->announced = false;
}

void forwards_keep(struct forwards *forwards, const struct config *config)
{
    size_t kept = 0;

    for (size_t i = 0; i < forwards->count; i++) {
        struct forward *f = forwards->list[i];
        const struct config_listen *entry = entry_of(f, config);

        if (!entry) {
            forward_free(f);
            continue;
        }
        retarget(f, entry);
        forwards->list[kept++] = f;
    }
    forwards->count = kept;
    forwards->added = 0;
}

void forwards_announce(struct forwards *forwards)
{
    for (size_t i = 0; i < forwards->count; i++) {
        struct forward *f = forwards->list[i];
        char addr[NETADDR_TEXT];

        if (f->announced)
            continue;
        f->announced = true;
        netaddr_format(listener_addr(f->listener), addr);
        LOG_INFO("listening", LOG_TEXT("addr", addr), LOG_TEXT("tunnel", f->target));
    }
}

bool forwards_are_at(const struct forwards *forwards, const struct netaddr *addr)
{
    for (size_t i = 0; i < forwards->count; i++)
        if (listener_is_at(forwards->list[i]->listener, addr))
            return true;
    return false;
}

void forwards_close(struct forwards *forwards)
{
    for (size_t i = 0; i < forwards->count; i++)
        forward_free(forwards->list[i]);
    free(forwards->list);
    forwards->list = NULL;
    forwards->count = forwards->added = 0;
}
