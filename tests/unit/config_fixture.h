/*
 * config_fixture: a root of its own for each test of the configuration, with files,
 * variables and settings in it.
 */
#ifndef CCGATE_TESTS_UNIT_CONFIG_FIXTURE_H
#define CCGATE_TESTS_UNIT_CONFIG_FIXTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static char root[64];
static char text[65536]; /* the messages of the last load */
static char *env[16];
static int env_count;
static struct config_setting settings[16];
static struct config_sources sources;

static inline void put_env(const char *name, const char *value)
{
    char line[512];

    snprintf(line, sizeof(line), "%s=%s", name, value);
    free(env[env_count]);
    env[env_count++] = span_dup(span_of(line));
    sources.environment = env;
}

static inline void put_setting(const char *path, const char *value)
{
    settings[sources.setting_count++] = (struct config_setting){path, value};
    sources.settings = settings;
}

static inline const char *under(const char *path)
{
    static char full[8][256];
    static int next;
    char *out = full[next++ % 8];

    snprintf(out, sizeof(full[0]), "%s%s", root, path);
    return out;
}

/* Makes the folders and the file. */
static inline void put_file_mode(const char *path, const char *content, mode_t mode)
{
    char full[256];
    int fd;

    snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static inline void put_file(const char *path, const char *content)
{
    put_file_mode(path, content, 0644);
}

static inline struct config *load(void)
{
    struct buf messages;
    struct config *config;

    buf_init(&messages, sizeof(text) - 1);
    config = config_load(&sources, &messages);
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    return config;
}

static inline struct config *load_quiet(void)
{
    struct config *config = load();

    ck_assert_msg(config != NULL, "%s", text);
    ck_assert_str_eq(text, "");
    return config;
}

static inline void load_fails(const char *part)
{
    ck_assert_ptr_null(load());
    ck_assert_msg(strstr(text, part) != NULL, "%s", text);
}

static inline void setup(void)
{
    snprintf(root, sizeof(root), "/tmp/test_config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    sources = (struct config_sources){.root = root};
    put_env("HOME", under("/home"));
    unsetenv("CREDENTIALS_DIRECTORY");
}

static inline void teardown(void)
{
    char command[128];

    for (; env_count > 0; env_count--) {
        free(env[env_count - 1]);
        env[env_count - 1] = NULL;
    }
    snprintf(command, sizeof(command), "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

#endif
