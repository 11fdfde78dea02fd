/*
 * guard: no account is ever locked by us. See guard.h. This file has the logins and the
 * tickets; who has the turn is decided in guard_turn.c.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/guard_internal.h"
#include "base/log.h"

enum { LIMIT_MS = 5000 };

/* ---- entries ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : span_equal_nocase(span_of(a), span_of(b));
}

const char *guard_account(const struct config_login *login)
{
    return login->username != NULL ? login->username : login->login_name;
}

bool guard_same_login(const struct config_login *a, const struct config_login *b)
{
    return same_text(guard_account(a), guard_account(b)) &&
           same_text(a->domain, b->domain) && secret_equal(a->password, b->password);
}

static struct entry *entry_find(const struct guard *guard,
                                const struct config_login *login)
{
    struct entry *entry = guard->entries;

    while (entry != NULL && !guard_same_login(&entry->login, login))
        entry = entry->next;
    return entry;
}

static void entry_free(struct entry *entry)
{
    free(entry->login.username);
    free(entry->login.domain);
    secret_free(entry->login.password);
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
    entry->login.password = secret_ref(login->password);
    entry->end = &entry->tickets;
    turn_init(entry);
    if (!copy_text(&entry->login.username, guard_account(login)) ||
        !copy_text(&entry->login.domain, login->domain)) {
        entry_free(entry);
        return NULL;
    }
    ledger_text_set(entry->record.user, login->login_name, true);
    ledger_text_set(entry->record.domain, login->domain, true);
    entry->next = guard->entries;
    guard->entries = entry;
    return entry;
}

static struct entry *entry_get(struct guard *guard, const struct config_login *login)
{
    struct entry *entry = entry_find(guard, login);

    return entry != NULL ? entry : entry_add(guard, login);
}

/* A rejection that another process has written down counts in any case. */
void entry_refresh(struct entry *entry)
{
    const struct ledger_book *book = &entry->guard->book;
    const struct ledger_login *found;
    struct ledger_login *record = &entry->record;

    if (!entry->keyed || memcmp(entry->salt, book->salt, LEDGER_SALT) != 0)
        return;
    found = ledger_book_find(book, record->key);
    if (entry->unsaved && record->state != LEDGER_UNTRIED &&
        (found == NULL || found->state != LEDGER_CLOSED))
        return;
    entry->unsaved = entry->noted = false;
    if (record->bad_hops[0] != '\0' &&
        (found == NULL || found->bad_hops[0] == '\0')) /* rearmed */
        refusals_clear(&entry->guard->refusals);
    if (found != NULL) {
        *record = *found;
        return;
    }
    record->state = LEDGER_UNTRIED;
    record->why[0] = record->at[0] = record->target_at[0] = '\0';
    record->hop[0] = record->target[0] = '\0';
    record->good_hops[0] = record->bad_hops[0] = '\0';
}

void guard_take_book(struct guard *guard, struct ledger_book *book,
                     const struct ledger_stamp *stamp)
{
    struct ledger_book former = guard->book;

    guard->book = *book;
    guard->stamp = *stamp;
    *book = former;
    for (struct entry *entry = guard->entries; entry != NULL; entry = entry->next)
        if (entry->turn == TURN_FREE)
            entry_refresh(entry);
}

void guard_set_trouble(struct guard *guard, const char *why)
{
    if (why != NULL && strcmp(why, guard->trouble) != 0)
        LOG_WARN("state_unusable", LOG_TEXT("error", why),
                 LOG_TEXT("help", "failed logins are not remembered across restarts"));
    if (why == NULL && guard->trouble[0] != '\0')
        LOG_INFO("state_usable_again");
    if (why == NULL)
        guard->trouble[0] = '\0';
    else
        memmove(guard->trouble, why, strlen(why) + 1);
}

/* ---- tickets ---- */

void ticket_call(struct guard_ticket *ticket, enum guard_answer answer)
{
    ticket->state = TICKET_CALLING;
    ticket->answer = answer;
    defer(ticket->entry->guard->loop, &ticket->deferred);
}

/* A rejection of one that had the turn before may have come since the call was due. */
static void ticket_fired(void *ctx)
{
    struct guard_ticket *ticket = ctx;

    if (ticket->answer == GUARD_ALLOWED && ticket->entry->record.state == LEDGER_CLOSED)
        ticket->answer = GUARD_HELD;
    ticket->state = ticket->answer == GUARD_ALLOWED ? TICKET_ALLOWED : TICKET_DONE;
    ticket->callback(ticket->ctx, ticket->answer);
}

void ticket_free(struct guard_ticket *ticket)
{
    struct entry *entry = ticket->entry;
    struct guard_ticket **at = &entry->tickets;

    defer_cancel(&ticket->deferred);
    while (*at != ticket)
        at = &(*at)->next;
    *at = ticket->next;
    if (entry->end == &ticket->next)
        entry->end = at;
    if (entry->late == ticket)
        entry->late = NULL;
    free(ticket);
}

bool ticket_is_refused(const struct guard_ticket *ticket)
{
    const struct entry *entry = ticket->entry;
    struct guard *guard = entry->guard;

    return (record_is_good(entry) || entry->record.state == LEDGER_DOUBTED) &&
           (record_is_barred(entry, ticket->hop) ||
            refusals_has(&guard->refusals, ticket->hop, ticket->target,
                         loop_now(guard->loop)));
}

struct guard_ticket *entry_first(const struct entry *entry, enum ticket_state state)
{
    struct guard_ticket *ticket = entry->tickets;

    while (ticket != NULL && ticket->state != state)
        ticket = ticket->next;
    return ticket;
}

void entry_answer(struct entry *entry, enum ticket_state state,
                  enum guard_answer answer)
{
    struct guard_ticket *next;

    for (struct guard_ticket *t = entry->tickets; t != NULL; t = next) {
        next = t->next;
        if (t->state != state)
            continue;
        if (t->callback != NULL)
            ticket_call(t, answer);
        else
            ticket_free(t);
    }
}

static struct guard_ticket *ticket_add(struct entry *entry,
                                       const struct guard_place *place,
                                       guard_callback *callback, void *ctx)
{
    struct guard_ticket *ticket = calloc(1, sizeof(*ticket));

    if (ticket == NULL)
        return NULL;
    ticket->entry = entry;
    ticket->callback = callback;
    ticket->ctx = ctx;
    ledger_text_set(ticket->hop, place->hop, false);
    ledger_text_set(ticket->target, place->target, false);
    deferred_init(&ticket->deferred, ticket_fired, ticket);
    ticket->state = TICKET_WAITING;
    *entry->end = ticket;
    entry->end = &ticket->next;
    return ticket;
}

/* Whether another process may have written something; what we write ourselves is known.
 */
static bool file_is_new(const struct guard *guard)
{
    return guard->ledger != NULL && guard->noting == NULL &&
           ledger_changed(guard->ledger, &guard->stamp);
}

/* Closed, as far as is known without a look into a file that has changed. */
static bool entry_is_closed(const struct entry *entry)
{
    return entry->record.state == LEDGER_CLOSED &&
           (entry->unsaved || entry->turn != TURN_FREE || !file_is_new(entry->guard));
}

struct guard_ticket *guard_ask(struct guard *guard, const struct config_login *login,
                               const struct guard_place *place,
                               guard_callback *callback, void *ctx)
{
    struct entry *entry = entry_get(guard, login);
    struct guard_ticket *ticket =
        entry == NULL ? NULL : ticket_add(entry, place, callback, ctx);

    if (ticket == NULL)
        return NULL;
    if (entry_is_closed(entry))
        ticket_call(ticket, GUARD_HELD);
    else if (ticket_is_refused(ticket) && !file_is_new(guard))
        ticket_call(ticket, GUARD_REFUSED);
    else
        turn_want(entry);
    return ticket;
}

void guard_accepted(struct guard_ticket *ticket)
{
    assert(ticket->state == TICKET_ALLOWED);
    turn_accepted(ticket->entry, ticket);
    ticket_free(ticket);
}

void guard_passed(struct guard_ticket *ticket)
{
    assert(ticket->state == TICKET_ALLOWED);
    turn_passed(ticket->entry, ticket);
    ticket_free(ticket);
}

void guard_rejected(struct guard_ticket *ticket)
{
    assert(ticket->state == TICKET_ALLOWED);
    ticket->state = TICKET_REJECTED;
    turn_rejected(ticket->entry, ticket);
}

void guard_doubted(struct guard_ticket *ticket)
{
    ticket->again = true;
    guard_rejected(ticket);
}

void guard_drop(struct guard_ticket *ticket)
{
    if (ticket == NULL)
        return;
    if (ticket->state == TICKET_REJECTED) {
        ticket->callback = NULL; /* the verdict is needed all the same */
        return;
    }
    ticket->state = TICKET_DONE;
    turn_dropped(ticket->entry, ticket);
    ticket_free(ticket);
}

void guard_lost(struct guard_ticket *ticket)
{
    assert(ticket->state == TICKET_ALLOWED);
    ticket->state = TICKET_DONE;
    turn_lost(ticket->entry, ticket);
    ticket_free(ticket);
}

void guard_abandoned(struct guard_ticket *ticket)
{
    assert(ticket->state == TICKET_ALLOWED);
    ticket->state = TICKET_DONE;
    turn_abandoned(ticket->entry, ticket);
    ticket_free(ticket);
}

void guard_end(struct guard *guard)
{
    guard->ending = true;
}

bool guard_is_trying(const struct guard *guard)
{
    for (const struct entry *e = guard->entries; e != NULL; e = e->next)
        if (e->holder != NULL || e->late != NULL || e->turn == TURN_DOUBTING ||
            e->turn == TURN_REPEATING || entry_first(e, TICKET_REJECTED) != NULL)
            return true;
    return false;
}

void guard_forget_refusals(struct guard *guard)
{
    refusals_clear(&guard->refusals);
}

void guard_expect(struct guard *guard, const struct config_login *login)
{
    struct entry *entry = NULL;

    if (login->login_name != NULL && login->password != NULL)
        entry = entry_get(guard, login);
    if (entry != NULL)
        turn_expect(entry);
}

/* ---- the guard ---- */

static void read_at_start(struct guard *guard)
{
    char why[LEDGER_WHY];
    bool ok = ledger_open(guard->ledger, &guard->book, &guard->stamp, why);

    guard_set_trouble(guard, ok ? NULL : why);
}

struct guard *guard_new(struct loop *loop, const char *state_dir)
{
    struct guard *guard = calloc(1, sizeof(*guard));

    if (guard == NULL)
        return NULL;
    guard->loop = loop;
    guard->limit_ms = LIMIT_MS;
    ledger_book_init(&guard->book);
    ledger_book_init(&guard->noted);
    if (state_dir == NULL)
        return guard;
    guard->ledger = ledger_new(state_dir);
    if (guard->ledger == NULL) {
        free(guard);
        return NULL;
    }
    read_at_start(guard);
    return guard;
}

void guard_set_limit(struct guard *guard, uint64_t limit_ms)
{
    guard->limit_ms = limit_ms;
}

void guard_free(struct guard *guard)
{
    struct entry *next;

    if (guard == NULL)
        return;
    for (struct entry *entry = guard->entries; entry != NULL; entry = next) {
        next = entry->next;
        turn_clear(entry);
        entry_answer(entry, TICKET_REJECTED, GUARD_REJECTED); /* nobody listens */
        assert(entry->tickets == NULL);
        entry_free(entry);
    }
    job_cancel(guard->noting);
    ledger_book_clear(&guard->book);
    ledger_book_clear(&guard->noted);
    refusals_clear(&guard->refusals);
    ledger_unref(guard->ledger);
    free(guard);
}

void guard_set_repeater(struct guard *guard, const struct guard_repeater *repeater,
                        void *ctx)
{
    guard->repeater = repeater;
    guard->repeater_ctx = ctx;
}

const char *guard_trouble(const struct guard *guard)
{
    return guard->trouble[0] != '\0' ? guard->trouble : NULL;
}

struct ledger *guard_ledger(const struct guard *guard)
{
    return guard->ledger;
}

/* ---- what is known ---- */

void guard_look(struct guard *guard)
{
    struct ledger_stamp stamp;
    struct ledger_book book;
    char why[LEDGER_WHY];

    if (guard->ledger == NULL || !ledger_changed(guard->ledger, &guard->stamp))
        return;
    ledger_book_init(&book);
    if (ledger_load(guard->ledger, &book, &stamp, why))
        guard_take_book(guard, &book, &stamp);
    else
        guard_set_trouble(guard, why);
    ledger_book_clear(&book);
}

bool guard_is_closed(const struct guard *guard, const struct config_login *login)
{
    const struct entry *entry = entry_find(guard, login);

    return entry != NULL && entry_is_closed(entry);
}

enum guard_state guard_state_of(const struct guard *guard,
                                const struct config_login *login,
                                const struct ledger_login **record)
{
    static const enum guard_state STATES[] = {
        [LEDGER_UNTRIED] = GUARD_UNTRIED,   [LEDGER_TRYING] = GUARD_TRYING,
        [LEDGER_ACCEPTED] = GUARD_ACCEPTED, [LEDGER_LATE] = GUARD_ACCEPTED,
        [LEDGER_DOUBTED] = GUARD_DOUBTED,   [LEDGER_CLOSED] = GUARD_CLOSED,
    };
    const struct entry *entry = entry_find(guard, login);

    if (record != NULL)
        *record = entry == NULL ? NULL : &entry->record;
    if (entry == NULL)
        return GUARD_UNTRIED;
    return turn_is_a_mere_look(entry) ? GUARD_ACCEPTED : STATES[entry->record.state];
}

static void save_noted(struct guard *guard);

static void noted_saved(void *ctx, struct job_result *result)
{
    struct guard *guard = ctx;

    guard->noting = NULL;
    guard_set_trouble(guard, result->ok ? NULL : result->why);
    if (!result->ok)
        return; /* tried again when the hop is met the next time */
    guard_take_book(guard, &result->book, &result->stamp);
    save_noted(guard);
}

/* One at a time, so that the last book that comes is the latest. */
static void save_noted(struct guard *guard)
{
    const struct ledger_book *noted = &guard->noted;

    if (guard->ledger == NULL || guard->noting != NULL)
        return;
    for (size_t i = 0; i < noted->hop_count && guard->noting == NULL; i++)
        if (!ledger_book_has_hop(&guard->book, noted->hops[i].name))
            guard->noting = job_start(guard, JOB_SAVE, NULL, noted->hops[i].name,
                                      noted_saved, guard);
}

void guard_note_stronger(struct guard *guard, const char *hop)
{
    bool noted =
        guard_is_stronger(guard, hop) || ledger_book_add_hop(&guard->noted, hop);

    if (noted)
        save_noted(guard);
}

bool guard_is_stronger(const struct guard *guard, const char *hop)
{
    return ledger_book_has_hop(&guard->book, hop) ||
           ledger_book_has_hop(&guard->noted, hop);
}
