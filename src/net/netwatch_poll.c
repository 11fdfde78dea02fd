/*
 * netwatch_poll: where nothing tells of changes, the addresses and resolv.conf are
 * compared every two seconds.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "net/netwatch_parts.h"

enum { POLL_MS = 2000 };

struct netwatch_source {
    struct netwatch *owner;
    struct loop *loop;
    const char *path;
    uint64_t seen;
    struct deadline next;
};

static uint64_t look(const char *path)
{
    uint64_t sum = netwatch_addresses();
    struct stat st;

    if (stat(path, &st) != 0)
        return sum;
    sum = netwatch_hash(sum, &st.st_mtime, sizeof(st.st_mtime));
    sum = netwatch_hash(sum, &st.st_ino, sizeof(st.st_ino));
    return netwatch_hash(sum, &st.st_size, sizeof(st.st_size));
}

static void next_fired(void *ctx)
{
    struct netwatch_source *source = ctx;
    uint64_t now = look(source->path);

    deadline_set(source->loop, &source->next, POLL_MS);
    netwatch_check(source->owner);
    if (now == source->seen)
        return;
    source->seen = now;
    netwatch_changed(source->owner, "the network changed");
}

struct netwatch_source *netwatch_source_new(struct netwatch *watch, struct loop *loop,
                                            const char *path)
{
    struct netwatch_source *source = calloc(1, sizeof(*source));

    if (source == NULL)
        return NULL;
    source->owner = watch;
    source->loop = loop;
    source->path = path;
    source->seen = look(path);
    deadline_init(&source->next, next_fired, source);
    deadline_set(loop, &source->next, POLL_MS);
    return source;
}

void netwatch_source_free(struct netwatch_source *source)
{
    if (source == NULL)
        return;
    deadline_clear(source->loop, &source->next);
    free(source);
}

const char *netwatch_source_text(const struct netwatch_source *source)
{
    (void)source;
    return "polling";
}
