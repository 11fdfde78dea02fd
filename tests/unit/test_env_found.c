/*
 * test_env_found: which files of certificates other programs are told of, and which
 * variables are ours.
 */
#include "env_found.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "certs/java.h"
#include "certs/paths.h"
#include "pki_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char folder[64];
static struct config *config;
static struct env_found found;
static struct buf messages;

static void setup(void)
{
    char line[128];

    pki = testpki_new(time(NULL));
    ck_assert_ptr_nonnull(pki);
    snprintf(folder, sizeof(folder), "/tmp/test_env_found.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    buf_init(&messages, 65536);
    snprintf(line, sizeof(line), "state_dir: %s\nlisten: 127.0.0.1:3128\n", folder);
    config = config_parse_text("test", span_of(line), &messages);
    ck_assert_ptr_nonnull(config);
    found = (struct env_found){.sources = {.tool_count = 0}};
}

static void teardown(void)
{
    char command[128];

    pki_end();
    config_unref(config);
    buf_clear(&messages);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
    static char path[4096];

    ck_assert(certs_path(path, sizeof(path), folder, name));
    return path;
}

/* "root sub" are certificates; "+" glues the next one on, "=TEXT" is text. NULL: no
 * file. */
static void put_file(const char *name, const char *content)
{
    struct span rest = span_of(content);
    struct span word;
    struct buf out;
    FILE *file;

    (void)mkdir(path_of("ca"), 0700);
    if (content == NULL)
        return;
    buf_init(&out, 65536);
    while (span_next(&rest, " ", &word)) {
        char *each = span_dup(word);

        if (each[0] == '=')
            ck_assert_int_eq(buf_append_text(&out, each + 1), 0);
        else if (each[0] == '+')
            out.len--; /* without the end of the line */
        else
            pki_pem(each, &out);
        free(each);
    }
    file = fopen(path_of(name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(buf_span(&out).at, 1, out.len, file), out.len);
    fclose(file);
    buf_clear(&out);
}

static const struct {
    const char *corp, *bundle;
    bool named;
    const char *message; /* NULL: nothing is said */
} FILES[] = {
    {NULL, NULL, false, NULL},
    {"root sub", "other root sub", true, NULL},
    {"root", "root other", true, NULL},
    {"root", NULL, false, "bundle.pem: "},
    {NULL, "other root", false, NULL},
    {"=", "other root", false, "corp-only.pem: "},
    {"=<html>", "other root", false, "corp-only.pem: "},
    {"root + sub", "other root sub", false, "corp-only.pem: "},
    {"=\xef\xbb\xbf root", "other root", false, "corp-only.pem: "},
    {"root", "other + root", false, "bundle.pem: "},
    {"root sub", "root sub", false, "bundle.pem: lacks the certificates of the system"},
    {"root sub", "root other vendor", false, "lacks a certificate of ca/corp-only.pem"},
};

START_TEST(files_of_certificates)
{
    bool quiet = FILES[_i].message == NULL;

    ck_assert_int_eq(buf_append_text(&messages, "before\n"), 0);
    put_file(CERTS_CORP_ONLY, FILES[_i].corp);
    put_file(CERTS_BUNDLE, FILES[_i].bundle);
    ck_assert_int_eq(env_find_trust(&found, config, &messages), quiet);
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    if (quiet)
        ck_assert_str_eq(buf_span(&messages).at, "before\n");
    else
        ck_assert_msg(strstr(buf_span(&messages).at, FILES[_i].message) != NULL, "%s",
                      buf_span(&messages).at);
    ck_assert_int_eq(strstr(buf_span(&messages).at, "ccgate ca build") == NULL, quiet);
    ck_assert_int_eq(found.sources.bundle != NULL, FILES[_i].named);
    ck_assert_int_eq(found.sources.corp_only != NULL, FILES[_i].named);
    if (FILES[_i].named)
        ck_assert_str_eq(found.sources.bundle, path_of(CERTS_BUNDLE));
    if (FILES[_i].named)
        ck_assert_str_eq(found.sources.corp_only, path_of(CERTS_CORP_ONLY));
}
END_TEST

/* The store of the bundle, made of these. */
static void put_store(const char *content)
{
    struct bundle bundle;
    struct buf out;
    FILE *file;

    put_file("made.pem", content);
    bundle_init(&bundle, false, time(NULL));
    bundle_read(&bundle, path_of("made.pem"));
    buf_init(&out, 65536);
    ck_assert_int_eq(java_store(&bundle, &out), 0);
    file = fopen(path_of(CERTS_JAVA), "w");
    ck_assert_uint_eq(fwrite(buf_span(&out).at, 1, out.len, file), out.len);
    fclose(file);
    buf_clear(&out);
    bundle_clear(&bundle);
}

static const struct {
    const char *tools, *store; /* store: NULL: there is none */
    bool fit, named;
} STORES[] = {
    {"java", "other root", true, true},   {"java,curl", "other root", true, true},
    {"java", "root other", false, false}, {"java", "other", false, false},
    {"java", NULL, false, false},         {"curl", NULL, true, false},
    {NULL, "other root", true, false},
};

START_TEST(store_of_java)
{
    put_file(CERTS_CORP_ONLY, "root");
    put_file(CERTS_BUNDLE, "other root");
    if (STORES[_i].store != NULL)
        put_store(STORES[_i].store);
    ck_assert(env_choose_tools(&found.sources, STORES[_i].tools, &messages));
    ck_assert_int_eq(env_find_trust(&found, config, &messages), STORES[_i].fit);
    ck_assert_int_eq(messages.len == 0, STORES[_i].fit);
    ck_assert_int_eq(found.sources.java_store != NULL, STORES[_i].named);
    ck_assert_int_eq(found.sources.bundle != NULL, STORES[_i].fit);
}
END_TEST

/* Values that somebody else has set stay; ours count though nobody listens there. */
START_TEST(own_variables)
{
    const char *names[ENV_VARIABLES];
    struct netaddr running;
    size_t count;

    ck_assert(env_choose_tools(&found.sources, "node,git,curl", &messages));
    setenv("https_proxy", "http://127.0.0.1:3128", 1);
    setenv("HTTPS_PROXY", "http://127.0.0.1:4000", 1);
    setenv("http_proxy", "http://proxy.example:8080", 1);
    unsetenv("HTTP_PROXY");
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("NODE_USE_ENV_PROXY", "0", 1);
    setenv("GIT_SSL_CAINFO", path_of(CERTS_BUNDLE), 1);
    setenv("CURL_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt", 1);
    unsetenv("NODE_EXTRA_CA_CERTS");
    count = env_find_own(&found, config, NULL, names);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "https_proxy");
    ck_assert_str_eq(names[1], "GIT_SSL_CAINFO");
    ck_assert(netaddr_from_ip(&running, SPAN("127.0.0.1"), 4000));
    count = env_find_own(&found, config, &running, names);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(names[0], "HTTPS_PROXY");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("env_found");
    TCase *tc = tcase_create("env_found");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, files_of_certificates, 0, COUNT(FILES));
    tcase_add_loop_test(tc, store_of_java, 0, COUNT(STORES));
    tcase_add_test(tc, own_variables);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
