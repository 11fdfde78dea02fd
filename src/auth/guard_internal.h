/*
 * guard_internal: what guard.c (tickets), guard_turn.c (who may try), guard_repeat.c
 * (what a rejection means), guard_record.c (what is known) and guard_job.c (what is
 * done by workers) share.
 */
#ifndef CCGATE_AUTH_GUARD_INTERNAL_H
#define CCGATE_AUTH_GUARD_INTERNAL_H

#include "auth/guard.h"
#include "auth/refusals.h"
#include "base/log.h"

/* How far the turn of a login is. The changes are made in guard_turn.c alone. */
enum turn {
    TURN_FREE,
    TURN_KEYING,    /* the key is computed */
    TURN_LOCKING,   /* another process has the turn */
    TURN_READING,   /* the file, which has changed */
    TURN_WRITING,   /* that a login is tried; then somebody may */
    TURN_HELD,      /* somebody tries */
    TURN_DOUBTING,  /* written; then the login is repeated */
    TURN_REPEATING, /* the login where it was last accepted */
    TURN_SAVING,    /* the end is written; then the turn is free */
    TURN_RESTING,   /* logins went unanswered; the next one waits a while */
};

enum ticket_state {
    TICKET_WAITING,  /* for the turn */
    TICKET_CALLING,  /* the callback is due */
    TICKET_ALLOWED,  /* it may have sent the login */
    TICKET_REJECTED, /* waits for the verdict */
    TICKET_DONE,
};

struct guard_ticket {
    struct guard_ticket *next;
    struct entry *entry;
    enum ticket_state state;
    enum guard_answer answer; /* CALLING */
    struct deferred deferred;
    guard_callback *callback; /* NULL: dropped while REJECTED */
    void *ctx;
    bool again;      /* REJECTED: it may try once more if the secret is good */
    uint64_t serial; /* the order in which logins were allowed; 0: not yet */
    char hop[LEDGER_TEXT], target[LEDGER_TEXT];
};

/* One account with one password. */
struct entry {
    struct entry *next;
    struct guard *guard;
    struct config_login login;    /* username, domain and secret only */
    struct guard_ticket *tickets; /* all of them, in the order of asking */
    struct guard_ticket **end;

    bool keyed; /* record.key is good for the salt: */
    unsigned char salt[LEDGER_SALT];
    struct ledger_login record; /* what is known; newer than the file if unsaved */
    bool unsaved;
    bool noted; /* a hop accepted it first, which is to be written some time */
    char hop[LEDGER_TEXT], target[LEDGER_TEXT]; /* of the last acceptance */

    enum turn turn;
    bool locked;                 /* the ledger's turn is ours */
    bool marked;                 /* with it: a login is under way, or may have been */
    struct guard_ticket *holder; /* HELD: who tries */
    struct guard_ticket *late;   /* it had the turn last and is not answered yet */
    uint64_t unsure;             /* no login sent since this one, which was late, was
                                    accepted; 0: all is known, or old enough */
    uint64_t serial;             /* of the login allowed last */
    bool trusted;                /* no answer was taken for a good one, since it was
                                    accepted last: not twice */
    unsigned lost;               /* logins in a row that were cut, since it was good */
    uint64_t rest_until;         /* ms: no login before, because of these */
    bool no_probe;               /* this turn: the repeat was impossible */
    struct deadline timer;       /* LOCKING: the next try; HELD: patience */
    struct job *job;
    void *repeat; /* REPEATING */
};

struct guard {
    struct loop *loop;
    struct ledger *ledger; /* NULL: no state file */
    struct ledger_book book;
    struct ledger_stamp stamp; /* of it */
    struct ledger_book noted;  /* hops that may not be in the file yet */
    struct job *noting;        /* writes one of them */
    char trouble[LEDGER_WHY];  /* empty: none */
    struct refusals refusals;
    bool ending;
    uint64_t limit_ms; /* unanswered so long, a login was not rejected */
    const struct guard_repeater *repeater; /* NULL: nobody can */
    void *repeater_ctx;
    struct entry *entries;
};

/* ---- guard.c ---- */

/* Has the callback come with this answer. */
void ticket_call(struct guard_ticket *ticket, enum guard_answer answer);
void ticket_free(struct guard_ticket *ticket);

/* Whether it is known that the hop would refuse it, the target, or any to the login. */
bool ticket_is_refused(const struct guard_ticket *ticket);

/* The first one in a state, or NULL. */
struct guard_ticket *entry_first(const struct entry *entry, enum ticket_state state);

/* Answers all that are in this state. */
void entry_answer(struct entry *entry, enum ticket_state state,
                  enum guard_answer answer);

/* What went wrong with the file, or NULL; logged when it is new. */
void guard_set_trouble(struct guard *guard, const char *why);

/* Takes what the file says for a login that nothing is under way for. */
void entry_refresh(struct entry *entry);

/* Takes over a book that was read, and leaves the former one in its place. */
void guard_take_book(struct guard *guard, struct ledger_book *book,
                     const struct ledger_stamp *stamp);

/* ---- guard_job.c ---- */

struct job_result {
    bool ok;     /* the book is new */
    bool salted; /* the key fits the book's salt; only then a record was put in */
    char why[LEDGER_WHY]; /* unless ok */
    unsigned char key[LEDGER_KEY];
    unsigned char salt[LEDGER_SALT];
    struct ledger_book book;
    struct ledger_stamp stamp;
};

enum job_kind {
    JOB_KEY,  /* read the file, compute the key of a login */
    JOB_LOAD, /* read the file */
    JOB_SAVE, /* put a record, or a hop's name, into the file */
};

typedef void job_callback(void *ctx, struct job_result *result);

/*
 * Does it in a worker; the callback comes once, unless job_cancel() comes first. entry:
 * NULL for a hop. NULL when memory is out.
 */
struct job *job_start(struct guard *guard, enum job_kind kind,
                      const struct entry *entry, const char *hop,
                      job_callback *callback, void *ctx);

/* What has not begun is not done at all. NULL-safe. */
void job_cancel(struct job *job);

/* Writes a record at once. False as for ledger_update(), or for another salt. */
bool job_save_now(struct guard *guard, const struct entry *entry);

/* ---- guard_record.c ---- */

void record_set(struct entry *entry, enum ledger_state state);

/* Where the login was made that the record speaks of. */
void record_tried_at(struct entry *entry, const struct guard_ticket *ticket);

/* Whether the secret was accepted, and never rejected since. */
bool record_is_good(const struct entry *entry);

/* The secret is good, and was so a moment ago. Whether that is to be written. */
bool record_accepted(struct entry *entry, const char *hop, const char *target);

/* Likewise, where it may be that no hop looked: there it was not accepted last. */
bool record_passed(struct entry *entry);

/* A hop accepted the secret, or rejected it while another accepts it. */
void record_note_good(struct entry *entry, const char *hop);
void record_note_bad(struct entry *entry, const char *hop);

/*
 * Whether the hop gets the secret no more: it never accepted it, and such hops rejected
 * it as often as they may.
 */
bool record_is_barred(const struct entry *entry, const char *hop);

void record_log(enum log_level level, const char *event,
                const struct ledger_login *record);

/*
 * Has the record written, and goes on in `then`, which begins with record_saved().
 * False: it is not to be written.
 */
bool record_save(struct entry *entry, enum turn turn, job_callback *then);

/* The record is in the file, or cannot be: then memory alone has it. */
void record_saved(struct entry *entry, struct job_result *result);

/* Takes the book that came with a job; entries that are busy keep what they know. */
void record_take(struct entry *entry, struct job_result *result);

/* ---- guard_turn.c ---- */

void turn_init(struct entry *entry);

/* Somebody waits, for the turn or for a verdict. */
void turn_want(struct entry *entry);

/* The key is computed, if the turn is free. */
void turn_expect(struct entry *entry);

/* What happened to a ticket that may have the turn, which ends here. */
void turn_accepted(struct entry *entry, const struct guard_ticket *ticket);
void turn_passed(struct entry *entry, const struct guard_ticket *ticket);
void turn_rejected(struct entry *entry, struct guard_ticket *ticket);
void turn_dropped(struct entry *entry, const struct guard_ticket *ticket);
void turn_lost(struct entry *entry, const struct guard_ticket *ticket);
void turn_abandoned(struct entry *entry, const struct guard_ticket *ticket);

/* At the end: all is cancelled, what is not in the file yet is written. */
void turn_clear(struct entry *entry);

/* With the turn, and knowing what all processes know: goes on where it has to. */
void turn_decide(struct entry *entry);

/*
 * Ends the turn. It is kept until the record is written (if due), so that nobody else
 * reads the old one.
 */
void turn_end(struct entry *entry);
void turn_end_accepted(struct entry *entry, bool due);

/* Ends it with the guard closed. */
void turn_close(struct entry *entry, const char *why);

/* No rejection came for so long that there will be none. Ends the turn. */
void turn_trust(struct entry *entry);

/* Has the timer fire when that may be said. */
void turn_trust_later(struct entry *entry);

/* ---- guard_repeat.c ---- */

/*
 * Makes the login where it was last accepted, and goes on as the answer says. If we die
 * meanwhile, the next process is to find two failures.
 */
void turn_repeat(struct entry *entry);

/* The repeat was silent for guard.limit_ms. */
void turn_repeat_expired(struct entry *entry);

/* A login of a secret that was once good was cut before its answer. Ends the turn. */
void turn_cut(struct entry *entry);

/* A repeat is under way though nobody was rejected. */
bool turn_is_a_mere_look(const struct entry *entry);

/* Somebody was rejected: is it the secret, or the target? */
void turn_judge(struct entry *entry);

#endif
