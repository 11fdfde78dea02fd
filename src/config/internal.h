/*
 * internal: what the files of src/config share: messages, the tree of a YAML text, the
 * values in it, and the steps from a tree to a struct config. Nobody else includes
 * this, except the tests and the fuzz target.
 */
#ifndef CCGATE_CONFIG_INTERNAL_H
#define CCGATE_CONFIG_INTERNAL_H

#include "config/config.h"

enum { KEY_MAX = 96 };           /* keys in the schema at most */
enum { FILE_MAX = 1024 * 1024 }; /* bytes of a configuration file at most */
enum { QUOTE_SIZE = 64 };

/* ---- where a value comes from ---- */

enum layer {
    LAYER_DEFAULT,
    LAYER_FILE,
    LAYER_ENVIRONMENT,
    LAYER_COMMAND_LINE,
    LAYER_MANAGED,
};

struct source {
    struct source *next;
    enum layer layer;
    char *name;   /* "/etc/ccgate/ccgate.yaml", "CCGATE_TLS_CA", "--tls-ca" */
    char *folder; /* relative paths start here; NULL: unknown */
    char *text;   /* of a file; NULL otherwise */
    size_t len;
    bool exposed; /* others may read the file */
};

/* ---- the tree of a text ---- */

enum node_kind {
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAP,
    NODE_VOID, /* was wrong and has been reported */
};

struct node {
    enum node_kind kind;
    bool plain; /* a scalar without quotes */
    const struct source *source;
    size_t line; /* line and column count from 1; 0: no place */
    size_t column;
    char *text; /* SCALAR: ends with a NUL, and may hold others */
    size_t len;
    struct node *key;   /* inside a map: the key of this value */
    struct node *next;  /* in the list or map */
    struct node *first; /* LIST, MAP: what is in it */
    struct node *last;
};

struct node *node_new(enum node_kind kind, const struct source *source, size_t line,
                      size_t column);
struct node *node_scalar(const struct source *source, struct span text);

/* Puts item at the end of a list or map, which owns it from now on. */
void node_add(struct node *parent, struct node *item);

/* Wipes and frees the node, its key and what is in it. NULL-safe. */
void node_free(struct node *node);

struct span node_span(const struct node *node);
bool node_is_null(const struct node *node); /* nothing, "~" or "null" without quotes */

/* ---- messages ---- */

struct report {
    struct buf *out;
    unsigned errors;
    bool no_memory;
    bool muted; /* everything was said before; errors are still counted */
};

/* An error or warning at a node; with its source line if it stands in a file. */
void report_error(struct report *report, const struct node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning(struct report *report, const struct node *at, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* The same at a place of a text. line 0: about the whole. */
void report_place(struct report *report, const struct source *source, size_t line,
                  size_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* About a name (a file, a variable, an option) that has no node. */
void report_name(struct report *report, bool warning, const char *name,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A line more to the message before. */
void report_help(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory is out: nothing more is reported, and the whole fails. */
void report_no_memory(struct report *report);

/* No further work is worth while: memory is out, or there are too many errors. */
bool report_full(const struct report *report);

/* A short printable form of bytes, for messages. Returns out. */
const char *quote(struct span text, char out[QUOTE_SIZE]);

/* ---- a YAML text ---- */

/* The root of the text of a source, or NULL if it is empty or faulty (reported). */
struct node *yaml_read(struct report *report, const struct source *source);

/* The text with the passwords of URLs masked, of the same length; NULL: no memory. */
char *mask_new(struct span text);

/*
 * Puts the passwords into a value that was made of the masked text, from the characters
 * start to end of the text itself.
 */
void mask_undo(char *value, size_t len, struct span text, size_t start, size_t end);

/* ---- the schema ---- */

extern const struct config_key schema_keys[];       /* config_schema() */
extern const struct config_key schema_proxy_keys[]; /* of an entry of `proxy` */
extern const struct config_key schema_rule_keys[];  /* of an entry of `rules` */

/* The key `group.name` (group empty: `name`); index in the table, or -1. */
int schema_find(const struct config_key *table, struct span group, struct span name);
bool schema_is_group(struct span name); /* "tls", "log" ... */

/* A key that name may have been meant for, or NULL. group NULL: of the whole path. */
const char *schema_suggest(const struct config_key *table, struct span group,
                           struct span name);
/* Advice for a name that looks like a password, or NULL. */
const char *schema_advice(struct span name);

/* The place of word in "a|b|c", or -1; upper-case words stand for anything. */
int choice_find(const char *choices, struct span word);
/* The word at that place. */
struct span choice_at(const char *choices, unsigned index);
/* The word of choices that was probably meant; empty if none. */
struct span choice_suggest(const char *choices, struct span word);

/* How the environment and the command line separate the items of this list. */
const char *list_separators(const struct config_key *key);

/* ---- values: NULL, or what is wrong ---- */

const char *value_bool(struct span text, bool *value);
const char *value_size(struct span text, uint64_t *bytes);
const char *value_count(struct span text, uint64_t *count);
/* What a CONFIG_COUNT may be; without bounds 0 and UINT64_MAX. */
void count_bounds(const struct config_key *key, uint64_t *least, uint64_t *most);
const char *value_text(struct span text); /* no control characters */

enum { VALUE_TEXT = 32 };
void value_format_duration(uint64_t ms, char out[VALUE_TEXT]);
void value_format_size(uint64_t bytes, char out[VALUE_TEXT]);

/* ---- origins, kept by the config for config_dump() and the next reload ---- */

enum password_origin {
    PASSWORD_NONE,
    PASSWORD_CREDENTIAL,
    PASSWORD_FILE,
    PASSWORD_COMMAND,
    PASSWORD_KEYRING,
    PASSWORD_ENVIRONMENT,
    PASSWORD_PROMPT,
};

struct config_origins {
    char *key[KEY_MAX]; /* by index in the schema; NULL: default */
    enum password_origin password;
};

/* ---- from values to a struct config ---- */

/* Where the parts of a login stand, for messages. NULL: nowhere. */
struct login_place {
    const struct node *username;
    const struct node *password_file;
    const struct node *password_command;
    const struct node *password_keyring;
    const struct node *password_type;
    const struct node *keytab;
};

/* What is known about an entry of `proxy` while it is built. */
struct proxy_place {
    const struct node *at;
    struct login_place login;
    bool own_auth;
};

struct build {
    struct report *report;
    const char *home; /* for ~/; or NULL */
    bool isolated;    /* no file and no user database is asked */
    bool allow_given; /* `allow` names at least one network, right or wrong */
    struct config *config;
    struct login_place login;         /* the global ones */
    const struct node **listen_place; /* config->listen_count of them */
    const struct node **tunnel_place; /* config->tunnel_count of them */
    struct proxy_place *proxy_place;  /* config->proxy_count of them */
    struct proxy_place *rule_place;   /* config->rule_proxy_count of them */
    const struct node *outside_place;
};

/* A build with an empty config. False when memory is out. */
bool build_init(struct build *b, struct report *report);
void build_clear(struct build *b);

/* Takes one value into the config; everything wrong with it is reported. */
void build_key(struct build *b, const struct config_key *key, const struct node *value);

/* Reads the value of `pac`. */
void build_pac(struct build *b, const struct node *at, char **field);
void build_wpad_domain(struct build *b, const struct node *at, char **field);

/* A value that is no list and no proxy, into the struct at base. */
void build_plain(struct build *b, const struct config_key *key,
                 const struct node *value, void *base);
/* An absolute path, to be freed; NULL after a report. */
char *build_path(struct build *b, const struct node *at, struct span text);
/* One element more for an array of count; NULL after a report. */
void *build_grow(struct build *b, void *array, size_t count, size_t size);
/* span_dup() with a report. */
char *build_dup(struct build *b, struct span text);

/*
 * Sorts the values of a map by the keys of a table; what is unknown or stands there
 * twice is reported. what: "an entry of proxy".
 */
void build_fields(struct build *b, const struct config_key *table, const char *what,
                  const struct node *map, const struct node **field);

/* Adds the patterns of a text: an item, or a part of it. */
void build_patterns(struct build *b, const struct node *at, struct span text,
                    struct config_patterns *into);

/*
 * One more proxy of a rule, by a map or by a text that stands there.
 */
void build_rule_proxy(struct build *b, const struct node *at, struct span text);

/* Items of lists (lists.c, listen.c, proxy.c, rules.c, tls.c). */
typedef void build_item(struct build *b, const struct node *item);
build_item build_listen, build_tunnel, build_proxy, build_rule;
build_item build_tls_ca, build_tls_weak_ca, build_tls_pin, build_tls_legacy;
void build_list(struct build *b, const struct config_key *key,
                const struct node *value);
void build_header(struct build *b, const struct node *item, char ***header);

/* Lists of texts, NULL-terminated or NULL. The string (NULL: none) becomes the list's.
 */
void string_add(struct build *b, char ***strings, char *string);
void strings_free(char **strings); /* NULL-safe */

/* What concerns several keys: addresses that nobody is allowed to, tunnels to
 * ourselves.
 */
void build_check_listen(struct build *b);

/* `outside` together with the names that it hangs on, and with `resolver`. */
void build_check_outside(struct build *b);

/* Splits user names, reads password files, hands global values to the proxies. */
void login_finish(struct build *b, const struct config_sources *from);
void login_clear(struct config_login *login);
void proxy_clear(struct config_proxy *proxy);
void rule_clear(struct config_rule *rule);

/* ---- a document: one file, all variables, or the whole command line ---- */

struct document {
    struct document *next;
    enum layer layer;
    struct node *root;
    const struct node *value[KEY_MAX]; /* by index in the schema */
};

/* Finds the keys of a tree and checks every value by building it on trial. */
void document_check(struct document *document, struct build *trial);

/* ---- all layers ---- */

struct loader {
    const struct config_sources *from;
    struct report report;
    char *home;
    char *folder; /* the current one */
    bool isolated;
    struct source *sources;
    struct document *first;
    struct document *last;
};

/* A source that the loader owns; name is copied. NULL after a report. */
struct source *loader_source(struct loader *l, enum layer layer, const char *name);
/* A document that the loader owns, after all others. NULL after a report. */
struct document *loader_document(struct loader *l, enum layer layer);
void loader_check(struct loader *l, struct document *document);

/* Reads the text of the source, which is complete but for the tree. */
void loader_yaml(struct loader *l, struct source *source);

/* The file layers below and above (files.c). */
void loader_files(struct loader *l);
void loader_managed(struct loader *l);
/* The environment and the command line (settings.c). */
void loader_environment(struct loader *l);
void loader_settings(struct loader *l);

/* The value of a variable in the sources' environment, or NULL; empty counts as unset.
 */
const char *environment_get(const struct config_sources *from, const char *name);

/* The folders that have no default in the table. */
void paths_finish(struct loader *l, struct build *b);

#endif
