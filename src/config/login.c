/*
 * login: who we are to the proxies: user names taken apart, passwords found, and the
 * global values handed to the entries of `proxy`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/internal.h"
#include "config/secret_command.h"

extern char **environ;

enum { WHY_SIZE = 512 };

/* ---- sets of schemes ---- */

unsigned config_auths_count(config_auths set)
{
    unsigned count = 1;

    while (count < CONFIG_AUTHS_MAX && set >> 4 * count != 0)
        count++;
    return count;
}

enum config_auth config_auths_at(config_auths set, unsigned place)
{
    return (enum config_auth)(set >> 4 * place & 15);
}

int config_auths_place(config_auths set, enum config_auth scheme)
{
    if (set == CONFIG_AUTH_AUTO)
        return (int)scheme;
    for (unsigned i = 0; i < config_auths_count(set); i++)
        if (config_auths_at(set, i) == scheme)
            return (int)i;
    return -1;
}

/* ---- whom our login is for ---- */

static const struct config_proxy *find(const struct config_proxy *proxy, size_t count,
                                       enum hop_kind kind, struct span host,
                                       uint16_t port)
{
    for (size_t i = 0; i < count; i++)
        if (proxy[i].kind == kind && proxy[i].port == port &&
            span_equal_nocase(span_of(proxy[i].host), host))
            return &proxy[i];
    return NULL;
}

const struct config_proxy *config_find_proxy(const struct config *config,
                                             enum hop_kind kind, struct span host,
                                             uint16_t port)
{
    const struct config_proxy *found =
        find(config->proxy, config->proxy_count, kind, host, port);

    return found != NULL
               ? found
               : find(config->rule_proxy, config->rule_proxy_count, kind, host, port);
}

bool config_may_login(const struct config *config, struct span host, uint16_t port,
                      bool environment)
{
    const struct config_patterns *hosts = &config->auth_hosts;

    for (size_t i = 0; i < hosts->count; i++)
        if (pattern_match(&hosts->pattern[i], host, port))
            return true;
    return hosts->count == 0 && environment;
}

/* ---- user names ---- */

bool config_split_user(struct span text, char **username, char **domain)
{
    size_t slash = span_find(text, '\\');
    size_t at = text.len;
    struct span user = text;
    struct span realm = {NULL, 0};
    bool split = true;

    *username = NULL;
    *domain = NULL;
    while (at > 0 && text.at[at - 1] != '@')
        at--;
    if (slash < text.len) {
        realm = (struct span){text.at, slash};
        user = span_skip(text, slash + 1);
    } else if (at > 0) {
        user = (struct span){text.at, at - 1};
        realm = span_skip(text, at);
    } else {
        split = false;
    }
    if (user.len == 0 || (split && realm.len == 0))
        return false;
    *username = span_dup(user);
    if (*username != NULL && split)
        *domain = span_dup(realm);
    if (*username == NULL || (split && *domain == NULL)) {
        free(*username);
        *username = NULL;
        return false;
    }
    return true;
}

/* An explicit domain stays. */
static void split(struct build *b, const struct node *at, struct config_login *login)
{
    struct span name = span_of(login->login_name);
    char *domain;

    if (login->login_name == NULL)
        return;
    if (name.at[0] == '\\' || name.at[0] == '@' || name.at[name.len - 1] == '\\' ||
        name.at[name.len - 1] == '@') {
        report_error(b->report, at,
                     "a user is written as alice, CORP\\alice or alice@corp.example");
        return;
    }
    if (!config_split_user(name, &login->username, &domain)) {
        report_no_memory(b->report);
        return;
    }
    if (login->domain == NULL)
        login->domain = domain;
    else
        free(domain);
}

/* ---- passwords ---- */

static struct secret *from_credential(struct build *b)
{
    char why[WHY_SIZE];
    struct secret *secret = secret_from_credential("password", why, sizeof(why));

    if (secret == NULL && why[0] != '\0')
        report_name(b->report, false, "credential password", "it %s", why);
    return secret;
}

static struct secret *from_file(struct build *b, const struct config_login *login,
                                const struct login_place *place)
{
    char why[WHY_SIZE];
    struct secret *secret = secret_from_file(login->password_file, why, sizeof(why));

    if (secret == NULL)
        report_error(b->report, place->password_file, "the password file %s", why);
    return secret;
}

static struct secret *from_command(struct build *b, const struct config_login *login,
                                   const struct login_place *place, int stop)
{
    char why[WHY_SIZE];
    struct secret *secret = secret_from_command(
        login->password_command, SECRET_COMMAND_LIMIT, stop, why, sizeof(why));

    if (secret == NULL)
        report_error(b->report, place->password_command, "the password command %s",
                     why);
    return secret;
}

static struct secret *from_keyring(struct build *b, const struct config_login *login,
                                   const struct login_place *place, int stop)
{
    char why[WHY_SIZE];
    struct secret *secret = NULL;

    if (login->login_name == NULL) {
        report_error(b->report, place->password_keyring,
                     "the keyring is asked by the user's name: set username");
        return NULL;
    }
    secret = secret_from_keyring(login->login_name, stop, why, sizeof(why));
    if (secret == NULL)
        report_error(b->report, place->password_keyring, "%s", why);
    return secret;
}

/* Whether the configuration names a place for the password. */
static bool has_place(const struct config_login *login)
{
    return login->password_file != NULL || login->password_command != NULL ||
           login->password_keyring;
}

/* Two places would be two passwords one day. */
static void warn_ambiguous(struct build *b, const struct config_login *login,
                           const struct login_place *place)
{
    const char *first =
        login->password_file != NULL ? "password_file" : "password_command";

    if (login->password_command != NULL && login->password_file != NULL)
        report_warning(b->report, place->password_command,
                       "password_command is not used: %s goes before it", first);
    if (login->password_keyring &&
        (login->password_file != NULL || login->password_command != NULL))
        report_warning(b->report, place->password_keyring,
                       "password_keyring is not used: %s goes before it", first);
}

/*
 * The password from the first place that is named. NULL also when that place is not
 * asked this time.
 */
static struct secret *from_places(struct build *b, const struct config_sources *from,
                                  const struct config_login *login,
                                  const struct login_place *place,
                                  enum password_origin *origin)
{
    warn_ambiguous(b, login, place);
    if (login->password_file != NULL) {
        *origin = PASSWORD_FILE;
        return from_file(b, login, place);
    }
    if (from->passwords == CONFIG_PASSWORDS_QUICK)
        return NULL;
    if (login->password_command != NULL) {
        *origin = PASSWORD_COMMAND;
        return from_command(b, login, place, from->stop);
    }
    if (login->password_keyring) {
        *origin = PASSWORD_KEYRING;
        return from_keyring(b, login, place, from->stop);
    }
    return NULL;
}

/* Digits become bytes. Takes the secret; NULL after a report. */
static struct secret *decode_hash(struct build *b, struct secret *secret,
                                  const struct config_login *login,
                                  const struct node *at)
{
    struct secret *bytes;
    char why[WHY_SIZE];

    if (secret == NULL || login->password_type == CONFIG_PASSWORD_PLAIN)
        return secret;
    bytes = secret_from_hex(secret, why, sizeof(why));
    if (bytes == NULL) {
        report_error(b->report, at,
                     "password_type says that the password is a hash, but it %s", why);
        report_help(b->report, "what was found there is the password itself? Then "
                               "leave password_type out");
    }
    secret_free(secret);
    return bytes;
}

/* ---- the global password, from the first place that has one ---- */

static struct secret *from_environment(struct build *b,
                                       const struct config_sources *from)
{
    static const char variable[] = "CCGATE_PASSWORD";
    const char *value = environment_get(from, variable);
    char why[WHY_SIZE] = "is too long";
    struct secret *secret;

    if (value == NULL)
        return NULL;
    if (from->environment == environ)
        secret = secret_from_environment(variable, why, sizeof(why));
    else
        secret = secret_new(span_of(value));
    if (secret == NULL)
        report_name(b->report, false, variable, "it %s", why);
    else
        report_name(
            b->report, true, variable,
            "other programs of this user can see a password in the environment; "
            "password_file is safer");
    return secret;
}

static struct secret *from_prompt(struct build *b)
{
    const struct config_login *login = &b->config->login;
    char prompt[128];
    char why[WHY_SIZE];
    char name[QUOTE_SIZE];
    struct secret *secret;

    snprintf(prompt, sizeof(prompt), "%s of %s for the proxy: ",
             login->password_type == CONFIG_PASSWORD_PLAIN ? "Password"
                                                           : "Password hash",
             quote(span_of(login->login_name), name));
    secret = secret_from_prompt(prompt, why, sizeof(why));
    if (secret == NULL)
        report_name(b->report, false, "password_prompt", "no password: %s", why);
    return secret;
}

/* It is kept as it was decoded, so a new type cannot be applied to it. */
static struct secret *from_previous(const struct build *b,
                                    const struct config_sources *from,
                                    enum password_origin *origin)
{
    const struct config *previous = from->previous;

    if (previous == NULL || previous->origins == NULL ||
        previous->login.password_type != b->config->login.password_type)
        return NULL;
    if (previous->origins->password != PASSWORD_ENVIRONMENT &&
        previous->origins->password != PASSWORD_PROMPT)
        return NULL;
    *origin = previous->origins->password;
    return secret_ref(previous->login.password);
}

static struct secret *find_secret(struct build *b, const struct config_sources *from,
                                  enum password_origin *origin)
{
    const struct config_login *login = &b->config->login;
    unsigned before = b->report->errors;
    struct secret *secret = NULL;

    *origin = PASSWORD_CREDENTIAL;
    if (from->environment != NULL)
        secret = from_credential(b);
    if (secret == NULL && b->report->errors == before)
        secret = from_places(b, from, login, &b->login, origin);
    if (secret == NULL && b->report->errors == before) {
        *origin = PASSWORD_ENVIRONMENT;
        secret = from_environment(b, from);
    }
    return secret;
}

static void find_password(struct build *b, const struct config_sources *from)
{
    struct config *c = b->config;
    enum password_origin *origin = &c->origins->password;
    const struct node *at = b->login.password_type;
    unsigned before = b->report->errors;
    struct secret *secret = find_secret(b, from, origin);

    secret = decode_hash(b, secret, &c->login, at);
    if (secret == NULL && b->report->errors == before)
        secret = from_previous(b, from, origin);
    /* Nobody is asked for a password when the configuration fails anyway. */
    if (secret == NULL && b->report->errors == 0 && c->password_prompt &&
        from->interactive && c->login.login_name != NULL) {
        *origin = PASSWORD_PROMPT;
        secret = decode_hash(b, from_prompt(b), &c->login, at);
    }
    if (secret == NULL)
        *origin = PASSWORD_NONE;
    c->login.password = secret;
}

/* ---- keytabs ---- */

/* The Kerberos library would say so only at the first login. */
static void check_keytab(struct build *b, const char *path, const struct node *at)
{
    struct stat st;
    int fd;

    if (path == NULL || at == NULL)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        report_error(b->report, at, "the keytab %s cannot be opened: %s", path,
                     strerror(errno));
    else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        report_error(b->report, at, "the keytab %s is no regular file", path);
    if (fd >= 0)
        close(fd);
}

/* ---- the entries of `proxy` ---- */

static void inherit(struct build *b, char **own, const char *global)
{
    if (*own == NULL && global != NULL)
        *own = build_dup(b, span_of(global));
}

/* Our password is not for another user: three tries would lock the account. */
static void inherit_password(struct build *b, struct config_login *own)
{
    const struct config_login *global = &b->config->login;

    own->password = secret_ref(global->password);
    inherit(b, &own->password_file, global->password_file);
    inherit(b, &own->password_command, global->password_command);
    own->password_keyring = global->password_keyring;
    own->password_type = global->password_type;
}

static void finish_password(struct build *b, const struct config_sources *from,
                            struct config_login *own, const struct proxy_place *place,
                            bool own_user)
{
    enum password_origin origin;
    bool from_url = own->password != NULL;

    if (!from_url && !has_place(own) && !own_user) {
        inherit_password(b, own);
        return;
    }
    if (place->login.password_type == NULL)
        own->password_type = b->config->login.password_type;
    if (!from_url && has_place(own) && !b->isolated &&
        from->passwords != CONFIG_PASSWORDS_NONE)
        own->password = from_places(b, from, own, &place->login, &origin);
    own->password = decode_hash(
        b, own->password, own,
        place->login.password_type != NULL ? place->login.password_type : place->at);
}

static void warn_no_password(struct build *b, const struct config_login *own,
                             const struct proxy_place *place)
{
    if (own->password == NULL && !has_place(own) && own->auth != CONFIG_AUTH_NONE)
        report_warning(b->report, place->at,
                       "this entry has a user of its own, but no password");
}

/* SOCKS sends the password itself, so that it gets none that was not meant for it. */
static void finish_socks(struct build *b, const struct config_sources *from,
                         struct config_proxy *proxy, const struct proxy_place *place)
{
    struct config_login *own = &proxy->login;
    enum password_origin origin;

    if (own->password == NULL && has_place(own) && !b->isolated &&
        from->passwords != CONFIG_PASSWORDS_NONE)
        own->password = from_places(b, from, own, &place->login, &origin);
    if (own->login_name != NULL && proxy->kind == HOP_SOCKS5)
        warn_no_password(b, own, place);
}

static void finish_http(struct build *b, const struct config_sources *from,
                        struct config_login *own, const struct proxy_place *place,
                        bool own_user)
{
    const struct config_login *global = &b->config->login;

    inherit(b, &own->login_name, global->login_name);
    if (!own_user)
        inherit(b, &own->username, global->username);
    inherit(b, &own->domain, global->domain);
    inherit(b, &own->workstation, global->workstation);
    /* They belong together. */
    if (own->keytab == NULL && own->principal == NULL) {
        inherit(b, &own->keytab, global->keytab);
        inherit(b, &own->principal, global->principal);
    }
    finish_password(b, from, own, place, own_user);
    if (own_user)
        warn_no_password(b, own, place);
}

static void finish_proxy(struct build *b, const struct config_sources *from,
                         struct config_proxy *proxy, const struct proxy_place *place)
{
    struct config_login *own = &proxy->login;
    bool own_user = own->login_name != NULL;

    split(b, place->login.username != NULL ? place->login.username : place->at, own);
    if (!place->own_auth)
        own->auth = b->config->login.auth;
    if (hop_kind_is_socks(proxy->kind))
        finish_socks(b, from, proxy, place);
    else
        finish_http(b, from, own, place, own_user);
}

static void finish_proxies(struct build *b, const struct config_sources *from,
                           bool looks, struct config_proxy *proxy,
                           const struct proxy_place *place, size_t count)
{
    for (size_t i = 0; i < count && !b->report->no_memory; i++) {
        if (looks)
            check_keytab(b, proxy[i].login.keytab, place[i].login.keytab);
        finish_proxy(b, from, &proxy[i], &place[i]);
    }
}

/* What asks for a password without a user. */
static const struct node *password_node(const struct build *b)
{
    const struct config_login *login = &b->config->login;

    if (login->password_file != NULL)
        return b->login.password_file;
    return login->password_command != NULL ? b->login.password_command : NULL;
}

/* looked: for passwords */
static void warn_incomplete(struct build *b, bool looked)
{
    const struct config_login *login = &b->config->login;

    if (login->auth == CONFIG_AUTH_NONE)
        return;
    if (login->login_name != NULL && login->password == NULL && !has_place(login) &&
        b->report->errors == 0 && !b->isolated && !b->config->password_prompt && looked)
        report_warning(b->report, b->login.username,
                       "there is a user name, but no password: see password_file");
    if (login->login_name == NULL && password_node(b) != NULL)
        report_warning(b->report, password_node(b),
                       "there is a password, but no user name: see username");
}

void login_finish(struct build *b, const struct config_sources *from)
{
    struct config *c = b->config;
    bool looks = !b->isolated && from->passwords != CONFIG_PASSWORDS_NONE;

    split(b, b->login.username, &c->login);
    if (looks) {
        find_password(b, from);
        check_keytab(b, c->login.keytab, b->login.keytab);
    }
    finish_proxies(b, from, looks, c->proxy, b->proxy_place, c->proxy_count);
    finish_proxies(b, from, looks, c->rule_proxy, b->rule_place, c->rule_proxy_count);
    if (!b->report->no_memory)
        warn_incomplete(b, looks);
}
