/*
 * import_px: px.ini, sections of "name = value".
 */
#include <string.h>

#include "import.h"

/* What is collected before it can be understood as a whole. */
struct px {
    struct import *import;
    struct span section;
    bool gateway, known;
    struct span listen, port;
};

struct setting {
    const char *section, *name;
    void (*take)(struct px *p, const struct setting *s, struct span value);
    enum import_key key;
    const char *why; /* it cannot be carried over */
};

static void take_value(struct px *p, const struct setting *s, struct span value)
{
    import_value(p->import, s->key, s->name, value);
}

static void take_list(struct px *p, const struct setting *s, struct span value)
{
    import_list(p->import, s->key, s->name, value, ",; ");
}

static void take_note(struct px *p, const struct setting *s, struct span value)
{
    (void)value;
    import_note(p->import, "%s: %s", s->name, s->why);
}

/* "10.1.1.1-10.1.1.50", which would pass for a name. */
static bool is_range(struct span item)
{
    struct netaddr first;

    return netaddr_from_ip(&first, (struct span){item.at, span_find(item, '-')}, 0) &&
           span_find(item, '-') < item.len;
}

static void take_noproxy(struct px *p, const struct setting *s, struct span value)
{
    struct span item;

    while (span_next(&value, ",; ", &item)) {
        if (is_range(item))
            import_note(p->import, "%s %.*s: name a network instead of a range",
                        s->name, SPAN_ARG(item));
        else
            import_list(p->import, s->key, s->name, item, ",");
    }
}

/* A switch that is off says nothing. */
static void take_switch(struct px *p, const struct setting *s, struct span value)
{
    if (import_truth(value))
        take_note(p, s, value);
}

static void take_gateway(struct px *p, const struct setting *s, struct span value)
{
    (void)s;
    p->gateway = import_truth(value);
}

static void take_listen(struct px *p, const struct setting *s, struct span value)
{
    (void)s;
    p->listen = value;
}

static void take_port(struct px *p, const struct setting *s, struct span value)
{
    (void)s;
    p->port = value;
}

static void take_agent(struct px *p, const struct setting *s, struct span value)
{
    struct buf line;

    buf_init(&line, 4096);
    if (buf_printf(&line, "User-Agent: %.*s", SPAN_ARG(value)) != 0)
        import_note(p->import, "%s: too long", s->name);
    else
        import_value(p->import, s->key, s->name, buf_span(&line));
    buf_clear(&line);
}

static void take_auth(struct px *p, const struct setting *s, struct span value)
{
    static const char *const same[] = {"ntlm", "negotiate", "digest", "basic", "none"};

    if (span_equal_nocase(value, SPAN("any")))
        return; /* the default of both */
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (span_equal_nocase(value, span_of(same[i]))) {
            import_value(p->import, s->key, s->name, span_of(same[i]));
            return;
        }
    import_note(p->import,
                "%s = %.*s: there are only single schemes and lists of them; the "
                "strongest one that the proxy offers is used",
                s->name, SPAN_ARG(value));
}

/* "*.*.*.*" is the default, and names nobody. */
static void take_allow(struct px *p, const struct setting *s, struct span value)
{
    if (!span_equal(value, SPAN("*.*.*.*")))
        take_list(p, s, value);
}

#define NO_NEED "not needed: one process serves all"
#define CALLERS "callers need no login: only local users are served, see `allow_users`"

static const struct setting SETTINGS[] = {
    {"proxy", "server", take_list, IMPORT_PROXY, NULL},
    {"proxy", "pac", take_note, IMPORT_COUNT,
     "PAC files are not read yet: name the proxies in `proxy`"},
    {"proxy", "pac_encoding", take_note, IMPORT_COUNT, "PAC files are not read yet"},
    {"proxy", "port", take_port, IMPORT_COUNT, NULL},
    {"proxy", "listen", take_listen, IMPORT_COUNT, NULL},
    {"proxy", "allow", take_allow, IMPORT_ALLOW, NULL},
    {"proxy", "gateway", take_gateway, IMPORT_COUNT, NULL},
    {"proxy", "hostonly", take_switch, IMPORT_COUNT,
     "left out: only loopback is listened on, see `listen`"},
    {"proxy", "noproxy", take_noproxy, IMPORT_NOPROXY, NULL},
    {"proxy", "useragent", take_agent, IMPORT_HEADER, NULL},
    {"proxy", "username", take_value, IMPORT_USERNAME, NULL},
    {"proxy", "auth", take_auth, IMPORT_AUTH, NULL},
    {"client", "client_auth", take_note, IMPORT_COUNT, CALLERS},
    {"client", "client_nosspi", take_switch, IMPORT_COUNT, CALLERS},
    {"client", "client_username", take_note, IMPORT_COUNT, CALLERS},
    {"settings", "workers", take_note, IMPORT_COUNT, NO_NEED},
    {"settings", "threads", take_note, IMPORT_COUNT, NO_NEED},
    {"settings", "idle", take_note, IMPORT_COUNT,
     "left out: an unused connection is kept as long as the proxy allows, see "
     "`timeout.pool_idle`"},
    {"settings", "socktimeout", take_note, IMPORT_COUNT,
     "left out: see `timeout.connect` and the limits beside it"},
    {"settings", "proxyreload", take_note, IMPORT_COUNT,
     "left out: `ccgate reload` reads the configuration again"},
    {"settings", "foreground", take_switch, IMPORT_COUNT,
     "left out: it is the default; `daemon: true` goes to the background"},
    {"settings", "log", take_switch, IMPORT_COUNT,
     "left out: see `log.to` and `log.level`"},
};

enum { SETTING_COUNT = sizeof(SETTINGS) / sizeof(SETTINGS[0]) };

static struct span line_of(struct span line)
{
    while (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return span_trim(line);
}

static bool is_comment(struct span line)
{
    return line.len == 0 || line.at[0] == '#' || line.at[0] == ';';
}

/* The name in "[name]"; empty for another line. */
static struct span section_of(struct span line)
{
    if (line.len < 3 || line.at[0] != '[' || line.at[line.len - 1] != ']')
        return (struct span){line.at, 0};
    return (struct span){line.at + 1, line.len - 2};
}

static bool section_known(struct span section)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (span_equal_nocase(section, span_of(SETTINGS[i].section)))
            return true;
    return false;
}

bool import_is_px(struct span text)
{
    struct span line;

    while (span_next(&text, "\n", &line)) {
        line = line_of(line);
        if (!is_comment(line))
            return section_known(section_of(line));
    }
    return false;
}

static void take_setting(struct px *p, struct span name, struct span value)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &SETTINGS[i];

        if (!span_equal_nocase(p->section, span_of(s->section)) ||
            !span_equal_nocase(name, span_of(s->name)))
            continue;
        if (value.len > 0)
            s->take(p, s, value);
        return;
    }
    import_note(p->import, "%.*s: unknown", SPAN_ARG(name));
}

static void take_line(struct px *p, struct span line)
{
    size_t equals = span_find(line, '=');
    struct span section = section_of(line);

    if (section.len > 0) {
        p->section = section;
        return;
    }
    if (equals == line.len)
        import_note(p->import, "this is no setting");
    else
        take_setting(p, span_trim((struct span){line.at, equals}),
                     span_trim(span_skip(line, equals + 1)));
}

static void finish_listen(struct px *p)
{
    struct span port = p->port.len > 0 ? p->port : SPAN("3128");
    struct span addr;

    if (p->gateway)
        import_note(p->import,
                    "gateway: to serve other machines, add \":%.*s\" to `listen` and "
                    "their networks to `allow`",
                    SPAN_ARG(port));
    if (p->listen.len == 0) {
        import_listen(p->import, "listen", SPAN(""), port);
        return;
    }
    while (span_next(&p->listen, ",; ", &addr))
        if (addr.len > 0)
            import_listen(p->import, "listen", addr, port);
}

void import_px(struct import *import, struct span text)
{
    struct px p = {.import = import};
    struct span line;

    while (span_next(&text, "\n", &line)) {
        import->line++;
        line = line_of(line);
        if (!is_comment(line))
            take_line(&p, line);
    }
    import->line = 0;
    finish_listen(&p);
    import_note(import, "the password: px keeps it in the keyring (service Px) or in "
                        "PX_PASSWORD; \"ccgate auth set\" stores it for ccgate");
}
