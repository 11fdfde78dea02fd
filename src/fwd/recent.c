/*
 * recent: a ring of the requests that ended last.
 */
#include "fwd/recent.h"

#include <stdlib.h>
#include <string.h>

#include "base/loop.h"

static void empty(struct recent_request *r)
{
    access_clear(&r->access);
    route_unref(r->route);
    free(r->hop);
    free(r->why);
    free(r->detail);
    *r = (struct recent_request){.route = NULL};
}

/* Keeps the words and drops the route, which holds the configuration and its logins. */
static void let_go(struct recent_request *r)
{
    if (r->route == NULL)
        return;
    if (r->access.hop != NULL)
        r->access.hop = r->hop = span_dup(span_of(r->access.hop));
    if (r->access.why != NULL)
        r->access.why = r->why = span_dup(span_of(r->access.why));
    route_unref(r->route);
    r->route = NULL;
}

static void client_keep(struct recent_request *r, struct span client)
{
    if (client.len >= sizeof(r->client))
        client.len = sizeof(r->client) - 1;
    memcpy(r->client, client.at, client.len); /* the rest of it is zero */
}

void recent_put(struct recent *recent, const struct recent_options *o)
{
    struct recent_request *r = &recent->list[recent->next];

    empty(r);
    recent->next = (recent->next + 1) % RECENT_REQUESTS;
    r->access = *o->access;
    *o->access = (struct access){0};
    client_keep(r, span_of(o->client));
    r->uid = o->uid;
    r->own_caller = o->own_caller;
    r->route = o->route != NULL ? route_ref(o->route) : NULL;
    r->outcome = o->outcome;
    r->detail = o->detail != NULL ? span_dup(span_of(o->detail)) : NULL;
    r->ended = loop_clock();
    if (!o->in_force)
        let_go(r);
}

void recent_reloaded(struct recent *recent)
{
    for (size_t i = 0; i < RECENT_REQUESTS; i++)
        let_go(&recent->list[i]);
}

const struct recent_request *recent_find(const struct recent *recent, request_id id)
{
    for (size_t i = 0; i < RECENT_REQUESTS; i++)
        if (id != 0 && recent->list[i].access.trail.id == id)
            return &recent->list[i];
    return NULL;
}

void recent_clear(struct recent *recent)
{
    for (size_t i = 0; i < RECENT_REQUESTS; i++)
        empty(&recent->list[i]);
}
