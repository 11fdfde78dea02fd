/*
 * mockprovider: a mock provider of an LLM API. POST /v1/messages answers JSON, or a
 * stream of events when the body asks for one; GET / a page, /bytes/N that many bytes,
 * /echo the body of the request, /headers its head. Optionally over TLS. One thread,
 * one poll() loop.
 */
#include "mock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mockprovider.h"

#define SESSIONS  1024
#define WATERMARK (256 * 1024)

enum phase { PHASE_HANDSHAKE, PHASE_HEAD, PHASE_BODY, PHASE_ANSWER, PHASE_CLOSING };

struct session {
    unsigned long number;
    enum phase phase;
    struct link link;
    struct mock_buf in;
    struct mock_buf out;
    struct mock_head head;
    struct mock_body body;
    struct mock_buf content;
    bool keep;
    bool fin_seen;
    bool fin_sent;
    uint64_t fill;    /* bytes of a pattern that are still to be sent */
    unsigned event;   /* number of the next event of a stream */
    double event_due; /* when it is due, 0: there is no stream */
};

static struct {
    const char *listen;
    const char *cert;
    const char *key;
    double interval;
    unsigned events;
    bool print;
} options = {.listen = "127.0.0.1:0", .interval = 100, .events = 8};

static struct session *sessions[SESSIONS];
static unsigned long session_number;

__attribute__((format(printf, 2, 3))) static void say(const struct session *s,
                                                      const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (!options.print)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    mock_say("provider #%lu %s", s->number, text);
}

static void session_free(struct session *s)
{
    link_close(&s->link);
    mock_clear(&s->in);
    mock_clear(&s->out);
    mock_clear(&s->content);
    mock_head_clear(&s->head);
    free(s);
}

/* ---- answers ---- */

static void answer_head(struct session *s, int status, const char *reason,
                        const char *type, uint64_t length)
{
    mock_format(&s->out,
                "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %llu\r\n%s\r\n",
                status, reason, type, (unsigned long long)length,
                s->keep ? "" : "Connection: close\r\n");
}

static void answer(struct session *s, int status, const char *reason, const char *type,
                   const char *text, size_t len)
{
    answer_head(s, status, reason, type, len);
    if (strcmp(s->head.method, "HEAD") != 0)
        mock_add(&s->out, text, len);
}

static void answer_text(struct session *s, int status, const char *reason,
                        const char *type, const char *text)
{
    answer(s, status, reason, type, text, strlen(text));
}

static void chunk(struct session *s, const char *text)
{
    mock_format(&s->out, "%zx\r\n%s\r\n", strlen(text), text);
}

static void stream_start(struct session *s)
{
    mock_format(&s->out,
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n%s\r\n",
                s->keep ? "" : "Connection: close\r\n");
    chunk(s, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
             "{\"id\":\"msg_mock\",\"role\":\"assistant\",\"content\":[]}}\n\n");
    s->event = 0;
    s->event_due = mock_now() + options.interval;
    say(s, "stream begins");
}

static void stream_event(struct session *s)
{
    char text[256];

    if (s->event < options.events) {
        snprintf(
            text, sizeof(text),
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
            "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"word %u \"}}"
            "\n\n",
            s->event);
        chunk(s, text);
        say(s, "event %u", s->event);
        s->event++;
        s->event_due += options.interval;
        return;
    }
    chunk(s, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    mock_text(&s->out, "0\r\n\r\n");
    s->event_due = 0;
    say(s, "stream ends");
}

static void answer_messages(struct session *s)
{
    const char *body = s->content.len > 0 ? s->content.at : "";

    if (strstr(body, "\"stream\":true") != NULL ||
        strstr(body, "\"stream\": true") != NULL)
        stream_start(s);
    else
        answer_text(s, 200, "OK", "application/json",
                    "{\"id\":\"msg_mock\",\"type\":\"message\",\"role\":\"assistant\","
                    "\"content\":[{\"type\":\"text\",\"text\":\"Hello from the mock "
                    "provider.\"}],\"stop_reason\":\"end_turn\"}\n");
}

static void dispatch(struct session *s)
{
    const char *target = s->head.target;

    if (strcmp(target, "/v1/messages") == 0 && strcmp(s->head.method, "POST") == 0) {
        answer_messages(s);
    } else if (strcmp(target, "/") == 0) {
        answer_text(s, 200, "OK", "text/plain", "mock provider\n");
    } else if (strcmp(target, "/echo") == 0) {
        answer(s, 200, "OK", "application/octet-stream", s->content.at, s->content.len);
    } else if (strcmp(target, "/headers") == 0) {
        answer_text(s, 200, "OK", "text/plain", s->head.text);
    } else if (strncmp(target, "/bytes/", 7) == 0) {
        s->fill = strtoull(target + 7, NULL, 10);
        answer_head(s, 200, "OK", "application/octet-stream", s->fill);
        if (strcmp(s->head.method, "HEAD") == 0)
            s->fill = 0;
    } else {
        answer_text(s, 404, "Not Found", "application/json",
                    "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\"}}\n");
    }
    say(s, "%s %s, a body of %zu bytes, is answered", s->head.method, target,
        s->content.len);
    s->phase = PHASE_ANSWER;
}

/* ---- requests ---- */

static void bad_request(struct session *s)
{
    s->keep = false;
    answer_text(s, 400, "Bad Request", "text/plain", "not HTTP/1.1\n");
    s->phase = PHASE_ANSWER;
}

static void request_start(struct session *s)
{
    enum mock_progress progress;

    mock_head_clear(&s->head);
    progress = mock_head_request(&s->head, &s->in);
    if (progress == MOCK_PARTIAL)
        return;
    if (progress == MOCK_BAD) {
        bad_request(s);
        return;
    }
    mock_drop(&s->in, s->head.size);
    mock_clear(&s->content);
    mock_body_start(&s->body, &s->head);
    s->keep = s->head.minor == 1 && !mock_field_has(&s->head, "Connection", "close");
    if (mock_field_has(&s->head, "Expect", "100-continue"))
        mock_text(&s->out, "HTTP/1.1 100 Continue\r\n\r\n");
    s->phase = PHASE_BODY;
}

static void requests_handle(struct session *s)
{
    if (s->phase == PHASE_HEAD && s->in.len > 0)
        request_start(s);
    if (s->phase == PHASE_BODY) {
        size_t n = mock_body_take(&s->body, s->in.at, s->in.len, &s->content);

        mock_drop(&s->in, n);
        if (s->body.ended)
            dispatch(s);
    }
}

/* ---- events ---- */

static bool session_read(struct session *s)
{
    char bytes[65536];
    ssize_t n = link_read(&s->link, bytes, sizeof(bytes));

    if (n > 0)
        mock_add(&s->in, bytes, (size_t)n);
    if (n == 0)
        s->fin_seen = true;
    return n >= 0 || n == LINK_AGAIN;
}

static void refill(struct session *s)
{
    static const char line[] = "0123456789abcdef0123456789abcdef0123456789abcdef"
                               "0123456789abcde\n";

    while (s->fill > 0 && s->out.len < WATERMARK) {
        size_t n = s->fill < sizeof(line) - 1 ? (size_t)s->fill : sizeof(line) - 1;

        mock_add(&s->out, line, n);
        s->fill -= n;
    }
}

static bool session_write(struct session *s)
{
    for (;;) {
        size_t sent = 0;
        ssize_t n = 0;

        refill(s);
        while (sent < s->out.len &&
               (n = link_write(&s->link, s->out.at + sent, s->out.len - sent)) > 0)
            sent += (size_t)n;
        mock_drop(&s->out, sent);
        if (n < 0)
            return n == LINK_AGAIN;
        if (s->fill == 0)
            return true;
    }
}

static void answer_done(struct session *s)
{
    if (s->keep) {
        s->phase = PHASE_HEAD;
        return;
    }
    link_finish(&s->link);
    s->fin_sent = true;
    s->phase = PHASE_CLOSING;
}

static bool session_turn(struct session *s, short events)
{
    if (s->phase == PHASE_HANDSHAKE) {
        ssize_t n = events != 0 ? link_handshake(&s->link) : LINK_AGAIN;

        if (n < 0)
            return n == LINK_AGAIN;
        s->phase = PHASE_HEAD;
    }
    if (events != 0 && !s->fin_seen && !session_read(s))
        return false;
    for (;;) {
        enum phase before = s->phase;

        requests_handle(s);
        while (s->event_due > 0 && mock_now() >= s->event_due)
            stream_event(s);
        if (!session_write(s))
            return false;
        if (s->phase == PHASE_ANSWER && s->out.len == 0 && s->fill == 0 &&
            s->event_due == 0)
            answer_done(s);
        if (s->phase == before || s->in.len == 0)
            break;
    }
    if (s->phase == PHASE_CLOSING)
        return !s->fin_seen;
    return !s->fin_seen || s->phase == PHASE_ANSWER;
}

/* ---- loop ---- */

static struct pollfd session_poll(const struct session *s)
{
    struct pollfd p = {.fd = s->link.fd};

    if (!s->fin_seen && s->in.len < WATERMARK)
        p.events |= POLLIN;
    if (s->out.len > 0 || s->link.wants_write)
        p.events |= POLLOUT;
    if (p.events == 0)
        p.fd = -1;
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
        link_open(&sessions[i]->link, fd);
        sessions[i]->number = ++session_number;
        return;
    }
    if (fd >= 0)
        close(fd);
}

/* Milliseconds until the next event of any stream is due; -1: there is none. */
static int next_event(void)
{
    double next = -1;

    for (size_t i = 0; i < SESSIONS; i++) {
        const struct session *s = sessions[i];

        if (s != NULL && s->event_due > 0 && (next < 0 || s->event_due < next))
            next = s->event_due;
    }
    if (next < 0)
        return -1;
    return next > mock_now() ? (int)(next - mock_now()) + 1 : 0;
}

static void loop(int listener)
{
    static struct pollfd polls[1 + SESSIONS];
    static size_t which[SESSIONS];

    for (;;) {
        size_t count = 0;

        polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (size_t i = 0; i < SESSIONS; i++) {
            if (sessions[i] == NULL)
                continue;
            which[count] = i;
            polls[1 + count++] = session_poll(sessions[i]);
        }
        if (poll(polls, 1 + count, next_event()) < 0 && errno != EINTR)
            mock_fail("poll: %s", strerror(errno));
        for (size_t k = 0; k < count; k++) {
            struct session *s = sessions[which[k]];

            if (session_turn(s, polls[1 + k].revents))
                continue;
            session_free(s);
            sessions[which[k]] = NULL;
        }
        if (polls[0].revents != 0)
            session_new(listener);
    }
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int left = argc - i - 1;

        if (strcmp(argv[i], "--listen") == 0 && left > 0) {
            options.listen = argv[++i];
        } else if (strcmp(argv[i], "--interval") == 0 && left > 0) {
            options.interval = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--events") == 0 && left > 0) {
            options.events = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--tls") == 0 && left > 1) {
            options.cert = argv[++i];
            options.key = argv[++i];
        } else if (strcmp(argv[i], "--print") == 0) {
            options.print = true;
        } else {
            mock_fail("usage: mockprovider [--listen ADDRESS:PORT] [--tls CERT KEY]\n"
                      "                    [--interval MS] [--events N] [--print]");
        }
    }
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv);
    if (options.cert != NULL)
        link_tls(options.cert, options.key);
    loop(mock_listen(options.listen));
}
