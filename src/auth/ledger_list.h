/*
 * ledger_list: names of hops in one text of a record, apart by a blank, the latest one
 * first. Pure.
 */
#ifndef CCGATE_AUTH_LEDGER_LIST_H
#define CCGATE_AUTH_LEDGER_LIST_H

#include "auth/ledger_text.h"

/* How often the name stands in it. */
size_t ledger_list_has(const char list[LEDGER_LIST], const char *name);

/* How many names stand in it. */
size_t ledger_list_count(const char list[LEDGER_LIST]);

/* Puts a name, which is shorter than LEDGER_TEXT, in front; the last ones make room. */
void ledger_list_add(char list[LEDGER_LIST], const char *name);

/* Wherever it stands. */
void ledger_list_remove(char list[LEDGER_LIST], const char *name);

#endif
