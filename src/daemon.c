/*
 * daemon: start, reload, drain, stop. See daemon.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "daemon.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "background.h"
#include "base/counters.h"
#include "fwd/server.h"
#include "lifeline.h"
#include "net/netwatch.h"
#include "notify.h"
#include "pidfile.h"
#include "reload.h"
#include "verbs.h"

#define MESSAGES_LIMIT (1024 * 1024)

enum daemon_state {
    DAEMON_STARTING,
    DAEMON_RUNNING,
    DAEMON_DRAINING, /* nothing new is accepted; the next order ends it at once */
    DAEMON_ENDING,
};

struct daemon {
    enum daemon_state state;
    struct config_sources sources;
    struct config *config;
    struct loop *loop;
    struct egress *egress;
    struct server *server;
    struct admin *admin;
    struct netwatch *netwatch;
    struct pidfile *pidfile;
    struct status_facts facts;
    struct reload *reload; /* under way, or NULL */
    bool reload_again;     /* it was ordered once more meanwhile */
    bool log_elsewhere;    /* the log is open, and is not standard error */
    int ready;             /* tells the foreground process, or -1 */
    const struct daemon_companion *companion; /* or NULL */
    struct lifeline *lifeline;                /* of its command, or NULL */
    struct buf messages;
};

/* ---- messages ---- */

/* The mark below a source line says nothing in a log; the column stands in the text. */
static bool is_caret(struct span line)
{
    return span_equal(span_trim(line), SPAN("^"));
}

static void log_lines(enum log_level level, const char *event, const struct buf *text)
{
    struct span rest = buf_span(text);
    struct span line;

    while (span_next(&rest, "\n", &line))
        if (line.len > 0 && !is_caret(line))
            LOG_AT(level, event, LOG_SPAN("message", line));
}

/* To standard error, where whoever started us reads it, and to a log elsewhere. */
static void say_failure(struct daemon *d)
{
    verb_say(&d->messages);
    if (d->log_elsewhere)
        log_lines(LOG_LEVEL_ERROR, "start_failed", &d->messages);
}

/* ---- parts of the start and of a reload ---- */

/* In the background standard error is closed, and syslog takes its place. */
static struct log_options log_options_of(const struct config *config)
{
    struct log_options options = config->log;

    if (config->daemon && strcmp(options.to, "stderr") == 0)
        options.to = "syslog";
    return options;
}

static bool open_log(const struct config *config, struct buf *messages)
{
    struct log_options options = log_options_of(config);
    int error = log_open(&options);

    if (error == 0)
        return true;
    (void)buf_printf(messages, "the log %s cannot be opened: %s\n", options.to,
                     strerror(-error));
    return false;
}

/* The admin socket is named after the port that people know. */
static void admin_name(const struct server *server, char *name, size_t size)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        const struct netaddr *addr = listener_addr(server->listeners[i]);

        if (addr->u.sa.sa_family != AF_UNIX) {
            snprintf(name, size, "%u", (unsigned)netaddr_port(addr));
            return;
        }
    }
    snprintf(name, size, "ccgate");
}

static bool open_admin(struct daemon *d, struct buf *messages)
{
    char name[32];

    admin_name(d->server, name, sizeof(name));
    return admin_listen(d->admin, d->config->runtime_dir, name, messages);
}

static void log_listening(const struct listener *listener)
{
    char addr[NETADDR_TEXT];

    netaddr_format(listener_addr(listener), addr);
    LOG_INFO("listening", LOG_TEXT("addr", addr));
}

static void notify_ready(const struct daemon *d)
{
    char addr[NETADDR_TEXT];

    netaddr_format(listener_addr(d->server->listeners[0]), addr);
    notify("READY=1\nMAINPID=%ld\nSTATUS=listening on %s%s\n", (long)getpid(), addr,
           d->facts.last_reload == STATUS_RELOAD_FAILED ? "; the last reload failed"
                                                        : "");
}

/* ---- reload ---- */

static void warn_if_differs(struct buf *messages, const char *key, const char *before,
                            const char *now)
{
    bool same =
        before == NULL || now == NULL ? before == now : strcmp(before, now) == 0;

    if (!same)
        (void)buf_printf(messages, "%s: a new value counts after a restart only\n",
                         key);
}

static void warn_of_restart(const struct config *before, const struct config *now,
                            struct buf *messages)
{
    warn_if_differs(messages, "pidfile", before->pidfile, now->pidfile);
    warn_if_differs(messages, "runtime_dir", before->runtime_dir, now->runtime_dir);
    warn_if_differs(messages, "state_dir", before->state_dir, now->state_dir);
}

/* All of it, or nothing. */
static bool put_in_force(struct daemon *d, struct config *config, struct buf *messages)
{
    if (!open_log(config, messages))
        return false;
    if (!egress_reload(d->egress, config)) {
        (void)buf_append_text(messages, "memory is out\n");
        goto undo_log;
    }
    if (server_reload(d->server, config, messages))
        return true;
    (void)egress_reload(d->egress, d->config);
undo_log:
    (void)open_log(d->config, messages);
    return false;
}

/* The addresses of all listeners; *count of them. NULL when memory is out. */
static struct netaddr *listener_addrs(const struct server *server, size_t *count)
{
    struct netaddr *addrs = calloc(server->listener_count + 1, sizeof(*addrs));

    *count = addrs != NULL ? server->listener_count : 0;
    for (size_t i = 0; i < *count; i++)
        addrs[i] = *listener_addr(server->listeners[i]);
    return addrs;
}

static void log_new_listeners(const struct server *server, const struct netaddr *before,
                              size_t count)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        bool old = false;

        for (size_t j = 0; j < count && !old; j++)
            old = netaddr_equal(listener_addr(server->listeners[i]), &before[j]);
        if (!old)
            log_listening(server->listeners[i]);
    }
}

/* The configuration, which is taken, replaces the one before. */
static bool take_config(struct daemon *d, struct config *config, struct buf *messages)
{
    struct netaddr *before;
    size_t count;

    before = listener_addrs(d->server, &count);
    if (!put_in_force(d, config, messages)) {
        free(before);
        config_unref(config);
        return false;
    }
    warn_of_restart(d->config, config, messages);
    log_new_listeners(d->server, before, count);
    forwards_announce(&d->server->forwards);
    free(before);
    config_unref(d->config);
    d->config = config;
    (void)open_admin(d, messages);
    return true;
}

static void finish_reload(struct daemon *d, bool loaded, struct buf *messages)
{
    d->facts.last_reload = loaded ? STATUS_RELOADED : STATUS_RELOAD_FAILED;
    counter_add(loaded ? COUNTER_RELOADS : COUNTER_RELOADS_FAILED, 1);
    if (loaded) {
        d->facts.loaded_at = (uint64_t)time(NULL);
        if (messages->len > 0)
            log_lines(LOG_LEVEL_WARN, "reload_warning", messages);
        LOG_INFO("reloaded");
    } else {
        log_lines(LOG_LEVEL_ERROR, "reload_failed", messages);
    }
    notify_ready(d);
    admin_reloaded(d->admin, loaded, buf_span(messages));
}

static void start_reload(struct daemon *d);

static void on_loaded(void *ctx, struct config *config, struct buf *messages)
{
    struct daemon *d = ctx;

    d->reload = NULL;
    if (d->reload_again) { /* what was read may be older than the last order */
        config_unref(config);
        start_reload(d);
    } else {
        finish_reload(d, config != NULL && take_config(d, config, messages), messages);
    }
}

static void start_reload(struct daemon *d)
{
    struct config_sources sources = d->sources;

    d->reload_again = false;
    sources.interactive = false;
    sources.previous = d->config;
    d->reload = reload_start(d->loop, &sources, on_loaded, d);
    if (d->reload == NULL) {
        (void)buf_append_text(&d->messages, "memory or file descriptors are out\n");
        finish_reload(d, false, &d->messages);
        buf_reset(&d->messages);
    }
}

static void daemon_reload(void *ctx)
{
    struct daemon *d = ctx;

    if (d->state != DAEMON_RUNNING) {
        admin_reloaded(d->admin, false, SPAN("ccgate is ending\n"));
    } else if (d->reload != NULL) {
        d->reload_again = true;
    } else {
        notify_reloading();
        start_reload(d);
    }
}

/* ---- the end ---- */

static void on_drained(void *ctx)
{
    struct daemon *d = ctx;

    d->state = DAEMON_ENDING;
    loop_stop(d->loop);
}

/* A new ccgate may start at once: it finds the port and the socket's name free. */
static void free_admin_name(struct daemon *d)
{
    char name[32];

    snprintf(name, sizeof(name), ADMIN_DRAINING "%ld", (long)getpid());
    if (!admin_listen(d->admin, d->config->runtime_dir, name, &d->messages))
        log_lines(LOG_LEVEL_WARN, "admin_unavailable", &d->messages);
    buf_reset(&d->messages);
}

static void daemon_stop(void *ctx)
{
    struct daemon *d = ctx;

    if (d->state == DAEMON_DRAINING) {
        LOG_WARN("stopping_at_once", LOG_INT("sessions", d->server->session_count));
        on_drained(d);
    }
    if (d->state != DAEMON_RUNNING)
        return;
    d->state = DAEMON_DRAINING;
    if (d->reload != NULL) {
        reload_cancel(d->reload);
        d->reload = NULL;
        admin_reloaded(d->admin, false, SPAN("ccgate is ending\n"));
    }
    LOG_INFO("stopping", LOG_INT("sessions", d->server->session_count),
             LOG_INT("tunnels", d->server->tunnel_count));
    notify("STOPPING=1\nSTATUS=waiting for %zu open sessions\n",
           d->server->session_count);
    free_admin_name(d);
    server_drain(d->server, d->config->timeout.drain, on_drained, d);
}

/* ---- another network ---- */

static void on_network(void *ctx, const char *why)
{
    struct daemon *d = ctx;

    LOG_INFO("network_changed", LOG_TEXT("why", why));
    if (d->state == DAEMON_RUNNING)
        egress_network_changed(d->egress, d->config);
}

/* ---- signals ---- */

static void on_rotation(void *ctx)
{
    int error = log_reopen();

    (void)ctx;
    if (error != 0)
        LOG_ERROR("log_reopen_failed", LOG_TEXT("error", strerror(-error)));
}

static void on_hangup(void *ctx)
{
    struct daemon *d = ctx;

    /* First: whoever rotates the logs counts on it, however the reload ends. */
    on_rotation(d);
    daemon_reload(d);
}

static bool watch_signals(struct daemon *d)
{
    return loop_signal(d->loop, SIGTERM, daemon_stop, d) == 0 &&
           loop_signal(d->loop, SIGINT, daemon_stop, d) == 0 &&
           loop_signal(d->loop, SIGHUP, on_hangup, d) == 0 &&
           loop_signal(d->loop, SIGUSR1, on_rotation, d) == 0;
}

/* ---- start ---- */

static void on_idle(void *ctx)
{
    (void)ctx;
    log_flush();
}

static bool make_parts(struct daemon *d)
{
    struct admin_options options = {
        .facts = &d->facts, .reload = daemon_reload, .stop = daemon_stop, .ctx = d};

    d->loop = loop_new();
    if (d->loop != NULL)
        d->egress = egress_new(d->loop, d->config);
    if (d->egress != NULL)
        d->server = server_new(d->loop, d->egress, d->config);
    if (d->server != NULL) {
        options.loop = d->loop;
        options.peers = d->server->peers;
        d->facts.server = d->server;
        d->admin = admin_new(&options);
    }
    if (d->admin != NULL)
        d->netwatch = netwatch_new(&(struct netwatch_options){
            .loop = d->loop, .callback = on_network, .ctx = d});
    if (d->admin != NULL && d->netwatch != NULL && watch_signals(d)) {
        loop_on_idle(d->loop, on_idle, d);
        return true;
    }
    (void)buf_append_text(&d->messages, "memory or file descriptors are out\n");
    return false;
}

static bool open_listeners(struct daemon *d)
{
    int first = 0;
    int passed = listener_passed(&first);

    if (!server_listen(d->server, first, passed, &d->messages))
        return false;
    if (d->server->listener_count > 0)
        return true;
    (void)buf_append_text(&d->messages,
                          "this machine has none of the addresses to listen on; "
                          "choose others with --listen\n");
    return false;
}

static bool take_pidfile(struct daemon *d)
{
    if (d->config->pidfile == NULL)
        return true;
    d->pidfile = pidfile_open(d->config->pidfile, &d->messages);
    return d->pidfile != NULL;
}

/* Nobody is left who could use what is open. */
static void on_command_ended(void *ctx)
{
    struct daemon *d = ctx;

    LOG_INFO("command_ended", LOG_INT("pid", d->companion->of));
    daemon_stop(d);
    if (d->state == DAEMON_DRAINING)
        daemon_stop(d);
}

static bool follow_command(struct daemon *d)
{
    const struct daemon_companion *c = d->companion;

    if (c == NULL)
        return true;
    d->lifeline = lifeline_new(d->loop, c->lifeline, c->of, on_command_ended, d);
    if (d->lifeline == NULL)
        (void)buf_append_text(&d->messages, "memory is out\n");
    return d->lifeline != NULL;
}

static void tell_address(const struct daemon *d)
{
    char addr[NETADDR_TEXT];

    netaddr_format(listener_addr(d->server->listeners[0]), addr);
    dprintf(d->companion->ready, "%s\n", addr);
    close(d->companion->ready);
}

static bool daemon_start(struct daemon *d)
{
    if (!open_log(d->config, &d->messages))
        return false;
    d->log_elsewhere = strcmp(log_options_of(d->config).to, "stderr") != 0;
    if (!background_make_folder(d->config->runtime_dir, &d->messages) ||
        !take_pidfile(d) || !make_parts(d) || !open_listeners(d) ||
        !open_admin(d, &d->messages) || !follow_command(d))
        return false;
    d->state = DAEMON_RUNNING;
    for (size_t i = 0; i < d->server->listener_count; i++)
        log_listening(d->server->listeners[i]);
    forwards_announce(&d->server->forwards);
    LOG_INFO("ready", LOG_INT("pid", getpid()), LOG_TEXT("version", PACKAGE_VERSION),
             LOG_TEXT("admin", admin_path(d->admin)));
    log_flush();
    notify_ready(d);
    if (d->ready >= 0)
        background_ready(d->ready);
    if (d->companion != NULL)
        tell_address(d);
    return true;
}

static void daemon_end(struct daemon *d)
{
    int error;

    lifeline_free(d->lifeline);
    netwatch_free(d->netwatch);
    admin_free(d->admin);
    server_free(d->server);
    egress_free(d->egress);
    error = loop_free(d->loop);
    if (error != 0) {
        LOG_ERROR("loop_not_empty", LOG_INT("error", error));
        log_flush();
    }
    assert(error == 0);
    pidfile_close(d->pidfile);
    if (d->state == DAEMON_ENDING)
        LOG_INFO("ended", LOG_INT("pid", getpid()));
    log_close();
}

static int run_here(struct daemon *d)
{
    bool started = daemon_start(d);

    if (started)
        loop_run(d->loop);
    else
        say_failure(d);
    daemon_end(d);
    return started ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_configured(struct daemon *d)
{
    int status = EXIT_FAILURE;

    if (!d->config->daemon)
        return run_here(d);
    switch (background_start(&d->ready, &status)) {
    case BACKGROUND_CHILD:
        return run_here(d);
    case BACKGROUND_PARENT:
        return status;
    case BACKGROUND_FAILED:
        fprintf(stderr, "ccgate: cannot go to the background: %s\n", strerror(errno));
        break;
    }
    return EXIT_FAILURE;
}

static struct daemon daemon_of(const struct options *options)
{
    return (struct daemon){
        .sources = {.file = options->config_file,
                    .environment = environ,
                    .settings = options->settings,
                    .setting_count = options->setting_count,
                    .interactive = true},
        .facts = {.version = PACKAGE_VERSION,
                  .config_file = options->config_file,
                  .started = loop_clock(),
                  .loaded_at = (uint64_t)time(NULL)},
        .ready = -1,
    };
}

static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* inherited as ignored, the end of children is lost */
    background_raise_files();
}

int daemon_run(const struct options *options)
{
    struct daemon d = daemon_of(options);
    int status = 2;

    buf_init(&d.messages, MESSAGES_LIMIT);
    prepare_process();
    d.config = reload_now(&d.sources, &d.messages);
    fprintf(stderr, "%.*s", SPAN_ARG(buf_span(&d.messages)));
    buf_reset(&d.messages);
    if (d.config != NULL)
        status = run_configured(&d);
    config_unref(d.config);
    buf_clear(&d.messages);
    return status;
}

int daemon_accompany(const struct options *options,
                     const struct daemon_companion *companion)
{
    struct daemon d = daemon_of(options);
    int status;

    buf_init(&d.messages, MESSAGES_LIMIT);
    prepare_process();
    d.config = companion->config;
    d.companion = companion;
    d.facts.ends_with = companion->of;
    status = run_here(&d);
    config_unref(d.config);
    buf_clear(&d.messages);
    return status;
}
