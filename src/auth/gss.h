/*
 * gss: Kerberos tokens for Negotiate (RFC 4559), made in threads of our own.
 *
 * The library may block for half a minute when the KDC is silent, and nothing can stop
 * it. Its calls therefore run in detached threads, two at most and one at a time for a
 * hop and principal, and nobody waits for one longer than call_ms. A call that took
 * longer keeps its thread until it returns; its result is dropped, and what it was made
 * for is not tried again for rest_ms. While both threads hang like that, every further
 * call fails at once. They do not keep the process from ending.
 */
#ifndef CCGATE_AUTH_GSS_H
#define CCGATE_AUTH_GSS_H

#include "auth/gss_maker.h"
#include "auth/ledger.h"
#include "base/loop.h"

enum { GSS_THREADS = 2, GSS_REST_MS = 30000 };

struct gss_options {
    struct loop *loop;
    const struct gss_maker *maker;
    uint64_t call_ms;
    uint64_t rest_ms;
    struct ledger *ledger; /* referred to; NULL: what became of keytabs is forgotten */
};

struct gss;

/* One per process. Nothing is opened or started yet. NULL when memory is out. */
struct gss *gss_new(const struct gss_options *options);

/* For calls that begin from now on, and those that run. */
void gss_set_call_ms(struct gss *gss, uint64_t ms);

/* All contexts on it must be gone; calls that run are left to themselves. NULL-safe. */
void gss_free(struct gss *gss);

/* The security context of one connection. */
struct gss_context;

/* Copies the target. hop: what is given a rest together with the principal. */
struct gss_context *gss_context_new(struct gss *gss, const char *hop,
                                    const struct gss_target *target);

/* Gives up a step that is under way. NULL-safe. */
void gss_context_free(struct gss_context *context);

/* The result is valid during the call; its token too, which is wiped afterwards. */
typedef void gss_callback(void *ctx, const struct gss_result *result);

/*
 * Makes the next token. input: the peer's, or empty at first; it is copied. Calls back
 * once, from the loop, unless the context is freed before. False when memory is out:
 * then it never calls back.
 */
bool gss_context_step(struct gss_context *context, struct span input,
                      gss_callback *callback, void *ctx);

/*
 * Whether input is the last token of the peer that our own token was for (mutual
 * authentication). Not while a step is under way. At once: this is computing with the
 * ticket's key; the library reads krb5.conf for it, but asks no KDC.
 */
bool gss_context_check(struct gss_context *context, struct span input);

#endif
