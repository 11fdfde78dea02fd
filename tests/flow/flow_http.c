/*
 * flow: just enough of HTTP/1.1 to look at heads and bodies. Not shared with src/.
 */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

/* Only interim answers are skipped, and only for a client. */
void http_read_head(struct actor *a, bool request)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);
    const char *end;

    while ((end = a->in.len == 0 ? NULL : memmem(a->in.at, a->in.len, "\r\n\r\n", 4)) ==
           NULL) {
        if (actor_fill(a, a->in.len + 1, deadline))
            continue;
        flow_fail("%s waited for a head and has \"%s\"%s", a->name,
                  bytes_show(a->in.at, a->in.len),
                  a->eof     ? ", then the end"
                  : a->reset ? ", then a reset"
                             : "");
    }
    a->head.len = 0;
    bytes_add(&a->head, a->in.at, (size_t)(end - a->in.at) + 4);
    bytes_drop(&a->in, a->head.len);
    a->body.len = 0;
    a->body_read = false;
    if (request == (strncmp(a->head.at, "HTTP/", 5) == 0))
        flow_fail("%s got \"%s\"", a->name, bytes_show(a->head.at, a->head.len));
}

/* The value of a field as text, or NULL. */
static const char *field_value(const struct actor *a, const char *name, char *out,
                               size_t size)
{
    size_t len = strlen(name);

    for (const char *at = strstr(a->head.at, "\r\n"); at != NULL;
         at = strstr(at + 2, "\r\n")) {
        if (strncasecmp(at + 2, name, len) != 0 || at[2 + len] != ':')
            continue;
        at += 3 + len;
        at += strspn(at, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
        return out;
    }
    return NULL;
}

const char *http_field(const struct actor *a, const char *name)
{
    static char value[256];

    if (a->head.len == 0 || field_value(a, name, value, sizeof(value)) == NULL)
        flow_fail("the head of %s has no %s", a->name, name);
    return value;
}

static void need(struct actor *a, size_t len)
{
    if (!actor_fill(a, len, flow_deadline(FLOW_DEADLINE)))
        flow_fail("%s wants %zu bytes of a body and has %zu: \"%s\"", a->name, len,
                  a->in.len, bytes_show(a->in.at, a->in.len));
}

bool http_has_length(const struct actor *a)
{
    char value[64];

    return a->head.len > 0 &&
           (field_value(a, "Content-Length", value, sizeof(value)) != NULL ||
            field_value(a, "Transfer-Encoding", value, sizeof(value)) != NULL);
}

/* A line of the chunk framing, without its end. */
static size_t chunk_line(struct actor *a)
{
    const char *end;

    for (;;) {
        end = a->in.len == 0 ? NULL : memmem(a->in.at, a->in.len, "\r\n", 2);
        if (end != NULL)
            return (size_t)(end - a->in.at);
        need(a, a->in.len + 1);
    }
}

static void read_chunked(struct actor *a)
{
    for (;;) {
        size_t line = chunk_line(a);
        size_t size = strtoul(a->in.at, NULL, 16);

        if (strspn(a->in.at, "0123456789abcdefABCDEF") == 0)
            flow_fail("%s got the chunk size \"%s\"", a->name,
                      bytes_show(a->in.at, line));
        bytes_drop(&a->in, line + 2);
        if (size == 0)
            break;
        need(a, size + 2);
        bytes_add(&a->body, a->in.at, size);
        if (memcmp(a->in.at + size, "\r\n", 2) != 0)
            flow_fail("%s: no CR LF behind a chunk", a->name);
        bytes_drop(&a->in, size + 2);
    }
    for (;;) { /* trailers are kept behind the body, as lines */
        size_t line = chunk_line(a);

        if (line > 0)
            bytes_add(&a->body, a->in.at, line + 2);
        bytes_drop(&a->in, line + 2);
        if (line == 0)
            return;
    }
}

void http_read_body(struct actor *a)
{
    int64_t deadline = flow_deadline(FLOW_DEADLINE);
    char value[64];

    if (a->body_read)
        return;
    a->body_read = true;
    bytes_add(&a->body, "", 0);
    if (field_value(a, "Transfer-Encoding", value, sizeof(value)) != NULL) {
        read_chunked(a);
    } else if (field_value(a, "Content-Length", value, sizeof(value)) != NULL) {
        size_t size = strtoul(value, NULL, 10);

        need(a, size);
        bytes_add(&a->body, a->in.at, size);
        bytes_drop(&a->in, size);
    } else {
        while (actor_fill(a, a->in.len + 1, deadline))
            ;
        if (!a->eof)
            flow_fail("%s: the body does not end", a->name);
        bytes_add(&a->body, a->in.at, a->in.len);
        a->in.len = 0;
    }
}

void http_expect_status(struct actor *a, int status)
{
    http_read_head(a, false);
    if (strncmp(a->head.at, "HTTP/1.1 ", 9) != 0 ||
        strtol(a->head.at + 9, NULL, 10) != status)
        flow_fail("%s wants status %d and got \"%s\"", a->name, status,
                  bytes_show(a->head.at, a->head.len));
}

/* The name is compared without case; the value, when one is given, with it. */
static bool head_has(const struct actor *a, const char *line)
{
    size_t name = strcspn(line, ":");
    const char *value = line[name] == ':' ? line + name + 1 : NULL;

    for (const char *at = strstr(a->head.at, "\r\n"); at != NULL;
         at = strstr(at + 2, "\r\n")) {
        const char *field = at + 2;
        size_t len = strcspn(field, "\r");

        if (len <= name || field[name] != ':' || strncasecmp(field, line, name) != 0)
            continue;
        if (value == NULL)
            return true;
        field += name + 1;
        field += strspn(field, " \t");
        value += strspn(value, " \t");
        len = strcspn(field, "\r");
        if (len == strlen(value) && strncmp(field, value, len) == 0)
            return true;
    }
    return false;
}

void http_expect_field(struct actor *a, const char *line, bool wanted)
{
    if (a->head.len == 0)
        flow_fail("%s has read no head", a->name);
    if (head_has(a, line) != wanted)
        flow_fail("the head of %s must%s have \"%s\": \"%s\"", a->name,
                  wanted ? "" : " not", bytes_show(line, strlen(line)),
                  bytes_show(a->head.at, a->head.len));
}

void http_expect_first_line(struct actor *a, const char *line)
{
    size_t len = strcspn(a->head.len > 0 ? a->head.at : "", "\r");

    if (len != strlen(line) || strncmp(a->head.at, line, len) != 0)
        flow_fail("%s wants \"%s\" and got \"%s\"", a->name,
                  bytes_show(line, strlen(line)), bytes_show(a->head.at, len));
}
