/*
 * link: what the parts of the delaying line share.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_HERE  "10.9.0.1"
#define LINK_THERE "10.9.0.2"

enum { LINK_MTU = 1500, LINK_EXIT_FAILED = 125 };

/* Says why, with a line of its own on stderr, and exits with LINK_EXIT_FAILED. */
_Noreturn void link_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts the process into a network namespace of its own and starts its loopback
 * interface; any port can be bound there. Where that is not allowed, it takes a user
 * namespace, too, in which the process keeps its user and group. Exits on failure. */
void link_enter_namespace(void);

/* A TUN device that is up, with LINK_HERE out of 10.9.0.0/24. Returns a non-blocking
 * descriptor, one packet per read and write. Exits on failure. */
int link_open_tun(void);

/* How many packets the kernel dropped because they were not read in time (it keeps
 * 500).
 */
uint64_t link_lost(void);

/* Swaps source and destination of an IPv4 packet from LINK_HERE to another host of
 * 10.9.0.0/24. False for anything else, which is then unchanged. */
bool link_mirror(unsigned char *packet, size_t len);

#endif
