/*
 * test_env_form: variables as text, read back by what they are written for: a real
 * shell, a JSON parser, and the rules of systemd, fish and PowerShell in a table.
 */
#include "env_form.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct buf out;

static void setup(void)
{
    buf_init(&out, 65536);
}

static void teardown(void)
{
    buf_clear(&out);
}

static const char *write_one(enum env_form form, const char *value)
{
    const struct env_variable one = {.name = "NAME", .value = (char *)(size_t)value};

    buf_reset(&out);
    ck_assert_int_eq(env_form_write(form, &one, 1, &out), 0);
    ck_assert_int_eq(buf_append(&out, "", 1), 0);
    return buf_span(&out).at;
}

/* Typographic quotes are three bytes each. */
#define LOW_QUOTE   "\xe2\x80\x9a"
#define CLOSE_QUOTE "\xe2\x80\x99"

static const struct {
    enum env_form form;
    const char *value, *text;
} TEXTS[] = {
    {ENV_SH, "http://127.0.0.1:3128", "export NAME='http://127.0.0.1:3128'\n"},
    {ENV_SH, "", "export NAME=''\n"},
    {ENV_SH, "it's", "export NAME='it'\\''s'\n"},
    {ENV_SH, "$(rm) `x` \\ \"", "export NAME='$(rm) `x` \\ \"'\n"},
    {ENV_FISH, "a b", "set -gx NAME 'a b'\n"},
    {ENV_FISH, "it's", "set -gx NAME 'it\\'s'\n"},
    {ENV_FISH, "a\\b\\", "set -gx NAME 'a\\\\b\\\\'\n"},
    {ENV_FISH, "$HOME (id)", "set -gx NAME '$HOME (id)'\n"},
    {ENV_PWSH, "a b", "$env:NAME = 'a b'\n"},
    {ENV_PWSH, "it's", "$env:NAME = 'it''s'\n"},
    {ENV_PWSH, "$x `n", "$env:NAME = '$x `n'\n"},
    {ENV_PWSH, "a" CLOSE_QUOTE "b", "$env:NAME = 'a" CLOSE_QUOTE CLOSE_QUOTE "b'\n"},
    {ENV_PWSH, LOW_QUOTE, "$env:NAME = '" LOW_QUOTE LOW_QUOTE "'\n"},
    {ENV_PWSH, "\xe2\x80\x98", "$env:NAME = '\xe2\x80\x98\xe2\x80\x98'\n"},
    {ENV_PWSH, "\xe2\x80\x9b", "$env:NAME = '\xe2\x80\x9b\xe2\x80\x9b'\n"},
    {ENV_PWSH, "\xe2\x80\x97", "$env:NAME = '\xe2\x80\x97'\n"},
    {ENV_PWSH, "\xe2\x80\x9c", "$env:NAME = '\xe2\x80\x9c'\n"},
    {ENV_PWSH, "$(1) \"", "$env:NAME = '$(1) \"'\n"},
    {ENV_SYSTEMD, "a b", "NAME=\"a b\"\n"},
    {ENV_SYSTEMD, "a\"b", "NAME=\"a\\\"b\"\n"},
    {ENV_SYSTEMD, "a\\b`c", "NAME=\"a\\\\b\\`c\"\n"},
    {ENV_SYSTEMD, "it's # %h ; x", "NAME=\"it's # %h ; x\"\n"},
    {ENV_DOCKER, "a b\"'\\$x", "NAME=a b\"'\\$x\n"},
};

START_TEST(one_value)
{
    ck_assert_str_eq(write_one(TEXTS[_i].form, TEXTS[_i].value), TEXTS[_i].text);
}
END_TEST

static const char *const VALUES[] = {
    "",
    "http://127.0.0.1:3128",
    "with blanks  and\xc3\xa4",
    "'",
    "''",
    "it's \"quoted\" \\'",
    "\\",
    "\\\\'\\",
    "$HOME ${HOME} $(id) `id` !! ~ * ? [a] {a,b} # ; & | < >",
    "-n",
    "=",
    CLOSE_QUOTE,
};

/* What the shell then has. */
static const char *ask_shell(const char *script)
{
    static char answer[1024];
    char path[] = "/tmp/test_env_form.XXXXXX";
    char command[128];
    FILE *pipe;
    size_t n;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, script, strlen(script)), (ssize_t)strlen(script));
    close(fd);
    snprintf(command, sizeof(command),
             "eval \"$(cat %s)\" && sh -c 'printf \"<%%s>\" \"$NAME\"'", path);
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    n = fread(answer, 1, sizeof(answer) - 1, pipe);
    answer[n] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
    unlink(path);
    return answer;
}

START_TEST(a_shell_reads_it_back)
{
    char expected[256];

    snprintf(expected, sizeof(expected), "<%s>", VALUES[_i]);
    ck_assert_str_eq(ask_shell(write_one(ENV_SH, VALUES[_i])), expected);
}
END_TEST

START_TEST(json_reads_it_back)
{
    json_t *plain = json_loads(write_one(ENV_JSON, VALUES[_i]), 0, NULL);
    json_t *settings = json_loads(write_one(ENV_CLAUDE, VALUES[_i]), 0, NULL);
    const json_t *inner = json_object_get(settings, "env");

    ck_assert_str_eq(json_string_value(json_object_get(plain, "NAME")), VALUES[_i]);
    ck_assert_str_eq(json_string_value(json_object_get(inner, "NAME")), VALUES[_i]);
    ck_assert_uint_eq(json_object_size(settings), 1);
    json_decref(plain);
    json_decref(settings);
}
END_TEST

static const struct {
    enum env_form form;
    const char *value, *fault; /* NULL: none */
} FAULTS[] = {
    {ENV_SH, "a\nb", "holds a control character"},
    {ENV_FISH, "a\rb", "holds a control character"},
    {ENV_DOCKER, "a\nb", "holds a control character"},
    {ENV_JSON, "a\nb", "holds a control character"},
    {ENV_SYSTEMD, "a\nb", "holds a control character"},
    {ENV_PWSH, "\x1b[0m", "holds a control character"},
    {ENV_SH, "\x7f", "holds a control character"},
    {ENV_SYSTEMD, "a$b", "holds a dollar sign, which systemd reads in two ways"},
    {ENV_SH, "a$b", NULL},
    {ENV_SH, "\xff", NULL},
    {ENV_FISH, "\xff", NULL},
    {ENV_JSON, "\xff", "is not UTF-8"},
    {ENV_CLAUDE, "\xff", "is not UTF-8"},
    {ENV_PWSH, "\xff", "is not UTF-8"},
    {ENV_JSON, "a$b \"'\\", NULL},
};

START_TEST(what_cannot_be_written)
{
    ck_assert_pstr_eq(env_form_fault(FAULTS[_i].form, FAULTS[_i].value),
                      FAULTS[_i].fault);
}
END_TEST

static const struct {
    enum env_form form;
    const char *text; /* NULL: not in this form */
} UNSETS[] = {
    {ENV_SH, "unset NAME\n"},
    {ENV_FISH, "set -e NAME\n"},
    {ENV_PWSH, "$env:NAME = $null\n"},
    {ENV_SYSTEMD, NULL},
    {ENV_DOCKER, NULL},
    {ENV_JSON, NULL},
    {ENV_CLAUDE, NULL},
};

START_TEST(unsetting)
{
    ck_assert_int_eq(env_form_unsets(UNSETS[_i].form), UNSETS[_i].text != NULL);
    if (UNSETS[_i].text != NULL)
        ck_assert_str_eq(write_one(UNSETS[_i].form, NULL), UNSETS[_i].text);
}
END_TEST

START_TEST(nothing_to_write)
{
    ck_assert_int_eq(env_form_write(ENV_SH, NULL, 0, &out), 0);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(env_form_write(ENV_JSON, NULL, 0, &out), 0);
    ck_assert(span_equal(buf_span(&out), SPAN("{}\n")));
}
END_TEST

START_TEST(names_of_forms)
{
    struct span rest = SPAN(ENV_FORMS);
    struct span name;
    enum env_form form;
    int count = 0;

    while (span_next(&rest, "|", &name)) {
        ck_assert(env_form_find(name, &form));
        ck_assert_int_eq(form, count++);
    }
    ck_assert_int_eq(count, ENV_CLAUDE + 1);
    ck_assert(!env_form_find(SPAN("csh"), &form));
    ck_assert(!env_form_find(SPAN(""), &form));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("env_form");
    TCase *tc = tcase_create("env_form");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, one_value, 0, COUNT(TEXTS));
    tcase_add_loop_test(tc, a_shell_reads_it_back, 0, COUNT(VALUES));
    tcase_add_loop_test(tc, json_reads_it_back, 0, COUNT(VALUES));
    tcase_add_loop_test(tc, what_cannot_be_written, 0, COUNT(FAULTS));
    tcase_add_loop_test(tc, unsetting, 0, COUNT(UNSETS));
    tcase_add_test(tc, nothing_to_write);
    tcase_add_test(tc, names_of_forms);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
