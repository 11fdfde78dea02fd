/*
 * upstream: birth and end of a connection on the way out.
 */
#include "up/upstream.h"

#include <stdlib.h>

struct upstream *upstream_new(void)
{
    return calloc(1, sizeof(struct upstream));
}

void upstream_free(struct upstream *u)
{
    if (!u)
        return;
    if (u->auth && auth_at_stake(u->auth) && !stream_has_ended(u->stream))
        auth_abandon(u->auth);
    auth_free(u->auth);
    stream_close(u->stream);
    route_unref(u->route);
    free(u->key);
    free(u->login_at);
    free(u);
}
