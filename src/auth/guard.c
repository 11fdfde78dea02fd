/*
 * guard: no account is ever locked by us. See guard.h.
 */
#include "auth/guard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One account with one password. */
struct entry {
    struct entry *next;
    struct guard *guard;
    char *user;
    char *domain; /* NULL: none */
    struct secret *secret;
    enum guard_state state;
    char *closed_by;              /* CLOSED: the hop, or NULL when memory was out */
    struct guard_ticket *holder;  /* TRYING: the one that may try */
    struct guard_ticket *tickets; /* all of them, in the order of asking */
    struct guard_ticket **end;
};

enum ticket_state {
    TICKET_WAITING, /* for the holder's answer */
    TICKET_CALLING, /* the callback is due */
    TICKET_ALLOWED,
    TICKET_REFUSED,
};

struct guard_ticket {
    struct guard_ticket *next;
    struct entry *entry;
    enum ticket_state state;
    struct deferred deferred;
    guard_callback *callback;
    void *ctx;
};

struct guard {
    struct loop *loop;
    struct entry *entries;
};

/* ---- entries ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool entry_is(const struct entry *entry, const struct config_login *login)
{
    return same_text(entry->user, login->login_name) &&
           same_text(entry->domain, login->domain) &&
           secret_equal(entry->secret, login->password);
}

static struct entry *entry_find(const struct guard *guard,
                                const struct config_login *login)
{
    struct entry *entry = guard->entries;

    while (entry != NULL && !entry_is(entry, login))
        entry = entry->next;
    return entry;
}

static void entry_free(struct entry *entry)
{
    free(entry->user);
    free(entry->domain);
    free(entry->closed_by);
    secret_free(entry->secret);
    free(entry);
}

static bool copy_text(char **copy, const char *text)
{
    *copy = text == NULL ? NULL : span_dup(span_of(text));
    return text == NULL || *copy != NULL;
}

static struct entry *entry_add(struct guard *guard, const struct config_login *login)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    entry->guard = guard;
    entry->secret = secret_ref(login->password);
    entry->state = GUARD_UNTRIED;
    entry->end = &entry->tickets;
    if (!copy_text(&entry->user, login->login_name) ||
        !copy_text(&entry->domain, login->domain)) {
        entry_free(entry);
        return NULL;
    }
    entry->next = guard->entries;
    guard->entries = entry;
    return entry;
}

/* Nothing was learned about the login, and nobody asks about it. */
static void entry_release(struct entry *entry)
{
    struct entry **at = &entry->guard->entries;

    if (entry->state != GUARD_UNTRIED || entry->tickets != NULL)
        return;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry_free(entry);
}

/* ---- tickets ---- */

static void ticket_call(struct guard_ticket *ticket)
{
    ticket->state = TICKET_CALLING;
    defer(ticket->entry->guard->loop, &ticket->deferred);
}

/* The state may have changed since the call was due, so it is looked at here. */
static void ticket_fired(void *ctx)
{
    struct guard_ticket *ticket = ctx;
    bool allowed = ticket->entry->state != GUARD_CLOSED;

    ticket->state = allowed ? TICKET_ALLOWED : TICKET_REFUSED;
    ticket->callback(ticket->ctx, allowed);
}

static void ticket_free(struct guard_ticket *ticket)
{
    struct entry *entry = ticket->entry;
    struct guard_ticket **at = &entry->tickets;

    defer_cancel(&ticket->deferred);
    while (*at != ticket)
        at = &(*at)->next;
    *at = ticket->next;
    if (entry->end == &ticket->next)
        entry->end = at;
    free(ticket);
}

static void entry_set(struct entry *entry, enum guard_state state)
{
    entry->state = state;
    entry->holder = NULL;
    if (state != GUARD_ACCEPTED && state != GUARD_CLOSED)
        return;
    for (struct guard_ticket *t = entry->tickets; t != NULL; t = t->next)
        if (t->state == TICKET_WAITING)
            ticket_call(t);
}

/* The first of those that wait may try. */
static void entry_pass_on(struct entry *entry)
{
    struct guard_ticket *ticket = entry->tickets;

    while (ticket != NULL && ticket->state != TICKET_WAITING)
        ticket = ticket->next;
    entry_set(entry, ticket == NULL ? GUARD_UNTRIED : GUARD_TRYING);
    entry->holder = ticket;
    if (ticket != NULL)
        ticket_call(ticket);
}

struct guard_ticket *guard_ask(struct guard *guard, const struct config_login *login,
                               guard_callback *callback, void *ctx)
{
    struct guard_ticket *ticket = calloc(1, sizeof(*ticket));
    struct entry *entry = entry_find(guard, login);

    if (ticket != NULL && entry == NULL)
        entry = entry_add(guard, login);
    if (ticket == NULL || entry == NULL) {
        free(ticket);
        return NULL;
    }
    ticket->entry = entry;
    ticket->callback = callback;
    ticket->ctx = ctx;
    deferred_init(&ticket->deferred, ticket_fired, ticket);
    ticket->state = TICKET_WAITING;
    *entry->end = ticket;
    entry->end = &ticket->next;
    if (entry->state == GUARD_UNTRIED)
        entry_pass_on(entry);
    else if (entry->state != GUARD_TRYING)
        ticket_call(ticket);
    return ticket;
}

static void entry_close(struct entry *entry, const char *hop)
{
    if (entry->state == GUARD_CLOSED)
        return;
    entry->closed_by = span_dup(span_of(hop));
    entry_set(entry, GUARD_CLOSED);
}

/* A closed entry stays closed: the rejection counted on the account all the same. */
void guard_accepted(struct guard_ticket *ticket)
{
    struct entry *entry = ticket->entry;

    assert(ticket->state == TICKET_ALLOWED);
    ticket_free(ticket);
    if (entry->state == GUARD_TRYING)
        entry_set(entry, GUARD_ACCEPTED);
}

void guard_rejected(struct guard_ticket *ticket, const char *hop)
{
    struct entry *entry = ticket->entry;

    assert(ticket->state == TICKET_ALLOWED);
    ticket_free(ticket);
    entry_close(entry, hop);
}

void guard_drop(struct guard_ticket *ticket)
{
    struct entry *entry;
    bool held;

    if (ticket == NULL)
        return;
    entry = ticket->entry;
    held = entry->holder == ticket;
    ticket_free(ticket);
    if (held)
        entry_pass_on(entry);
    entry_release(entry);
}

void guard_lost(struct guard_ticket *ticket, const char *hop)
{
    struct entry *entry = ticket->entry;

    assert(ticket->state == TICKET_ALLOWED);
    ticket_free(ticket);
    if (entry->state == GUARD_TRYING)
        entry_close(entry, hop);
}

/* ---- the guard ---- */

struct guard *guard_new(struct loop *loop)
{
    struct guard *guard = calloc(1, sizeof(*guard));

    if (guard != NULL)
        guard->loop = loop;
    return guard;
}

void guard_free(struct guard *guard)
{
    struct entry *next;

    if (guard == NULL)
        return;
    for (struct entry *entry = guard->entries; entry != NULL; entry = next) {
        next = entry->next;
        assert(entry->tickets == NULL);
        entry_free(entry);
    }
    free(guard);
}

enum guard_state guard_state_of(const struct guard *guard,
                                const struct config_login *login, const char **hop)
{
    const struct entry *entry = entry_find(guard, login);

    if (hop != NULL)
        *hop = entry == NULL ? NULL : entry->closed_by;
    return entry == NULL ? GUARD_UNTRIED : entry->state;
}
