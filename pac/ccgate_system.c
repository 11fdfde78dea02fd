/*
 * ccgate-system: does for ccgate what may block. It has the network and files but no
 * secrets, and may be killed at any time. What it is told and says is in
 * base/system_protocol.h.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pac/desktop.h"
#include "pac/fetch.h"

struct child {
    struct buf in;
    struct buf out;
    struct fetch fetch;
    struct desktop desktop;
};

static bool send_out(struct child *child)
{
    while (child->out.len > 0) {
        struct span left = buf_span(&child->out);
        ssize_t n = send(SYSTEM_SOCKET_FD, left.at, left.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_consume(&child->out, (size_t)n);
    }
    return true;
}

/* Waits for a whole message. False at the end of the socket, or if it is no message. */
static bool receive(struct child *child, struct span *body, size_t *size)
{
    for (;;) {
        long taken = wire_take(buf_span(&child->in), SYSTEM_ASK_LIMIT, body);
        ssize_t n;

        if (taken > 0) {
            *size = (size_t)taken;
            return true;
        }
        if (taken < 0 || buf_reserve(&child->in, 1) != 0)
            return false;
        n = read(SYSTEM_SOCKET_FD, buf_tail(&child->in), buf_room(&child->in));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        buf_commit(&child->in, (size_t)n);
    }
}

static bool answer_ask(struct child *child, const struct system_ask *ask)
{
    char *text = span_dup(ask->text);

    if (text == NULL)
        return false;
    if (ask->type == SYSTEM_PROXY)
        desktop_proxy(&child->desktop, text);
    else
        desktop_wpad(&child->desktop, "", ask->text, desktop_lookup_name);
    free(text);
    return system_put_answer(&child->out, &child->desktop.answer) == 0;
}

static bool answer(struct child *child, struct span body)
{
    struct system_fetch fetch;
    struct system_ask ask;

    if (system_get_ask(body, &ask))
        return answer_ask(child, &ask);
    if (!system_get_fetch(body, &fetch))
        return false;
    fetch_run(&child->fetch, &fetch);
    return system_put_fetched(&child->out, &child->fetch.answer) == 0;
}

static void serve(struct child *child)
{
    struct span body;
    size_t size;

    while (send_out(child) && receive(child, &body, &size)) {
        if (!answer(child, body))
            return;
        buf_consume(&child->in, size);
    }
}

static bool is_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int usage(void)
{
    (void)fputs("ccgate-system fetches PAC files for ccgate, which starts it.\n"
                "usage: ccgate-system --version\n",
                stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    struct system_hello hello = {.fetcher = span_of(fetch_library())};
    struct child child = {0};

    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("ccgate-system %s (%s)\n", PACKAGE_VERSION, fetch_library());
        return 0;
    }
    if (argc != 1 || !is_socket(SYSTEM_SOCKET_FD))
        return usage();
    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return 1;
    buf_init(&child.in, SYSTEM_ASK_LIMIT + WIRE_LENGTH);
    buf_init(&child.out, SYSTEM_MESSAGE_LIMIT);
    fetch_init(&child.fetch);
    desktop_init(&child.desktop);
    if (system_put_hello(&child.out, &hello) == 0)
        serve(&child);
    /* A lookup that still runs in a thread is not waited for. */
    _exit(0);
}
