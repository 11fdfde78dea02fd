/*
 * sandbox: takes away from this process what running a script does not need.
 */
#ifndef CCGATE_PAC_SANDBOX_H
#define CCGATE_PAC_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Before it: reads the zone of the process, so that local times need no file later, and
 * asks the kernel to end us with our parent. Descriptors above last_fd are closed.
 */
void sandbox_prepare(int last_fd);

/*
 * Closes it for good: no new privileges, no core, no files, no processes, no network,
 * and no more than address_space bytes of memory. Returns what is active, as bits of
 * enum pac_sandbox; what this system does not have is left out.
 */
uint32_t sandbox_enter(size_t address_space);

#endif
