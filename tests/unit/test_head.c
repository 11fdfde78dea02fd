/*
 * test_head: the grammar of request and response heads, whole and in pieces.
 */
#include "http/head.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define H "Host: a\r\n"

struct read_case {
    const char *bytes;
    size_t len;
    enum head_progress progress;
    const char *says; /* the error, or the dump of what was read */
};

#define CASE(literal, ...)                                                             \
    {                                                                                  \
        literal, sizeof(literal) - 1, __VA_ARGS__                                      \
    }

typedef enum head_progress reader(struct head *head, char *bytes, size_t len);

static size_t dump_text(char *out, size_t at, size_t room, struct span s)
{
    int n = snprintf(out + at, room - at, "%.*s|", SPAN_ARG(s));

    ck_assert_int_ge(n, 0);
    ck_assert_uint_lt(at + (size_t)n, room);
    return at + (size_t)n;
}

/* "method|target|1|name|value|..." or "200|reason|1|name|value|..." */
static void dump(char *out, size_t room, const struct head *head)
{
    size_t at = 0;

    if (head->method.len > 0) {
        at = dump_text(out, at, room, head->method);
        at = dump_text(out, at, room, head->target);
    } else {
        at = (size_t)snprintf(out, room, "%u|", head->status);
        at = dump_text(out, at, room, head->reason);
    }
    at += (size_t)snprintf(out + at, room - at, "%u|", head->minor);
    for (size_t i = 0; i < head->count; i++) {
        at = dump_text(out, at, room, head->fields[i].name);
        at = dump_text(out, at, room, head->fields[i].value);
    }
}

static void check_result(const struct head *head, enum head_progress got,
                         const struct read_case *want)
{
    char text[1024];

    ck_assert_msg(got == want->progress, "%s: got %d, wanted %d (%s)", want->bytes,
                  (int)got, (int)want->progress, head->error ? head->error : "");
    if (got == HEAD_BAD)
        ck_assert_str_eq(head->error, want->says);
    if (got != HEAD_DONE)
        return;
    dump(text, sizeof(text), head);
    ck_assert_str_eq(text, want->says);
}

/* Each case whole, and byte by byte with the bytes at another place each time. */
static void check_case(reader *read, const struct read_case *want)
{
    struct head head;
    char *copy = malloc(want->len + 1);
    enum head_progress got = HEAD_PARTIAL;
    size_t n = 0;

    head_init(&head);
    memcpy(copy, want->bytes, want->len);
    check_result(&head, read(&head, copy, want->len), want);
    head_reset(&head);
    while (got == HEAD_PARTIAL && n < want->len) {
        free(copy);
        copy = malloc(++n);
        memcpy(copy, want->bytes, n);
        got = read(&head, copy, n);
    }
    check_result(&head, got, want);
    if (got == HEAD_DONE)
        ck_assert_uint_eq(head.size, n);
    free(copy);
    head_clear(&head);
}

static const struct read_case REQUESTS[] = {
    CASE("GET / HTTP/1.1\r\n" H "\r\n", HEAD_DONE, "GET|/|1|Host|a|"),
    CASE("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", HEAD_DONE,
         "CONNECT|a.example:443|1|Host|a.example:443|"),
    CASE("GET / HTTP/1.0\r\n\r\n", HEAD_DONE, "GET|/|0|"),
    CASE("GET / HTTP/1.2\r\n" H "\r\n", HEAD_DONE, "GET|/|1|Host|a|"),
    CASE("GET / HTTP/1.9\r\n" H "\r\n", HEAD_DONE, "GET|/|1|Host|a|"),
    CASE("\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", HEAD_DONE, "GET|/|0|"),
    CASE("M!#$%&'*+-.^_`|~09azAZ / HTTP/1.0\r\n\r\n", HEAD_DONE,
         "M!#$%&'*+-.^_`|~09azAZ|/|0|"),
    CASE("GET / HTTP/1.1\r\n" H "A:b\r\nC: \t d e\t \r\nD:\r\n\r\n", HEAD_DONE,
         "GET|/|1|Host|a|A|b|C|d e|D||"),
    CASE("GET / HTTP/1.1\r\n" H "A: \x80\xff\r\n\r\n", HEAD_DONE,
         "GET|/|1|Host|a|A|\x80\xff|"),
    CASE("GET / HTTP/1.1\r\nHost:\r\n\r\n", HEAD_DONE, "GET|/|1|Host||"),
    CASE("GET / HTTP/1.1\r\nhOST: [::1]:80\r\n\r\n", HEAD_DONE,
         "GET|/|1|hOST|[::1]:80|"),
    CASE("GET / HTTP/1.1\r\nHost: a:\r\n\r\n", HEAD_DONE, "GET|/|1|Host|a:|"),
    CASE("", HEAD_PARTIAL, NULL),
    CASE("\r\n\r", HEAD_PARTIAL, NULL),
    CASE("GET / HTTP/1.1\r\n" H "\r", HEAD_PARTIAL, NULL),
    CASE("GET / HTTP/1.1\r\n" H, HEAD_PARTIAL, NULL),
    CASE("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", HEAD_BAD,
         "begins with too many empty lines"),
    CASE("\nGET / HTTP/1.0\r\n\r\n", HEAD_BAD, "does not begin with a method"),
    CASE("\rGET / HTTP/1.0\r\n\r\n", HEAD_BAD, "has a bare CR"),
    CASE(" GET / HTTP/1.0\r\n\r\n", HEAD_BAD, "does not begin with a method"),
    CASE("\x16\x03\x01", HEAD_BAD, "does not begin with a method"),
    CASE("GET\r\n\r\n", HEAD_BAD, "has a faulty method"),
    CASE("G(T / HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty method"),
    CASE("GET\t/ HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty method"),
    CASE("GET  / HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty request target"),
    CASE("GET /\x80 HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty request target"),
    CASE("GET /\x7f HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty request target"),
    CASE("GET /\0 HTTP/1.0\r\n\r\n", HEAD_BAD, "has a faulty request target"),
    CASE("GET /a b HTTP/1.0\r\n\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("GET /  HTTP/1.0\r\n\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("GET /\r\n\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("GET / http/1.1\r\n" H "\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("GET / HTTP/1.\r\n\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("GET / HTTP/1.10\r\n\r\n", HEAD_BAD, "has a faulty HTTP version"),
    CASE("GET / HTTP/1.1 \r\n\r\n", HEAD_BAD, "has a faulty HTTP version"),
    CASE("GET / HTTP/2.0\r\n\r\n", HEAD_BAD_VERSION, NULL),
    CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HEAD_BAD_VERSION, NULL),
    CASE("GET / HTTP/0.9\r\n\r\n", HEAD_BAD_VERSION, NULL),
    CASE("GET / HTTP/1.1\n" H "\r\n", HEAD_BAD, "has a bare LF"),
    CASE("GET / HTTP/1.1\r\nHost: a\n\r\n", HEAD_BAD, "has a bare LF"),
    CASE("GET / HTTP/1.1\r\n" H "\n", HEAD_BAD, "has a bare LF"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", HEAD_BAD, "has a bare CR"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n", HEAD_BAD, "has a bare CR"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n", HEAD_BAD, "has a NUL"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\x01"
         "c\r\n\r\n",
         HEAD_BAD, "has a control character"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n", HEAD_BAD,
         "has a control character"),
    CASE("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", HEAD_BAD, "has a folded field"),
    CASE("GET / HTTP/1.1\r\n Host: a\r\n\r\n", HEAD_BAD,
         "has a blank before its first field"),
    CASE("GET / HTTP/1.1\r\nHost : a\r\n\r\n", HEAD_BAD, "has a blank before a colon"),
    CASE("GET / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n", HEAD_BAD,
         "has a blank before a colon"),
    CASE("GET / HTTP/1.1\r\n" H "A\r\n\r\n", HEAD_BAD,
         "has a field line without a colon"),
    CASE("GET / HTTP/1.1\r\n" H ": a\r\n\r\n", HEAD_BAD, "has a faulty field name"),
    CASE("GET / HTTP/1.1\r\n" H "A(: a\r\n\r\n", HEAD_BAD, "has a faulty field name"),
    CASE("GET / HTTP/1.1\r\n" H "\xc3\xa4: a\r\n\r\n", HEAD_BAD,
         "has a faulty field name"),
    CASE("GET / HTTP/1.1\r\nA: b\r\n\r\n", HEAD_BAD, "has no Host"),
    CASE("GET / HTTP/1.1\r\n" H H "\r\n", HEAD_BAD, "has more than one Host"),
    CASE("GET / HTTP/1.0\r\n" H H "\r\n", HEAD_BAD, "has more than one Host"),
    CASE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n", HEAD_BAD, "has a faulty Host"),
    CASE("GET / HTTP/1.1\r\nHost: []\r\n\r\n", HEAD_BAD, "has a faulty Host"),
};

START_TEST(requests)
{
    check_case(head_read_request, &REQUESTS[_i]);
}
END_TEST

static const struct read_case RESPONSES[] = {
    CASE("HTTP/1.1 200 Connection established\r\n\r\n", HEAD_DONE,
         "200|Connection established|1|"),
    CASE("HTTP/1.1 200 OK\r\n\r\nbytes of the origin", HEAD_DONE, "200|OK|1|"),
    CASE("HTTP/1.0 407 Auth\r\nA: b\r\n\r\n", HEAD_DONE, "407|Auth|0|A|b|"),
    CASE("HTTP/1.1 200\r\n\r\n", HEAD_DONE, "200||1|"),
    CASE("HTTP/1.1 200 \r\n\r\n", HEAD_DONE, "200||1|"),
    CASE("HTTP/1.1 200 \xe4\t!\r\n\r\n", HEAD_DONE, "200|\xe4\t!|1|"),
    CASE("HTTP/1.1 200 O\rK\r\n\r\n", HEAD_DONE, "200|O K|1|"),
    CASE("HTTP/1.1 200 OK\nA: b\n\n", HEAD_DONE, "200|OK|1|A|b|"),
    CASE("HTTP/1.1 200\nA: b\r\n\n", HEAD_DONE, "200||1|A|b|"),
    CASE("HTTP/1.1 200 OK\r\nA: b\r\n\t c\r\nD: e\r\n\r\n", HEAD_DONE,
         "200|OK|1|A|b  \t c|D|e|"),
    CASE("HTTP/1.1 200 OK\nA: b\n c\n  d\n\n", HEAD_DONE, "200|OK|1|A|b  c   d|"),
    CASE("HTTP/1.1 200 OK\r\nA:\r\n b\r\n \r\nC:d\r\n\r\n", HEAD_DONE,
         "200|OK|1|A|b|C|d|"),
    CASE("HTTP/1.1 200 OK\r\nA \t: b\r\n\r\n", HEAD_DONE, "200|OK|1|A|b|"),
    CASE("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", HEAD_DONE, "200|OK|1|A|b c|"),
    CASE("HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n", HEAD_DONE, "200|OK|1|A|b|"),
    CASE("HTTP/1.7 200 OK\r\n\r\n", HEAD_DONE, "200|OK|1|"),
    CASE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", HEAD_DONE,
         "100|Continue|1|"),
    CASE("HTTP/1.1 599\r\n\r\n", HEAD_DONE, "599||1|"),
    CASE("", HEAD_PARTIAL, NULL),
    CASE("HTT", HEAD_PARTIAL, NULL),
    CASE("HTTP/1.1 200 OK\r\n\r", HEAD_PARTIAL, NULL),
    CASE("HTTP/1.1 200 OK\n", HEAD_PARTIAL, NULL),
    CASE("\r\nHTTP/1.1 200 OK\r\n\r\n", HEAD_BAD, "does not begin with HTTP/"),
    CASE("SSH-2.0-OpenSSH", HEAD_BAD, "does not begin with HTTP/"),
    CASE("http/1.1 200 OK\r\n\r\n", HEAD_BAD, "does not begin with HTTP/"),
    CASE("HTTP/2 200\r\n\r\n", HEAD_BAD, "has no HTTP version"),
    CASE("HTTP/2.0 200 OK\r\n\r\n", HEAD_BAD_VERSION, NULL),
    CASE("HTTP/1.1\r\n\r\n", HEAD_BAD, "has no status code"),
    CASE("HTTP/1.1200 OK\r\n\r\n", HEAD_BAD, "has no status code"),
    CASE("HTTP/1.1 20\r\n\r\n", HEAD_BAD, "has a faulty status code"),
    CASE("HTTP/1.1 2000 OK\r\n\r\n", HEAD_BAD, "has a faulty status code"),
    CASE("HTTP/1.1 200OK\r\n\r\n", HEAD_BAD, "has a faulty status code"),
    CASE("HTTP/1.1  200 OK\r\n\r\n", HEAD_BAD, "has a faulty status code"),
    CASE("HTTP/1.1 +20 OK\r\n\r\n", HEAD_BAD, "has a faulty status code"),
    CASE("HTTP/1.1 099 OK\r\n\r\n", HEAD_BAD, "has a status code out of range"),
    CASE("HTTP/1.1 600 OK\r\n\r\n", HEAD_BAD, "has a status code out of range"),
    CASE("HTTP/1.1 200 O\0K\r\n\r\n", HEAD_BAD, "has a NUL"),
    CASE("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", HEAD_BAD, "has a NUL"),
    CASE("HTTP/1.1 200 OK\r\nA: \x1b\r\n\r\n", HEAD_BAD, "has a control character"),
    CASE("HTTP/1.1 200 OK\r\nA\r\n\r\n", HEAD_BAD, "has a field line without a colon"),
    CASE("HTTP/1.1 200 OK\r\nA \r\n\r\n", HEAD_BAD, "has a field line without a colon"),
    CASE("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", HEAD_BAD,
         "has a blank before its first field"),
    CASE("HTTP/1.1 200 OK\r\n : b\r\n\r\n", HEAD_BAD,
         "has a blank before its first field"),
    CASE("HTTP/1.1 200 OK\r\nA\rB: b\r\n\r\n", HEAD_BAD, "has a faulty field name"),
};

START_TEST(responses)
{
    check_case(head_read_response, &RESPONSES[_i]);
}
END_TEST

START_TEST(size_counts_skipped_lines)
{
    char text[] = "\r\nGET / HTTP/1.0\r\n\r\nrest";
    struct head head;

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, text, sizeof(text) - 1), HEAD_DONE);
    ck_assert_uint_eq(head.size, sizeof(text) - 1 - 4);
    head_clear(&head);
}
END_TEST

/* A head of exactly `size` bytes; NULL-safe to free. */
static char *big_head(const char *first_line, size_t size)
{
    char *text = malloc(size);
    size_t n = strlen(first_line);

    memset(text, 'x', size);
    memcpy(text, first_line, n);
    memcpy(text + n, "A: ", 3);
    memcpy(text + size - 4, "\r\n\r\n", 4);
    return text;
}

START_TEST(limit_of_bytes)
{
    struct head head;
    char *text = big_head("HTTP/1.1 200 OK\r\n", HEAD_LIMIT);

    head_init(&head);
    ck_assert_int_eq(head_read_response(&head, text, HEAD_LIMIT - 1), HEAD_PARTIAL);
    ck_assert_int_eq(head_read_response(&head, text, HEAD_LIMIT), HEAD_DONE);
    ck_assert_uint_eq(head.size, HEAD_LIMIT);
    free(text);
    text = big_head("HTTP/1.1 200 OK\r\n", HEAD_LIMIT + 1);
    head_reset(&head);
    ck_assert_int_eq(head_read_response(&head, text, HEAD_LIMIT), HEAD_TOO_LARGE);
    head_reset(&head);
    ck_assert_int_eq(head_read_response(&head, text, HEAD_LIMIT + 1), HEAD_TOO_LARGE);
    free(text);
    head_clear(&head);
}
END_TEST

static size_t write_many(char *text, size_t room, int fields)
{
    size_t at = (size_t)snprintf(text, room, "GET / HTTP/1.0\r\n");

    for (int i = 0; i < fields; i++)
        at += (size_t)snprintf(text + at, room - at, "A%d: %d\r\n", i, i);
    return at + (size_t)snprintf(text + at, room - at, "\r\n");
}

START_TEST(limit_of_fields)
{
    static char text[16384];
    struct head head;
    size_t n = write_many(text, sizeof(text), HEAD_FIELD_LIMIT);

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, text, n), HEAD_DONE);
    ck_assert_uint_eq(head.count, HEAD_FIELD_LIMIT);
    ck_assert(span_equal(head.fields[511].value, SPAN("511")));
    head_reset(&head);
    n = write_many(text, sizeof(text), HEAD_FIELD_LIMIT + 1);
    ck_assert_int_eq(head_read_request(&head, text, n), HEAD_TOO_LARGE);
    head_clear(&head);
}
END_TEST

START_TEST(reset_forgets)
{
    char first[] = "GET / HTTP/1.1\r\n" H "A: b\r\n\r\n";
    char second[] = "HTTP/1.0 204\r\n\r\n";
    struct head head;

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, first, sizeof(first) - 1), HEAD_DONE);
    head_reset(&head);
    ck_assert_uint_eq(head.count, 0);
    ck_assert_int_eq(head_read_response(&head, second, sizeof(second) - 1), HEAD_DONE);
    ck_assert_uint_eq(head.method.len, 0);
    ck_assert_uint_eq(head.count, 0);
    ck_assert_uint_eq(head.status, 204);
    head_clear(&head);
}
END_TEST

START_TEST(trailer_fields)
{
    char good[] = "A: b\r\nC:d\r\n\r\nrest";
    char folded[] = "A: b\n c\n\n";
    struct head head;

    head_init(&head);
    ck_assert_int_eq(head_read_fields(&head, good, sizeof(good) - 1, true), HEAD_DONE);
    ck_assert_uint_eq(head.count, 2);
    ck_assert_uint_eq(head.size, sizeof(good) - 1 - 4);
    head_reset(&head);
    ck_assert_int_eq(head_read_fields(&head, folded, sizeof(folded) - 1, true),
                     HEAD_BAD);
    head_reset(&head);
    ck_assert_int_eq(head_read_fields(&head, folded, sizeof(folded) - 1, false),
                     HEAD_DONE);
    ck_assert(span_equal(head.fields[0].value, SPAN("b  c")));
    head_clear(&head);
}
END_TEST

START_TEST(finding)
{
    char text[] = "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n";
    struct head head;
    const struct head_field *field;

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, text, sizeof(text) - 1), HEAD_DONE);
    field = head_find(&head, SPAN("a"));
    ck_assert_ptr_nonnull(field);
    ck_assert(span_equal(field->value, SPAN("1")));
    field = head_find_next(&head, field, SPAN("A"));
    ck_assert_ptr_nonnull(field);
    ck_assert(span_equal(field->value, SPAN("3")));
    ck_assert_ptr_null(head_find_next(&head, field, SPAN("A")));
    ck_assert_ptr_null(head_find(&head, SPAN("AA")));
    ck_assert(head_method_is(&head, SPAN("GET")));
    ck_assert(!head_method_is(&head, SPAN("get")));
    head_clear(&head);
}
END_TEST

static const struct keep_case {
    const char *text;
    bool keeps;       /* as the answer of a server */
    bool proxy_keeps; /* between a client and a proxy */
} KEEPS[] = {
    {"GET / HTTP/1.1\r\n" H "\r\n", true, true},
    {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false, false},
    {"GET / HTTP/1.1\r\n" H "Connection: x, ,\tCLOSE \r\n\r\n", false, false},
    {"GET / HTTP/1.1\r\n" H "Connection: x\r\nConnection: close\r\n\r\n", false, false},
    {"GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", true, true},
    {"GET / HTTP/1.1\r\n" H "Proxy-Connection: close\r\n\r\n", true, false},
    {"GET / HTTP/1.0\r\n\r\n", false, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, true},
    {"GET / HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\n\r\n", false, true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false, false},
    {"HTTP/1.1 200 OK\r\n\r\n", true, true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, false},
    {"HTTP/1.0 200 OK\r\n\r\n", false, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", true, true},
    {"HTTP/1.0 200 OK\r\nProxy-Connection: keep-alive\r\n\r\n", false, true},
    {"HTTP/1.0 200 OK\r\nConnection: close\r\nProxy-Connection: keep-alive\r\n\r\n",
     false, false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nProxy-Connection: close\r\n\r\n",
     true, false},
    {"HTTP/1.1 200 OK\r\nProxy-Connection: close\r\n\r\n", true, false},
};

START_TEST(keeping)
{
    const struct keep_case *want = &KEEPS[_i];
    char *text = strdup(want->text);
    struct head head;
    reader *read = text[0] == 'G' ? head_read_request : head_read_response;

    head_init(&head);
    ck_assert_int_eq(read(&head, text, strlen(text)), HEAD_DONE);
    ck_assert_msg(head_keeps_connection(&head) == want->keeps, "%s", want->text);
    ck_assert_msg(head_keeps_proxy_connection(&head) == want->proxy_keeps, "%s",
                  want->text);
    head_clear(&head);
    free(text);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("head");
    TCase *tcase = tcase_create("head");

    tcase_add_loop_test(tcase, requests, 0, COUNT(REQUESTS));
    tcase_add_loop_test(tcase, responses, 0, COUNT(RESPONSES));
    tcase_add_loop_test(tcase, keeping, 0, COUNT(KEEPS));
    tcase_add_test(tcase, size_counts_skipped_lines);
    tcase_add_test(tcase, limit_of_bytes);
    tcase_add_test(tcase, limit_of_fields);
    tcase_add_test(tcase, reset_forgets);
    tcase_add_test(tcase, trailer_fields);
    tcase_add_test(tcase, finding);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
