/*
 * mockproxy: a mock corporate proxy. It speaks CONNECT and absolute-form HTTP/1.1, may
 * demand a Basic or NTLM login, and knows only the names that it was told, each of
 * which leads to a loopback port. One thread, one poll() loop.
 */
#include "mock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mockproxy.h"

#define SESSIONS  4096
#define WATERMARK (256 * 1024)
#define LINGER_MS 1000.0

static struct session *sessions[SESSIONS];
static unsigned long session_number;

/* ---- ends ---- */

static void side_close(struct side *side)
{
    if (side->fd >= 0)
        close(side->fd);
    side->fd = -1;
    mock_clear(&side->out);
}

static void session_free(struct session *s)
{
    side_close(&s->client);
    side_close(&s->origin);
    mock_clear(&s->in);
    mock_clear(&s->answer);
    mock_clear(&s->type1);
    mock_clear(&s->type2);
    mock_head_clear(&s->head);
    free(s);
}

/* What is in `out` goes out; then the FIN, if one is due. False when the end is broken.
 */
static bool side_write(struct side *side)
{
    while (side->out.len > 0) {
        ssize_t n = send(side->fd, side->out.at, side->out.len, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        mock_drop(&side->out, (size_t)n);
    }
    if (side->fin_due && !side->fin_sent) {
        shutdown(side->fd, SHUT_WR);
        side->fin_sent = true;
    }
    return true;
}

/* Bytes read, 0 when there is nothing now; -1 when the end is broken. */
static ssize_t side_read(struct side *side, char *bytes, size_t size)
{
    ssize_t n = recv(side->fd, bytes, size, 0);

    if (n == 0)
        side->fin_seen = true;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return n;
}

/* ---- phases ---- */

void session_answer(struct session *s, int status, const char *reason,
                    const char *fields, const char *text)
{
    bool head_only = s->head.text != NULL && strcmp(s->head.method, "HEAD") == 0;

    mock_format(&s->client.out,
                "HTTP/1.1 %d %s\r\n%sContent-Type: text/html\r\n"
                "Content-Length: %zu\r\nConnection: %s\r\n\r\n",
                status, reason, fields, strlen(text), s->keep ? "keep-alive" : "close");
    if (!head_only)
        mock_text(&s->client.out, text);
    proxy_print(s, "answers %d %s", status, reason);
    session_next(s);
}

void session_next(struct session *s)
{
    side_close(&s->origin);
    mock_clear(&s->answer);
    mock_head_clear(&s->head);
    if (s->keep) {
        s->phase = PHASE_HEAD;
    } else {
        s->phase = PHASE_CLOSING;
        s->client.fin_due = true;
        s->closing_since = mock_now();
    }
}

static void origin_connected(struct session *s)
{
    int error = 0;
    socklen_t size = sizeof(error);

    getsockopt(s->origin.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        s->keep = false;
        session_answer(s, 502, "Bad Gateway", "",
                       "<title>origin unreachable</title>\n");
        return;
    }
    if (s->tunnel) {
        mock_text(&s->client.out, "HTTP/1.1 200 Connection established\r\n\r\n");
        mock_add(&s->origin.out, s->in.at, s->in.len);
        mock_drop(&s->in, s->in.len);
        s->phase = PHASE_TUNNEL;
        s->opened = mock_now();
        s->spoken = s->origin.out.len > 0;
        proxy_print(s, "tunnel open to %s", s->head.target);
        return;
    }
    proxy_request(s, &s->origin.out);
    s->phase = PHASE_FORWARD;
    proxy_print(s, "request passed on");
}

/* The request's body, as far as it has come. */
static void body_pass(struct session *s)
{
    size_t n = mock_body_take(&s->body, s->in.at, s->in.len, NULL);

    mock_add(&s->origin.out, s->in.at, n);
    mock_drop(&s->in, n);
}

/* The origin closes after its answer, so its FIN is the answer's end. */
static void answer_ended(struct session *s)
{
    if (!s->answer_begun) {
        s->keep = false;
        session_answer(s, 502, "Bad Gateway", "", "<title>no answer</title>\n");
        return;
    }
    proxy_print(s, "answer ended after %llu bytes", s->bytes_down);
    s->keep = s->keep && s->answer_framed && s->body.ended;
    session_next(s);
}

/* ---- events ---- */

/* Closes with FIN, which follows when the session is freed, or with RST. */
static bool tunnel_killed(const struct session *s, bool bytes)
{
    static const struct linger at_once = {1, 0};
    bool reset;

    if (!proxy_kills(s, bytes, &reset))
        return false;
    if (reset)
        setsockopt(s->client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return true;
}

static bool client_bytes(struct session *s, const char *bytes, size_t len)
{
    s->bytes_up += len;
    switch (s->phase) {
    case PHASE_HEAD:
    case PHASE_CONNECTING:
        mock_add(&s->in, bytes, len);
        break;
    case PHASE_FORWARD:
        mock_add(&s->in, bytes, len);
        body_pass(s);
        break;
    case PHASE_TUNNEL:
        if (!s->spoken && tunnel_killed(s, true))
            return false;
        s->spoken = true;
        mock_add(&s->origin.out, bytes, len);
        break;
    case PHASE_CLOSING:
        break;
    }
    return true;
}

static bool client_readable(struct session *s)
{
    char bytes[65536];
    ssize_t n = side_read(&s->client, bytes, sizeof(bytes));

    if (n < 0)
        return false;
    if (n > 0 && !client_bytes(s, bytes, (size_t)n))
        return false;
    if (!s->client.fin_seen)
        return true;
    if (s->phase == PHASE_HEAD || s->phase == PHASE_CLOSING)
        return s->client.out.len > 0;
    if (s->phase == PHASE_TUNNEL)
        s->origin.fin_due = true;
    return true;
}

static bool origin_readable(struct session *s)
{
    char bytes[65536];
    ssize_t n = side_read(&s->origin, bytes, sizeof(bytes));

    if (n < 0)
        return false;
    s->bytes_down += (unsigned long long)n;
    if (n > 0 && s->phase == PHASE_FORWARD)
        proxy_response(s, bytes, (size_t)n);
    else if (n > 0)
        mock_add(&s->client.out, bytes, (size_t)n);
    if (!s->origin.fin_seen)
        return true;
    if (s->phase == PHASE_TUNNEL)
        s->client.fin_due = true;
    else if (s->phase == PHASE_FORWARD)
        answer_ended(s);
    return true;
}

/* Heads that stand in the buffer already, one after the other. */
static void heads_handle(struct session *s)
{
    while (s->phase == PHASE_HEAD && s->in.len > 0) {
        enum mock_progress progress = mock_head_request(&s->head, &s->in);

        if (progress == MOCK_PARTIAL)
            return;
        s->bytes_up = s->bytes_down = 0;
        if (progress == MOCK_BAD) {
            s->keep = false;
            session_answer(s, 400, "Bad Request", "", "<title>bad request</title>\n");
            return;
        }
        mock_drop(&s->in, s->head.size);
        proxy_decide(s);
        if (s->phase == PHASE_FORWARD)
            body_pass(s);
    }
}

static bool session_done(const struct session *s)
{
    if (s->phase == PHASE_CLOSING)
        return s->client.fin_sent &&
               (s->client.fin_seen || mock_now() - s->closing_since > LINGER_MS);
    return s->phase == PHASE_TUNNEL && s->client.fin_sent && s->origin.fin_sent;
}

static bool session_turn(struct session *s, short client, short origin)
{
    const short in = POLLIN | POLLHUP | POLLERR;

    if (s->phase == PHASE_CONNECTING && (origin & (POLLOUT | POLLERR | POLLHUP)) != 0)
        origin_connected(s);
    else if (s->origin.fd >= 0 && !s->origin.fin_seen && (origin & in) != 0 &&
             !origin_readable(s))
        return false;
    if (!s->client.fin_seen && (client & in) != 0 && !client_readable(s))
        return false;
    heads_handle(s);
    if (s->phase == PHASE_FORWARD)
        body_pass(s);
    if (s->origin.fd >= 0 && s->phase != PHASE_CONNECTING && !side_write(&s->origin))
        return false;
    if (!side_write(&s->client))
        return false;
    if (s->phase == PHASE_TUNNEL && !s->spoken && tunnel_killed(s, false))
        return false;
    if (!session_done(s))
        return true;
    if (s->phase == PHASE_TUNNEL)
        proxy_print(s, "tunnel closed: %llu bytes up, %llu bytes down", s->bytes_up,
                    s->bytes_down);
    return false;
}

/* ---- loop ---- */

static struct pollfd side_poll(const struct side *side, const struct side *other,
                               bool connecting)
{
    struct pollfd p = {.fd = side->fd};

    if (connecting)
        p.events = POLLOUT;
    else if (!side->fin_seen && other->out.len < WATERMARK)
        p.events = POLLIN;
    if (side->out.len > 0)
        p.events |= POLLOUT;
    if (p.events == 0)
        p.fd = -1; /* a hang-up alone would be reported for ever */
    return p;
}

static void session_new(int listener)
{
    int fd = mock_accept(listener);

    for (size_t i = 0; fd >= 0 && i < SESSIONS; i++) {
        if (sessions[i] != NULL)
            continue;
        sessions[i] = calloc(1, sizeof(struct session));
        if (sessions[i] == NULL)
            mock_fail("out of memory");
        sessions[i]->client.fd = fd;
        sessions[i]->origin.fd = -1;
        sessions[i]->number = ++session_number;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void loop(int listener)
{
    static struct pollfd polls[1 + 2 * SESSIONS];
    static size_t which[SESSIONS];

    for (;;) {
        size_t count = 0;

        polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (size_t i = 0; i < SESSIONS; i++) {
            struct session *s = sessions[i];

            if (s == NULL)
                continue;
            which[count] = i;
            polls[1 + 2 * count] = side_poll(&s->client, &s->origin, false);
            polls[2 + 2 * count] =
                side_poll(&s->origin, &s->client, s->phase == PHASE_CONNECTING);
            count++;
        }
        if (poll(polls, 1 + 2 * count, count > 0 ? proxy_patience() : -1) < 0 &&
            errno != EINTR)
            mock_fail("poll: %s", strerror(errno));
        for (size_t k = 0; k < count; k++) {
            struct session *s = sessions[which[k]];

            if (session_turn(s, polls[1 + 2 * k].revents, polls[2 + 2 * k].revents))
                continue;
            session_free(s);
            sessions[which[k]] = NULL;
        }
        if (polls[0].revents != 0)
            session_new(listener);
    }
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    proxy_options(argc, argv);
    loop(mock_listen(proxy_listen()));
}
