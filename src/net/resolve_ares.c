/*
 * resolve_ares: one c-ares channel on the loop.
 *
 * c-ares may call back from inside ares_getaddrinfo() and while a channel is destroyed,
 * so its callbacks only note the result; everybody else hears of it from the loop.
 * Therefore no foreign code ever runs inside c-ares, and a channel can be freed from
 * any callback.
 */
#include "net/resolve_parts.h"

#include <ares.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* c-ares waits base, 2 * base, 4 * base for one server: together 7 * base. */
#define DNS_TRIES        3
#define DNS_TRIES_SHARE  7
#define DNS_BASE_LEAST   100
#define DNS_BASE_DEFAULT 1000

/* One of c-ares's own sockets; c-ares opens and closes it. */
struct dns_socket {
    struct dns_socket *next;
    struct dns *dns;
    struct watch *watch;
};

struct dns {
    struct loop *loop;
    ares_channel channel;
    struct deadline timer;
    struct dns_socket *sockets;
    size_t waited; /* requests that somebody waits for */
    size_t abandoned;
    bool retired;
};

enum request_state { REQUEST_ASKED, REQUEST_ANSWERED, REQUEST_ABANDONED };

struct dns_request {
    struct dns *dns;
    enum request_state state;
    struct resolve_result *result;
    struct deferred delivery;
    dns_callback *callback;
    void *ctx;
};

static void dns_rearm(struct dns *dns)
{
    struct timeval tv;

    if (ares_timeout(dns->channel, NULL, &tv) == NULL) {
        deadline_clear(dns->loop, &dns->timer);
        return;
    }
    /* Rounded up: too early would be in vain, and 0 would be no deadline at all. */
    deadline_set(dns->loop, &dns->timer,
                 (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1);
}

static void dns_on_timer(void *ctx)
{
    struct dns *dns = ctx;

    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    dns_rearm(dns);
}

static void dns_on_socket(void *ctx, unsigned events)
{
    struct dns_socket *s = ctx;
    struct dns *dns = s->dns;
    int fd = watch_fd(s->watch);

    /* c-ares may end this socket, and with it s, during the call. */
    ares_process_fd(dns->channel, (events & WATCH_READ) != 0 ? fd : ARES_SOCKET_BAD,
                    (events & WATCH_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
    dns_rearm(dns);
}

static struct dns_socket *dns_socket_new(struct dns *dns, int fd)
{
    struct dns_socket *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->dns = dns;
    s->watch = watch_new(dns->loop, fd, dns_on_socket, s);
    if (s->watch == NULL) {
        free(s);
        return NULL;
    }
    s->next = dns->sockets;
    dns->sockets = s;
    return s;
}

/*
 * Called by c-ares when its interest in a socket changes. 0, 0 comes right before it
 * closes the socket: the last moment at which the descriptor can be unwatched.
 */
static void dns_on_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct dns *dns = ctx;
    struct dns_socket **at = &dns->sockets;
    struct dns_socket *s;

    while (*at != NULL && watch_fd((*at)->watch) != fd)
        at = &(*at)->next;
    s = *at;
    if (readable == 0 && writable == 0) {
        if (s != NULL) {
            *at = s->next;
            watch_release(s->watch);
            free(s);
        }
        return;
    }
    if (s == NULL)
        s = dns_socket_new(dns, fd);
    /* Without a watch the query runs into its deadline. */
    if (s != NULL)
        watch_want(s->watch, (readable != 0 ? WATCH_READ : 0u) |
                                 (writable != 0 ? WATCH_WRITE : 0u));
}

#ifdef ARES_OPT_QUERY_CACHE
/* c-ares 1.31 began to cache by itself; the cache that can be flushed is ours. */
static int options_without_cache(struct ares_options *o)
{
    o->qcache_max_ttl = 0;
    return ARES_OPT_QUERY_CACHE;
}
#else
static int options_without_cache(struct ares_options *o)
{
    (void)o;
    return 0;
}
#endif

static int dns_open(struct dns *dns, const struct dns_options *options)
{
    char lookups[] = "fb";
    char *path = NULL;
    struct ares_options o = {0};
    uint64_t base = options->timeout / DNS_TRIES_SHARE;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB | options_without_cache(&o);
    int status;

    if (options->timeout == 0)
        base = DNS_BASE_DEFAULT;
    else if (base < DNS_BASE_LEAST)
        base = DNS_BASE_LEAST;
    o.timeout = base > INT32_MAX / 8 ? INT32_MAX / 8 : (int)base;
    o.tries = DNS_TRIES;
    o.lookups = lookups;
    o.sock_state_cb = dns_on_state;
    o.sock_state_cb_data = dns;
    if (options->port != 0) {
        o.udp_port = o.tcp_port = options->port;
        mask |= ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
    }
    if (options->resolv_conf != NULL) {
        path = span_dup(span_of(options->resolv_conf));
        if (path == NULL)
            return ARES_ENOMEM;
        o.resolvconf_path = path;
        mask |= ARES_OPT_RESOLVCONF;
    }
    status = ares_init_options(&dns->channel, &o, mask);
    free(path);
    if (status == ARES_SUCCESS && options->servers != NULL) {
        status = ares_set_servers_ports_csv(dns->channel, options->servers);
        if (status != ARES_SUCCESS)
            ares_destroy(dns->channel);
    }
    return status;
}

struct dns *dns_new(struct loop *loop, const struct dns_options *options)
{
    struct dns *dns = calloc(1, sizeof(*dns));

    if (dns == NULL)
        return NULL;
    dns->loop = loop;
    deadline_init(&dns->timer, dns_on_timer, dns);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(dns);
        return NULL;
    }
    if (dns_open(dns, options) != ARES_SUCCESS) {
        ares_library_cleanup();
        free(dns);
        return NULL;
    }
    return dns;
}

/* Frees a channel that was given up and that nobody waits for. */
static void dns_settle(struct dns *dns)
{
    if (!dns->retired || dns->waited > 0)
        return;
    deadline_clear(dns->loop, &dns->timer);
    ares_destroy(dns->channel); /* ends the abandoned requests and all sockets */
    ares_library_cleanup();
    free(dns);
}

void dns_retire(struct dns *dns)
{
    if (dns == NULL)
        return;
    dns->retired = true;
    dns_settle(dns);
}

size_t dns_abandoned(const struct dns *dns)
{
    return dns->abandoned;
}

static struct resolve_result *failure_from_ares(int status)
{
    const char *detail = "the DNS answer was not usable";
    enum outcome outcome = OUTCOME_DNS_ERROR;
    struct resolve_result *r;

    switch (status) {
    case ARES_ENOTFOUND:
        detail = "no such name (NXDOMAIN)";
        break;
    case ARES_ENODATA:
        detail = "the name has no address";
        break;
    case ARES_ETIMEOUT:
        outcome = OUTCOME_DNS_TIMEOUT;
        detail = "no DNS server answered";
        break;
    case ARES_ECONNREFUSED:
        detail = "no DNS server answered";
        break;
    case ARES_EREFUSED:
        detail = "the DNS server refused";
        break;
    case ARES_ESERVFAIL:
        detail = "the DNS server failed (SERVFAIL)";
        break;
    case ARES_EBADNAME:
        detail = "not a valid name";
        break;
    case ARES_ENOMEM:
        return NULL;
    }
    r = resolve_failure_new(outcome, detail);
    if (r != NULL) {
        r->no_such_name = status == ARES_ENOTFOUND;
        r->definitive = status == ARES_ENOTFOUND || status == ARES_ENODATA;
    }
    return r;
}

/* The least time of all records that led to the addresses, aliases included. */
static uint32_t ttl_of(const struct ares_addrinfo *found)
{
    const struct ares_addrinfo_node *node;
    const struct ares_addrinfo_cname *alias;
    int ttl = INT32_MAX;

    for (node = found->nodes; node != NULL; node = node->ai_next)
        ttl = node->ai_ttl < ttl ? node->ai_ttl : ttl;
    for (alias = found->cnames; alias != NULL; alias = alias->next)
        ttl = alias->ttl < ttl ? alias->ttl : ttl;
    return ttl < 0 ? 0 : (uint32_t)ttl;
}

static struct resolve_result *result_from_ares(const struct ares_addrinfo *found)
{
    struct resolve_result *r;
    const struct ares_addrinfo_node *node;
    size_t count = 0;

    for (node = found->nodes; node != NULL; node = node->ai_next)
        count++;
    if (count == 0)
        return failure_from_ares(ARES_ENODATA);
    if (count > RESOLVE_ADDRESS_LIMIT)
        count = RESOLVE_ADDRESS_LIMIT;
    r = resolve_result_new(count);
    if (r == NULL)
        return NULL;
    r->definitive = true;
    r->ttl = ttl_of(found);
    for (node = found->nodes; node != NULL && r->count < count; node = node->ai_next)
        netaddr_from_sockaddr(&r->addresses[r->count++], node->ai_addr,
                              (socklen_t)node->ai_addrlen);
    return r;
}

static void request_on_answer(void *ctx, int status, int timeouts,
                              struct ares_addrinfo *found)
{
    struct dns_request *request = ctx;
    struct dns *dns = request->dns;

    (void)timeouts;
    if (request->state == REQUEST_ABANDONED) {
        dns->abandoned--;
        free(request);
    } else {
        request->state = REQUEST_ANSWERED;
        request->result = status == ARES_SUCCESS && found != NULL
                              ? result_from_ares(found)
                              : failure_from_ares(status);
        defer(dns->loop, &request->delivery);
    }
    if (found != NULL)
        ares_freeaddrinfo(found);
}

static void request_deliver(void *ctx)
{
    struct dns_request *request = ctx;
    struct dns *dns = request->dns;
    dns_callback *callback = request->callback;
    void *callback_ctx = request->ctx;
    struct resolve_result *result = request->result;

    free(request);
    dns->waited--;
    dns_settle(dns);
    callback(callback_ctx, result);
}

struct dns_request *dns_ask(struct dns *dns, const char *name, dns_callback *callback,
                            void *ctx)
{
    static const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct dns_request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        return NULL;
    request->dns = dns;
    request->callback = callback;
    request->ctx = ctx;
    request->state = REQUEST_ASKED;
    deferred_init(&request->delivery, request_deliver, request);
    dns->waited++;
    ares_getaddrinfo(dns->channel, name, NULL, &hints, request_on_answer, request);
    dns_rearm(dns);
    return request;
}

void dns_abandon(struct dns_request *request)
{
    struct dns *dns = request->dns;

    dns->waited--;
    if (request->state == REQUEST_ANSWERED) {
        defer_cancel(&request->delivery);
        resolve_result_unref(request->result);
        free(request);
    } else {
        request->state = REQUEST_ABANDONED;
        dns->abandoned++;
    }
    dns_settle(dns);
}
