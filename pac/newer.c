/*
 * newer: finds the JavaScript in a script that an engine of ES5 does not know.
 *
 * A scanner, not a parser: it looks at tokens and the one or two before them.
 */
#include "pac/newer.h"

#include <string.h>

struct scanner {
    struct span rest;
    uint32_t line;
    struct span word; /* the last token, if it was a word */
    char last;        /* the last token's last byte; 0: none yet */
    enum { BODY, FOR_HEAD, PARAMETERS } head; /* which parentheses we are in */
    int depth;                                /* of them that are open since then */
    bool function; /* `function` was seen, its parameters are next */
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static char at(const struct scanner *s, size_t i)
{
    return i < s->rest.len ? s->rest.at[i] : '\0';
}

static void step(struct scanner *s, size_t n)
{
    for (size_t i = 0; i < n && i < s->rest.len; i++)
        s->line += s->rest.at[i] == '\n';
    s->rest = span_skip(s->rest, n);
}

static void skip_blanks(struct scanner *s)
{
    while (s->rest.len > 0 && at(s, 0) > 0 && at(s, 0) <= ' ')
        step(s, 1);
}

static bool skip_comment(struct scanner *s)
{
    if (at(s, 0) != '/' || (at(s, 1) != '/' && at(s, 1) != '*'))
        return false;
    if (at(s, 1) == '/') {
        step(s, span_find(s->rest, '\n'));
        return true;
    }
    step(s, 2);
    while (s->rest.len > 0 && !(at(s, 0) == '*' && at(s, 1) == '/'))
        step(s, 1);
    step(s, 2);
    return true;
}

/*
 * A string or a regular expression, up to `end` or, for both, the end of the line.
 * Returns whether it has an end.
 */
static bool skip_quoted(struct scanner *s, char end)
{
    bool in_class = false;

    step(s, 1);
    while (s->rest.len > 0 && at(s, 0) != '\n' && (in_class || at(s, 0) != end)) {
        if (end == '/' && at(s, 0) == '[')
            in_class = true;
        else if (at(s, 0) == ']')
            in_class = false;
        step(s, at(s, 0) == '\\' ? 2 : 1);
    }
    if (at(s, 0) != end)
        return false;
    step(s, 1);
    return true;
}

/* The flags of a regular expression, behind it. */
static const char *judge_flags(struct scanner *s)
{
    static const struct {
        char flag;
        const char *says;
    } flags[] = {
        {'s', "the flag `s` of a regular expression"},
        {'u', "the flag `u` of a regular expression"},
        {'v', "the flag `v` of a regular expression"},
        {'y', "the flag `y` of a regular expression"},
        {'d', "the flag `d` of a regular expression"},
    };
    const char *found = NULL;

    for (; is_word(at(s, 0)); step(s, 1))
        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
            if (found == NULL && at(s, 0) == flags[i].flag)
                found = flags[i].says;
    return found;
}

/* Whether a '/' here begins a regular expression: not behind a value. */
static bool regexp_may_begin(const struct scanner *s)
{
    if (s->last == 0)
        return true;
    if (s->word.len > 0)
        return span_equal(s->word, SPAN("return")) ||
               span_equal(s->word, SPAN("typeof")) || span_equal(s->word, SPAN("case"));
    return strchr(")]}'\"", s->last) == NULL;
}

static const char *judge_number(struct span word)
{
    if (span_find(word, '_') < word.len)
        return "`_` in a number";
    return word.at[word.len - 1] == 'n' ? "a BigInt" : NULL;
}

/* Keywords that newer JavaScript has, with what must follow for them to be meant. */
static const char *judge_word(struct scanner *s, struct span word)
{
    static const struct {
        const char *word;
        const char *says;
    } words[] = {
        {"let", "`let`"},       {"class", "`class`"}, {"import", "`import`"},
        {"export", "`export`"}, {"async", "`async`"}, {"await", "`await`"},
    };
    struct scanner ahead = *s;
    bool opens;

    if (word.at[0] >= '0' && word.at[0] <= '9')
        return judge_number(word);
    if (s->last == '.')
        return NULL;
    skip_blanks(&ahead);
    opens = at(&ahead, 0) == '{' || at(&ahead, 0) == '[';
    if (at(&ahead, 0) == '*' && span_equal(word, SPAN("function")))
        return "a generator (`function*`)";
    if (span_equal(word, SPAN("of")) && s->head == FOR_HEAD && s->word.len > 0)
        return "`for (... of ...)`";
    if (opens && (span_equal(word, SPAN("var")) || span_equal(word, SPAN("const"))))
        return "destructuring";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!span_equal(word, span_of(words[i].word)))
            continue;
        if (is_word(at(&ahead, 0)) || opens)
            return words[i].says;
    }
    return NULL;
}

static const char *judge_sign(const struct scanner *s)
{
    if (at(s, 0) == '`')
        return "a template string";
    if (at(s, 0) == '=' && at(s, 1) == '>')
        return "an arrow function";
    if (at(s, 0) == '.' && at(s, 1) == '.' && at(s, 2) == '.')
        return "`...` (spread)";
    if (at(s, 0) == '?' && at(s, 1) == '?')
        return "`\?\?`";
    /* "a ?.5 : b" is a condition. */
    if (at(s, 0) == '?' && at(s, 1) == '.' && !(at(s, 2) >= '0' && at(s, 2) <= '9'))
        return "`?.`";
    if (at(s, 0) == '=' && s->head == PARAMETERS)
        return "a default of a parameter";
    return NULL;
}

static void count_parentheses(struct scanner *s, char c)
{
    if (c == '(' && s->depth == 0) {
        s->head = span_equal(s->word, SPAN("for")) ? FOR_HEAD
                  : s->function                    ? PARAMETERS
                                                   : BODY;
        s->function = false;
    }
    if (s->head == BODY)
        return;
    if (c == '(')
        s->depth++;
    else if (c == ')' && --s->depth == 0)
        s->head = BODY;
}

/* One token. Returns what is newer about it. */
static const char *scan(struct scanner *s)
{
    const char *found;
    size_t n = 0;

    while (is_word(at(s, n)))
        n++;
    if (n > 0) {
        struct span word = {s->rest.at, n};

        step(s, n);
        found = judge_word(s, word);
        s->function = s->function || span_equal(word, SPAN("function"));
        s->word = word;
        s->last = word.at[n - 1];
        return found;
    }
    found = judge_sign(s);
    if (found != NULL)
        return found;
    count_parentheses(s, at(s, 0));
    if (at(s, 0) == '/' && regexp_may_begin(s)) {
        s->last = ')';
        if (skip_quoted(s, '/'))
            found = judge_flags(s);
    } else if (at(s, 0) == '"' || at(s, 0) == '\'') {
        s->last = at(s, 0);
        (void)skip_quoted(s, at(s, 0));
    } else {
        s->last = at(s, 0);
        step(s, 1);
    }
    s->word = SPAN("");
    return found;
}

const char *newer_syntax(struct span script, uint32_t last_line, uint32_t *line)
{
    struct scanner s = {.rest = script, .line = 1, .word = SPAN("")};

    for (;;) {
        const char *found;

        skip_blanks(&s);
        if (skip_comment(&s))
            continue;
        if (s.rest.len == 0 || (last_line != 0 && s.line > last_line))
            return NULL;
        *line = s.line;
        found = scan(&s);
        if (found != NULL)
            return found;
    }
}

/* The first word in quotes: Duktape says 'x' is undefined. */
static struct span quoted_word(struct span message)
{
    struct span word = span_skip(message, span_find(message, '\'') + 1);

    word.len = span_find(word, '\'');
    return word;
}

const char *newer_name(struct span message)
{
    static const char *const names[][2] = {
        {"Map", "`Map`"},
        {"Set", "`Set`"},
        {"WeakMap", "`WeakMap`"},
        {"WeakSet", "`WeakSet`"},
        {"Promise", "`Promise`"},
        {"BigInt", "`BigInt`"},
        {"Intl", "`Intl`"},
        {"includes", "`includes()`"},
        {"find", "`find()`"},
        {"findIndex", "`findIndex()`"},
        {"fill", "`fill()`"},
        {"padStart", "`padStart()`"},
        {"flat", "`flat()`"},
        {"flatMap", "`flatMap()`"},
        {"matchAll", "`matchAll()`"},
        {"replaceAll", "`replaceAll()`"},
        {"fromEntries", "`fromEntries()`"},
        {"trimStart", "`trimStart()`"},
        {"trimEnd", "`trimEnd()`"},
        {"globalThis", "`globalThis`"},
    };
    struct span word = quoted_word(message);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_equal(word, span_of(names[i][0])))
            return names[i][1];
    }
    return NULL;
}
