/*
 * challenge: the challenges of Proxy-Authenticate values. See challenge.h.
 */
#include "auth/challenge.h"

#include <string.h>

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static struct span first(struct span s, size_t n)
{
    return (struct span){s.at, n};
}

static struct span skip_blanks(struct span s)
{
    while (s.len > 0 && is_one_of(s.at[0], " \t"))
        s = span_skip(s, 1);
    return s;
}

/* RFC 9110 section 5.6.2 */
static size_t token_length(struct span s)
{
    size_t n = 0;

    while (n < s.len && (is_alnum(s.at[n]) || is_one_of(s.at[n], "!#$%&'*+-.^_`|~")))
        n++;
    return n;
}

/* RFC 9110 section 11.2 */
static bool is_token68(struct span s)
{
    size_t n = 0;

    while (n < s.len && (is_alnum(s.at[n]) || is_one_of(s.at[n], "-._~+/")))
        n++;
    if (n == 0)
        return false;
    while (n < s.len && s.at[n] == '=')
        n++;
    return n == s.len;
}

/* What stands before the next comma outside of a quoted string, trimmed. */
static struct span cut_element(struct span *rest)
{
    bool quoted = false;
    struct span element;
    size_t n = 0;

    for (; n < rest->len && (quoted || rest->at[n] != ','); n++) {
        if (rest->at[n] == '"')
            quoted = !quoted;
        else if (quoted && rest->at[n] == '\\' && n + 1 < rest->len)
            n++;
    }
    element = first(*rest, n);
    *rest = span_skip(*rest, n + 1);
    return span_trim(element);
}

/*
 * "scheme" or "scheme something"; but "name = value" is a parameter, also with blanks
 * around its equals sign. *behind is what follows the scheme.
 */
static bool starts_challenge(struct span element, struct span *scheme,
                             struct span *behind)
{
    size_t n = token_length(element);
    struct span after = span_skip(element, n);

    *scheme = first(element, n);
    *behind = skip_blanks(after);
    if (n == 0 || (after.len > 0 && behind->len == after.len))
        return false;
    return behind->len == 0 || behind->at[0] != '=';
}

/* The view that starts where a starts and ends where b ends; both are of one value. */
static struct span joined(struct span a, struct span b)
{
    return a.len == 0 ? b : first(a, (size_t)(b.at - a.at) + b.len);
}

bool challenge_next(struct span *rest, struct challenge *challenge)
{
    struct span element, scheme, behind, next;

    do {
        if (rest->len == 0)
            return false;
        element = cut_element(rest);
    } while (!starts_challenge(element, &challenge->scheme, &challenge->parameters));
    challenge->token68 = is_token68(challenge->parameters);

    /* Whatever does not start a challenge of its own belongs to this one. */
    for (next = *rest; next.len > 0; *rest = next) {
        element = cut_element(&next);
        if (starts_challenge(element, &scheme, &behind))
            break;
        if (element.len > 0 && !challenge->token68)
            challenge->parameters = joined(challenge->parameters, element);
    }
    return true;
}

static struct span unquoted(struct span value)
{
    size_t n = 1;

    if (value.len == 0 || value.at[0] != '"')
        return value;
    while (n < value.len && value.at[n] != '"')
        n += value.at[n] == '\\' ? 2 : 1;
    return span_skip(first(value, n < value.len ? n : value.len), 1);
}

bool challenge_parameter(const struct challenge *challenge, struct span name,
                         struct span *value)
{
    struct span rest = challenge->parameters;

    if (challenge->token68)
        return false;
    while (rest.len > 0) {
        struct span element = cut_element(&rest);
        size_t n = token_length(element);
        struct span behind = skip_blanks(span_skip(element, n));

        if (behind.len == 0 || behind.at[0] != '=' ||
            !span_equal_nocase(first(element, n), name))
            continue;
        *value = unquoted(skip_blanks(span_skip(behind, 1)));
        return true;
    }
    return false;
}
