/*
 * system_environment: see system_environment.h.
 */
#include "route/system_environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

enum part {
    PART_FETCH,    /* for every question */
    PART_SETTINGS, /* for those about settings */
    PART_PROXY,    /* likewise; holds URLs that may have a password */
};

static const struct {
    const char *name; /* with a '*': all that begin so */
    enum part part;
} wanted[] = {
    {"PATH", PART_FETCH},
    {"HOME", PART_FETCH},
    {"LANG", PART_FETCH},
    {"TZ", PART_FETCH},
    {"SSL_CERT_FILE", PART_FETCH},
    {"SSL_CERT_DIR", PART_FETCH},
    {"XDG_*", PART_SETTINGS},
    {"DBUS_SESSION_BUS_ADDRESS", PART_SETTINGS},
    {"DESKTOP_SESSION", PART_SETTINGS},
    {"KDE_*", PART_SETTINGS},
    {"GSETTINGS_*", PART_SETTINGS},
    {"PX_*", PART_SETTINGS}, /* of libproxy itself */
    {"no_proxy", PART_SETTINGS},
    {"NO_PROXY", PART_SETTINGS},
    {"http_proxy", PART_PROXY},
    {"HTTP_PROXY", PART_PROXY},
    {"https_proxy", PART_PROXY},
    {"HTTPS_PROXY", PART_PROXY},
    {"all_proxy", PART_PROXY},
    {"ALL_PROXY", PART_PROXY},
};

static bool is_wanted(struct span name, bool settings, enum part *part)
{
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct span pattern = span_of(wanted[i].name);
        bool fits = span_equal(name, pattern);

        if (pattern.at[pattern.len - 1] == '*')
            fits = span_starts(name, (struct span){pattern.at, pattern.len - 1});
        *part = wanted[i].part;
        if (fits)
            return settings || *part == PART_FETCH;
    }
    return false;
}

/* Where the userinfo of a URL, or of "user:password@host:port", is. */
static struct span userinfo(struct span value)
{
    struct span rest = value;
    size_t end = 0, n;

    for (size_t i = 0; i + 3 <= value.len; i++)
        if (memcmp(value.at + i, "://", 3) == 0) {
            rest = span_skip(value, i + 3);
            break;
        }
    /*
     * A '/' in a password that is not written as %2F would end it too soon, but behind
     * the name of a PAC server a '@' means nothing.
     */
    if (span_starts_nocase(value, SPAN("pac+")))
        rest.len = span_find(rest, '/');
    for (n = 0; n < rest.len; n++)
        if (rest.at[n] == '@')
            end = n + 1;
    return (struct span){rest.at, end};
}

static size_t put(char *to, struct span variable, enum part part)
{
    size_t name = span_find(variable, '=') + 1;
    struct span out = {variable.at + variable.len, 0};
    size_t before, after;

    if (part == PART_PROXY)
        out = userinfo(span_skip(variable, name));
    before = (size_t)(out.at - variable.at);
    after = variable.len - before - out.len;
    memcpy(to, variable.at, before);
    memcpy(to + before, out.at + out.len, after);
    to[before + after] = '\0';
    return before + after + 1;
}

char **system_environment(char *const *variables, bool settings)
{
    size_t count = 1, bytes = 0, n = 0;
    enum part part;
    char **made;
    char *text;

    for (char *const *v = variables; v != NULL && *v != NULL; v++) {
        count++;
        bytes += strlen(*v) + 1;
    }
    made = malloc(count * sizeof(*made) + bytes);
    if (made == NULL)
        return NULL;
    text = (char *)(made + count);
    for (char *const *v = variables; v != NULL && *v != NULL; v++) {
        struct span variable = span_of(*v);
        struct span name = {*v, span_find(variable, '=')};

        if (name.len == variable.len || !is_wanted(name, settings, &part))
            continue;
        made[n++] = text;
        text += put(text, variable, part);
    }
    made[n] = NULL;
    return made;
}
