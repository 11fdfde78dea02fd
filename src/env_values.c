/*
 * env_values: see env_values.h.
 */
#include "env_values.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_LIMIT (64 * 1024)

/* ---- the tools ---- */

static int list_tools(struct buf *messages)
{
    int error = 0;

    for (const struct tool *t = tool_table(); t->name != NULL && error == 0; t++)
        error = buf_printf(messages, "%s%s", t == tool_table() ? "" : ", ", t->name);
    return error;
}

static bool choose(struct env_sources *sources, const struct tool *tool)
{
    for (size_t i = 0; i < sources->tool_count; i++)
        if (sources->tools[i] == tool)
            return true;
    if (sources->tool_count == ENV_TOOLS)
        return false;
    sources->tools[sources->tool_count++] = tool;
    return true;
}

static bool choose_named(struct env_sources *sources, const char *names,
                         struct buf *messages)
{
    struct span rest = span_of(names);
    struct span name;

    while (span_next(&rest, ",", &name)) {
        const struct tool *tool = tool_find(span_trim(name));

        if (tool == NULL) {
            (void)buf_printf(messages, "--tool: there is no \"%.*s\"; there is ",
                             SPAN_ARG(name));
            (void)list_tools(messages);
            (void)buf_append_text(messages, "\n");
            return false;
        }
        if (!choose(sources, tool))
            return false;
    }
    return true;
}

bool env_choose_tools(struct env_sources *sources, const char *names,
                      struct buf *messages)
{
    if (names != NULL)
        return choose_named(sources, names, messages);
    for (const struct tool *t = tool_table(); t->name != NULL; t++)
        if (!t->on_request && !choose(sources, t))
            return false;
    return true;
}

/* ---- the hosts without a proxy ---- */

/* A name that has no meaning beyond itself in anybody's list. */
static bool is_plain(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-' ||
              *c == '.' || *c == '_'))
            return false;
    return name[0] != '\0';
}

static bool is_one_address(const struct netblock *block)
{
    return block->bits == (block->family == AF_INET ? 32 : 128);
}

static int put_address(const struct netblock *block, struct buf *out)
{
    char text[NETADDR_TEXT];
    struct netaddr addr = {.len = 0};

    if (block->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET};

        memcpy(&in.sin_addr, block->bytes, 4);
        netaddr_from_sockaddr(&addr, (const struct sockaddr *)&in, sizeof(in));
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

        memcpy(&in6.sin6_addr, block->bytes, 16);
        netaddr_from_sockaddr(&addr, (const struct sockaddr *)&in6, sizeof(in6));
    }
    netaddr_format_ip(&addr, text);
    return buf_printf(out, ",%s", text);
}

static int put_pattern(const struct pattern *p, struct buf *out)
{
    if (p->port != 0)
        return 0;
    if (p->kind == PATTERN_DOMAIN && is_plain(p->name))
        return buf_printf(out, ",%s,.%s", p->name, p->name);
    if (p->kind == PATTERN_NETWORK && is_one_address(&p->block))
        return put_address(&p->block, out);
    return 0;
}

int env_no_proxy(const struct config_patterns *noproxy, struct buf *out)
{
    int error = buf_append_text(out, "localhost,127.0.0.1,::1");

    for (size_t i = 0; noproxy != NULL && i < noproxy->count && error == 0; i++)
        error = put_pattern(&noproxy->pattern[i], out);
    return error;
}

/* ---- Java ---- */

/* The same hosts as Java writes them: "|" between them, "*.a.b", "[::1]". */
static int put_java_hosts(struct span hosts, struct buf *out)
{
    const char *between = "";
    struct span host;
    int error = 0;

    while (span_next(&hosts, ",", &host) && error == 0) {
        bool below = host.len > 0 && host.at[0] == '.';
        bool ipv6 = span_find(host, ':') < host.len;

        error = buf_printf(out, "%s%s%.*s%s", between,
                           below  ? "*"
                           : ipv6 ? "["
                                  : "",
                           SPAN_ARG(host), ipv6 ? "]" : "");
        between = "|";
    }
    return error;
}

static int put_java_proxy(const struct env_sources *s, struct buf *out)
{
    char host[NETADDR_TEXT];
    unsigned port = netaddr_port(s->proxy);
    struct buf hosts;
    int error;

    netaddr_format_ip(s->proxy, host);
    buf_init(&hosts, VALUE_LIMIT);
    error = env_no_proxy(s->noproxy, &hosts);
    if (error == 0)
        error = buf_printf(out,
                           "-Dhttp.proxyHost=%s -Dhttp.proxyPort=%u "
                           "-Dhttps.proxyHost=%s -Dhttps.proxyPort=%u "
                           "-Dhttp.nonProxyHosts=",
                           host, port, host, port);
    if (error == 0)
        error = put_java_hosts(buf_span(&hosts), out);
    buf_clear(&hosts);
    return error;
}

/* Java takes one kind of quotes inside of the other. */
static int put_java_trust(const struct env_sources *s, struct buf *out)
{
    const char *quote = "";
    int error;

    if (strpbrk(s->java_store, " '\"") != NULL)
        quote = strchr(s->java_store, '"') != NULL ? "'" : "\"";
    error = buf_printf(out, "%s%s-Djavax.net.ssl.trustStore=%s%s ",
                       out->len > 0 ? " " : "", quote, s->java_store, quote);
    if (error == 0)
        error = buf_append_text(out, "-Djavax.net.ssl.trustStoreType=PKCS12");
    return error;
}

/* Behind what is set already, once: the later of two properties counts. */
static int put_java(const struct env_sources *s, struct buf *out)
{
    struct span there = span_of(s->java_options);
    struct buf own;
    int error = 0;

    buf_init(&own, VALUE_LIMIT);
    if (s->proxy != NULL)
        error = put_java_proxy(s, &own);
    if (error == 0 && s->java_store != NULL)
        error = put_java_trust(s, &own);
    if (error == 0)
        error = buf_append_span(out, there);
    if (error == 0 && !span_ends_nocase(there, buf_span(&own))) {
        if (there.len > 0)
            error = buf_append_text(out, " ");
        if (error == 0)
            error = buf_append_span(out, buf_span(&own));
    }
    buf_clear(&own);
    return error;
}

/* ---- the values ---- */

static int put_value(const struct env_sources *s, enum tool_value value,
                     struct buf *out)
{
    char addr[NETADDR_TEXT];

    switch (value) {
    case TOOL_PROXY:
        netaddr_format(s->proxy, addr);
        return buf_printf(out, "http://%s", addr);
    case TOOL_NO_PROXY:
        return env_no_proxy(s->noproxy, out);
    case TOOL_ON:
        return buf_append_text(out, "1");
    case TOOL_CORP_ONLY:
        return buf_append_text(out, s->corp_only);
    case TOOL_BUNDLE:
        return buf_append_text(out, s->bundle);
    case TOOL_JAVA:
        return put_java(s, out);
    }
    return 0;
}

static bool has_source(const struct env_sources *s, enum tool_value value)
{
    switch (value) {
    case TOOL_CORP_ONLY:
        return s->corp_only != NULL;
    case TOOL_BUNDLE:
        return s->bundle != NULL;
    case TOOL_JAVA:
        return s->proxy != NULL || s->java_store != NULL;
    case TOOL_PROXY:
    case TOOL_NO_PROXY:
    case TOOL_ON:
        break;
    }
    return s->proxy != NULL;
}

static bool is_among(const struct env_values *values, const char *name)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->list[i].name, name) == 0)
            return true;
    return false;
}

static bool add_variable(struct env_values *values, const struct env_sources *s,
                         const struct tool_variable *v)
{
    struct env_variable *entry = &values->list[values->count];
    struct buf text;

    if (!has_source(s, v->value) || is_among(values, v->name))
        return true;
    if (values->count == ENV_VARIABLES)
        return false;
    buf_init(&text, VALUE_LIMIT);
    *entry = (struct env_variable){.name = v->name};
    if (put_value(s, v->value, &text) == 0)
        entry->value = span_dup(buf_span(&text));
    buf_clear(&text);
    values->count++;
    return entry->value != NULL;
}

static bool add_variables(struct env_values *values, const struct env_sources *s,
                          const struct tool_variable *v)
{
    bool added = true;

    for (; v->name != NULL && added; v++)
        added = add_variable(values, s, v);
    return added;
}

bool env_values_make(struct env_values *values, const struct env_sources *sources)
{
    bool made = true;

    values->count = 0;
    for (size_t i = 0; i < sources->tool_count && made; i++)
        if (sources->tools[i]->environment)
            made = add_variables(values, sources, tool_proxy_variables());
    for (size_t i = 0; i < sources->tool_count && made; i++)
        made = add_variables(values, sources, sources->tools[i]->variables);
    return made;
}

void env_values_clear(struct env_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        free(values->list[i].value);
    values->count = 0;
}
