/*
 * test_log: what reaches the sink, and what happens when the sink takes nothing.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char directory[64];
static char path[128];
static char content[300 * 1024];

static void setup(void)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(directory, sizeof(directory), "%.40s/log-XXXXXX",
                   base == NULL ? "/tmp" : base);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/log", directory);
}

static void teardown(void)
{
    char moved[140];

    log_close();
    (void)snprintf(moved, sizeof(moved), "%s.1", path);
    (void)unlink(path);
    (void)unlink(moved);
    (void)rmdir(directory);
}

static void open_log(enum log_format format, enum log_level level)
{
    struct log_options options = {.to = path, .format = format, .level = level};

    ck_assert_int_eq(log_open(&options), 0);
}

static size_t read_fd(int fd)
{
    size_t used = 0;
    ssize_t n;

    while ((n = read(fd, content + used, sizeof(content) - 1 - used)) > 0)
        used += (size_t)n;
    content[used] = '\0';
    return used;
}

static const char *written(const char *file)
{
    int fd = open(file, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    (void)read_fd(fd);
    (void)close(fd);
    return content;
}

/* The line without its time, which must have the right form. */
static const char *after_time(const char *line)
{
    static const char form[] = "0000-00-00T00:00:00.000Z ";

    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool digit = line[i] >= '0' && line[i] <= '9';

        ck_assert_msg(form[i] == '0' ? digit : line[i] == form[i], "time in %s", line);
    }
    return line + sizeof(form) - 1;
}

/* A value of n bytes, in text and in JSON (without the quotes of the field). */
static const struct {
    const char *bytes;
    size_t n;
    const char *text;
    const char *json;
} values[] = {
    {"plain", 5, "plain", "plain"},
    {"", 0, "\"\"", ""},
    {"a b", 3, "\"a b\"", "a b"},
    {"a=b", 3, "\"a=b\"", "a=b"},
    {"a\"b", 3, "\"a\\\"b\"", "a\\\"b"},
    {"a\\b", 3, "\"a\\\\b\"", "a\\\\b"},
    {"a\nb\r", 4, "\"a\\x0ab\\x0d\"", "a\\u000ab\\u000d"},
    {"a\0b", 3, "\"a\\x00b\"", "a\\u0000b"},
    {"\x1b[2J", 4, "\"\\x1b[2J\"", "\\u001b[2J"},
    {"\x7f", 1, "\"\\x7f\"", "\\u007f"},
    {"\xc3\xa4", 2, "\xc3\xa4", "\xc3\xa4"},
    {"\xe2\x82\xac", 3, "\xe2\x82\xac", "\xe2\x82\xac"},
    {"\xf0\x9f\x98\x80 x", 6, "\"\xf0\x9f\x98\x80 x\"", "\xf0\x9f\x98\x80 x"},
    {"\xff", 1, "\"\\xff\"", "\\ufffd"},
    {"a\xc3", 2, "\"a\\xc3\"", "a\\ufffd"},
    {"\xc0\xaf", 2, "\"\\xc0\\xaf\"", "\\ufffd\\ufffd"},                 /* overlong */
    {"\xed\xa0\x80", 3, "\"\\xed\\xa0\\x80\"", "\\ufffd\\ufffd\\ufffd"}, /* surrogate */
    {"\xe0\x80\xaf", 3, "\"\\xe0\\x80\\xaf\"", "\\ufffd\\ufffd\\ufffd"}, /* overlong */
    {"\xf4\x90\x80\x80", 4, "\"\\xf4\\x90\\x80\\x80\"",
     "\\ufffd\\ufffd\\ufffd\\ufffd"},                      /* too high */
    {"\xc2\x9b\x32J", 4, "\"\\xc2\\x9b2J\"", "\\u009b2J"}, /* CSI in C1 */
    {"%s%n", 4, "%s%n", "%s%n"},
};

START_TEST(test_value_text)
{
    struct span value = {values[_i].bytes, values[_i].n};
    char want[200];

    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    LOG_INFO("event", LOG_SPAN("k", value), LOG_INT("n", 1));
    log_flush();
    (void)snprintf(want, sizeof(want), "info event k=%s n=1\n", values[_i].text);
    ck_assert_str_eq(after_time(written(path)), want);
}
END_TEST

START_TEST(test_value_json)
{
    struct span value = {values[_i].bytes, values[_i].n};
    char want[200];
    json_t *line;

    open_log(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    LOG_INFO("event", LOG_SPAN("k", value), LOG_INT("n", -1));
    log_flush();
    (void)snprintf(want, sizeof(want),
                   "\",\"level\":\"info\",\"event\":\"event\",\"k\":\"%s\",\"n\":-1}\n",
                   values[_i].json);
    ck_assert_msg(strstr(written(path), want) != NULL, "%s", content);
    line = json_loads(content, JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(json_object_get(line, "time"));
    json_decref(line);
}
END_TEST

START_TEST(test_numbers)
{
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    LOG_DEBUG("n", LOG_INT("zero", 0), LOG_INT("least", INT64_MIN),
              LOG_INT("most", INT64_MAX), LOG_MS("a", 0), LOG_MS("b", 1234567),
              LOG_MS("c", INT64_C(61000000000)), LOG_MS("d", -1500000),
              LOG_MS("e", -1));
    log_flush();
    ck_assert_str_eq(
        after_time(written(path)),
        "debug n zero=0 least=-9223372036854775808 most=9223372036854775807 "
        "a=0.000 b=1.234 c=61000.000 d=-1.500 e=0.000\n");
}
END_TEST

START_TEST(test_fields)
{
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    LOG_INFO("none");
    LOG_INFO("left_out", LOG_TEXT("a", NULL), LOG_TEXT("b", "x"));
    log_flush();
    ck_assert(strncmp(after_time(written(path)), "info none\n", 10) == 0);
    ck_assert_ptr_nonnull(strstr(content, "Z info left_out b=x\n"));
}
END_TEST

START_TEST(test_levels)
{
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
    ck_assert(log_enabled(LOG_LEVEL_ERROR));
    ck_assert(!log_enabled(LOG_LEVEL_INFO));
    LOG_INFO("quiet");
    LOG_WARN("loud");
    ck_assert_str_eq(after_time(written(path)), "warn loud\n"); /* without a flush */
    log_flush();
    ck_assert_ptr_null(strstr(written(path), "quiet"));
}
END_TEST

START_TEST(test_buffered)
{
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    LOG_INFO("one");
    ck_assert_str_eq(written(path), "");
    for (int i = 0; i < 3000; i++)
        LOG_INFO("line", LOG_INT("i", i));
    ck_assert_uint_gt(strlen(written(path)), 32 * 1024); /* full buffers were written */
    LOG_ERROR("last");
    ck_assert_ptr_nonnull(strstr(written(path), "error last\n"));
    ck_assert_ptr_nonnull(strstr(content, "info line i=2999\n"));
    ck_assert(strstr(content, "info one") < strstr(content, "i=0\n"));
}
END_TEST

START_TEST(test_long_values)
{
    static char big[100 * 1024];
    json_t *line;

    memset(big, '\x01', sizeof(big));
    open_log(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    LOG_ERROR("big", LOG_INT("before", 1),
              LOG_SPAN("v", ((struct span){big, sizeof(big)})), LOG_TEXT("after", "x"));
    line = json_loads(written(path), 0, NULL);
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_null(json_object_get(line, "v"));
    ck_assert_str_eq(json_string_value(json_object_get(line, "after")), "x");
    ck_assert(json_is_true(json_object_get(line, "truncated")));
    json_decref(line);
}
END_TEST

START_TEST(test_file_mode_and_append)
{
    struct stat st;
    mode_t mask = umask(0);

    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    (void)umask(mask);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    LOG_ERROR("first");
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    LOG_ERROR("second");
    ck_assert_ptr_nonnull(strstr(written(path), "first"));
    ck_assert_ptr_nonnull(strstr(content, "second"));
}
END_TEST

START_TEST(test_reopen)
{
    char moved[140];

    (void)snprintf(moved, sizeof(moved), "%s.1", path);
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    LOG_INFO("old");
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert_int_eq(log_reopen(), 0);
    LOG_INFO("new");
    log_flush();
    ck_assert_str_eq(after_time(written(moved)), "info old\n");
    ck_assert_str_eq(after_time(written(path)), "info new\n");
}
END_TEST

START_TEST(test_open_fails)
{
    struct log_options options = {.to = "/nonexistent-directory/log",
                                  .level = LOG_LEVEL_INFO};

    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    ck_assert_int_eq(log_open(&options), -ENOENT);
    LOG_ERROR("still here");
    ck_assert_ptr_nonnull(strstr(written(path), "still here"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(log_reopen(), -ENOENT);
    LOG_ERROR("to the old file, without a crash");
    ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

/* Standard error as a pipe: nobody reads, then somebody does. The pipe blocks. */
START_TEST(test_stuck_pipe)
{
    int saved = dup(STDERR_FILENO);
    int fds[2];
    unsigned lines = 0;
    unsigned lost = 0;
    const char *report;

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_ge(dup2(fds[1], STDERR_FILENO), 0);
    (void)close(fds[1]);
    log_close();
    for (int i = 0; i < 6000; i++)
        LOG_WARN("flood", LOG_INT("i", i));
    /* Make room and let the log notice it, as the loop does before it sleeps. */
    ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    size_t used = 0;
    for (int i = 0; i < 8; i++) {
        ssize_t n;

        while ((n = read(fds[0], content + used, sizeof(content) - 1 - used)) > 0)
            used += (size_t)n;
        log_flush();
    }
    content[used] = '\0';
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    (void)close(saved);
    (void)close(fds[0]);

    char *mark = NULL;
    for (char *at = strtok_r(content, "\n", &mark); at != NULL;
         at = strtok_r(NULL, "\n", &mark)) {
        const char *rest = after_time(at);
        unsigned i;

        report = strstr(rest, "warn log_lost n=");
        if (report != NULL) {
            lost = (unsigned)strtoul(report + 16, NULL, 10);
            continue;
        }
        ck_assert_int_eq(sscanf(rest, "warn flood i=%u", &i), 1);
        ck_assert_uint_eq(i, lines); /* whole lines, in order, none twice */
        lines++;
    }
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_eq(lines + lost, 6000);
}
END_TEST

/* A limit on the file's size stands for a full disk: a short write, then an error. */
START_TEST(test_full_disk)
{
    struct rlimit limit;
    struct rlimit small;
    const char *report;

    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    small = (struct rlimit){.rlim_cur = 1000, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 4000; i++)
        LOG_WARN("flood", LOG_INT("i", i));
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_uint_eq(strlen(written(path)), 1000);
    log_flush();
    report = strstr(written(path), "warn log_lost n=");
    ck_assert_ptr_nonnull(report);
    ck_assert_uint_gt(strtoul(report + 16, NULL, 10), 0);
    LOG_WARN("again");
    ck_assert_ptr_nonnull(strstr(written(path), "warn again\n"));
}
END_TEST

START_TEST(test_errno_kept)
{
    open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    errno = EPROTO;
    LOG_ERROR("x");
    ck_assert_int_eq(errno, EPROTO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_value_text, 0, COUNT(values));
    tcase_add_loop_test(tcase, test_value_json, 0, COUNT(values));
    tcase_add_test(tcase, test_numbers);
    tcase_add_test(tcase, test_fields);
    tcase_add_test(tcase, test_levels);
    tcase_add_test(tcase, test_buffered);
    tcase_add_test(tcase, test_long_values);
    tcase_add_test(tcase, test_file_mode_and_append);
    tcase_add_test(tcase, test_reopen);
    tcase_add_test(tcase, test_open_fails);
    tcase_add_test(tcase, test_stuck_pipe);
    tcase_add_test(tcase, test_full_disk);
    tcase_add_test(tcase, test_errno_kept);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
