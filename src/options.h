/*
 * options: the command line, driven by tables. Verbs have a table of their own; every
 * other long option is a key of the configuration (config_schema()), a few excepted.
 */
#ifndef CCGATE_OPTIONS_H
#define CCGATE_OPTIONS_H

#include "config/config.h"

enum verb {
    VERB_RUN,
    VERB_CHECK_CONFIG,
    VERB_DUMP_CONFIG,
    VERB_ROUTE,
    VERB_STATUS,
    VERB_RELOAD,
    VERB_STOP,
    VERB_ENV,
    VERB_AUTH,
    VERB_CA,
    VERB_IMPORT,
    VERB_HELP,
    VERB_VERSION,
    VERB_COUNT
};

/* What options are no keys of the configuration. */
enum {
    OPTION_HELP = 1,
    OPTION_VERSION = 2,
    OPTION_VERBOSE = 4, /* log.level: debug */
    OPTION_CONFIG = 8,
    OPTION_JSON = 16,
    OPTION_SHOW_ORIGIN = 32,
    OPTION_SCHEMA = 64,
    OPTION_STDIN = 128,
    OPTION_KEYRING = 256,
    OPTION_FILE = 512,
    OPTION_SECRET_FILE = 1024,
    OPTION_TRACE = 2048,
    OPTION_ROOTS = 4096,
    OPTION_SHELL = 1 << 14,
    OPTION_TOOL = 1 << 15,
    OPTION_UNSET = 1 << 16,
    OPTION_ID = 1 << 17,
    OPTION_EXPECT = 1 << 18,
    OPTION_INTERVAL = 1 << 19,
    OPTION_SYSTEM = 1 << 20,
    OPTION_REPLACE = 1 << 21,
    OPTION_DRY_RUN = 1 << 22,
    OPTION_YES = 1 << 23,
};

/* Which keys a verb takes as options. */
enum verb_keys {
    VERB_KEYS_NONE,
    VERB_KEYS_INSTANCE, /* those that choose a running ccgate */
    VERB_KEYS_ENV,      /* and those that variables for other programs depend on */
    VERB_KEYS_ALL,
};

struct verb_info {
    const char *name;
    const char *argument; /* "URL"; "[VERB]" may be left out; NULL: takes none */
    const char *operand;  /* those behind it, which may be left out: "[USER]" is one,
                             "[FILE ...]" any number; NULL: takes none */
    const char *summary;  /* a few words */
    const char *text;     /* a few lines for `ccgate help VERB` */
    unsigned options;     /* OPTION_... that it takes, besides HELP and VERSION */
    enum verb_keys keys;
    bool command; /* what begins at the first word that is no option is a command */
};

struct option_info {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    unsigned bit;     /* OPTION_... */
    const char *argument;
    const char *help;
    size_t place; /* where its argument goes in struct options */
};

struct options {
    enum verb verb;
    unsigned set;          /* OPTION_... that were given */
    const char *argument;  /* of the verb, or NULL */
    const char *operand;   /* behind it, the first one, or NULL */
    const char **operands; /* all that stand there */
    size_t operand_count;
    const char *config_file; /* --config FILE, or NULL */
    const char *file;        /* --file FILE, or NULL */
    const char *secret_file; /* --secret-file FILE, or NULL */
    const char *roots;       /* --roots FILE, or NULL */
    const char *expect;      /* --expect-fingerprint SHA256, or NULL */
    const char *interval;    /* --interval TIME, or NULL */
    const char *shell;       /* --shell FORM, or NULL */
    const char *tool;        /* --tool NAME,..., or NULL */
    char *const *command;    /* ends with a NULL; or NULL: there is none */
    const char *id;          /* --id ID, or NULL */
    struct config_setting *settings;
    size_t setting_count;
};

const struct verb_info *verb_info(enum verb verb);

/* The verb of that name; false if there is none. */
bool verb_find(struct span name, enum verb *verb);

/* The options that are no keys; ends with a NULL name. */
const struct option_info *option_table(void);

/* Whether a key is an option of these. */
bool verb_takes_key(enum verb_keys keys, const struct config_key *key);

/* The long option of a key path ("tls.ca" to "tls-ca"), which must fit into size. */
void option_of_key(const char *path, char *option, size_t size);

#define OPTION_NAME 64 /* room for any of them */

/*
 * Reads the command line. The strings of argv are referred to. False: messages says
 * what is wrong, a line each. options_clear() is due in both cases.
 */
bool options_parse(struct options *options, int argc, char *const *argv,
                   struct buf *messages);
void options_clear(struct options *options);

/* The last value given for a key path, or NULL. */
const char *options_setting(const struct options *options, const char *path);

/* Appends the help for everything (help.c), or for one verb. 0 or a buf error. */
int help_all(struct buf *out);
int help_verb(enum verb verb, struct buf *out);

#endif
