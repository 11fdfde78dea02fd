/*
 * pac_copy: the last good copy of a PAC script, on disk, with what the server said to
 * tell it from a newer one. One file per URL: STATE_DIR/pac/HASH, mode 0600, replaced
 * as a whole. Needs no loop; the functions wait for the disk. Any thread.
 */
#ifndef CCGATE_ROUTE_PAC_COPY_H
#define CCGATE_ROUTE_PAC_COPY_H

#include "base/system_protocol.h"

enum { PAC_COPY_WHY = 512 }; /* room for a reason */

struct pac_copy {
    char *script; /* UTF-8; NULL: there is none */
    size_t len;
    char etag[SYSTEM_HEADER_LIMIT + 1]; /* empty: none */
    char last_modified[SYSTEM_HEADER_LIMIT + 1];
    uint64_t
        checked; /* wall clock, seconds: when it was last known to be the server's */
};

void pac_copy_clear(struct pac_copy *copy);

/*
 * Reads the copy of a URL into a zeroed struct. False: why says in a sentence fragment
 * what is wrong with the file; without a file it is empty.
 */
bool pac_copy_load(const char *state_dir, const char *url, struct pac_copy *copy,
                   char why[PAC_COPY_WHY]);

/* Makes the folders that are missing. False: why says what could not be written. */
bool pac_copy_save(const char *state_dir, const char *url, const struct pac_copy *copy,
                   char why[PAC_COPY_WHY]);

#endif
