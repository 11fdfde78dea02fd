/*
 * pac: what a PAC script decides: the script, the children that run it, and a cache.
 *
 * A decision is kept for 60 s at most, for no longer than a name that the script looked
 * up stays true, and not at all if the script looked at the clock. The cache is dropped
 * when the script or the network changes.
 */
#ifndef CCGATE_ROUTE_PAC_H
#define CCGATE_ROUTE_PAC_H

#include "config/config.h"
#include "net/resolve.h"
#include "route/pac_pool.h"
#include "route/pac_source.h"

struct pac;
struct pac_query;

struct pac_options {
    struct loop *loop;
    struct resolver *resolver;
    const char *url;             /* of the script; http, https, file, data */
    const struct config *config; /* pac_children, timeout.pac ...; read at once */
};

enum pac_verdict {
    PAC_SAID,      /* the script has answered: `text` */
    PAC_UNDECIDED, /* it failed for this request: `why` */
    PAC_ABSENT,    /* there is no script, or none that runs: `why` */
};

/* Views that last during the callback. */
struct pac_decision {
    enum pac_verdict verdict;
    struct span text;   /* printable ASCII; may be empty */
    const char *why;    /* a sentence fragment */
    const char *script; /* its URL */
    struct span url;    /* as the script was shown it */
    struct span host;
    bool cached;
    uint64_t age_ms; /* of what is cached */
    uint64_t ns;     /* in the engine */
    unsigned rounds; /* see pac_run_result, as the next two */
    struct span facts;
    struct span trace; /* for pac_trace_next() */
};

struct pac_request {
    bool secure; /* CONNECT or https */
    struct span host;
    uint16_t port;
    struct span path; /* of what is not secure: with the query */
    bool trace;       /* run the script, whatever the cache has */
};

typedef void pac_callback(void *ctx, const struct pac_decision *decision);

/* One for a URL of a script. NULL when memory is out. */
struct pac *pac_new(const struct pac_options *options);
struct pac *pac_ref(struct pac *pac); /* NULL-safe, as the next one */
void pac_unref(struct pac *pac);

const char *pac_url(const struct pac *pac); /* as it was given */

/* Takes another configuration. False when memory is out. */
bool pac_configure(struct pac *pac, const struct config *config);

/* Whether its first fetch is under way, and no copy is there. */
bool pac_is_loading(const struct pac *pac);

/* Fetches the script again (reload). */
void pac_refresh(struct pac *pac);

/* The same, and forgets what it decided and what our address is. */
void pac_network_changed(struct pac *pac);

/*
 * Asks the script. While it is being fetched for the first time this waits, unless
 * `patient` is false. The callback comes exactly once, never before this returns, never
 * after pac_cancel(). NULL when memory is out.
 */
struct pac_query *pac_start(struct pac *pac, const struct pac_request *request,
                            bool patient, pac_callback *callback, void *ctx);
void pac_cancel(struct pac_query *query); /* NULL-safe */

/* ---- for status ---- */

struct pac_view {
    const char *url;
    enum pac_source_state state;
    const char *why;  /* what the last fetch failed with, or NULL */
    uint64_t age_ms;  /* of the script */
    uint64_t changes; /* scripts so far */
    size_t cached;    /* decisions */
    struct pac_pool_view pool;
};

void pac_view(struct pac *pac, struct pac_view *view);

#endif
