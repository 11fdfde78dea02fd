/*
 * guard_turn: who may try a login, and what follows from the answer.
 *
 * The turn of a login goes through these states (guard_internal.h): FREE, KEYING,
 * LOCKING, READING; then it is looked at what is known (turn_decide), which leads to
 * WRITING and HELD, to DOUBTING and REPEATING (guard_repeat.c), or straight to the end;
 * SAVING; FREE.
 */
#include <string.h>

#include "auth/guard_internal.h"

enum {
    RETRY_MS = 20,      /* another process has the turn */
    PATIENCE_MS = 1000, /* a login that was good before keeps the others waiting */
};

static bool is_closed(const struct entry *entry)
{
    return entry->record.state == LEDGER_CLOSED;
}

/* ---- the ledger's turn ---- */

static void turn_mark(struct entry *entry, bool under_way)
{
    if (!entry->locked || entry->marked == under_way)
        return;
    ledger_turn_mark(entry->guard->ledger, entry->record.key, under_way);
    entry->marked = under_way;
}

/* Others are to look first after a login of which neither we know nor the file says. */
static void turn_give(struct entry *entry)
{
    if (!entry->locked)
        return;
    turn_mark(entry, entry->unsaved || (entry->record.state == LEDGER_ACCEPTED &&
                                        entry->unsure != 0));
    ledger_turn_give(entry->guard->ledger, entry->record.key);
    entry->locked = entry->marked = false;
}

static void turn_taken(struct entry *entry)
{
    entry->locked = true;
    entry->marked = ledger_turn_is_marked(entry->guard->ledger, entry->record.key);
    if (entry->marked && entry->unsure == 0)
        entry->unsure = entry->serial + 1;
}

/* ---- the end of a turn ---- */

static void turn_release(struct entry *entry)
{
    turn_give(entry);
    deadline_clear(entry->guard->loop, &entry->timer);
    entry->no_probe = false;
    entry->holder = NULL;
    entry->turn = TURN_FREE;
    turn_want(entry);
}

static void saved_at_end(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;

    record_saved(entry, result);
    turn_release(entry);
}

void turn_end(struct entry *entry)
{
    entry->holder = NULL;
    if (!record_save(entry, TURN_SAVING, saved_at_end))
        turn_release(entry);
}

void turn_close(struct entry *entry, const char *why)
{
    if (entry->record.at[0] == '\0') {
        memcpy(entry->record.at, entry->hop, LEDGER_TEXT);
        memcpy(entry->record.target_at, entry->target, LEDGER_TEXT);
    }
    record_set(entry, LEDGER_CLOSED);
    ledger_text_set(entry->record.why, why, true);
    record_log(LOG_LEVEL_WARN, "login_closed", &entry->record);
    entry_answer(entry, TICKET_REJECTED, GUARD_REJECTED);
    entry_answer(entry, TICKET_WAITING, GUARD_HELD);
    turn_end(entry);
}

void turn_end_accepted(struct entry *entry, bool due)
{
    if (due)
        turn_end(entry);
    else
        turn_release(entry);
}

/* ---- somebody tries ---- */

void turn_trust_later(struct entry *entry)
{
    if (!entry->trusted)
        deadline_set(entry->guard->loop, &entry->timer, entry->guard->limit_ms);
}

static void record_untry(struct entry *entry)
{
    record_set(entry, entry->record.hop[0] != '\0' ? LEDGER_DOUBTED : LEDGER_UNTRIED);
}

/* What was written down before anything was sent is taken back. */
static void turn_end_unsent(struct entry *entry)
{
    if (entry->record.state != LEDGER_TRYING) {
        turn_release(entry);
        return;
    }
    record_untry(entry);
    turn_end(entry);
}

/* What was learnt while they waited. */
static void answer_refused(struct entry *entry)
{
    for (struct guard_ticket *t = entry->tickets; t != NULL; t = t->next)
        if (t->state == TICKET_WAITING && ticket_is_refused(t))
            ticket_call(t, GUARD_REFUSED);
}

/* The first that waits may try; nobody does any more: the turn ends. */
static void turn_hold(struct entry *entry)
{
    struct guard_ticket *ticket;

    answer_refused(entry);
    ticket = entry_first(entry, TICKET_WAITING);
    entry->holder = ticket;
    if (ticket == NULL) {
        turn_end_unsent(entry);
        return;
    }
    entry->turn = TURN_HELD;
    ticket->serial = ++entry->serial;
    if (record_is_good(entry)) {
        turn_mark(entry, true);
        deadline_set(entry->guard->loop, &entry->timer, PATIENCE_MS);
    } else {
        record_tried_at(entry, ticket);
    }
    if (entry->record.state == LEDGER_TRYING && entry->record.hop[0] != '\0')
        turn_trust_later(entry);
    ticket_call(ticket, GUARD_ALLOWED);
}

static void saved_before_try(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;

    record_saved(entry, result);
    if (result->ok && !result->salted) { /* the file is another one: once more */
        record_untry(entry);
        turn_release(entry);
        return;
    }
    turn_hold(entry);
}

/* A secret that is not known to be good is written down before it is sent. */
static void turn_try(struct entry *entry)
{
    record_set(entry, LEDGER_TRYING);
    record_tried_at(entry, entry_first(entry, TICKET_WAITING));
    if (!record_save(entry, TURN_WRITING, saved_before_try))
        turn_hold(entry);
}

/* ---- a slow answer ---- */

/* Others are to know of it, also if we die before it is answered. */
static void turn_end_late(struct entry *entry)
{
    if (entry->record.state == LEDGER_LATE) {
        turn_release(entry);
        return;
    }
    record_set(entry, LEDGER_LATE);
    turn_end(entry);
}

/*
 * A login that was good before gets no answer for a while: the others wait no longer,
 * but do not just go on. Its answer may only have to wait for the target's; it may also
 * be a rejection, and each that follows would be one more.
 */
static void turn_presume(struct entry *entry)
{
    entry->late = entry->holder;
    entry->unsure = entry->holder->serial;
    entry->holder = NULL;
    record_tried_at(entry, entry->late);
    if (entry_first(entry, TICKET_WAITING) != NULL)
        turn_repeat(entry);
    else
        turn_end_late(entry);
}

void turn_trust(struct entry *entry)
{
    entry->unsure = 0;
    entry->late = entry->holder = NULL;
    entry->trusted = true;
    turn_end_late(entry);
}

/*
 * It is not known whether a login was rejected, and the repeat cannot tell: its answer
 * is waited for; if there will be none, the next login decides.
 */
static void turn_wait(struct entry *entry)
{
    if (entry->late != NULL) {
        entry->holder = entry->late;
        entry->turn = TURN_HELD;
        turn_trust_later(entry);
        return;
    }
    entry->unsure = 0;
    record_set(entry, LEDGER_DOUBTED);
    turn_try(entry);
}

/* The turn is free for other processes meanwhile. */
static bool turn_rests(struct entry *entry)
{
    uint64_t now = loop_now(entry->guard->loop);

    if (entry->rest_until <= now)
        return false;
    turn_give(entry);
    entry->turn = TURN_RESTING;
    deadline_set(entry->guard->loop, &entry->timer, entry->rest_until - now);
    return true;
}

/* ---- the beginning of a turn ---- */

static void turn_try_known_good(struct entry *entry)
{
    if (entry->unsure == 0)
        turn_hold(entry);
    else if (!entry->no_probe)
        turn_repeat(entry);
    else
        turn_wait(entry);
}

void turn_decide(struct entry *entry)
{
    bool waits;

    answer_refused(entry);
    waits = entry_first(entry, TICKET_WAITING) != NULL;
    if (entry->record.state == LEDGER_LATE && entry->unsure == 0 && !entry->trusted) {
        entry->unsure = entry->serial + 1; /* another process had it */
        entry->trusted = true;             /* and the trust, maybe */
    }
    if (entry->record.state == LEDGER_TRYING) {
        turn_close(entry, "its process ended before the answer came");
    } else if (is_closed(entry)) {
        entry_answer(entry, TICKET_REJECTED, GUARD_REJECTED);
        entry_answer(entry, TICKET_WAITING, GUARD_HELD);
        turn_release(entry);
    } else if (entry_first(entry, TICKET_REJECTED) != NULL) {
        turn_judge(entry);
    } else if (!waits) {
        turn_release(entry);
    } else if (record_is_good(entry)) {
        turn_try_known_good(entry);
    } else if (!turn_rests(entry)) {
        turn_try(entry);
    }
}

static void file_read(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;

    record_take(entry, result);
    entry_refresh(entry);
    turn_decide(entry);
}

/* What is not in the file yet counts more than what is. */
static void turn_read(struct entry *entry)
{
    struct guard *guard = entry->guard;

    entry_refresh(entry);
    if (!entry->unsaved && ledger_changed(guard->ledger, &guard->stamp))
        entry->job = job_start(guard, JOB_LOAD, entry, NULL, file_read, entry);
    if (entry->job != NULL)
        entry->turn = TURN_READING;
    else
        turn_decide(entry);
}

static bool is_wanted(const struct entry *entry)
{
    return entry_first(entry, TICKET_WAITING) != NULL ||
           entry_first(entry, TICKET_REJECTED) != NULL;
}

static void turn_lock(struct entry *entry)
{
    if (!is_wanted(entry)) {
        turn_release(entry);
        return;
    }
    switch (ledger_turn_take(entry->guard->ledger, entry->record.key)) {
    case LEDGER_TURN_TAKEN:
        turn_taken(entry);
        turn_read(entry);
        return;
    case LEDGER_TURN_BUSY:
        entry->turn = TURN_LOCKING;
        deadline_set(entry->guard->loop, &entry->timer, RETRY_MS);
        return;
    case LEDGER_TURN_FAILED:
        guard_set_trouble(entry->guard, "locks do not work there");
        turn_decide(entry);
        return;
    }
}

static void key_made(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;
    struct ledger_login *record = &entry->record;

    record_take(entry, result);
    entry->keyed = result->ok && result->salted;
    if (entry->keyed) {
        memcpy(entry->salt, result->salt, LEDGER_SALT);
        memcpy(record->key, result->key, LEDGER_KEY);
        entry_refresh(entry);
        LOG_DEBUG("login_prepared", LOG_TEXT("user", record->user),
                  LOG_TEXT("state", ledger_state_name(record->state)));
        turn_lock(entry);
    } else if (is_wanted(entry)) {
        turn_decide(entry); /* what is in memory has to do */
    } else {
        turn_release(entry);
    }
}

static void turn_begin(struct entry *entry)
{
    struct guard *guard = entry->guard;

    if (guard->ledger == NULL) {
        turn_decide(entry);
        return;
    }
    if (entry->keyed) {
        turn_lock(entry);
        return;
    }
    entry->turn = TURN_KEYING;
    entry->job = job_start(guard, JOB_KEY, entry, NULL, key_made, entry);
    if (entry->job == NULL)
        deadline_set(guard->loop, &entry->timer, RETRY_MS);
}

void turn_want(struct entry *entry)
{
    if (entry->turn == TURN_FREE && is_wanted(entry))
        turn_begin(entry);
}

void turn_expect(struct entry *entry)
{
    if (entry->turn == TURN_FREE && !entry->keyed && entry->guard->ledger != NULL)
        turn_begin(entry);
}

static void timer_fired(void *ctx)
{
    struct entry *entry = ctx;

    switch (entry->turn) {
    case TURN_HELD:
        if (entry->record.state == LEDGER_TRYING || entry->late == entry->holder)
            turn_trust(entry);
        else
            turn_presume(entry);
        break;
    case TURN_REPEATING:
        turn_repeat_expired(entry);
        break;
    case TURN_RESTING:
        turn_release(entry);
        break;
    case TURN_KEYING:
        turn_begin(entry); /* memory was out */
        break;
    default:
        turn_lock(entry);
        break;
    }
}

/* ---- answers ---- */

/* The answer came after all; what the repeat would have told is known. */
static bool repeat_is_needless(const struct entry *entry,
                               const struct guard_ticket *ticket)
{
    return entry->turn == TURN_REPEATING && entry->late == ticket &&
           entry->repeat != NULL && entry_first(entry, TICKET_REJECTED) == NULL;
}

void turn_accepted(struct entry *entry, const struct guard_ticket *ticket)
{
    bool holds = entry->holder == ticket, due;

    if (repeat_is_needless(entry, ticket)) {
        entry->guard->repeater->cancel(entry->repeat);
        entry->repeat = NULL;
        holds = true;
    }
    /* A rejection that is already known counted on the account all the same. */
    if (!holds && !record_is_good(entry))
        return;
    if (!holds &&
        ticket->serial < entry->unsure) { /* of those sent later it says nothing */
        record_note_good(entry, ticket->hop);
        return;
    }
    due = record_accepted(entry, ticket->hop, ticket->target);
    if (holds)
        turn_end_accepted(entry, due);
}

/* Of others it says nothing; of itself, that it was not rejected. */
void turn_passed(struct entry *entry, const struct guard_ticket *ticket)
{
    bool holds = entry->holder == ticket, due;

    if (!record_is_good(entry)) {
        turn_dropped(entry, ticket);
        return;
    }
    if (!holds && ticket->serial != entry->unsure)
        return;
    due = record_passed(entry);
    if (holds)
        turn_end_accepted(entry, due);
}

/* Whether somebody had the turn and has not been told so yet: he waits again. */
static bool take_back(struct entry *entry)
{
    struct guard_ticket *holder = entry->holder;

    if (entry->turn != TURN_HELD || holder == NULL || holder->state != TICKET_CALLING)
        return false;
    defer_cancel(&holder->deferred);
    holder->state = TICKET_WAITING;
    return true;
}

void turn_rejected(struct entry *entry, struct guard_ticket *ticket)
{
    if (is_closed(entry)) {
        ticket_call(ticket, GUARD_REJECTED);
        return;
    }
    if (entry->late == ticket)
        entry->late = NULL;
    if (entry->holder != ticket && !take_back(entry)) {
        turn_want(entry);
        return;
    }
    entry->holder = NULL;
    deadline_clear(entry->guard->loop, &entry->timer);
    turn_judge(entry);
}

void turn_dropped(struct entry *entry, const struct guard_ticket *ticket)
{
    if (entry->holder != ticket)
        return;
    deadline_clear(entry->guard->loop, &entry->timer);
    entry->holder = NULL;
    if (entry->late == ticket) {
        entry->late = NULL;
        turn_decide(entry);
    } else {
        turn_hold(entry);
    }
}

void turn_lost(struct entry *entry, const struct guard_ticket *ticket)
{
    if (entry->guard->ending && record_is_good(entry) && entry->unsure == 0)
        entry->unsure = ticket->serial;
    if (entry->holder != ticket || entry->record.state != LEDGER_TRYING) {
        turn_dropped(entry, ticket);
        return;
    }
    record_tried_at(entry, ticket);
    if (entry->record.hop[0] != '\0')
        turn_cut(entry);
    else
        turn_close(entry, "no answer came to it");
}

void turn_abandoned(struct entry *entry, const struct guard_ticket *ticket)
{
    if (entry->holder != ticket || !record_is_good(entry)) {
        turn_lost(entry, ticket);
        return;
    }
    if (entry->unsure == 0)
        entry->unsure = ticket->serial;
    if (entry->late == ticket)
        entry->late = NULL;
    entry->holder = NULL;
    deadline_clear(entry->guard->loop, &entry->timer);
    turn_decide(entry);
}

void turn_init(struct entry *entry)
{
    deadline_init(&entry->timer, timer_fired, entry);
}

void turn_clear(struct entry *entry)
{
    struct guard *guard = entry->guard;

    deadline_clear(guard->loop, &entry->timer);
    job_cancel(entry->job);
    if (entry->repeat != NULL) {
        guard->repeater->cancel(entry->repeat);
        if (entry_first(entry, TICKET_REJECTED) == NULL) { /* an orderly end, then */
            record_set(entry, LEDGER_LATE);
            entry->unsaved = true;
        }
    }
    if (guard->ledger != NULL && entry->unsaved && entry->keyed)
        entry->unsaved = !job_save_now(guard, entry);
    turn_give(entry);
}
