/*
 * reply: answers of our own: errors with their reason, and the status page. Pure.
 */
#ifndef CCGATE_FWD_REPLY_H
#define CCGATE_FWD_REPLY_H

#include "base/buf.h"
#include "base/outcome.h"

struct reply {
    enum outcome outcome;
    uint16_t status;    /* 0: the outcome's own */
    const char *name;   /* our pseudonym, for Proxy-Status */
    const char *hop;    /* the proxy concerned, NULL if none */
    const char *detail; /* what happened, NULL if the outcome says it all */
    const char *quote;  /* from the proxy's error page, NULL or "" if none */
    const char *why;    /* the route's reason, NULL if no route was found */
    uint16_t received;  /* the status that the proxy sent, 0 if none */
    bool direct;        /* no proxy was on the way */
    bool keep;          /* the connection stays open */
    bool head_only;     /* the request was HEAD */
};

/*
 * Appends an error response: status line, Proxy-Status (RFC 9209), a short plain text
 * that names the hop, the reason and the next step. 0 or the error of buf_append().
 */
int reply_error(struct buf *out, const struct reply *reply);

/* The status the client will see for it. */
uint16_t reply_status(const struct reply *reply);

/* How the page of reply_self() begins, by which a ccgate is known. */
#define REPLY_SELF "This is ccgate, "

/* Appends the small page that an origin-form request to our own address gets. */
int reply_self(struct buf *out, bool known_path, bool keep, bool head_only);

#endif
