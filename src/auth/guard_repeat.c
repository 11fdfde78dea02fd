/*
 * guard_repeat: a login where it was last accepted, and what its answer means for those
 * that were rejected, or wait.
 */
#include <string.h>

#include "auth/guard_internal.h"

static void doubt(struct entry *entry)
{
    record_set(entry, LEDGER_DOUBTED);
    for (struct guard_ticket *t = entry->tickets; t != NULL; t = t->next)
        if (t->state == TICKET_REJECTED)
            record_note_bad(entry, t->hop);
    record_log(LOG_LEVEL_WARN, "login_doubted", &entry->record);
    entry_answer(entry, TICKET_REJECTED, GUARD_REJECTED);
    turn_end(entry);
}

/* The targets of all that were rejected meanwhile are refused, but for the good one. */
static void refuse_targets(struct entry *entry)
{
    for (struct guard_ticket *t = entry->tickets; t != NULL; t = t->next) {
        if (t->state == TICKET_REJECTED && t->again && t->callback != NULL) {
            t->state = TICKET_WAITING;
            t->again = false;
        }
        if (t->state != TICKET_REJECTED || t->again ||
            (strcmp(t->hop, entry->hop) == 0 && strcmp(t->target, entry->target) == 0))
            continue;
        record_note_bad(entry, t->hop);
        refusals_add(&entry->guard->refusals, t->hop, t->target,
                     loop_now(entry->guard->loop));
        LOG_WARN("target_refused", LOG_TEXT("user", entry->record.user),
                 LOG_TEXT("hop", t->hop), LOG_TEXT("target", t->target));
    }
    entry_answer(entry, TICKET_REJECTED, GUARD_REFUSED);
}

static void saved_undecided(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;

    record_saved(entry, result);
    turn_decide(entry);
}

/* Nothing was learnt of a login that is late, or was: somebody else has to find out. */
static void turn_go_on(struct entry *entry)
{
    entry->no_probe = true;
    record_set(entry, LEDGER_LATE);
    if (!record_save(entry, TURN_SAVING, saved_undecided))
        turn_decide(entry);
}

void turn_cut(struct entry *entry)
{
    static const uint64_t rests_ms[] = {0, 500, 5000};

    if (++entry->lost >= sizeof(rests_ms) / sizeof(rests_ms[0])) {
        turn_close(entry, "no answer came to it, time and again");
        return;
    }
    entry->rest_until = loop_now(entry->guard->loop) + rests_ms[entry->lost];
    record_set(entry, LEDGER_DOUBTED);
    turn_end(entry);
}

static void turn_repeated(void *arg, enum guard_repeated result)
{
    struct entry *entry = arg;
    bool judges = entry_first(entry, TICKET_REJECTED) != NULL, due;

    entry->repeat = NULL;
    deadline_clear(entry->guard->loop, &entry->timer);
    switch (result) {
    case GUARD_REPEAT_ACCEPTED:
        due = record_accepted(entry, entry->hop, entry->target);
        refuse_targets(entry);
        turn_end_accepted(entry, due);
        return;
    case GUARD_REPEAT_REJECTED:
        turn_close(entry, "rejected again where it was accepted before");
        return;
    case GUARD_REPEAT_LOST:
        if (judges)
            doubt(entry);
        else
            turn_cut(entry);
        return;
    case GUARD_REPEAT_IMPOSSIBLE:
        if (judges)
            doubt(entry);
        else
            turn_go_on(entry);
        return;
    }
}

void turn_repeat_expired(struct entry *entry)
{
    if (entry_first(entry, TICKET_REJECTED) != NULL)
        return; /* now it matters */
    entry->guard->repeater->cancel(entry->repeat);
    entry->repeat = NULL;
    turn_trust(entry);
}

static void repeat_start(struct entry *entry)
{
    struct guard *guard = entry->guard;
    const struct guard_place place = {entry->hop, entry->target};

    if (entry->hop[0] == '\0') { /* by an earlier process, then */
        memcpy(entry->hop, entry->record.hop, LEDGER_TEXT);
        memcpy(entry->target, entry->record.target, LEDGER_TEXT);
    }
    entry->turn = TURN_REPEATING;
    if (guard->repeater != NULL && entry->hop[0] != '\0' && entry->target[0] != '\0')
        entry->repeat = guard->repeater->start(guard->repeater_ctx, &entry->login,
                                               &place, turn_repeated, entry);
    if (entry->repeat == NULL)
        turn_repeated(entry, GUARD_REPEAT_IMPOSSIBLE);
    else
        turn_trust_later(entry);
}

static void saved_before_repeat(void *ctx, struct job_result *result)
{
    struct entry *entry = ctx;

    record_saved(entry, result);
    repeat_start(entry);
}

void turn_repeat(struct entry *entry)
{
    record_set(entry, LEDGER_TRYING);
    if (!record_save(entry, TURN_DOUBTING, saved_before_repeat))
        repeat_start(entry);
}

bool turn_is_a_mere_look(const struct entry *entry)
{
    return (entry->turn == TURN_DOUBTING || entry->turn == TURN_REPEATING) &&
           entry_first(entry, TICKET_REJECTED) == NULL;
}

void turn_judge(struct entry *entry)
{
    record_tried_at(entry, entry_first(entry, TICKET_REJECTED));
    if (record_is_good(entry))
        turn_repeat(entry);
    else
        turn_close(entry, "rejected");
}
