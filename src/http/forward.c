/*
 * forward: heads rewritten for the next hop and for the client. What is bound to one
 * connection is removed by name (RFC 9110 section 7.6.1); what we must say ourselves
 * (Host, Via, framing, Connection) is never copied, so that no field of the peer and no
 * Connection option can contradict it.
 */
#include "http/forward.h"

#include <errno.h>
#include <string.h>

/* Of other senders: nobody needs more, and the search is options times fields. */
#define OPTION_LIMIT 64

struct options {
    struct span name[OPTION_LIMIT];
    size_t count;
};

/* Appends until the first error, which stays. */
struct writer {
    struct buf *out;
    int error;
};

static const struct span VIA = {"via", 3};
static const struct span PROXY_STATUS = {"proxy-status", 12};

/* Hop-by-hop, consumed by a proxy (RFC 9110 section 11.7), or written by us. */
static const struct span NEVER_COPIED[] = {
    {"connection", 10},          {"keep-alive", 10},
    {"proxy-connection", 16},    {"te", 2},
    {"transfer-encoding", 17},   {"upgrade", 7},
    {"content-length", 14},      {"via", 3},
    {"proxy-authenticate", 18},  {"proxy-authentication-info", 25},
    {"proxy-authorization", 19}, {"proxy-support", 13},
};

/* ---- writing ---- */

static void put(struct writer *w, struct span s)
{
    if (w->error == 0)
        w->error = buf_append_span(w->out, s);
}

static void put_field(struct writer *w, struct span name, struct span value)
{
    size_t n = name.len + value.len + 4;
    char *to;

    if (w->error == 0)
        w->error = buf_reserve(w->out, n);
    if (w->error != 0)
        return;
    to = buf_tail(w->out);
    memcpy(to, name.at, name.len);
    to += name.len;
    *to++ = ':';
    *to++ = ' ';
    if (value.len > 0)
        memcpy(to, value.at, value.len);
    to += value.len;
    *to++ = '\r';
    *to = '\n';
    buf_commit(w->out, n);
}

static void put_number(struct writer *w, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put(w, (struct span){digits + at, sizeof(digits) - at});
}

static void put_content_length(struct writer *w, uint64_t length)
{
    put(w, SPAN("Content-Length: "));
    put_number(w, length);
    put(w, SPAN("\r\n"));
}

/* Nothing of a broken head is left behind in the buffer. */
static int finish(struct writer *w, size_t mark)
{
    put(w, SPAN("\r\n"));
    if (w->error != 0)
        w->out->len = mark;
    return w->error;
}

/* ---- what is dropped ---- */

static bool is_one_of(struct span name, const struct span *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].len == name.len && span_equal_nocase(names[i], name))
            return true;
    }
    return false;
}

static bool never_copied(struct span name)
{
    return is_one_of(name, NEVER_COPIED,
                     sizeof(NEVER_COPIED) / sizeof(NEVER_COPIED[0]));
}

/* The options of all Connection fields; false when there are too many. */
static bool read_options(struct options *options, const struct head *head)
{
    const struct span name = SPAN("connection");
    const struct head_field *field = head_find(head, name);

    options->count = 0;
    for (; field != NULL; field = head_find_next(head, field, name)) {
        struct span rest = field->value, item;

        while (span_next(&rest, ",", &item)) {
            item = span_trim(item);
            if (item.len == 0)
                continue;
            if (options->count == OPTION_LIMIT)
                return false;
            options->name[options->count++] = item;
        }
    }
    return true;
}

static bool in_lines(const char *const *lines, struct span name)
{
    for (; lines != NULL && *lines != NULL; lines++) {
        struct span line = span_of(*lines);

        line.len = span_find(line, ':');
        if (span_equal_nocase(line, name))
            return true;
    }
    return false;
}

/* ---- fields of both directions ---- */

/* One line of all lines of that name, and `own` at its end, "prefix own". */
static void put_joined(struct writer *w, const struct head *head, struct span lower,
                       struct span written, struct span prefix, struct span own)
{
    const struct head_field *field = head_find(head, lower);
    bool first = true;

    if (field == NULL && own.len == 0)
        return;
    put(w, written);
    for (; field != NULL; field = head_find_next(head, field, lower)) {
        if (field->value.len == 0)
            continue;
        put(w, first ? SPAN(": ") : SPAN(", "));
        put(w, field->value);
        first = false;
    }
    if (own.len > 0) {
        put(w, first ? SPAN(": ") : SPAN(", "));
        put(w, prefix);
        put(w, own);
    } else if (first) {
        put(w, SPAN(":"));
    }
    put(w, SPAN("\r\n"));
}

/* The version is that of the message received (RFC 9110 section 7.6.3). */
static void put_via(struct writer *w, const struct head *head, struct span pseudonym)
{
    put_joined(w, head, VIA, SPAN("Via"),
               head->minor == 0 ? SPAN("1.0 ") : SPAN("1.1 "), pseudonym);
}

int forward_via(struct buf *out, const struct head *head, struct span pseudonym)
{
    struct writer w = {.out = out};

    put_via(&w, head, pseudonym);
    return w.error;
}

static void put_upgrade(struct writer *w, struct span upgrade)
{
    put(w, SPAN("Connection: Upgrade\r\n"));
    put_field(w, SPAN("Upgrade"), upgrade);
}

/* ---- requests ---- */

static void put_authority(struct writer *w, const struct url *url)
{
    if (url->host_is_ipv6)
        put(w, SPAN("["));
    put(w, url->host);
    if (url->host_is_ipv6)
        put(w, SPAN("]"));
    if (url->port != 0 && url->port != url_default_port(url->scheme)) {
        put(w, SPAN(":"));
        put_number(w, url->port);
    }
}

static void put_target(struct writer *w, const struct forward_request *request)
{
    const struct url *url = request->url;

    if (request->absolute) {
        bool http = span_equal_nocase(url->scheme, SPAN("http"));

        put(w, http ? SPAN("http") : url->scheme);
        put(w, SPAN("://"));
        put_authority(w, url);
    }
    /* An empty path: "/", but OPTIONS is then about the server itself, which only the
     * last proxy of the chain writes as "*" (RFC 9112 section 3.2.4). */
    if (url->path_query.len == 0 && head_method_is(request->head, SPAN("OPTIONS")))
        put(w, request->absolute ? SPAN("") : SPAN("*"));
    else if (url->path_query.len == 0 || url->path_query.at[0] != '/')
        put(w, SPAN("/"));
    put(w, url->path_query);
}

int forward_target(struct buf *out, const struct forward_request *request)
{
    struct writer w = {out, 0};

    put_target(&w, request);
    return w.error;
}

static void put_request_line(struct writer *w, const struct forward_request *request)
{
    put(w, request->head->method);
    put(w, SPAN(" "));
    put_target(w, request);
    put(w, SPAN(" HTTP/1.1\r\nHost: "));
    put_authority(w, request->url);
    put(w, SPAN("\r\n"));
}

static void put_request_fields(struct writer *w, const struct forward_request *request,
                               const struct options *options)
{
    const struct head *head = request->head;

    for (size_t i = 0; i < head->count; i++) {
        struct span name = head->fields[i].name;

        if (never_copied(name) || span_equal_nocase(name, SPAN("host")) ||
            (request->emptied && span_equal_nocase(name, SPAN("expect"))) ||
            is_one_of(name, options->name, options->count) ||
            in_lines(request->extra, name))
            continue;
        put_field(w, name, head->fields[i].value);
    }
}

static void put_request_framing(struct writer *w, const struct framing *framing)
{
    if (framing->kind == FRAMING_LENGTH)
        put_content_length(w, framing->length);
    else if (framing->kind == FRAMING_CHUNKED)
        put(w, SPAN("Transfer-Encoding: chunked\r\n"));
}

int forward_request(struct buf *out, const struct forward_request *request)
{
    struct writer w = {out, 0};
    struct options options;
    size_t mark = out->len;

    if (!read_options(&options, request->head))
        return -EMSGSIZE;
    put_request_line(&w, request);
    put_request_fields(&w, request, &options);
    put_via(&w, request->head, request->via);
    if (request->emptied)
        put_content_length(&w, 0);
    else
        put_request_framing(&w, request->framing);
    if (request->proxy_authorization.len > 0)
        put_field(&w, SPAN("Proxy-Authorization"), request->proxy_authorization);
    for (const char *const *line = request->extra; line != NULL && *line != NULL;
         line++) {
        put(&w, span_of(*line));
        put(&w, SPAN("\r\n"));
    }
    if (request->upgrade.len > 0)
        put_upgrade(&w, request->upgrade);
    return finish(&w, mark);
}

/* ---- responses ---- */

static void put_reason(struct writer *w, struct span reason)
{
    for (size_t i = 0; i < reason.len; i++) {
        unsigned char c = (unsigned char)reason.at[i];

        put(w, (c < ' ' && c != '\t') || c == 0x7f ? SPAN(" ")
                                                   : (struct span){reason.at + i, 1});
    }
}

static void put_status_line(struct writer *w, const struct head *head)
{
    put(w, SPAN("HTTP/1.1 "));
    put_number(w, head->status);
    put(w, SPAN(" ")); /* due even before an empty phrase (RFC 9112 section 4) */
    put_reason(w, head->reason);
    put(w, SPAN("\r\n"));
}

static void put_response_fields(struct writer *w, const struct head *head,
                                const struct options *options)
{
    for (size_t i = 0; i < head->count; i++) {
        struct span name = head->fields[i].name;

        if (never_copied(name) || span_equal_nocase(name, PROXY_STATUS) ||
            is_one_of(name, options->name, options->count))
            continue;
        put_field(w, name, head->fields[i].value);
    }
}

/*
 * In the answer to HEAD and in a 304 the length is that of the representation, and
 * stays (RFC 9110 section 8.6). 1xx and 204 must have none.
 */
static void put_described_length(struct writer *w, const struct head *head)
{
    uint64_t length;

    if (head->status < 200 || head->status == 204 ||
        head_find(head, SPAN("transfer-encoding")) != NULL)
        return;
    if (framing_content_length(head, &length) == FRAMING_LENGTH_VALID)
        put_content_length(w, length);
}

static void put_response_framing(struct writer *w,
                                 const struct forward_response *response)
{
    const struct framing *framing = response->framing;

    switch (framing->kind) {
    case FRAMING_NONE:
        put_described_length(w, response->head);
        break;
    case FRAMING_LENGTH:
        put_content_length(w, framing->length);
        break;
    case FRAMING_CHUNKED:
        put(w, SPAN("Transfer-Encoding: chunked\r\n"));
        break;
    case FRAMING_CLOSE:
        break;
    }
    if (!response->keep || framing->kind == FRAMING_CLOSE)
        put(w, SPAN("Connection: close\r\n"));
}

int forward_response(struct buf *out, const struct forward_response *response)
{
    const struct head *head = response->head;
    struct writer w = {out, 0};
    struct options options;
    size_t mark = out->len;

    if (!read_options(&options, head))
        return -EMSGSIZE;
    put_status_line(&w, head);
    put_response_fields(&w, head, &options);
    put_via(&w, head, response->via);
    put_joined(&w, head, PROXY_STATUS, SPAN("Proxy-Status"), SPAN(""),
               response->proxy_status);
    if (response->session_auth)
        put(&w, SPAN("Proxy-Support: Session-Based-Authentication\r\n"
                     "Connection: Proxy-Support\r\n"));
    if (head->status >= 200)
        put_response_framing(&w, response);
    else if (response->upgrade.len > 0)
        put_upgrade(&w, response->upgrade);
    return finish(&w, mark);
}

/* ---- loops ---- */

/* received-protocol RWS received-by [ RWS comment ] */
static bool is_received_by(struct span member, struct span pseudonym)
{
    struct span word = {0};
    struct span rest = span_trim(member);

    if (!span_next(&rest, " \t", &word))
        return false;
    rest = span_trim(rest);
    return span_next(&rest, " \t", &word) && span_equal_nocase(word, pseudonym);
}

bool forward_via_has(const struct head *head, struct span pseudonym)
{
    const struct head_field *field = head_find(head, VIA);

    /* Commas are taken as separators even inside comments: a comment that is never
     * closed must not hide what stands behind it. */
    for (; field != NULL; field = head_find_next(head, field, VIA)) {
        struct span rest = field->value, member;

        while (span_next(&rest, ",", &member)) {
            if (is_received_by(member, pseudonym))
                return true;
        }
    }
    return false;
}
