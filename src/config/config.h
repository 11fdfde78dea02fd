/*
 * config: the whole configuration as one immutable, reference-counted struct.
 *
 * Layers, low to high: /usr/lib/ccgate/ccgate.yaml, /etc/ccgate/ccgate.yaml,
 * /etc/ccgate/conf.d/NAME.yaml (alphabetical, hidden files ignored), the user's
 * $XDG_CONFIG_HOME/ccgate/ccgate.yaml, CCGATE_KEY variables, the command line; above
 * all /etc/ccgate/managed.d/NAME.yaml, which locks. `--config FILE` replaces all file
 * layers except managed.d. Later scalars and lists replace, maps merge.
 *
 * A key path such as tls.ca is --tls-ca on the command line and CCGATE_TLS_CA in the
 * environment; lists are comma-separated there, and an option may be repeated.
 */
#ifndef CCGATE_CONFIG_CONFIG_H
#define CCGATE_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/hop_kind.h"
#include "base/log.h"
#include "base/netaddr.h"
#include "base/pattern.h"
#include "base/url.h"
#include "config/secret.h"

/* Login schemes, from strong to weak (RFC 7616 section 5.6). */
enum config_auth {
    CONFIG_AUTH_AUTO, /* all of them, the strongest first */
    CONFIG_AUTH_NEGOTIATE,
    CONFIG_AUTH_NTLM,
    CONFIG_AUTH_DIGEST,
    CONFIG_AUTH_BASIC,
    CONFIG_AUTH_NONE,
};

/*
 * Some of them in an order, four bits each, the preferred one lowest. A single scheme
 * is its own set.
 */
typedef uint32_t config_auths;
enum { CONFIG_AUTHS_MAX = 8 };

/* The place of a scheme among those allowed, 0 being the best, or -1. */
int config_auths_place(config_auths set, enum config_auth scheme);

/* How many a set holds, and the one at a place: AUTO and NONE are one like the others.
 */
unsigned config_auths_count(config_auths set);
enum config_auth config_auths_at(config_auths set, unsigned place);

/* What the secret is. A hash of a password is as good as the password itself. */
enum config_password {
    CONFIG_PASSWORD_PLAIN,
    CONFIG_PASSWORD_NT_HASH,     /* NTOWFv1 (MS-NLMP section 3.3.1): 16 bytes */
    CONFIG_PASSWORD_NTLMV2_HASH, /* NTOWFv2 with the domain in capitals: 16 bytes */
};

enum config_resolver {
    CONFIG_RESOLVER_AUTO,
    CONFIG_RESOLVER_DNS,
    CONFIG_RESOLVER_SYSTEM
};
enum config_relay { CONFIG_RELAY_AUTO, CONFIG_RELAY_COPY, CONFIG_RELAY_SPLICE };

/* Who we are to a proxy. Empty strings are NULL. */
struct config_login {
    config_auths auth;
    char *login_name; /* as written, which is what Basic sends */
    char *username;   /* without domain */
    char *domain;     /* from `domain`, CORP\alice or alice@corp.example */
    char *workstation;
    /* Where the password comes from, the first one before the others. */
    char *password_file;    /* absolute; NULL: none */
    char *password_command; /* NULL: none */
    bool password_keyring;
    enum config_password password_type;
    struct secret *password; /* NULL: none; a hash as bytes */
    char *keytab;            /* of Kerberos, absolute; NULL: the user's tickets */
    char *principal;         /* who to be for Kerberos; NULL: whose the tickets are */
};

/* One entry of `proxy`. */
struct config_proxy {
    enum hop_kind kind; /* of the URL; never DIRECT */
    char *host;         /* name or literal, lower case, without brackets */
    uint16_t port;
    /*
     * The entry's own values over the global ones. A global password goes only with the
     * global username; a global domain also with a username that brings none. A SOCKS
     * proxy gets nothing of the global ones but `auth`.
     */
    struct config_login login;
    char **header; /* "Name: value" lines for this proxy, NULL-terminated, or NULL */
    bool bare;     /* a URL without a user, and nothing beside it */
};

struct config_patterns {
    struct pattern *pattern;
    char **text; /* as written, same order, for the explanation */
    size_t count;
};

enum config_via { CONFIG_VIA_PROXY, CONFIG_VIA_DIRECT, CONFIG_VIA_REFUSE };
enum config_when {
    CONFIG_WHEN_BEFORE, /* ahead of all sources of a way */
    CONFIG_WHEN_AFTER,  /* where no source names one */
};

/* What it means that the names of our own way out do not exist. */
enum config_outside { CONFIG_OUTSIDE_REFUSE, CONFIG_OUTSIDE_DIRECT };

/* One entry of `rules`. */
struct config_rule {
    struct config_patterns host;
    enum config_when when;
    enum config_via via;
    size_t first, count; /* VIA_PROXY: these of rule_proxy */
};

enum config_listen_kind { CONFIG_LISTEN_TCP, CONFIG_LISTEN_UNIX };

struct config_listen {
    char *text;          /* as written, for messages */
    struct netaddr addr; /* `localhost:PORT` is two entries: 127.0.0.1 and ::1 */
    bool optional;       /* its family may be missing on this host */
    char *target;        /* of `tunnel`: "host:port"; NULL in `listen` */
};

/* All in milliseconds; 0 means no limit where that makes sense. */
struct config_timeouts {
    uint64_t head;        /* a request head, from its first byte: 30 s */
    uint64_t name;        /* a name lookup: 5 s */
    uint64_t connect;     /* TCP to a hop or origin: 10 s */
    uint64_t tls;         /* TLS handshake with a hop: 10 s */
    uint64_t login;       /* one leg of a login: 30 s */
    uint64_t pac;         /* the PAC script, for a request: 5 s */
    uint64_t ticket;      /* a call of the Kerberos library: 3 s */
    uint64_t answer;      /* the answer to CONNECT or to a first login: 120 s */
    uint64_t login_body;  /* reading the body of a 407: 5 s */
    uint64_t linger;      /* lingering close: 2 s */
    uint64_t hop_rest;    /* a failed hop rests: 5 min */
    uint64_t pool_idle;   /* a kept upstream connection, at most: 55 s */
    uint64_t client_idle; /* between two requests of a client: 5 min */
    uint64_t idle;        /* a silent tunnel or exchange: 0, never cut */
    uint64_t drain;       /* shutdown: 30 s */
    uint64_t keepalive;   /* TCP keepalive: 45 s */
};

/* Connections and tunnels that are opened or kept before they are asked for. */
struct config_warm {
    bool enabled;
    uint64_t tunnels;     /* ready tunnels at most: 8 */
    char *primer;         /* an http:// URL, or NULL */
    uint64_t connections; /* that the primer leaves logged in: 2 */
};

struct config_limits {
    uint64_t sessions;   /* 0: (RLIMIT_NOFILE - 192) / 2 */
    uint64_t login_body; /* bytes of a 407's body that are read: 256 KiB */
};

struct config {
    struct config_listen *listen;
    size_t listen_count;
    struct config_listen *tunnel; /* each leads to one target */
    size_t tunnel_count;
    struct config_proxy *proxy;
    size_t proxy_count;
    bool system;           /* ask the system: `proxy: system`; then no entries */
    char *pac;             /* the URL of a PAC script, or NULL */
    uint64_t pac_children; /* that run it, at most: 4 */
    bool wpad;             /* ask the network for a PAC script */
    char *wpad_domain;     /* NULL: that of resolv.conf */
    struct config_patterns noproxy;
    struct config_rule *rule;
    size_t rule_count;
    struct config_proxy *rule_proxy; /* of all rules */
    size_t rule_proxy_count;
    enum config_outside outside;
    struct config_patterns auth_hosts;
    bool via_corp_proxy;
    struct config_login login;   /* global, for proxies of the environment */
    char **header;               /* lines for every proxy, NULL-terminated, or NULL */
    char **tls_ca;               /* files, NULL-terminated, or NULL; as are the lists */
    char *tls_ca_dir;            /* a folder of such files */
    char **tls_weak_ca;          /* SHA-256 of a CA, 64 hexadecimal digits */
    char **tls_pins;             /* "HOST sha256//BASE64", lower-case host */
    char **tls_legacy;           /* lower-case hosts */
    char *tls_cert;              /* our own: a path or "pkcs11:..."; NULL: none */
    char *tls_key;               /* NULL: in tls_cert */
    char *tls_key_password_file; /* NULL: none */
    struct netblock *allow;
    size_t allow_count;
    bool allow_any_user; /* allow_users: ["*"] */
    uint32_t *allow_uid;
    size_t allow_uid_count;
    enum config_resolver resolver;
    enum config_relay relay;
    struct config_timeouts timeout;
    struct config_warm warm;
    struct config_limits limit;
    struct log_options log; /* strings owned by the config */
    bool log_access;        /* a line per request: true */
    bool daemon;            /* go to the background */
    char *pidfile;          /* NULL: none */
    bool password_prompt;   /* ask on the terminal at start */
    char *state_dir;        /* absolute, resolved by the design's rules */
    char *runtime_dir;
    /* for src/config itself */
    unsigned refs;
    struct config_origins *origins;
};

/* A reference more, or one less (the last frees; secrets are wiped). NULL-safe. */
struct config *config_ref(struct config *config);
void config_unref(struct config *config);

/*
 * Whether our login may be given to a proxy that no entry of `proxy` names: those that
 * auth_hosts allows or, without that key, those of the environment.
 */
bool config_may_login(const struct config *config, struct span host, uint16_t port,
                      bool environment);

/*
 * The entry of `proxy` or, failing that, of a rule that names this one, with the login
 * and the header lines for it; or NULL.
 */
const struct config_proxy *config_find_proxy(const struct config *config,
                                             enum hop_kind kind, struct span host,
                                             uint16_t port);

/*
 * The hosts that `pac` and the entries of `proxy` name, one for each index from 0;
 * empty where the URL of the script names none. False behind the last.
 */
bool config_way_host(const struct config *config, size_t index, struct span *host);

/* What is wrong with the URL of a PAC script, as in "holds a user name", or NULL. */
const char *config_pac_wrong(struct span text);

/* Reads "90s", "5m", "12h" or "2d"; NULL, or what is wrong with it. */
const char *value_duration(struct span text, uint64_t *ms);

/* Whether host and port are an address of `listen` or `tunnel`. */
bool config_is_own(const struct config *config, struct span host, uint16_t port);

/* One of these opens a key path to a value given outside of files. */
struct config_setting {
    const char *path;  /* "tls.ca" */
    const char *value; /* as given */
};

/* Which passwords are read. */
enum config_passwords {
    CONFIG_PASSWORDS_ALL,
    CONFIG_PASSWORDS_QUICK, /* no command is run, and no keyring is asked */
    CONFIG_PASSWORDS_NONE,
};

struct config_sources {
    const char *file;         /* --config FILE, or NULL for the file layers */
    char *const *environment; /* environ, or NULL for none */
    const struct config_setting *settings; /* the command line, in order */
    size_t setting_count;
    const char *root; /* prefix of /etc and /usr/lib, for tests; NULL: none */
    bool interactive; /* may ask for a password on the terminal */
    enum config_passwords passwords;
    int stop; /* a descriptor, not 0: once it is readable, commands are ended */
    const struct config *previous; /* at a reload: a password that came from the
                                      environment or the terminal is kept; or NULL */
};

/*
 * Reads and merges all layers. Blocks as long as files, commands and the keyring do;
 * may run in a worker, while nobody changes the environment. On failure returns NULL.
 * In both cases *messages holds what is to be said, a text of lines: errors and
 * warnings as "FILE:LINE:COL: message", the source line, a caret, and "did you mean";
 * all errors of a file in one run. The caller clears *messages.
 */
struct config *config_load(const struct config_sources *sources, struct buf *messages);

/*
 * Reads one YAML text as if it were a file called name, on top of the defaults, without
 * touching any file, the environment or the user database.
 */
struct config *config_parse_text(const char *name, struct span text,
                                 struct buf *messages);

/*
 * Appends the effective configuration as YAML, with the origin of each value as a
 * comment when asked. Secrets and the values of header fields are shown as (hidden),
 * userinfo of proxies is removed.
 * 0 or the error of buf_append().
 */
int config_dump(const struct config *config, bool show_origin, struct buf *out);

/*
 * Splits CORP\alice, alice@corp.example or alice. The strings are the caller's; the
 * domain is NULL if there is none. False (both NULL) for an empty part or when memory
 * is out.
 */
bool config_split_user(struct span text, char **username, char **domain);

/* ---- the schema, for help texts, the man page and the JSON schema ---- */

enum config_type {
    CONFIG_BOOL,
    CONFIG_TEXT,
    CONFIG_PATH,
    CONFIG_CHOICE,
    CONFIG_CHOICES, /* one, or a list of several in order */
    CONFIG_DURATION,
    CONFIG_SIZE,
    CONFIG_COUNT,
    CONFIG_LIST,
    CONFIG_PROXIES,
    CONFIG_RULES,
};

struct config_key {
    const char *path; /* "timeout.head" */
    enum config_type type;
    const char *choices;  /* "stderr|syslog|FILE"; "0" where 0 means off; of a COUNT the
                             least and the most it may be, "1-64"; or NULL */
    const char *fallback; /* the default, as text; NULL: none, or found at run time */
    const char *argument; /* "DURATION", for --help */
    const char *help;     /* one line */
    size_t offset;        /* for src/config itself: where the value stands */
};

/* All keys, in the order of the man page; ends with a NULL path. */
const struct config_key *config_schema(void);

/* The key of a long option name ("tls-ca" → "tls.ca"), or NULL. */
const struct config_key *config_key_of_option(struct span option);

/* The path in a table (ended by a NULL one) that name was probably meant for, or NULL.
 */
const char *config_suggest(const struct config_key *table, struct span name);

/* Appends the JSON schema of a configuration file. 0 or the error of buf_append(). */
int config_json_schema(struct buf *out);

#endif
