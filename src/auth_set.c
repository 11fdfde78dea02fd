/*
 * auth_set: `ccgate auth set` asks for the password and puts it where ccgate finds it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "verbs.h"

enum { WHY_SIZE = 512 };

enum place { PLACE_FILE, PLACE_KEYRING };

struct task {
    const struct options *options;
    const struct config_login *login;
    const char *user; /* or NULL */
    bool other;       /* than the one that the configuration's password is for */
    enum place place;
    char file[PATH_MAX];
    bool configured; /* the configuration names that place already */
};

/* ---- where to ---- */

static bool set_file(struct task *t, const char *folder, const char *rest)
{
    int n = snprintf(t->file, sizeof(t->file), "%s%s%s", folder,
                     folder[0] != '\0' ? "/" : "", rest);

    t->place = PLACE_FILE;
    if (n >= 0 && (size_t)n < sizeof(t->file))
        return true;
    fputs("ccgate: auth set: the name of the file is too long\n", stderr);
    return false;
}

static bool set_given_file(struct task *t, const char *file)
{
    char folder[PATH_MAX];
    bool found;

    if (file[0] == '/') {
        found = set_file(t, "", file);
    } else if (getcwd(folder, sizeof(folder)) == NULL) {
        fprintf(stderr, "ccgate: auth set: %s: %s\n", file, strerror(errno));
        return false;
    } else {
        found = set_file(t, folder, file);
    }
    t->configured = t->login->password_file != NULL &&
                    strcmp(t->login->password_file, t->file) == 0 && !t->other;
    return found;
}

static bool set_usual_file(struct task *t)
{
    const char *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (folder != NULL && folder[0] == '/')
        return set_file(t, folder, "ccgate/password");
    if (home != NULL && home[0] == '/')
        return set_file(t, home, ".config/ccgate/password");
    fputs("ccgate: auth set: there is no home directory: name a file with --file\n",
          stderr);
    return false;
}

/* Or writes over the password of somebody else, which is given up for nothing. */
static bool is_free(const struct task *t)
{
    if (!t->other || (!t->configured && access(t->file, F_OK) != 0))
        return true;
    fprintf(stderr,
            "ccgate: auth set: %s is for the password of the user in the "
            "configuration, not for that of %s\n  to store the latter name another "
            "file: --file FILE\n",
            t->file, t->user);
    return false;
}

static bool choose_place(struct task *t)
{
    const struct config_login *login = t->login;

    if (t->options->file != NULL)
        return set_given_file(t, t->options->file);
    if ((t->options->set & OPTION_KEYRING) != 0) {
        t->place = PLACE_KEYRING;
        t->configured = login->password_keyring && login->password_file == NULL &&
                        login->password_command == NULL && !t->other;
        return true;
    }
    t->configured = true;
    if (login->password_file != NULL)
        return set_file(t, "", login->password_file) && is_free(t);
    if (login->password_command != NULL) {
        fprintf(stderr, "ccgate: auth set: the configuration has a password_command, "
                        "which ccgate cannot change\n  to store the password elsewhere "
                        "take that key out, or name the place: --file FILE or "
                        "--keyring\n");
        return false;
    }
    t->place = PLACE_KEYRING;
    t->configured = login->password_keyring && !t->other;
    if (login->password_keyring)
        return true;
    return (t->user != NULL && secret_keyring_usable()) ||
           (set_usual_file(t) && is_free(t));
}

/* ---- the password ---- */

static const char *noun(const struct task *t)
{
    return t->login->password_type == CONFIG_PASSWORD_PLAIN ? "password"
                                                            : "password hash";
}

static struct secret *ask(const struct task *t, char *why, size_t why_size)
{
    struct secret *first, *second;
    char prompt[160];

    snprintf(prompt, sizeof(prompt), "New %s%s%.80s: ", noun(t),
             t->user != NULL ? " of " : "", t->user != NULL ? t->user : "");
    first = secret_from_prompt(prompt, why, why_size);
    if (first == NULL)
        return NULL;
    second = secret_from_prompt("The same once more: ", why, why_size);
    if (second == NULL || !secret_equal(first, second)) {
        if (second != NULL)
            snprintf(why, why_size, "these were not the same; nothing is changed");
        secret_free(first);
        first = NULL;
    }
    secret_free(second);
    return first;
}

/* NULL after a message. */
static struct secret *get_secret(const struct task *t)
{
    bool from_stdin = (t->options->set & OPTION_STDIN) != 0;
    char why[WHY_SIZE];
    struct secret *secret = from_stdin ? secret_from_fd(STDIN_FILENO, why, sizeof(why))
                                       : ask(t, why, sizeof(why));
    struct secret *hash;

    if (secret == NULL) {
        fprintf(stderr, "ccgate: auth set: %s%s\n", from_stdin ? "standard input " : "",
                why);
        if (!from_stdin && !isatty(STDIN_FILENO))
            fputs("  to read it from standard input: --stdin\n", stderr);
        return NULL;
    }
    if (t->login->password_type == CONFIG_PASSWORD_PLAIN)
        return secret;
    hash = secret_from_hex(secret, why, sizeof(why));
    if (hash != NULL) {
        secret_free(hash);
        return secret;
    }
    fprintf(stderr,
            "ccgate: auth set: password_type says that it is a hash, but it %s\n", why);
    secret_free(secret);
    return NULL;
}

/* ---- the end ---- */

static bool store(const struct task *t, const struct secret *secret)
{
    char why[WHY_SIZE];
    bool stored = t->place == PLACE_FILE
                      ? secret_to_file(t->file, secret, why, sizeof(why))
                      : secret_to_keyring(t->user, secret, why, sizeof(why));

    if (!stored)
        fprintf(stderr, "ccgate: auth set: %s\n", why);
    return stored;
}

/* In YAML an apostrophe within apostrophes is doubled. */
static void say_user(const char *user)
{
    fputs("  username: '", stdout);
    for (; *user != '\0'; user++)
        fputs(*user == '\'' ? "''" : (char[]){*user, '\0'}, stdout);
    puts("'");
}

static void say_keys(const struct task *t)
{
    puts("ccgate does not look there yet; put this into ccgate.yaml:");
    if (options_setting(t->options, "username") != NULL)
        say_user(t->user);
    if (t->place == PLACE_FILE)
        printf("  password_file: \"%s\"\n", t->file);
    else
        puts("  password_keyring: true");
    if (t->place == PLACE_KEYRING && t->login->password_file != NULL)
        puts("and take password_file out, which goes before it");
    if (t->login->password_command != NULL && t->place == PLACE_KEYRING)
        puts("and take password_command out, which goes before it");
    puts("then run \"ccgate reload\", if ccgate is running");
}

static int finish(const struct task *t, const struct config *config)
{
    if (t->place == PLACE_FILE)
        printf("the %s is stored in %s\n", noun(t), t->file);
    else
        printf("the %s of %s is stored in the keyring\n", noun(t), t->user);
    if (!t->configured) {
        say_keys(t);
        return EXIT_SUCCESS;
    }
    return reload_running(config->runtime_dir);
}

static int set_password(struct task *t, const struct config *config)
{
    struct secret *secret;
    int status = EXIT_FAILURE;

    if (!choose_place(t))
        return 2;
    if (t->user == NULL && t->place == PLACE_KEYRING) {
        fputs("ccgate: auth set: whose password? --username NAME, or username in "
              "ccgate.yaml\n",
              stderr);
        return 2;
    }
    secret = get_secret(t);
    if (secret != NULL && store(t, secret))
        status = finish(t, config);
    secret_free(secret);
    return status;
}

/* ---- whose password ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The configuration as it is without the option --username; its messages are known. */
static struct config *load_without_option(const struct options *options)
{
    struct config_setting *settings =
        calloc(options->setting_count + 1, sizeof(*settings));
    struct config_sources sources = {.file = options->config_file,
                                     .environment = environ,
                                     .settings = settings,
                                     .passwords = CONFIG_PASSWORDS_NONE};
    struct config *config = NULL;
    struct buf messages;

    if (settings == NULL)
        return NULL;
    for (size_t i = 0; i < options->setting_count; i++)
        if (strcmp(options->settings[i].path, "username") != 0)
            settings[sources.setting_count++] = options->settings[i];
    buf_init(&messages, SIZE_MAX / 2);
    config = config_load(&sources, &messages);
    buf_clear(&messages);
    free(settings);
    return config;
}

/* Whether the option names somebody else than the configuration does. */
static bool is_other(const struct options *options, const struct config_login *login)
{
    struct config *config;
    bool other;

    if (options_setting(options, "username") == NULL)
        return false;
    config = load_without_option(options);
    other = config != NULL && config->login.login_name != NULL &&
            (!same_text(config->login.username, login->username) ||
             !same_text(config->login.domain, login->domain));
    config_unref(config);
    return other;
}

int auth_set(const struct options *options)
{
    struct task task = {.options = options};
    struct config *config;
    int status;

    if (options->file != NULL && (options->set & OPTION_KEYRING) != 0) {
        fputs("ccgate: auth set: --file or --keyring, not both\n", stderr);
        return 2;
    }
    config = verb_config(options, CONFIG_PASSWORDS_NONE);
    if (config == NULL)
        return 2;
    task.login = &config->login;
    task.user = config->login.login_name;
    task.other = is_other(options, &config->login);
    status = set_password(&task, config);
    config_unref(config);
    return status;
}
