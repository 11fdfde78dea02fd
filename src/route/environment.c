/*
 * environment: routes from HTTPS_PROXY and its kin. See environment.h.
 */
#include "route/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "route/noproxy.h"

#define VALUE_LIMIT 4096 /* bytes of a variable's value */

/* Places in VARIABLES and in struct environment; of each pair the first one wins. */
enum { HTTPS_VARIABLES = 0, HTTP_VARIABLES = 2, ALL_VARIABLES = 4 };

static const char *const VARIABLES[ENVIRONMENT_PROXIES] = {
    "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY",
};

static struct span variable_get(char *const *variables, const char *name)
{
    size_t n = strlen(name);

    for (; variables != NULL && *variables != NULL; variables++)
        if (strncmp(*variables, name, n) == 0 && (*variables)[n] == '=')
            return span_trim(span_of(*variables + n + 1));
    return (struct span){NULL, 0};
}

static bool variable_present(char *const *variables, const char *name)
{
    return variable_get(variables, name).at != NULL;
}

/* ---- the login in a variable ---- */

void environment_login_free(struct config_login *login)
{
    if (login == NULL)
        return;
    free(login->login_name);
    free(login->username);
    free(login->domain);
    free(login->workstation);
    free(login->password_file);
    secret_free(login->password);
    free(login->keytab);
    free(login->principal);
    free(login);
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool copy_text(char **copy, const char *text)
{
    if (text == NULL)
        return true;
    *copy = span_dup(span_of(text));
    return *copy != NULL;
}

/* What the variable does not say is taken over as it would be for an entry of `proxy`.
 */
static bool login_complete(struct config_login *login,
                           const struct config_login *global)
{
    login->auth = global->auth;
    if (login->domain == NULL && !copy_text(&login->domain, global->domain))
        return false;
    if (login->password == NULL && same_text(login->login_name, global->login_name)) {
        login->password = secret_ref(global->password);
        login->password_type = global->password_type;
    }
    return copy_text(&login->workstation, global->workstation) &&
           copy_text(&login->keytab, global->keytab) &&
           copy_text(&login->principal, global->principal);
}

/* password NULL: none was written. */
static struct config_login *login_new(struct span user, const struct span *password,
                                      const struct config_login *global)
{
    struct config_login *login = calloc(1, sizeof(*login));

    if (login == NULL)
        return NULL;
    login->login_name = span_dup(user);
    if (login->login_name == NULL)
        goto out;
    if (password != NULL) {
        login->password = secret_new(*password);
        if (login->password == NULL)
            goto out;
    }
    /* A name that cannot be split, such as "corp\", goes as it was written. */
    if (!config_split_user(user, &login->username, &login->domain) &&
        !copy_text(&login->username, login->login_name))
        goto out;
    if (login_complete(login, global))
        return login;
out:
    environment_login_free(login);
    return NULL;
}

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

/*
 * Makes the login of user[:password] (RFC 3986 section 3.2.1, deprecated there and in
 * use everywhere). Returns NULL or what is wrong; *login is NULL when memory is out.
 */
static const char *read_userinfo(struct span userinfo, const struct config *config,
                                 struct config_login **login)
{
    char bytes[VALUE_LIMIT];
    size_t colon = span_find(userinfo, ':');
    struct span encoded = span_skip(userinfo, colon + 1);
    long n = url_percent_decode((struct span){userinfo.at, colon}, bytes);
    struct span user = {bytes, n < 0 ? 0 : (size_t)n};
    long m = url_percent_decode(encoded, bytes + user.len);
    struct span password = {bytes + user.len, m < 0 ? 0 : (size_t)m};
    const char *wrong = NULL;

    *login = NULL;
    if (n < 0 || m < 0)
        wrong = "has a broken %XX in its user part";
    else if (user.len == 0)
        wrong = "has a password without a user";
    else if (has_control(user) || has_control(password))
        wrong = "has a control character in its user part";
    else if (password.len > SECRET_LIMIT)
        wrong = "has a password that is too long";
    else
        *login =
            login_new(user, colon < userinfo.len ? &password : NULL, &config->login);
    secret_wipe(bytes, sizeof(bytes));
    return wrong;
}

/* ---- the variables ---- */

/* As curl does, host:port is taken for http://host:port. The URL points into full. */
static const char *parse_value(struct url *url, struct span value,
                               char full[VALUE_LIMIT + 8])
{
    struct span scheme = SPAN("http://");
    bool bare = true;

    if (value.len > VALUE_LIMIT)
        return "is too long";
    for (size_t i = 0; i < value.len; i++)
        if (span_starts(span_skip(value, i), SPAN(":/")))
            bare = false;
    if (!bare)
        return url_parse(url, value);
    memcpy(full, scheme.at, scheme.len);
    memcpy(full + scheme.len, value.at, value.len);
    return url_parse(url, (struct span){full, scheme.len + value.len});
}

static const char *check_scheme(const struct url *url, enum hop_kind *kind)
{
    struct span colon = span_skip(url->userinfo, span_find(url->userinfo, ':'));

    if (!hop_kind_of_scheme(url->scheme, kind))
        return "has a scheme that is not http, https, socks5 or socks4";
    if (*kind == HOP_SOCKS4 && colon.len > 1)
        return "has a password, which SOCKS4 cannot carry";
    return NULL;
}

/* False when memory is out. */
static bool fill_route(struct route *route, const struct url *url, enum hop_kind kind)
{
    struct config *config = route->config;
    bool own = route->environment_login != NULL;
    struct hop *hop;

    if (!route_hops(route, 1))
        return false;
    hop = &route->hops[0];
    hop->login = own                      ? route->environment_login
                 : hop_kind_is_http(kind) ? &config->login
                                          : &hop_no_login;
    /* A user in the variable is meant for the proxy there. */
    hop->withheld = !own && !config_may_login(config, url->host, url->port, true);
    return hop_set(hop, kind, url->host, url->port, config, NULL);
}

static struct route *hop_route(const char *name, const struct url *url,
                               enum hop_kind kind, struct config_login *login,
                               struct config *config)
{
    struct route *route = route_make(ROUTE_HOPS, config, "environment", span_of(name));

    if (route == NULL) {
        environment_login_free(login);
        return NULL;
    }
    route->environment_login = login;
    if (fill_route(route, url, kind))
        return route;
    route_unref(route);
    return NULL;
}

/* Never puts the value into the reason: it may hold a password. */
static struct route *read_proxy(const char *name, struct span value,
                                struct config *config)
{
    char full[VALUE_LIMIT + 8];
    struct url url;
    struct config_login *login = NULL;
    struct route *route = NULL;
    enum hop_kind kind = HOP_HTTP;
    const char *wrong = parse_value(&url, value, full);

    if (wrong == NULL)
        wrong = check_scheme(&url, &kind);
    if (wrong == NULL && url.userinfo.len > 0) {
        wrong = read_userinfo(url.userinfo, config, &login);
        if (wrong == NULL && login == NULL)
            goto out;
    }
    route = wrong == NULL
                ? hop_route(name, &url, kind, login, config)
                : route_refuse(config, OUTCOME_ROUTE_UNDECIDED, name, span_of(wrong));
out:
    secret_wipe(full, sizeof(full));
    return route;
}

/* False when memory is out. As libproxy reads it, "pac+" stands before a script's URL.
 */
static bool read_variable(struct environment_proxy *proxy, struct span value,
                          struct config *config)
{
    struct span script = span_skip(value, strlen("pac+"));
    const char *wrong;

    if (!span_starts_nocase(value, SPAN("pac+"))) {
        proxy->route = read_proxy(proxy->name, value, config);
        return proxy->route != NULL;
    }
    wrong = value.len > VALUE_LIMIT ? "is too long" : config_pac_wrong(script);
    if (wrong == NULL)
        proxy->script = span_dup(script);
    else
        proxy->route =
            route_refuse(config, OUTCOME_ROUTE_UNDECIDED, proxy->name, span_of(wrong));
    return proxy->script != NULL || proxy->route != NULL;
}

static int read_bypass(struct environment *e, char *const *variables)
{
    struct span value;
    long count;

    e->bypass_name = "no_proxy";
    value = variable_get(variables, e->bypass_name);
    if (value.len == 0) {
        e->bypass_name = "NO_PROXY";
        value = variable_get(variables, e->bypass_name);
    }
    if (value.len == 0)
        return 0;
    e->bypass_value = span_dup(value);
    if (e->bypass_value == NULL)
        return -ENOMEM;
    count = noproxy_parse(value, &e->bypass);
    e->bypass_count = count < 0 ? 0 : (size_t)count;
    return count < 0 ? (int)count : 0;
}

int environment_read(struct environment *e, char *const *variables,
                     struct config *config)
{
    *e = (struct environment){.bypass_name = NULL};
    for (size_t i = 0; i < ENVIRONMENT_PROXIES; i++) {
        struct span value = variable_get(variables, VARIABLES[i]);

        e->proxy[i].name = VARIABLES[i];
        if (value.len == 0 || (strcmp(VARIABLES[i], "HTTP_PROXY") == 0 &&
                               variable_present(variables, "REQUEST_METHOD")))
            continue;
        if (!read_variable(&e->proxy[i], value, config))
            return -ENOMEM;
    }
    return read_bypass(e, variables);
}

void environment_clear(struct environment *e)
{
    for (size_t i = 0; i < ENVIRONMENT_PROXIES; i++) {
        route_unref(e->proxy[i].route);
        free(e->proxy[i].script);
    }
    noproxy_free(e->bypass, e->bypass_count);
    free(e->bypass_value);
    *e = (struct environment){.bypass_name = NULL};
}

static bool is_set(const struct environment_proxy *proxy, route_is_self *is_self,
                   void *self_ctx)
{
    const struct route *route = proxy->route;

    if (route == NULL || route->kind != ROUTE_HOPS || is_self == NULL)
        return route != NULL || proxy->script != NULL;
    return !is_self(self_ctx, span_of(route->hops[0].host), route->hops[0].port);
}

/* Asked at each decision, because our listeners may be opened later than the router. */
static const struct environment_proxy *first_of(const struct environment *e,
                                                size_t from, route_is_self *is_self,
                                                void *self_ctx)
{
    for (size_t i = from; i < from + 2; i++)
        if (is_set(&e->proxy[i], is_self, self_ctx))
            return &e->proxy[i];
    return NULL;
}

const struct environment_proxy *environment_find(const struct environment *e,
                                                 bool secure, route_is_self *is_self,
                                                 void *self_ctx)
{
    const struct environment_proxy *proxy =
        first_of(e, secure ? HTTPS_VARIABLES : HTTP_VARIABLES, is_self, self_ctx);

    return proxy != NULL ? proxy : first_of(e, ALL_VARIABLES, is_self, self_ctx);
}

bool environment_bypasses(const struct environment *e, struct span host, uint16_t port,
                          struct span *entry)
{
    long index = noproxy_match(e->bypass, e->bypass_count, host, port);

    if (index >= 0)
        *entry = noproxy_text(span_of(e->bypass_value), (size_t)index);
    return index >= 0;
}
