/*
 * gss_crew: the threads that call the GSSAPI library. Private to src/auth/gss*.
 */
#ifndef CCGATE_AUTH_GSS_CREW_H
#define CCGATE_AUTH_GSS_CREW_H

#include "auth/gss_maker.h"
#include "auth/ledger.h"
#include "base/loop.h"

/* A call. It is its thread's own while it runs, but for what is marked. */
struct gss_call {
    struct gss_target target;
    char *input; /* wiped when freed; NULL: none */
    size_t input_len;
    void *context; /* the maker's */
    struct gss_result result;
    struct gss_crew *crew;
    struct gss_call *next; /* in the crew's list of those that returned */
    /* the loop's, always */
    struct gss_call *sibling;  /* among those that wait, or those that run */
    struct gss_context *asker; /* NULL: does not want it any more */
    char *key;                 /* hop and principal */
    uint64_t started;          /* loop milliseconds */
    bool stuck;
};

/* Copies. NULL when memory is out; the context given to it is then the caller's. */
struct gss_call *gss_call_new(const struct gss_target *target, const char *key,
                              struct span input, void *context);

/* Releases the maker's context, too; with no maker there must be none. NULL-safe. */
void gss_call_free(struct gss_call *call, const struct gss_maker *maker);

struct gss_crew;

/*
 * ledger: NULL, or where rejected keytabs stand. returned: a call came back; it is the
 * callee's then. NULL when memory is out.
 */
struct gss_crew *gss_crew_new(struct loop *loop, const struct gss_maker *maker,
                              struct ledger *ledger,
                              void (*returned)(void *ctx, struct gss_call *call),
                              void *ctx);

/* Threads that still run end by themselves, and free what they hold. NULL-safe. */
void gss_crew_free(struct gss_crew *crew);

/* Runs the call in a thread of its own: 0, or a negative errno. */
int gss_crew_start(struct gss_crew *crew, struct gss_call *call);

/* Whether calls that come back shall be told; a loop that listens does not end. */
void gss_crew_listen(struct gss_crew *crew, bool on);

/* Calls back for all that came back, heard of or not. */
void gss_crew_collect(struct gss_crew *crew);

#endif
