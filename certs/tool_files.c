/*
 * tool_files: see tool_files.h.
 *
 * The bundle goes where a setting replaces what the tool trusts, and where it adds in
 * some builds only. Node, requests, Deno, Go and Java read no such file, cargo's is
 * TOML: these go by the environment alone.
 */
#include "certs/tool_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACES(...)                                                                    \
    (const char *const[])                                                              \
    {                                                                                  \
        __VA_ARGS__, NULL                                                              \
    }

static const struct tool_file FILES[] = {
    {
        .tool = "claude-code",
        .programs = "claude",
        .variable = "CLAUDE_CONFIG_DIR",
        .below = "settings.json",
        .places = PLACES("~/.claude/settings.json"),
        .value = TOOL_CORP_ONLY,
        .setting = {SETTING_JSON, "env", "NODE_EXTRA_CA_CERTS", NULL},
    },
    {
        .tool = "npm",
        .programs = "npm",
        .variable = "npm_config_userconfig",
        .places = PLACES("~/.npmrc"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_NPM, NULL, "cafile", NULL},
    },
    {
        .tool = "pip",
        .programs = "pip,pip3",
        .variable = "PIP_CONFIG_FILE",
        .places = PLACES("@/pip/pip.conf", "~/.pip/pip.conf", "@/pip/pip.conf"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_INI, "global", "cert", NULL},
    },
    {
        .tool = "curl",
        .programs = "curl",
        .places = PLACES("$CURL_HOME/.curlrc", "$XDG_CONFIG_HOME/.curlrc",
                         "$XDG_CONFIG_HOME/curlrc", "~/.curlrc", "~/.config/curlrc",
                         "~/.curlrc"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_CURL, NULL, "cacert", NULL},
    },
    {
        .tool = "git",
        .programs = "git",
        .variable = "GIT_CONFIG_GLOBAL",
        .places = PLACES("~/.gitconfig", "@/git/config", "~/.gitconfig"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_GIT, "http", "sslCAInfo", NULL},
    },
    {
        .tool = "wget",
        .programs = "wget",
        .variable = "WGETRC",
        .places = PLACES("~/.wgetrc"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_WGET, NULL, "ca_certificate", NULL},
    },
    {
        .tool = "aws",
        .programs = "aws",
        .variable = "AWS_CONFIG_FILE",
        .places = PLACES("~/.aws/config"),
        .value = TOOL_BUNDLE,
        .setting = {SETTING_INI, "default", "ca_bundle", NULL},
    },
    {.tool = NULL},
};

const struct tool_file *tool_files(void)
{
    return FILES;
}

const struct tool_file *tool_file_find(struct span tool)
{
    for (const struct tool_file *file = FILES; file->tool != NULL; file++)
        if (span_equal(tool, span_of(file->tool)))
            return file;
    return NULL;
}

/* ---- where it is ---- */

static const char *variable(const char *name)
{
    const char *value = name != NULL ? getenv(name) : NULL;

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool join(char *path, size_t size, const char *folder, const char *between,
                 const char *rest)
{
    int n = folder != NULL ? snprintf(path, size, "%s%s%s", folder, between, rest) : -1;

    return n > 0 && (size_t)n < size && path[0] == '/';
}

/* False: what it begins with is not set. */
static bool expand(const char *place, char *path, size_t size)
{
    const char *rest = strchr(place, '/');
    const char *config = variable("XDG_CONFIG_HOME");
    char name[32];

    if (place[0] == '@' && config != NULL)
        return join(path, size, config, "", rest);
    if (place[0] == '@')
        return join(path, size, variable("HOME"), "/.config", rest);
    if (place[0] == '~')
        return join(path, size, variable("HOME"), "", rest);
    snprintf(name, sizeof(name), "%.*s", (int)(rest - place - 1), place + 1);
    return join(path, size, variable(name), "", rest);
}

bool tool_file_path(const struct tool_file *file, char *path, size_t size)
{
    const char *named = variable(file->variable);
    bool expanded = false;

    if (named != NULL)
        return join(path, size, named, file->below != NULL ? "/" : "",
                    file->below != NULL ? file->below : "");
    for (size_t i = 0; file->places[i] != NULL; i++) {
        expanded = expand(file->places[i], path, size);
        if (expanded && access(path, F_OK) == 0)
            return true;
    }
    return expanded;
}

bool tool_file_has_program(const struct tool_file *file)
{
    struct span programs = span_of(file->programs), program;
    char path[4096];

    while (span_next(&programs, ",", &program)) {
        struct span folders = span_of(getenv("PATH")), folder;

        while (span_next(&folders, ":", &folder)) {
            int n = snprintf(path, sizeof(path), "%.*s/%.*s", SPAN_ARG(folder),
                             SPAN_ARG(program));

            if (n > 0 && (size_t)n < sizeof(path) && folder.len > 0 &&
                access(path, X_OK) == 0)
                return true;
        }
    }
    return false;
}
