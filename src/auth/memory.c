/*
 * memory: what hops have asked for so far. See auth.h and memory.h.
 */
#include "auth/memory.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_LIMIT = 16 }; /* states for one hop */

struct kept {
    const struct auth_scheme *scheme;
    void *state;
};

/* There are as many as configurations named hops. */
struct entry {
    struct entry *next;
    char *hop;
    enum auth_known known;
    const char *scheme;
    struct kept kept[KEPT_LIMIT]; /* the last one was kept last */
    size_t kept_count;
};

struct auth_memory {
    struct entry *entries;
};

struct auth_memory *auth_memory_new(void)
{
    return calloc(1, sizeof(struct auth_memory));
}

/* Closes the gap; the state is the caller's. */
static void *kept_remove(struct entry *entry, size_t place)
{
    void *state = entry->kept[place].state;

    entry->kept_count--;
    for (size_t i = place; i < entry->kept_count; i++)
        entry->kept[i] = entry->kept[i + 1];
    return state;
}

static void kept_drop(struct entry *entry, size_t place)
{
    const struct auth_scheme *scheme = entry->kept[place].scheme;

    scheme->finish(kept_remove(entry, place));
}

void auth_memory_free(struct auth_memory *memory)
{
    struct entry *next;

    if (memory == NULL)
        return;
    for (struct entry *entry = memory->entries; entry != NULL; entry = next) {
        next = entry->next;
        while (entry->kept_count > 0)
            kept_drop(entry, entry->kept_count - 1);
        free(entry->hop);
        free(entry);
    }
    free(memory);
}

static struct entry *find(const struct auth_memory *memory, const char *hop)
{
    struct entry *entry = memory->entries;

    while (entry != NULL && strcmp(entry->hop, hop) != 0)
        entry = entry->next;
    return entry;
}

static struct entry *find_or_add(struct auth_memory *memory, const char *hop)
{
    struct entry *entry = find(memory, hop);

    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return NULL;
    entry->hop = span_dup(span_of(hop));
    if (entry->hop == NULL) {
        free(entry);
        return NULL;
    }
    entry->next = memory->entries;
    memory->entries = entry;
    return entry;
}

enum auth_known auth_memory_get(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry == NULL ? AUTH_KNOWN_NOTHING : entry->known;
}

const char *auth_memory_scheme(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry == NULL ? NULL : entry->scheme;
}

void auth_memory_asks(struct auth_memory *memory, const char *hop, const char *scheme)
{
    struct entry *entry = find_or_add(memory, hop);

    if (entry == NULL)
        return;
    entry->known = AUTH_KNOWN_ASKS;
    entry->scheme = scheme;
}

void auth_memory_open(struct auth_memory *memory, const char *hop)
{
    struct entry *entry = find_or_add(memory, hop);

    if (entry != NULL && entry->known != AUTH_KNOWN_ASKS)
        entry->known = AUTH_KNOWN_OPEN;
}

bool auth_memory_keep(struct auth_memory *memory, const char *hop,
                      const struct auth_scheme *scheme, void *state)
{
    struct entry *entry;

    if (!scheme->ready(state, NULL, false))
        return false;
    entry = find_or_add(memory, hop);
    if (entry == NULL)
        return false;
    /* The oldest one is the most likely to be stale. */
    if (entry->kept_count == KEPT_LIMIT)
        kept_drop(entry, 0);
    entry->kept[entry->kept_count++] = (struct kept){scheme, state};
    return true;
}

void *auth_memory_take(struct auth_memory *memory, const char *hop,
                       const struct auth_scheme *scheme,
                       const struct config_login *login, bool body)
{
    struct entry *entry = find(memory, hop);
    size_t place = entry == NULL ? 0 : entry->kept_count;

    while (place-- > 0)
        if (entry->kept[place].scheme == scheme &&
            scheme->ready(entry->kept[place].state, login, body))
            return kept_remove(entry, place);
    return NULL;
}
