/*
 * pac_names: the names that a PAC script looks up for one question, and the lookups.
 *
 * The child has no network: it says which name it misses, the name is looked up here,
 * and the question is asked again with what was found. Answers come from net/resolve,
 * whose cache spares the second question about a name the wait.
 */
#ifndef CCGATE_ROUTE_PAC_NAMES_H
#define CCGATE_ROUTE_PAC_NAMES_H

#include "base/pac_protocol.h"
#include "net/resolve.h"

struct pac_name_entry {
    char *name;
    enum pac_family family;
    char *addresses;  /* "192.0.2.1;2001:db8::1"; empty: it has none */
    uint64_t expires; /* loop ms */
};

struct pac_names {
    struct loop *loop;
    struct resolver *resolver;
    uint64_t budget_ms; /* for all lookups together; then they fail at once */
    uint64_t spent_ms;
    struct pac_name_entry at[PAC_NAMES];
    size_t count;
    /* the lookup under way */
    struct resolve_query *query;
    struct deferred refused; /* stands in for one that is not begun */
    uint64_t begun;
    void (*callback)(void *ctx);
    void *ctx;
};

/* The callback comes when the name of pac_names_find() has its entry. */
void pac_names_init(struct pac_names *names, struct loop *loop,
                    struct resolver *resolver, uint64_t budget_ms,
                    void (*callback)(void *ctx), void *ctx);

/* Forgets all, and cancels the lookup; usable again. */
void pac_names_clear(struct pac_names *names);

/*
 * Looks a name up; one at a time. The callback comes once, never before this returns.
 * False when memory is out, or if the table is full or has that name.
 */
bool pac_names_find(struct pac_names *names, struct span name, enum pac_family family);

/* Puts the table into a question; the views last as long as the table. */
void pac_names_fill(const struct pac_names *names, struct pac_ask *ask);

/* Appends "a.test = 192.0.2.1, b.test = no address". What does not fit is left out. */
void pac_names_tell(const struct pac_names *names, struct buf *out);

/*
 * For how many ms what used these entries (bits, see pac_answer.names_used) stays true,
 * most_ms at most.
 */
uint64_t pac_names_lifetime(const struct pac_names *names, uint32_t used,
                            uint64_t most_ms);

#endif
