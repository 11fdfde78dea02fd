/*
 * offers: the schemes there are, which of them a 407 offers, and which one to log in
 * with. Private to src/auth.
 */
#ifndef CCGATE_AUTH_OFFERS_H
#define CCGATE_AUTH_OFFERS_H

#include "auth/auth_scheme.h"
#include "auth/challenge.h"

enum {
    SCHEME_COUNT = 5,
    OFFERS_NAMES = 160,
    CHOICE_TEXT = 512,
};

typedef unsigned scheme_set; /* of scheme_bit() */

/* The schemes have places from 0 on, the strongest first. */
const struct auth_scheme *scheme_at(size_t place);
size_t scheme_place(const struct auth_scheme *scheme);
scheme_set scheme_bit(const struct auth_scheme *scheme);

/* What the Proxy-Authenticate lines of a 407 offer. The spans point into the text. */
struct offers {
    size_t count;                             /* challenges, of any scheme */
    scheme_set set;                           /* those of our schemes that can answer */
    struct challenge challenge[SCHEME_COUNT]; /* by place, of those in the set */
    char names[OFFERS_NAMES];                 /* for people */
    size_t names_len;
};

/* Appends the values of all challenge lines of a 407. 0 or the error of buf_append().
 */
int offers_copy(struct buf *text, const struct head *head);

/* Reads what offers_copy() has written. */
void offers_read(struct offers *offers, struct span text);

/* What to log in with, or why with nothing. */
struct choice {
    const struct auth_scheme *scheme; /* NULL: none, and */
    enum outcome outcome;             /* LOGIN_SCHEME, _NO_CREDENTIALS or _BROKEN */
    char detail[CHOICE_TEXT];
};

struct auth_memory;

/* The best of the offers, but for those in `without`. */
void choose(struct choice *choice, const struct auth_options *options,
            const struct offers *offers, scheme_set without);

#endif
