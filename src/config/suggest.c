/*
 * suggest: which key or word somebody may have meant.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

enum { WORD_MAX = 40 };

/* Upper case and the other ways to join words are no mistake worth counting. */
static char folded(char c)
{
    if (c == '-' || c == '.' || c == ' ')
        return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Edits (insert, drop, replace, swap of neighbours) that make a of b. */
static size_t distance(struct span a, struct span b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];

    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b.len; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *oldest = before;

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = folded(a.at[i - 1]);
            char y = folded(b.at[j - 1]);

            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == folded(b.at[j - 2]) &&
                y == folded(a.at[i - 2]) && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.len];
}

/* A mistake in every third letter is too much to guess. */
static size_t tolerance(struct span word)
{
    return word.len < 3 ? 0 : word.len < 6 ? 1 : word.len / 3;
}

/* What other programs call it. */
static const char *const aliases[][2] = {
    {"no_proxy", "noproxy"},
    {"http_proxy", "proxy"},
    {"https_proxy", "proxy"},
    {"all_proxy", "proxy"},
    {"upstream", "proxy"},
    {"parent", "proxy"},
    {"parentproxy", "proxy"},
    {"bypass", "noproxy"},
    {"pac_url", "pac"},
    {"autoconfig_url", "pac"},
    {"proxy_pac", "pac"},
    {"user", "username"},
    {"login", "username"},
    {"port", "listen"},
    {"bind", "listen"},
    {"address", "listen"},
    {"cafile", "tls.ca"},
    {"ca_file", "tls.ca"},
    {"ca_bundle", "tls.ca"},
    {"host", "url"},
    {"server", "url"},
    {"address", "url"},
    {"headers", "header"},
    {"logfile", "log.to"},
    {"loglevel", "log.level"},
    {"verbose", "log.level"},
    {"allowed_users", "allow_users"},
    {"max_sessions", "limit.sessions"},
    {"proxies", "proxy"},
    {"proxy", "via"},
    {"way", "via"},
    {"action", "via"},
    {"pattern", "host"},
    {"domain", "host"},
};

static bool in_table(const struct config_key *table, const char *path)
{
    for (; table->path != NULL; table++)
        if (strcmp(table->path, path) == 0)
            return true;
    return false;
}

static const char *alias(const struct config_key *table, struct span name)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (distance(name, span_of(aliases[i][0])) == 0 &&
            in_table(table, aliases[i][1]))
            return aliases[i][1];
    return NULL;
}

static struct span last_word(const char *path)
{
    struct span whole = span_of(path);
    size_t dot = span_find(whole, '.');

    return dot < whole.len ? span_skip(whole, dot + 1) : whole;
}

const char *schema_suggest(const struct config_key *table, struct span group,
                           struct span name)
{
    const char *best = alias(table, name);
    size_t best_edits = tolerance(name) + 1;

    if (best != NULL)
        return best;
    for (; table->path != NULL; table++) {
        struct span whole = span_of(table->path);
        struct span word = last_word(table->path);
        bool same_group = group.len > 0 && span_starts(whole, group) &&
                          whole.len == group.len + 1 + word.len;
        size_t edits = distance(name, whole);

        /* The last word alone will do in its own group, or if it fits exactly. */
        if (same_group || span_equal(name, word))
            edits = distance(name, word);
        if (edits < best_edits) {
            best = table->path;
            best_edits = edits;
        }
    }
    return best;
}

const char *config_suggest(const struct config_key *table, struct span name)
{
    return schema_suggest(table, (struct span){NULL, 0}, name);
}

const char *schema_advice(struct span name)
{
    static const char *const words[] = {"password", "passwd", "pass", "pw", "secret"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (distance(name, span_of(words[i])) == 0)
            return "put it into a file of its own: password_file";
    return NULL;
}

int choice_find(const char *choices, struct span word)
{
    struct span rest = span_of(choices);
    struct span choice;

    for (int i = 0; span_next(&rest, "|", &choice); i++)
        if (span_equal(choice, word) && !(word.at[0] >= 'A' && word.at[0] <= 'Z'))
            return i;
    return -1;
}

struct span choice_at(const char *choices, unsigned index)
{
    struct span rest = span_of(choices);
    struct span choice = {NULL, 0};

    for (unsigned i = 0; span_next(&rest, "|", &choice); i++)
        if (i == index)
            return choice;
    return (struct span){NULL, 0};
}

struct span choice_suggest(const char *choices, struct span word)
{
    struct span rest = span_of(choices);
    struct span choice;
    struct span best = {NULL, 0};
    size_t best_edits = (tolerance(word) > 0 ? tolerance(word) : 1) + 1;

    while (span_next(&rest, "|", &choice)) {
        size_t edits = distance(word, choice);

        if (span_starts_nocase(word, choice) && edits > 1)
            edits = 1; /* "warning", "information" */
        if (edits < best_edits) {
            best = choice;
            best_edits = edits;
        }
    }
    return best;
}
