/*
 * companion: see companion.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ, pipe2() */
#endif

#include "companion.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "lifeline.h"
#include "reload.h"

#define MESSAGES_LIMIT (1024 * 1024)

/* ---- its configuration ---- */

static const struct config_setting OWN[] = {
    {"listen", "127.0.0.1:0"},
    {"tunnel", ""},
    {"pidfile", ""},
    {"daemon", "false"},
};
enum { OWN_COUNT = sizeof(OWN) / sizeof(OWN[0]) };

static bool is_own(const char *path)
{
    for (size_t i = 0; i < OWN_COUNT; i++)
        if (strcmp(path, OWN[i].path) == 0)
            return true;
    return false;
}

/* The options with settings of our own; free(settings) is due. */
static bool adapt(struct options *to, const struct options *from)
{
    *to = *from;
    to->settings = calloc(from->setting_count + OWN_COUNT + 1, sizeof(*to->settings));
    if (to->settings == NULL)
        return false;
    to->setting_count = 0;
    for (size_t i = 0; i < from->setting_count; i++)
        if (!is_own(from->settings[i].path))
            to->settings[to->setting_count++] = from->settings[i];
    for (size_t i = 0; i < OWN_COUNT; i++)
        to->settings[to->setting_count++] = OWN[i];
    return true;
}

static struct config *load(const struct options *options)
{
    struct config_sources sources = {.file = options->config_file,
                                     .environment = environ,
                                     .settings = options->settings,
                                     .setting_count = options->setting_count,
                                     .interactive = true};
    struct config *config;
    struct buf messages;

    buf_init(&messages, MESSAGES_LIMIT);
    config = reload_now(&sources, &messages);
    fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    return config;
}

/*
 * The terminal is the command's: standard error gets errors only. The level holds for a
 * reload, too.
 */
static struct config *load_quietly(struct options *options)
{
    struct config *config = load(options);

    if (config == NULL || strcmp(config->log.to, "stderr") != 0 ||
        options_setting(options, "log.level") != NULL)
        return config;
    config_unref(config);
    options->settings[options->setting_count++] =
        (struct config_setting){"log.level", "error"};
    return load(options);
}

/* ---- its process ---- */

/* What the command holds open, others may wait for the end of. */
static void close_others(const struct daemon_companion *c)
{
    DIR *folder = opendir("/dev/fd");
    const struct dirent *entry;
    uint64_t fd;

    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (span_to_u64(span_of(entry->d_name), &fd) && fd > 2 &&
            (int)fd != c->lifeline && (int)fd != c->ready && (int)fd != dirfd(folder))
            close((int)fd);
    closedir(folder);
}

static void detach(const struct daemon_companion *c)
{
    sigset_t none;
    int null;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_others(c);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    if (null > 2)
        close(null);
    unsetenv("NOTIFY_SOCKET"); /* the service manager asks for the command's state */
}

/* In the first child: a session of its own, so that no key of the terminal ends it. */
static void leave(const struct options *options, const struct daemon_companion *c)
{
    pid_t child;

    if (setsid() < 0)
        _exit(EXIT_FAILURE);
    child = fork();
    if (child != 0)
        _exit(child < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    detach(c);
    _exit(daemon_accompany(options, c));
}

/* The line with the address; false if it ended before. */
static bool read_address(int fd, struct netaddr *addr)
{
    char line[NETADDR_TEXT];
    struct span host;
    size_t len = 0;
    uint16_t port;
    bool ipv6;
    ssize_t n;

    while (len < sizeof(line)) {
        n = read(fd, line + len, sizeof(line) - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        len += (size_t)n;
        if (line[len - 1] == '\n')
            return authority_parse((struct span){line, len - 1}, &host, &ipv6, &port) ==
                       NULL &&
                   netaddr_from_ip(addr, host, port);
    }
    return false;
}

static bool spawn(const struct options *options, struct config *config,
                  struct netaddr *addr)
{
    struct daemon_companion c = {.config = config, .of = getpid()};
    bool ready = false;
    int pipes[2];
    pid_t child;

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    c.ready = pipes[1];
    c.lifeline = lifeline_of_self();
    child = fork();
    if (child == 0) {
        close(pipes[0]);
        leave(options, &c);
    }
    close(pipes[1]);
    if (c.lifeline >= 0)
        close(c.lifeline);
    if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
        ready = read_address(pipes[0], addr);
    }
    close(pipes[0]);
    return ready;
}

bool companion_start(const struct options *options, struct netaddr *addr)
{
    struct config *config = NULL;
    struct options own;
    bool ready = false;

    if (adapt(&own, options))
        config = load_quietly(&own);
    if (config != NULL) {
        ready = spawn(&own, config, addr);
        if (!ready)
            fputs("ccgate: a ccgate for this command could not be started\n", stderr);
    }
    config_unref(config);
    free(own.settings);
    return ready;
}
