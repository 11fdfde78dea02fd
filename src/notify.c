/*
 * notify: see notify.h.
 */
#include "notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/netaddr.h"

static void send_text(const struct netaddr *to, struct span text)
{
    /* The queue of a busy manager may be full for a moment, but must not hold us long.
     */
    struct timeval limit = {.tv_sec = 1};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (sendto(fd, text.at, text.len, MSG_NOSIGNAL, &to->u.sa, to->len) < 0)
        LOG_WARN("notify_failed", LOG_TEXT("socket", getenv("NOTIFY_SOCKET")));
    close(fd);
}

void notify(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct netaddr to;
    char text[512];
    va_list ap;
    int n;

    if (path == NULL || !netaddr_from_path(&to, span_of(path)))
        return;
    va_start(ap, format);
    n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < sizeof(text))
        send_text(&to, (struct span){text, (size_t)n});
}

void notify_reloading(void)
{
    notify("RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading the configuration\n",
           (unsigned long long)(loop_clock() / 1000));
}
