/*
 * gnome: the proxy settings of GNOME and of the desktops that keep theirs where it does
 * (org.gnome.system.proxy), as gsettings(1) prints them. See desktop.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pac/desktop.h"
#include "pac/run.h"
#include "pac/settings_text.h"

#define SCHEMA      "org.gnome.system.proxy"
#define SOURCE      "GNOME (" SCHEMA ")"
#define PRINT_LIMIT 65536

typedef bool parser(struct span text, struct buf *out);

enum asked {
    ASKED_VALUE,
    ASKED_ABSENT, /* there is no gsettings, or no schema */
    ASKED_FAILED, /* it broke, and nobody knows whether there are settings */
    ASKED_JUNK,   /* there are settings, but what it says is none */
};

/* ---- gsettings ---- */

/* "No such schema", or none at all: in the C locale, which these messages are in. */
static bool has_no_schema(const char *const *argv)
{
    struct buf errors;
    bool none;

    buf_init(&errors, PRINT_LIMIT);
    none = run_capture_errors(argv, &errors) > 0 &&
           (span_starts(buf_span(&errors), SPAN("No such schema")) ||
            span_starts(buf_span(&errors), SPAN("No schemas installed")));
    buf_clear(&errors);
    return none;
}

static enum asked gsettings(const char *key, parser *parse, struct buf *out)
{
    const char *argv[] = {"gsettings", "get", SCHEMA, key, NULL};
    enum asked asked = ASKED_FAILED;
    struct buf printed;
    int status;

    buf_reset(out);
    buf_init(&printed, PRINT_LIMIT);
    (void)setenv("LC_ALL", "C", 1);
    status = run_capture(argv, &printed);
    if (status == 0)
        asked = parse(buf_span(&printed), out) ? ASKED_VALUE : ASKED_JUNK;
    else if (status == -ENOENT || (status > 0 && has_no_schema(argv)))
        asked = ASKED_ABSENT;
    buf_clear(&printed);
    return asked;
}

/* Whether the schema is there, for when gsettings cannot be asked. */
static bool is_installed(void)
{
    const char *folders = desktop_variable("XDG_DATA_DIRS");
    struct span rest =
        span_of(folders != NULL ? folders : "/usr/local/share:/usr/share");
    struct span folder;
    char path[4096];

    while (span_next(&rest, ":", &folder)) {
        int n =
            snprintf(path, sizeof(path), "%.*s/glib-2.0/schemas/" SCHEMA ".gschema.xml",
                     SPAN_ARG(folder));

        if (n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* ---- the settings ---- */

static bool say_auto(struct desktop *d, struct buf *value)
{
    if (gsettings("autoconfig-url", settings_gvariant, value) != ASKED_VALUE)
        return desktop_fail(d, SOURCE,
                            "mode is auto, but gsettings does not tell autoconfig-url");
    if (value->len > 0)
        return desktop_say(d, SYSTEM_PAC_URL, SOURCE, buf_span(value));
    return desktop_say(d, SYSTEM_DETECT, SOURCE, SPAN("mode is auto without a URL"));
}

/*
 * "none" says nothing: it is what is there before anybody chose, and what gsettings
 * prints when its database is broken.
 */
static bool take_mode(struct desktop *d, struct buf *value)
{
    struct span mode = buf_span(value);

    if (span_equal(mode, SPAN("none")))
        return false;
    if (span_equal(mode, SPAN("auto")))
        return say_auto(d, value);
    if (!span_equal(mode, SPAN("manual")))
        return desktop_fail(d, SOURCE, "mode is \"%.*s\", which is unknown",
                            (int)(mode.len < 40 ? mode.len : 40), mode.at);
    d->manual = DESKTOP_MANUAL_GNOME;
    d->by_url = true;
    /* All other desktops that keep it there are strangers to libproxy. */
    (void)setenv("DESKTOP_SESSION", "gnome", 1);
    return false;
}

bool gnome_ask(struct desktop *d, bool here)
{
    struct buf value;
    bool said = false;

    buf_init(&value, SYSTEM_TEXT_LIMIT);
    switch (gsettings("mode", settings_gvariant, &value)) {
    case ASKED_VALUE:
        said = take_mode(d, &value);
        break;
    case ASKED_ABSENT:
        break;
    case ASKED_FAILED:
        if (here || is_installed())
            said = desktop_fail(d, SOURCE,
                                "gsettings fails when it is asked for the mode");
        break;
    case ASKED_JUNK:
        said = desktop_fail(d, SOURCE, "gsettings prints what is no mode");
        break;
    }
    buf_clear(&value);
    return said;
}

void gnome_account(struct desktop *d, const char *url, const char *why)
{
    struct span entry;
    struct buf list;
    char text[300];

    buf_init(&list, PRINT_LIMIT);
    if (gsettings("ignore-hosts", settings_gvariant_list, &list) != ASKED_VALUE) {
        (void)desktop_fail(
            d, SOURCE,
            "mode is manual, but %s, and gsettings does not tell ignore-hosts", why);
        goto out;
    }
    entry = desktop_exception(buf_span(&list), url, false);
    if (entry.len > 0) {
        (void)snprintf(text, sizeof(text), "ignore-hosts has %.*s",
                       (int)(entry.len < 255 ? entry.len : 255), entry.at);
        (void)desktop_say(d, SYSTEM_DIRECT, SOURCE, span_of(text));
        goto out;
    }
    (void)desktop_fail(
        d, SOURCE,
        "mode is manual, but %s: either no proxy is entered for this URL, or libproxy's "
        "plugin for these settings is missing (libproxy1-plugin-gsettings)",
        why);
out:
    buf_clear(&list);
}
