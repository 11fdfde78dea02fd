/*
 * guard_job: what takes long, done by workers: the key of a login (0.1 s of computing)
 * and the state file (which waits for the disk).
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/guard_internal.h"

/* All of it is the worker's own. */
struct job {
    struct ledger *ledger;
    enum job_kind kind;
    struct secret *secret;
    char *user, *domain;
    unsigned char salt[LEDGER_SALT]; /* that the record's key is for */
    struct ledger_login record;
    char *hop; /* SAVE: instead of a record */
    atomic_bool cancelled;
    struct job_result result;
    struct work *work;
    job_callback *callback; /* NULL: nobody waits */
    void *ctx;
};

static void job_free(void *arg)
{
    struct job *job = arg;

    ledger_unref(job->ledger);
    secret_free(job->secret);
    free(job->user);
    free(job->domain);
    free(job->hop);
    ledger_book_clear(&job->result.book);
    free(job);
}

/* ---- in the worker ---- */

/* A book with another salt is another file: the record's key means nothing in it. */
static bool put_record(void *ctx, struct ledger_book *book)
{
    struct job *job = ctx;

    if (atomic_load(&job->cancelled))
        return false;
    if (job->hop != NULL)
        return !ledger_book_has_hop(book, job->hop) &&
               ledger_book_add_hop(book, job->hop);
    job->result.salted = memcmp(book->salt, job->salt, LEDGER_SALT) == 0;
    return job->result.salted && ledger_book_put(book, &job->record);
}

static void run_key(struct job *job)
{
    struct job_result *result = &job->result;

    result->ok = ledger_open(job->ledger, &result->book, &result->stamp, result->why);
    if (!result->ok)
        return;
    memcpy(result->salt, result->book.salt, LEDGER_SALT);
    result->salted = ledger_key(result->salt, secret_reveal(job->secret), job->user,
                                job->domain, result->key);
}

static void job_run(void *arg)
{
    struct job *job = arg;
    struct job_result *result = &job->result;

    switch (job->kind) {
    case JOB_KEY:
        run_key(job);
        return;
    case JOB_LOAD:
        result->ok =
            ledger_load(job->ledger, &result->book, &result->stamp, result->why);
        return;
    case JOB_SAVE:
        result->ok = ledger_update(job->ledger, put_record, job, &result->book,
                                   &result->stamp, result->why);
        return;
    }
}

/* ---- on the loop ---- */

static void job_done(void *ctx)
{
    struct job *job = ctx;

    if (job->callback != NULL)
        job->callback(job->ctx, &job->result);
}

static bool copy_text(char **copy, const char *text)
{
    *copy = text == NULL ? NULL : span_dup(span_of(text));
    return text == NULL || *copy != NULL;
}

static struct job *job_new(struct guard *guard, enum job_kind kind,
                           const struct entry *entry, const char *hop)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return NULL;
    job->ledger = ledger_ref(guard->ledger);
    job->kind = kind;
    ledger_book_init(&job->result.book);
    if (entry != NULL) {
        job->record = entry->record;
        memcpy(job->salt, entry->salt, LEDGER_SALT);
        job->secret = secret_ref(entry->login.password);
    }
    if (copy_text(&job->hop, hop) &&
        copy_text(&job->user, entry == NULL ? NULL : entry->login.username) &&
        copy_text(&job->domain, entry == NULL ? NULL : entry->login.domain))
        return job;
    job_free(job);
    return NULL;
}

struct job *job_start(struct guard *guard, enum job_kind kind,
                      const struct entry *entry, const char *hop,
                      job_callback *callback, void *ctx)
{
    struct job *job = job_new(guard, kind, entry, hop);

    if (job == NULL)
        return NULL;
    job->callback = callback;
    job->ctx = ctx;
    job->work = work_start(guard->loop, job_run, job, job_free, job_done, job);
    if (job->work != NULL)
        return job;
    job_free(job);
    return NULL;
}

void job_cancel(struct job *job)
{
    if (job == NULL)
        return;
    atomic_store(&job->cancelled, true);
    work_cancel(job->work);
}

bool job_save_now(struct guard *guard, const struct entry *entry)
{
    struct job *job = job_new(guard, JOB_SAVE, entry, NULL);
    bool ok;

    if (job == NULL)
        return false;
    job_run(job);
    ok = job->result.ok && job->result.salted;
    job_free(job);
    return ok;
}
