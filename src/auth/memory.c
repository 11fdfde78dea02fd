/*
 * memory: what hops have asked for so far. See auth.h and memory.h.
 */
#include "auth/memory.h"

#include <stdlib.h>
#include <string.h>

/* There are as many as configurations named hops. */
struct entry {
    struct entry *next;
    char *hop;
    enum auth_known known;
    const char *scheme;
};

struct auth_memory {
    struct entry *entries;
};

struct auth_memory *auth_memory_new(void)
{
    return calloc(1, sizeof(struct auth_memory));
}

void auth_memory_free(struct auth_memory *memory)
{
    struct entry *next;

    if (memory == NULL)
        return;
    for (struct entry *entry = memory->entries; entry != NULL; entry = next) {
        next = entry->next;
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
