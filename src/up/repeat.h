/*
 * repeat: a login where one was accepted before, which tells a wrong password from a
 * target that the proxy refuses (auth/guard.h). A fresh connection, the target of then:
 * CONNECT, or HEAD where plain HTTP was logged in for. It carries nothing of anybody.
 */
#ifndef CCGATE_UP_REPEAT_H
#define CCGATE_UP_REPEAT_H

#include "up/egress.h"

/*
 * For guard_set_repeater(); ctx is the egress. The hop is looked for among those of its
 * router; without one, and where the login is another one there now, it is impossible.
 */
extern const struct guard_repeater repeat_repeater;

#endif
