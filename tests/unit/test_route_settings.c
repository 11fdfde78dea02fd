/*
 * test_route_settings: how often ccgate-system is asked, and for how long its answers
 * are kept.
 */
#include "route/settings.h"
#include "settings_rig.h"

#define QUERIES (SETTINGS_CHILDREN + SETTINGS_QUEUE + 2)

static struct settings_times times;
static struct settings *settings;

static struct answer {
    struct settings_query *query;
    bool done, failed, pending;
    enum system_kind kind;
    char text[256];
} answers[QUERIES];
static int missing;

static void begin(void)
{
    system_begin();
    times = (struct settings_times){.keep_ms = 3600000, .failure_ms = 3600000};
    missing = 0;
    memset(answers, 0, sizeof(answers));
}

static void end(void)
{
    settings_free(settings);
    system_end();
}

static void start(uint64_t limit_ms)
{
    settings = settings_new(&(struct settings_options){
        .loop = loop, .limit_ms = limit_ms, .times = &times});
    ck_assert_ptr_nonnull(settings);
}

static void on_said(void *ctx, const struct settings_said *said)
{
    struct answer *a = ctx;

    ck_assert(!a->done);
    a->query = NULL;
    a->done = true;
    a->failed = said->failed;
    a->pending = said->pending;
    a->kind = said->kind;
    snprintf(a->text, sizeof(a->text), "%s: %s", said->source, said->text);
    if (--missing == 0)
        loop_stop(loop);
}

static void ask(int place, enum system_message type, const char *text, bool patient)
{
    struct answer *a = &answers[place];

    *a = (struct answer){.done = false};
    missing++;
    a->query = settings_start(settings, &(struct system_ask){type, span_of(text)},
                              patient, on_said, a);
    ck_assert_ptr_nonnull(a->query);
    ck_assert(!a->done);
}

static const struct answer *asked(const char *url)
{
    ask(0, SYSTEM_PROXY, url, true);
    loop_await();
    return &answers[0];
}

static void say(enum system_kind kind, bool every_url)
{
    settings_answer(&(struct system_answer){.kind = kind,
                                            .every_url = every_url,
                                            .source = SPAN("GNOME"),
                                            .text = SPAN("http://a/")});
}

/* A machine without a desktop starts one child, however many hosts are asked for. */
START_TEST(test_every_url)
{
    char url[64];

    say(SYSTEM_NOTHING, true);
    system_fake(ANSWERS);
    start(20000);
    for (int i = 0; i < 20; i++) {
        snprintf(url, sizeof(url), "https://h%d/", i);
        ask(i, SYSTEM_PROXY, url, true);
    }
    loop_await();
    for (int i = 0; i < 20; i++) {
        ck_assert(!answers[i].failed && !answers[i].pending);
        ck_assert_int_eq(answers[i].kind, SYSTEM_NOTHING);
        ck_assert_str_eq(answers[i].text, "GNOME: http://a/");
    }
    (void)asked("http://later/");
    ck_assert_int_eq(settings_starts(), 1);
}
END_TEST

START_TEST(test_by_url)
{
    static const char *const urls[] = {"https://a/", "https://b/", "https://a/",
                                       "http://a/", "https://b/"};
    struct settings_view view;

    say(SYSTEM_PROXIES, false);
    system_fake(ANSWERS);
    start(20000);
    for (int i = 0; i < COUNT(urls); i++)
        ask(i, SYSTEM_PROXY, urls[i], true);
    loop_await();
    ck_assert_int_eq(settings_starts(), 3);
    settings_view(settings, SYSTEM_PROXY, &view);
    ck_assert(!view.known);
    ck_assert_uint_eq(view.answers, 3);
    ck_assert_int_eq(asked("https://a/")->kind, SYSTEM_PROXIES);
    ck_assert_int_eq(settings_starts(), 3);
    /* Somebody has changed the settings, so that they are the same for all. */
    say(SYSTEM_DIRECT, true);
    ck_assert_int_eq(asked("https://c/")->kind, SYSTEM_DIRECT);
    ck_assert_int_eq(asked("https://a/")->kind, SYSTEM_DIRECT);
    ck_assert_int_eq(settings_starts(), 4);
}
END_TEST

/* While it is asked again what was known stands; what then fails does not. */
START_TEST(test_renewal)
{
    times.keep_ms = 150;
    say(SYSTEM_PAC_URL, true);
    system_fake(ANSWERS);
    start(1500);
    (void)asked("https://a/");
    (void)asked("https://a/"); /* used */
    say(SYSTEM_DIRECT, true);
    for (int i = 0; i < 100 && asked("https://a/")->kind == SYSTEM_PAC_URL; i++)
        pass_ms(10);
    ck_assert_int_eq(answers[0].kind, SYSTEM_DIRECT);
    ck_assert_int_ge(settings_starts(), 2);
    system_fake(HANGS);
    for (long before = settings_starts(), i = 0;
         i < 100 && settings_starts() < before + 1; i++) {
        pass_ms(10);
        (void)asked("https://a/");
        before = i == 0 ? settings_starts() : before;
    }
    ck_assert(!asked("https://a/")->failed);
    ck_assert_int_eq(answers[0].kind, SYSTEM_DIRECT);
    for (int i = 0; i < 300 && !asked("https://a/")->failed; i++)
        pass_ms(10);
    ck_assert(answers[0].failed);
    ck_assert_ptr_nonnull(strstr(answers[0].text, "in time"));
}
END_TEST

/* What nobody uses is not asked for again. */
START_TEST(test_forgotten)
{
    struct settings_view view;

    times.keep_ms = 50;
    say(SYSTEM_PROXIES, false);
    system_fake(ANSWERS);
    start(20000);
    (void)asked("https://a/");
    pass_ms(300);
    settings_view(settings, SYSTEM_PROXY, &view);
    ck_assert_uint_eq(view.answers, 0);
    ck_assert_int_eq(settings_starts(), 1);
}
END_TEST

static const struct {
    const char *script;
    const char *why;
} faults[] = {
    {COUNTS "exit 3", "exit status 3"},
    {COUNTS "cat $here/hello >&3; kill -KILL $$", "signal 9"},
    {COUNTS "cat $here/hello $here/hello >&3; exec cat >/dev/null <&3", "no answer"},
    {HANGS, "in time"},
};

START_TEST(test_fault)
{
    times.failure_ms = 300;
    system_fake(faults[_i].script);
    start(strcmp(faults[_i].why, "in time") == 0 ? 200 : 20000);
    ask(1, SYSTEM_PROXY, "https://b/", true);
    ck_assert(asked("https://a/")->failed);
    ck_assert_msg(strstr(answers[0].text, faults[_i].why) != NULL, "%s",
                  answers[0].text);
    ck_assert(answers[1].failed);
    /* Not for each request, but not for ever. */
    ck_assert(asked("https://c/")->failed);
    ck_assert_int_eq(settings_starts(), 1);
    say(SYSTEM_DIRECT, true);
    system_fake(ANSWERS);
    for (int i = 0; i < 100 && asked("https://a/")->failed; i++)
        pass_ms(10);
    ck_assert_int_eq(answers[0].kind, SYSTEM_DIRECT);
    ck_assert_int_eq(settings_starts(), 2);
}
END_TEST

/* Of one URL, where the others have their answers. */
START_TEST(test_fault_by_url)
{
    say(SYSTEM_PROXIES, false);
    system_fake(ANSWERS);
    start(20000);
    (void)asked("https://a/");
    system_fake(COUNTS "exit 3");
    ck_assert(asked("https://b/")->failed);
    ck_assert(!asked("https://a/")->failed);
    settings_answer(&(struct system_answer){
        .kind = SYSTEM_FAILED, .source = SPAN("DHCP, DNS"), .text = SPAN("no server")});
    system_fake(ANSWERS);
    ck_assert(asked("https://c/")->failed);
    ck_assert_str_eq(answers[0].text, ": DHCP, DNS: no server");
}
END_TEST

START_TEST(test_flush)
{
    system_fake(HANGS);
    start(20000);
    ask(0, SYSTEM_PROXY, "https://a/", true);
    ask(1, SYSTEM_PROXY, "https://b/", true);
    ask(2, SYSTEM_WPAD, "", true);
    for (int i = 0; i < 500 && settings_starts() < 2; i++)
        pass_ms(10);
    say(SYSTEM_DIRECT, true);
    system_fake(ANSWERS);
    settings_flush(settings);
    loop_await();
    ck_assert_int_eq(answers[1].kind, SYSTEM_DIRECT);
    ck_assert_int_eq(answers[2].kind, SYSTEM_DIRECT);
    ck_assert_int_eq(settings_starts(), 4);
    settings_flush(settings);
    (void)asked("https://a/");
    ck_assert_int_eq(settings_starts(), 5);
}
END_TEST

START_TEST(test_impatient)
{
    struct settings_view view;

    say(SYSTEM_PAC_URL, true);
    system_fake(ANSWERS);
    start(20000);
    ask(0, SYSTEM_WPAD, "corp", false);
    loop_await();
    ck_assert(answers[0].pending);
    for (int i = 0; i < 500 && answers[0].pending; i++) {
        pass_ms(10);
        ask(0, SYSTEM_WPAD, "corp", false);
        loop_await();
    }
    ck_assert_int_eq(answers[0].kind, SYSTEM_PAC_URL);
    ck_assert_int_eq(settings_starts(), 1);
    settings_view(settings, SYSTEM_WPAD, &view);
    ck_assert(view.known);
    ck_assert_str_eq(view.said.source, "GNOME");
    settings_view(settings, SYSTEM_PROXY, &view);
    ck_assert(!view.known);
}
END_TEST

START_TEST(test_cancel)
{
    system_fake(HANGS);
    start(20000);
    ask(0, SYSTEM_PROXY, "https://a/", true);
    ask(1, SYSTEM_PROXY, "https://b/", true);
    settings_cancel(answers[0].query);
    settings_cancel(answers[1].query);
    settings_cancel(NULL);
    pass_ms(50);
    ck_assert(!answers[0].done && !answers[1].done);
}
END_TEST

/* However many hosts hang, few children run, and nobody waits for long. */
START_TEST(test_bounds)
{
    struct settings_view view;
    int at_once = 0;
    char url[64];

    say(SYSTEM_PROXIES, false);
    system_fake(ANSWERS);
    start(1000);
    (void)asked("https://known/");
    system_fake(HANGS);
    for (int i = 1; i < QUERIES; i++) {
        snprintf(url, sizeof(url), "https://h%d/", i);
        ask(i, SYSTEM_PROXY, url, true);
    }
    settings_view(settings, SYSTEM_PROXY, &view);
    ck_assert_uint_eq(view.running, SETTINGS_CHILDREN);
    ck_assert_uint_eq(view.queued, SETTINGS_QUEUE);
    pass_ms(50);
    for (int i = 1; i < QUERIES; i++)
        at_once += answers[i].done;
    ck_assert_int_eq(at_once, QUERIES - 1 - SETTINGS_CHILDREN - SETTINGS_QUEUE);
    loop_await();
    for (int i = 1; i < QUERIES; i++)
        ck_assert(answers[i].failed);
    ck_assert_int_le(settings_starts(), 1 + 2 * SETTINGS_CHILDREN);
    ck_assert(!asked("https://known/")->failed);
}
END_TEST

/* No more answers than there is room for. */
START_TEST(test_room)
{
    struct settings_view view;
    char url[64];

    say(SYSTEM_PROXIES, false);
    system_fake("cat $here/hello $here/answer >&3; exec cat >/dev/null <&3");
    start(20000);
    for (int i = 0; i < SETTINGS_ANSWERS + 4; i++) {
        snprintf(url, sizeof(url), "https://h%d/", i);
        ck_assert_int_eq(asked(url)->kind, SYSTEM_PROXIES);
    }
    settings_view(settings, SYSTEM_PROXY, &view);
    ck_assert_uint_eq(view.answers, SETTINGS_ANSWERS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route_settings");
    TCase *tcase = tcase_create("settings");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_every_url);
    tcase_add_test(tcase, test_by_url);
    tcase_add_test(tcase, test_renewal);
    tcase_add_test(tcase, test_forgotten);
    tcase_add_loop_test(tcase, test_fault, 0, COUNT(faults));
    tcase_add_test(tcase, test_fault_by_url);
    tcase_add_test(tcase, test_flush);
    tcase_add_test(tcase, test_impatient);
    tcase_add_test(tcase, test_cancel);
    tcase_add_test(tcase, test_bounds);
    tcase_add_test(tcase, test_room);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
