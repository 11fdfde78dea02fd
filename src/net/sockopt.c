/*
 * sockopt: socket options that more than one place sets.
 */
#include "net/sockopt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void sockopt_keepalive(int fd, uint64_t ms)
{
    int on = 1, seconds = (int)((ms + 999) / 1000);

    if (ms == 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
#endif
}
