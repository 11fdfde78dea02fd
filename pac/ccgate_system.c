/*
 * ccgate-system: does for ccgate what may block. It has the network and files but no
 * secrets, and may be killed at any time. What it is told and says is in
 * base/system_protocol.h.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pac/desktop.h"
#include "pac/fetch.h"
#include "pac/talk.h"

struct child {
    struct talk talk;
    struct fetch fetch;
    struct desktop desktop;
};

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
    return system_put_answer(&child->talk.out, &child->desktop.answer) == 0;
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
    return system_put_fetched(&child->talk.out, &child->fetch.answer) == 0;
}

static void serve(struct child *child)
{
    struct span body;

    while (talk_next(&child->talk, &body) && answer(child, body))
        ;
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
    if (argc != 1 || !talk_is_possible(SYSTEM_SOCKET_FD))
        return usage();
    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return 1;
    talk_init(&child.talk, SYSTEM_SOCKET_FD, SYSTEM_ASK_LIMIT, SYSTEM_MESSAGE_LIMIT);
    fetch_init(&child.fetch);
    desktop_init(&child.desktop);
    if (system_put_hello(&child.talk.out, &hello) == 0)
        serve(&child);
    /* A lookup that still runs in a thread is not waited for. */
    _exit(0);
}
