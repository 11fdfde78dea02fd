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

/* RFC 8305 section 3: how long addresses of one family wait for the other family. */
#define DNS_RESOLUTION_DELAY 50

/* Seconds that addresses are kept for when the other family never answered. */
#define DNS_PARTIAL_TTL 5

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

/*
 * One question to c-ares. It outlives its request if c-ares has not answered by then,
 * since c-ares cannot cancel a single one.
 */
struct dns_half {
    struct dns *dns;
    struct dns_request *request; /* NULL: abandoned */
    bool answered;
    struct resolve_result *result; /* NULL though answered: memory was out */
};

enum { HALF_SIX, HALF_FOUR, HALVES };

struct dns_request {
    struct dns *dns;
    struct dns_half *halves[HALVES];
    struct deadline delay;
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

/* ---- two families, one result ---- */

static size_t count_of(const struct dns_half *half)
{
    return half->result != NULL ? half->result->count : 0;
}

/* What a server said, as opposed to silence, which has no answer or a timeout. */
static bool half_is_definitive(const struct dns_half *half)
{
    return half->result != NULL && half->result->definitive;
}

/* Neither family may crowd out the other: dial needs both to fall back. */
static struct resolve_result *join_found(const struct dns_half *six,
                                         const struct dns_half *four)
{
    const struct dns_half *halves[] = {six, four};
    size_t room = RESOLVE_ADDRESS_LIMIT, half = room / 2;
    size_t limit[] = {count_of(six), count_of(four)};
    struct resolve_result *r;

    if (limit[0] > half && limit[0] + limit[1] > room)
        limit[0] = limit[1] < half ? room - limit[1] : half;
    if (limit[1] > room - limit[0])
        limit[1] = room - limit[0];
    r = resolve_result_new(limit[0] + limit[1]);
    if (r == NULL)
        return NULL;
    r->definitive = true;
    r->ttl = UINT32_MAX;
    for (size_t i = 0; i < HALVES; i++) {
        if (!half_is_definitive(halves[i]) && r->ttl > DNS_PARTIAL_TTL)
            r->ttl = DNS_PARTIAL_TTL;
        if (limit[i] == 0)
            continue;
        if (r->ttl > halves[i]->result->ttl)
            r->ttl = halves[i]->result->ttl;
        memcpy(&r->addresses[r->count], halves[i]->result->addresses,
               limit[i] * sizeof(r->addresses[0]));
        r->count += limit[i];
    }
    return r;
}

/*
 * RFC 8020: NXDOMAIN is said of a name, not of a type. From a server that says it of
 * one type only, it means no more than that the type is missing.
 */
static struct resolve_result *join_failed(const struct dns_half *six,
                                          const struct dns_half *four)
{
    bool six_said = half_is_definitive(six), four_said = half_is_definitive(four);
    const struct dns_half *other = six_said ? four : six;
    struct resolve_result *r;

    if (six_said && four_said)
        return six->result->no_such_name == four->result->no_such_name
                   ? resolve_result_ref(six->result)
                   : failure_from_ares(ARES_ENODATA);
    if (!six_said && !four_said) {
        if (six->result == NULL || six->result->outcome == OUTCOME_DNS_TIMEOUT)
            other = four->result != NULL ? four : six;
        return resolve_result_ref(other->result);
    }
    if (other->result != NULL && other->result->outcome != OUTCOME_DNS_TIMEOUT)
        return resolve_result_ref(other->result);
    r = failure_from_ares(ARES_ENODATA);
    if (r != NULL)
        r->definitive = false; /* half of it was never said: not to be kept */
    return r;
}

struct resolve_result *dns_known(const struct dns_request *request)
{
    const struct dns_half *six = request->halves[HALF_SIX];
    const struct dns_half *four = request->halves[HALF_FOUR];

    if (six == NULL)
        return resolve_result_ref(four->result);
    return count_of(six) + count_of(four) > 0 ? join_found(six, four)
                                              : join_failed(six, four);
}

/* ---- requests ---- */

/* Ends the request but not what c-ares still works on. */
void dns_abandon(struct dns_request *request)
{
    struct dns *dns = request->dns;

    deadline_clear(dns->loop, &request->delay);
    defer_cancel(&request->delivery);
    for (size_t i = 0; i < HALVES; i++) {
        struct dns_half *half = request->halves[i];

        if (half != NULL && !half->answered) {
            half->request = NULL;
            dns->abandoned++;
        } else if (half != NULL) {
            resolve_result_unref(half->result);
            free(half);
        }
    }
    free(request);
    dns->waited--;
    dns_settle(dns);
}

static void request_deliver(void *ctx)
{
    struct dns_request *request = ctx;
    dns_callback *callback = request->callback;
    void *callback_ctx = request->ctx;
    struct resolve_result *result = dns_known(request);

    dns_abandon(request);
    callback(callback_ctx, result);
}

/* After an answer: is it time to deliver, or to wait a moment for the other family? */
static void request_advance(struct dns_request *request)
{
    size_t missing = 0, found = 0;

    for (size_t i = 0; i < HALVES; i++) {
        const struct dns_half *half = request->halves[i];

        if (half != NULL) {
            missing += half->answered ? 0 : 1;
            found += count_of(half);
        }
    }
    if (missing == 0) {
        deadline_clear(request->dns->loop, &request->delay);
        defer(request->dns->loop, &request->delivery);
    } else if (found > 0) {
        deadline_set(request->dns->loop, &request->delay, DNS_RESOLUTION_DELAY);
    }
}

static void half_on_answer(void *ctx, int status, int timeouts,
                           struct ares_addrinfo *found)
{
    struct dns_half *half = ctx;

    (void)timeouts;
    if (half->request == NULL) {
        half->dns->abandoned--;
        free(half);
    } else {
        half->answered = true;
        half->result = status == ARES_SUCCESS && found != NULL
                           ? result_from_ares(found)
                           : failure_from_ares(status);
        request_advance(half->request);
    }
    if (found != NULL)
        ares_freeaddrinfo(found);
}

/*
 * A name in the hosts file belongs to it altogether. Asked for one family at a time,
 * c-ares would go to DNS for the family that the file does not have.
 */
static bool name_is_in_hosts(struct dns *dns, const char *name)
{
    struct hostent *host = NULL;
    bool found =
        ares_gethostbyname_file(dns->channel, name, AF_UNSPEC, &host) == ARES_SUCCESS;

    if (host != NULL)
        ares_free_hostent(host);
    return found;
}

static struct dns_half *half_new(struct dns_request *request)
{
    struct dns_half *half = calloc(1, sizeof(*half));

    if (half != NULL) {
        half->dns = request->dns;
        half->request = request;
    }
    return half;
}

static void half_ask(struct dns_half *half, const char *name, int family)
{
    const struct ares_addrinfo_hints hints = {
        .ai_family = family,
        .ai_socktype = SOCK_STREAM,
    };

    ares_getaddrinfo(half->dns->channel, name, NULL, &hints, half_on_answer, half);
}

struct dns_request *dns_ask(struct dns *dns, const char *name, dns_callback *callback,
                            void *ctx)
{
    struct dns_request *request = calloc(1, sizeof(*request));
    bool one = name_is_in_hosts(dns, name);

    if (request == NULL)
        return NULL;
    request->dns = dns;
    request->callback = callback;
    request->ctx = ctx;
    deadline_init(&request->delay, request_deliver, request);
    deferred_init(&request->delivery, request_deliver, request);
    request->halves[HALF_FOUR] = half_new(request);
    if (!one)
        request->halves[HALF_SIX] = half_new(request);
    if (request->halves[HALF_FOUR] == NULL ||
        (!one && request->halves[HALF_SIX] == NULL)) {
        free(request->halves[HALF_FOUR]);
        free(request->halves[HALF_SIX]);
        free(request);
        return NULL;
    }
    dns->waited++;
    half_ask(request->halves[HALF_FOUR], name, one ? AF_UNSPEC : AF_INET);
    if (!one)
        half_ask(request->halves[HALF_SIX], name, AF_INET6);
    dns_rearm(dns);
    return request;
}
