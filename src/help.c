/*
 * help: the texts of `ccgate help` and `ccgate help VERB`, from the tables of verbs,
 * options and keys.
 */
#include <stdio.h>
#include <string.h>

#include "options.h"

enum { COLUMN = 34 }; /* where the explanations begin */

struct writer {
    struct buf *out;
    int error;
};

static void put(struct writer *w, const char *text)
{
    if (w->error == 0)
        w->error = buf_append_text(w->out, text);
}

/* "  --option ARGUMENT      help", on two lines if the first part is long. */
static void put_row(struct writer *w, const char *what, const char *help)
{
    int width = COLUMN - 3;

    if (w->error != 0)
        return;
    if (strlen(what) > (size_t)width)
        w->error = buf_printf(w->out, "  %s\n%*s%s", what, COLUMN, "", help);
    else
        w->error = buf_printf(w->out, "  %-*s %s", width, what, help);
}

static void put_key(struct writer *w, const struct config_key *key)
{
    char option[OPTION_NAME];
    char what[OPTION_NAME + 32];

    option_of_key(key->path, option, sizeof(option));
    if (key->type == CONFIG_BOOL)
        snprintf(what, sizeof(what), "--[no-]%s", option);
    else
        snprintf(what, sizeof(what), "--%s %s", option, key->argument);
    put_row(w, what, key->help);
    if (w->error == 0 && key->choices != NULL && strchr(key->choices, '|') != NULL)
        w->error = buf_printf(w->out, " (%s)", key->choices);
    if (w->error == 0 && key->fallback != NULL && key->type != CONFIG_BOOL)
        w->error = buf_printf(w->out, " [%s]", key->fallback);
    put(w, "\n");
}

static void put_keys(struct writer *w, enum verb_keys keys)
{
    for (const struct config_key *key = config_schema(); key->path != NULL; key++)
        if (verb_takes_key(keys, key))
            put_key(w, key);
}

static void put_options(struct writer *w, unsigned set)
{
    for (const struct option_info *o = option_table(); o->name != NULL; o++) {
        char what[OPTION_NAME + 32];
        char letter[8] = "";

        if ((set & o->bit) == 0)
            continue;
        if (o->letter != 0)
            snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(what, sizeof(what), "%s--%s%s%s", letter, o->name,
                 o->argument != NULL ? " " : "",
                 o->argument != NULL ? o->argument : "");
        put_row(w, what, o->help);
        put(w, "\n");
    }
}

static void put_verbs(struct writer *w)
{
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        const struct verb_info *verb = verb_info((enum verb)i);
        char what[64];

        snprintf(what, sizeof(what), "%s%s%s", verb->name,
                 verb->argument != NULL ? " " : "",
                 verb->argument != NULL ? verb->argument : "");
        put_row(w, what, verb->summary);
        put(w, "\n");
    }
}

int help_all(struct buf *out)
{
    struct writer w = {.out = out};

    put(&w, "ccgate stands between the programs of this machine and the corporate\n"
            "proxy: they use http://localhost:3128, and ccgate finds the way out and\n"
            "logs in.\n\n"
            "Usage: ccgate [VERB] [OPTION ...]\n\nVerbs:\n");
    put_verbs(&w);
    put(&w, "\nOptions:\n");
    put_options(&w, ~0u);
    put(&w, "\nOptions that are keys of the configuration, see ccgate.yaml(5):\n");
    put_keys(&w, VERB_KEYS_ALL);
    put(&w, "\nA list takes several values, separated by commas, or the option again.\n"
            "Every key is also a variable: CCGATE_TLS_CA is --tls-ca.\n"
            "\"ccgate help VERB\" explains a verb.\n");
    return w.error;
}

int help_verb(enum verb verb, struct buf *out)
{
    const struct verb_info *info = verb_info(verb);
    struct writer w = {.out = out};

    /* Options behind a command are the command's. */
    w.error = buf_printf(
        out, "Usage: ccgate %s%s%s%s%s%s%s\n\n%s\nOptions:\n", info->name,
        info->command ? " [OPTION ...]" : "", info->argument != NULL ? " " : "",
        info->argument != NULL ? info->argument : "", info->operand != NULL ? " " : "",
        info->operand != NULL ? info->operand : "",
        info->command ? "" : " [OPTION ...]", info->text);
    put_options(&w, info->options | OPTION_HELP);
    if (info->keys == VERB_KEYS_INSTANCE) {
        put(&w, "\nOptions that choose a running ccgate:\n");
        put_keys(&w, info->keys);
    } else if (info->keys != VERB_KEYS_NONE) {
        put(&w, "\nOptions that are keys of the configuration, see ccgate.yaml(5):\n");
        put_keys(&w, info->keys);
    }
    return w.error;
}
