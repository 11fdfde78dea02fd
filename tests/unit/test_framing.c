/*
 * test_framing: verdicts on body lengths (RFC 9112 sections 6.1 and 6.3).
 */
#include "http/framing.h"

#include <stdio.h>

#include "suite.h"

struct framing_case {
    const char *method; /* of the request that a response answers */
    const char *fields;
    enum framing_verdict verdict;
    enum framing_kind kind;
    uint64_t length;
};

#define TE       "Transfer-Encoding: "
#define CL       "Content-Length: "
#define BAD      FRAMING_BAD, FRAMING_NONE, 0
#define NONE     FRAMING_OK, FRAMING_NONE, 0
#define CHUNKED  FRAMING_OK, FRAMING_CHUNKED, 0
#define CLOSE    FRAMING_OK, FRAMING_CLOSE, 0
#define UNKNOWN  FRAMING_UNKNOWN_CODING, FRAMING_NONE, 0
#define BYTES(n) FRAMING_OK, FRAMING_LENGTH, (n)

static void check_verdict(const struct framing_case *want, enum framing_verdict got,
                          const struct framing *framing, const char *why)
{
    ck_assert_msg(got == want->verdict, "%s: verdict %d", want->fields, (int)got);
    if (got != FRAMING_OK) {
        ck_assert_ptr_nonnull(why);
        return;
    }
    ck_assert_msg(framing->kind == want->kind, "%s: kind %d", want->fields,
                  (int)framing->kind);
    if (framing->kind == FRAMING_LENGTH)
        ck_assert_uint_eq(framing->length, want->length);
}

static const struct framing_case REQUESTS[] = {
    {"1", "", NONE},
    {"0", "", NONE},
    {"1", CL "0\r\n", BYTES(0)},
    {"1", CL "5\r\n", BYTES(5)},
    {"0", CL "5\r\n", BYTES(5)},
    {"1", CL "18446744073709551615\r\n", BYTES(UINT64_MAX)},
    {"1", CL "5, 5\r\n", BYTES(5)},
    {"1", CL "5\r\n" CL "5\r\n", BYTES(5)},
    {"1", CL "5\r\n" CL "6\r\n", BAD},
    {"1", CL "5, 6\r\n", BAD},
    {"1", CL "5,\r\n", BAD},
    {"1", CL ",5\r\n", BAD},
    {"1", CL "5,,5\r\n", BAD},
    {"1", CL "\r\n", BAD},
    {"1", CL "5\r\n" CL "\r\n", BAD},
    {"1", CL "+5\r\n", BAD},
    {"1", CL "-1\r\n", BAD},
    {"1", CL "0x5\r\n", BAD},
    {"1", CL "5 5\r\n", BAD},
    {"1", CL "5;a\r\n", BAD},
    {"1", CL "\"5\"\r\n", BAD},
    {"1", CL "18446744073709551616\r\n", BAD},
    {"1", CL "99999999999999999999999\r\n", BAD},
    {"1", TE "chunked\r\n", CHUNKED},
    {"1", TE "Chunked\r\n", CHUNKED},
    {"1", "tRANSFER-eNCODING:CHUNKED\r\n", CHUNKED},
    {"1", TE ", chunked ,\r\n", CHUNKED},
    {"0", TE "chunked\r\n", BAD},
    {"1", CL "5\r\n" TE "chunked\r\n", BAD},
    {"1", TE "chunked\r\n" CL "5\r\n", BAD},
    {"1", TE "chunked\r\n" CL "x\r\n", BAD},
    {"1", TE "identity\r\n", BAD},
    {"1", TE "identity, chunked\r\n", BAD},
    {"1", TE "chunked, identity\r\n", BAD},
    {"1", TE "chunked, chunked\r\n", BAD},
    {"1", TE "chunked\r\n" TE "chunked\r\n", BAD},
    {"1", TE "chunked, gzip\r\n", BAD},
    {"1", TE "gzip\r\n", BAD},
    {"1", TE "\r\n", BAD},
    {"1", TE ",\r\n", BAD},
    {"1", TE "chunked;a=b\r\n", BAD},
    {"1", TE "\"chunked\"\r\n", BAD},
    {"1", TE "xchunked\r\n", BAD},
    {"1", TE "x y, chunked\r\n", BAD},
    {"1", TE "gzip, chunked\r\n", UNKNOWN},
    {"1", TE "gzip;q=1\r\n" TE "chunked\r\n", UNKNOWN},
    {"1", TE "unheard-of, chunked\r\n", UNKNOWN},
};

START_TEST(requests)
{
    const struct framing_case *want = &REQUESTS[_i];
    char text[512];
    const char *why = NULL;
    struct head head;
    struct framing framing;
    int n = snprintf(text, sizeof(text), "POST / HTTP/1.%s\r\nHost: a\r\n%s\r\n",
                     want->method, want->fields);

    head_init(&head);
    ck_assert_int_eq(head_read_request(&head, text, (size_t)n), HEAD_DONE);
    enum framing_verdict got = framing_of_request(&head, &framing, &why);
    check_verdict(want, got, &framing, why);
    head_clear(&head);
}
END_TEST

static const struct framing_case RESPONSES[] = {
    {"GET", "HTTP/1.1 200 OK\r\n", CLOSE},
    {"GET", "HTTP/1.0 200 OK\r\n", CLOSE},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "5\r\n", BYTES(5)},
    {"GET", "HTTP/1.0 200 OK\r\n" CL "5\r\n", BYTES(5)},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "5\r\n" CL "5\r\n", BYTES(5)},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "5\r\n" CL "6\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "+5\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "18446744073709551616\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "chunked\r\n", CHUNKED},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "CHUNKED\r\n", CHUNKED},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "chunked\r\n" CL "5\r\n", CHUNKED},
    {"GET", "HTTP/1.1 200 OK\r\n" CL "x\r\n" TE "chunked\r\n", CHUNKED},
    {"GET", "HTTP/1.0 200 OK\r\n" TE "chunked\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "identity\r\n", CLOSE},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "gzip, chunked\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "gzip\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "chunked, chunked\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "chunked, identity\r\n", BAD},
    {"GET", "HTTP/1.1 200 OK\r\n" TE "\r\n", BAD},
    {"HEAD", "HTTP/1.1 200 OK\r\n" CL "5\r\n", NONE},
    {"HEAD", "HTTP/1.1 200 OK\r\n" TE "chunked\r\n", NONE},
    {"head", "HTTP/1.1 200 OK\r\n" CL "5\r\n", BYTES(5)},
    {"GET", "HTTP/1.1 204 No\r\n" CL "5\r\n", NONE},
    {"GET", "HTTP/1.1 304 No\r\n" CL "5\r\n", NONE},
    {"GET", "HTTP/1.1 100 Continue\r\n" TE "chunked\r\n", NONE},
    {"GET", "HTTP/1.1 101 Switching\r\n", NONE},
    {"CONNECT", "HTTP/1.1 200 OK\r\n" CL "5\r\n", NONE},
    {"CONNECT", "HTTP/1.0 200 OK\r\n" TE "chunked\r\n", NONE},
    {"CONNECT", "HTTP/1.1 299 OK\r\n", NONE},
    {"CONNECT", "HTTP/1.1 300 OK\r\n" CL "5\r\n", BYTES(5)},
    {"CONNECT", "HTTP/1.1 407 Auth\r\n" CL "5\r\n", BYTES(5)},
    {"CONNECT", "HTTP/1.1 407 Auth\r\n", CLOSE},
};

START_TEST(responses)
{
    const struct framing_case *want = &RESPONSES[_i];
    char text[512];
    const char *why = NULL;
    struct head head;
    struct framing framing;
    int n = snprintf(text, sizeof(text), "%s\r\n", want->fields);

    head_init(&head);
    ck_assert_int_eq(head_read_response(&head, text, (size_t)n), HEAD_DONE);
    enum framing_verdict got =
        framing_of_response(&head, span_of(want->method), &framing, &why);
    check_verdict(want, got, &framing, why);
    head_clear(&head);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("framing");
    TCase *tcase = tcase_create("framing");

    tcase_add_loop_test(tcase, requests, 0, COUNT(REQUESTS));
    tcase_add_loop_test(tcase, responses, 0, COUNT(RESPONSES));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
