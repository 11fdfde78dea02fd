/*
 * held: the certificates of the company that this user's ccgate goes by.
 */
#ifndef CCGATE_CERTS_HELD_H
#define CCGATE_CERTS_HELD_H

#include "certs/bundle.h"

/* Where they come from; each may be NULL. */
struct held_places {
    const char *state_dir; /* with CERTS_HELD in it */
    const char *drop_in;   /* a folder of the administrator: CERTS_DROP_IN */
    char *const *files;    /* of the configuration, NULL-terminated */
};

/* A copy with strings of its own. NULL when memory is out. */
struct held_places *held_places_copy(const struct held_places *places);
void held_places_free(struct held_places *places); /* of a copy; NULL-safe */

/* Reads them all, in this order. */
void held_read(struct bundle *bundle, const struct held_places *places);

/*
 * The distribution's own file of public roots, the first of the usual ones that is
 * there; NULL: none is.
 */
const char *held_system_roots(void);

#endif
