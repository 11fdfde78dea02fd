/*
 * test_route_table: decisions as people read them.
 */
#include "admin/route_table.h"
#include "suite.h"

static char shown[8192];

/* The lines of a decision, given as JSON with ' for ". */
static const char *lines_of(const char *json)
{
    char text[4096];
    struct table table;
    struct buf out;
    json_t *route;

    snprintf(text, sizeof(text), "%s", json);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    route = json_loads(text, 0, NULL);
    ck_assert_msg(route != NULL, "%s", text);
    buf_init(&out, sizeof(shown));
    table = (struct table){.out = &out};
    route_table(route, &table);
    ck_assert_int_eq(table.error, 0);
    snprintf(shown, sizeof(shown), "%.*s", SPAN_ARG(buf_span(&out)));
    buf_clear(&out);
    json_decref(route);
    return shown;
}

static const struct {
    const char *json;
    const char *lines;
} DECISIONS[] = {
    {"{'kind': 'direct', 'why': 'noproxy: a'}", "  direct\n  because  noproxy: a\n"},
    {"{'kind': 'refused', 'why': 'w', 'outcome': 'loop', 'help': 'do it'}",
     "  no way   loop\n  because  w\n  help     do it\n"},
    {"{'kind': 'hops', 'why': 'w', 'health_note': 'nobody',"
     " 'hops': [{'name': 'a', 'health': null}, {'name': 'direct'}],"
     " 'trace': ['one', 'two']}",
     "  through  a\n  or       direct\n  health   nobody\n  because  w\n"
     "  trace    one\n  trace    two\n"},
    {"{'kind': 'hops', 'why': 'w\\u001b[2J', 'hops': [{'name': 'a\\u0007b'}],"
     " 'trace': ['c\\nd', 7]}",
     "  through  a?b\n  because  w?[2J\n  trace    c?d\n  trace    \n"},
    {"{'kind': 3, 'hops': {}, 'trace': 1}", "  because  \n"},
};

START_TEST(decisions)
{
    ck_assert_str_eq(lines_of(DECISIONS[_i].json), DECISIONS[_i].lines);
}
END_TEST

/* A hop, and the lines behind its name. */
static const struct {
    const char *hop;
    const char *lines;
} HOPS[] = {
    {"'health': 'unused'", "           not used so far\n"},
    {"'health': 'ok', 'successes': 0, 'last_error': 'connect_denied',"
     " 'last_detail': 'no', 'last_error_at': 1700000000",
     "           not resting; failed 11-14 22:13:20: no\n"},
    {"'health': 'ok', 'successes': 2, 'last_success_at': 1700000001",
     "           well; worked 11-14 22:13:21\n"},
    {"'health': 'resting', 'rests_for_ms': 59001, 'successes': 2,"
     " 'last_success_at': 1700000001, 'last_error': 'dns_error',"
     " 'last_error_at': 1700000061",
     "           rests for 1 min more, tried when all others fail;"
     " worked 11-14 22:13:21; failed 11-14 22:14:21: dns_error\n"},
    {"'login': {'user': 'alice', 'withheld': true, 'state': 'closed'}",
     "           login withheld: no entry of auth_hosts names this host\n"},
    {"'login': {'user': null, 'withheld': true}", ""},
    {"'login': {'user': 'alice', 'withheld': false, 'state': 'closed', 'why': 'wrong',"
     " 'rejected_when': 1700000000}",
     "           login held back: it was rejected on 11-14 22:13:20, wrong\n"},
    {"'login': {'asked': 'yes', 'scheme': 'NTLM', 'state': 'accepted'}",
     "           asks for a login: NTLM, accepted\n"},
    {"'login': {'asked': 'yes', 'scheme': null, 'state': 'none'}",
     "           asks for a login: none is configured\n"},
    {"'login': {'asked': 'no', 'state': 'untried'}", "           asks for no login\n"},
    {"'login': {'asked': 'unknown', 'state': 'untried', 'note': 'mind'}",
     "           mind\n"},
};

START_TEST(hops)
{
    char json[1024], lines[1024];

    snprintf(json, sizeof(json), "{'kind': 'hops', 'hops': [{'name': 'a', %s}]}",
             HOPS[_i].hop);
    snprintf(lines, sizeof(lines), "  through  a\n%s  because  \n", HOPS[_i].lines);
    ck_assert_str_eq(lines_of(json), lines);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route_table");
    TCase *c = tcase_create("route_table");

    setenv("TZ", "UTC", 1);
    tcase_add_loop_test(c, decisions, 0, sizeof(DECISIONS) / sizeof(DECISIONS[0]));
    tcase_add_loop_test(c, hops, 0, sizeof(HOPS) / sizeof(HOPS[0]));
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
