/*
 * route_internal: what the files that make up the router share; nobody else includes
 * it.
 */
#ifndef CCGATE_ROUTE_ROUTE_INTERNAL_H
#define CCGATE_ROUTE_ROUTE_INTERNAL_H

#include "route/environment.h"

#define ROUTER_SEEN 16 /* routes that are remembered for their hops */

struct router {
    unsigned refs;
    struct loop *loop;
    struct config *config;
    route_is_self *is_self;
    void *self_ctx;
    struct pac *pac;           /* NULL: no script */
    struct outside *outside;   /* NULL: it does not matter */
    struct settings *settings; /* NULL: none is asked */
    struct scripts *scripts;   /* likewise */
    struct route *list;   /* for every request that the `proxy` list decides, or NULL */
    struct route **rules; /* of each rule: its proxies, or NULL */
    struct environment environment;
    struct route *seen[ROUTER_SEEN]; /* for status; a ring */
    size_t seen_next;
};

/* ---- a question to the router ---- */

/* What a source has to say to it. */
enum said {
    SAID_NOTHING,
    SAID_ROUTE, /* the query's route is the decision; NULL: memory is out */
    SAID_LATER, /* route_resume() follows */
};

struct route_query {
    struct deferred deferred; /* what is known at once is said from the loop */
    struct router *router;    /* a reference is held */
    struct route_request request;
    char *texts;   /* what the request's spans point to */
    size_t source; /* the place in route_sources of the one that is asked next */
    struct outside_query *outside;
    struct pac_query *pac;
    struct settings_query *settings;
    struct script_query *script;
    char *label;     /* who named the script that is asked: "pac", "wpad (DHCP)", ... */
    char *no_script; /* why the list stands in for the script, or NULL */
    char *hint;      /* what a source said that named no way, or NULL */
    struct buf trace;
    struct route *route;
    route_callback *callback;
    void *ctx;
};

/* One that waits is asked no more: what it waited for goes on with route_resume(). */
typedef enum said route_source(struct route_query *query);

/* In the order in which they are asked. The last one always decides. */
extern route_source *const route_sources[];

/* What a source that answered SAID_LATER has to say now; ends the query or goes on. */
void route_resume(struct route_query *query, enum said said);

/* Of a source that says so; NULL: memory is out. */
enum said route_decided(struct route_query *query, struct route *route);

/* A line of the trace, if there is one; memory that is out cuts it. */
void route_explain(struct route_query *query, const char *step, struct span text);

/* ---- route.c ---- */

/* Direct, and for foreign callers not to this machine. NULL: memory. */
struct route *router_direct(const struct router *router,
                            const struct route_request *request, const char *label,
                            struct span text);

/* The entries of `proxy`, because of what label and text say. NULL: memory. */
struct route *route_of_list(struct config *config, const char *label, struct span text);

/* The same of any proxies. */
struct route *route_of_proxies(struct config *config,
                               const struct config_proxy *proxies, size_t count,
                               const char *label, struct span text);

/* A hop of the route that is one of our own listeners, or NULL. */
const struct hop *router_own_hop(const struct router *router,
                                 const struct route *route);

/* Remembers the hops of a route that a source has named, for status. */
void router_saw(struct router *router, struct route *route);

/* ---- route_rules.c ---- */

/* The routes of the rules that name proxies. False: memory is out. */
bool router_rules_read(struct router *router);
void router_rules_free(struct router *router);

/* The rules ahead of all sources, and those where none has named a way. */
route_source route_ask_rules_before, route_ask_rules_after;

/* ---- route_named.c ---- */

/* The route that a script's answer stands for. NULL: memory. */
struct route *router_pac(struct router *router, const struct route_request *request,
                         const char *label, const struct pac_decision *decision);

/*
 * The route through proxies that a list of URLs names, one a line. Sets *none, and
 * returns NULL, where all of them are our own listeners. NULL: memory.
 */
struct route *router_proxies(struct router *router, const struct route_request *request,
                             const char *label, struct span urls, bool *none);

/*
 * The route through the hop of this name, as if somebody named it. NULL: memory, or it
 * names no proxy but ourselves.
 */
struct route *router_named_hop(const struct router *router, const char *name);

/* ---- route_script.c ---- */

/* The configured script, and the one that the network names. */
route_source route_ask_pac, route_ask_wpad;

/*
 * Asks the first script of these URLs that can be had, which `label: source` has named.
 */
enum said route_ask_script(struct route_query *query, const char *label,
                           const char *source, struct span urls);

/* ---- route_system.c ---- */

/* The two parts of `proxy: system`. */
route_source route_ask_environment, route_ask_settings;

/* ---- route_source.c ---- */

/*
 * The list, or the refusal of one that leads to ourselves. no_script: why it stands in
 * for the script, or NULL. NULL: memory.
 */
struct route *router_list(const struct router *router, const char *no_script);

#endif
