/*
 * options: reading a command line by the tables of verbs and options.
 */
#include "options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct options *options;
    char *const *argv;
    int argc;
    int next; /* index of the word that is read next */
    bool has_verb;
    bool only_words; /* "--" was seen */
    bool failed;
    struct buf *messages;
};

bool verb_takes_key(enum verb_keys keys, const struct config_key *key)
{
    static const char *const KEYS[] = {"listen", "runtime_dir", "state_dir", "noproxy"};
    size_t count = keys == VERB_KEYS_INSTANCE ? 2 : keys == VERB_KEYS_ENV ? 4 : 0;

    for (size_t i = 0; i < count; i++)
        if (strcmp(key->path, KEYS[i]) == 0)
            return true;
    return keys == VERB_KEYS_ALL;
}

void option_of_key(const char *path, char *option, size_t size)
{
    size_t n = 0;

    for (; path[n] != '\0' && n + 1 < size; n++)
        option[n] = path[n] == '.' || path[n] == '_' ? '-' : path[n];
    option[n] = '\0';
}

static const struct option_info *option_find(struct span name, char letter)
{
    for (const struct option_info *o = option_table(); o->name != NULL; o++)
        if (letter != 0 ? o->letter == letter : span_equal(span_of(o->name), name))
            return o;
    return NULL;
}

/* ---- messages ---- */

#define SAY(p, ...)                                                                    \
    do {                                                                               \
        (p)->failed = true;                                                            \
        (void)buf_printf((p)->messages, __VA_ARGS__);                                  \
    } while (0)

/* The keys and the options that are none, as one table to look for a likely name in. */
static const char *likely_option(struct span name)
{
    enum { ROOM = 128 };
    struct config_key table[ROOM];
    size_t n = 0;

    for (const struct config_key *k = config_schema(); k->path != NULL; k++)
        if (n + 1 < ROOM)
            table[n++] = *k;
    for (const struct option_info *o = option_table(); o->name != NULL; o++)
        if (n + 1 < ROOM)
            table[n++] = (struct config_key){.path = o->name};
    table[n] = (struct config_key){.path = NULL};
    return config_suggest(table, name);
}

static const char *likely_verb(struct span name)
{
    struct config_key table[VERB_COUNT + 1] = {{.path = NULL}};
    const char *likely;

    for (unsigned i = 0; i < VERB_COUNT; i++)
        table[i].path = verb_info((enum verb)i)->name;
    likely = config_suggest(table, name);
    for (unsigned i = 0; i < VERB_COUNT && likely == NULL; i++)
        if (name.len >= 3 && span_starts(span_of(verb_info((enum verb)i)->name), name))
            likely = verb_info((enum verb)i)->name;
    return likely;
}

static bool is_password(struct span name)
{
    static const char *const WORDS[] = {"password", "passwd", "pass", "secret",
                                        "proxy-password"};

    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
        if (span_equal_nocase(name, span_of(WORDS[i])))
            return true;
    return false;
}

static void unknown_option(struct parser *p, struct span name)
{
    char option[OPTION_NAME];
    const char *likely = likely_option(name);

    if (is_password(name)) {
        SAY(p,
            "ccgate: --%.*s: a password is never taken from the command line, where "
            "every user of this machine can see it\n"
            "  put it into a file that only you can read, and name that: "
            "--password-file FILE\n",
            SPAN_ARG(name));
        return;
    }
    SAY(p, "ccgate: --%.*s: unknown option\n", SPAN_ARG(name));
    if (likely != NULL) {
        option_of_key(likely, option, sizeof(option));
        SAY(p, "  did you mean \"--%s\"?\n", option);
        return;
    }
    SAY(p, "  \"ccgate help\" lists them all\n");
}

static void unknown_verb(struct parser *p, const char *word)
{
    const char *likely = likely_verb(span_of(word));

    SAY(p, "ccgate: %s: unknown verb\n", word);
    if (strstr(word, "://") != NULL)
        SAY(p, "  did you mean \"ccgate route %s\"?\n", word);
    else if (likely != NULL)
        SAY(p, "  did you mean \"ccgate %s\"?\n", likely);
    else
        SAY(p, "  \"ccgate help\" lists them all\n");
}

/* ---- reading ---- */

static void add_setting(struct parser *p, const char *path, const char *value)
{
    struct options *o = p->options;

    /* There are never more settings than words; see options_parse(). */
    o->settings[o->setting_count++] = (struct config_setting){path, value};
}

/* The value of an option: behind its '=', or the next word. NULL after a message. */
static const char *take_value(struct parser *p, struct span name, const char *attached,
                              const char *argument)
{
    if (attached != NULL)
        return attached;
    if (p->next < p->argc && strncmp(p->argv[p->next], "--", 2) != 0)
        return p->argv[p->next++];
    SAY(p, "ccgate: --%.*s: a value is missing: --%.*s=%s\n", SPAN_ARG(name),
        SPAN_ARG(name), argument);
    return NULL;
}

static void take_own(struct parser *p, const struct option_info *option,
                     const char *attached)
{
    p->options->set |= option->bit;
    if (option->argument == NULL && attached != NULL) {
        SAY(p, "ccgate: --%s: takes no value\n", option->name);
        return;
    }
    if (option->argument != NULL) {
        const char *value =
            take_value(p, span_of(option->name), attached, option->argument);

        memcpy((char *)p->options + option->place, &value, sizeof(value));
    }
    if (option->bit == OPTION_VERBOSE)
        add_setting(p, "log.level", "debug");
}

static void take_key(struct parser *p, const struct config_key *key, struct span name,
                     const char *attached)
{
    const char *value = attached;

    if (key->type != CONFIG_BOOL)
        value = take_value(p, name, attached, key->argument);
    else if (value == NULL)
        value = "true";
    if (value != NULL)
        add_setting(p, key->path, value);
}

static void take_long(struct parser *p, const char *word)
{
    struct span name = span_of(word + 2);
    size_t end = span_find(name, '=');
    const char *attached = end < name.len ? name.at + end + 1 : NULL;
    const struct option_info *own;
    const struct config_key *key;

    name.len = end;
    own = option_find(name, 0);
    key = config_key_of_option(name);
    if (own != NULL) {
        take_own(p, own, attached);
        return;
    }
    if (key != NULL) {
        take_key(p, key, name, attached);
        return;
    }
    if (span_starts(name, SPAN("no-")))
        key = config_key_of_option(span_skip(name, 3));
    if (key == NULL || key->type != CONFIG_BOOL)
        unknown_option(p, name);
    else if (attached != NULL)
        SAY(p, "ccgate: --%.*s: takes no value\n", SPAN_ARG(name));
    else
        add_setting(p, key->path, "false");
}

static void take_letters(struct parser *p, const char *word)
{
    for (const char *c = word + 1; *c != '\0'; c++) {
        const struct option_info *own = option_find((struct span){NULL, 0}, *c);

        if (own == NULL) {
            SAY(p, "ccgate: %s: unknown option\n", word);
            SAY(p, "  \"ccgate help\" lists them all\n");
            return;
        }
        take_own(p, own, NULL);
    }
}

/* "[TARGET]" is one, "[FILE ...]" any number. */
static bool takes_operand(const struct options *o)
{
    const char *operand = verb_info(o->verb)->operand;

    return operand != NULL && (o->operand_count == 0 || strstr(operand, "...") != NULL);
}

static void take_word(struct parser *p, const char *word)
{
    struct options *o = p->options;

    if (!p->has_verb) {
        p->has_verb = true;
        /* Behind an unknown option it may well be the option's value. */
        if (!verb_find(span_of(word), &o->verb) && !p->failed)
            unknown_verb(p, word);
    } else if (verb_info(o->verb)->command) {
        o->command = p->argv + p->next - 1;
        p->next = p->argc;
    } else if (verb_info(o->verb)->argument != NULL && o->argument == NULL) {
        o->argument = word;
    } else if (takes_operand(o)) {
        /* There are never more operands than words; see options_parse(). */
        o->operands[o->operand_count++] = word;
        o->operand = o->operands[0];
    } else if (!p->failed) {
        SAY(p, "ccgate: %s: one word too many\n", word);
        SAY(p, "  \"ccgate help %s\" says what it takes\n", verb_info(o->verb)->name);
    }
}

static void read_words(struct parser *p)
{
    while (p->next < p->argc) {
        const char *word = p->argv[p->next++];

        if (p->only_words || word[0] != '-' || word[1] == '\0')
            take_word(p, word);
        else if (strcmp(word, "--") == 0)
            p->only_words = true;
        else if (word[1] == '-')
            take_long(p, word);
        else
            take_letters(p, word);
    }
}

/* ---- what fits together ---- */

static void check_options(struct parser *p)
{
    const struct verb_info *verb = verb_info(p->options->verb);
    unsigned strange =
        p->options->set & ~(verb->options | OPTION_HELP | OPTION_VERSION);

    for (const struct option_info *o = option_table(); o->name != NULL; o++)
        if ((strange & o->bit) != 0)
            SAY(p, "ccgate: --%s: \"ccgate %s\" does not take it\n", o->name,
                verb->name);
}

/* An id is one of a running ccgate. */
static enum verb_keys keys_of(const struct options *options)
{
    return (options->set & OPTION_ID) != 0 ? VERB_KEYS_INSTANCE
                                           : verb_info(options->verb)->keys;
}

static void check_keys(struct parser *p)
{
    const struct verb_info *verb = verb_info(p->options->verb);
    enum verb_keys keys = keys_of(p->options);

    if (keys == VERB_KEYS_ALL)
        return;
    for (size_t i = 0; i < p->options->setting_count; i++) {
        struct config_key key = {.path = p->options->settings[i].path};
        char option[OPTION_NAME];

        assert(key.path != NULL);
        if (verb_takes_key(keys, &key))
            continue;
        option_of_key(key.path, option, sizeof(option));
        SAY(p, "ccgate: --%s: \"ccgate %s\" does not take it\n", option, verb->name);
        if (keys == VERB_KEYS_INSTANCE)
            SAY(p, "  a running ccgate keeps the options that it was started with\n");
    }
}

static void check_argument(struct parser *p)
{
    const struct verb_info *verb = verb_info(p->options->verb);

    /* An id stands for the URL. */
    if ((p->options->set & OPTION_ID) != 0) {
        if (p->options->argument != NULL)
            SAY(p, "ccgate: %s: --id is instead of the %s\n", verb->name,
                verb->argument);
        return;
    }
    if (verb->argument != NULL && verb->argument[0] != '[' &&
        p->options->argument == NULL)
        SAY(p, "ccgate: %s: the %s is missing: ccgate %s %s\n", verb->name,
            verb->argument, verb->name, verb->argument);
}

/* --help and --version win over everything that was spelt right. */
static bool turn_to_help(struct options *o)
{
    if ((o->set & OPTION_HELP) != 0) {
        if (o->verb != VERB_RUN && o->verb != VERB_HELP)
            o->argument = verb_info(o->verb)->name;
        o->verb = VERB_HELP;
        return true;
    }
    if ((o->set & OPTION_VERSION) != 0) {
        o->verb = VERB_VERSION;
        return true;
    }
    return false;
}

bool options_parse(struct options *options, int argc, char *const *argv,
                   struct buf *messages)
{
    struct parser p = {.options = options,
                       .argv = argv,
                       .argc = argc,
                       .next = 1,
                       .messages = messages};
    size_t room = 1;

    *options = (struct options){.verb = VERB_RUN};
    /* A word gives one setting at most; each of the letters in "-vv" gives one, too. */
    for (int i = 1; i < argc; i++)
        room += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
    options->settings = calloc(room, sizeof(*options->settings));
    options->operands = calloc(room, sizeof(*options->operands));
    if (options->settings == NULL || options->operands == NULL) {
        SAY(&p, "ccgate: memory is out\n");
        return false;
    }
    read_words(&p);
    if (!p.failed && !turn_to_help(options)) {
        check_options(&p);
        check_keys(&p);
        check_argument(&p);
    }
    return !p.failed;
}

void options_clear(struct options *options)
{
    free(options->settings);
    free(options->operands);
    options->settings = NULL;
    options->operands = NULL;
    options->setting_count = options->operand_count = 0;
}

const char *options_setting(const struct options *options, const char *path)
{
    const char *value = NULL;

    for (size_t i = 0; i < options->setting_count; i++)
        if (strcmp(options->settings[i].path, path) == 0)
            value = options->settings[i].value;
    return value;
}
