/*
 * test_import: `ccgate import` of the samples in tests/import, each beside the
 * configuration that comes out, which must be one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture_rig.h"
#include "suite.h"
#include "verbs.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char folder[64];

static void setup(void)
{
    const char *srcdir = getenv("srcdir");
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/import", srcdir == NULL ? "." : srcdir);
    ck_assert_int_eq(chdir(path), 0);
    snprintf(folder, sizeof(folder), "/tmp/test_import.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void read_file(const char *path, char text[65536])
{
    FILE *file = fopen(path, "r");
    size_t n;

    ck_assert_msg(file != NULL, "%s", path);
    n = fread(text, 1, 65535, file);
    text[n] = '\0';
    fclose(file);
}

/* The exit status; what was written stands in captured. */
static int run(const char *name, const char *secret_file)
{
    struct options options = {
        .verb = VERB_IMPORT, .argument = name, .secret_file = secret_file};
    int status;

    capture_begin();
    status = verb_import(&options);
    capture_end();
    return status;
}

static struct config *parse(void)
{
    struct config *config;
    struct buf messages;

    buf_init(&messages, 65536);
    config = config_parse_text("imported.yaml", span_of(captured), &messages);
    ck_assert_msg(config != NULL && messages.len == 0, "%.*s\n%s",
                  SPAN_ARG(buf_span(&messages)), captured);
    buf_clear(&messages);
    return config;
}

static const struct {
    const char *name;
    const char *secret; /* as --secret-file stores it; NULL: there is none */
    enum config_password type;
} SAMPLES[] = {
    {"cntlm.conf", "s3cret-canary \\\"quoted\\\"\n", CONFIG_PASSWORD_PLAIN},
    {"cntlm-hash.conf", "8846F7EAEE8FB117AD06BDD830B7586C\n", CONFIG_PASSWORD_NT_HASH},
    {"cntlm-v2.conf", "E097C611EA19C676CD79309A3A2F59A3\n",
     CONFIG_PASSWORD_NTLMV2_HASH},
    {"px.ini", NULL, CONFIG_PASSWORD_PLAIN},
    {"px-gateway.ini", NULL, CONFIG_PASSWORD_PLAIN},
};

static void expect_no_secret(void)
{
    ck_assert_ptr_null(strstr(captured, "s3cret-canary"));
    ck_assert_ptr_null(strstr(captured, "8846F7EA"));
    ck_assert_ptr_null(strstr(captured, "E097C611"));
    ck_assert_ptr_null(strstr(captured, "E52CAC67"));
}

START_TEST(sample)
{
    static char expected[65536];
    char path[64];

    snprintf(path, sizeof(path), "%s.yaml", SAMPLES[_i].name);
    read_file(path, expected);
    ck_assert_int_eq(run(SAMPLES[_i].name, NULL), 0);
    ck_assert_str_eq(captured, expected);
    expect_no_secret();
    config_unref(parse());
}
END_TEST

START_TEST(secret_file)
{
    static char stored[65536];
    struct config *config;
    struct stat st;
    char path[128];

    snprintf(path, sizeof(path), "%s/new/password", folder);
    if (SAMPLES[_i].secret == NULL) {
        ck_assert_int_eq(run(SAMPLES[_i].name, path), 1);
        ck_assert_ptr_nonnull(strstr(captured, "no password that could be stored"));
        return;
    }
    ck_assert_int_eq(run(SAMPLES[_i].name, path), 0);
    expect_no_secret();
    config = parse();
    ck_assert_str_eq(config->login.password_file, path);
    ck_assert_int_eq(config->login.password_type, SAMPLES[_i].type);
    config_unref(config);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    read_file(path, stored);
    ck_assert_str_eq(stored, SAMPLES[_i].secret);
    /* what is there already stays */
    ck_assert_int_eq(run("cntlm.conf", path), 1);
    ck_assert_ptr_nonnull(strstr(captured, "is there already"));
    read_file(path, stored);
    ck_assert_str_eq(stored, SAMPLES[_i].secret);
}
END_TEST

static const struct {
    const char *content;
    const char *message;
} OTHERS[] = {
    {"", "is neither a cntlm.conf nor a px.ini"},
    {"# only a comment\n", "is neither"},
    {"{\"proxy\": \"http://s3cret-canary@p:1\"}\n", "is neither"},
    {"[Unit]\nDescription=x\n", "is neither"},
    {"proxy: http://p.example:1\n", "is neither"},
    {"Proxy = p.example:1\n", "is neither"},
    {"\x7f"
     "ELF\x01\x02",
     "is neither"},
    {NULL, "No such file or directory"},
};

START_TEST(other_files)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/other", folder);
    if (OTHERS[_i].content != NULL) {
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(OTHERS[_i].content, file), 0);
        fclose(file);
    }
    ck_assert_int_eq(run(path, NULL), 2);
    ck_assert_msg(strstr(captured, OTHERS[_i].message) != NULL, "%s", captured);
    expect_no_secret();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("import");
    TCase *c = tcase_create("import");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, sample, 0, COUNT(SAMPLES));
    tcase_add_loop_test(c, secret_file, 0, COUNT(SAMPLES));
    tcase_add_loop_test(c, other_files, 0, COUNT(OTHERS));
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
