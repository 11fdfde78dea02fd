/*
 * system_environment: what of our environment a ccgate-system gets. No secret is among
 * it: of a proxy's URL the userinfo is cut out.
 */
#ifndef CCGATE_ROUTE_SYSTEM_ENVIRONMENT_H
#define CCGATE_ROUTE_SYSTEM_ENVIRONMENT_H

#include <stdbool.h>

/*
 * A new environment out of variables (may be NULL), one block to be freed; NULL when
 * memory is out. With `settings` it has what the desktop's settings and libproxy are
 * found by, too: the proxy variables, XDG_*, the session bus.
 */
char **system_environment(char *const *variables, bool settings);

#endif
