/*
 * lists: the keys that hold several values. A single value is a list of one.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

void string_add(struct build *b, char ***strings, char *string)
{
    size_t n = 0;
    char **larger;

    if (string == NULL)
        return;
    while (*strings != NULL && (*strings)[n] != NULL)
        n++;
    larger = build_grow(b, *strings, n + 1, sizeof(char *));
    if (larger == NULL) {
        free(string);
        return;
    }
    larger[n] = string;
    larger[n + 1] = NULL;
    *strings = larger;
}

/* ---- noproxy, auth_hosts ---- */

static void add_pattern(struct build *b, const struct node *item, struct span text,
                        struct config_patterns *into)
{
    struct pattern pattern;
    struct pattern *patterns =
        build_grow(b, into->pattern, into->count, sizeof(pattern));
    char **texts;
    char shown[QUOTE_SIZE];
    const char *why;

    if (patterns == NULL)
        return;
    into->pattern = patterns;
    texts = build_grow(b, into->text, into->count, sizeof(char *));
    if (texts == NULL)
        return;
    into->text = texts;
    why = pattern_parse(&pattern, text);
    if (why != NULL) {
        report_error(b->report, item, "\"%s\" %s", quote(text, shown), why);
        return;
    }
    texts[into->count] = build_dup(b, text);
    if (texts[into->count] == NULL) {
        pattern_clear(&pattern);
        return;
    }
    patterns[into->count++] = pattern;
}

void build_patterns(struct build *b, const struct node *at, struct span text,
                    struct config_patterns *into)
{
    struct span word;

    /* As in NO_PROXY, whose users write commas, blanks, or both. */
    while (span_next(&text, ", \t\r\n", &word) && !report_full(b->report))
        if (word.len > 0)
            add_pattern(b, at, word, into);
}

static void build_noproxy(struct build *b, const struct node *item)
{
    build_patterns(b, item, node_span(item), &b->config->noproxy);
}

static void build_auth_hosts(struct build *b, const struct node *item)
{
    build_patterns(b, item, node_span(item), &b->config->auth_hosts);
}

/* ---- allow, allow_users ---- */

static void build_allow(struct build *b, const struct node *item)
{
    struct config *c = b->config;
    struct netblock *larger = build_grow(b, c->allow, c->allow_count, sizeof(*larger));
    char shown[QUOTE_SIZE];

    b->allow_given = true;
    if (larger == NULL)
        return;
    c->allow = larger;
    if (netblock_parse(&larger[c->allow_count], node_span(item)))
        c->allow_count++;
    else
        report_error(b->report, item,
                     "\"%s\" is no network, as in 10.0.0.0/8 or fd00::/8",
                     quote(node_span(item), shown));
}

/* 0, ENOENT for an unknown name, or another errno. */
static int uid_of_name(const char *name, uint32_t *uid)
{
    size_t size = 1024;
    struct passwd entry;
    struct passwd *found = NULL;
    int error;

    do {
        char *memory = malloc(size);

        if (memory == NULL)
            return ENOMEM;
        error = getpwnam_r(name, &entry, memory, size, &found);
        if (found != NULL)
            *uid = found->pw_uid;
        free(memory);
        size *= 4;
    } while (error == ERANGE && size <= 1024 * 1024);
    return error == 0 && found == NULL ? ENOENT : error;
}

/* The number or name of a user; false after a report. */
static bool uid_of(struct build *b, const struct node *item, uint32_t *uid)
{
    char shown[QUOTE_SIZE];
    uint64_t number;
    int error = 0;

    if (span_to_u64(node_span(item), &number)) {
        *uid = (uint32_t)number;
        if (number < UINT32_MAX)
            return true;
        report_error(b->report, item, "no user has such a number");
        return false;
    }
    if (b->isolated)
        return false;
    error = uid_of_name(item->text, uid);
    if (error == 0)
        return true;
    if (error == ENOMEM)
        report_no_memory(b->report);
    else if (error == ENOENT)
        report_error(b->report, item, "there is no user \"%s\"",
                     quote(node_span(item), shown));
    else
        report_error(b->report, item, "the user database failed: %s", strerror(error));
    return false;
}

static void build_allow_user(struct build *b, const struct node *item)
{
    struct config *c = b->config;
    uint32_t uid = 0;
    uint32_t *larger;

    if (span_equal(node_span(item), SPAN("*"))) {
        c->allow_any_user = true;
        return;
    }
    if (!uid_of(b, item, &uid))
        return;
    larger = build_grow(b, c->allow_uid, c->allow_uid_count, sizeof(uid));
    if (larger == NULL)
        return;
    larger[c->allow_uid_count++] = uid;
    c->allow_uid = larger;
}

/* ---- header ---- */

/* RFC 9110 section 5.6.2 */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return s.len > 0;
}

/* Why this field is not the user's to send, or NULL. */
static const char *header_reserved(struct span name)
{
    static const char *const ours[] = {
        "Host",    "Content-Length",   "Transfer-Encoding", "Connection", "Via",
        "Upgrade", "Proxy-Connection", "Keep-Alive",        "TE",         "Trailer",
        "Expect",
    };

    if (span_equal_nocase(name, SPAN("Proxy-Authorization")))
        return "is made from username and password_file";
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (span_equal_nocase(name, span_of(ours[i])))
            return "is set by ccgate itself";
    return NULL;
}

static void add_header(struct build *b, struct span name, struct span value,
                       char ***header)
{
    struct buf line;

    buf_init(&line, SIZE_MAX);
    if (buf_append_span(&line, name) != 0 || buf_append_text(&line, ": ") != 0 ||
        buf_append_span(&line, value) != 0)
        report_no_memory(b->report);
    else
        string_add(b, header, build_dup(b, buf_span(&line)));
    buf_clear(&line);
}

void build_header(struct build *b, const struct node *item, char ***header)
{
    struct span line = node_span(item);
    size_t colon = span_find(line, ':');
    struct span name = {line.at, colon};
    char shown[QUOTE_SIZE];
    const char *why;

    if (colon == line.len) {
        report_error(b->report, item, "a header field is written as \"Name: value\"");
        return;
    }
    if (!is_token(name)) {
        report_error(b->report, item, "\"%s\" cannot be the name of a header field",
                     quote(name, shown));
        return;
    }
    why = header_reserved(name);
    if (why != NULL)
        report_error(b->report, item, "the header field %.*s %s", SPAN_ARG(name), why);
    else
        add_header(b, name, span_trim(span_skip(line, colon + 1)), header);
}

static void build_global_header(struct build *b, const struct node *item)
{
    build_header(b, item, &b->config->header);
}

/* ---- any list ---- */

static const struct {
    size_t offset;
    build_item *add;
    bool maps;     /* items may be maps */
    bool any_text; /* items may hold line breaks */
} lists[] = {
    {offsetof(struct config, listen), build_listen, false, false},
    {offsetof(struct config, tunnel), build_tunnel, false, false},
    {offsetof(struct config, proxy), build_proxy, true, false},
    {offsetof(struct config, rule), build_rule, true, false},
    {offsetof(struct config, noproxy), build_noproxy, false, true},
    {offsetof(struct config, auth_hosts), build_auth_hosts, false, true},
    {offsetof(struct config, header), build_global_header, false, false},
    {offsetof(struct config, tls_ca), build_tls_ca, false, false},
    {offsetof(struct config, tls_weak_ca), build_tls_weak_ca, false, false},
    {offsetof(struct config, tls_pins), build_tls_pin, false, false},
    {offsetof(struct config, tls_legacy), build_tls_legacy, false, false},
    {offsetof(struct config, allow), build_allow, false, false},
    {offsetof(struct config, allow_uid), build_allow_user, false, false},
};

static void add_item(struct build *b, const struct config_key *key, size_t list,
                     const struct node *item)
{
    const char *why;

    if (item->kind == NODE_VOID || report_full(b->report))
        return;
    if (item->kind == NODE_MAP && lists[list].maps) {
        lists[list].add(b, item);
        return;
    }
    if (item->kind != NODE_SCALAR) {
        report_error(b->report, item, "an item of \"%s\" cannot be a %s", key->path,
                     item->kind == NODE_LIST ? "list" : "map");
        return;
    }
    if (item->len == 0 || node_is_null(item)) {
        report_error(b->report, item, "an item of \"%s\" is empty", key->path);
        return;
    }
    why = lists[list].any_text ? NULL : value_text(node_span(item));
    if (why != NULL)
        report_error(b->report, item, "an item of \"%s\" %s", key->path, why);
    else
        lists[list].add(b, item);
}

void build_list(struct build *b, const struct config_key *key, const struct node *value)
{
    size_t list = 0;

    while (lists[list].offset != key->offset)
        list++;
    if (node_is_null(value))
        report_error(b->report, value, "\"%s\" has no value; an empty list is []",
                     key->path);
    else if (value->kind != NODE_LIST)
        add_item(b, key, list, value);
    else
        for (const struct node *item = value->first; item != NULL; item = item->next)
            add_item(b, key, list, item);
}
