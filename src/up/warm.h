/*
 * warm: ready tunnels: opened through a proxy, before they are asked for, to the few
 * targets that are used again and again.
 *
 * A ready tunnel has passed the same connector as any other, with the route of the
 * target's last request, and only with a login that was accepted before. It is handed
 * out only to a request whose own route is the same, and only while nothing has come
 * from it. It belongs to no caller: nothing of one is in it, neither bytes nor names,
 * and who may use ccgate is decided before. Direct routes have none.
 */
#ifndef CCGATE_UP_WARM_H
#define CCGATE_UP_WARM_H

#include "up/egress.h"

#define WARM_PORT    443u
#define WARM_TARGETS 64 /* that are remembered */

struct warm;

/* The configuration is only compared with those of routes. NULL when memory is out. */
struct warm *warm_new(struct egress *egress, const struct config *config);
void warm_free(struct warm *warm); /* NULL-safe */

/* Closes all ready tunnels, and works for this configuration only from now on; NULL:
 * for none. */
void warm_configure(struct warm *warm, const struct config *config);

struct warm_request {
    struct route *route;
    const struct hop *hop; /* the first one in line */
    struct span host;      /* target */
    uint16_t port;
    struct span via; /* of the CONNECT; only our own line can have been sent before */
};

/* A ready tunnel for this request, as the connector would yield it, or NULL. */
struct upstream *warm_take(struct warm *warm, const struct warm_request *request);

/*
 * A tunnel was opened for such a request: a target that is used often enough gets ready
 * ones. on_kept: it took a connection that was logged in already.
 */
void warm_used(struct warm *warm, const struct warm_request *request, bool on_kept);

/*
 * What became of a tunnel that was taken: the far side spoke, or it ended before that
 * and the first flight goes over another one. idle_ms: what it was in the upstream.
 */
void warm_tell(struct warm *warm, const char *hop, struct span host, uint16_t port,
               uint64_t idle_ms, bool died);

struct warm_view {
    size_t ready;           /* tunnels, now */
    uint64_t opened, used;  /* ready tunnels so far ... */
    uint64_t died;          /* ... that ended before the far side spoke */
    uint64_t replayed;      /* ... whose first flight was sent again */
    uint64_t kept_connects; /* CONNECTs on connections that were logged in */
};
void warm_view(const struct warm *warm, const char *hop, struct warm_view *view);

#endif
