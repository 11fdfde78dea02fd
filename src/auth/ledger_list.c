/*
 * ledger_list: see ledger_list.h.
 */
#include "auth/ledger_list.h"

#include <string.h>

size_t ledger_list_has(const char list[LEDGER_LIST], const char *name)
{
    struct span rest = span_of(list), word;
    size_t count = 0;

    while (span_next(&rest, " ", &word))
        count += span_equal(word, span_of(name));
    return count;
}

size_t ledger_list_count(const char list[LEDGER_LIST])
{
    struct span rest = span_of(list), word;
    size_t count = 0;

    while (span_next(&rest, " ", &word))
        count++;
    return count;
}

/* False where it has no room. */
static bool append(char list[LEDGER_LIST], struct span word)
{
    size_t len = strlen(list), blank = len > 0;

    if (word.len == 0 || len + blank + word.len >= LEDGER_LIST)
        return false;
    if (blank)
        list[len++] = ' ';
    memcpy(list + len, word.at, word.len);
    list[len + word.len] = '\0';
    return true;
}

void ledger_list_add(char list[LEDGER_LIST], const char *name)
{
    char former[LEDGER_LIST];
    struct span rest, word;

    memcpy(former, list, LEDGER_LIST);
    list[0] = '\0';
    rest = span_of(former);
    (void)append(list, span_of(name));
    while (span_next(&rest, " ", &word) && append(list, word))
        ;
}

void ledger_list_remove(char list[LEDGER_LIST], const char *name)
{
    char former[LEDGER_LIST];
    struct span rest, word;

    memcpy(former, list, LEDGER_LIST);
    list[0] = '\0';
    rest = span_of(former);
    while (span_next(&rest, " ", &word))
        if (!span_equal(word, span_of(name)))
            (void)append(list, word);
}
