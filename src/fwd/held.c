/*
 * held: one slot. A login at a second server takes the place of the first one's.
 */
#include "fwd/held.h"

#include <stdlib.h>

#include "base/buf.h"

#define AUTHORITY_LIMIT 512

void held_init(struct held *held, struct loop *loop)
{
    *held = (struct held){.loop = loop};
}

void held_clear(struct held *held)
{
    upstream_free(held->upstream);
    held->upstream = NULL;
}

static char *authority_of(const struct url *url)
{
    struct buf text;

    buf_init(&text, AUTHORITY_LIMIT);
    int error = buf_printf(&text, "%.*s:%u", SPAN_ARG(url->host), url->port);
    char *authority = error ? NULL : span_dup(buf_span(&text));
    buf_clear(&text);
    return authority;
}

bool held_mark(struct upstream *upstream, const struct url *url)
{
    if (!upstream->login_at)
        upstream->login_at = authority_of(url);
    return upstream->login_at != NULL;
}

/* It ended, or speaks without having been asked. */
static void held_spoke(void *ctx, unsigned events)
{
    (void)events;
    held_clear(ctx);
}

void held_put(struct held *held, struct upstream *upstream)
{
    held_clear(held);
    held->upstream = upstream;
    held->since = loop_now(held->loop);
    stream_on_event(upstream->stream, held_spoke, held);
    stream_want(upstream->stream, STREAM_READ);
}

static bool is_for(const struct upstream *upstream, const struct url *url)
{
    char *authority = authority_of(url);
    bool same =
        authority && span_equal_nocase(span_of(authority), span_of(upstream->login_at));

    free(authority);
    return same;
}

struct upstream *held_take(struct held *held, const struct url *url)
{
    struct upstream *upstream = held->upstream;

    if (!upstream || !is_for(upstream, url))
        return NULL;
    if (!stream_is_quiet(upstream->stream)) {
        held_clear(held);
        return NULL;
    }
    held->upstream = NULL;
    upstream->reused = true;
    upstream->idle_ms = loop_now(held->loop) - held->since;
    stream_want(upstream->stream, 0);
    return upstream;
}
