/*
 * reply: composes responses of our own.
 */
#include "fwd/reply.h"

#include <string.h>

#define TEXT_LIMIT (4 * 1024)

/* A proxy's refusal keeps its status where that tells the client the truth. */
uint16_t reply_status(const struct reply *r)
{
    if (r->status)
        return r->status;
    if ((r->outcome == OUTCOME_CONNECT_DENIED ||
         r->outcome == OUTCOME_CONNECT_FAILED) &&
        r->received >= 400 && r->received < 600 && r->received != 401 &&
        r->received != 407)
        return r->received;
    return outcome_info(r->outcome)->status;
}

/* An RFC 9651 string: printable ASCII, quote and backslash escaped. */
static int append_sf_string(struct buf *out, const char *text)
{
    int error = buf_append_text(out, "\"");

    for (const char *c = text; !error && *c; c++) {
        if (*c == '"' || *c == '\\')
            error = buf_printf(out, "\\%c", *c);
        else
            error = buf_append(out, *c >= ' ' && *c <= '~' ? c : "?", 1);
    }
    return error ? error : buf_append_text(out, "\"");
}

static int append_proxy_status(struct buf *out, const struct reply *r)
{
    const struct outcome_info *info = outcome_info(r->outcome);
    int error = buf_printf(out, "Proxy-Status: %s", r->name);

    if (!error && info->proxy_error)
        error = buf_printf(out, "; error=%s", info->proxy_error);
    if (!error && r->hop) {
        error = buf_append_text(out, "; next-hop=");
        if (!error)
            error = append_sf_string(out, r->hop);
    }
    if (!error && r->received)
        error = buf_printf(out, "; received-status=%u", r->received);
    if (!error && r->detail) {
        error = buf_append_text(out, "; details=");
        if (!error)
            error = append_sf_string(out, r->detail);
    }
    return error ? error : buf_append_text(out, "\r\n");
}

static int append_text(struct buf *text, const struct reply *r)
{
    const char *help = outcome_help(r->outcome, r->direct);
    int error = buf_printf(text, "ccgate: %s", outcome_reason(r->outcome, r->direct));

    if (!error && r->detail)
        error = buf_printf(text, ": %s", r->detail);
    error = error ? error : buf_append_text(text, "\n");
    if (!error && r->hop)
        error = buf_printf(text, "Proxy: %s\n", r->hop);
    if (!error && r->received)
        error = buf_printf(text, "It answered: %u", r->received);
    if (!error && r->received && r->quote && r->quote[0])
        error = buf_printf(text, " \"%s\"", r->quote);
    if (!error && r->received)
        error = buf_append_text(text, "\n");
    if (!error && r->why)
        error = buf_printf(text, "Route: %s\n", r->why);
    return error ? error : buf_printf(text, "%s\n", help);
}

static int append_head_end(struct buf *out, size_t length, bool keep)
{
    return buf_printf(out,
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Length: %zu\r\n"
                      "Cache-Control: no-store\r\n"
                      "%s\r\n",
                      length, keep ? "" : "Connection: close\r\n");
}

int reply_error(struct buf *out, const struct reply *r)
{
    struct buf text;

    buf_init(&text, TEXT_LIMIT);
    int error = append_text(&text, r);
    if (!error)
        error = buf_printf(out, "HTTP/1.1 %u %s\r\n", reply_status(r),
                           outcome_reason(r->outcome, r->direct));
    if (!error)
        error = append_proxy_status(out, r);
    if (!error)
        error = append_head_end(out, text.len, r->keep);
    if (!error && !r->head_only)
        error = buf_append_span(out, buf_span(&text));
    buf_clear(&text);
    return error;
}

int reply_self(struct buf *out, bool known_path, bool keep, bool head_only)
{
    static const char page[] =
        REPLY_SELF "a forward proxy for the programs of this machine.\n"
                   "Set HTTPS_PROXY and HTTP_PROXY to this address to use it, and run\n"
                   "`ccgate status` to see what it does.\n";
    static const char missing[] = "ccgate: there is nothing here; this is a proxy.\n";
    const char *text = known_path ? page : missing;
    int error =
        buf_printf(out, "HTTP/1.1 %s\r\n", known_path ? "200 OK" : "404 Not Found");

    if (!error)
        error = append_head_end(out, strlen(text), keep);
    if (!error && !head_only)
        error = buf_append_text(out, text);
    return error;
}
