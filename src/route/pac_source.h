/*
 * pac_source: where the PAC script comes from: fetched by ccgate-system, kept on disk,
 * refreshed.
 *
 * The first load begins with pac_source_new() and blocks nobody. A script is fetched
 * anew every 12 hours. A fetch that failed is repeated after 8 s, 32 s, 2 min, then
 * every 4 h when the script is next asked for, as Chrome does; until one succeeds the
 * last good copy stands in, that of an earlier process, too. A script is a good copy,
 * and put on disk, once somebody says that it can be run: one that does not compile
 * must not replace one that does.
 */
#ifndef CCGATE_ROUTE_PAC_SOURCE_H
#define CCGATE_ROUTE_PAC_SOURCE_H

#include "base/loop.h"
#include "base/span.h"

struct pac_source;

enum pac_source_state {
    PAC_SOURCE_LOADING, /* the first load is under way, and no copy is there */
    PAC_SOURCE_FRESH,   /* what the server has, as of the last look */
    PAC_SOURCE_STALE,   /* the last good copy: the server cannot be had, or was not
                           asked yet */
    PAC_SOURCE_FAILED,  /* there is no script */
};

/* Milliseconds. */
#define PAC_SOURCE_RETRIES 4
struct pac_source_times {
    uint64_t limit_ms;   /* one fetch, all of it */
    uint64_t refresh_ms; /* after a success */
    uint64_t quiet_ms;   /* after a network change */
    uint64_t
        retry_ms[PAC_SOURCE_RETRIES]; /* after failures; the last is "at next use" */
};

struct pac_source_options {
    struct loop *loop;
    const char *url;            /* http, https, file, data */
    const char *state_dir;      /* for the last good copy; NULL: none is kept */
    char *const *ca;            /* files of PEM, NULL-terminated, or NULL */
    void (*changed)(void *ctx); /* script or state changed; never before new returns,
                                   never after free */
    void *ctx;
    const struct pac_source_times *times; /* NULL: those above, and 30 s for a fetch */
};

/* NULL when memory is out. The options' texts are copied. */
struct pac_source *pac_source_new(const struct pac_source_options *options);
void pac_source_free(struct pac_source *source); /* NULL-safe */

/*
 * The script in UTF-8, valid until `changed` is called next; empty: there is none so
 * far. The generation is another one whenever the script is. Asking for it is what "at
 * next use" means: it may start a fetch.
 */
struct span pac_source_script(struct pac_source *source, uint64_t *generation);

/*
 * Says that the script of this generation can be run: it is put on disk, now and
 * whenever it is confirmed, in the place of the last one that could.
 */
void pac_source_approve(struct pac_source *source, uint64_t generation);

/*
 * why: a sentence fragment that says what the last fetch failed with, valid until
 * `changed` is called next, or NULL. age_ms: since the script was last known to be the
 * server's; 0 without a script. Either may be NULL.
 */
enum pac_source_state pac_source_state(const struct pac_source *source,
                                       const char **why, uint64_t *age_ms);

/* Other files of CA certificates, from the next fetch on. False when memory is out. */
bool pac_source_set_ca(struct pac_source *source, char *const *ca);

/*
 * Fetches now (reload), or once the network has been quiet for 2 s. What is under way
 * is given up for it, and the back-off begins anew.
 */
void pac_source_refresh(struct pac_source *source);
void pac_source_network_changed(struct pac_source *source);

#endif
