/*
 * system_environment: what of our environment a ccgate-system gets. No secret is among
 * it: of the proxy variables, which may hold passwords, it gets none.
 */
#ifndef CCGATE_ROUTE_SYSTEM_ENVIRONMENT_H
#define CCGATE_ROUTE_SYSTEM_ENVIRONMENT_H

#include <stdbool.h>

/*
 * A new environment out of variables (may be NULL), one block to be freed; NULL when
 * memory is out. With `settings` it has what the desktop's settings are found by, too:
 * XDG_*, the session bus.
 */
char **system_environment(char *const *variables, bool settings);

#endif
