/*
 * dump: the effective configuration as a YAML text that can be read again, and the JSON
 * schema of such a text.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/internal.h"

/* The first error of the buffer is kept; what follows is left out. */
struct dump {
    const struct config *config;
    struct buf *out;
    bool origins;
    int error;
};

static void put(struct dump *d, struct span text)
{
    if (d->error == 0)
        d->error = buf_append_span(d->out, text);
}

static void put_text(struct dump *d, const char *text)
{
    put(d, span_of(text));
}

/* ---- scalars ---- */

static bool is_plain(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || c == '/' || c == '_';

        /* ": " and a final ':' would make a key of it. */
        if (!word && (i == 0 || c == '\0' || strchr(".@%+-:\\", c) == NULL ||
                      (c == ':' && i + 1 == s.len)))
            return false;
    }
    return s.len > 0 && !span_equal_nocase(s, SPAN("null"));
}

/* Double-quoted, which JSON reads too. */
static void put_quoted(struct dump *d, struct span s)
{
    put_text(d, "\"");
    for (size_t i = 0; i < s.len; i++) {
        char escape[8];

        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f) {
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)s.at[i]);
            put_text(d, escape);
            continue;
        }
        if (s.at[i] == '"' || s.at[i] == '\\')
            put_text(d, "\\");
        put(d, (struct span){s.at + i, 1});
    }
    put_text(d, "\"");
}

static void put_scalar(struct dump *d, const char *text)
{
    struct span s = span_of(text);

    if (is_plain(s))
        put(d, s);
    else
        put_quoted(d, s);
}

static const void *field(const void *base, const struct config_key *key)
{
    return (const char *)base + key->offset;
}

static const char *text_field(const void *base, const struct config_key *key)
{
    const char *text;

    memcpy(&text, field(base, key), sizeof(text));
    return text;
}

static void put_number(struct dump *d, const struct config_key *key, const void *base)
{
    char text[VALUE_TEXT];
    uint64_t number;

    memcpy(&number, field(base, key), sizeof(number));
    if (key->type == CONFIG_DURATION)
        value_format_duration(number, text);
    else if (key->type == CONFIG_SIZE)
        value_format_size(number, text);
    else
        snprintf(text, sizeof(text), "%" PRIu64, number);
    put_text(d, text);
}

/* One as it is, several as a list. */
static void put_choices(struct dump *d, const struct config_key *key, const void *base)
{
    config_auths set;
    unsigned count;

    memcpy(&set, field(base, key), sizeof(set));
    count = config_auths_count(set);
    for (unsigned i = 0; i < count; i++) {
        put_text(d, count == 1 ? "" : i == 0 ? "[" : ", ");
        put(d, choice_at(key->choices, config_auths_at(set, i)));
    }
    put_text(d, count == 1 ? "" : "]");
}

static void put_plain(struct dump *d, const struct config_key *key, const void *base)
{
    unsigned index;

    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        put_scalar(d, text_field(base, key));
        break;
    case CONFIG_BOOL:
        put_text(d, *(const bool *)field(base, key) ? "true" : "false");
        break;
    case CONFIG_CHOICE:
        memcpy(&index, field(base, key), sizeof(index));
        put(d, choice_at(key->choices, index));
        break;
    case CONFIG_CHOICES:
        put_choices(d, key, base);
        break;
    default:
        put_number(d, key, base);
        break;
    }
}

/* ---- lists ---- */

static void put_item(struct dump *d, const char *text)
{
    put_text(d, "\n  - ");
    put_scalar(d, text);
}

static void put_strings(struct dump *d, char *const *strings)
{
    for (; strings != NULL && *strings != NULL; strings++)
        put_item(d, *strings);
}

/* A value may be a token that opens the proxy: the name alone is shown. */
static void put_headers(struct dump *d, char *const *lines, const char *indent)
{
    for (; lines != NULL && *lines != NULL; lines++) {
        put_text(d, indent);
        put_text(d, "  - \"");
        put(d, (struct span){*lines, strcspn(*lines, ":")}); /* a token: no quotes */
        put_text(d, ": (hidden)\"");
    }
}

static void put_listen(struct dump *d, const struct config_listen *listen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        /* localhost:PORT is two entries with one text. */
        if (i == 0 || strcmp(listen[i].text, listen[i - 1].text) != 0)
            put_item(d, listen[i].text);
}

static void put_allow(struct dump *d)
{
    const struct config *c = d->config;

    for (size_t i = 0; i < c->allow_count; i++) {
        const struct netblock *block = &c->allow[i];
        char text[NETADDR_TEXT + 8];
        char ip[NETADDR_TEXT];
        struct netaddr addr = {.len = 0};

        addr.u.sa.sa_family = block->family;
        if (block->family == AF_INET) {
            addr.len = sizeof(addr.u.in);
            memcpy(&addr.u.in.sin_addr, block->bytes, 4);
        } else {
            addr.len = sizeof(addr.u.in6);
            memcpy(&addr.u.in6.sin6_addr, block->bytes, 16);
        }
        netaddr_format_ip(&addr, ip);
        snprintf(text, sizeof(text), "%s/%u", ip, (unsigned)block->bits);
        put_item(d, text);
    }
}

static void put_users(struct dump *d)
{
    const struct config *c = d->config;

    if (c->allow_any_user)
        put_item(d, "*");
    for (size_t i = 0; i < c->allow_uid_count; i++) {
        char text[16];

        snprintf(text, sizeof(text), "%" PRIu32, c->allow_uid[i]);
        put_item(d, text);
    }
}

/* ---- proxies ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether this key of an entry says something that the global one does not. */
static bool is_own(const struct config *c, const struct config_proxy *proxy,
                   const struct config_key *key)
{
    static const struct config_login none;
    const struct config_login *than =
        hop_kind_is_socks(proxy->kind) ? &none : &c->login;

    if (key->offset == offsetof(struct config_proxy, login.auth))
        return proxy->login.auth != c->login.auth;
    if (key->offset == offsetof(struct config_proxy, login.login_name))
        return !same_text(proxy->login.login_name, than->login_name);
    if (key->offset == offsetof(struct config_proxy, login.domain))
        return than != &none && !same_text(proxy->login.domain, than->domain);
    if (key->offset == offsetof(struct config_proxy, login.workstation))
        return !same_text(proxy->login.workstation, than->workstation);
    if (key->offset == offsetof(struct config_proxy, login.password_file))
        return !same_text(proxy->login.password_file, than->password_file);
    if (key->offset == offsetof(struct config_proxy, login.password_command))
        return !same_text(proxy->login.password_command, than->password_command);
    if (key->offset == offsetof(struct config_proxy, login.password_keyring))
        return proxy->login.password_keyring != than->password_keyring;
    if (key->offset == offsetof(struct config_proxy, login.password_type))
        return proxy->login.password_type != than->password_type;
    if (key->offset == offsetof(struct config_proxy, login.keytab))
        return !same_text(proxy->login.keytab, than->keytab);
    if (key->offset == offsetof(struct config_proxy, login.principal))
        return !same_text(proxy->login.principal, than->principal);
    return false;
}

static void put_url(struct dump *d, const struct config_proxy *proxy)
{
    bool ipv6 = strchr(proxy->host, ':') != NULL;
    char port[8];

    snprintf(port, sizeof(port), ":%u", (unsigned)proxy->port);
    put_text(d, "\"");
    put_text(d, hop_kind_name(proxy->kind));
    put_text(d, "://");
    put_text(d, ipv6 ? "[" : "");
    put_text(d, proxy->host);
    put_text(d, ipv6 ? "]" : "");
    put_text(d, port);
    put_text(d, "\"");
}

/* indent: a line break and the blanks before the keys; the first is marked. */
static void put_proxy(struct dump *d, const struct config_proxy *proxy,
                      const char *indent)
{
    const struct config *c = d->config;
    size_t marked = strlen(indent) - 2;

    put(d, (struct span){indent, marked});
    put_text(d, "- url: ");
    put_url(d, proxy);
    for (const struct config_key *key = schema_proxy_keys; key->path != NULL; key++) {
        if (!is_own(c, proxy, key))
            continue;
        if ((key->type == CONFIG_TEXT || key->type == CONFIG_PATH) &&
            text_field(proxy, key) == NULL)
            continue;
        put_text(d, indent);
        put_text(d, key->path);
        put_text(d, ": ");
        put_plain(d, key, proxy);
    }
    if (proxy->login.password != NULL && proxy->login.password != c->login.password) {
        put_text(d, indent);
        put_text(d, "# password: (hidden)");
    }
    if (proxy->header != NULL) {
        put_text(d, indent);
        put_text(d, "header:");
    }
    put_headers(d, proxy->header, indent);
}

static void put_proxies(struct dump *d)
{
    for (size_t i = 0; i < d->config->proxy_count; i++)
        put_proxy(d, &d->config->proxy[i], "\n    ");
}

/* ---- rules ---- */

static void put_way(struct dump *d, const struct config_rule *rule)
{
    if (rule->via != CONFIG_VIA_PROXY) {
        put_text(d, rule->via == CONFIG_VIA_DIRECT ? " direct" : " refuse");
        return;
    }
    for (size_t i = 0; i < rule->count; i++)
        put_proxy(d, &d->config->rule_proxy[rule->first + i], "\n        ");
}

static void put_rule(struct dump *d, const struct config_rule *rule)
{
    put_text(d, "\n  - host: [");
    for (size_t i = 0; i < rule->host.count; i++) {
        put_text(d, i > 0 ? ", " : "");
        put_quoted(d, span_of(rule->host.text[i]));
    }
    put_text(d, "]\n    via:");
    put_way(d, rule);
    if (rule->when == CONFIG_WHEN_AFTER)
        put_text(d, "\n    when: after");
}

static void put_rules(struct dump *d)
{
    for (size_t i = 0; i < d->config->rule_count; i++)
        put_rule(d, &d->config->rule[i]);
}

/* ---- keys ---- */

static void put_patterns(struct dump *d, const struct config_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        put_item(d, patterns->text[i]);
}

/* Of a key whose list is one of texts. */
static char **strings_of(const struct config *c, const struct config_key *key)
{
    return *(char ***)(void *)((char *)(uintptr_t)c + key->offset);
}

static void put_list(struct dump *d, const struct config_key *key)
{
    const struct config *c = d->config;

    if (key->offset == offsetof(struct config, listen))
        put_listen(d, c->listen, c->listen_count);
    else if (key->offset == offsetof(struct config, tunnel))
        put_listen(d, c->tunnel, c->tunnel_count);
    else if (key->offset == offsetof(struct config, proxy))
        put_proxies(d);
    else if (key->offset == offsetof(struct config, rule))
        put_rules(d);
    else if (key->offset == offsetof(struct config, noproxy))
        put_patterns(d, &c->noproxy);
    else if (key->offset == offsetof(struct config, auth_hosts))
        put_patterns(d, &c->auth_hosts);
    else if (key->offset == offsetof(struct config, allow))
        put_allow(d);
    else if (key->offset == offsetof(struct config, allow_uid))
        put_users(d);
    else if (key->offset == offsetof(struct config, header))
        put_headers(d, c->header, "\n");
    else
        put_strings(d, strings_of(c, key));
}

static bool list_is_empty(const struct config *c, const struct config_key *key)
{
    if (key->offset == offsetof(struct config, listen))
        return c->listen_count == 0;
    if (key->offset == offsetof(struct config, tunnel))
        return c->tunnel_count == 0;
    if (key->offset == offsetof(struct config, proxy))
        return c->proxy_count == 0;
    if (key->offset == offsetof(struct config, rule))
        return c->rule_count == 0;
    if (key->offset == offsetof(struct config, noproxy))
        return c->noproxy.count == 0;
    if (key->offset == offsetof(struct config, auth_hosts))
        return c->auth_hosts.count == 0;
    if (key->offset == offsetof(struct config, allow))
        return c->allow_count == 0;
    if (key->offset == offsetof(struct config, allow_uid))
        return c->allow_uid_count == 0 && !c->allow_any_user;
    return strings_of(c, key) == NULL;
}

static void put_origin(struct dump *d, const struct config_key *key)
{
    const char *origin = d->config->origins->key[key - schema_keys];

    if (!d->origins)
        return;
    put_text(d, "  # ");
    put_text(d, origin == NULL ? "default" : origin);
}

static void put_password(struct dump *d)
{
    static const char *const origins[] = {
        [PASSWORD_CREDENTIAL] = "the credential \"password\"",
        [PASSWORD_FILE] = "password_file",
        [PASSWORD_COMMAND] = "password_command",
        [PASSWORD_KEYRING] = "the keyring",
        [PASSWORD_ENVIRONMENT] = "CCGATE_PASSWORD",
        [PASSWORD_PROMPT] = "the terminal",
    };

    if (d->config->login.password == NULL)
        return;
    put_text(d, "# password: (hidden)");
    if (d->origins) {
        put_text(d, ", from ");
        put_text(d, origins[d->config->origins->password]);
    }
    put_text(d, "\n");
}

static size_t group_length(const char *path)
{
    const char *dot = strchr(path, '.');

    return dot == NULL ? 0 : (size_t)(dot - path);
}

/* Whether the group of this key begins with it. */
static bool opens_group(const struct config_key *key)
{
    size_t group = group_length(key->path);

    return group > 0 &&
           (key == schema_keys || strncmp(key[-1].path, key->path, group + 1) != 0);
}

static void put_key(struct dump *d, const struct config_key *key)
{
    bool list = key->type == CONFIG_LIST || key->type == CONFIG_PROXIES ||
                key->type == CONFIG_RULES;
    bool text = key->type == CONFIG_TEXT || key->type == CONFIG_PATH;
    size_t group = group_length(key->path);

    if (opens_group(key)) {
        put(d, (struct span){key->path, group});
        put_text(d, ":\n");
    }
    if (text && text_field(d->config, key) == NULL)
        return;
    if (group > 0)
        put_text(d, "  ");
    put_text(d, key->path + (group > 0 ? group + 1 : 0));
    put_text(d, ":");
    if (!list || list_is_empty(d->config, key)) {
        put_text(d, " ");
        if (key->type == CONFIG_PROXIES && d->config->system)
            put_text(d, "system");
        else if (list)
            put_text(d, "[]");
        else
            put_plain(d, key, d->config);
        put_origin(d, key);
    } else {
        put_origin(d, key);
        put_list(d, key);
    }
    put_text(d, "\n");
}

int config_dump(const struct config *config, bool show_origin, struct buf *out)
{
    struct dump d = {.config = config, .out = out, .origins = show_origin};

    for (const struct config_key *key = schema_keys; key->path != NULL; key++) {
        put_key(&d, key);
        if (key->offset == offsetof(struct config, login.password_type))
            put_password(&d);
    }
    return d.error;
}
