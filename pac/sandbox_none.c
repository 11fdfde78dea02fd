/*
 * sandbox_none: systems without seccomp and Landlock; resource limits only.
 */
#include "pac/sandbox.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/pac_protocol.h"

void sandbox_prepare(int last_fd)
{
    time_t now = time(NULL);
    struct tm tm;

    tzset();
    (void)localtime_r(&now, &tm);
    for (int fd = last_fd + 1; fd < 1024; fd++)
        (void)close(fd);
}

uint32_t sandbox_enter(size_t address_space)
{
    struct rlimit none = {0, 0};
    struct rlimit memory = {address_space, address_space};
    uint32_t active = 0;

    if (setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &none) == 0)
        active |= PAC_SANDBOX_RLIMITS;
    if (setrlimit(RLIMIT_AS, &memory) == 0)
        active |= PAC_SANDBOX_ADDRESS_SPACE;
    return active;
}
