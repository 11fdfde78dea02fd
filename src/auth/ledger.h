/*
 * ledger: the state file of the guard, STATE_DIR/logins, which all ccgate processes of
 * one user share. See ledger_text.h for what stands in it.
 *
 * The file is replaced as a whole. Beside it lies logins.lock, whose bytes are locked:
 * the first one while the file is replaced, and one per login for the turn, which is
 * the right to have a login under way that nobody can vouch for. The kernel gives a
 * turn back when its process dies; what it had under way it finds marked in the bytes.
 *
 * Needs no loop. Any thread; the functions wait for the disk, except those of which it
 * is said that they do not.
 */
#ifndef CCGATE_AUTH_LEDGER_H
#define CCGATE_AUTH_LEDGER_H

#include <sys/types.h>

#include "auth/ledger_text.h"

struct ledger;

enum { LEDGER_WHY = 512 }; /* room for a reason */

/* Of a folder, which is looked at only when needed. NULL when memory is out. */
struct ledger *ledger_new(const char *dir);
struct ledger *ledger_ref(struct ledger *ledger);
void ledger_unref(struct ledger *ledger); /* NULL-safe; the last gives the turns back */

/* Which file was read; all zeros: none was there. */
struct ledger_stamp {
    ino_t inode;
    off_t size;
    int64_t seconds, nanoseconds;
};

/*
 * Reads the file into an initialised book, to be cleared in any case. Without a file
 * the book is empty, its salt all zeros. False: why says in a sentence fragment what is
 * wrong with the folder or the file.
 */
bool ledger_load(struct ledger *ledger, struct ledger_book *book,
                 struct ledger_stamp *stamp, char why[LEDGER_WHY]);

/*
 * The same, but makes what is missing, folder, lock and a file with a salt, and fails
 * where nothing could be written.
 */
bool ledger_open(struct ledger *ledger, struct ledger_book *book,
                 struct ledger_stamp *stamp, char why[LEDGER_WHY]);

/*
 * Whether the file could be written: tries it beside the file, which stays as it is.
 * Makes folder and lock if they are missing. False: why says what is wrong.
 */
bool ledger_try(struct ledger *ledger, char why[LEDGER_WHY]);

/* Changes the book that was just read; false: leave the file as it is. */
typedef bool ledger_change(void *ctx, struct ledger_book *book);

/*
 * Reads, changes and replaces the file, safely on the disk when this returns, while no
 * other process can. Makes what is missing. The book is as for ledger_load(), after the
 * change.
 */
bool ledger_update(struct ledger *ledger, ledger_change *change, void *ctx,
                   struct ledger_book *book, struct ledger_stamp *stamp,
                   char why[LEDGER_WHY]);

/* Whether the file is another than the one that was read. Does not wait. */
bool ledger_changed(struct ledger *ledger, const struct ledger_stamp *stamp);

enum ledger_turn {
    LEDGER_TURN_TAKEN,
    LEDGER_TURN_BUSY,   /* another process has it, or it cannot be said at once */
    LEDGER_TURN_FAILED, /* locks do not work here */
};

/* Takes the turn for a login, or says who has it. Does not wait. */
enum ledger_turn ledger_turn_take(struct ledger *ledger,
                                  const unsigned char key[LEDGER_KEY]);
void ledger_turn_give(struct ledger *ledger, const unsigned char key[LEDGER_KEY]);

/*
 * Whoever has the turn marks a login that is under way though nothing was written of
 * it, since its secret is good. The mark outlives the process, not the machine; what
 * cannot be marked stays unmarked. Neither waits for the disk. Two logins on one mark
 * would only be looked at needlessly.
 */
void ledger_turn_mark(struct ledger *ledger, const unsigned char key[LEDGER_KEY],
                      bool under_way);
bool ledger_turn_is_marked(struct ledger *ledger, const unsigned char key[LEDGER_KEY]);

/* Whether another process has the turn. */
bool ledger_turn_is_taken(struct ledger *ledger, const unsigned char key[LEDGER_KEY]);

/*
 * The key of a login: slow to compute, so that the file does not help to guess the
 * secret. domain may be NULL. False if the system's cryptography refuses.
 */
bool ledger_key(const unsigned char salt[LEDGER_SALT], struct span secret,
                const char *user, const char *domain, unsigned char key[LEDGER_KEY]);

/*
 * Forgets the failures of a user, written as in the configuration, or of all (NULL): a
 * next login is tried again, once. *count: how many logins that concerned. A running
 * daemon notices by itself. False as for ledger_update().
 */
bool ledger_rearm(struct ledger *ledger, const char *user, size_t *count,
                  char why[LEDGER_WHY]);

#endif
