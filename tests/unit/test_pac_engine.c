/*
 * test_pac_engine: scripts, good and bad, in the engine that configure picked.
 */
#include "pac_engine_rig.h"
#include "suite.h"

static struct engine_rig rig;

static void set_up(void)
{
    engine_rig_init(&rig);
}

static void tear_down(void)
{
    engine_rig_clear(&rig);
}

static void load(const char *script)
{
    ck_assert_msg(engine_rig_load(&rig, script), "%.*s",
                  SPAN_ARG(buf_span(&rig.fault.text)));
}

static bool is_es5(void)
{
    return strcmp(engine_language(), "ES5") == 0;
}

/* What is wrong, in its own words where the engine has no part in them. */
static void ck_fault(enum pac_error error, uint32_t line, const char *text)
{
    ck_assert_msg(rig.fault.error == error, "got %s: %.*s, want %s",
                  pac_error_name(rig.fault.error), SPAN_ARG(buf_span(&rig.fault.text)),
                  pac_error_name(error));
    ck_assert_msg(rig.fault.line == line, "line %u, want %u", rig.fault.line, line);
    if (text != NULL)
        ck_text(buf_span(&rig.fault.text), text);
}

START_TEST(test_finds)
{
    load("var n = 0;\n"
         "function FindProxyForURL(url, host) {\n"
         "  n++; return 'PROXY ' + host + ':' + n + ' ' + url;\n}");
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "PROXY www.example:1 http://www.example/");
    ck_assert(engine_rig_find(&rig)); /* globals persist */
    ck_text(buf_span(&rig.result), "PROXY www.example:2 http://www.example/");
    ck_assert_uint_eq(rig.bindings.flags, 0);
}
END_TEST

static const struct {
    const char *script;
    enum pac_error error;
    uint32_t line;
    const char *text;
    bool es5; /* only where the engine knows no more than that */
} load_faults[] = {
    {"var a = 1;\nvar b = ;\n", PAC_ERROR_SYNTAX, 2, NULL, false},
    {"<html><body>Login</body></html>", PAC_ERROR_SYNTAX, 1, NULL, false},
    {"", PAC_ERROR_NO_FUNCTION, 0, "the script defines no FindProxyForURL", false},
    {"function findProxyForURL() {}", PAC_ERROR_NO_FUNCTION, 0, NULL, false},
    {"var FindProxyForURL = 'x';", PAC_ERROR_NOT_FUNCTION, 0,
     "FindProxyForURL is not a function", false},
    {"var a;\n\na.b = 1;\n", PAC_ERROR_TOP_LEVEL, 3, NULL, false},
    {"throw 'no way';", PAC_ERROR_TOP_LEVEL, 0, "no way", false},
    {"throw {toString: function () { throw 1; }};", PAC_ERROR_TOP_LEVEL, 0, NULL,
     false},
    {"function f(h) {\n  return 1;\n}\nlet a = 1;\n", PAC_ERROR_NEWER, 4,
     "`let` is newer than the JavaScript that this engine knows (ES5)", true},
    {"var f = (a) => a;", PAC_ERROR_NEWER, 1,
     "an arrow function is newer than the JavaScript that this engine knows (ES5)",
     true},
    {"\nfunction* g() {}", PAC_ERROR_NEWER, 2,
     "a generator (`function*`) is newer than the JavaScript that this engine knows "
     "(ES5)",
     true},
    {"\nvar a = 10n;", PAC_ERROR_NEWER, 2,
     "a BigInt is newer than the JavaScript that this engine knows (ES5)", true},
    {"\nvar a = 1_000;", PAC_ERROR_NEWER, 2,
     "`_` in a number is newer than the JavaScript that this engine knows (ES5)", true},
    {"\nvar a = /a/s;", PAC_ERROR_NEWER, 2,
     "the flag `s` of a regular expression is newer than the JavaScript that this "
     "engine knows (ES5)",
     true},
    {"\n\nvar m = new Map();", PAC_ERROR_NEWER, 3,
     "`Map` is newer than the JavaScript that this engine knows (ES5)", true},
};

START_TEST(test_load_faults)
{
    if (load_faults[_i].es5 && !is_es5())
        return;
    ck_assert(!engine_rig_load(&rig, load_faults[_i].script));
    ck_fault(load_faults[_i].error, load_faults[_i].line, load_faults[_i].text);
}
END_TEST

#define FIND(body) "function FindProxyForURL(url, host) {\n" body "\n}"

static const struct {
    const char *script;
    enum pac_error error;
    uint32_t line;
    const char *text;
} find_faults[] = {
    {FIND(""), PAC_ERROR_NOT_STRING, 0,
     "FindProxyForURL returned undefined, not a string"},
    {FIND("return null;"), PAC_ERROR_NOT_STRING, 0,
     "FindProxyForURL returned null, not a string"},
    {FIND("return 1;"), PAC_ERROR_NOT_STRING, 0,
     "FindProxyForURL returned a number, not a string"},
    {FIND("return true;"), PAC_ERROR_NOT_STRING, 0,
     "FindProxyForURL returned a boolean, not a string"},
    {FIND("return {toString: function () { return 'DIRECT'; }};"), PAC_ERROR_NOT_STRING,
     0, "FindProxyForURL returned an object, not a string"},
    {FIND("return Symbol('x');"), PAC_ERROR_NOT_STRING, 0, NULL},
    {FIND("return 'PROXY \\u00fc:80';"), PAC_ERROR_NOT_ASCII, 0,
     "FindProxyForURL returned more than ASCII"},
    {FIND("\n  nothing();"), PAC_ERROR_THREW, 3, NULL},
    {FIND("throw 'a\\r\\nb';"), PAC_ERROR_THREW, 0, "a  b"},
    {FIND("throw {get stack() { throw 1; }};"), PAC_ERROR_THREW, 0, NULL},
    {FIND("return shExpMatch(host, 'a[') ? 1 : 2;"), PAC_ERROR_THREW, 2, NULL},
    {FIND("return timeRange(1, 2, 3);"), PAC_ERROR_THREW, 2,
     "TypeError: timeRange: bad number of arguments"},
    {FIND("function f() { f(); } f();"), PAC_ERROR_THREW, 2, NULL},
    {FIND("delete this.FindProxyForURL; FindProxyForURL = 1; return 'DIRECT'; "),
     PAC_ERROR_NOT_FUNCTION, 0, NULL},
};

START_TEST(test_find_faults)
{
    bool second = find_faults[_i].error == PAC_ERROR_NOT_FUNCTION;

    load(find_faults[_i].script);
    ck_assert_int_eq(engine_rig_find(&rig), second);
    ck_assert(!engine_rig_find(&rig)); /* again: nothing is left over */
    ck_fault(find_faults[_i].error, find_faults[_i].line, find_faults[_i].text);
}
END_TEST

START_TEST(test_result_is_printable)
{
    load(FIND("return 'PROXY a:1;\\r\\nPROXY b:2\\0;\\tDIRECT';"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "PROXY a:1;?\?PROXY b:2?;\tDIRECT");
    load(FIND("var s = ''; for (var i = 0; i < 5000; i++) s += 'PROXY p:' + i + ';';"
              "return s;"));
    ck_assert(engine_rig_find(&rig));
    ck_assert(rig.cut);
    ck_assert_uint_le(rig.result.len, PAC_RESULT_LIMIT);
    ck_assert_int_eq(rig.result.data[rig.result.len - 1], ';');
}
END_TEST

START_TEST(test_memory)
{
    load("var keep = [], s = 'x'; while (s.length < 1e5) s += s;" FIND(
        "for (;;) keep.push(s + keep.length);"));
    ck_assert(!engine_rig_find(&rig));
    ck_fault(PAC_ERROR_MEMORY, 0, NULL);
}
END_TEST

/* ---- lookups ---- */

START_TEST(test_missing_name)
{
    load(FIND("try { dnsResolve('A.example'); } catch (e) {}\n"
              "try { isInNet('b.example', '10.0.0.0', '255.0.0.0'); } catch (e) {}\n"
              "return 'DIRECT';"));
    ck_assert(engine_rig_find(&rig)); /* the script hid it ... */
    ck_assert(rig.bindings.missing);  /* ... in vain */
    ck_text(buf_span(&rig.bindings.name), "a.example");
    ck_assert_int_eq(rig.bindings.family, PAC_V4);

    rig.ask.names[0] = (struct pac_name){SPAN("a.example"), PAC_V4, SPAN("")};
    rig.ask.name_count = 1;
    ck_assert(engine_rig_find(&rig));
    ck_assert(rig.bindings.missing);
    ck_text(buf_span(&rig.bindings.name), "b.example");
    ck_assert_uint_eq(rig.bindings.names_used, 1);

    rig.ask.names[1] = (struct pac_name){SPAN("b.example"), PAC_V4, SPAN("10.1.1.1")};
    rig.ask.name_count = 2;
    ck_assert(engine_rig_find(&rig));
    ck_assert(!rig.bindings.missing);
    ck_assert_uint_eq(rig.bindings.names_used, 3);
    ck_text(buf_span(&rig.result), "DIRECT");
}
END_TEST

/* Where strings only count, an object's toString() is not run. */
START_TEST(test_objects)
{
    static const char *const calls[][2] = {
        {"dnsResolve(o)", "null 0"},
        {"dnsResolve(new String('10.1.1.1'))", "null 0"},
        {"isResolvable(o)", "false 0"},
        {"dnsResolveEx(o)", "undefined 0"},
        {"isResolvableEx(o)", "true 0"},
        {"isInNetEx(o, '10.0.0.0/8')", "null 0"},
        {"isInNetEx('10.1.1.1', o)", "null 0"},
        {"isPlainHostName(o)", "null 0"},
        {"sortIpAddressList(o)", "null 0"},
        {"myIpAddress(o)", "127.0.0.1 0"},
        {"myIpAddressEx(o)", " 0"},
        {"dnsResolve(function () {})", "null 0"},
        {"dnsResolve(Symbol('x'))", "null 0"},
        {"dnsResolve('10.1.1.1')", "10.1.1.1 0"},
        {"shExpMatch(o, '10.1.1.*')", "true 1"}, /* as RegExp.test() does */
        {"isValidIpAddress(o)", "true 1"},
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char script[512];

        (void)snprintf(script, sizeof(script),
                       FIND("var n = 0; var o = {toString: function () { n++;"
                            " return '10.1.1.1'; }};\n var r = %s;"
                            " return r + ' ' + n;"),
                       calls[i][0]);
        load(script);
        ck_assert_msg(engine_rig_find(&rig), "%s", calls[i][0]);
        ck_text(buf_span(&rig.result), calls[i][1]);
        ck_assert(!rig.bindings.missing);
    }
}
END_TEST

START_TEST(test_both_families)
{
    load(FIND("return dnsResolveEx('a.example') + ' ' + dnsResolve('a.example');"));
    rig.ask.names[0] = (struct pac_name){SPAN("a.example"), PAC_V4, SPAN("10.1.1.1")};
    rig.ask.name_count = 1;
    ck_assert(!engine_rig_find(&rig)); /* the other family is another lookup */
    ck_assert(rig.bindings.missing);
    ck_assert_int_eq(rig.bindings.family, PAC_BOTH);
}
END_TEST

START_TEST(test_twenty_names)
{
    static char names[PAC_NAMES][16];

    load(FIND("var n = 0; for (var i = 0; i < 30; i++)"
              " n += isResolvable('h' + i) ? 1 : 0; return String(n);"));
    for (int i = 0; i < PAC_NAMES; i++) {
        (void)engine_rig_find(&rig);
        ck_assert(rig.bindings.missing);
        (void)snprintf(names[i], sizeof(names[i]), "h%d", i);
        ck_text(buf_span(&rig.bindings.name), names[i]);
        rig.ask.names[rig.ask.name_count++] =
            (struct pac_name){span_of(names[i]), PAC_V4, SPAN("10.0.0.1")};
    }
    ck_assert(engine_rig_find(&rig));
    ck_assert(!rig.bindings.missing);
    ck_assert_uint_eq(rig.bindings.flags, PAC_FULL_NAMES);
    ck_text(buf_span(&rig.result), "20");
}
END_TEST

START_TEST(test_missing_at_load)
{
    (void)engine_rig_load(
        &rig, "var ip = dnsResolve('top.example');" FIND("return String(ip);"));
    ck_assert(rig.bindings.missing);
    rig.ask.names[0] = (struct pac_name){SPAN("top.example"), PAC_V4, SPAN("10.9.9.9")};
    rig.ask.name_count = 1;
    load("var ip = dnsResolve('top.example');" FIND("return String(ip);"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "10.9.9.9");
}
END_TEST

/* ---- what a run is told to have used ---- */

static const struct {
    const char *expression;
    uint8_t flags;
} uses[] = {
    {"weekdayRange('MON')", PAC_USED_CLOCK},
    {"dateRange(1)", PAC_USED_CLOCK},
    {"timeRange(1)", PAC_USED_CLOCK},
    {"new Date()", PAC_USED_CLOCK},
    {"Date()", PAC_USED_CLOCK},
    {"Date.now()", PAC_USED_CLOCK},
    {"new Date(2026, 1, 1)", 0},
    {"myIpAddress()", PAC_USED_MY_IP},
    {"myIpAddressEx()", PAC_USED_MY_IP},
    {"shExpMatch(host, '*')", 0},
};

START_TEST(test_uses)
{
    char script[200];

    (void)snprintf(script, sizeof(script),
                   "function FindProxyForURL(url, host) { %s; return ''; }",
                   uses[_i].expression);
    load(script);
    ck_assert(engine_rig_find(&rig));
    ck_assert_uint_eq(rig.bindings.flags, uses[_i].flags);
    ck_assert_uint_eq(rig.result.len, 0);
}
END_TEST

START_TEST(test_alerts)
{
    load(FIND("alert('one\\ntwo'); alert(); alert({}); alert(1.5); return '';"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.bindings.alerts),
            "one two\nundefined\n[object Object]\n1.5\n");
    load(FIND("for (var i = 0; i < 1000; i++) alert('0123456789'); return '';"));
    ck_assert(engine_rig_find(&rig));
    ck_assert_uint_eq(rig.bindings.alerts.len, PAC_ALERTS_LIMIT);
    ck_assert_uint_eq(rig.bindings.flags, PAC_CUT_ALERTS);
}
END_TEST

START_TEST(test_trace)
{
    struct pac_call call;
    struct span trace;

    rig.ask.trace = true;
    load(FIND("shExpMatch(host, '*.\"x'); dnsDomainLevels('a\\nb');"
              "try { dnsDomainIs(); } catch (e) {} return '';"));
    ck_assert(engine_rig_find(&rig));
    trace = buf_span(&rig.bindings.trace);
    ck_assert(pac_trace_next(&trace, &call));
    ck_text(call.name, "shExpMatch");
    ck_text(call.arguments, "\"www.example\", \"*.\\\"x\"");
    ck_text(call.result, "false");
    ck_assert(pac_trace_next(&trace, &call));
    ck_text(call.arguments, "\"a\\x0ab\"");
    ck_text(call.result, "0");
    ck_assert(pac_trace_next(&trace, &call));
    ck_text(call.result, "throws");
    ck_assert(!pac_trace_next(&trace, &call));
    load(FIND("for (var i = 0; i < 5000; i++) isPlainHostName('abcdef'); return '';"));
    ck_assert(engine_rig_find(&rig));
    ck_assert_uint_le(rig.bindings.trace.len, PAC_TRACE_LIMIT);
    ck_assert_uint_eq(rig.bindings.flags, PAC_CUT_TRACE);
}
END_TEST

/* A pattern for RegExp is compiled once, also when there are many of them. */
START_TEST(test_many_regexps)
{
    load(FIND("var n = 0; for (var i = 0; i < 2000; i++)"
              " if (shExpMatch('h' + i, '(x|h' + (i % 700) + ')')) n++;"
              " return String(n);"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "700");
}
END_TEST

/* The matcher of our own against the browsers' way, over texts and patterns at random.
 */
START_TEST(test_glob_is_regexp)
{
    load("var seed = 1, wrong = 0, yes = 0;"
         "function pick(letters, most) {"
         "  var s = ''; seed = (seed * 1103515245 + 12345) % 2147483648;"
         "  for (var n = (seed >> 8) % (most + 1); n > 0; n--) {"
         "    seed = (seed * 1103515245 + 12345) % 2147483648;"
         "    s += letters.charAt((seed >> 8) % letters.length); }"
         "  return s; }"
         "function slow(text, pattern) {"
         "  var re = pattern.split('.').join('\\\\.').split('*').join('.*');"
         "  return new RegExp('^' + re.split('?').join('.') + '$').test(text); }" FIND(
             "for (var i = 0; i < 20000; i++) {"
             "  var t = pick('ab.', 8), p = pick('ab.*?', 6), m = shExpMatch(t, p);"
             "  yes += m ? 1 : 0; if (m !== slow(t, p)) wrong++; }"
             "return wrong + ' ' + (yes > 1000 && yes < 19000);"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "0 true");
}
END_TEST

/* The script may put its own in the place of everything. */
START_TEST(test_overwritten)
{
    load(
        "RegExp = null; String.prototype.test = null;"
        "function isPlainHostName(h) { return 'mine'; }"
        "function Date() { return {getDay: function () { return 'mine too'; }}; }" FIND(
            "return isPlainHostName(host) + new Date().getDay() +"
            " shExpMatch('ab', '(ab)') + typeof Duktape;"));
    ck_assert(engine_rig_find(&rig));
    ck_text(buf_span(&rig.result), "minemine tootrueundefined");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_engine");
    TCase *tcase = tcase_create("engine");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_finds);
    tcase_add_loop_test(tcase, test_load_faults, 0,
                        sizeof(load_faults) / sizeof(load_faults[0]));
    tcase_add_loop_test(tcase, test_find_faults, 0,
                        sizeof(find_faults) / sizeof(find_faults[0]));
    tcase_add_test(tcase, test_result_is_printable);
    tcase_add_test(tcase, test_memory);
    tcase_add_test(tcase, test_missing_name);
    tcase_add_test(tcase, test_objects);
    tcase_add_test(tcase, test_both_families);
    tcase_add_test(tcase, test_twenty_names);
    tcase_add_test(tcase, test_missing_at_load);
    tcase_add_loop_test(tcase, test_uses, 0, sizeof(uses) / sizeof(uses[0]));
    tcase_add_test(tcase, test_alerts);
    tcase_add_test(tcase, test_trace);
    tcase_add_test(tcase, test_many_regexps);
    tcase_add_test(tcase, test_glob_is_regexp);
    tcase_add_test(tcase, test_overwritten);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
