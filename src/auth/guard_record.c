/*
 * guard_record: what is known of a login, and its way into the file.
 */
#include <string.h>
#include <time.h>

#include "auth/guard_internal.h"
#include "auth/ledger_list.h"

enum {
    RENEW_S = 3600, /* an accepted record is written again after */
};

bool record_is_good(const struct entry *entry)
{
    return entry->record.state == LEDGER_ACCEPTED || entry->record.state == LEDGER_LATE;
}

void record_set(struct entry *entry, enum ledger_state state)
{
    entry->record.state = state;
    entry->record.time = (uint64_t)time(NULL);
}

void record_tried_at(struct entry *entry, const struct guard_ticket *ticket)
{
    memcpy(entry->record.at, ticket->hop, LEDGER_TEXT);
    memcpy(entry->record.target_at, ticket->target, LEDGER_TEXT);
}

void record_log(enum log_level level, const char *event,
                const struct ledger_login *record)
{
    LOG_AT(level, event, LOG_TEXT("user", record->user), LOG_TEXT("hop", record->at),
           LOG_TEXT("target", record->target_at),
           LOG_TEXT("why", record->why[0] != '\0' ? record->why : NULL));
}

void record_note_good(struct entry *entry, const char *hop)
{
    struct ledger_login *record = &entry->record;

    if (ledger_list_has(record->good_hops, hop) == 0)
        entry->noted = true;
    ledger_list_remove(record->good_hops, hop);
    ledger_list_remove(record->bad_hops, hop);
    ledger_list_add(record->good_hops, hop);
}

void record_note_bad(struct entry *entry, const char *hop)
{
    struct ledger_login *record = &entry->record;

    if (ledger_list_has(record->good_hops, hop) == 0 &&
        ledger_list_count(record->bad_hops) < LEDGER_BAD_MOST)
        ledger_list_add(record->bad_hops, hop);
}

bool record_is_barred(const struct entry *entry, const char *hop)
{
    return ledger_list_count(entry->record.bad_hops) >= LEDGER_BAD_MOST &&
           ledger_list_has(entry->record.good_hops, hop) == 0;
}

bool record_passed(struct entry *entry)
{
    struct ledger_login *record = &entry->record;
    bool due = record->state != LEDGER_ACCEPTED || entry->unsaved || entry->noted ||
               record->time + RENEW_S < (uint64_t)time(NULL);

    if (due)
        record_set(entry, LEDGER_ACCEPTED);
    record->why[0] = record->at[0] = record->target_at[0] = '\0';
    entry->unsure = 0;
    return due;
}

bool record_accepted(struct entry *entry, const char *hop, const char *target)
{
    struct ledger_login *record = &entry->record;
    bool due;

    record_note_good(entry, hop);
    due = record_passed(entry);
    memmove(entry->hop, hop, LEDGER_TEXT);
    memmove(entry->target, target, LEDGER_TEXT);
    memcpy(record->hop, entry->hop, LEDGER_TEXT);
    memcpy(record->target, entry->target, LEDGER_TEXT);
    entry->trusted = false;
    entry->lost = 0;
    entry->rest_until = 0;
    return due;
}

/* ---- the file ---- */

void record_take(struct entry *entry, struct job_result *result)
{
    entry->job = NULL;
    guard_set_trouble(entry->guard, result->ok ? NULL : result->why);
    if (result->ok)
        guard_take_book(entry->guard, &result->book, &result->stamp);
}

void record_saved(struct entry *entry, struct job_result *result)
{
    record_take(entry, result);
    entry->unsaved = !result->ok || !result->salted;
    if (result->ok && !result->salted)
        entry->keyed = false; /* for another file: computed anew at the next turn */
}

bool record_save(struct entry *entry, enum turn turn, job_callback *then)
{
    entry->unsaved = true;
    entry->noted = false;
    if (entry->guard->ledger == NULL || !entry->keyed)
        return false;
    entry->job = job_start(entry->guard, JOB_SAVE, entry, NULL, then, entry);
    if (entry->job == NULL)
        return false;
    deadline_clear(entry->guard->loop, &entry->timer);
    entry->turn = turn;
    return true;
}
