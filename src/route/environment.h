/*
 * environment: the proxy variables as a source of routes, and what it shares with
 * route.c. Private to src/route.
 *
 * The variables are read once; no value is kept, because it may hold a password. Lower
 * case goes before upper case, an empty variable is unset, and HTTP_PROXY in upper case
 * is ignored under CGI, where a client's "Proxy:" field would set it (RFC 3875 section
 * 4.1.18).
 */
#ifndef CCGATE_ROUTE_ENVIRONMENT_H
#define CCGATE_ROUTE_ENVIRONMENT_H

#include "route/route.h"

#define ENVIRONMENT_PROXIES 6

/* What a variable says. */
struct environment_proxy {
    const char *name;
    struct route *route; /* HOPS, or REFUSED if faulty; NULL: see script */
    char *script;        /* the URL of a PAC script ("pac+http://..."); NULL: none */
};

struct environment {
    struct environment_proxy proxy[ENVIRONMENT_PROXIES]; /* without both: unset */
    const char *bypass_name;                             /* "no_proxy" or "NO_PROXY" */
    char *bypass_value;                                  /* NULL: unset */
    struct pattern *bypass;
    size_t bypass_count;
};

/* 0 or -ENOMEM; environment_clear() is due in both cases. variables may be NULL. */
int environment_read(struct environment *e, char *const *variables,
                     struct config *config);
void environment_clear(struct environment *e);

/*
 * The variable that counts for such a request, without NO_PROXY, or NULL if none is
 * set. One that names one of our own listeners counts as unset.
 */
const struct environment_proxy *environment_find(const struct environment *e,
                                                 bool secure, route_is_self *is_self,
                                                 void *self_ctx);

/* Whether NO_PROXY has an entry for the target; *entry is the entry as written. */
bool environment_bypasses(const struct environment *e, struct span host, uint16_t port,
                          struct span *entry);

/* ---- of route.c ---- */

/*
 * A route with one reference and without hops; why is "label: text", or the label alone
 * if the text is empty. NULL when memory is out.
 */
struct route *route_make(enum route_kind kind, struct config *config, const char *label,
                         struct span text);
struct route *route_refuse(struct config *config, enum outcome outcome,
                           const char *label, struct span text);

/*
 * Gives the route room for count hops, and sets one of them; the lines of more (may be
 * NULL) follow the config's own; only HTTP proxies get any. The host of DIRECT is
 * empty. False when memory is out.
 */
bool route_hops(struct route *route, size_t count);
bool hop_set(struct hop *hop, enum hop_kind kind, struct span host, uint16_t port,
             const struct config *config, char *const *more);

/* Of a proxy that gets no login of ours. */
extern const struct config_login hop_no_login;

/* Frees a login that a variable brought. NULL-safe. */
void environment_login_free(struct config_login *login);

#endif
