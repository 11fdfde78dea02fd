/*
 * admin: the admin socket. See admin.h.
 */
#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/metrics.h"
#include "admin/request_json.h"
#include "admin/status_parts.h"
#include "auth/guard.h"
#include "base/buf.h"
#include "http/head.h"

#define ANSWER_LIMIT (4 * 1024 * 1024)

enum client_state {
    CLIENT_READING,   /* the head of the request */
    CLIENT_WAITING,   /* for the end of a reload */
    CLIENT_DECIDING,  /* for a decision that is made again */
    CLIENT_WRITING,   /* the answer */
    CLIENT_LINGERING, /* our direction is closed; what still comes is dropped */
};

struct client {
    struct client *next, **link; /* link: what points to this one */
    struct admin *admin;
    enum client_state state;
    struct watch *watch;
    struct deadline limit;
    struct buf in;
    struct buf out;
    struct head head;
    json_t *request;     /* DECIDING: what the decision is added to */
    struct rerun *rerun; /* likewise */
};

struct admin {
    struct admin_options o;
    struct listener *listener;
    char *path;
    struct client *clients;
    size_t client_count;
};

static void client_close(struct client *client)
{
    struct admin *admin = client->admin;

    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    admin->client_count--;
    deadline_clear(admin->o.loop, &client->limit);
    watch_close(client->watch);
    rerun_cancel(client->rerun);
    json_decref(client->request);
    head_clear(&client->head);
    buf_clear(&client->in);
    buf_clear(&client->out);
    free(client);
}

static void client_on_limit(void *ctx)
{
    client_close(ctx);
}

/* ---- answering ---- */

static bool takes_its_time(enum client_state state)
{
    return state == CLIENT_WAITING || state == CLIENT_DECIDING;
}

static void client_enter(struct client *client, enum client_state state)
{
    if (takes_its_time(state))
        deadline_clear(client->admin->o.loop, &client->limit);
    else if (takes_its_time(client->state))
        deadline_set(client->admin->o.loop, &client->limit, ADMIN_DEADLINE);
    client->state = state;
    if (state == CLIENT_LINGERING)
        shutdown(watch_fd(client->watch), SHUT_WR);
    watch_want(client->watch, takes_its_time(state)     ? 0
                              : state == CLIENT_WRITING ? WATCH_WRITE
                                                        : WATCH_READ);
}

/* Closes the client when nobody is there any more. */
static void client_write(struct client *client)
{
    while (client->out.len > 0) {
        struct span rest = buf_span(&client->out);
        ssize_t n = send(watch_fd(client->watch), rest.at, rest.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            client_close(client);
            return;
        }
        buf_consume(&client->out, (size_t)n);
    }
    client_enter(client, CLIENT_LINGERING);
}

struct answer {
    int status;
    const char *reason;
    const char *type;
    const char *extra; /* a header line more with its CR LF, or "" */
};

static void client_answer(struct client *client, const struct answer *answer,
                          struct span body)
{
    int error = buf_printf(&client->out,
                           "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s"
                           "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                           answer->status, answer->reason, answer->type, answer->extra,
                           body.len);

    if (error == 0)
        error = buf_append_span(&client->out, body);
    if (error != 0) {
        client_close(client);
        return;
    }
    client_enter(client, CLIENT_WRITING);
    client_write(client);
}

static void client_refuse(struct client *client, int status, const char *reason,
                          const char *text)
{
    struct answer answer = {status, reason, "text/plain; charset=utf-8",
                            status == 405 ? "Allow: GET, POST\r\n" : ""};

    client_answer(client, &answer, span_of(text));
}

static void client_text(struct client *client, int status, const char *reason,
                        const char *type, const struct buf *text)
{
    struct answer answer = {status, reason, type, ""};

    client_answer(client, &answer, buf_span(text));
}

/* ---- answers ---- */

/* Takes the object; NULL: memory was out. */
static void client_json(struct client *client, json_t *object)
{
    char *text = object != NULL ? json_dumps(object, JSON_INDENT(2)) : NULL;
    struct answer answer = {200, "OK", "application/json", ""};

    if (text != NULL)
        client_answer(client, &answer, span_of(text));
    else
        client_refuse(client, 500, "Internal Server Error", "memory is out\n");
    free(text);
    json_decref(object);
}

static void serve_status(struct client *client)
{
    client_json(client, status_json(client->admin->o.facts));
}

static void serve_hops(struct client *client)
{
    const struct server *server = client->admin->o.facts->server;

    client_json(client, json_pack("{s:o}", "hops", status_used_hops_json(server)));
}

static void serve_metrics(struct client *client)
{
    struct buf text;

    buf_init(&text, ANSWER_LIMIT);
    if (metrics_text(client->admin->o.facts, &text) == 0)
        client_text(client, 200, "OK", METRICS_TYPE, &text);
    else
        client_refuse(client, 500, "Internal Server Error", "memory is out\n");
    buf_clear(&text);
}

static void serve_reload(struct client *client)
{
    struct admin *admin = client->admin;

    client_enter(client, CLIENT_WAITING);
    admin->o.reload(admin->o.ctx);
}

void admin_reloaded(struct admin *admin, bool in_force, struct span messages)
{
    struct buf text;

    buf_init(&text, ANSWER_LIMIT);
    (void)buf_append_span(&text, messages);
    (void)buf_append_text(&text, in_force ? "the new configuration is in force\n"
                                          : "the old configuration stays in force\n");
    for (struct client *client = admin->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->state == CLIENT_WAITING)
            client_text(client, in_force ? 200 : 422,
                        in_force ? "OK" : "Unprocessable Content",
                        "text/plain; charset=utf-8", &text);
    }
    buf_clear(&text);
}

static void serve_stop(struct client *client)
{
    struct admin *admin = client->admin;
    struct buf text;
    size_t tunnels = admin->o.facts->server->tunnel_count;
    unsigned long long limit = admin->o.facts->server->config->timeout.drain;

    buf_init(&text, ANSWER_LIMIT);
    if (tunnels == 0 || admin->o.facts->server->draining)
        (void)buf_append_text(&text, "ccgate ends\n");
    else if (limit == 0)
        (void)buf_printf(&text, "ccgate ends with the last of %zu open tunnels\n",
                         tunnels);
    else
        (void)buf_printf(
            &text, "ccgate ends with the last of %zu open tunnels, or in %llu s\n",
            tunnels, (limit + 999) / 1000);
    admin->o.stop(admin->o.ctx);
    client_text(client, 200, "OK", "text/plain; charset=utf-8", &text);
    buf_clear(&text);
}

/* ---- a request ---- */

static void decided_again(void *ctx, json_t *rerun)
{
    struct client *client = ctx;
    json_t *request = client->request;

    client->rerun = NULL;
    client->request = NULL;
    if (rerun == NULL || json_object_set_new(request, "rerun", rerun) != 0) {
        json_decref(request);
        request = NULL;
    }
    client_json(client, request);
}

static void decide_again(struct client *client, const struct request_view *view,
                         json_t *request)
{
    client->rerun =
        rerun_start(client->admin->o.facts->server, view, decided_again, client);
    if (client->rerun == NULL) {
        json_decref(request);
        client_json(client, NULL);
        return;
    }
    client->request = request;
    client_enter(client, CLIENT_DECIDING);
}

static void request_missing(struct client *client, request_id id)
{
    struct buf text;

    buf_init(&text, ANSWER_LIMIT);
    (void)request_unknown(client->admin->o.facts->server, id, &text);
    client_text(client, 404, "Not Found", "text/plain; charset=utf-8", &text);
    buf_clear(&text);
}

/* path: behind "/requests/" */
static void serve_request(struct client *client, struct span path)
{
    const struct server *server = client->admin->o.facts->server;
    struct span trace = span_skip(path, span_find(path, '/'));
    struct request_view view;
    request_id id;
    json_t *request;

    path.len -= trace.len;
    if (!request_id_parse(path, &id) ||
        (trace.len > 0 && !span_equal(trace, SPAN("/trace")))) {
        client_refuse(client, 404, "Not Found",
                      "that is no id of a request; they look like 1f0c-17\n");
        return;
    }
    if (!request_find(server, id, &view)) {
        request_missing(client, id);
        return;
    }
    guard_look(server->egress->guard);
    request = request_json(server, &view);
    if (request != NULL && trace.len > 0)
        decide_again(client, &view, request);
    else
        client_json(client, request);
}

/* ---- what is asked for ---- */

static const struct {
    struct span method;
    struct span target;
    void (*serve)(struct client *client);
} REQUESTS[] = {
    {{"GET", 3}, {"/status", 7}, serve_status},
    {{"GET", 3}, {"/hops", 5}, serve_hops},
    {{"GET", 3}, {"/metrics", 8}, serve_metrics},
    {{"POST", 4}, {"/reload", 7}, serve_reload},
    {{"POST", 4}, {"/stop", 5}, serve_stop},
};

#define KNOWN                                                                          \
    "GET /status, GET /hops, GET /requests/ID, GET /metrics, POST /reload, POST /stop\n"

#define REQUEST SPAN("/requests/")

/* A query is ignored: nothing here takes one. */
static void client_serve(struct client *client)
{
    struct span path = client->head.target;
    bool known = false;

    path.len = span_find(path, '?');
    if (span_starts(path, REQUEST) && head_method_is(&client->head, SPAN("GET"))) {
        serve_request(client, span_skip(path, REQUEST.len));
        return;
    }
    known = span_starts(path, REQUEST);
    for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
        if (!span_equal(path, REQUESTS[i].target))
            continue;
        known = true;
        if (head_method_is(&client->head, REQUESTS[i].method)) {
            REQUESTS[i].serve(client);
            return;
        }
    }
    if (known)
        client_refuse(client, 405, "Method Not Allowed", KNOWN);
    else
        client_refuse(client, 404, "Not Found", KNOWN);
}

/* ---- reading ---- */

static void client_parse(struct client *client)
{
    switch (head_read_request(&client->head, client->in.data + client->in.start,
                              client->in.len)) {
    case HEAD_DONE:
        client_serve(client);
        return;
    case HEAD_PARTIAL:
        if (client->in.len < ADMIN_HEAD_LIMIT)
            return;
        /* fall through */
    case HEAD_TOO_LARGE:
        client_refuse(client, 431, "Request Header Fields Too Large",
                      "the head is too large\n");
        return;
    case HEAD_NO_MEMORY:
        client_close(client);
        return;
    default:
        client_refuse(client, 400, "Bad Request", "this is no HTTP/1.1 request\n");
        return;
    }
}

static void client_read(struct client *client)
{
    ssize_t n;

    if (buf_reserve(&client->in, ADMIN_HEAD_LIMIT - client->in.len) != 0) {
        client_close(client);
        return;
    }
    do
        n = recv(watch_fd(client->watch), buf_tail(&client->in),
                 ADMIN_HEAD_LIMIT - client->in.len, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        client_close(client);
        return;
    }
    buf_commit(&client->in, (size_t)n);
    client_parse(client);
}

/*
 * Closing with unread bytes would destroy the answer on its way, so what still comes, a
 * body perhaps, is read and dropped until the client closes.
 */
static void client_drop(struct client *client)
{
    char bytes[4096];
    ssize_t n = recv(watch_fd(client->watch), bytes, sizeof(bytes), 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        client_close(client);
}

static void client_on_event(void *ctx, unsigned events)
{
    struct client *client = ctx;

    (void)events;
    switch (client->state) {
    case CLIENT_READING:
        client_read(client);
        break;
    case CLIENT_WRITING:
        client_write(client);
        break;
    case CLIENT_DECIDING:
    case CLIENT_WAITING: /* gone altogether: nothing else is watched for */
    case CLIENT_LINGERING:
        client_drop(client);
        break;
    }
}

/* ---- accepting ---- */

static bool may_ask(struct admin *admin, int fd, const struct netaddr *local,
                    const struct netaddr *remote)
{
    struct peer peer = peer_of(admin->o.peers, fd, local, remote);

    if (peer.kind == PEER_LOCAL && (peer.uid == geteuid() || peer.uid == 0))
        return true;
    LOG_WARN("admin_refused",
             LOG_INT("uid", peer.kind == PEER_LOCAL ? (int64_t)peer.uid : -1));
    return false;
}

static void client_start(struct admin *admin, int fd)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client != NULL)
        client->watch = watch_new(admin->o.loop, fd, client_on_event, client);
    if (client == NULL || client->watch == NULL) {
        free(client);
        close(fd);
        return;
    }
    client->admin = admin;
    buf_init(&client->in, ADMIN_HEAD_LIMIT);
    buf_init(&client->out, ANSWER_LIMIT + ADMIN_HEAD_LIMIT);
    head_init(&client->head);
    deadline_init(&client->limit, client_on_limit, client);
    deadline_set(admin->o.loop, &client->limit, ADMIN_DEADLINE);
    client->next = admin->clients;
    client->link = &admin->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    admin->clients = client;
    admin->client_count++;
    client_enter(client, CLIENT_READING);
}

static void admin_on_accept(void *ctx, int fd, const struct netaddr *local,
                            const struct netaddr *remote)
{
    struct admin *admin = ctx;

    if (!may_ask(admin, fd, local, remote) ||
        admin->client_count >= ADMIN_CLIENT_LIMIT) {
        close(fd);
        return;
    }
    client_start(admin, fd);
}

/* ---- the socket ---- */

struct admin *admin_new(const struct admin_options *options)
{
    struct admin *admin = calloc(1, sizeof(*admin));

    if (admin != NULL)
        admin->o = *options;
    return admin;
}

static void say_failure(struct buf *messages, const char *path, int error)
{
    (void)buf_printf(messages, "admin socket %s: %s\n", path, strerror(error));
    if (error == EADDRINUSE)
        (void)buf_append_text(messages,
                              "  another ccgate answers there: \"ccgate status\" shows "
                              "it, --runtime-dir takes another folder\n");
}

bool admin_listen(struct admin *admin, const char *runtime_dir, const char *name,
                  struct buf *messages)
{
    struct listener_options options = {.loop = admin->o.loop,
                                       .unix_mode = 0600,
                                       .callback = admin_on_accept,
                                       .ctx = admin};
    struct listener *listener;
    struct buf path;
    bool opened = false;

    buf_init(&path, 4096);
    if (buf_printf(&path, "%s/%s.sock", runtime_dir, name) != 0 ||
        buf_append(&path, "", 1) != 0 ||
        !netaddr_from_path(&options.addr, span_of(path.data))) {
        (void)buf_printf(messages,
                         "admin socket: the path of the folder %s is too long for a "
                         "socket\n  choose another one with --runtime-dir\n",
                         runtime_dir);
        goto out;
    }
    opened = admin->path != NULL && strcmp(admin->path, path.data) == 0;
    if (opened)
        goto out;
    listener = listener_open(&options);
    if (listener == NULL) {
        say_failure(messages, path.data, errno);
        goto out;
    }
    listener_close(admin->listener);
    free(admin->path);
    admin->listener = listener;
    admin->path = path.data;
    buf_init(&path, 0); /* the memory has a new owner */
    opened = true;
out:
    buf_clear(&path);
    return opened;
}

const char *admin_path(const struct admin *admin)
{
    return admin->path;
}

void admin_free(struct admin *admin)
{
    if (admin == NULL)
        return;
    for (struct client *client = admin->clients, *next; client != NULL; client = next) {
        next = client->next;
        client_close(client);
    }
    listener_close(admin->listener);
    free(admin->path);
    free(admin);
}
