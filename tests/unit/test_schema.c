/*
 * Tests of the schema: lookups, suggestions, values with units, the JSON schema, and
 * that the man page and the example say what the table says.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "config/internal.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    const char *text;
    uint64_t ms;
    bool valid;
} durations[] = {
    {"0", 0, true},
    {"250ms", 250, true},
    {"30s", 30000, true},
    {"5m", 300000, true},
    {"5min", 300000, true},
    {"2h", 7200000, true},
    {"30 s", 30000, true},
    {"30", 0, false},
    {"", 0, false},
    {"s", 0, false},
    {"-1s", 0, false},
    {"1.5s", 0, false},
    {"1d", 0, false},
    {"30S", 0, false},
    {"5m30s", 0, false},
    {"99999999h", 0, false},
    {"99999999999999999999999s", 0, false},
};

START_TEST(duration)
{
    uint64_t ms = 1;
    const char *why = value_duration(span_of(durations[_i].text), &ms);

    ck_assert_msg((why == NULL) == durations[_i].valid, "%s: %s", durations[_i].text,
                  why == NULL ? "taken" : why);
    if (durations[_i].valid)
        ck_assert_uint_eq(ms, durations[_i].ms);
}
END_TEST

START_TEST(size)
{
    uint64_t n = 0;
    char text[VALUE_TEXT];

    ck_assert_ptr_null(value_size(SPAN("256KiB"), &n));
    ck_assert_uint_eq(n, 262144);
    value_format_size(n, text);
    ck_assert_str_eq(text, "256KiB");
    ck_assert_ptr_null(value_size(SPAN("3MB"), &n));
    ck_assert_uint_eq(n, 3000000);
    ck_assert_ptr_null(value_size(SPAN("1 MiB"), &n));
    ck_assert_uint_eq(n, 1048576);
    ck_assert_ptr_null(value_size(SPAN("7B"), &n));
    value_format_size(n, text);
    ck_assert_str_eq(text, "7B");
    ck_assert_ptr_nonnull(value_size(SPAN("256"), &n));
    ck_assert_ptr_nonnull(value_size(SPAN("0"), &n));
    ck_assert_ptr_nonnull(value_size(SPAN("1kb"), &n));
    ck_assert_ptr_nonnull(value_size(SPAN("1e3B"), &n));
    ck_assert_ptr_nonnull(value_size(SPAN("18446744073709551615MiB"), &n));
}
END_TEST

START_TEST(duration_text)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {{0, "0"},       {1, "1ms"},      {1500, "1500ms"}, {90000, "90s"},
                 {120000, "2m"}, {3600000, "1h"}, {5400000, "90m"}};
    char text[VALUE_TEXT];

    for (int i = 0; i < COUNT(cases); i++) {
        value_format_duration(cases[i].ms, text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(boolean)
{
    static const char *const yes[] = {"true", "yes", "on", "True", "ON"};
    static const char *const no[] = {"false", "no", "off", "NO"};
    static const char *const neither[] = {"", "1", "0", "y", "truee", "enable"};
    bool value;

    for (int i = 0; i < COUNT(yes); i++) {
        value = false;
        ck_assert(value_bool(span_of(yes[i]), &value) == NULL && value);
    }
    for (int i = 0; i < COUNT(no); i++) {
        value = true;
        ck_assert(value_bool(span_of(no[i]), &value) == NULL && !value);
    }
    for (int i = 0; i < COUNT(neither); i++)
        ck_assert_ptr_nonnull(value_bool(span_of(neither[i]), &value));
}
END_TEST

START_TEST(options)
{
    static const char *const pairs[][2] = {
        {"tls-ca", "tls.ca"},
        {"via-corp-proxy", "via_corp_proxy"},
        {"timeout-login-body", "timeout.login_body"},
        {"limit-login-body", "limit.login_body"},
        {"listen", "listen"},
    };

    for (int i = 0; i < COUNT(pairs); i++) {
        const struct config_key *key = config_key_of_option(span_of(pairs[i][0]));

        ck_assert_msg(key != NULL, "%s", pairs[i][0]);
        ck_assert_str_eq(key->path, pairs[i][1]);
    }
    ck_assert_ptr_null(config_key_of_option(SPAN("password")));
    ck_assert_ptr_null(config_key_of_option(SPAN("tls.ca")));
    ck_assert_ptr_null(config_key_of_option(SPAN("via_corp_proxy")));
    ck_assert_ptr_null(config_key_of_option(SPAN("")));
}
END_TEST

/* Each option must lead back to its own key. */
START_TEST(options_unique)
{
    for (const struct config_key *key = config_schema(); key->path != NULL; key++) {
        char option[64];

        snprintf(option, sizeof(option), "%s", key->path);
        for (char *c = option; *c != '\0'; c++)
            if (*c == '.' || *c == '_')
                *c = '-';
        ck_assert_ptr_eq(config_key_of_option(span_of(option)), key);
        ck_assert_ptr_nonnull(key->help);
        ck_assert((key->argument == NULL) == (key->type == CONFIG_BOOL));
    }
}
END_TEST

static const struct {
    const char *group;
    const char *name;
    const char *meant; /* NULL: no idea */
} suggestions[] = {
    {"", "noprxy", "noproxy"},
    {"", "no_proxy", "noproxy"},
    {"", "NoProxy", "noproxy"},
    {"", "lisen", "listen"},
    {"", "lsiten", "listen"},
    {"", "via-corp-proxy", "via_corp_proxy"},
    {"", "https_proxy", "proxy"},
    {"", "proxies", "proxy"},
    {"", "ca", "tls.ca"},
    {"", "user", "username"},
    {"", "timeout.heda", "timeout.head"},
    {"timeout", "conect", "timeout.connect"},
    {"log", "levle", "log.level"},
    {"", "rule", "rules"},
    {"", "colour", NULL},
    {"", "x", NULL},
    {"", "", NULL},
};

START_TEST(suggestion)
{
    const char *meant = schema_suggest(schema_keys, span_of(suggestions[_i].group),
                                       span_of(suggestions[_i].name));

    if (suggestions[_i].meant == NULL)
        ck_assert_msg(meant == NULL, "%s: %s", suggestions[_i].name, meant);
    else
        ck_assert_msg(meant != NULL && strcmp(meant, suggestions[_i].meant) == 0,
                      "%s: %s", suggestions[_i].name, meant == NULL ? "-" : meant);
}
END_TEST

START_TEST(choices)
{
    ck_assert_int_eq(choice_find("error|warn|info", SPAN("warn")), 1);
    ck_assert_int_eq(choice_find("error|warn|info", SPAN("war")), -1);
    ck_assert_int_eq(choice_find("error|warn|info", SPAN("")), -1);
    ck_assert_int_eq(choice_find("stderr|FILE", SPAN("FILE")), -1);
    ck_assert(span_equal(choice_at("error|warn|info", 2), SPAN("info")));
    ck_assert(
        span_equal(choice_suggest("error|warn|info", SPAN("warning")), SPAN("warn")));
    ck_assert(span_equal(choice_suggest("auto|dns", SPAN("DNS")), SPAN("dns")));
    ck_assert_uint_eq(choice_suggest("auto|dns", SPAN("never")).len, 0);
}
END_TEST

/* ---- documents ---- */

static char *read_text(const char *name)
{
    const char *srcdir = getenv("srcdir");
    char path[512];
    char *text = calloc(1, 65536);
    FILE *file;

    ck_assert_ptr_nonnull(text);
    snprintf(path, sizeof(path), "%s/%s", srcdir == NULL ? "." : srcdir, name);
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

static void check_key_in_page(const char *page, const char *prefix,
                              const struct config_key *key)
{
    char item[128];
    const char *at;
    const char *end;
    char *part;

    snprintf(item, sizeof(item), "\n.It Cm %s%s%s%s%s\n", prefix, key->path,
             key->argument == NULL ? "" : " Ar ",
             key->argument == NULL ? "" : key->argument,
             key->type == CONFIG_LIST || key->type == CONFIG_PROXIES ||
                     key->type == CONFIG_RULES || key->type == CONFIG_CHOICES
                 ? " ..."
                 : "");
    at = strstr(page, item);
    ck_assert_msg(at != NULL, "the page lacks \"%s\"", item + 1);
    at += strlen(item) - 1;
    for (end = at; strncmp(end, "\n.It ", 5) != 0 && strncmp(end, "\n.El", 4) != 0;)
        end++;
    part = span_dup((struct span){at, (size_t)(end - at) + 1});
    ck_assert_ptr_nonnull(part);
    snprintf(item, sizeof(item), "\nThe default is\n.Ql %s .\n",
             key->fallback == NULL ? "" : key->fallback);
    ck_assert_msg((strstr(part, "The default is") != NULL) == (key->fallback != NULL),
                  "%s: a default on one side only", key->path);
    ck_assert_msg(key->fallback == NULL || strstr(part, item) != NULL,
                  "%s: the page has another default than %s", key->path, key->fallback);
    free(part);
}

START_TEST(man_page)
{
    char *page = read_text("docs/ccgate.yaml.5");

    for (const struct config_key *key = config_schema(); key->path != NULL; key++)
        check_key_in_page(page, "", key);
    for (const struct config_key *key = schema_proxy_keys; key->path != NULL; key++)
        check_key_in_page(page, "proxy.", key);
    for (const struct config_key *key = schema_rule_keys; key->path != NULL; key++)
        check_key_in_page(page, "rules.", key);
    free(page);
}
END_TEST

/* Every item of the page is a key. */
START_TEST(man_page_reverse)
{
    static const char mark[] = "\n.It Cm ";
    char *page = read_text("docs/ccgate.yaml.5");

    for (const char *at = strstr(page, mark); at != NULL; at = strstr(at + 1, mark)) {
        struct span rest = span_of(at + sizeof(mark) - 1);
        struct span path;
        size_t dot;
        struct span group = {NULL, 0};

        ck_assert(span_next(&rest, " \n", &path));
        if (span_starts(path, SPAN("proxy."))) {
            ck_assert_int_ge(schema_find(schema_proxy_keys, group, span_skip(path, 6)),
                             0);
            continue;
        }
        if (span_starts(path, SPAN("rules."))) {
            ck_assert_int_ge(schema_find(schema_rule_keys, group, span_skip(path, 6)),
                             0);
            continue;
        }
        dot = span_find(path, '.');
        if (dot < path.len)
            group = (struct span){path.at, dot};
        ck_assert_msg(schema_find(schema_keys, group,
                                  dot < path.len ? span_skip(path, dot + 1) : path) >=
                          0,
                      "%.*s is no key", SPAN_ARG(path));
    }
    free(page);
}
END_TEST

/* The text of the example in the page, with mdoc's escapes undone. */
static void cut_example(const char *page, struct buf *example)
{
    static const char begin[] = "\n.\\\" example begin\n.Bd -literal\n";
    const char *at = strstr(page, begin);
    const char *end;

    ck_assert_ptr_nonnull(at);
    at += sizeof(begin) - 1;
    end = strstr(at, ".Ed\n.\\\" example end\n");
    ck_assert_ptr_nonnull(end);
    while (at < end) {
        ck_assert_int_eq(buf_append(example, at, 1), 0);
        at += at[0] == '\\' && at[1] == 'e' ? 2 : 1;
    }
}

START_TEST(example)
{
    char *page = read_text("docs/ccgate.yaml.5");
    char *file = read_text("contrib/examples/ccgate.yaml");
    struct buf text;
    struct buf messages;
    struct config *config;

    buf_init(&text, 65536);
    buf_init(&messages, 65536);
    cut_example(page, &text);
    ck_assert_msg(span_equal(buf_span(&text), span_of(file)),
                  "contrib/examples/ccgate.yaml is not the example of the man page");
    config = config_parse_text("ccgate.yaml", buf_span(&text), &messages);
    ck_assert_msg(config != NULL && messages.len == 0, "%.*s",
                  SPAN_ARG(buf_span(&messages)));
    ck_assert_uint_eq(config->proxy_count, 2);
    ck_assert_str_eq(config->login.username, "alice");
    config_unref(config);
    buf_clear(&text);
    buf_clear(&messages);
    free(page);
    free(file);
}
END_TEST

static const json_t *property(const json_t *root, const char *path)
{
    char group[64];
    const char *dot = strchr(path, '.');
    const json_t *properties = json_object_get(root, "properties");

    if (dot != NULL) {
        snprintf(group, sizeof(group), "%.*s", (int)(dot - path), path);
        properties = json_object_get(json_object_get(properties, group), "properties");
        path = dot + 1;
    }
    return json_object_get(properties, path);
}

START_TEST(json_schema)
{
    struct buf text;
    json_error_t error;
    json_t *root;

    buf_init(&text, 65536);
    ck_assert_int_eq(config_json_schema(&text), 0);
    root = json_loadb(buf_span(&text).at, text.len, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%d: %s", error.line, error.text);
    for (const struct config_key *key = config_schema(); key->path != NULL; key++) {
        const json_t *p = property(root, key->path);

        ck_assert_msg(p != NULL, "%s", key->path);
        ck_assert_str_eq(json_string_value(json_object_get(p, "description")),
                         key->help);
        ck_assert((json_object_get(p, "default") != NULL) == (key->fallback != NULL));
    }
    ck_assert_ptr_nonnull(json_object_get(
        json_object_get(json_object_get(root, "$defs"), "entry"), "properties"));
    ck_assert_ptr_nonnull(json_object_get(
        json_object_get(json_object_get(json_object_get(root, "$defs"), "rule"),
                        "properties"),
        "via"));
    json_decref(root);
    buf_clear(&text);
    buf_init(&text, 100);
    ck_assert_int_ne(config_json_schema(&text), 0);
    buf_clear(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *values = tcase_create("values");
    TCase *keys = tcase_create("keys");
    TCase *documents = tcase_create("documents");

    tcase_add_loop_test(values, duration, 0, COUNT(durations));
    tcase_add_test(values, size);
    tcase_add_test(values, duration_text);
    tcase_add_test(values, boolean);
    tcase_add_test(keys, options);
    tcase_add_test(keys, options_unique);
    tcase_add_loop_test(keys, suggestion, 0, COUNT(suggestions));
    tcase_add_test(keys, choices);
    tcase_add_test(documents, man_page);
    tcase_add_test(documents, man_page_reverse);
    tcase_add_test(documents, example);
    tcase_add_test(documents, json_schema);
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, keys);
    suite_add_tcase(suite, documents);
    return suite_run(suite);
}
