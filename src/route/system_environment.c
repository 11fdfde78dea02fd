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
};

static bool is_wanted(struct span name, bool settings)
{
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct span pattern = span_of(wanted[i].name);
        bool fits = span_equal(name, pattern);

        if (pattern.at[pattern.len - 1] == '*')
            fits = span_starts(name, (struct span){pattern.at, pattern.len - 1});
        if (fits)
            return settings || wanted[i].part == PART_FETCH;
    }
    return false;
}

char **system_environment(char *const *variables, bool settings)
{
    size_t count = 1, bytes = 0, n = 0;
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

        if (name.len == variable.len || !is_wanted(name, settings))
            continue;
        made[n++] = memcpy(text, *v, variable.len + 1);
        text += variable.len + 1;
    }
    made[n] = NULL;
    return made;
}
