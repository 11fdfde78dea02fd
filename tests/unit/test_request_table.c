/*
 * test_request_table: requests as people read them.
 */
#include "admin/request_table.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static char shown[8192];

/* The lines of a request, given as JSON with ' for ". */
static const char *lines_of(const char *json)
{
    char text[4096];
    struct buf out;
    json_t *request;

    snprintf(text, sizeof(text), "%s", json);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    request = json_loads(text, 0, NULL);
    ck_assert_msg(request != NULL, "%s", text);
    buf_init(&out, sizeof(shown));
    ck_assert_int_eq(request_table(request, &out), 0);
    snprintf(shown, sizeof(shown), "%.*s", SPAN_ARG(buf_span(&out)));
    buf_clear(&out);
    json_decref(request);
    return shown;
}

#define WHO                                                                            \
    "'id': 'a-1', 'method': 'CONNECT', 'target': 'a.test:443', 'client': 'c:1', "
#define HEAD                                                                           \
    "a-1  CONNECT a.test:443\n"                                                        \
    "  from     c:1\n"                                                                 \
    "  began    11-14 22:13:20, 2 min ago\n"
#define TIMES "'uid': null, 'began_at': 1700000000, 'age_ms': 120000, "

static const struct {
    const char *json;
    const char *lines;
} REQUESTS[] = {
    {"{" WHO TIMES "'phase': 'route', 'phase_for_ms': 3999}",
     HEAD "  now      the way is being decided, for 3 s\n"},
    {"{" WHO TIMES
     "'phase': 'lookup', 'phase_hop': 'http://p:1', 'phase_for_ms': null}",
     HEAD "  now      looking up the name of http://p:1\n"},
    {"{" WHO TIMES "'phase': 'connect', 'phase_hop': null}",
     HEAD "  now      connecting to a.test:443\n"},
    {"{" WHO TIMES "'phase': 'tls', 'phase_hop': 'https://p:1'}",
     HEAD "  now      in the TLS handshake with https://p:1\n"},
    {"{" WHO TIMES "'phase': 'login', 'phase_hop': 'p'}",
     HEAD "  now      logging in at p\n"},
    {"{" WHO TIMES "'phase': 'answer', 'phase_hop': 'p'}",
     HEAD "  now      waiting for the answer of p\n"},
    {"{" WHO TIMES "'phase': 'deliver', 'phase_hop': 'p'}",
     HEAD "  now      the answer is on its way to the client\n"},
    {"{" WHO TIMES "'phase': 'flight'}",
     HEAD "  now      waiting for the first bytes through a ready tunnel\n"},
    {"{" WHO TIMES "'phase': 'relay', 'bytes_up': 5, 'bytes_down': 2048,"
     " 'through': 'direct'}",
     HEAD "  now      relaying: 5 B up, 2.0 KiB down\n  took     direct\n"},
    {"{" WHO TIMES "'phase': 'reply', 'outcome': 'loop', 'detail': 'd'}",
     HEAD "  now      telling the client that it failed\n           loop: d\n"},
    {"{" WHO TIMES "'phase': 'ended', 'took_ms': 1.25, 'ended_ago_ms': 9000,"
     " 'outcome': 'dns_error', 'detail': 'none', 'status': 502,"
     " 'attempts': [{'hop': 'p', 'outcome': 'connect_refused', 'detail': 'no',"
     " 'after_ms': 0.5}, {'hop': 'q', 'outcome': 'dns_error', 'after_ms': 1.2}],"
     " 'attempts_left_out': 2, 'route': {'why': 'w'}}",
     HEAD "  ended    9 s ago, after 1.2 ms; 0 B up, 0 B down\n"
          "  outcome  dns_error: none (status 502)\n"
          "  failed   p: connect_refused after 0.5 ms: no\n"
          "  failed   q: dns_error after 1.2 ms\n"
          "           and 2 attempts more\n"
          "  because  w\n"},
    {"{" WHO TIMES "'phase': 'flight', 'route': {'kind': 'direct', 'why': 'w'},"
     " 'rerun': {'kind': 'hops', 'hops': [{'name': 'p'}], 'why': 'v',"
     " 'without_query': true, 'differs': true, 'trace': ['t']}}",
     HEAD "  now      waiting for the first bytes through a ready tunnel\n"
          "  direct\n  because  w\n"
          "decided again just now, for the request itself was not traced, and without "
          "the query of its URL:\n"
          "  mind     this time the answer is another one\n"
          "  through  p\n  because  v\n  trace    t\n"},
    {"{" WHO TIMES "'phase': 'route', 'route': {'kind': 'direct', 'why': 'w',"
     " 'script': {'cached': false, 'runs': 2, 'took_us': 15.25,"
     " 'told': 'a = 1\\n'}}, 'rerun': {'kind': 'direct', 'why': 'w',"
     " 'differs': false}}",
     HEAD "  now      the way is being decided\n  direct\n  because  w\n"
          "  script   ran 2 times, 15.2 us; it was told a = 1?\n"
          "decided again just now, for the request itself was not traced:\n"
          "  mind     the answer is the same as the request's\n"
          "  direct\n  because  w\n"},
    {"{" WHO TIMES "'phase': 'route', 'route': {'kind': 'direct', 'why': 'w',"
     " 'script': {'cached': true, 'age_ms': 12000}}, 'rerun': {'kind': 'direct',"
     " 'why': 'w', 'differs': null}}",
     HEAD "  now      the way is being decided\n  direct\n  because  w\n"
          "  script   not run: it had said so 12 s before\n"
          "decided again just now, for the request itself was not traced:\n"
          "  direct\n  because  w\n"},
    {"{'id': 'a\\u001b', 'method': 'G\\n', 'target': 't\\u0007', 'client': '\\t',"
     " 'phase': 'later', 'detail': 7}",
     "a?  G? t?\n  from     ?\n  began    01-01 00:00:00, 0 s ago\n"
     "  now      unknown\n"},
};

START_TEST(requests)
{
    ck_assert_str_eq(lines_of(REQUESTS[_i].json), REQUESTS[_i].lines);
}
END_TEST

START_TEST(users_have_names)
{
    const char *lines = lines_of("{'uid': 0, 'client': '127.0.0.1:9'}");

    ck_assert_ptr_nonnull(strstr(lines, "  from     root (uid 0), 127.0.0.1:9\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request_table");
    TCase *c = tcase_create("request_table");

    setenv("TZ", "UTC", 1);
    tcase_add_loop_test(c, requests, 0, sizeof(REQUESTS) / sizeof(REQUESTS[0]));
    tcase_add_test(c, users_have_names);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
