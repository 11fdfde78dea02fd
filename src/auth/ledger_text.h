/*
 * ledger_text: the state file of the guard as text. Pure: bytes in, a book out, and the
 * reverse.
 *
 * One record per line, the words of a line apart by one space, each line ended by LF:
 *
 *     ccgate-logins 1
 *     salt HEX
 *     login KEY STATE TIME [user=] [domain=] [why=] [at=] [for=] [hop=] [target=]
 *           [accepted=] [rejected=] [keytab=]      (in the same line)
 *     hop NAME strong
 *     end
 *
 * Bytes of texts that are not printable ASCII, and the percent sign, are written as
 * %XX.
 */
#ifndef CCGATE_AUTH_LEDGER_TEXT_H
#define CCGATE_AUTH_LEDGER_TEXT_H

#include "base/buf.h"

enum {
    LEDGER_KEY = 32,      /* bytes */
    LEDGER_SALT = 32,     /* bytes */
    LEDGER_TEXT = 288,    /* room for a text, its NUL included */
    LEDGER_LIST = 1024,   /* likewise for a list of hops */
    LEDGER_RECORDS = 256, /* logins at most, and hops at most */
    LEDGER_BAD_MOST = 2,  /* rejections by hops that never accepted a secret, at most */
};
#define LEDGER_FILE_LIMIT ((size_t)4 * 1024 * 1024) /* bytes */

/* A login that has no record was never tried. */
enum ledger_state {
    LEDGER_UNTRIED,  /* never in a file */
    LEDGER_TRYING,   /* a login is under way, or its process died meanwhile */
    LEDGER_ACCEPTED, /* by a proxy, and not rejected since */
    LEDGER_LATE,     /* accepted; one login since was not answered for long */
    LEDGER_DOUBTED,  /* accepted once, rejected once since, and not tried again */
    LEDGER_CLOSED,   /* never to be sent again */
};

/* One account with one password, or keytab. Texts are empty where unknown. */
struct ledger_login {
    unsigned char key[LEDGER_KEY];
    enum ledger_state state;
    uint64_t time;                                /* of the state, seconds since 1970 */
    char user[LEDGER_TEXT], domain[LEDGER_TEXT];  /* for people */
    char keytab[LEDGER_TEXT];                     /* its path; empty: a password */
    char why[LEDGER_TEXT];                        /* CLOSED: for people */
    char at[LEDGER_TEXT], target_at[LEDGER_TEXT]; /* the hop and target of the last
                                                     try that was not accepted */
    char hop[LEDGER_TEXT], target[LEDGER_TEXT];   /* where it was last accepted; hop
                                                     empty: nowhere so far */
    char good_hops[LEDGER_LIST]; /* a ledger_list of hops that accepted it */
    char bad_hops[LEDGER_LIST];  /* likewise, a name for each time that a hop rejected
                                    it which never accepted it */
};

struct ledger_hop {
    char name[LEDGER_TEXT]; /* it has offered something stronger than Basic */
};

struct ledger_book {
    unsigned char salt[LEDGER_SALT];
    struct ledger_login *logins;
    size_t login_count;
    struct ledger_hop *hops;
    size_t hop_count;
};

void ledger_book_init(struct ledger_book *book);
void ledger_book_clear(struct ledger_book *book);

enum ledger_read {
    LEDGER_READ_OK,
    LEDGER_READ_NEWER,  /* a version that is not known yet */
    LEDGER_READ_BROKEN, /* not a state file, or a damaged one */
    LEDGER_READ_NO_MEMORY,
};

/*
 * Reads a file into a book that was initialised; it is to be cleared in any case.
 * *line: where it is broken, from 1.
 */
enum ledger_read ledger_book_read(struct ledger_book *book, struct span text,
                                  size_t *line);

/* Appends the file. 0 or the error of buf_append(). */
int ledger_book_write(const struct ledger_book *book, struct buf *out);

/* The record of a key, or NULL. */
struct ledger_login *ledger_book_find(const struct ledger_book *book,
                                      const unsigned char key[LEDGER_KEY]);

/*
 * Puts a record in the place of the one with its key; UNTRIED removes it. The oldest
 * one makes room, an accepted one before a closed one. False when memory is out.
 */
bool ledger_book_put(struct ledger_book *book, const struct ledger_login *login);

bool ledger_book_has_hop(const struct ledger_book *book, const char *name);

/* False when memory is out, the name is too long, or LEDGER_RECORDS are there. */
bool ledger_book_add_hop(struct ledger_book *book, const char *name);

/* Copies a text; one that is too long is left empty, or cut where cut says so. */
void ledger_text_set(char to[LEDGER_TEXT], const char *text, bool cut);

/* "closed"; never NULL. */
const char *ledger_state_name(enum ledger_state state);

#endif
