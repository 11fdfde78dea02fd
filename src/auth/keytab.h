/*
 * keytab: no account is locked by a keytab that is out of date. A KDC counts a login by
 * it as one by a wrong password, and a daemon asks for a ticket again and again. So a
 * keytab that the KDC rejected stands as closed in the ledger, until it changes or is
 * rearmed. As long as a keytab was not accepted, one thread at a time tries it.
 *
 * What was not answered counts as nothing: a KDC out of reach is an everyday matter.
 */
#ifndef CCGATE_AUTH_KEYTAB_H
#define CCGATE_AUTH_KEYTAB_H

#include "auth/gss_maker.h"
#include "auth/ledger.h"

struct keytabs;

/* ledger: NULL, or referred to; without one, memory has to do. NULL when memory is out.
 */
struct keytabs *keytabs_new(struct ledger *ledger);

/* No step may be under way. NULL-safe. */
void keytabs_free(struct keytabs *keytabs);

/*
 * The maker's step, in any thread; where the target's keytab is held back, the result
 * is GSS_UNABLE, and says so. Blocks as long as the maker does.
 */
void keytabs_step(struct keytabs *keytabs, const struct gss_maker *maker,
                  void **context, const struct gss_target *target, struct span input,
                  struct gss_result *result);

/* The key of a keytab in the ledger; principal may be NULL. False: it cannot be read.
 */
bool keytab_key(const unsigned char salt[LEDGER_SALT], const char *path,
                const char *principal, unsigned char key[LEDGER_KEY]);

#endif
