/*
 * import_cntlm: cntlm.conf, whose lines are a keyword, blanks and a value.
 */
#include <string.h>

#include "import.h"

/* What is collected before it can be understood as a whole. */
struct cntlm {
    struct import *import;
    bool gateway;
    struct span password, nt, v2;
};

struct keyword {
    const char *name;
    void (*take)(struct cntlm *c, const struct keyword *k, struct span value);
    enum import_key key;
    const char *why; /* it cannot be carried over */
};

static void take_value(struct cntlm *c, const struct keyword *k, struct span value)
{
    import_value(c->import, k->key, k->name, value);
}

static void take_list(struct cntlm *c, const struct keyword *k, struct span value)
{
    import_list(c->import, k->key, k->name, value, ", ");
}

static void take_note(struct cntlm *c, const struct keyword *k, struct span value)
{
    (void)value; /* it may hold a password */
    import_note(c->import, "%s: %s", k->name, k->why);
}

/* [addr:]port */
static void take_listen(struct cntlm *c, const struct keyword *k, struct span value)
{
    size_t colon = value.len;

    while (colon > 0 && value.at[colon - 1] != ':')
        colon--;
    import_listen(c->import, k->name,
                  (struct span){value.at, colon > 0 ? colon - 1 : 0},
                  span_skip(value, colon));
}

static void take_gateway(struct cntlm *c, const struct keyword *k, struct span value)
{
    (void)k;
    c->gateway = import_truth(value);
}

static void take_auth(struct cntlm *c, const struct keyword *k, struct span value)
{
    if (span_equal_nocase(value, SPAN("gss"))) {
        import_value(c->import, k->key, k->name, SPAN("negotiate"));
        return;
    }
    if (!span_equal_nocase(value, SPAN("ntlmv2")))
        import_note(c->import,
                    "%s %.*s: the forms of NTLM before NTLMv2 are not spoken; "
                    "NTLMv2 is used",
                    k->name, SPAN_ARG(value));
    import_value(c->import, k->key, k->name, SPAN("ntlm"));
}

static void take_password(struct cntlm *c, const struct keyword *k, struct span value)
{
    (void)k;
    c->password = value;
}

/* `cntlm -H` prints a comment behind the digits, which is often pasted with them. */
static struct span first_word(struct span value)
{
    size_t end = 0;

    while (end < value.len && value.at[end] != ' ' && value.at[end] != '\t')
        end++;
    return (struct span){value.at, end};
}

static void take_nt(struct cntlm *c, const struct keyword *k, struct span value)
{
    (void)k;
    c->nt = first_word(value);
}

static void take_v2(struct cntlm *c, const struct keyword *k, struct span value)
{
    (void)k;
    c->v2 = first_word(value);
}

static const struct keyword KEYWORDS[] = {
    {"Username", take_value, IMPORT_USERNAME, NULL},
    {"Domain", take_value, IMPORT_DOMAIN, NULL},
    {"Workstation", take_value, IMPORT_WORKSTATION, NULL},
    {"Password", take_password, IMPORT_COUNT, NULL},
    {"PassNT", take_nt, IMPORT_COUNT, NULL},
    {"PassNTLMv2", take_v2, IMPORT_COUNT, NULL},
    {"PassLM", take_note, IMPORT_COUNT,
     "left out: it is good for LM and NTLMv1 only, which ccgate does not speak"},
    {"Proxy", take_value, IMPORT_PROXY, NULL},
    {"NoProxy", take_list, IMPORT_NOPROXY, NULL},
    {"Listen", take_listen, IMPORT_LISTEN, NULL},
    {"Gateway", take_gateway, IMPORT_COUNT, NULL},
    {"Allow", take_value, IMPORT_ALLOW, NULL},
    {"Deny", take_note, IMPORT_COUNT,
     "left out: whatever `allow` does not name is denied"},
    {"Auth", take_auth, IMPORT_AUTH, NULL},
    {"Header", take_value, IMPORT_HEADER, NULL},
    {"Flags", take_note, IMPORT_COUNT,
     "left out: the flags of NTLMv2 are always right, and the same"},
    {"Tunnel", take_note, IMPORT_COUNT,
     "ccgate has no fixed tunnels: programs ask for them with CONNECT"},
    {"SOCKS5Proxy", take_note, IMPORT_COUNT,
     "there is no SOCKS listener: programs use the HTTP proxy"},
    {"SOCKS5User", take_note, IMPORT_COUNT,
     "there is no SOCKS listener; callers are told apart by their uid"},
    {"NTLMToBasic", take_note, IMPORT_COUNT,
     "callers need no login: ccgate uses that of its own user"},
    {"Pac", take_note, IMPORT_COUNT,
     "PAC files are not read yet: name the proxies in `proxy`"},
    {"PacFile", take_note, IMPORT_COUNT,
     "PAC files are not read yet: name the proxies in `proxy`"},
    {"ISAScannerSize", take_note, IMPORT_COUNT,
     "answers of scanners are passed on as they are"},
    {"ISAScannerAgent", take_note, IMPORT_COUNT,
     "answers of scanners are passed on as they are"},
};

enum { KEYWORD_COUNT = sizeof(KEYWORDS) / sizeof(KEYWORDS[0]) };

/* The keyword and the value of a line; false for a comment or nothing. */
static bool take_apart(struct span line, struct span *word, struct span *value)
{
    line = span_trim(line);
    while (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    line = span_trim(line);
    if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';')
        return false;
    *word = line;
    word->len = span_find(line, ' ');
    if (span_find(line, '\t') < word->len)
        word->len = span_find(line, '\t');
    *value = span_trim(span_skip(line, word->len));
    if (value->len >= 2 && value->at[0] == '"' && value->at[value->len - 1] == '"')
        *value = (struct span){value->at + 1, value->len - 2};
    return true;
}

static const struct keyword *keyword_of(struct span word)
{
    for (size_t i = 0; i < KEYWORD_COUNT; i++)
        if (span_equal_nocase(word, span_of(KEYWORDS[i].name)))
            return &KEYWORDS[i];
    return NULL;
}

bool import_is_cntlm(struct span text)
{
    struct span line, word, value;

    while (span_next(&text, "\n", &line))
        if (take_apart(line, &word, &value))
            return keyword_of(word) != NULL && value.len > 0 && value.at[0] != '=' &&
                   value.at[0] != ':';
    return false;
}

static void take_line(struct cntlm *c, struct span word, struct span value)
{
    const struct keyword *k = keyword_of(word);

    if (k == NULL)
        import_note(c->import, "%.*s: unknown", SPAN_ARG(word));
    else if (value.len == 0)
        import_note(c->import, "%s: without a value", k->name);
    else
        k->take(c, k, value);
}

void import_cntlm(struct import *import, struct span text)
{
    struct cntlm c = {.import = import};
    struct span line, word, value;

    while (span_next(&text, "\n", &line)) {
        import->line++;
        if (take_apart(line, &word, &value))
            take_line(&c, word, value);
    }
    import->line = 0;
    if (c.password.len > 0)
        import_secret(import, "Password", CONFIG_PASSWORD_PLAIN, c.password);
    if (c.nt.len > 0)
        import_secret(import, "PassNT", CONFIG_PASSWORD_NT_HASH, c.nt);
    if (c.v2.len > 0)
        import_secret(import, "PassNTLMv2", CONFIG_PASSWORD_NTLMV2_HASH, c.v2);
    if (c.gateway)
        import_note(
            import,
            "Gateway yes: to serve other machines, add \":PORT\" to `listen` and "
            "their networks to `allow`");
}
