/*
 * test_pac_child: the real ccgate-pac with sound, broken and hostile scripts.
 */
#include "pac_child_rig.h"
#include "suite.h"

#define FIND(body) "function FindProxyForURL(url, host) {" body "}"

static struct child_rig rig;

static void ck_text(struct span got, const char *want)
{
    ck_assert_msg(span_equal(got, span_of(want)), "got \"%.*s\", want \"%s\"",
                  SPAN_ARG(got), want);
}

START_TEST(test_answers)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;

    child_start(&rig, FIND("alert('hi'); return weekdayRange('WED', 'GMT') ?"
                           " 'PROXY p:' + host.length : url;"));
    ask.trace = true;
    for (int i = 0; i < 3; i++) {
        struct pac_call call;

        ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
        ck_assert_int_eq(answer.type, PAC_RESULT);
        ck_text(answer.text, "PROXY p:11");
        ck_text(answer.alerts, "hi\n");
        ck_assert_uint_eq(answer.flags, PAC_USED_CLOCK);
        ck_assert_uint_gt(answer.ns, 0);
        ck_assert(pac_trace_next(&answer.trace, &call));
        ck_text(call.name, "alert");
        ck_assert(pac_trace_next(&answer.trace, &call));
        ck_text(call.result, "true");
        ck_assert(!pac_trace_next(&answer.trace, &call));
    }
    /* The end of the socket is the end of the child. */
    ck_assert_int_eq(child_stop(&rig, false), 0);
}
END_TEST

/* Dependent lookups: each question again, with one name more. */
START_TEST(test_lookups)
{
    struct pac_ask ask = child_question(PAC_LOAD);
    struct pac_answer answer;

    child_start_fd(&rig, child_script(SPAN("var top = dnsResolve('top.example');" FIND(
                                          "var b = dnsResolveEx(host);"
                                          "return top + ' ' + b;")),
                                      true));
    child_hello(&rig);
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.type, PAC_NEED_DNS);
    ck_text(answer.text, "top.example");
    ck_assert_int_eq(answer.family, PAC_V4);
    ask.names[0] = (struct pac_name){SPAN("top.example"), PAC_V4, SPAN("10.0.0.1")};
    ask.name_count = 1;
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.type, PAC_READY);
    ck_assert_uint_eq(answer.names_used, 1);

    ask = child_question(PAC_FIND);
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.type, PAC_NEED_DNS);
    ck_text(answer.text, "www.example");
    ck_assert_int_eq(answer.family, PAC_BOTH);
    ask.names[0] =
        (struct pac_name){SPAN("www.example"), PAC_BOTH, SPAN("::1;10.2.2.2")};
    ask.name_count = 1;
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_text(answer.text, "10.0.0.1 ::1;10.2.2.2");
    (void)child_stop(&rig, false);
}
END_TEST

/* No script may be taken that could change, and none that is too long. */
START_TEST(test_script_file)
{
    static char text[PAC_SCRIPT_LIMIT + 1];
    struct pac_ask ask = child_question(PAC_LOAD);
    struct pac_answer answer;
    const char *const wants[] = {"the script is not in a sealed memfd",
                                 "the script is too long",
                                 "the script defines no FindProxyForURL"};

    memset(text, ' ', sizeof(text));
    for (int i = 0; i < 3; i++) {
        struct span script = {text, i == 1 ? sizeof(text) : i == 2 ? 0 : 10};

        child_start_fd(&rig, child_script(script, i != 0));
        child_hello(&rig);
        ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
        ck_assert_int_eq(answer.type, PAC_ERROR);
        ck_text(answer.text, wants[i]);
        (void)child_stop(&rig, false);
    }
}
END_TEST

START_TEST(test_nonsense)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;
    struct span body;

    child_start_fd(&rig, child_script(SPAN(FIND("return '';")), true));
    child_hello(&rig);
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.error, PAC_ERROR_QUESTION);
    ck_text(answer.text, "no script is loaded");
    child_send(&rig, SPAN("\0\0\0\3abc"));
    ck_assert(child_receive(&rig, &body, CHILD_LIMIT_MS));
    ck_assert(pac_get_answer(body, &answer));
    ck_text(answer.text, "the question is not understood");
    /* What is no message at all ends it. */
    child_send(&rig, SPAN("\xff\xff\xff\xff"));
    ck_assert(!child_receive(&rig, &body, CHILD_LIMIT_MS));
    ck_assert_int_eq(child_stop(&rig, false), 0);
}
END_TEST

/* ---- hostile scripts ---- */

static const char *const endless[] = {
    FIND("while (1) {}"),
    FIND("for (;;) { try { dnsResolve('a.example'); } catch (e) {} }"),
    FIND(
        "return /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')"
        " ? '' : '';"),
    FIND("return shExpMatch('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',"
         " '(a+)+') ? '' : '';"),
    FIND("return '' + {toString: function () { for (;;); }};"),
    FIND("throw {get message() { for (;;); }, toString: function () { for (;;); }};"),
};

/* It does not answer, and can be killed and replaced at once. */
START_TEST(test_endless)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;
    long begun;
    int status;

    child_start(&rig, endless[_i]);
    ck_assert(!child_ask(&rig, &ask, &answer, 300));
    status = child_stop(&rig, true);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    begun = now_ms();
    child_start(&rig, FIND("return 'DIRECT';"));
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_text(answer.text, "DIRECT");
    ck_assert_int_lt(now_ms() - begun, CHILD_LIMIT_MS);
    (void)child_stop(&rig, false);
}
END_TEST

/* An engine that can stops itself, and the child lives on. */
START_TEST(test_limit)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;

    child_start(&rig, FIND("while (host != 'good') {} return 'DIRECT';"));
    if (!span_starts(span_of(rig.engine), SPAN("quickjs"))) {
        (void)child_stop(&rig, true); /* Duktape cannot: test_endless */
        return;
    }
    ask.limit_ms = 100;
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.error, PAC_ERROR_TIME);
    ask.host = SPAN("good");
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_text(answer.text, "DIRECT");
    (void)child_stop(&rig, false);
}
END_TEST

/* Errors that the child survives: it answers, then a sound question, too. */
static const struct {
    const char *body;
    enum pac_error error; /* 0: any of them, or a result */
} greedy[] = {
    {"function f() { return f() + 1; } f();", PAC_ERROR_THREW},
    {"var o = {}; o.toString = function () { return '' + o; }; return '' + o;",
     PAC_ERROR_THREW},
    {"var s = 'x', a = []; while (s.length < 1e6) s += s;"
     "for (;;) a.push(s + a.length);",
     PAC_ERROR_MEMORY},
    {"var s = 'x'; for (;;) s += s;", 0},
    {"return '' + new Uint8Array(100 * 1024 * 1024).length;", PAC_ERROR_MEMORY},
    {"try { new Uint8Array(1e8); } catch (e) { return 'DIRECT'; } return 'x';", 0},
    {"var s = '('; for (var i = 0; i < 15; i++) s += s; return new RegExp(s) + '';",
     PAC_ERROR_THREW},
    {"var s = '['; for (var i = 0; i < 18; i++) s += s; return JSON.parse(s);", 0},
    {"return eval(new Array(100000).join('(') + '1');", 0},
    {"var a = []; for (var i = 0; i < 100000; i++) a = [a]; return JSON.stringify(a);",
     0},
    {"return undefined;", PAC_ERROR_NOT_STRING},
    {"return 'PROXY \\u2028';", PAC_ERROR_NOT_ASCII},
};

START_TEST(test_greedy)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;
    char script[1024];

    (void)snprintf(script, sizeof(script),
                   FIND("if (host == 'good') return 'DIRECT'; %s"), greedy[_i].body);
    child_start(&rig, script);
    ck_assert_msg(child_ask(&rig, &ask, &answer, 4 * CHILD_LIMIT_MS), "%s",
                  greedy[_i].body);
    if (greedy[_i].error != 0)
        ck_assert_msg(answer.error == greedy[_i].error, "%s: %.*s",
                      pac_error_name(answer.error), SPAN_ARG(answer.text));
    ask.host = SPAN("good");
    ck_assert(child_ask(&rig, &ask, &answer, 4 * CHILD_LIMIT_MS));
    ck_text(answer.text, "DIRECT");
    ck_assert_int_eq(child_stop(&rig, false), 0);
}
END_TEST

/* ---- the sandbox ---- */

static bool has(const char *file, const char *line)
{
    char path[64];
    char text[8192] = "";
    FILE *status;
    size_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)rig.pid, file);
    status = fopen(path, "r");
    if (status == NULL)
        return false;
    n = fread(text, 1, sizeof(text) - 1, status);
    text[n] = '\0';
    (void)fclose(status);
    return strstr(text, line) != NULL;
}

START_TEST(test_sandbox)
{
    uint32_t active;

    child_start(&rig, FIND("return '';"));
    active = rig.hello.sandbox;
    fprintf(stderr, "%s, sandbox 0x%x\n", rig.engine, active);
    ck_assert(active & PAC_SANDBOX_NO_NEW_PRIVS);
    ck_assert(active & PAC_SANDBOX_RLIMITS);
    ck_assert(has("status", "NoNewPrivs:\t1"));
    ck_assert(has("limits", "Max core file size        0                    0"));
    /* Exactly one of them, so that a build without is seen. */
    ck_assert(!(active & PAC_SANDBOX_SANITIZER) != !(active & PAC_SANDBOX_SECCOMP));
    if (active & PAC_SANDBOX_SECCOMP) {
        ck_assert(has("status", "Seccomp:\t2"));
        ck_assert(active & PAC_SANDBOX_ADDRESS_SPACE);
        ck_assert(has("limits", "Max open files            0                    0"));
    }
    (void)child_stop(&rig, false);
}
END_TEST

/* A descriptor of ours that was left open by mistake is closed. */
START_TEST(test_descriptors)
{
    int pair[2];
    char byte;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    child_start(&rig, FIND("return '';"));
    (void)close(pair[1]);
    ck_assert_int_eq(read(pair[0], &byte, 1), 0); /* nobody else has it */
    (void)close(pair[0]);
    (void)child_stop(&rig, false);
}
END_TEST

/* The zone is known although no file can be read any more. */
START_TEST(test_zone)
{
    struct pac_ask ask = child_question(PAC_FIND);
    struct pac_answer answer;

    ck_assert_int_eq(setenv("TZ", "XYZ-3:30", 1), 0);
    child_start(&rig, FIND("return timeRange(16) && !timeRange(12) &&"
                           " new Date().getMinutes() == 0 ? 'good' : 'bad';"));
    ck_assert_int_eq(unsetenv("TZ"), 0);
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_text(answer.text, "good");
    (void)child_stop(&rig, false);
    child_start(&rig, FIND("return '' + new Date(2026, 6, 1).getTime();"));
    ck_assert(child_ask(&rig, &ask, &answer, CHILD_LIMIT_MS));
    ck_assert_int_eq(answer.type, PAC_RESULT);
    ck_assert_int_eq(child_stop(&rig, false), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_child");
    TCase *tcase = tcase_create("child");
    TCase *hostile = tcase_create("hostile");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_answers);
    tcase_add_test(tcase, test_lookups);
    tcase_add_test(tcase, test_script_file);
    tcase_add_test(tcase, test_nonsense);
    tcase_add_test(tcase, test_sandbox);
    tcase_add_test(tcase, test_descriptors);
    tcase_add_test(tcase, test_zone);
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(hostile, 300);
    tcase_add_loop_test(hostile, test_endless, 0, sizeof(endless) / sizeof(endless[0]));
    tcase_add_test(hostile, test_limit);
    tcase_add_loop_test(hostile, test_greedy, 0, sizeof(greedy) / sizeof(greedy[0]));
    suite_add_tcase(suite, hostile);
    return suite_run(suite);
}
