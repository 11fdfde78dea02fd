/*
 * tools: see tools.h.
 *
 * Whether a setting adds to a tool's certificates or replaces them differs between
 * tools, and between builds of one: git, curl and Python add what others replace,
 * because of a folder that is compiled in. The bundle is right in both cases; the
 * company's certificates alone, in a setting that replaces, cut the tool off from all
 * other servers. So only settings that are documented to add get them.
 *
 * Left out on purpose: ALL_PROXY, to which Claude Code sends plain requests with their
 * keys, and SSL_CERT_DIR, which makes curl 7.88 forget SSL_CERT_FILE.
 */
#include "certs/tools.h"

#define END                                                                            \
    {                                                                                  \
        NULL, 0                                                                        \
    }
#define LIST(...)                                                                      \
    (const struct tool_variable[])                                                     \
    {                                                                                  \
        __VA_ARGS__, END                                                               \
    }
#define SPOILERS(...)                                                                  \
    (const struct tool_spoiler[])                                                      \
    {                                                                                  \
        __VA_ARGS__,                                                                   \
        {                                                                              \
            NULL, NULL, NULL                                                           \
        }                                                                              \
    }

#define UNVERIFIED "turns the verification of certificates off"

/* Most read the lower-case name first, Go the upper-case one; curl reads http_proxy in
 * lower case only. */
static const struct tool_variable PROXY_VARIABLES[] = {
    {"https_proxy", TOOL_PROXY},
    {"HTTPS_PROXY", TOOL_PROXY},
    {"http_proxy", TOOL_PROXY},
    {"HTTP_PROXY", TOOL_PROXY},
    {"no_proxy", TOOL_NO_PROXY},
    {"NO_PROXY", TOOL_NO_PROXY},
    END,
};

static const struct tool TOOLS[] = {
    {
        .name = "claude-code",
        .environment = true,
        .variables = LIST({"NODE_EXTRA_CA_CERTS", TOOL_CORP_ONLY}),
        .spoilers =
            SPOILERS({"NODE_TLS_REJECT_UNAUTHORIZED", "0", UNVERIFIED},
                     {"SSL_CERT_DIR", NULL,
                      "makes Claude Code leave out the certificates of the system"},
                     {"CLAUDE_CODE_CERT_STORE", "bundled",
                      "makes Claude Code leave out the certificates of the system"},
                     {"ALL_PROXY", NULL,
                      "is where Claude Code sends some requests, unencrypted"},
                     {"all_proxy", NULL,
                      "is where Claude Code sends some requests, unencrypted"}),
    },
    {
        .name = "node",
        .environment = true,
        .variables = LIST({"NODE_EXTRA_CA_CERTS", TOOL_CORP_ONLY},
                          {"NODE_USE_ENV_PROXY", TOOL_ON}),
        .spoilers = SPOILERS({"NODE_TLS_REJECT_UNAUTHORIZED", "0", UNVERIFIED}),
    },
    {
        .name = "undici", /* EnvHttpProxyAgent */
        .environment = true,
        .variables = LIST({"NODE_EXTRA_CA_CERTS", TOOL_CORP_ONLY}),
        .spoilers = SPOILERS({"NODE_TLS_REJECT_UNAUTHORIZED", "0", UNVERIFIED}),
    },
    {
        .name = "npm",
        .environment = true,
        /* A cafile of some npmrc makes it leave NODE_EXTRA_CA_CERTS out. */
        .variables = LIST({"NODE_EXTRA_CA_CERTS", TOOL_CORP_ONLY},
                          {"npm_config_cafile", TOOL_BUNDLE}),
        .spoilers = SPOILERS(
            {"NODE_TLS_REJECT_UNAUTHORIZED", "0", UNVERIFIED},
            {"npm_config_strict_ssl", "false", UNVERIFIED},
            {"npm_config_cafile", NULL, "makes npm leave NODE_EXTRA_CA_CERTS out"},
            {"npm_config_https_proxy", NULL, "is the proxy that npm takes"},
            {"npm_config_proxy", NULL, "is the proxy that npm takes"}),
    },
    {
        .name = "deno",
        .environment = true,
        .variables = LIST({"DENO_CERT", TOOL_CORP_ONLY}),
    },
    {
        .name = "python", /* ssl, urllib, httpx */
        .environment = true,
        .variables = LIST({"SSL_CERT_FILE", TOOL_BUNDLE}),
        .spoilers = SPOILERS({"PYTHONHTTPSVERIFY", "0", UNVERIFIED}),
    },
    {
        .name = "requests",
        .environment = true,
        .variables = LIST({"REQUESTS_CA_BUNDLE", TOOL_BUNDLE}),
    },
    {
        .name = "pip",
        .environment = true,
        .variables = LIST({"PIP_CERT", TOOL_BUNDLE}),
        .spoilers = SPOILERS({"PIP_PROXY", NULL, "is the proxy that pip takes"},
                             {"PIP_TRUSTED_HOST", NULL,
                              "turns the verification of certificates off for it"}),
    },
    {
        .name = "curl",
        .environment = true,
        .variables = LIST({"CURL_CA_BUNDLE", TOOL_BUNDLE}),
    },
    {
        .name = "git",
        .environment = true,
        .variables = LIST({"GIT_SSL_CAINFO", TOOL_BUNDLE}),
        .spoilers = SPOILERS({"GIT_SSL_NO_VERIFY", NULL, UNVERIFIED}),
    },
    {
        .name = "wget", /* with GnuTLS no variable names certificates */
        .environment = true,
        .variables = LIST({"SSL_CERT_FILE", TOOL_BUNDLE}),
    },
    {
        .name = "go",
        .environment = true,
        .variables = LIST({"SSL_CERT_FILE", TOOL_BUNDLE}),
    },
    {
        .name = "aws",
        .environment = true,
        .variables = LIST({"AWS_CA_BUNDLE", TOOL_BUNDLE}),
    },
    {
        .name = "gcloud",
        .environment = true,
        .variables = LIST({"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", TOOL_BUNDLE}),
    },
    {
        .name = "cargo",
        .environment = true,
        .variables = LIST({"CARGO_HTTP_CAINFO", TOOL_BUNDLE}),
    },
    {
        .name = "grpc",
        .environment = true,
        .variables = LIST({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", TOOL_BUNDLE}),
    },
    {
        .name = "nix",
        .environment = true,
        .variables = LIST({"NIX_SSL_CERT_FILE", TOOL_BUNDLE}),
    },
    {
        /* It says "Picked up JAVA_TOOL_OPTIONS" at each start, so only who asks. */
        .name = "java",
        .on_request = true,
        .variables = LIST({"JAVA_TOOL_OPTIONS", TOOL_JAVA}),
    },
    {.name = NULL},
};

const struct tool *tool_table(void)
{
    return TOOLS;
}

const struct tool *tool_find(struct span name)
{
    for (const struct tool *tool = TOOLS; tool->name != NULL; tool++)
        if (span_equal(name, span_of(tool->name)))
            return tool;
    return NULL;
}

const struct tool_variable *tool_proxy_variables(void)
{
    return PROXY_VARIABLES;
}
