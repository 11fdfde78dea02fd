/*
 * test_pac_cases: tests/pac/cases.txt, each line through the engine.
 *
 * The whole table is one test that lists every line that differs.
 */
#include <time.h>

#include "pac_engine_rig.h"
#include "suite.h"

#define LINE_LIMIT 512

struct table {
    struct engine_rig rig;
    char texts[64][2][128]; /* what the names of the question point to */
    size_t used;
    unsigned line;
    unsigned run;
    unsigned wrong;
};

/* A text that stays until the next zone. */
static struct span keep(struct table *t, struct span text, int which)
{
    char *at = t->texts[t->used][which];

    ck_assert_uint_lt(text.len, sizeof(t->texts[0][0]));
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    return (struct span){at, text.len};
}

static void set_now(struct table *t, const char *text)
{
    struct tm tm = {0};

    ck_assert_int_eq(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon,
                            &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    t->rig.ask.now_ms = (uint64_t)timegm(&tm) * 1000;
}

static void add_name(struct table *t, struct span rest)
{
    struct pac_name *name = &t->rig.ask.names[t->rig.ask.name_count++];
    struct span part;

    ck_assert_uint_le(t->rig.ask.name_count, PAC_NAMES);
    ck_assert(span_next(&rest, " ", &part));
    name->name = keep(t, part, 0);
    ck_assert(span_next(&rest, " ", &part));
    name->family = span_equal(part, SPAN("v4")) ? PAC_V4 : PAC_BOTH;
    name->addresses = keep(t, span_next(&rest, " ", &part) ? part : SPAN(""), 1);
    t->used++;
}

/* A line that sets something. */
static bool take_setting(struct table *t, char *line)
{
    struct span rest = span_of(line);
    struct span word;

    if (!span_next(&rest, " ", &word))
        return false;
    if (span_equal(word, SPAN("zone"))) {
        ck_assert_int_eq(setenv("TZ", line + 5, 1), 0);
        tzset();
    } else if (span_equal(word, SPAN("now"))) {
        set_now(t, line + 4);
    } else if (span_equal(word, SPAN("dns"))) {
        add_name(t, rest);
    } else if (span_equal(word, SPAN("myip"))) {
        t->rig.ask.my_ip = keep(t, rest, 0);
        t->used++;
    } else if (span_equal(word, SPAN("myipex"))) {
        t->rig.ask.my_ip_ex = keep(t, rest, 0);
        t->used++;
    } else {
        return false;
    }
    return true;
}

/* The value as the table writes it. */
static struct span evaluate(struct table *t, const char *expression)
{
    char script[LINE_LIMIT + 200];

    (void)snprintf(script, sizeof(script),
                   "function FindProxyForURL(url, host) { var v = (%s);"
                   " return typeof v == 'string' ? '\"' + v + '\"' : String(v); }",
                   expression);
    ck_assert_msg(engine_rig_load(&t->rig, script), "line %u: %.*s", t->line,
                  SPAN_ARG(buf_span(&t->rig.fault.text)));
    if (!engine_rig_find(&t->rig))
        return t->rig.bindings.missing ? SPAN("a name is missing") : SPAN("throws");
    return buf_span(&t->rig.result);
}

static void try_line(struct table *t, char *line)
{
    char *arrow = strstr(line, " => ");
    char *bar;
    struct span got;

    ck_assert_msg(arrow != NULL, "line %u: neither a setting nor a case", t->line);
    *arrow = '\0';
    bar = strstr(arrow + 4, " | ");
    if (bar != NULL)
        *bar = '\0';
    got = evaluate(t, line);
    t->run++;
    if (span_equal(got, span_of(arrow + 4)))
        return;
    t->wrong++;
    fprintf(stderr, "line %u: %s gives %.*s, want %s\n", t->line, line, SPAN_ARG(got),
            arrow + 4);
}

START_TEST(test_cases)
{
    static struct table t;
    const char *source = getenv("srcdir");
    char path[4096];
    char line[LINE_LIMIT];
    FILE *file;

    engine_rig_init(&t.rig);
    (void)snprintf(path, sizeof(path), "%s/tests/pac/cases.txt", source ? source : ".");
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    while (fgets(line, sizeof(line), file) != NULL) {
        t.line++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#' && !take_setting(&t, line))
            try_line(&t, line);
    }
    (void)fclose(file);
    engine_rig_clear(&t.rig);
    ck_assert_uint_gt(t.run, 250);
    ck_assert_msg(t.wrong == 0, "%u of %u cases differ", t.wrong, t.run);
}
END_TEST

/* ---- pac/samples: each says itself, in comments, what it answers ---- */

static void read_sample(const char *name, char *text, size_t size)
{
    const char *source = getenv("srcdir");
    char path[4096];
    FILE *file;
    size_t n;

    (void)snprintf(path, sizeof(path), "%s/pac/samples/%s", source ? source : ".",
                   name);
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    n = fread(text, 1, size - 1, file);
    (void)fclose(file);
    text[n] = '\0';
}

START_TEST(test_samples)
{
    static const char *const names[] = {"office.pac", "sites.pac", "rules-200.pac"};
    static const struct span mark = {"// expect ", 10};
    static char text[65536];
    struct engine_rig rig;
    struct span rest, line;
    char url[300];
    unsigned expected = 0;

    ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
    tzset();
    engine_rig_init(&rig);
    rig.ask.now_ms = 1784118645000; /* a Wednesday, 12:30 */
    rig.ask.my_ip_ex = SPAN("192.168.1.1;10.1.2.3");
    read_sample(names[_i], text, sizeof(text));
    ck_assert(engine_rig_load(&rig, text));
    rest = span_of(text);
    while (span_next(&rest, "\n", &line)) {
        if (!span_starts(line, mark))
            continue;
        line = span_skip(line, mark.len);
        rig.ask.host = (struct span){line.at, span_find(line, ' ')};
        (void)snprintf(url, sizeof(url), "http://%.*s/", SPAN_ARG(rig.ask.host));
        rig.ask.url = span_of(url);
        ck_assert(engine_rig_find(&rig));
        line = span_skip(line, rig.ask.host.len + 4);
        ck_assert_msg(span_equal(buf_span(&rig.result), line), "%s: %.*s", url,
                      SPAN_ARG(buf_span(&rig.result)));
        expected++;
    }
    ck_assert_uint_ge(expected, 3);
    engine_rig_clear(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_cases");
    TCase *tcase = tcase_create("table");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_cases);
    tcase_add_loop_test(tcase, test_samples, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
