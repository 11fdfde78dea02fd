/*
 * auth_status: `ccgate auth status` and `ccgate auth rearm`: what the guard's state
 * file says about logins. No running ccgate is needed.
 */
#ifndef CCGATE_AUTH_STATUS_H
#define CCGATE_AUTH_STATUS_H

#include "options.h"

int auth_status(const struct options *options);

/* Of one user, or of all without an operand. */
int auth_rearm(const struct options *options);

#endif
