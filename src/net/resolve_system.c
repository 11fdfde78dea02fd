/*
 * resolve_system: getaddrinfo() in the thread pool, for what only the system's resolver
 * knows (mDNS, sssd, scoped resolvers).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* EAI_NODATA */
#endif

#include "net/resolve_parts.h"

#include <netdb.h>
#include <stdlib.h>

/* getaddrinfo() does not tell how long its answer holds. */
#define SYSTEM_TTL 10

/* Belongs to the pool's thread until the run has ended. */
struct job {
    struct resolve_result *result;
    char *name;
};

struct sysdns {
    struct work *work;
    struct job *job;
    dns_callback *callback;
    void *ctx;
};

static void job_free(void *arg)
{
    struct job *job = arg;

    resolve_result_unref(job->result);
    free(job->name);
    free(job);
}

static struct resolve_result *failure_from_gai(int error)
{
    const char *detail = "the system's resolver failed";
    enum outcome outcome = OUTCOME_DNS_ERROR;
    struct resolve_result *r;
    bool definitive = false;

    switch (error) {
    case EAI_NONAME:
        detail = "no such name";
        definitive = true;
        break;
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
        detail = "the name has no address";
        definitive = true;
        break;
#endif
    case EAI_AGAIN:
        detail = "no DNS server answered";
        break;
    case EAI_FAIL:
        detail = "the DNS server refused";
        break;
    case EAI_MEMORY:
        return NULL;
    }
    r = resolve_failure_new(outcome, detail);
    if (r != NULL) {
        r->no_such_name = error == EAI_NONAME;
        r->definitive = definitive;
    }
    return r;
}

static struct resolve_result *result_from_gai(const struct addrinfo *found)
{
    struct resolve_result *r = resolve_result_new(RESOLVE_ADDRESS_LIMIT);

    if (r == NULL)
        return NULL;
    r->definitive = true;
    r->ttl = SYSTEM_TTL;
    for (; found != NULL && r->count < RESOLVE_ADDRESS_LIMIT; found = found->ai_next)
        netaddr_from_sockaddr(&r->addresses[r->count++], found->ai_addr,
                              found->ai_addrlen);
    return r;
}

static void job_run(void *arg)
{
    struct job *job = arg;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(job->name, NULL, &hints, &found);

    job->result =
        error != 0 || found == NULL ? failure_from_gai(error) : result_from_gai(found);
    if (found != NULL)
        freeaddrinfo(found);
}

static void sysdns_on_done(void *ctx)
{
    struct sysdns *request = ctx;
    dns_callback *callback = request->callback;
    void *callback_ctx = request->ctx;
    struct resolve_result *result = request->job->result;

    request->job->result = NULL;
    free(request);
    callback(callback_ctx, result);
}

struct sysdns *sysdns_ask(struct loop *loop, const char *name, dns_callback *callback,
                          void *ctx)
{
    struct sysdns *request = calloc(1, sizeof(*request));
    struct job *job = calloc(1, sizeof(*job));

    if (request == NULL || job == NULL)
        goto out;
    job->name = span_dup(span_of(name));
    if (job->name == NULL)
        goto out;
    request->job = job;
    request->callback = callback;
    request->ctx = ctx;
    request->work = work_start(loop, job_run, job, job_free, sysdns_on_done, request);
    if (request->work != NULL)
        return request;
out:
    if (job != NULL)
        job_free(job);
    free(request);
    return NULL;
}

void sysdns_abandon(struct sysdns *request)
{
    work_leave(request->work);
    free(request);
}
