/*
 * recent: the requests that ended last, so that one that was just seen in the log can
 * still be explained. What the session has is taken over as it is: nothing is copied
 * but the client's address and, where one failed, the reason.
 */
#ifndef CCGATE_FWD_RECENT_H
#define CCGATE_FWD_RECENT_H

#include "base/netaddr.h"
#include "fwd/access.h"
#include "route/route.h"

#define RECENT_REQUESTS 64

struct recent_request {
    struct access access; /* no trail.id: an empty place */
    char client[NETADDR_TEXT];
    int64_t uid; /* -1: unknown */
    bool own_caller;
    struct route *route; /* a reference; NULL: none was decided, or its configuration is
                            no more in force */
    char *hop, *why;     /* what access points to where the route is gone; or NULL */
    enum outcome outcome;
    char *detail;   /* NULL: none */
    uint64_t ended; /* loop_clock() */
};

struct recent {
    struct recent_request list[RECENT_REQUESTS]; /* a ring */
    size_t next;
};

struct recent_options {
    struct access *access; /* emptied */
    const char *client;
    int64_t uid;
    bool own_caller;
    struct route *route; /* may be NULL */
    bool in_force;       /* its configuration is; else its secrets are not to be kept */
    enum outcome outcome;
    const char *detail; /* may be NULL */
};

/* In place of the oldest one. */
void recent_put(struct recent *recent, const struct recent_options *options);

/* Another configuration is in force: lets go of the one before. */
void recent_reloaded(struct recent *recent);

/* NULL: it is not among them. */
const struct recent_request *recent_find(const struct recent *recent, request_id id);

void recent_clear(struct recent *recent);

#endif
