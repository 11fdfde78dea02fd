/*
 * sockopt: socket options that more than one place sets.
 */
#ifndef CCGATE_NET_SOCKOPT_H
#define CCGATE_NET_SOCKOPT_H

#include <stdint.h>

/*
 * TCP keepalive after ms of silence; 0 leaves the socket alone. On Linux what is
 * accepted from a listening socket inherits it.
 */
void sockopt_keepalive(int fd, uint64_t ms);

#endif
