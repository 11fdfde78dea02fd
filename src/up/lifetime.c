/*
 * lifetime: learning from what was closed and what was not. See lifetime.h.
 */
#include "up/lifetime.h"

#include <stdlib.h>
#include <string.h>

void lifetime_init(struct lifetime *l)
{
    *l = (struct lifetime){.limit = LIFETIME_FIRST};
}

/* A quarter less than what was too long: clocks and roads differ. */
static uint64_t below(uint64_t idle)
{
    uint64_t less = idle / 4 * 3;

    return less < LIFETIME_LEAST ? LIFETIME_LEAST : less;
}

void lifetime_closed(struct lifetime *l, uint64_t idle, uint64_t now)
{
    if (idle == 0)
        idle = 1; /* 0 says that there was none */
    if (l->closed == 0 || idle < l->closed || now - l->closed_at > LIFETIME_FORGET) {
        l->closed = idle;
        l->closed_at = now;
    }
    if (below(idle) < l->limit)
        l->limit = below(idle);
}

void lifetime_outlived(struct lifetime *l, uint64_t idle, uint64_t most, uint64_t now)
{
    uint64_t longer = l->limit + l->limit / 4;

    /* One that was used early says nothing about the limit. */
    if (idle < l->limit / 4 * 3)
        return;
    if (l->closed > 0 && now - l->closed_at > LIFETIME_FORGET)
        l->closed = 0;
    if (l->closed > 0 && below(l->closed) < most)
        most = below(l->closed);
    if (longer > most)
        longer = most;
    if (longer > l->limit)
        l->limit = longer;
}

/* ---- all hops ---- */

/* There are as many as configurations named hops. */
struct entry {
    struct entry *next;
    struct lifetime lifetime;
    char hop[];
};

struct lifetimes {
    struct entry *entries;
};

struct lifetimes *lifetimes_new(void)
{
    return calloc(1, sizeof(struct lifetimes));
}

void lifetimes_free(struct lifetimes *lifetimes)
{
    struct entry *next;

    if (!lifetimes)
        return;
    for (struct entry *e = lifetimes->entries; e; e = next) {
        next = e->next;
        free(e);
    }
    free(lifetimes);
}

struct lifetime *lifetimes_of(struct lifetimes *lifetimes, const char *hop)
{
    struct entry *e = lifetimes->entries;
    size_t size = strlen(hop) + 1;

    while (e && strcmp(e->hop, hop) != 0)
        e = e->next;
    if (e)
        return &e->lifetime;
    e = malloc(sizeof(*e) + size);
    if (!e)
        return NULL;
    memcpy(e->hop, hop, size);
    lifetime_init(&e->lifetime);
    e->next = lifetimes->entries;
    lifetimes->entries = e;
    return &e->lifetime;
}
