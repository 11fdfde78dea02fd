/*
 * proxy: the entries of `proxy`, a URL each or a map with a login of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* What one entry consists of, before anything is looked at. */
struct entry {
    const struct node *at;
    struct span text; /* the URL of an entry that is no map */
    bool of_rule;
    const struct node *field[14]; /* by index in schema_proxy_keys */
};

enum {
    ENTRY_URL,
    ENTRY_AUTH,
    ENTRY_USERNAME,
    ENTRY_DOMAIN,
    ENTRY_WORKSTATION,
    ENTRY_PASSWORD_FILE,
    ENTRY_PASSWORD_COMMAND,
    ENTRY_PASSWORD_KEYRING,
    ENTRY_PASSWORD_TYPE,
    ENTRY_KEYTAB,
    ENTRY_PRINCIPAL,
    ENTRY_HEADER
};

static bool fail(struct build *b, const struct node *at, const char *why)
{
    report_error(b->report, at, "%s", why);
    return false;
}

/* ---- userinfo ---- */

/* Whether a password may stand in this place. */
static bool password_allowed(struct build *b, const struct node *at)
{
    const struct source *source = at->source;

    if (source->layer == LAYER_COMMAND_LINE)
        return fail(
            b, at,
            "a password is never given on the command line, where everybody can "
            "see it: use password_file");
    if (source->layer == LAYER_MANAGED)
        return fail(b, at,
                    "a password cannot stand in a managed file: use password_file");
    if (source->layer == LAYER_FILE && source->exposed) {
        report_error(
            b->report, at,
            "this line holds a password, and others can read the file: run chmod "
            "0600 %s, or use password_file",
            source->name);
        return false;
    }
    return true;
}

/* Decodes into out, which has room; false after a report. */
static bool decode(struct build *b, const struct node *at, struct span text, char *out,
                   size_t *len)
{
    long n = url_percent_decode(text, out);

    if (n < 0)
        return fail(b, at,
                    "the user name or password in the URL has a broken % escape");
    *len = (size_t)n;
    for (size_t i = 0; i < *len; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
            return fail(b, at, "the user name or password holds a control character");
    return true;
}

static bool take_password(struct build *b, const struct node *at, struct span text,
                          char *scratch, struct config_login *login)
{
    size_t len;

    if (!password_allowed(b, at) || !decode(b, at, text, scratch, &len))
        return false;
    if (len > SECRET_LIMIT)
        return fail(b, at, "the password is too long");
    login->password = secret_new((struct span){scratch, len});
    if (login->password == NULL)
        report_no_memory(b->report);
    return login->password != NULL;
}

static bool take_userinfo(struct build *b, const struct node *at, struct span userinfo,
                          struct config_login *login)
{
    size_t colon = span_find(userinfo, ':');
    char *scratch = malloc(userinfo.len + 1);
    bool ok = false;
    size_t len;

    if (scratch == NULL) {
        report_no_memory(b->report);
        return false;
    }
    if (colon == 0 || userinfo.len == 0) {
        fail(b, at, "the URL has an empty user name");
        goto out;
    }
    if (!decode(b, at, (struct span){userinfo.at, colon}, scratch, &len))
        goto out;
    login->login_name = build_dup(b, (struct span){scratch, len});
    ok = login->login_name != NULL;
    if (ok && colon + 1 < userinfo.len)
        ok = take_password(b, at, span_skip(userinfo, colon + 1), scratch, login);
out:
    secret_wipe(scratch, userinfo.len + 1);
    free(scratch);
    return ok;
}

/* ---- the URL ---- */

static bool take_scheme(struct build *b, const struct node *at, struct span scheme,
                        enum hop_kind *kind)
{
    char shown[QUOTE_SIZE];

    if (hop_kind_of_scheme(scheme, kind))
        return true;
    report_error(b->report, at,
                 "%s:// is not supported: a proxy is http://, https://, socks5:// or "
                 "socks4://",
                 quote(scheme, shown));
    return false;
}

static bool take_host(struct build *b, const struct node *at, const struct url *url,
                      struct config_proxy *proxy)
{
    char shown[QUOTE_SIZE];

    if (url->path_query.len > 0 && !span_equal(url->path_query, SPAN("/")))
        return fail(b, at, "the URL of a proxy ends behind the port");
    if (url->has_port && url->port == 0)
        return fail(b, at, "port 0 is out of range");
    proxy->port = url->port;
    proxy->host = build_dup(b, url->host);
    if (proxy->host == NULL)
        return false;
    for (char *c = proxy->host; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (!url->has_port)
        report_warning(b->report, at, "the proxy %s has no port: %u is used",
                       quote(url->host, shown), (unsigned)proxy->port);
    return true;
}

/* The text with http:// if it has no scheme; to be wiped and freed. */
static char *with_scheme(struct build *b, struct span text)
{
    static const char scheme[] = "http://";
    size_t len = text.len + sizeof(scheme);
    char *url;

    for (size_t i = 0; i + 3 <= text.len; i++)
        if (memcmp(text.at + i, "://", 3) == 0)
            return build_dup(b, text);
    url = malloc(len);
    if (url == NULL) {
        report_no_memory(b->report);
        return NULL;
    }
    memcpy(url, scheme, sizeof(scheme) - 1);
    memcpy(url + sizeof(scheme) - 1, text.at, text.len);
    url[len - 1] = '\0';
    return url;
}

static bool take_url(struct build *b, const struct node *at, struct span text,
                     struct config_proxy *proxy)
{
    char *copy = with_scheme(b, text);
    struct url url;
    const char *why;
    bool ok;

    if (copy == NULL)
        return false;
    why = url_parse(&url, span_of(copy));
    if (why != NULL)
        report_error(b->report, at, "the URL of a proxy %s", why);
    ok = why == NULL && take_scheme(b, at, url.scheme, &proxy->kind) &&
         take_host(b, at, &url, proxy) &&
         (!url.has_userinfo || take_userinfo(b, at, url.userinfo, &proxy->login));
    secret_wipe(copy, strlen(copy));
    free(copy);
    return ok;
}

/* ---- the entry ---- */

/* What is no URL, but a word for a way. */
static bool is_word(struct build *b, const struct node *at, struct span text,
                    bool of_rule)
{
    if (of_rule && (span_equal_nocase(text, SPAN("direct")) ||
                    span_equal_nocase(text, SPAN("refuse")))) {
        report_error(b->report, at,
                     "\"%.*s\" stands alone: ccgate never goes another way because a "
                     "proxy failed",
                     SPAN_ARG(text));
        return true;
    }
    if (!span_equal_nocase(text, SPAN("direct")))
        return false;
    fail(b, at,
         "going direct is no proxy: name hosts in noproxy; without via_corp_proxy, all "
         "go direct when no proxy is known");
    return true;
}

static void entry_header(struct build *b, const struct node *value,
                         struct config_proxy *proxy)
{
    const struct node *item = value->kind == NODE_LIST ? value->first : value;

    for (; item != NULL && !report_full(b->report); item = item->next) {
        const char *why;

        if (item->kind != NODE_SCALAR) {
            fail(b, item, "a header field is written as \"Name: value\"");
        } else {
            why = value_text(node_span(item));
            if (why != NULL)
                report_error(b->report, item, "a header field %s", why);
            else
                build_header(b, item, &proxy->header);
        }
        if (value->kind != NODE_LIST)
            break; /* next would be the next key */
    }
}

static void entry_text(struct build *b, const struct entry *entry,
                       const struct node *at, struct span text,
                       struct config_proxy *proxy)
{
    const char *why = value_text(text);

    if (why != NULL)
        report_error(b->report, at, "a URL %s", why);
    else if (!is_word(b, at, text, entry->of_rule))
        take_url(b, at, text, proxy);
}

static void entry_url(struct build *b, const struct entry *entry, const struct node *at,
                      struct config_proxy *proxy)
{
    if (at->kind == NODE_VOID)
        return;
    if (at->kind != NODE_SCALAR || at->len == 0 || node_is_null(at))
        fail(b, at, "a URL is needed here, as in http://proxy.example:8080");
    else
        entry_text(b, entry, at, node_span(at), proxy);
}

static void entry_fields(struct build *b, const struct entry *entry,
                         struct config_proxy *proxy)
{
    const struct node *username = entry->field[ENTRY_USERNAME];

    if (entry->field[ENTRY_URL] != NULL)
        entry_url(b, entry, entry->field[ENTRY_URL], proxy);
    else if (entry->text.len > 0)
        entry_text(b, entry, entry->at, entry->text, proxy);
    if (username != NULL && proxy->login.login_name != NULL) {
        fail(b, username, "the URL already names a user");
        return;
    }
    for (int i = ENTRY_PASSWORD_FILE; i < ENTRY_PASSWORD_TYPE; i++)
        if (entry->field[i] != NULL && proxy->login.password != NULL) {
            fail(b, entry->field[i], "the URL already holds a password");
            return;
        }
    for (int i = ENTRY_AUTH; i < ENTRY_HEADER; i++)
        if (entry->field[i] != NULL)
            build_plain(b, &schema_proxy_keys[i], entry->field[i], proxy);
    if (entry->field[ENTRY_HEADER] != NULL)
        entry_header(b, entry->field[ENTRY_HEADER], proxy);
}

/* Whether its login is one that SOCKS can carry (RFC 1929), and it has nothing else. */
static void check_socks(struct build *b, const struct entry *entry,
                        const struct config_proxy *proxy)
{
    static const int useless[] = {ENTRY_DOMAIN, ENTRY_WORKSTATION, ENTRY_PASSWORD_TYPE,
                                  ENTRY_KEYTAB, ENTRY_PRINCIPAL,   ENTRY_HEADER};
    const struct config_login *login = &proxy->login;
    bool password = login->password != NULL || login->password_file != NULL ||
                    login->password_command != NULL || login->password_keyring;

    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++)
        if (entry->field[useless[i]] != NULL)
            report_error(b->report, entry->field[useless[i]],
                         "a SOCKS proxy has no use for \"%s\"",
                         schema_proxy_keys[useless[i]].path);
    if (proxy->kind == HOP_SOCKS4 && password)
        fail(b, entry->at, "SOCKS4 knows user names, but no passwords: try socks5://");
    else if (password && login->login_name == NULL)
        fail(b, entry->at, "the password of a SOCKS proxy needs a username beside it");
    if (login->login_name != NULL && strlen(login->login_name) > 255)
        fail(b, entry->at, "the user name is too long for SOCKS");
}

/* An array of the config, and what is known about its proxies. */
struct shelf {
    struct config_proxy **proxy;
    size_t *count;
    struct proxy_place **place;
};

static void entry_keep(struct build *b, const struct entry *entry,
                       const struct shelf *shelf, struct config_proxy *proxy)
{
    struct config_proxy *larger =
        build_grow(b, *shelf->proxy, *shelf->count, sizeof(*proxy));
    struct proxy_place *places;

    if (larger == NULL)
        return;
    *shelf->proxy = larger;
    places = build_grow(b, *shelf->place, *shelf->count, sizeof(*places));
    if (places == NULL)
        return;
    *shelf->place = places;
    places[*shelf->count] = (struct proxy_place){
        .at = entry->at,
        .login = {.username = entry->field[ENTRY_USERNAME],
                  .password_file = entry->field[ENTRY_PASSWORD_FILE],
                  .password_command = entry->field[ENTRY_PASSWORD_COMMAND],
                  .password_keyring = entry->field[ENTRY_PASSWORD_KEYRING],
                  .password_type = entry->field[ENTRY_PASSWORD_TYPE],
                  .keytab = entry->field[ENTRY_KEYTAB]},
        .own_auth = entry->field[ENTRY_AUTH] != NULL,
    };
    larger[(*shelf->count)++] = *proxy;
    *proxy = (struct config_proxy){0}; /* now the config's */
}

static bool is_bare(const struct entry *entry, const struct config_proxy *proxy)
{
    for (int i = ENTRY_AUTH; i <= ENTRY_HEADER; i++)
        if (entry->field[i] != NULL)
            return false;
    return proxy->login.login_name == NULL;
}

static void build_entry(struct build *b, struct entry *entry, const struct shelf *shelf)
{
    struct config_proxy proxy = {0};
    unsigned before = b->report->errors;

    if (entry->at->kind == NODE_MAP) {
        build_fields(b, schema_proxy_keys,
                     entry->of_rule ? "a proxy of a rule" : "an entry of proxy",
                     entry->at, entry->field);
        if (entry->field[ENTRY_URL] == NULL)
            report_error(b->report, entry->at, "this %s has no url",
                         entry->of_rule ? "proxy of a rule" : "entry of proxy");
    }
    entry_fields(b, entry, &proxy);
    if (hop_kind_is_socks(proxy.kind))
        check_socks(b, entry, &proxy);
    proxy.bare = is_bare(entry, &proxy);
    if (b->report->errors == before && proxy.host != NULL && !b->report->no_memory)
        entry_keep(b, entry, shelf, &proxy);
    proxy_clear(&proxy);
}

/* "system" in place of a list. False after a report. */
static bool take_system(struct build *b, const struct node *item, bool *is_system)
{
    *is_system = item->kind == NODE_SCALAR &&
                 span_equal_nocase(span_trim(node_span(item)), SPAN("system"));
    if (!b->config->system && (!*is_system || b->config->proxy_count == 0)) {
        b->config->system = *is_system;
        return true;
    }
    fail(b, item,
         "\"system\" stands alone: name either proxies or the system's settings");
    report_help(b->report, "a proxy that is called so is written http://system:8080");
    return false;
}

void build_proxy(struct build *b, const struct node *item)
{
    struct config *c = b->config;
    struct entry entry = {.at = item};
    bool is_system;

    if (!take_system(b, item, &is_system) || is_system)
        return;
    if (item->kind != NODE_MAP)
        entry.text = node_span(item);
    build_entry(b, &entry,
                &(struct shelf){&c->proxy, &c->proxy_count, &b->proxy_place});
}

void build_rule_proxy(struct build *b, const struct node *at, struct span text)
{
    struct config *c = b->config;
    struct entry entry = {.at = at, .text = text, .of_rule = true};

    build_entry(b, &entry,
                &(struct shelf){&c->rule_proxy, &c->rule_proxy_count, &b->rule_place});
}
