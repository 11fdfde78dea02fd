/*
 * test_outcome: the table of outcomes, and the counters that are named after it.
 */
#include "base/outcome.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/counters.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* All types of RFC 9209 section 2.3 that ccgate has a use for. */
static const char *const error_types[] = {
    "dns_timeout",
    "dns_error",
    "destination_unavailable",
    "destination_ip_unroutable",
    "connection_refused",
    "connection_terminated",
    "connection_timeout",
    "tls_protocol_error",
    "tls_certificate_error",
    "tls_alert_received",
    "http_request_error",
    "http_request_denied",
    "http_response_incomplete",
    "http_response_header_section_size",
    "http_response_timeout",
    "http_protocol_error",
    "proxy_internal_error",
    "proxy_configuration_error",
    "proxy_loop_detected",
};

static bool is_error_type(const char *text)
{
    for (int i = 0; i < COUNT(error_types); i++)
        if (strcmp(text, error_types[i]) == 0)
            return true;
    return false;
}

static bool is_label(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz_") == strlen(text);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isprint((unsigned char)*text))
            return false;
    return true;
}

START_TEST(test_row_is_whole)
{
    const struct outcome_info *info = outcome_info((enum outcome)_i);

    ck_assert_msg(info->name != NULL && is_label(info->name), "row %d", _i);
    ck_assert(info->status == 0 || info->status == 200 ||
              (info->status >= 400 && info->status <= 599));
    ck_assert(info->proxy_error == NULL || is_error_type(info->proxy_error));
    /* It may be the target's fault; another hop will tell. */
    ck_assert(info->hop_fault == (info->next_hop && _i != OUTCOME_SOCKS_FAILED));
    ck_assert(is_printable(info->reason));
    ck_assert_uint_gt(strlen(info->reason), 0);
    ck_assert_uint_lt(strlen(info->reason), 40);
    ck_assert(is_printable(info->help));
    ck_assert(is_printable(outcome_reason((enum outcome)_i, true)));
    ck_assert(is_printable(outcome_help((enum outcome)_i, true)));
    ck_assert_ptr_null(strstr(outcome_reason((enum outcome)_i, true), "Proxy Name"));
    ck_assert_msg(info->help[strlen(info->help) - 1] == '.', "%s", info->help);
    for (int i = 0; i < _i; i++)
        ck_assert_str_ne(outcome_info((enum outcome)i)->name, info->name);
}
END_TEST

static const struct {
    enum outcome outcome;
    uint16_t status;
    const char *proxy_error;
    bool next_hop;
    const char *doctor;
} rows[] = {
    {OUTCOME_BAD_REQUEST, 400, "http_request_error", false, NULL},
    {OUTCOME_REQUEST_TIMEOUT, 408, "http_request_error", false, NULL},
    {OUTCOME_REQUEST_TOO_LARGE, 431, "http_request_error", false, NULL},
    {OUTCOME_CODING_UNKNOWN, 501, "http_request_error", false, NULL},
    {OUTCOME_VERSION_UNSUPPORTED, 505, "http_request_error", false, NULL},
    {OUTCOME_EXPECTATION_UNKNOWN, 417, "http_request_error", false, NULL},
    {OUTCOME_REQUEST_INCOMPLETE, 0, "http_request_error", false, NULL},
    {OUTCOME_TLS_ON_PLAIN_PORT, 400, "http_request_error", false, "ENV-03"},
    {OUTCOME_CALLER_REFUSED, 403, "http_request_denied", false, "DAE-09"},
    {OUTCOME_LOOP, 502, "proxy_loop_detected", false, "DAE-08"},
    {OUTCOME_SESSION_LIMIT, 503, "http_request_denied", false, "DAE-07"},
    {OUTCOME_ROUTE_UNDECIDED, 502, "proxy_configuration_error", false, "ENV-01"},
    {OUTCOME_DNS_ERROR, 502, "dns_error", true, "DNS-01"},
    {OUTCOME_DNS_TIMEOUT, 504, "dns_timeout", true, "DNS-01"},
    {OUTCOME_CONNECT_REFUSED, 502, "connection_refused", true, "TCP-01"},
    {OUTCOME_CONNECT_TIMEOUT, 504, "connection_timeout", true, "TCP-01"},
    {OUTCOME_CONNECT_UNROUTABLE, 502, "destination_ip_unroutable", true, "TCP-01"},
    {OUTCOME_TLS_CERTIFICATE, 502, "tls_certificate_error", true, "TLS-02"},
    {OUTCOME_SOCKS_BROKEN, 502, "http_protocol_error", true, "CONN-04"},
    {OUTCOME_SOCKS_TIMEOUT, 504, "connection_timeout", true, "CONN-04"},
    {OUTCOME_SOCKS_FAILED, 502, "destination_unavailable", true, "CONN-03"},
    {OUTCOME_HOP_CLOSED, 502, "connection_terminated", true, "CONN-03"},
    {OUTCOME_LOGIN_NO_CREDENTIALS, 403, "http_request_denied", false, "AUTH-01"},
    {OUTCOME_LOGIN_REJECTED, 403, "http_request_denied", false, "AUTH-07"},
    {OUTCOME_LOGIN_HELD, 403, "http_request_denied", false, "AUTH-09"},
    {OUTCOME_LOGIN_SCHEME, 403, "http_request_denied", false, "AUTH-02"},
    {OUTCOME_ANSWER_BROKEN, 502, "http_protocol_error", false, "CONN-04"},
    {OUTCOME_ANSWER_NONE, 502, "connection_terminated", false, "CONN-03"},
    {OUTCOME_ANSWER_INCOMPLETE, 502, "http_response_incomplete", false, "CONN-03"},
    {OUTCOME_ANSWER_TIMEOUT, 504, "http_response_timeout", false, "CONN-03"},
    {OUTCOME_CONNECT_DENIED, 502, "http_request_denied", false, "CONN-01"},
    {OUTCOME_CONNECT_FAILED, 502, "destination_unavailable", false, "CONN-03"},
    {OUTCOME_CONNECT_PORTAL, 502, "http_protocol_error", false, "CONN-04"},
    {OUTCOME_CONNECT_UNAUTHORIZED, 502, "http_protocol_error", false, "AUTH-08"},
    {OUTCOME_INTERNAL, 500, "proxy_internal_error", false, "DAE-07"},
};

START_TEST(test_row)
{
    const struct outcome_info *info = outcome_info(rows[_i].outcome);

    ck_assert_uint_eq(info->status, rows[_i].status);
    ck_assert_str_eq(info->proxy_error, rows[_i].proxy_error);
    ck_assert(info->next_hop == rows[_i].next_hop);
    if (rows[_i].doctor == NULL)
        ck_assert_ptr_null(info->doctor);
    else
        ck_assert_str_eq(info->doctor, rows[_i].doctor);
}
END_TEST

START_TEST(test_unknown_is_internal)
{
    ck_assert_ptr_eq(outcome_info((enum outcome)OUTCOME_COUNT),
                     outcome_info(OUTCOME_INTERNAL));
    ck_assert_ptr_eq(outcome_info((enum outcome)0x7fffffff),
                     outcome_info(OUTCOME_INTERNAL));
}
END_TEST

START_TEST(test_from_connect)
{
    ck_assert_int_eq(outcome_from_connect(ECONNREFUSED), OUTCOME_CONNECT_REFUSED);
    ck_assert_int_eq(outcome_from_connect(-ECONNRESET), OUTCOME_CONNECT_REFUSED);
    ck_assert_int_eq(outcome_from_connect(ETIMEDOUT), OUTCOME_CONNECT_TIMEOUT);
    ck_assert_int_eq(outcome_from_connect(ENETUNREACH), OUTCOME_CONNECT_UNROUTABLE);
    ck_assert_int_eq(outcome_from_connect(EHOSTUNREACH), OUTCOME_CONNECT_UNROUTABLE);
    ck_assert_int_eq(outcome_from_connect(EMFILE), OUTCOME_INTERNAL);
    ck_assert_int_eq(outcome_from_connect(0), OUTCOME_INTERNAL);
}
END_TEST

static const struct {
    uint16_t status;
    enum outcome outcome;
} refusals[] = {
    {300, OUTCOME_CONNECT_PORTAL},       {302, OUTCOME_CONNECT_PORTAL},
    {399, OUTCOME_CONNECT_PORTAL},       {400, OUTCOME_CONNECT_DENIED},
    {401, OUTCOME_CONNECT_UNAUTHORIZED}, {403, OUTCOME_CONNECT_DENIED},
    {404, OUTCOME_CONNECT_DENIED},       {499, OUTCOME_CONNECT_DENIED},
    {500, OUTCOME_CONNECT_FAILED},       {503, OUTCOME_CONNECT_FAILED},
    {599, OUTCOME_CONNECT_FAILED},       {999, OUTCOME_CONNECT_FAILED},
};

START_TEST(test_from_refusal)
{
    enum outcome outcome = outcome_from_refusal(refusals[_i].status);

    ck_assert_int_eq(outcome, refusals[_i].outcome);
    ck_assert(!outcome_info(outcome)->next_hop);
    ck_assert(!outcome_info(outcome)->hop_fault);
}
END_TEST

START_TEST(test_socks)
{
    ck_assert_int_eq(outcome_from_socks(2), OUTCOME_CONNECT_DENIED);
    for (unsigned reply = 3; reply <= 6; reply++) /* the target's fault */
        ck_assert_int_eq(outcome_from_socks(reply), OUTCOME_CONNECT_FAILED);
    for (unsigned reply = 7; reply < 300; reply++)
        ck_assert_int_eq(outcome_from_socks(reply), OUTCOME_SOCKS_FAILED);
    ck_assert_int_eq(outcome_from_socks(1), OUTCOME_SOCKS_FAILED);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        ck_assert((outcome_socks_reply((enum outcome)i) == 0) == (i == OUTCOME_OK));
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_LOCAL_TARGET_REFUSED), 2);
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_CONNECT_DENIED), 2);
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_DNS_ERROR), 4);
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_CONNECT_REFUSED), 5);
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_INTERNAL), 1);
    ck_assert_uint_eq(outcome_socks_reply(OUTCOME_LOGIN_REJECTED), 1);
}
END_TEST

START_TEST(test_counter_texts)
{
    const char *name = counter_name((enum counter)_i);

    ck_assert_msg(name != NULL && is_label(name), "counter %d", _i);
    ck_assert_msg(strstr(name, "_total") != NULL, "%s", name);
    ck_assert_ptr_nonnull(counter_help((enum counter)_i));
    for (int i = 0; i < _i; i++)
        ck_assert_str_ne(counter_name((enum counter)i), name);
}
END_TEST

START_TEST(test_counting)
{
    uint64_t before = counter_get(COUNTER_BYTES_UP);
    uint64_t outcomes = counter_outcome_get(OUTCOME_LOOP);

    counter_add(COUNTER_BYTES_UP, UINT64_C(5000000000));
    counter_add(COUNTER_BYTES_UP, 1);
    ck_assert_uint_eq(counter_get(COUNTER_BYTES_UP), before + UINT64_C(5000000001));
    counter_outcome(OUTCOME_LOOP);
    ck_assert_uint_eq(counter_outcome_get(OUTCOME_LOOP), outcomes + 1);
    ck_assert_uint_eq(counter_outcome_get(OUTCOME_INTERNAL), 0);
    ck_assert_str_eq(counter_name(COUNTER_TUNNELS), "tunnels_total");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outcome");
    TCase *tcase = tcase_create("outcome");

    tcase_add_loop_test(tcase, test_row_is_whole, 0, OUTCOME_COUNT);
    tcase_add_loop_test(tcase, test_row, 0, COUNT(rows));
    tcase_add_test(tcase, test_unknown_is_internal);
    tcase_add_test(tcase, test_from_connect);
    tcase_add_loop_test(tcase, test_from_refusal, 0, COUNT(refusals));
    tcase_add_test(tcase, test_socks);
    tcase_add_loop_test(tcase, test_counter_texts, 0, COUNTER_COUNT);
    tcase_add_test(tcase, test_counting);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
