/*
 * resolve: askers, the lookups they share, the line before the lookups in flight.
 *
 * A lookup exists as long as somebody asks. It waits in line, then asks DNS, then
 * perhaps the system's resolver; its result goes to the cache and to every asker. Each
 * asker has its own deadline and is told from the loop, by its own deferred.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/log.h"
#include "net/resolve_parts.h"

/* 2,000 lookups at once overflow the UDP buffers, and each lost packet costs seconds.
 */
#define FLIGHT_LIMIT 100

/* A channel that carries this many requests nobody waits for is replaced. */
#define ABANDONED_LIMIT 100

#define TABLE_BUCKETS 256
#define CONF_CHECK_MS 1000
#define CONF_PATH     "/etc/resolv.conf"
#define LABEL_LIMIT   63
#define LITERAL_MS    3600000 /* what is no lookup stays true */

enum lookup_state { LOOKUP_IN_LINE, LOOKUP_DNS, LOOKUP_SYSTEM };

struct lookup {
    struct resolver *resolver;
    enum lookup_state state;
    struct lookup *chain;
    TAILQ_ENTRY(lookup) line;
    TAILQ_HEAD(asker_list, resolve_query) askers;
    struct dns_request *dns;
    struct sysdns *system;
    struct resolve_result *said; /* by DNS, while the system is asked */
    unsigned generation;
    uint32_t hash;
    char name[];
};

struct resolve_query {
    struct resolver *resolver;
    struct lookup *lookup; /* NULL once the result is there */
    TAILQ_ENTRY(resolve_query) asker;
    struct resolve_result *result;
    bool cached;
    uint64_t lifetime_ms;
    uint16_t port;
    struct deadline deadline;
    struct deferred delivery;
    resolve_callback *callback;
    void *ctx;
};

/* What tells one version of resolv.conf from another. */
struct conf_stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

struct resolver {
    struct loop *loop;
    enum resolve_mode mode;
    uint64_t timeout;
    char *servers;
    char *resolv_conf;
    uint16_t dns_port;
    struct dns *dns; /* NULL in mode SYSTEM */
    struct resolve_cache *cache;
    struct resolve_result *timed_out;
    char timed_out_text[48];
    struct conf_stamp conf;
    uint64_t conf_checked;
    unsigned generation; /* of flushes: older lookups are not joined, nor cached */
    struct lookup *table[TABLE_BUCKETS];
    TAILQ_HEAD(lookup_list, lookup) line;
    size_t flying;
};

/* ---- the channel and resolv.conf ---- */

static struct conf_stamp conf_stamp(const struct resolver *resolver)
{
    struct conf_stamp stamp;
    struct stat st;

    memset(&stamp, 0, sizeof(stamp));
    if (stat(resolver->resolv_conf != NULL ? resolver->resolv_conf : CONF_PATH, &st) ==
        0) {
        stamp.dev = st.st_dev;
        stamp.ino = st.st_ino;
        stamp.size = st.st_size;
        stamp.mtime = st.st_mtim;
    }
    return stamp;
}

static bool conf_stamp_equal(const struct conf_stamp *a, const struct conf_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

/* A new channel; the old one finishes what is under way. False: the old one stays. */
static bool resolver_renew(struct resolver *resolver)
{
    const struct dns_options options = {
        .servers = resolver->servers,
        .resolv_conf = resolver->resolv_conf,
        .port = resolver->dns_port,
        .timeout = resolver->timeout,
    };
    struct dns *dns;

    if (resolver->mode == RESOLVE_SYSTEM) {
        dns_retire(resolver->dns);
        resolver->dns = NULL;
        return true;
    }
    resolver->conf = conf_stamp(resolver);
    resolver->conf_checked = loop_now(resolver->loop);
    dns = dns_new(resolver->loop, &options);
    if (dns == NULL)
        return false;
    dns_retire(resolver->dns);
    resolver->dns = dns;
    return true;
}

void resolver_flush(struct resolver *resolver)
{
    resolver->generation++;
    resolve_cache_flush(resolver->cache);
    if (!resolver_renew(resolver))
        LOG_WARN("resolver_reload_failed");
}

/* c-ares reads resolv.conf only once: a VPN that comes up would go unnoticed. */
static void resolver_check_conf(struct resolver *resolver)
{
    uint64_t now = loop_now(resolver->loop);
    struct conf_stamp stamp;

    if (resolver->mode == RESOLVE_SYSTEM || resolver->servers != NULL ||
        now - resolver->conf_checked < CONF_CHECK_MS)
        return;
    resolver->conf_checked = now;
    stamp = conf_stamp(resolver);
    if (!conf_stamp_equal(&stamp, &resolver->conf)) {
        LOG_INFO("resolver_config_changed");
        resolver_flush(resolver);
    }
}

/* ---- the end of a query ---- */

/* Takes over one reference to the result. */
static void query_settle(struct resolve_query *query, struct resolve_result *result)
{
    query->result = result;
    deadline_clear(query->resolver->loop, &query->deadline);
    defer(query->resolver->loop, &query->delivery);
}

static void query_deliver(void *ctx)
{
    struct resolve_query *query = ctx;
    struct resolve_result *result = query->result;
    struct netaddr addresses[RESOLVE_ADDRESS_LIMIT];
    struct resolve_answer answer = {
        .outcome = OUTCOME_INTERNAL,
        .detail = "memory is out",
        .addresses = addresses,
        .cached = query->cached,
        .lifetime_ms = query->lifetime_ms,
    };
    resolve_callback *callback = query->callback;
    void *callback_ctx = query->ctx;

    if (result != NULL) {
        answer.outcome = result->outcome;
        answer.detail = result->detail;
        answer.no_such_name = result->no_such_name;
        answer.count = result->count;
        for (size_t i = 0; i < result->count; i++) {
            addresses[i] = result->addresses[i];
            netaddr_set_port(&addresses[i], query->port);
        }
    }
    free(query);
    /* From here on the resolver may be gone, and the detail may be its own. */
    callback(callback_ctx, &answer);
    resolve_result_unref(result);
}

/* ---- lookups ---- */

static void resolver_pump(struct resolver *resolver);

static void lookup_unlist(struct lookup *lookup)
{
    struct lookup **at = &lookup->resolver->table[lookup->hash % TABLE_BUCKETS];

    while (*at != lookup)
        at = &(*at)->chain;
    *at = lookup->chain;
}

/* Ends whatever the lookup waits for. */
static void lookup_free(struct lookup *lookup)
{
    struct resolver *resolver = lookup->resolver;

    lookup_unlist(lookup);
    if (lookup->state == LOOKUP_IN_LINE)
        TAILQ_REMOVE(&resolver->line, lookup, line);
    else
        resolver->flying--;
    if (lookup->dns != NULL)
        dns_abandon(lookup->dns);
    if (lookup->system != NULL)
        sysdns_abandon(lookup->system);
    resolve_result_unref(lookup->said);
    free(lookup);
}

/* Takes over one reference to the result. */
static void lookup_finish(struct lookup *lookup, struct resolve_result *result)
{
    struct resolver *resolver = lookup->resolver;
    uint64_t now = loop_now(resolver->loop);
    struct resolve_query *query;

    if (lookup->generation == resolver->generation)
        resolve_cache_put(resolver->cache, lookup->name, result, now);
    while ((query = TAILQ_FIRST(&lookup->askers)) != NULL) {
        TAILQ_REMOVE(&lookup->askers, query, asker);
        query->lookup = NULL;
        query->lifetime_ms = resolve_cache_lifetime(resolver->cache, lookup->name, now);
        query_settle(query, resolve_result_ref(result));
    }
    resolve_result_unref(result);
    lookup_free(lookup);
}

static void lookup_on_system(void *ctx, struct resolve_result *result)
{
    struct lookup *lookup = ctx;
    struct resolver *resolver = lookup->resolver;
    struct resolve_result *said = lookup->said;

    lookup->system = NULL;
    /* What it does not find may be out of its reach: what DNS said counts. */
    if (said != NULL && (result == NULL || result->count == 0)) {
        resolve_result_unref(result);
        result = resolve_result_ref(said);
    }
    lookup_finish(lookup, result);
    resolver_pump(resolver);
}

/* Whether the system's resolver was asked instead. */
static bool lookup_ask_system(struct lookup *lookup)
{
    lookup->system =
        sysdns_ask(lookup->resolver->loop, lookup->name, lookup_on_system, lookup);
    if (lookup->system != NULL)
        lookup->state = LOOKUP_SYSTEM;
    return lookup->system != NULL;
}

static void lookup_on_dns(void *ctx, struct resolve_result *result)
{
    struct lookup *lookup = ctx;
    struct resolver *resolver = lookup->resolver;
    /* A dead server, too: c-ares gives up on one that refuses before our deadline. */
    bool fallback =
        resolver->mode == RESOLVE_AUTO && result != NULL && result->count == 0;

    lookup->dns = NULL;
    if (fallback && lookup_ask_system(lookup)) {
        lookup->said = result;
        return;
    }
    lookup_finish(lookup, result);
    resolver_pump(resolver);
}

static bool lookup_begin(struct lookup *lookup)
{
    struct resolver *resolver = lookup->resolver;

    if (resolver->mode == RESOLVE_SYSTEM)
        return lookup_ask_system(lookup);
    resolver_check_conf(resolver);
    if (dns_abandoned(resolver->dns) >= ABANDONED_LIMIT)
        resolver_renew(resolver);
    /* It may have stood in line during a flush, which then means nothing to it. */
    lookup->generation = resolver->generation;
    lookup->dns = dns_ask(resolver->dns, lookup->name, lookup_on_dns, lookup);
    return lookup->dns != NULL;
}

/* Lets lookups out of the line as long as there is room. */
static void resolver_pump(struct resolver *resolver)
{
    struct lookup *lookup;

    while (resolver->flying < FLIGHT_LIMIT &&
           (lookup = TAILQ_FIRST(&resolver->line)) != NULL) {
        TAILQ_REMOVE(&resolver->line, lookup, line);
        lookup->state = LOOKUP_DNS;
        resolver->flying++;
        if (!lookup_begin(lookup))
            lookup_finish(lookup, NULL);
    }
}

static struct lookup *lookup_find(struct resolver *resolver, const char *name)
{
    uint32_t hash = resolve_name_hash(name);
    struct lookup *lookup = resolver->table[hash % TABLE_BUCKETS];

    for (; lookup != NULL; lookup = lookup->chain)
        if (lookup->hash == hash && lookup->generation == resolver->generation &&
            strcmp(lookup->name, name) == 0)
            return lookup;
    return NULL;
}

static struct lookup *lookup_new(struct resolver *resolver, const char *name)
{
    size_t size = strlen(name) + 1;
    struct lookup *lookup = calloc(1, sizeof(*lookup) + size);
    struct lookup **bucket;

    if (lookup == NULL)
        return NULL;
    lookup->resolver = resolver;
    lookup->state = LOOKUP_IN_LINE;
    lookup->generation = resolver->generation;
    lookup->hash = resolve_name_hash(name);
    memcpy(lookup->name, name, size);
    TAILQ_INIT(&lookup->askers);
    TAILQ_INSERT_TAIL(&resolver->line, lookup, line);
    bucket = &resolver->table[lookup->hash % TABLE_BUCKETS];
    lookup->chain = *bucket;
    *bucket = lookup;
    return lookup;
}

/* ---- queries ---- */

/* Takes the query from its lookup; a lookup that nobody asks for ends. */
static void query_leave(struct resolve_query *query)
{
    struct lookup *lookup = query->lookup;

    TAILQ_REMOVE(&lookup->askers, query, asker);
    query->lookup = NULL;
    if (TAILQ_EMPTY(&lookup->askers)) {
        lookup_free(lookup);
        resolver_pump(query->resolver);
    }
}

static void query_on_deadline(void *ctx)
{
    struct resolve_query *query = ctx;
    const struct dns_request *dns = query->lookup->dns;
    struct resolve_result *result = dns != NULL ? dns_known(dns) : NULL;

    if (result == NULL || result->outcome == OUTCOME_DNS_TIMEOUT) {
        resolve_result_unref(result);
        result = resolve_result_ref(query->resolver->timed_out);
    }
    query_settle(query, result);
    query_leave(query);
}

static bool query_join(struct resolve_query *query, const char *name)
{
    struct resolver *resolver = query->resolver;
    struct lookup *lookup = lookup_find(resolver, name);

    if (lookup == NULL)
        lookup = lookup_new(resolver, name);
    if (lookup == NULL)
        return false;
    query->lookup = lookup;
    TAILQ_INSERT_TAIL(&lookup->askers, query, asker);
    deadline_set(resolver->loop, &query->deadline, resolver->timeout);
    resolver_pump(resolver);
    return true;
}

/* The host in lower case. False for what neither DNS nor /etc/hosts can know. */
static bool name_from_host(char name[RESOLVE_NAME_LIMIT + 1], struct span host)
{
    struct in_addr ignored;
    size_t label = 0;
    size_t limit = RESOLVE_NAME_LIMIT;

    if (host.len > 0 && host.at[host.len - 1] != '.')
        limit--;
    if (host.len == 0 || host.len > limit)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.at[i];

        if (c == '.' ? label == 0 : ++label > LABEL_LIMIT)
            return false;
        if (c == '.')
            label = 0;
        /* c-ares takes a backslash as the start of an escape. */
        if (c <= ' ' || c >= 0x7f || c == '\\')
            return false;
        name[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    name[host.len] = '\0';
    /* "127.1" and "0x7f000001" are no names, but getaddrinfo() takes them as addresses.
     */
    return inet_aton(name, &ignored) == 0;
}

/* RFC 6761 section 6.3: "localhost." and all names below it. */
static bool name_is_localhost(const char *name)
{
    struct span s = span_of(name);

    if (s.len > 0 && s.at[s.len - 1] == '.')
        s.len--;
    return span_equal(s, SPAN("localhost")) || span_ends_nocase(s, SPAN(".localhost"));
}

static struct resolve_result *result_localhost(void)
{
    struct resolve_result *r = resolve_result_new(2);

    if (r != NULL) {
        netaddr_from_ip(&r->addresses[0], SPAN("127.0.0.1"), 0);
        netaddr_from_ip(&r->addresses[1], SPAN("::1"), 0);
        r->count = 2;
    }
    return r;
}

static struct resolve_result *result_literal(const struct netaddr *address)
{
    struct resolve_result *r = resolve_result_new(1);

    if (r != NULL) {
        r->addresses[0] = *address;
        r->count = 1;
    }
    return r;
}

/* Starts what the host needs; NULL in the result is memory. */
static bool query_begin(struct resolve_query *query, struct span host)
{
    struct resolver *resolver = query->resolver;
    char name[RESOLVE_NAME_LIMIT + 1];
    uint64_t now = loop_now(resolver->loop);
    struct resolve_result *result;
    struct netaddr address;

    query->lifetime_ms = LITERAL_MS;
    if (netaddr_from_ip(&address, host, query->port)) {
        result = result_literal(&address);
    } else if (!name_from_host(name, host)) {
        result = resolve_failure_new(OUTCOME_DNS_ERROR, "not a valid name");
    } else if (name_is_localhost(name)) {
        result = result_localhost();
    } else {
        resolver_check_conf(resolver);
        result = resolve_cache_get(resolver->cache, name, now);
        query->lifetime_ms = resolve_cache_lifetime(resolver->cache, name, now);
        if (result == NULL)
            return query_join(query, name);
        query->cached = true;
    }
    if (result == NULL)
        return false;
    query_settle(query, result);
    return true;
}

struct resolve_query *resolve_start(struct resolver *resolver, struct span host,
                                    uint16_t port, resolve_callback *callback,
                                    void *ctx)
{
    struct resolve_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->resolver = resolver;
    query->port = port;
    query->callback = callback;
    query->ctx = ctx;
    deadline_init(&query->deadline, query_on_deadline, query);
    deferred_init(&query->delivery, query_deliver, query);
    if (!query_begin(query, host)) {
        free(query);
        return NULL;
    }
    return query;
}

void resolve_cancel(struct resolve_query *query)
{
    if (query == NULL)
        return;
    deadline_clear(query->resolver->loop, &query->deadline);
    defer_cancel(&query->delivery);
    if (query->lookup != NULL)
        query_leave(query);
    resolve_result_unref(query->result);
    free(query);
}

/* ---- the resolver ---- */

static bool resolver_set(struct resolver *r, enum resolve_mode mode, uint64_t timeout)
{
    char text[sizeof(r->timed_out_text)];
    struct resolve_result *timed_out;

    snprintf(text, sizeof(text), "timed out after %.1f s", (double)timeout / 1000);
    timed_out = resolve_failure_new(OUTCOME_DNS_TIMEOUT, r->timed_out_text);
    if (timed_out == NULL)
        return false;
    memcpy(r->timed_out_text, text, sizeof(text));
    resolve_result_unref(r->timed_out);
    r->timed_out = timed_out;
    r->mode = mode;
    r->timeout = timeout;
    return true;
}

bool resolver_configure(struct resolver *resolver, enum resolve_mode mode,
                        uint64_t timeout)
{
    if (!resolver_set(resolver, mode, timeout))
        return false;
    resolver_flush(resolver);
    return true;
}

struct resolver *resolver_new(struct loop *loop, const struct resolve_options *options)
{
    struct resolver *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->loop = loop;
    r->dns_port = options->dns_port;
    TAILQ_INIT(&r->line);
    r->cache = resolve_cache_new();
    if (r->cache == NULL || !resolver_set(r, options->mode, options->timeout))
        goto fail;
    if (options->servers != NULL) {
        r->servers = span_dup(span_of(options->servers));
        if (r->servers == NULL)
            goto fail;
    }
    if (options->resolv_conf != NULL) {
        r->resolv_conf = span_dup(span_of(options->resolv_conf));
        if (r->resolv_conf == NULL)
            goto fail;
    }
    if (!resolver_renew(r))
        goto fail;
    return r;
fail:
    resolver_free(r);
    return NULL;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    dns_retire(resolver->dns);
    resolve_cache_free(resolver->cache);
    resolve_result_unref(resolver->timed_out);
    free(resolver->servers);
    free(resolver->resolv_conf);
    free(resolver);
}
