/*
 * outside: whether we are outside the company's network: the names of the PAC script's
 * server and of the proxies of the list do not exist there (`outside: direct`).
 *
 * Outside is only what name servers say: that none of these names exists (NXDOMAIN). An
 * address among them, a name that exists without an address, a lookup that failed or
 * took too long, or no name at all mean inside. What is known counts as long as the
 * names' TTL, a minute at most; while somebody asks it is looked up again in the
 * background, and otherwise whoever asks next waits for it.
 */
#ifndef CCGATE_ROUTE_OUTSIDE_H
#define CCGATE_ROUTE_OUTSIDE_H

#include "config/config.h"
#include "net/resolve.h"

struct outside;
struct outside_query;

struct outside_options {
    struct loop *loop;
    struct resolver *resolver;
    const struct config *config; /* read at once */
};

enum outside_state {
    OUTSIDE_UNKNOWN, /* it is being looked up, or will be when somebody asks */
    OUTSIDE_NO,
    OUTSIDE_YES,
};

/* Looks up the names at once. NULL when memory is out. */
struct outside *outside_new(const struct outside_options *options);
struct outside *outside_ref(struct outside *outside); /* NULL-safe, as the next one */
void outside_unref(struct outside *outside);

/*
 * Whether the configuration goes direct outside, and hangs on the same names. False
 * also where they include an address: then this one has nothing to keep.
 */
bool outside_is_for(const struct outside *outside, const struct config *config);

/* What was known counts no more; the names are looked up now. */
void outside_network_changed(struct outside *outside);

/* A proxy's name was found not to exist: the same, if nothing is under way. NULL-safe.
 */
void outside_doubt(struct outside *outside);

/*
 * What is known, for whoever decides on a request: UNKNOWN means to wait with
 * outside_start(). Otherwise *why is "pac.corp.example does not exist" or what speaks
 * against it; it lasts until the loop goes on.
 */
enum outside_state outside_ask(struct outside *outside, const char **why);

/*
 * Waits until outside_ask() knows. The callback comes exactly once, never before this
 * returns, never after outside_cancel(). NULL when memory is out.
 */
struct outside_query *outside_start(struct outside *outside, void (*known)(void *ctx),
                                    void *ctx);
void outside_cancel(struct outside_query *query); /* NULL-safe */

/* What was found out last, for status: it may count no more. *why is NULL if UNKNOWN.
 */
enum outside_state outside_view(const struct outside *outside, const char **why);

#endif
