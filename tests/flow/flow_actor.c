/*
 * flow: the steps of an actor ("client send ..."). README explains each.
 */
#include "flow_verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* connect [ADDRESS | admin] [as UID] */
static void on_connect(struct actor *a, const struct arguments *arguments)
{
    size_t as = arguments->count >= 2 ? arguments->count - 2 : 0;
    bool other = arguments->count >= 2 && arguments_word_is(arguments, as, "as");
    bool named = arguments->count > (other ? 2U : 0U);

    if (other && seteuid((uid_t)arguments_number(arguments, as + 1)) != 0)
        flow_fail("seteuid: %s", strerror(errno));
    if (!named)
        actor_connect(a, daemon_address(0));
    else if (arguments_word_is(arguments, 0, "admin"))
        actor_connect(a, daemon_admin());
    else
        actor_connect(a, arguments->at[0].at);
    if (other && seteuid(0) != 0)
        flow_fail("seteuid: %s", strerror(errno));
}

/* N of a last "within N", or FLOW_DEADLINE. */
static int64_t within(const struct arguments *arguments)
{
    return flow_deadline(arguments->count > 1 ? (int64_t)arguments_number(arguments, 1)
                                              : FLOW_DEADLINE);
}

static void on_accept(struct actor *a, const struct arguments *arguments)
{
    actor_accept(a, within(arguments));
}

static void on_small_buffers(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_small_buffers(a);
}

static void on_no_connection(struct actor *a, const struct arguments *arguments)
{
    char name[32];

    (void)arguments;
    actor_listener(a, name);
    if (listener_has_connection(name))
        flow_fail("a connection came to %s", name);
}

static void on_listen(struct actor *a, const struct arguments *arguments)
{
    char name[32];

    (void)arguments;
    actor_listener(a, name);
    if (listen(listener_fd(name), 64) != 0)
        flow_fail("listen: %s", strerror(errno));
}

/* Connections may have come, but they ended without a byte. */
static void on_no_request(struct actor *a, const struct arguments *arguments)
{
    char name[32];

    (void)arguments;
    actor_listener(a, name);
    while (listener_has_connection(name)) {
        actor_accept(a, flow_now());
        if (actor_fill(a, 1, flow_deadline(FLOW_DEADLINE)))
            flow_fail("%s got \"%s\"", a->name, bytes_show(a->in.at, a->in.len));
        if (!a->eof && !a->reset)
            flow_fail("a connection that came to %s is still open", name);
        actor_close(a, false);
    }
}

static void on_send(struct actor *a, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        actor_send(a, arguments->at[i].at, arguments->at[i].len);
}

static void on_send_slow(struct actor *a, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        actor_send_slow(a, arguments->at[i].at, arguments->at[i].len);
}

static void on_send_repeat(struct actor *a, const struct arguments *arguments)
{
    struct bytes all = {0};

    arguments_want(arguments, 2);
    for (uint64_t n = arguments_number(arguments, 0); n > 0; n--)
        bytes_add(&all, arguments->at[1].at, arguments->at[1].len);
    actor_send(a, all.at, all.len);
    free(all.at);
}

/* Lines with their CR LF, and the blank line: in one write. */
static void on_head(struct actor *a, const struct arguments *arguments)
{
    struct bytes head = {0};

    for (size_t i = 0; i < arguments->count; i++) {
        bytes_add(&head, arguments->at[i].at, arguments->at[i].len);
        bytes_text(&head, "\r\n");
    }
    bytes_text(&head, "\r\n");
    actor_send(a, head.at, head.len);
    free(head.at);
}

static void on_flood(struct actor *a, const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    a->flood_sent = 0;
    a->flood = arguments_number(arguments, 0);
    actor_pump(NULL, flow_now() + 1);
}

/* The flood must come to a halt, with less than that sent. */
static void on_expect_stall(struct actor *a, const struct arguments *arguments)
{
    uint64_t limit;
    uint64_t before;

    arguments_want(arguments, 2); /* below SIZE */
    limit = arguments_number(arguments, 1);
    do {
        int64_t quiet = flow_deadline(300);

        before = a->flood_sent;
        while (actor_pump(NULL, quiet) && a->flood > 0)
            ;
    } while (a->flood_sent != before && a->flood > 0);
    if (a->flood_sent >= limit)
        flow_fail("%s could send %llu bytes though nobody reads", a->name,
                  (unsigned long long)a->flood_sent);
}

/* expect-flood SIZE [within MS]: no pause is longer than that. */
static void on_expect_flood(struct actor *a, const struct arguments *arguments)
{
    static char pattern[65536];
    int64_t ms =
        arguments->count > 2 ? (int64_t)arguments_number(arguments, 2) : FLOW_DEADLINE;
    uint64_t total;
    uint64_t seen = 0;

    arguments_want(arguments, 1);
    total = arguments_number(arguments, 0);
    while (seen < total) {
        size_t n;

        if (!actor_fill(a, 1, flow_deadline(ms)))
            flow_fail("%s got %llu of %llu bytes", a->name, (unsigned long long)seen,
                      (unsigned long long)total);
        while (a->in.len > 0 && seen < total) {
            n = a->in.len < sizeof(pattern) ? a->in.len : sizeof(pattern);
            n = n < total - seen ? n : (size_t)(total - seen);
            flood_pattern(pattern, n, seen);
            if (memcmp(pattern, a->in.at, n) != 0)
                flow_fail("%s: wrong bytes behind byte %llu", a->name,
                          (unsigned long long)seen);
            bytes_drop(&a->in, n);
            seen += n;
        }
    }
}

static void on_expect(struct actor *a, const struct arguments *arguments)
{
    static struct bytes wanted;

    arguments_join(&wanted, arguments, 0);
    actor_fill(a, wanted.len, flow_deadline(FLOW_DEADLINE));
    if (a->in.len < wanted.len || memcmp(a->in.at, wanted.at, wanted.len) != 0)
        flow_fail("%s wants \"%s\" and has \"%s\"%s", a->name,
                  bytes_show(wanted.at, wanted.len), bytes_show(a->in.at, a->in.len),
                  a->eof     ? ", then the end"
                  : a->reset ? ", then a reset"
                             : "");
    bytes_drop(&a->in, wanted.len);
}

static void on_expect_head(struct actor *a, const struct arguments *arguments)
{
    http_read_head(a, strncmp(a->name, "client", 6) != 0);
    if (arguments->count > 0)
        http_expect_first_line(a, arguments->at[0].at);
}

static void on_expect_status(struct actor *a, const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    http_expect_status(a, (int)arguments_number(arguments, 0));
}

static void on_first_line(struct actor *a, const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    http_expect_first_line(a, arguments->at[0].at);
}

static void on_has(struct actor *a, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        http_expect_field(a, arguments->at[i].at, true);
}

static void on_lacks(struct actor *a, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        http_expect_field(a, arguments->at[i].at, false);
}

/* remember NAME FIELD: the field's value becomes @NAME@. */
static void on_remember(struct actor *a, const struct arguments *arguments)
{
    arguments_want(arguments, 2);
    flow_remember(arguments->at[0].at, http_field(a, arguments->at[1].at));
}

static void on_head_contains(struct actor *a, const struct arguments *arguments)
{
    arguments_want(arguments, 1);
    if (!bytes_have(&a->head, arguments->at[0].at, arguments->at[0].len))
        flow_fail("the head of %s lacks \"%s\": \"%s\"", a->name, arguments->at[0].at,
                  bytes_show(a->head.at, a->head.len));
}

/* Proxy-Status with that error type. */
static void on_proxy_error(struct actor *a, const struct arguments *arguments)
{
    char text[96];
    const char *found;

    arguments_want(arguments, 1);
    http_expect_field(a, "Proxy-Status", true);
    snprintf(text, sizeof(text), "error=%.80s", arguments->at[0].at);
    found = strstr(a->head.at, text);
    if (found == NULL || strchr(";\r, ", found[strlen(text)]) == NULL)
        flow_fail("%s wants %s: \"%s\"", a->name, text,
                  bytes_show(a->head.at, a->head.len));
}

static void on_body(struct actor *a, const struct arguments *arguments)
{
    http_read_body(a);
    arguments_judge("body", &a->body, arguments);
}

static void on_expect_eof(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    if (http_has_length(a))
        http_read_body(a);
    actor_fill(a, 1, flow_deadline(FLOW_DEADLINE));
    if (a->in.len > 0)
        flow_fail("%s wants the end and has \"%s\"", a->name,
                  bytes_show(a->in.at, a->in.len));
    if (!a->eof)
        flow_fail("%s wants the end and has %s", a->name,
                  a->reset ? "a reset" : "nothing");
}

static void on_expect_reset(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_fill(a, a->in.len + 1, flow_deadline(FLOW_DEADLINE));
    if (!a->reset)
        flow_fail("%s wants a reset and has %s", a->name, a->eof ? "the end" : "none");
}

/* expect-close [within MS]: by FIN or RST; what comes before it is discarded. */
static void on_expect_close(struct actor *a, const struct arguments *arguments)
{
    actor_drain(a, within(arguments));
}

/* The end, by FIN or RST, with these bytes nowhere before it. */
static void on_end_without(struct actor *a, const struct arguments *arguments)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);

    arguments_want(arguments, 1);
    while (actor_fill(a, a->in.len + 1, deadline))
        ;
    if (!a->eof && !a->reset)
        flow_fail("the connection of %s is still open", a->name);
    if (bytes_have(&a->in, arguments->at[0].at, arguments->at[0].len))
        flow_fail("%s got \"%s\"", a->name, bytes_show(a->in.at, a->in.len));
}

static void on_expect_no_more(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_pump(a, flow_now() + 1);
    if (a->in.len > 0 || a->eof || a->reset)
        flow_fail("%s wants silence and has \"%s\"%s", a->name,
                  bytes_show(a->in.at, a->in.len), a->eof ? " and the end" : "");
}

static void on_shutdown(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_shutdown(a);
}

static void on_close(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_flush(a);
    actor_close(a, false);
}

static void on_reset(struct actor *a, const struct arguments *arguments)
{
    (void)arguments;
    actor_flush(a);
    actor_close(a, true);
}

static const struct {
    const char *name;
    actor_verb *run;
    bool open; /* needs a connection */
} actor_verbs[] = {
    {"connect", on_connect, false},
    {"accept", on_accept, false},
    {"no-connection", on_no_connection, false},
    {"listen", on_listen, false},
    {"no-request", on_no_request, false},
    {"small-buffers", on_small_buffers, true},
    {"send", on_send, true},
    {"send-slow", on_send_slow, true},
    {"send-repeat", on_send_repeat, true},
    {"head", on_head, true},
    {"flood", on_flood, true},
    {"expect-stall", on_expect_stall, true},
    {"expect-flood", on_expect_flood, true},
    {"expect", on_expect, true},
    {"expect-head", on_expect_head, true},
    {"expect-status", on_expect_status, true},
    {"first-line", on_first_line, true},
    {"has", on_has, true},
    {"lacks", on_lacks, true},
    {"head-contains", on_head_contains, true},
    {"remember", on_remember, true},
    {"proxy-error", on_proxy_error, true},
    {"body", on_body, true},
    {"expect-eof", on_expect_eof, true},
    {"expect-reset", on_expect_reset, true},
    {"expect-close", on_expect_close, true},
    {"expect-end-without", on_end_without, true},
    {"expect-no-more", on_expect_no_more, true},
    {"shutdown", on_shutdown, true},
    {"close", on_close, true},
    {"reset", on_reset, true},
};

actor_verb *actor_verb_find(const char *name, bool *open)
{
    for (size_t i = 0; i < sizeof(actor_verbs) / sizeof(actor_verbs[0]); i++) {
        if (strcmp(actor_verbs[i].name, name) != 0)
            continue;
        *open = actor_verbs[i].open;
        return actor_verbs[i].run;
    }
    return NULL;
}
