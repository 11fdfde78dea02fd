/*
 * test_ca_wire: `ccgate ca check HOST`, `status HOST` and `watch` behind a proxy that
 * inspects.
 */
#include <jansson.h>

#include "inspector_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define DAY          ((int64_t)24 * 60 * 60)

static struct shown one[2];

static void show(const char *names)
{
    one[0] = (struct shown){.host = "server.test", .names = names};
    inspector_show(one);
}

/* Puts them into the drop-in folder, unless there is none. */
static void drop_in_certs(const char *names)
{
    if (names[0] != '\0')
        put("ca.d/a.pem", names);
}

/* ---- check ---- */

static const struct {
    const char *shown, *held;
    int status;
    const char *said[3];
} CHECKS[] = {
    {"server sub root",
     "root",
     0,
     {"server.test:443 by http://127.0.0.1:", "  strict+partial ok", "certificate 3"}},
    {"server",
     "root",
     1,
     {"  MISSING     CN=Test Corp Inspection CA", "FAILS", "next "}},
    {"server", "root sub", 0, {"  held        Test Corp Inspection CA"}},
    {"server sub", "sub", 1, {"  default        FAILS", "  partial        ok"}},
    {"server sub root", "other", 1, {"which is not trusted", "ccgate ca import"}},
    {"wrong-name sub root", "root", 1, {"is for other.test, not for server.test"}},
    {"expired sub root", "root", 1, {"certificate 1 (server.test) expired on"}},
    {"short-server short", "short", 1, {"has a short key (RSA, 1024 bits)"}},
    {"plain-server plain",
     "plain",
     0,
     {"  default        ok", "  strict         FAILS"}},
    {NULL, "root", 1, {"ccgate: ca check: server.test:443: "}},
};

START_TEST(checked)
{
    drop_in_certs(CHECKS[_i].held);
    show(CHECKS[_i].shown);
    ck_assert_msg(with_hosts("server.test", ca_check) == CHECKS[_i].status, "%s",
                  captured);
    for (int i = 0; i < 3 && CHECKS[_i].said[i] != NULL; i++)
        expect(CHECKS[_i].said[i]);
}
END_TEST

START_TEST(http2_is_no_sign)
{
    one[0] = (struct shown){"server.test", "server sub root", _i == 1};
    inspector_show(one);
    (void)with_hosts("server.test", ca_check);
    (_i == 0 ? expect : expect_not)("the server offers no HTTP/2");
}
END_TEST

/* A file goes before a host of its name, and both can be looked at together. */
START_TEST(file_or_host)
{
    const char *const words[] = {"server.test", at("in.pem"),
                                 "https://server.test/path"};
    const char *const files[] = {at("in.pem"), "-", at("missing.pem")};
    json_t *json;

    ck_assert(ca_check_asks(words, 3));
    ck_assert(!ca_check_asks(files, 3));
    put("in.pem", "root");
    drop_in_certs("root");
    show("server sub");
    ca.json = true;
    capture_begin();
    ck_assert_int_eq(ca_check(&ca, words, 3), 0);
    capture_end();
    json = json_loads(captured, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "files")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "hosts")), 1);
    json_decref(json);
    ck_assert_uint_eq(inspector.asked, 1);
}
END_TEST

/* ---- status and watch ---- */

static const struct {
    const char *shown, *held, *roots;
    const char *event; /* NULL: all is well */
    const char *said;
} STANDINGS[] = {
    {"server sub root", "root sub", "other", NULL, ", by what is held\n"},
    {"server sub", "root", "other", NULL, ", by what is held\n"},
    {"rotated-server rotated", "root", "other", "ca_rotated",
     "its chain ends in CN=Test Corp Root CA"},
    {"rotated-server", "root", "other", "ca_rotated",
     "its chain leads to CN=Test Corp Root CA, O=Test Corp, which is missing"},
    {"vendor-server vendor", "root", "vendor", "ca_rotated", "ccgate ca fetch"},
    {"vendor-server vendor", "", "vendor", NULL, ", which the system trusts\n"},
    {"vendor-server vendor", "", "other", "ca_unknown", ", which nothing trusts"},
    {"expired sub", "root", "other", "ca_host_faulty", "expired on"},
    {"server sub", "sub", "other", "ca_host_faulty", "is missing"},
    {NULL, "root", "other", "ca_host_unreached", "server.test:443: "},
};

static char log_path[128];

/* The log as a string, which is then emptied. */
static const char *logged(void)
{
    static char text[65536];
    FILE *file;
    size_t n;

    log_flush();
    file = fopen(log_path, "r");
    n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[n] = '\0';
    if (file != NULL)
        fclose(file);
    ck_assert_int_eq(truncate(log_path, 0), 0);
    return text;
}

static void log_to_file(void)
{
    struct log_options options = {.to = log_path, .level = LOG_LEVEL_INFO};

    snprintf(log_path, sizeof(log_path), "%s/log", folder);
    ck_assert_int_eq(log_open(&options), 0);
}

static int watch(const struct ca *now, const char *const *hosts, size_t count)
{
    return ca_watch(now, hosts, count, 0);
}

START_TEST(standing)
{
    const char *event = STANDINGS[_i].event;
    const char *log;

    put("roots.pem", STANDINGS[_i].roots);
    drop_in_certs(STANDINGS[_i].held);
    show(STANDINGS[_i].shown);
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_msg(with_hosts("server.test", ca_status) == (event != NULL), "%s",
                  captured);
    expect(STANDINGS[_i].said);
    log_to_file();
    ck_assert_int_eq(with_hosts("server.test", watch), event != NULL);
    log = logged();
    if (event != NULL)
        ck_assert_msg(strstr(log, event) != NULL, "%s", log);
    else
        ck_assert_ptr_null(strstr(log, "ca_"));
}
END_TEST

static const struct {
    int64_t later; /* days */
    const char *level;
} DATES[] = {
    {3650 - 61, NULL}, {3650 - 60, "info"}, {3650 - 30, "warn"}, {3650 - 7, "error"}};

START_TEST(expiry_is_watched)
{
    const char *log;

    drop_in_certs("root");
    ca.now = PKI_NOW + DATES[_i].later * DAY;
    log_to_file();
    ck_assert_int_eq(with_hosts("", watch), DATES[_i].level != NULL);
    log = logged();
    if (DATES[_i].level == NULL) {
        ck_assert_str_eq(log, "");
        return;
    }
    ck_assert_ptr_nonnull(strstr(log, "ca_expires"));
    ck_assert_ptr_nonnull(strstr(log, DATES[_i].level));
}
END_TEST

/* Without hosts, those of the last fetch are asked; a list of others is not. */
START_TEST(hosts_are_remembered)
{
    drop_in_certs("root");
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert(!ca_status_asks(&ca, 0));
    put_text("state/ca/hosts", "server.test:443\n");
    ck_assert(ca_status_asks(&ca, 0));
    show("rotated-server rotated");
    ck_assert_int_eq(with_hosts("", ca_status), 1);
    expect("server.test:443: its chain ends in ");
    log_to_file();
    ck_assert_int_eq(with_hosts("", watch), 1);
    ck_assert_int_eq(chmod(at("state/ca/hosts"), 0666), 0);
    ck_assert_int_eq(with_hosts("", ca_status), 1);
    expect("state/ca/hosts: ");
    ck_assert_uint_eq(inspector.asked, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ca_wire");
    TCase *c = tcase_create("wire");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, inspector_begin, inspector_end);
    tcase_add_loop_test(c, checked, 0, COUNT(CHECKS));
    tcase_add_loop_test(c, http2_is_no_sign, 0, 2);
    tcase_add_test(c, file_or_host);
    tcase_add_loop_test(c, standing, 0, COUNT(STANDINGS));
    tcase_add_loop_test(c, expiry_is_watched, 0, COUNT(DATES));
    tcase_add_test(c, hosts_are_remembered);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
