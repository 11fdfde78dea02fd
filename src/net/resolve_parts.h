/*
 * resolve_parts: what resolve.c is made of, and nobody else includes: the result that
 * askers and cache share, the cache, one c-ares channel on the loop, and getaddrinfo in
 * the thread pool.
 */
#ifndef CCGATE_NET_RESOLVE_PARTS_H
#define CCGATE_NET_RESOLVE_PARTS_H

#include "net/resolve.h"

/* RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters, then a dot. */
#define RESOLVE_NAME_LIMIT 254

/* ---- results ---- */

/* What one lookup found. Where a pointer to one is NULL, memory was out. */
struct resolve_result {
    unsigned refs;
    enum outcome outcome;
    const char *detail; /* static, or living as long as the resolver */
    bool no_such_name;
    bool definitive; /* the answer of a server: found, no such name, or no address */
    uint32_t ttl;    /* seconds, as the server said; 0: it did not say */
    size_t count;
    struct netaddr addresses[];
};

/* With one reference and room for `limit` addresses. */
struct resolve_result *resolve_result_new(size_t limit);
struct resolve_result *resolve_failure_new(enum outcome outcome, const char *detail);
/* Both NULL-safe. */
struct resolve_result *resolve_result_ref(struct resolve_result *result);
void resolve_result_unref(struct resolve_result *result);

/* ---- the cache ---- */

struct resolve_cache;

struct resolve_cache *resolve_cache_new(void);
void resolve_cache_free(struct resolve_cache *cache); /* NULL-safe */
void resolve_cache_flush(struct resolve_cache *cache);

/* What is known of the name at `now` (milliseconds), with a reference; else NULL. */
struct resolve_result *resolve_cache_get(struct resolve_cache *cache, const char *name,
                                         uint64_t now);

/*
 * Keeps a definitive result for its time, drops any other. Without memory nothing is
 * kept, which is no error.
 */
void resolve_cache_put(struct resolve_cache *cache, const char *name,
                       struct resolve_result *result, uint64_t now);

/* For how many ms from `now` on the cache has the name. */
uint64_t resolve_cache_lifetime(struct resolve_cache *cache, const char *name,
                                uint64_t now);

size_t resolve_cache_count(const struct resolve_cache *cache);

uint32_t resolve_name_hash(const char *name);

/* ---- DNS: one c-ares channel ---- */

struct dns;
struct dns_request;

struct dns_options {
    const char *servers;     /* or NULL: as resolv.conf says */
    const char *resolv_conf; /* or NULL: the system's */
    uint16_t port;           /* of the servers in resolv.conf; 0: 53 */
    uint64_t timeout;        /* ms; the tries for one query are spread over it */
};

/* Takes over one reference to the result; NULL: memory was out. */
typedef void dns_callback(void *ctx, struct resolve_result *result);

/* NULL when memory is out or `servers` does not parse. */
struct dns *dns_new(struct loop *loop, const struct dns_options *options);

/*
 * Gives the channel up. It is freed when the last request that somebody waits for has
 * been answered or abandoned, which may be at once. NULL-safe.
 */
void dns_retire(struct dns *dns);

/* Requests that c-ares works on though nobody waits: it cannot cancel a single one. */
size_t dns_abandoned(const struct dns *dns);

/*
 * Asks for both families at once. Addresses of one family wait a moment for the other
 * (RFC 8305 section 3), a failure waits for both. The callback never comes before this
 * returns. NULL when memory is out.
 */
struct dns_request *dns_ask(struct dns *dns, const char *name, dns_callback *callback,
                            void *ctx);
void dns_abandon(struct dns_request *request);

/* What the answers so far come to, with a reference; NULL if there is none. */
struct resolve_result *dns_known(const struct dns_request *request);

/* ---- the system's resolver ---- */

struct sysdns;

struct sysdns *sysdns_ask(struct loop *loop, const char *name, dns_callback *callback,
                          void *ctx);
void sysdns_abandon(struct sysdns *request);

#endif
