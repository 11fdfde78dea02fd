/*
 * test_env_values: which variables there are for which tools, and what they say.
 */
#include "env_found.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct env_sources sources;
static struct env_values values;
static struct netaddr proxy;
static struct buf messages;
static struct config *config;

static void setup(void)
{
    sources = (struct env_sources){.tool_count = 0};
    values.count = 0;
    ck_assert(netaddr_from_ip(&proxy, SPAN("127.0.0.1"), 3128));
    buf_init(&messages, 65536);
}

static void teardown(void)
{
    env_values_clear(&values);
    buf_clear(&messages);
    config_unref(config);
    config = NULL;
}

static void choose(const char *tools)
{
    ck_assert(env_choose_tools(&sources, tools, &messages));
}

static const char *value_of(const char *name)
{
    for (size_t i = 0; i < values.count; i++)
        if (strcmp(values.list[i].name, name) == 0)
            return values.list[i].value;
    return NULL;
}

static void assert_names(const char *expected)
{
    char names[1024] = "";

    env_values_clear(&values);
    ck_assert(env_values_make(&values, &sources));
    for (size_t i = 0; i < values.count; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                 i > 0 ? " " : "", values.list[i].name);
    ck_assert_str_eq(names, expected);
}

#define PROXIES "https_proxy HTTPS_PROXY http_proxy HTTP_PROXY no_proxy NO_PROXY"

static const struct {
    const char *tools;
    bool proxy, trust;
    const char *names;
} NAMES[] = {
    {"claude-code", true, true, PROXIES " NODE_EXTRA_CA_CERTS"},
    {"node", true, true, PROXIES " NODE_EXTRA_CA_CERTS NODE_USE_ENV_PROXY"},
    {"node", true, false, PROXIES " NODE_USE_ENV_PROXY"},
    {"node", false, true, "NODE_EXTRA_CA_CERTS"},
    {"node,npm , node", true, true,
     PROXIES " NODE_EXTRA_CA_CERTS NODE_USE_ENV_PROXY npm_config_cafile"},
    {"pip", true, true, PROXIES " PIP_CERT"},
    {"requests", false, true, "REQUESTS_CA_BUNDLE"},
    {"git,curl", false, true, "GIT_SSL_CAINFO CURL_CA_BUNDLE"},
    {"go,python,wget", false, true, "SSL_CERT_FILE"},
    {"aws,deno", false, true, "AWS_CA_BUNDLE DENO_CERT"},
    {"java", true, true, "JAVA_TOOL_OPTIONS"},
    {"java", false, true, ""},
    {NULL, false, false, ""},
    {NULL, true, false, PROXIES " NODE_USE_ENV_PROXY"},
    {NULL, true, true,
     PROXIES
     " NODE_EXTRA_CA_CERTS NODE_USE_ENV_PROXY npm_config_cafile DENO_CERT "
     "SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CERT CURL_CA_BUNDLE GIT_SSL_CAINFO AWS_CA_BUNDLE "
     "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE CARGO_HTTP_CAINFO "
     "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH NIX_SSL_CERT_FILE"},
};

START_TEST(names_of_variables)
{
    sources.proxy = NAMES[_i].proxy ? &proxy : NULL;
    sources.corp_only = NAMES[_i].trust ? "/s/corp-only.pem" : NULL;
    sources.bundle = NAMES[_i].trust ? "/s/bundle.pem" : NULL;
    choose(NAMES[_i].tools);
    assert_names(NAMES[_i].names);
}
END_TEST

/* What replaces gets the whole set; the company's own would cut it off from the rest.
 */
START_TEST(only_what_adds_gets_the_company_alone)
{
    static const char *const ADDING[] = {"NODE_EXTRA_CA_CERTS", "DENO_CERT"};
    size_t alone = 0;

    sources.corp_only = "/s/corp-only.pem";
    sources.bundle = "/s/bundle.pem";
    choose(NULL);
    ck_assert(env_values_make(&values, &sources));
    for (size_t i = 0; i < values.count; i++)
        alone += strcmp(values.list[i].value, "/s/corp-only.pem") == 0;
    ck_assert_uint_eq(alone, COUNT(ADDING));
    for (int i = 0; i < COUNT(ADDING); i++)
        ck_assert_str_eq(value_of(ADDING[i]), "/s/corp-only.pem");
    ck_assert_ptr_null(value_of("SSL_CERT_DIR"));
    ck_assert_ptr_null(value_of("ALL_PROXY"));
}
END_TEST

START_TEST(ipv6_proxy)
{
    ck_assert(netaddr_from_ip(&proxy, SPAN("::1"), 4000));
    sources.proxy = &proxy;
    choose("curl");
    ck_assert(env_values_make(&values, &sources));
    ck_assert_str_eq(value_of("HTTPS_PROXY"), "http://[::1]:4000");
}
END_TEST

/* ---- hosts without a proxy ---- */

static const struct {
    const char *noproxy, *text; /* text: behind loopback */
} HOSTS[] = {
    {"[]", ""},
    {"[corp.example]", ",corp.example,.corp.example"},
    {"[.corp.example]", ",corp.example,.corp.example"},
    {"[Intranet]", ",intranet,.intranet"},
    {"[10.1.2.3, \"fd00::1\"]", ",10.1.2.3,fd00::1"},
    {"[\"*.corp.example\", 10.0.0.0/8, \"127.*\", \"<local>\", \"*\"]", ""},
    {"[\"corp.example:8080\", \"10.1.2.3:80\", \"a*b.example\"]", ""},
};

START_TEST(hosts_in_the_one_form)
{
    char line[256], expected[256];
    struct buf out;

    snprintf(line, sizeof(line), "noproxy: %s\n", HOSTS[_i].noproxy);
    snprintf(expected, sizeof(expected), "localhost,127.0.0.1,::1%s", HOSTS[_i].text);
    config = config_parse_text("test", span_of(line), &messages);
    ck_assert_ptr_nonnull(config);
    buf_init(&out, 4096);
    ck_assert_int_eq(env_no_proxy(&config->noproxy, &out), 0);
    ck_assert(span_equal(buf_span(&out), span_of(expected)));
    buf_clear(&out);
}
END_TEST

/* ---- Java ---- */

#define JAVA                                                                           \
    "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=3128 -Dhttps.proxyHost=127.0.0.1 "    \
    "-Dhttps.proxyPort=3128 -Dhttp.nonProxyHosts=localhost|127.0.0.1|[::1]"

static const struct {
    const char *before, *after;
} JAVAS[] = {
    {NULL, JAVA},
    {"", JAVA},
    {"-Xmx1g", "-Xmx1g " JAVA},
    {"-Xmx1g " JAVA, "-Xmx1g " JAVA},
    {JAVA, JAVA},
};

#define TYPE " -Djavax.net.ssl.trustStoreType=PKCS12"

static const struct {
    const char *store;
    bool proxy;
    const char *options;
} JAVA_STORES[] = {
    {"/s/java.p12", true, JAVA " -Djavax.net.ssl.trustStore=/s/java.p12" TYPE},
    {"/s/java.p12", false, "-Djavax.net.ssl.trustStore=/s/java.p12" TYPE},
    {"/a b/j", false, "\"-Djavax.net.ssl.trustStore=/a b/j\"" TYPE},
    {"/it's/j", false, "\"-Djavax.net.ssl.trustStore=/it's/j\"" TYPE},
    {"/a \" b/j", false, "'-Djavax.net.ssl.trustStore=/a \" b/j'" TYPE},
};

START_TEST(java_store_is_named)
{
    sources.proxy = JAVA_STORES[_i].proxy ? &proxy : NULL;
    sources.java_store = JAVA_STORES[_i].store;
    choose("java");
    ck_assert(env_values_make(&values, &sources));
    ck_assert_str_eq(value_of("JAVA_TOOL_OPTIONS"), JAVA_STORES[_i].options);
}
END_TEST

START_TEST(java_options_are_added_once)
{
    sources.proxy = &proxy;
    sources.java_options = JAVAS[_i].before;
    choose("java");
    ck_assert(env_values_make(&values, &sources));
    ck_assert_str_eq(value_of("JAVA_TOOL_OPTIONS"), JAVAS[_i].after);
}
END_TEST

/* ---- the tables ---- */

START_TEST(tools_are_found)
{
    for (const struct tool *tool = tool_table(); tool->name != NULL; tool++) {
        ck_assert_ptr_eq(tool_find(span_of(tool->name)), tool);
        ck_assert_ptr_nonnull(tool->variables[0].name);
    }
    ck_assert_ptr_null(tool_find(SPAN("")));
    ck_assert(!env_choose_tools(&sources, "curl,wgot", &messages));
    ck_assert(span_starts(buf_span(&messages), SPAN("--tool: there is no \"wgot\"; ")));
}
END_TEST

static const struct {
    const char *tools;
    const char *variable;
    unsigned count;
} SPOILT[] = {
    {NULL, "NODE_TLS_REJECT_UNAUTHORIZED=0", 1},
    {NULL, "NODE_TLS_REJECT_UNAUTHORIZED=1", 0},
    {NULL, "NODE_TLS_REJECT_UNAUTHORIZED=", 0},
    {"curl", "NODE_TLS_REJECT_UNAUTHORIZED=0", 0},
    {"npm", "npm_config_proxy=http://a", 1},
    {"git", "GIT_SSL_NO_VERIFY=false", 1},
    {"claude-code", "SSL_CERT_DIR=/a", 1},
    {"claude-code", "SSL_CERT_DIRX=/a", 0},
};

START_TEST(spoilers_are_said_once)
{
    char line[128];
    char *environment[] = {line, NULL};

    snprintf(line, sizeof(line), "%s", SPOILT[_i].variable);
    choose(SPOILT[_i].tools);
    ck_assert_uint_eq(env_find_spoilers(&sources, environment, &messages),
                      SPOILT[_i].count);
    ck_assert_int_eq(messages.len > 0, SPOILT[_i].count > 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("env_values");
    TCase *tc = tcase_create("env_values");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, names_of_variables, 0, COUNT(NAMES));
    tcase_add_test(tc, only_what_adds_gets_the_company_alone);
    tcase_add_test(tc, ipv6_proxy);
    tcase_add_loop_test(tc, hosts_in_the_one_form, 0, COUNT(HOSTS));
    tcase_add_loop_test(tc, java_options_are_added_once, 0, COUNT(JAVAS));
    tcase_add_loop_test(tc, java_store_is_named, 0, COUNT(JAVA_STORES));
    tcase_add_test(tc, tools_are_found);
    tcase_add_loop_test(tc, spoilers_are_said_once, 0, COUNT(SPOILT));
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
