/*
 * test_options: command lines and what is made of them.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct options options;
static struct buf messages;
static char *words[16];
static int word_count;

static void setup(void)
{
    buf_init(&messages, 65536);
}

static void teardown(void)
{
    options_clear(&options);
    buf_clear(&messages);
    for (int i = 0; i < word_count; i++)
        free(words[i]);
    word_count = 0;
}

/* Words are separated by one blank. */
static bool parse(const char *line)
{
    struct span rest = span_of(line);
    struct span word;

    words[word_count++] = span_dup(SPAN("ccgate"));
    while (span_next(&rest, " ", &word))
        words[word_count++] = span_dup(word);
    words[word_count] = NULL; /* as that of main() */
    return options_parse(&options, word_count, words, &messages);
}

static const char *said(void)
{
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    return buf_span(&messages).at;
}

static const struct {
    const char *line;
    enum verb verb;
    unsigned set;
    const char *argument;
    const char *settings; /* "path=value" with blanks between */
} GOOD[] = {
    {"", VERB_RUN, 0, NULL, ""},
    {"run", VERB_RUN, 0, NULL, ""},
    {"check-config", VERB_CHECK_CONFIG, 0, NULL, ""},
    {"--listen 3128", VERB_RUN, 0, NULL, "listen=3128"},
    {"--listen=3128 --listen=4000", VERB_RUN, 0, NULL, "listen=3128 listen=4000"},
    {"--tls-ca a.pem", VERB_RUN, 0, NULL, "tls.ca=a.pem"},
    {"--timeout-login-body=1s", VERB_RUN, 0, NULL, "timeout.login_body=1s"},
    {"--via-corp-proxy", VERB_RUN, 0, NULL, "via_corp_proxy=true"},
    {"--via-corp-proxy check-config", VERB_CHECK_CONFIG, 0, NULL,
     "via_corp_proxy=true"},
    {"--no-via-corp-proxy", VERB_RUN, 0, NULL, "via_corp_proxy=false"},
    {"--via-corp-proxy=no", VERB_RUN, 0, NULL, "via_corp_proxy=no"},
    {"--no-log-access", VERB_RUN, 0, NULL, "log.access=false"},
    {"--noproxy=a,b", VERB_RUN, 0, NULL, "noproxy=a,b"},
    {"--username=", VERB_RUN, 0, NULL, "username="},
    {"--username -x", VERB_RUN, 0, NULL, "username=-x"},
    {"--header X:a=b", VERB_RUN, 0, NULL, "header=X:a=b"},
    {"-v", VERB_RUN, OPTION_VERBOSE, NULL, "log.level=debug"},
    {"-vv", VERB_RUN, OPTION_VERBOSE, NULL, "log.level=debug log.level=debug"},
    {"--config c.yaml", VERB_RUN, OPTION_CONFIG, NULL, ""},
    {"dump-config --show-origin", VERB_DUMP_CONFIG, OPTION_SHOW_ORIGIN, NULL, ""},
    {"dump-config --schema", VERB_DUMP_CONFIG, OPTION_SCHEMA, NULL, ""},
    {"route --json https://a/", VERB_ROUTE, OPTION_JSON, "https://a/", ""},
    {"--proxy x route a:443", VERB_ROUTE, 0, "a:443", "proxy=x"},
    {"route -- -a", VERB_ROUTE, 0, "-a", ""},
    {"route --id a-1 --trace --listen 1", VERB_ROUTE, OPTION_ID | OPTION_TRACE, NULL,
     "listen=1"},
    {"status --json --listen 1", VERB_STATUS, OPTION_JSON, NULL, "listen=1"},
    {"stop --runtime-dir /x", VERB_STOP, 0, NULL, "runtime_dir=/x"},
    {"auth set --stdin", VERB_AUTH, OPTION_STDIN, "set", ""},
    {"auth test --json a:443", VERB_AUTH, OPTION_JSON, "test", ""},
    {"auth set --keyring --username a", VERB_AUTH, OPTION_KEYRING, "set", "username=a"},
    {"import --secret-file pw a.conf", VERB_IMPORT, OPTION_SECRET_FILE, "a.conf", ""},
    {"env --shell fish --tool git", VERB_ENV, OPTION_SHELL | OPTION_TOOL, NULL, ""},
    {"env --unset --noproxy a", VERB_ENV, OPTION_UNSET, NULL, "noproxy=a"},
    {"help", VERB_HELP, 0, NULL, ""},
    {"help reload", VERB_HELP, 0, "reload", ""},
    {"--help", VERB_HELP, OPTION_HELP, NULL, ""},
    {"reload -h", VERB_HELP, OPTION_HELP, "reload", ""},
    {"route --help", VERB_HELP, OPTION_HELP, "route", ""},
    {"version", VERB_VERSION, 0, NULL, ""},
    {"-V", VERB_VERSION, OPTION_VERSION, NULL, ""},
    {"status --version", VERB_VERSION, OPTION_VERSION, NULL, ""},
};

START_TEST(command_lines_are_read)
{
    char settings[256] = "";

    ck_assert_msg(parse(GOOD[_i].line), "%s: %s", GOOD[_i].line, said());
    ck_assert_int_eq(options.verb, GOOD[_i].verb);
    ck_assert_uint_eq(options.set, GOOD[_i].set);
    ck_assert_pstr_eq(options.argument, GOOD[_i].argument);
    for (size_t i = 0; i < options.setting_count; i++)
        snprintf(settings + strlen(settings), sizeof(settings) - strlen(settings),
                 "%s%s=%s", i > 0 ? " " : "", options.settings[i].path,
                 options.settings[i].value);
    ck_assert_str_eq(settings, GOOD[_i].settings);
    ck_assert_uint_eq(messages.len, 0);
}
END_TEST

static const struct {
    const char *line;
    bool good;
    size_t count;
    const char *first;
} OPERANDS[] = {
    {"auth rearm a --verbose", true, 1, "a"},
    {"auth rearm", true, 0, NULL},
    {"auth rearm a b", false, 1, "a"},
};

START_TEST(words_behind_the_argument)
{
    ck_assert_int_eq(parse(OPERANDS[_i].line), OPERANDS[_i].good);
    ck_assert_uint_eq(options.operand_count, OPERANDS[_i].count);
    ck_assert_pstr_eq(options.operand, OPERANDS[_i].first);
}
END_TEST

static const struct {
    const char *line;
    const char *command; /* its words, with a blank before each */
} COMMANDS[] = {
    {"run", ""},
    {"run --", ""},
    {"run -- claude --version", " claude --version"},
    {"run --listen 1 -- -x -- run", " -x -- run"},
    {"run claude -- --listen 1", " claude -- --listen 1"},
    {"run --tool git git --help", " git --help"},
    {"run -", " -"},
};

START_TEST(a_command_is_left_alone)
{
    char text[64] = "";

    ck_assert_msg(parse(COMMANDS[_i].line), "%s", said());
    for (char *const *w = options.command; w != NULL && *w != NULL; w++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s", *w);
    ck_assert_str_eq(text, COMMANDS[_i].command);
    ck_assert_int_eq(options.verb, VERB_RUN);
}
END_TEST

static const struct {
    const char *line;
    const char *message; /* part of it */
} BAD[] = {
    {"--lisen 3", "did you mean \"--listen\"?"},
    {"--lisen 3", "--lisen: unknown option"},
    {"--tls.c x", "did you mean \"--tls-ca\"?"},
    {"--show-orign", "did you mean \"--show-origin\"?"},
    {"--cafile x", "did you mean \"--tls-ca\"?"},
    {"--zzzzzzz", "\"ccgate help\" lists them all"},
    {"stauts", "did you mean \"ccgate status\"?"},
    {"check", "did you mean \"ccgate check-config\"?"},
    {"qqqqqqqq", "unknown verb"},
    {"https://a/", "did you mean \"ccgate route https://a/\"?"},
    {"--password x", "every user of this machine can see it"},
    {"--password=x", "--password-file FILE"},
    {"--proxy", "--proxy: a value is missing: --proxy=URL"},
    {"--proxy --json", "a value is missing"},
    {"--config", "a value is missing: --config=FILE"},
    {"--no-proxy", "did you mean \"--noproxy\"?"},
    {"--no-listen", "unknown option"},
    {"--no-daemon=x", "takes no value"},
    {"--json=x status", "--json: takes no value"},
    {"-x", "-x: unknown option"},
    {"--json", "--json: \"ccgate run\" does not take it"},
    {"reload --json", "does not take it"},
    {"reload --proxy x", "keeps the options that it was started with"},
    {"help --listen 1", "--listen: \"ccgate help\" does not take it"},
    {"auth test a b", "b: one word too many"},
    {"auth", "the SUBVERB is missing"},
    {"import", "the FILE is missing: ccgate import FILE"},
    {"import a --secret-file", "a value is missing: --secret-file=FILE"},
    {"import a --proxy=x", "--proxy: \"ccgate import\" does not take it"},
    {"auth set --file", "--file: a value is missing: --file=FILE"},
    {"status --stdin", "--stdin: \"ccgate status\" does not take it"},
    {"env --proxy x", "--proxy: \"ccgate env\" does not take it"},
    {"env a", "a: one word too many"},
    {"route", "the URL is missing: ccgate route URL"},
    {"route --id", "--id: a value is missing: --id=ID"},
    {"route --id a-1 b", "--id is instead of the URL"},
    {"route --id a-1 --pac c", "--pac: \"ccgate route\" does not take it"},
    {"status --id a-1", "--id: \"ccgate status\" does not take it"},
    {"status 3128", "3128: one word too many"},
    {"route a b", "b: one word too many"},
};

START_TEST(mistakes_are_explained)
{
    ck_assert_msg(!parse(BAD[_i].line), "%s was taken", BAD[_i].line);
    ck_assert_msg(strstr(said(), BAD[_i].message) != NULL, "%s: %s", BAD[_i].line,
                  said());
}
END_TEST

START_TEST(password_is_never_repeated)
{
    ck_assert(!parse("--password=hunter2"));
    ck_assert_ptr_null(strstr(said(), "hunter2"));
}
END_TEST

START_TEST(several_mistakes_are_said_at_once)
{
    ck_assert(!parse("--lisen=1 --prxy=2"));
    ck_assert_ptr_nonnull(strstr(said(), "\"--listen\""));
    ck_assert_ptr_nonnull(strstr(said(), "\"--proxy\""));
}
END_TEST

START_TEST(last_setting_counts)
{
    ck_assert(parse("status --listen 1 --listen 2"));
    ck_assert_str_eq(options_setting(&options, "listen"), "2");
    ck_assert_ptr_null(options_setting(&options, "proxy"));
}
END_TEST

/* Every key is an option, and no option that is no key hides one. */
START_TEST(every_key_is_an_option)
{
    for (const struct config_key *key = config_schema(); key->path != NULL; key++) {
        char line[128];
        char option[OPTION_NAME];

        option_of_key(key->path, option, sizeof(option));
        snprintf(line, sizeof(line), "--%s=x", option);
        ck_assert_msg(parse(line), "%s: %s", line, said());
        ck_assert_uint_eq(options.setting_count, 1);
        ck_assert_str_eq(options.settings[0].path, key->path);
        teardown();
    }
}
END_TEST

static bool has_line_with(const char *text, const char *a, const char *b)
{
    struct span rest = span_of(text);
    struct span line;

    while (span_next(&rest, "\n", &line)) {
        char copy[512];

        snprintf(copy, sizeof(copy), "%.*s", SPAN_ARG(line));
        if (strstr(copy, a) != NULL && strstr(copy, b) != NULL)
            return true;
    }
    return false;
}

START_TEST(help_names_everything)
{
    ck_assert_int_eq(help_all(&messages), 0);
    for (unsigned i = 0; i < VERB_COUNT; i++)
        ck_assert(has_line_with(said(), verb_info(i)->name, verb_info(i)->summary));
    for (const struct config_key *key = config_schema(); key->path != NULL; key++) {
        char option[OPTION_NAME];

        option_of_key(key->path, option, sizeof(option));
        ck_assert_msg(strstr(said(), option) != NULL, "%s is missing", option);
        ck_assert_msg(strstr(said(), key->help) != NULL, "%s has no help", option);
    }
}
END_TEST

START_TEST(help_of_a_verb_has_its_options_only)
{
    ck_assert_int_eq(help_verb(VERB_RELOAD, &messages), 0);
    ck_assert_ptr_nonnull(strstr(said(), "Usage: ccgate reload [OPTION ...]\n"));
    ck_assert_ptr_nonnull(strstr(said(), "--runtime-dir DIRECTORY"));
    ck_assert_ptr_null(strstr(said(), "--proxy"));
    ck_assert_ptr_null(strstr(said(), "--json"));
}
END_TEST

START_TEST(help_of_a_command_has_options_first)
{
    ck_assert_int_eq(help_verb(VERB_RUN, &messages), 0);
    ck_assert_ptr_nonnull(
        strstr(said(), "Usage: ccgate run [OPTION ...] [-- COMMAND ...]\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *c = tcase_create("options");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, words_behind_the_argument, 0, COUNT(OPERANDS));
    tcase_add_loop_test(c, command_lines_are_read, 0, COUNT(GOOD));
    tcase_add_loop_test(c, a_command_is_left_alone, 0, COUNT(COMMANDS));
    tcase_add_loop_test(c, mistakes_are_explained, 0, COUNT(BAD));
    tcase_add_test(c, password_is_never_repeated);
    tcase_add_test(c, several_mistakes_are_said_at_once);
    tcase_add_test(c, last_setting_counts);
    tcase_add_test(c, every_key_is_an_option);
    tcase_add_test(c, help_names_everything);
    tcase_add_test(c, help_of_a_verb_has_its_options_only);
    tcase_add_test(c, help_of_a_command_has_options_first);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
