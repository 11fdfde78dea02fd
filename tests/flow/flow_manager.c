/*
 * flow: the service manager, played for ccgate: a passed socket (LISTEN_FDS), readiness
 * (NOTIFY_SOCKET), credentials (CREDENTIALS_DIRECTORY).
 */
#include "flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED 3 /* SD_LISTEN_FDS_START */

static int passed = -1;
static int notify = -1;
static char notify_path[96];
static bool credentials;
static struct bytes notified;

void manager_pass_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    passed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (passed < 0 || bind(passed, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(passed, 64) != 0)
        flow_fail("the socket to be passed: %s", strerror(errno));
}

void manager_notify_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(notify_path, sizeof(notify_path), "%s/notify", daemon_directory());
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", notify_path);
    notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify < 0 || bind(notify, (struct sockaddr *)&address, sizeof(address)) != 0)
        flow_fail("%s: %s", notify_path, strerror(errno));
}

void manager_credential(const char *name, const void *text, size_t len)
{
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/credentials", daemon_directory());
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        flow_fail("%s: %s", path, strerror(errno));
    snprintf(path, sizeof(path), "%s/credentials/%.32s", daemon_directory(), name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len)
        flow_fail("%s: %s", path, strerror(errno));
    close(fd);
    credentials = true;
}

void manager_enter(void)
{
    char text[128];

    if (passed >= 0) {
        /* dup2() of a descriptor onto itself would leave close-on-exec set. */
        if (passed == FIRST_PASSED ? fcntl(passed, F_SETFD, 0) != 0
                                   : dup2(passed, FIRST_PASSED) < 0)
            _exit(126);
        snprintf(text, sizeof(text), "%d", (int)getpid());
        setenv("LISTEN_PID", text, 1);
        setenv("LISTEN_FDS", "1", 1);
    }
    if (notify >= 0)
        setenv("NOTIFY_SOCKET", notify_path, 1);
    if (credentials) {
        snprintf(text, sizeof(text), "%s/credentials", daemon_directory());
        setenv("CREDENTIALS_DIRECTORY", text, 1);
    }
}

/* Messages are kept as lines; one that was expected is taken out, with all before it.
 */
void manager_expect(const char *text)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);
    char message[1024];

    if (notify < 0)
        flow_fail("no notification socket was opened");
    for (;;) {
        const char *found = notified.len == 0 ? NULL : strstr(notified.at, text);
        struct pollfd p = {.fd = notify, .events = POLLIN};
        ssize_t n;

        if (found != NULL) {
            bytes_drop(&notified, (size_t)(found - notified.at) + strlen(text));
            return;
        }
        if (flow_now() > deadline)
            flow_fail("no notification has \"%s\", only \"%s\"", text,
                      bytes_show(notified.at, notified.len));
        if (poll(&p, 1, 50) <= 0)
            continue;
        n = recv(notify, message, sizeof(message), 0);
        if (n > 0) {
            bytes_add(&notified, message, (size_t)n);
            bytes_text(&notified, "\n");
        }
    }
}
