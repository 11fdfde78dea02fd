/*
 * auth_test: `ccgate auth test`: one login, as the daemon would make it.
 */
#ifndef CCGATE_AUTH_TEST_H
#define CCGATE_AUTH_TEST_H

#include "config/config.h"
#include "route/route.h"

/*
 * Opens a tunnel for the request, whose host stays, and prints what the proxy offered,
 * what was chosen and what came back, through the guard that all instances of this user
 * share. environment: for the route. The exit status: 0 when the tunnel opened.
 */
int auth_test(struct config *config, char *const *environment,
              const struct route_request *request, bool json);

#endif
