/*
 * build: values into a struct config, and the struct's life.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define PRIMER_LIMIT 2048 /* bytes of its URL */

/* ---- the life of a config ---- */

struct config *config_ref(struct config *config)
{
    if (config != NULL)
        config->refs++;
    return config;
}

void strings_free(char **strings)
{
    for (size_t i = 0; strings != NULL && strings[i] != NULL; i++)
        free(strings[i]);
    free(strings);
}

void login_clear(struct config_login *login)
{
    free(login->login_name);
    free(login->username);
    free(login->domain);
    free(login->workstation);
    free(login->password_file);
    free(login->password_command);
    secret_free(login->password);
    free(login->keytab);
    free(login->principal);
    *login = (struct config_login){0};
}

void proxy_clear(struct config_proxy *proxy)
{
    free(proxy->host);
    login_clear(&proxy->login);
    strings_free(proxy->header);
    *proxy = (struct config_proxy){0};
}

static void origins_free(struct config_origins *origins)
{
    if (origins == NULL)
        return;
    for (size_t i = 0; i < KEY_MAX; i++)
        free(origins->key[i]);
    free(origins);
}

static void patterns_free(struct config_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        pattern_clear(&patterns->pattern[i]);
        free(patterns->text[i]);
    }
    free(patterns->pattern);
    free(patterns->text);
}

void rule_clear(struct config_rule *rule)
{
    patterns_free(&rule->host);
    *rule = (struct config_rule){.count = 0};
}

static void listens_free(struct config_listen *listen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(listen[i].text);
        free(listen[i].target);
    }
    free(listen);
}

static void lists_free(struct config *c)
{
    listens_free(c->listen, c->listen_count);
    listens_free(c->tunnel, c->tunnel_count);
    for (size_t i = 0; i < c->proxy_count; i++)
        proxy_clear(&c->proxy[i]);
    free(c->proxy);
    for (size_t i = 0; i < c->rule_count; i++)
        rule_clear(&c->rule[i]);
    free(c->rule);
    for (size_t i = 0; i < c->rule_proxy_count; i++)
        proxy_clear(&c->rule_proxy[i]);
    free(c->rule_proxy);
    patterns_free(&c->noproxy);
    patterns_free(&c->auth_hosts);
    free(c->allow);
    free(c->allow_uid);
    strings_free(c->header);
    strings_free(c->tls_ca);
    free(c->tls_ca_dir);
    strings_free(c->tls_weak_ca);
    strings_free(c->tls_pins);
    strings_free(c->tls_legacy);
    free(c->tls_cert);
    free(c->tls_key);
    free(c->tls_key_password_file);
}

void config_unref(struct config *c)
{
    if (c == NULL || --c->refs > 0)
        return;
    lists_free(c);
    login_clear(&c->login);
    free((void *)(uintptr_t)c->log.to); /* ours; the log sees it as constant */
    free(c->pac);
    free(c->wpad_domain);
    free(c->warm.primer);
    free(c->pidfile);
    free(c->state_dir);
    free(c->runtime_dir);
    origins_free(c->origins);
    free(c);
}

/* ---- the life of a build ---- */

bool build_init(struct build *b, struct report *report)
{
    *b = (struct build){.report = report};
    b->config = calloc(1, sizeof(*b->config));
    if (b->config == NULL) {
        report_no_memory(report);
        return false;
    }
    b->config->refs = 1;
    return true;
}

void build_clear(struct build *b)
{
    config_unref(b->config);
    free(b->listen_place);
    free(b->tunnel_place);
    free(b->proxy_place);
    free(b->rule_place);
    *b = (struct build){0};
}

void *build_grow(struct build *b, void *array, size_t count, size_t size)
{
    void *larger = realloc(array, (count + 1) * size);

    if (larger == NULL)
        report_no_memory(b->report);
    return larger;
}

char *build_dup(struct build *b, struct span text)
{
    char *copy = span_dup(text);

    if (copy == NULL)
        report_no_memory(b->report);
    return copy;
}

static char *join(struct build *b, const char *folder, struct span text)
{
    struct buf path;
    char *result = NULL;

    buf_init(&path, SIZE_MAX);
    if (buf_append_text(&path, folder) != 0 || buf_append_text(&path, "/") != 0 ||
        buf_append_span(&path, text) != 0)
        report_no_memory(b->report);
    else
        result = build_dup(b, buf_span(&path));
    buf_clear(&path);
    return result;
}

char *build_path(struct build *b, const struct node *at, struct span text)
{
    const char *folder = at->source->folder;

    if (text.at[0] == '/')
        return build_dup(b, text);
    if (span_starts(text, SPAN("~/")) && b->home != NULL)
        return join(b, b->home, span_skip(text, 2));
    if (text.at[0] == '~' || folder == NULL) {
        report_error(b->report, at, "this path must be absolute");
        return NULL;
    }
    while (span_starts(text, SPAN("./")))
        text = span_skip(text, 2);
    return join(b, folder, text);
}

/* ---- values of one scalar ---- */

static void set_text(struct build *b, const struct node *at, char **field)
{
    struct span text = node_span(at);

    if (text.len > 0)
        *field = build_dup(b, text);
}

/* What is asked for through a proxy in clear, by nobody: a plain URL and nothing else.
 */
static const char *primer_wrong(struct span text)
{
    struct url url;
    const char *why = text.len > 0 ? url_parse(&url, text) : NULL;

    if (why != NULL || text.len == 0)
        return why;
    if (!span_equal_nocase(url.scheme, SPAN("http")))
        return "is not http://: a primer is a plain request";
    if (url.has_userinfo)
        return "holds a user name";
    if (url.port == 0)
        return "has port 0, which is out of range";
    return text.len > PRIMER_LIMIT ? "is too long" : NULL;
}

/* The value is not quoted: a password may stand in it. */
static bool primer_is_good(struct build *b, const struct node *at)
{
    const char *why = primer_wrong(node_span(at));

    if (why != NULL)
        report_error(b->report, at, "the URL of a primer %s", why);
    return why == NULL;
}

static void wrong_choice(struct build *b, const struct config_key *key,
                         const struct node *at)
{
    struct span meant = choice_suggest(key->choices, node_span(at));
    char text[QUOTE_SIZE];

    report_error(b->report, at, "\"%s\" is none of %s", quote(node_span(at), text),
                 key->choices);
    if (meant.len > 0)
        report_help(b->report, "did you mean \"%.*s\"?", SPAN_ARG(meant));
}

/* All enums of the configuration are as wide as an int, and begin with 0. */
static void set_choice(struct build *b, const struct config_key *key,
                       const struct node *at, void *field)
{
    int index = choice_find(key->choices, node_span(at));

    if (index < 0)
        wrong_choice(b, key, at);
    else
        memcpy(field, &index, sizeof(index));
}

/* ---- several choices in order ---- */

/* The scheme that an item names, or -1 after a report. */
static int choice_of(struct build *b, const struct config_key *key,
                     const struct node *item)
{
    int index = -1;

    if (item->kind == NODE_VOID)
        return -1;
    if (item->kind != NODE_SCALAR)
        report_error(b->report, item, "an item of \"%s\" cannot be a %s", key->path,
                     item->kind == NODE_LIST ? "list" : "map");
    else
        index = choice_find(key->choices, node_span(item));
    if (index < 0 && item->kind == NODE_SCALAR)
        wrong_choice(b, key, item);
    return index;
}

/* The first and the last choice stand for all and none, and go with no other. */
static void add_choice(struct build *b, const struct config_key *key,
                       const struct node *item, const struct node *list,
                       config_auths *set)
{
    bool alone = list->first == item && item->next == NULL;
    int index = choice_of(b, key, item);
    unsigned place = 0;
    char text[QUOTE_SIZE];

    if (index < 0)
        return;
    if (!alone && (index == CONFIG_AUTH_AUTO || index == CONFIG_AUTH_NONE)) {
        report_error(b->report, item, "\"%s\" stands alone or not at all",
                     quote(node_span(item), text));
        return;
    }
    while ((*set >> 4 * place & 15) != 0 && (*set >> 4 * place & 15) != (unsigned)index)
        place++;
    if ((*set >> 4 * place & 15) != 0)
        report_error(b->report, item, "\"%s\" stands here twice",
                     quote(node_span(item), text));
    *set |= (config_auths)index << 4 * place;
}

static void set_choices(struct build *b, const struct config_key *key,
                        const struct node *value, void *field)
{
    config_auths set = 0;

    if (value->first == NULL)
        report_error(b->report, value, "\"%s\" has no value", key->path);
    for (const struct node *item = value->first; item != NULL; item = item->next)
        add_choice(b, key, item, value, &set);
    memcpy(field, &set, sizeof(set));
}

/* RFC 7512, 2.4: pin-value is for nobody who keeps what he is given. */
static void set_uri(struct build *b, const struct node *at, struct span uri,
                    char **field)
{
    for (struct span rest = uri; rest.len > 0; rest = span_skip(rest, 1))
        if (span_starts_nocase(rest, SPAN("pin-value"))) {
            report_error(
                b->report, at,
                "a PIN is not written here: put it into a file of mode 0600, and "
                "name that in tls.key_password_file");
            return;
        }
    *field = build_dup(b, uri);
}

static void set_path(struct build *b, const struct config_key *key,
                     const struct node *at, char **field)
{
    struct span text = node_span(at);

    if (text.len == 0)
        return;
    if (key->argument != NULL && strcmp(key->argument, "FILE|URI") == 0 &&
        span_starts(text, SPAN("pkcs11:")))
        set_uri(b, at, text, field);
    else if (key->choices == NULL)
        *field = build_path(b, at, text);
    else if (choice_find(key->choices, text) >= 0)
        *field = build_dup(b, text);
    else if (span_find(text, '/') < text.len)
        *field = build_path(b, at, text);
    else
        wrong_choice(b, key, at); /* a file name there needs a '/' */
}

static const char *set_number(const struct config_key *key, struct span text,
                              uint64_t *field)
{
    const char *why;

    if (key->type == CONFIG_SIZE)
        return value_size(text, field);
    why = value_duration(text, field);
    if (why == NULL && *field == 0 && key->choices == NULL)
        why = "is too short: this limit cannot be turned off";
    return why;
}

static void set_count(struct build *b, const struct config_key *key,
                      const struct node *at, uint64_t *field)
{
    const char *why = value_count(node_span(at), field);
    char text[QUOTE_SIZE];
    uint64_t least, most;

    count_bounds(key, &least, &most);
    if (why != NULL)
        report_error(b->report, at, "\"%s\" %s", quote(node_span(at), text), why);
    else if (*field < least || *field > most)
        report_error(b->report, at,
                     "\"%s\" is too %s: \"%s\" may be %" PRIu64 " to %" PRIu64,
                     quote(node_span(at), text), *field < least ? "small" : "large",
                     key->path, least, most);
}

static void set_scalar(struct build *b, const struct config_key *key,
                       const struct node *at, char *field)
{
    char text[QUOTE_SIZE];
    const char *why = NULL;

    switch (key->type) {
    case CONFIG_TEXT:
        if (strcmp(key->path, "pac") == 0)
            build_pac(b, at, (char **)(void *)field);
        else if (strcmp(key->path, "wpad_domain") == 0)
            build_wpad_domain(b, at, (char **)(void *)field);
        else if (strcmp(key->path, "warm.primer") != 0 || primer_is_good(b, at))
            set_text(b, at, (char **)(void *)field);
        break;
    case CONFIG_PATH:
        set_path(b, key, at, (char **)(void *)field);
        break;
    case CONFIG_CHOICE:
    case CONFIG_CHOICES:
        set_choice(b, key, at, field);
        break;
    case CONFIG_BOOL:
        why = value_bool(node_span(at), (bool *)field);
        break;
    case CONFIG_COUNT:
        set_count(b, key, at, (uint64_t *)(void *)field);
        break;
    default:
        why = set_number(key, node_span(at), (uint64_t *)(void *)field);
        break;
    }
    if (why != NULL)
        report_error(b->report, at, "\"%s\" %s", quote(node_span(at), text), why);
}

void build_plain(struct build *b, const struct config_key *key,
                 const struct node *value, void *base)
{
    const char *why;

    if (value->kind == NODE_VOID)
        return;
    if (value->kind == NODE_LIST && key->type == CONFIG_CHOICES) {
        set_choices(b, key, value, (char *)base + key->offset);
        return;
    }
    if (value->kind != NODE_SCALAR) {
        report_error(b->report, value, "\"%s\" takes one value, not a %s", key->path,
                     value->kind == NODE_LIST ? "list" : "map");
        return;
    }
    if (node_is_null(value)) {
        report_error(b->report, value, "\"%s\" has no value", key->path);
        return;
    }
    why = value_text(node_span(value));
    if (why != NULL)
        report_error(b->report, value, "the value of \"%s\" %s", key->path, why);
    else
        set_scalar(b, key, value, (char *)base + key->offset);
}

/* Messages about a login come once all of it is known. */
static void keep_place(struct build *b, const struct config_key *key,
                       const struct node *value)
{
    if (key->offset == offsetof(struct config, login.login_name))
        b->login.username = value;
    if (key->offset == offsetof(struct config, login.password_file))
        b->login.password_file = value;
    if (key->offset == offsetof(struct config, login.password_command))
        b->login.password_command = value;
    if (key->offset == offsetof(struct config, login.password_keyring))
        b->login.password_keyring = value;
    if (key->offset == offsetof(struct config, login.keytab))
        b->login.keytab = value;
    if (key->offset == offsetof(struct config, login.password_type))
        b->login.password_type = value;
    if (key->offset == offsetof(struct config, outside))
        b->outside_place = value;
}

void build_key(struct build *b, const struct config_key *key, const struct node *value)
{
    if (b->report->no_memory)
        return;
    keep_place(b, key, value);
    if (key->type == CONFIG_LIST || key->type == CONFIG_PROXIES ||
        key->type == CONFIG_RULES)
        build_list(b, key, value);
    else
        build_plain(b, key, value, b->config);
}
