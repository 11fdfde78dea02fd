/*
 * wire: the certificates that servers show at the other end of the configured way out.
 *
 * For each a tunnel, a handshake, and the end: nothing is sent behind it. The handshake
 * verifies as any other of ccgate; what was shown is kept when it fails, too.
 */
#ifndef CCGATE_CA_WIRE_H
#define CCGATE_CA_WIRE_H

#include "base/outcome.h"
#include "certs/bundle.h"
#include "config/config.h"
#include "route/route.h"

/* How to get out. */
struct wire_way {
    struct config *config;
    char *const *environment; /* for the route; or NULL */
    route_is_self *is_self;
    /* Reads a target: host, host:port or a URL. NULL, or what is wrong with it. */
    const char *(*target)(const char *text, struct route_request *request);
};

struct wire_host {
    char *host; /* without brackets, in lower case */
    uint16_t port;
    char *name;           /* "host:port" */
    char *way;            /* the proxy's name, or "direct"; NULL: not known */
    enum outcome outcome; /* OK: ccgate's own TLS trusts it */
    char *detail;         /* or NULL */
    bool direct;          /* no proxy was on the way */
    bool reached;         /* what failed behind that is the server's, not the proxy's */
    bool http1_only;      /* it declined HTTP/2 */
    struct bundle shown;  /* what came, also with another outcome; or nothing */
};

struct wire {
    struct wire_host *hosts;
    size_t count;
    bool no_memory; /* something is missing for that reason */
};

/*
 * Takes the targets, one for each host and port. NULL, or what is wrong with
 * targets[*wrong]. wire_clear() is due in both cases.
 */
const char *wire_init(struct wire *wire, const struct wire_way *way,
                      const char *const *targets, size_t count, size_t *wrong);

/* Asks all of them at the same time, and waits; now is what the bundles go by. */
void wire_ask(struct wire *wire, const struct wire_way *way, int64_t now);
void wire_clear(struct wire *wire);

#endif
