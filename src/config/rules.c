/*
 * rules: the entries of `rules`, a map each, or in one text as in "HOST WAY WHEN".
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#define VIA_CHOICES  "direct|refuse"
#define WHEN_CHOICES "before|after"
#define BLANKS       " \t"

enum { RULE_HOST, RULE_VIA, RULE_WHEN, RULE_FIELDS };

/* ---- the hosts ---- */

static void take_host(struct build *b, const struct node *at, struct span text,
                      struct config_rule *rule)
{
    if (at->kind == NODE_VOID)
        return;
    if (at->kind != NODE_SCALAR || text.len == 0 || node_is_null(at))
        report_error(b->report, at,
                     "a host is needed here, as in \"*.example.com\" or 10.0.0.0/8");
    else
        build_patterns(b, at, text, &rule->host);
}

static void take_hosts(struct build *b, const struct node *value,
                       struct config_rule *rule)
{
    if (value->kind != NODE_LIST) {
        take_host(b, value, node_span(value), rule);
        return;
    }
    if (value->first == NULL)
        report_error(b->report, value, "this rule is for no host");
    for (const struct node *item = value->first; item != NULL; item = item->next)
        if (!report_full(b->report))
            take_host(b, item, node_span(item), rule);
}

/* ---- the way ---- */

/* Without a dot, a port or a scheme, it was hardly meant for a proxy. */
static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(".:/[", text.at[i]) != NULL)
            return false;
    return true;
}

/* A word of VIA_CHOICES; false: it is something else, which may have been reported. */
static bool take_word(struct build *b, const struct node *at, struct span text,
                      struct config_rule *rule)
{
    struct span meant;
    char shown[QUOTE_SIZE];
    int index = -1;

    for (unsigned i = 0; i < 2; i++)
        if (span_equal_nocase(choice_at(VIA_CHOICES, i), text))
            index = (int)i;
    if (index >= 0) {
        rule->via = index == 0 ? CONFIG_VIA_DIRECT : CONFIG_VIA_REFUSE;
        return true;
    }
    if (!is_word(text))
        return false;
    meant = choice_suggest(VIA_CHOICES, text);
    report_error(b->report, at,
                 "\"%s\" is neither direct nor refuse, nor the URL of a proxy",
                 quote(text, shown));
    if (meant.len > 0)
        report_help(b->report, "did you mean \"%.*s\"?", SPAN_ARG(meant));
    return true;
}

static void take_proxy(struct build *b, const struct node *at, struct span text,
                       struct config_rule *rule)
{
    size_t before = b->config->rule_proxy_count;

    if (at->kind == NODE_VOID)
        return;
    if (at->kind == NODE_LIST ||
        (at->kind == NODE_SCALAR && (text.len == 0 || node_is_null(at)))) {
        report_error(b->report, at,
                     "direct, refuse or the URL of a proxy is needed here");
        return;
    }
    build_rule_proxy(b, at, text);
    rule->count += b->config->rule_proxy_count - before;
}

static void take_via(struct build *b, const struct node *value, struct span text,
                     struct config_rule *rule)
{
    rule->first = b->config->rule_proxy_count;
    if (value->kind == NODE_SCALAR && text.len > 0 && !node_is_null(value) &&
        take_word(b, value, text, rule))
        return;
    if (value->kind != NODE_LIST) {
        take_proxy(b, value, text, rule);
        return;
    }
    if (value->first == NULL)
        report_error(b->report, value, "this rule names no way");
    for (const struct node *item = value->first; item != NULL; item = item->next)
        if (!report_full(b->report))
            take_proxy(b, item, node_span(item), rule);
}

/* ---- the rule ---- */

static void take_map(struct build *b, const struct node *map, struct config_rule *rule)
{
    const struct node *field[RULE_FIELDS] = {NULL};

    build_fields(b, schema_rule_keys, "a rule", map, field);
    if (field[RULE_HOST] == NULL)
        report_error(b->report, map, "this rule has no host");
    else
        take_hosts(b, field[RULE_HOST], rule);
    if (field[RULE_VIA] == NULL)
        report_error(b->report, map, "this rule has no via: direct, refuse or a proxy");
    else
        take_via(b, field[RULE_VIA], node_span(field[RULE_VIA]), rule);
    if (field[RULE_WHEN] != NULL)
        build_plain(b, &schema_rule_keys[RULE_WHEN], field[RULE_WHEN], rule);
}

static void take_when(struct build *b, const struct node *at, struct span text,
                      struct config_rule *rule)
{
    int index = choice_find(WHEN_CHOICES, text);
    char shown[QUOTE_SIZE];

    if (index < 0)
        report_error(b->report, at, "\"%s\" is none of " WHEN_CHOICES,
                     quote(text, shown));
    else
        rule->when = (enum config_when)index;
}

static void take_text(struct build *b, const struct node *at, struct config_rule *rule)
{
    struct span word[RULE_FIELDS + 1];
    struct span rest = node_span(at);
    size_t count = 0;

    while (count <= RULE_FIELDS && span_next(&rest, BLANKS, &word[count]))
        if (word[count].len > 0)
            count++;
    if (count < 2 || count > RULE_FIELDS) {
        report_error(
            b->report, at,
            "a rule is written as \"HOST WAY\", as in \"*.example.com direct\"");
        return;
    }
    take_host(b, at, word[RULE_HOST], rule);
    take_via(b, at, word[RULE_VIA], rule);
    if (count > RULE_WHEN)
        take_when(b, at, word[RULE_WHEN], rule);
}

static void keep(struct build *b, struct config_rule *rule)
{
    struct config *c = b->config;
    struct config_rule *larger = build_grow(b, c->rule, c->rule_count, sizeof(*rule));

    if (larger == NULL)
        return;
    c->rule = larger;
    larger[c->rule_count++] = *rule;
    *rule = (struct config_rule){.count = 0}; /* now the config's */
}

void build_rule(struct build *b, const struct node *item)
{
    struct config_rule rule = {.via = CONFIG_VIA_PROXY};
    unsigned before = b->report->errors;

    if (item->kind == NODE_MAP)
        take_map(b, item, &rule);
    else
        take_text(b, item, &rule);
    if (b->report->errors == before && rule.host.count == 0)
        report_error(b->report, item, "this rule is for no host");
    if (b->report->errors == before && !b->report->no_memory)
        keep(b, &rule);
    rule_clear(&rule);
}
