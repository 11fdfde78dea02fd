/*
 * schema: the one table of all keys. The parser, the dump, the help texts, the JSON
 * schema and the test of the man page are driven by it.
 */
#include <assert.h>
#include <string.h>

#include "config/internal.h"

#define AT(field)       offsetof(struct config, field)
#define IN_PROXY(field) offsetof(struct config_proxy, field)

#define AUTH_CHOICES "auto|negotiate|ntlm|digest|basic|none"

#define PASSWORD_CHOICES "plain|nt_hash|ntlmv2_hash"

#define DURATION(name, zero, fallback, help)                                           \
    {                                                                                  \
        "timeout." #name, CONFIG_DURATION, zero, fallback, "DURATION", help,           \
            AT(timeout.name)                                                           \
    }

const struct config_key schema_keys[] = {
    {"listen", CONFIG_LIST, NULL, "localhost:3128", "ADDRESS",
     "addresses and Unix sockets to listen on", AT(listen)},
    {"tunnel", CONFIG_LIST, NULL, NULL, "FORWARD",
     "addresses that each lead to one target: \"ADDRESS HOST:PORT\"", AT(tunnel)},
    {"proxy", CONFIG_PROXIES, NULL, "system", "URL",
     "the proxies to go through, the preferred one first; or \"system\"", AT(proxy)},
    {"pac", CONFIG_TEXT, NULL, NULL, "URL",
     "the script that says which proxies to go through", AT(pac)},
    {"pac_children", CONFIG_COUNT, "1-64", "4", "COUNT",
     "processes that run the script, at most", AT(pac_children)},
    {"wpad", CONFIG_BOOL, NULL, "false", NULL, "ask the network for a script",
     AT(wpad)},
    {"wpad_domain", CONFIG_TEXT, NULL, NULL, "NAME",
     "the domain whose wpad host has it", AT(wpad_domain)},
    {"noproxy", CONFIG_LIST, NULL, NULL, "PATTERN",
     "hosts and networks that are reached directly", AT(noproxy)},
    {"rules", CONFIG_RULES, NULL, NULL, "RULE",
     "ways for single hosts: \"HOST direct|refuse|URL [before|after]\"", AT(rule)},
    {"outside", CONFIG_CHOICE, "refuse|direct", "refuse", "HOW",
     "what to do where the names of the proxies do not exist", AT(outside)},
    {"via_corp_proxy", CONFIG_BOOL, NULL, "false", NULL,
     "never go direct for want of a proxy", AT(via_corp_proxy)},
    {"auth", CONFIG_CHOICES, AUTH_CHOICES, "auto", "SCHEME", "how to log in to proxies",
     AT(login.auth)},
    {"username", CONFIG_TEXT, NULL, NULL, "NAME",
     "the user: NAME, DOMAIN\\NAME or NAME@DOMAIN", AT(login.login_name)},
    {"domain", CONFIG_TEXT, NULL, NULL, "NAME", "the user's domain", AT(login.domain)},
    {"workstation", CONFIG_TEXT, NULL, NULL, "NAME",
     "the name of this machine as told to proxies", AT(login.workstation)},
    {"password_file", CONFIG_PATH, NULL, NULL, "FILE",
     "a file whose first line is the password", AT(login.password_file)},
    {"password_command", CONFIG_TEXT, NULL, NULL, "COMMAND",
     "a shell command that prints the password", AT(login.password_command)},
    {"password_keyring", CONFIG_BOOL, NULL, "false", NULL,
     "take the password from the desktop's keyring", AT(login.password_keyring)},
    {"password_type", CONFIG_CHOICE, PASSWORD_CHOICES, "plain", "TYPE",
     "whether it is the password or a hash of it", AT(login.password_type)},
    {"password_prompt", CONFIG_BOOL, NULL, "false", NULL,
     "ask for the password on the terminal at start", AT(password_prompt)},
    {"keytab", CONFIG_PATH, NULL, NULL, "FILE",
     "keys to get Kerberos tickets with, instead of the user's", AT(login.keytab)},
    {"principal", CONFIG_TEXT, NULL, NULL, "NAME",
     "the Kerberos principal to log in as", AT(login.principal)},
    {"auth_hosts", CONFIG_LIST, NULL, NULL, "PATTERN",
     "proxies not named in `proxy` that may be given the login", AT(auth_hosts)},
    {"header", CONFIG_LIST, NULL, NULL, "LINE",
     "header fields to send to every proxy, as \"Name: value\"", AT(header)},
    {"tls.ca", CONFIG_LIST, NULL, NULL, "FILE",
     "certificates to trust besides those of the system", AT(tls_ca)},
    {"tls.ca_dir", CONFIG_PATH, NULL, "/etc/ccgate/ca.d", "DIRECTORY",
     "a folder of such certificates", AT(tls_ca_dir)},
    {"tls.pins", CONFIG_LIST, NULL, NULL, "PIN",
     "keys that hosts have, whoever vouches for them: \"HOST sha256//BASE64\"",
     AT(tls_pins)},
    {"tls.weak_ca", CONFIG_LIST, NULL, NULL, "SHA256",
     "CAs whose keys and signatures may be weak", AT(tls_weak_ca)},
    {"tls.legacy_renegotiation", CONFIG_LIST, NULL, NULL, "HOST",
     "hosts that need not know secure renegotiation", AT(tls_legacy)},
    {"tls.cert", CONFIG_PATH, NULL, NULL, "FILE|URI",
     "our own certificate, for proxies that ask for one", AT(tls_cert)},
    {"tls.key", CONFIG_PATH, NULL, NULL, "FILE|URI", "its key, if it is not in there",
     AT(tls_key)},
    {"tls.key_password_file", CONFIG_PATH, NULL, NULL, "FILE",
     "the password of the key", AT(tls_key_password_file)},
    {"allow", CONFIG_LIST, NULL, NULL, "NETWORK",
     "networks that may connect; loopback only without it", AT(allow)},
    {"allow_users", CONFIG_LIST, NULL, NULL, "USER",
     "local users besides our own and root that may connect", AT(allow_uid)},
    {"resolver", CONFIG_CHOICE, "auto|dns|system", "auto", "KIND",
     "how names are looked up", AT(resolver)},
    {"relay", CONFIG_CHOICE, "auto|copy|splice", "auto", "KIND",
     "how the bytes of tunnels are moved", AT(relay)},
    DURATION(head, NULL, "30s", "a request head, from its first byte"),
    DURATION(name, NULL, "5s", "a name lookup"),
    DURATION(pac, NULL, "5s", "the PAC script, for one request"),
    DURATION(connect, NULL, "10s", "a TCP connection"),
    DURATION(tls, NULL, "10s", "a TLS handshake"),
    DURATION(login, NULL, "30s", "one leg of a login"),
    DURATION(ticket, NULL, "3s", "a call of the Kerberos library"),
    DURATION(answer, "0", "2m", "the answer to CONNECT or to a first login"),
    DURATION(login_body, NULL, "5s", "reading the body of a 407"),
    DURATION(linger, NULL, "2s", "waiting for the peer after the last byte"),
    DURATION(hop_rest, "0", "5m", "how long a failed proxy rests"),
    DURATION(pool_idle, NULL, "55s", "how long an upstream connection is kept at most"),
    DURATION(client_idle, "0", "5m", "the time between two requests of a client"),
    DURATION(idle, "0", "0", "a silent tunnel or exchange"),
    DURATION(drain, "0", "30s", "how long open tunnels may last at shutdown"),
    DURATION(keepalive, "0", "45s", "TCP keepalive"),
    {"warm.enabled", CONFIG_BOOL, NULL, "true", NULL,
     "keep connections and tunnels ready", AT(warm.enabled)},
    {"warm.tunnels", CONFIG_COUNT, "0-256", "8", "COUNT",
     "tunnels kept ready at most; 0 keeps none", AT(warm.tunnels)},
    {"warm.primer", CONFIG_TEXT, NULL, NULL, "URL",
     "what is asked for to leave connections logged in", AT(warm.primer)},
    {"warm.connections", CONFIG_COUNT, "0-64", "2", "COUNT",
     "connections that warm.primer leaves logged in", AT(warm.connections)},
    {"limit.sessions", CONFIG_COUNT, NULL, "0", "COUNT",
     "sessions at most; 0 follows the limit of open files", AT(limit.sessions)},
    {"limit.login_body", CONFIG_SIZE, NULL, "256KiB", "SIZE",
     "how much of the body of a 407 is read", AT(limit.login_body)},
    {"log.to", CONFIG_PATH, "stderr|syslog|FILE", "stderr", "WHERE",
     "where the log goes", AT(log.to)},
    {"log.format", CONFIG_CHOICE, "text|json", "text", "FORMAT",
     "the form of log lines", AT(log.format)},
    {"log.level", CONFIG_CHOICE, "error|warn|info|debug", "info", "LEVEL",
     "the least important lines that are logged", AT(log.level)},
    {"log.access", CONFIG_BOOL, NULL, "true", NULL, "log a line per request",
     AT(log_access)},
    {"daemon", CONFIG_BOOL, NULL, "false", NULL, "go to the background", AT(daemon)},
    {"pidfile", CONFIG_PATH, NULL, NULL, "FILE", "write the process id there",
     AT(pidfile)},
    {"state_dir", CONFIG_PATH, NULL, NULL, "DIRECTORY", "what outlives a restart",
     AT(state_dir)},
    {"runtime_dir", CONFIG_PATH, NULL, NULL, "DIRECTORY", "the admin socket",
     AT(runtime_dir)},
    {.path = NULL},
};

static_assert(sizeof(schema_keys) / sizeof(schema_keys[0]) <= KEY_MAX, "KEY_MAX");

const struct config_key schema_proxy_keys[] = {
    {"url", CONFIG_TEXT, NULL, NULL, "URL",
     "http://, https://, socks5:// or socks4:// and host:port", IN_PROXY(host)},
    {"auth", CONFIG_CHOICES, AUTH_CHOICES, NULL, "SCHEME", "how to log in there",
     IN_PROXY(login.auth)},
    {"username", CONFIG_TEXT, NULL, NULL, "NAME", "the user there",
     IN_PROXY(login.login_name)},
    {"domain", CONFIG_TEXT, NULL, NULL, "NAME", "the user's domain there",
     IN_PROXY(login.domain)},
    {"workstation", CONFIG_TEXT, NULL, NULL, "NAME", "the name of this machine there",
     IN_PROXY(login.workstation)},
    {"password_file", CONFIG_PATH, NULL, NULL, "FILE", "the password there",
     IN_PROXY(login.password_file)},
    {"password_command", CONFIG_TEXT, NULL, NULL, "COMMAND",
     "a shell command that prints the password there",
     IN_PROXY(login.password_command)},
    {"password_keyring", CONFIG_BOOL, NULL, NULL, NULL,
     "take the password there from the desktop's keyring",
     IN_PROXY(login.password_keyring)},
    {"password_type", CONFIG_CHOICE, PASSWORD_CHOICES, NULL, "TYPE",
     "whether that is the password or a hash of it", IN_PROXY(login.password_type)},
    {"keytab", CONFIG_PATH, NULL, NULL, "FILE",
     "keys to get Kerberos tickets with there", IN_PROXY(login.keytab)},
    {"principal", CONFIG_TEXT, NULL, NULL, "NAME", "the Kerberos principal to be there",
     IN_PROXY(login.principal)},
    {"header", CONFIG_LIST, NULL, NULL, "LINE", "header fields to send there",
     IN_PROXY(header)},
    {.path = NULL},
};

const struct config_key schema_rule_keys[] = {
    {"host", CONFIG_LIST, NULL, NULL, "PATTERN", "the hosts that it is for", 0},
    {"via", CONFIG_PROXIES, NULL, NULL, "WAY", "direct, refuse, or the proxies", 0},
    {"when", CONFIG_CHOICE, "before|after", "before", "WHEN",
     "ahead of all sources, or where none names a way",
     offsetof(struct config_rule, when)},
    {.path = NULL},
};

const struct config_key *config_schema(void)
{
    return schema_keys;
}

static struct span group_of(const char *path)
{
    struct span whole = span_of(path);
    size_t dot = span_find(whole, '.');

    return (struct span){path, dot < whole.len ? dot : 0};
}

static struct span name_of(const char *path)
{
    struct span group = group_of(path);

    return span_skip(span_of(path), group.len == 0 ? 0 : group.len + 1);
}

int schema_find(const struct config_key *table, struct span group, struct span name)
{
    for (int i = 0; table[i].path != NULL; i++)
        if (span_equal(group_of(table[i].path), group) &&
            span_equal(name_of(table[i].path), name))
            return i;
    return -1;
}

bool schema_is_group(struct span name)
{
    if (name.len == 0)
        return false;
    for (int i = 0; schema_keys[i].path != NULL; i++)
        if (span_equal(group_of(schema_keys[i].path), name))
            return true;
    return false;
}

static bool option_matches(const char *path, struct span option)
{
    struct span whole = span_of(path);

    if (whole.len != option.len)
        return false;
    for (size_t i = 0; i < whole.len; i++) {
        bool joint = whole.at[i] == '.' || whole.at[i] == '_';

        if (option.at[i] != (joint ? '-' : whole.at[i]))
            return false;
    }
    return true;
}

const struct config_key *config_key_of_option(struct span option)
{
    for (const struct config_key *key = schema_keys; key->path != NULL; key++)
        if (option_matches(key->path, option))
            return key;
    return NULL;
}

const char *list_separators(const struct config_key *key)
{
    /* Commas are common in field values; patterns are taken apart where they are read.
     */
    if (key->offset == AT(header))
        return "\n";
    if (key->offset == AT(noproxy) || key->offset == AT(auth_hosts))
        return "";
    return ",";
}
