/*
 * memory: what hops have asked for so far. See auth.h and memory.h.
 */
#include "auth/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_LIMIT = 16, NOTE_SIZE = 320 }; /* states for one hop; bytes of a note */

struct kept {
    const struct auth_scheme *scheme;
    void *state;
};

/* There are as many as configurations named hops. */
struct entry {
    struct entry *next;
    char *hop;
    enum auth_known known;
    scheme_set offered;
    char names[OFFERS_NAMES];        /* of all schemes it offered */
    bool stronger;                   /* than Basic, at any time */
    const struct auth_scheme *begun; /* the scheme last begun with, or NULL */
    uint64_t unable[SCHEME_COUNT];   /* the loop's time until which it cannot be used */
    const struct auth_scheme *noted; /* the one that note is about, or NULL */
    char note[NOTE_SIZE];
    struct kept kept[KEPT_LIMIT]; /* the last one was kept last */
    size_t kept_count;
    size_t out; /* states that were taken and are not back */
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

    return entry == NULL || entry->begun == NULL ? NULL : entry->begun->name;
}

const char *auth_memory_names(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry == NULL || entry->names[0] == '\0' ? NULL : entry->names;
}

const char *auth_memory_note(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry == NULL || entry->noted == NULL ? NULL : entry->note;
}

void auth_memory_asks(struct auth_memory *memory, const char *hop,
                      const struct offers *offers)
{
    struct entry *entry = find_or_add(memory, hop);

    if (entry == NULL)
        return;
    entry->known = AUTH_KNOWN_ASKS;
    entry->offered = offers->set;
    (void)snprintf(entry->names, sizeof(entry->names), "%s", offers->names);
    if ((offers->set & ~scheme_bit(&auth_scheme_basic)) != 0)
        entry->stronger = true;
}

scheme_set auth_memory_offered(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry == NULL ? 0 : entry->offered;
}

bool auth_memory_stronger(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry != NULL && entry->stronger;
}

void auth_memory_begins(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme)
{
    struct entry *entry = find_or_add(memory, hop);

    if (entry != NULL)
        entry->begun = scheme;
}

void auth_memory_unable(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme, uint64_t until,
                        const char *why)
{
    struct entry *entry = find_or_add(memory, hop);

    if (entry == NULL)
        return;
    entry->unable[scheme_place(scheme)] = until;
    /* What keeps from the strongest one is what people can mend. */
    if (entry->noted != NULL && scheme_place(entry->noted) < scheme_place(scheme))
        return;
    entry->noted = scheme;
    (void)snprintf(entry->note, sizeof(entry->note), "%s: %s", scheme->name, why);
}

bool auth_memory_is_unable(const struct auth_memory *memory, const char *hop,
                           const struct auth_scheme *scheme, uint64_t now)
{
    const struct entry *entry = find(memory, hop);

    return entry != NULL && entry->unable[scheme_place(scheme)] > now;
}

void auth_memory_able(struct auth_memory *memory, const char *hop,
                      const struct auth_scheme *scheme)
{
    struct entry *entry = find(memory, hop);

    if (entry == NULL)
        return;
    entry->unable[scheme_place(scheme)] = 0;
    if (entry->noted == scheme)
        entry->noted = NULL;
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
            scheme->ready(entry->kept[place].state, login, body)) {
            entry->out++;
            return kept_remove(entry, place);
        }
    return NULL;
}

void auth_memory_back(struct auth_memory *memory, const char *hop)
{
    find(memory, hop)->out--;
}

bool auth_memory_is_out(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry != NULL && entry->out > 0;
}

bool auth_memory_bound(const struct auth_memory *memory, const char *hop)
{
    const struct entry *entry = find(memory, hop);

    return entry != NULL && entry->begun != NULL && entry->begun->bound;
}

void auth_memory_forget(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme)
{
    struct entry *entry = find(memory, hop);
    size_t place = entry == NULL ? 0 : entry->kept_count;

    while (place-- > 0)
        if (entry->kept[place].scheme == scheme)
            kept_drop(entry, place);
}
