/*
 * head: parsing of HTTP/1.1 message heads. One grammar; what a response may do beyond
 * it stands in a policy table.
 *
 * The end of the head is looked for first. Its last byte is therefore known to be a LF,
 * which no class below contains, and so the loops over classes need no bound.
 */
#include "http/head.h"

#include <stdlib.h>
#include <string.h>

#include "base/url.h"

#define EMPTY_LINE_LIMIT 4  /* before a request line */
#define FIELDS_AT_FIRST  16 /* doubled up to HEAD_FIELD_LIMIT */

/* What a peer may do although RFC 9112 does not let it. */
struct policy {
    bool bare_lf;            /* a line may end without CR (section 2.2) */
    bool stray_cr;           /* a CR inside a value becomes SP (section 2.2) */
    bool fold;               /* obs-fold becomes SP (section 5.2) */
    bool blank_before_colon; /* is removed (section 5.1) */
};

static const struct policy STRICT = {0};
static const struct policy LENIENT = {true, true, true, true};

struct cursor {
    char *at;
    const char *end;
    const struct policy *policy;
    const char *error;
};

enum {
    TOKEN = 1,  /* tchar, RFC 9110 section 5.6.2 */
    TEXT = 2,   /* in a field value: VCHAR, obs-text, SP, HTAB */
    TARGET = 4, /* in a request target: VCHAR */
    EVERY = TOKEN | TEXT | TARGET,
};

static const uint8_t CLASS[256] = {
    ['\t'] = TEXT,          [' '] = TEXT,
    ['!'] = EVERY,          ['"'] = TEXT | TARGET,
    ['#' ... '\''] = EVERY, ['(' ... ')'] = TEXT | TARGET,
    ['*' ... '+'] = EVERY,  [','] = TEXT | TARGET,
    ['-' ... '.'] = EVERY,  ['/'] = TEXT | TARGET,
    ['0' ... '9'] = EVERY,  [':' ... '@'] = TEXT | TARGET,
    ['A' ... 'Z'] = EVERY,  ['[' ... ']'] = TEXT | TARGET,
    ['^' ... 'z'] = EVERY,  ['{'] = TEXT | TARGET,
    ['|'] = EVERY,          ['}'] = TEXT | TARGET,
    ['~'] = EVERY,          [0x80 ... 0xff] = TEXT,
};

static bool in_class(char c, unsigned class)
{
    return (CLASS[(unsigned char)c] & class) != 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span between(const char *from, const char *to)
{
    return (struct span){from, (size_t)(to - from)};
}

static bool fail(struct cursor *c, const char *error)
{
    c->error = error;
    return false;
}

/* ---- memory ---- */

void head_init(struct head *head)
{
    *head = (struct head){0};
}

void head_clear(struct head *head)
{
    free(head->fields);
    head_init(head);
}

void head_reset(struct head *head)
{
    *head = (struct head){.fields = head->fields, .capacity = head->capacity};
}

static enum head_progress make_room(struct head *head)
{
    struct head_field *fields;
    size_t capacity;

    if (head->count == HEAD_FIELD_LIMIT)
        return HEAD_TOO_LARGE;
    if (head->count < head->capacity)
        return HEAD_DONE;
    capacity = head->capacity == 0 ? FIELDS_AT_FIRST : 2 * head->capacity;
    fields = realloc(head->fields, capacity * sizeof(*fields));
    if (fields == NULL)
        return HEAD_NO_MEMORY;
    head->fields = fields;
    head->capacity = capacity;
    return HEAD_DONE;
}

/* ---- lines ---- */

/* Whether the line at c->at is empty, by whatever line end. */
static bool at_empty_line(const struct cursor *c)
{
    return c->at[0] == '\n' || (c->at[0] == '\r' && c->at[1] == '\n');
}

/* Steps over a line end; `otherwise` is the error when some printable byte is there. */
static bool take_line_end(struct cursor *c, const char *otherwise)
{
    if (c->at[0] == '\r' && c->at[1] == '\n') {
        c->at += 2;
        return true;
    }
    switch (c->at[0]) {
    case '\n':
        if (!c->policy->bare_lf)
            return fail(c, "has a bare LF");
        c->at++;
        return true;
    case '\r':
        return fail(c, "has a bare CR");
    case '\0':
        return fail(c, "has a NUL");
    default:
        return fail(c,
                    in_class(c->at[0], TEXT) ? otherwise : "has a control character");
    }
}

static void skip_text(struct cursor *c)
{
    for (;;) {
        while (in_class(*c->at, TEXT))
            c->at++;
        if (*c->at != '\r' || c->at[1] == '\n' || !c->policy->stray_cr)
            return;
        *c->at = ' ';
    }
}

static void skip_blanks(struct cursor *c)
{
    while (is_blank(*c->at))
        c->at++;
}

static struct span take_class(struct cursor *c, unsigned class)
{
    const char *start = c->at;

    while (in_class(*c->at, class))
        c->at++;
    return between(start, c->at);
}

/* ---- fields ---- */

static bool read_name(struct cursor *c, struct span *name)
{
    if (is_blank(*c->at))
        return fail(c, "has a blank before its first field");
    *name = take_class(c, TOKEN);
    if (is_blank(*c->at) && name->len > 0) {
        if (!c->policy->blank_before_colon)
            return fail(c, "has a blank before a colon");
        skip_blanks(c);
    }
    if (at_empty_line(c))
        return fail(c, "has a field line without a colon");
    if (*c->at != ':' || name->len == 0)
        return fail(c, "has a faulty field name");
    c->at++;
    return true;
}

static bool read_value(struct cursor *c, struct span *value)
{
    const char *start = c->at;

    for (;;) {
        char *stop;

        skip_text(c);
        stop = c->at;
        if (!take_line_end(c, "has a faulty field value"))
            return false;
        if (!is_blank(*c->at)) {
            *value = span_trim(between(start, stop));
            return true;
        }
        if (!c->policy->fold)
            return fail(c, "has a folded field");
        memset(stop, ' ', (size_t)(c->at - stop));
    }
}

static enum head_progress read_fields(struct head *head, struct cursor *c)
{
    head->count = 0;
    while (!at_empty_line(c)) {
        enum head_progress room = make_room(head);

        if (room != HEAD_DONE)
            return room;
        struct head_field *field = &head->fields[head->count];
        if (!read_name(c, &field->name) || !read_value(c, &field->value))
            return HEAD_BAD;
        head->count++;
    }
    if (!take_line_end(c, NULL))
        return HEAD_BAD;
    return HEAD_DONE;
}

/* ---- the first line ---- */

/* "HTTP/1.1"; *known is false for a version that is not HTTP/1. */
static bool read_version(struct cursor *c, uint8_t *minor, bool *known)
{
    const char *v = c->at;

    if (c->end - v < 8 || memcmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) ||
        v[6] != '.' || !is_digit(v[7]))
        return fail(c, "has no HTTP version");
    c->at += 8;
    *known = v[5] == '1';
    /* A higher minor version is to be read as the highest known (RFC 9110, 2.5). */
    *minor = v[7] == '0' ? 0 : 1;
    return true;
}

static bool read_request_line(struct head *head, struct cursor *c, bool *known)
{
    head->method = take_class(c, TOKEN);
    if (head->method.len == 0 || *c->at != ' ')
        return fail(c, "has a faulty method");
    c->at++;
    head->target = take_class(c, TARGET);
    if (head->target.len == 0)
        return fail(c, "has a faulty request target");
    if (*c->at != ' ')
        return fail(c, at_empty_line(c) ? "has no HTTP version"
                                        : "has a faulty request target");
    c->at++;
    return read_version(c, &head->minor, known) &&
           take_line_end(c, "has a faulty HTTP version");
}

static bool read_status(struct cursor *c, uint16_t *status)
{
    *status = 0;
    if (*c->at != ' ')
        return fail(c, "has no status code");
    c->at++;
    for (int i = 0; i < 3; i++) {
        if (!is_digit(*c->at))
            return fail(c, "has a faulty status code");
        *status = (uint16_t)(*status * 10 + (*c->at++ - '0'));
    }
    if (*status < 100 || *status > 599)
        return fail(c, "has a status code out of range");
    return true;
}

static bool read_status_line(struct head *head, struct cursor *c, bool *known)
{
    if (!read_version(c, &head->minor, known) || !read_status(c, &head->status))
        return false;
    head->reason = between(c->at, c->at);
    /* Some proxies leave out the phrase, and the SP before it. */
    if (*c->at == ' ') {
        const char *start = c->at;

        skip_text(c);
        head->reason = span_trim(between(start, c->at));
    }
    return take_line_end(c, "has a faulty status code");
}

/* ---- Host ---- */

static bool port_valid(struct span port)
{
    uint64_t number;

    return port.len == 0 || (span_to_u64(port, &number) && number <= 65535);
}

/* uri-host [ ":" port ], RFC 9110 section 7.2; empty where a target has no authority.
 */
static bool host_valid(struct span value)
{
    bool ipv6 = value.len > 0 && value.at[0] == '[';
    struct span host = value, tail;

    if (value.len == 0)
        return true;
    if (ipv6) {
        host = span_skip(value, 1);
        host.len = span_find(host, ']');
        if (host.len + 1 >= value.len)
            return false;
        tail = span_skip(value, host.len + 2);
    } else {
        host.len = span_find(value, ':');
        tail = span_skip(value, host.len);
    }
    if (host.len == 0 || !url_host_valid(host, ipv6))
        return false;
    return tail.len == 0 || (tail.at[0] == ':' && port_valid(span_skip(tail, 1)));
}

/* RFC 9112 section 3.2. */
static const char *vet_host(const struct head *head)
{
    const struct head_field *host = head_find(head, SPAN("host"));

    if (host == NULL)
        return head->minor == 0 ? NULL : "has no Host";
    if (head_find_next(head, host, SPAN("host")) != NULL)
        return "has more than one Host";
    return host_valid(host->value) ? NULL : "has a faulty Host";
}

/* ---- whole heads ---- */

/* The offset behind the first empty line after a line, or 0. */
static size_t find_end(struct head *head, const char *bytes, size_t from, size_t len)
{
    size_t at = head->scanned > from ? head->scanned : from;

    while (at < len) {
        const char *lf = memchr(bytes + at, '\n', len - at);
        size_t next;

        if (lf == NULL)
            break;
        next = (size_t)(lf - bytes) + 1;
        if (next == len || (bytes[next] == '\r' && next + 1 == len)) {
            head->scanned = next - 1;
            return 0;
        }
        if (bytes[next] == '\n')
            return next + 1;
        if (bytes[next] == '\r' && bytes[next + 1] == '\n')
            return next + 2;
        at = next;
    }
    head->scanned = len;
    return 0;
}

static enum head_progress find_size(struct head *head, const char *bytes, size_t from,
                                    size_t len)
{
    head->size = find_end(head, bytes, from, len < HEAD_LIMIT ? len : HEAD_LIMIT);
    if (head->size != 0)
        return HEAD_DONE;
    return len < HEAD_LIMIT ? HEAD_PARTIAL : HEAD_TOO_LARGE;
}

static enum head_progress bad(struct head *head, const char *error)
{
    head->error = error;
    return HEAD_BAD;
}

/* Puts the offset of the request line into *from. */
static enum head_progress skip_empty_lines(struct head *head, const char *bytes,
                                           size_t len, size_t *from)
{
    size_t at = 0;

    for (int n = 0; at < len && bytes[at] == '\r'; n++) {
        if (n == EMPTY_LINE_LIMIT)
            return bad(head, "begins with too many empty lines");
        if (at + 1 == len)
            return HEAD_PARTIAL;
        if (bytes[at + 1] != '\n')
            return bad(head, "has a bare CR");
        at += 2;
    }
    if (at == len)
        return HEAD_PARTIAL;
    if (!in_class(bytes[at], TOKEN))
        return bad(head, "does not begin with a method");
    *from = at;
    return HEAD_DONE;
}

enum head_progress head_read_request(struct head *head, char *bytes, size_t len)
{
    bool known = false;
    size_t from = 0;
    const char *error;
    enum head_progress progress = skip_empty_lines(head, bytes, len, &from);

    if (progress == HEAD_DONE)
        progress = find_size(head, bytes, from, len);
    if (progress != HEAD_DONE)
        return progress;
    struct cursor c = {bytes + from, bytes + head->size, &STRICT, NULL};
    if (!read_request_line(head, &c, &known))
        return bad(head, c.error);
    if (!known)
        return HEAD_BAD_VERSION;
    progress = read_fields(head, &c);
    if (progress == HEAD_BAD)
        return bad(head, c.error);
    if (progress != HEAD_DONE)
        return progress;
    error = vet_host(head);
    return error == NULL ? HEAD_DONE : bad(head, error);
}

enum head_progress head_read_response(struct head *head, char *bytes, size_t len)
{
    bool known = false;
    enum head_progress progress;

    if (len == 0)
        return HEAD_PARTIAL;
    /* Known at once, even if what speaks here never sends an empty line. */
    if (memcmp(bytes, "HTTP/", len < 5 ? len : 5) != 0)
        return bad(head, "does not begin with HTTP/");
    progress = find_size(head, bytes, 0, len);
    if (progress != HEAD_DONE)
        return progress;
    struct cursor c = {bytes, bytes + head->size, &LENIENT, NULL};
    if (!read_status_line(head, &c, &known))
        return bad(head, c.error);
    if (!known)
        return HEAD_BAD_VERSION;
    progress = read_fields(head, &c);
    return progress == HEAD_BAD ? bad(head, c.error) : progress;
}

enum head_progress head_read_fields(struct head *head, char *bytes, size_t len,
                                    bool strict)
{
    enum head_progress progress = find_size(head, bytes, 0, len);

    if (progress != HEAD_DONE)
        return progress;
    struct cursor c = {bytes, bytes + head->size, strict ? &STRICT : &LENIENT, NULL};
    progress = read_fields(head, &c);
    return progress == HEAD_BAD ? bad(head, c.error) : progress;
}

/* ---- questions ---- */

static const struct head_field *find_from(const struct head *head, size_t i,
                                          struct span name)
{
    for (; i < head->count; i++) {
        if (span_equal_nocase(head->fields[i].name, name))
            return &head->fields[i];
    }
    return NULL;
}

const struct head_field *head_find(const struct head *head, struct span name)
{
    return find_from(head, 0, name);
}

const struct head_field *head_find_next(const struct head *head,
                                        const struct head_field *after,
                                        struct span name)
{
    return find_from(head, (size_t)(after - head->fields) + 1, name);
}

bool head_has_token(const struct head *head, struct span name, struct span token)
{
    const struct head_field *field = head_find(head, name);

    for (; field != NULL; field = head_find_next(head, field, name)) {
        struct span rest = field->value, item;

        while (span_next(&rest, ",", &item)) {
            if (span_equal_nocase(span_trim(item), token))
                return true;
        }
    }
    return false;
}

static bool has_either(const struct head *head, struct span token)
{
    return head_has_token(head, SPAN("connection"), token) ||
           head_has_token(head, SPAN("proxy-connection"), token);
}

bool head_keeps_connection(const struct head *head)
{
    if (head_has_token(head, SPAN("connection"), SPAN("close")))
        return false;
    return head->minor >= 1 ||
           head_has_token(head, SPAN("connection"), SPAN("keep-alive"));
}

bool head_keeps_proxy_connection(const struct head *head)
{
    return !has_either(head, SPAN("close")) &&
           (head->minor >= 1 || has_either(head, SPAN("keep-alive")));
}

bool head_method_is(const struct head *head, struct span method)
{
    return span_equal(head->method, method);
}
