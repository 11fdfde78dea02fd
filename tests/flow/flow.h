/*
 * flow: runs client/proxy/origin triples that are written as data. One flow file holds
 * a configuration for ccgate and steps, each done by a named actor, in the file's
 * order. The words of the files are explained in README.
 *
 * A flow runs in a process of its own: what goes wrong ends it by flow_fail(), and the
 * kernel closes what is open.
 */
#ifndef CCGATE_TESTS_FLOW_H
#define CCGATE_TESTS_FLOW_H

/* Included first everywhere: memmem() and the like. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define FLOW_WORDS    16
#define FLOW_DEADLINE 5000 /* ms; FLOW_PATIENCE multiplies it */

/* Bytes that grow; always NUL-terminated once something was added. */
struct bytes {
    char *at;
    size_t len;
    size_t capacity;
};

void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_text(struct bytes *b, const char *text);
void bytes_drop(struct bytes *b, size_t len);
/* Whether the bytes have that piece anywhere. */
bool bytes_have(const struct bytes *b, const void *piece, size_t len);
/* The piece for a message: printable, and not too long. The last few results stay
 * valid. */
const char *bytes_show(const void *piece, size_t len);

/* ---- the file: flow_parse.c ---- */

struct word {
    bool quoted;
    struct bytes text; /* escapes resolved, placeholders not */
};

struct step {
    int line;
    size_t count;
    struct word words[FLOW_WORDS];
    char *block; /* the lines between { and }, or NULL */
};

struct flow {
    const char *path;
    char name[128];
    struct step *steps;
    size_t count;
};

void flow_parse(struct flow *flow, const char *path);
void flow_clear(struct flow *flow);

/* ---- failure, time: flow_base.c ---- */

extern int flow_line; /* of the current step */

/* Ends the flow as failed, or as skipped. */
void flow_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void flow_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Called once before a failed flow ends, with a place to write notes to. */
void flow_on_failure(void (*hook)(FILE *out));

int64_t flow_now(void);            /* ms, monotonic */
int64_t flow_deadline(int64_t ms); /* that long from now, times FLOW_PATIENCE */
/* Waits a moment for something that gives no event (a file, /proc). */
void flow_breathe(void);

/* Replaces @name@ by what it stands for; flow_place() is the lookup. */
void flow_expand(struct bytes *out, const char *text, size_t len);

/* ---- actors: flow_net.c, flow_listen.c ---- */

struct actor {
    char name[32];
    int fd;            /* -1: not connected */
    struct bytes in;   /* received, not yet used */
    struct bytes head; /* the last head that was read */
    struct bytes body; /* the last body */
    bool body_read;
    struct bytes out; /* to be sent */
    uint64_t flood;   /* bytes of the pattern to be sent after it */
    uint64_t flood_sent;
    bool fin_due;
    bool eof;
    bool reset;
};

/* Never NULL: an unknown name makes a new actor. */
struct actor *actor_find(const char *name);
struct actor *actor_connected(const char *name);
void actor_close_all(void);
/* Whether any actor named client... ever received the piece. */
bool actor_clients_saw(const char *piece);

void actor_connect(struct actor *a, const char *address);
/* The name of the listener that an actor belongs to: its own, up to a dot. */
void actor_listener(const struct actor *a, char name[32]);
void actor_accept(struct actor *a, int64_t deadline);
void actor_send(struct actor *a, const void *data, size_t len);
void actor_send_slow(struct actor *a, const void *data, size_t len);
/* 64 KiB in the kernel for either direction, so that a stall shows early. */
void actor_small_buffers(struct actor *a);
void actor_shutdown(struct actor *a);
void actor_close(struct actor *a, bool reset);

/* Sends what is due, and reads from `reader` (or nobody) once; false at the deadline.
 */
bool actor_pump(struct actor *reader, int64_t deadline);
/* Until `in` has len bytes; false if the connection ended or the time is over. */
bool actor_fill(struct actor *a, size_t len, int64_t deadline);
/* Until everything is handed to the kernel. */
void actor_flush(struct actor *a);
/* Until the connection ended, discarding. */
void actor_drain(struct actor *a, int64_t deadline);

/* The bytes of a flood at that offset. */
void flood_pattern(char *out, size_t len, uint64_t offset);

/* The listener of that name is opened at first use. "127.0.0.1:PORT". */
const char *listener_address(const char *name);
int listener_fd(const char *name);
bool listener_has_connection(const char *name);
void listener_close_all(void);
/* What @name@ stands for, or NULL. */
const char *flow_place(const char *name);
/* Makes @name@ stand for the text from now on. */
void flow_remember(const char *name, const char *text);

/* ---- messages: flow_http.c ---- */

void http_read_head(struct actor *a, bool request);
void http_read_body(struct actor *a);
/* Whether the last head says how long its body is. */
bool http_has_length(const struct actor *a);
void http_expect_status(struct actor *a, int status);
/* A field line that is there, or none with that start. */
void http_expect_field(struct actor *a, const char *line, bool wanted);
/* The value of a field of the last head; fails the flow when there is none. */
const char *http_field(const struct actor *a, const char *name);
void http_expect_first_line(struct actor *a, const char *line);

/* ---- ccgate and its service manager: flow_daemon.c, flow_manager.c ---- */

struct daemon_options {
    struct bytes config;
    char *arguments[32];
    size_t argument_count;
    char *environment[32];
    size_t environment_count;
    bool no_common;       /* the configuration is taken as it is */
    uint64_t descriptors; /* RLIMIT_NOFILE, 0: as it is */
};

extern struct daemon_options daemon_options;
extern const char *flow_relay; /* "copy" or "splice" */

const char *daemon_directory(void);
void daemon_write_config(const char *text);
void daemon_start(void);
bool daemon_started(void);
/* It must end by itself with that code. */
void daemon_start_fails(int code);
void daemon_signal(const char *name);
void daemon_expect_exit(int code, int64_t ms);
const char *daemon_address(size_t which);
const char *daemon_admin(void);
/* All that it wrote to standard error so far. */
const struct bytes *daemon_log(void);
void daemon_fds_settle(void);
void daemon_rss_below(uint64_t bytes);
/* Processor time since the start, in ms. */
void daemon_cpu_below(uint64_t ms);
/* A verb: `ccgate WORDS [--config=FILE]`. Its output stays in run_output. */
void daemon_run(int code, char *const *words, size_t count, bool with_config);
extern struct bytes run_output;
/* The checks that end every flow. */
void daemon_finish(void);

/* Prepares what the service manager gives; called before the start. */
void manager_pass_socket(void);
void manager_notify_open(void);
void manager_credential(const char *name, const void *text, size_t len);
/* In the child: descriptors and variables. */
void manager_enter(void);
void manager_expect(const char *text);

/* ---- steps: flow_steps.c ---- */

void flow_run(const struct flow *flow);

#endif
