/*
 * desktop_rig: what ccgate-system asks, in a folder of the test's own: programs, KDE's
 * file, leases.
 */
#ifndef CCGATE_TESTS_UNIT_DESKTOP_RIG_H
#define CCGATE_TESTS_UNIT_DESKTOP_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pac/desktop.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static inline void ck_text(struct span got, const char *want)
{
    ck_assert_msg(span_equal(got, span_of(want)), "got \"%.*s\", want \"%s\"",
                  SPAN_ARG(got), want);
}

#define NO_SCHEMA "#!/bin/sh\necho 'No such schema' >&2\nexit 1\n"

static char folder[32];
static struct desktop d;

static inline void put(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *file;

    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof(path), "%s/%.*s", folder, (int)(slash - name), name);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

/* Nothing is set, and no program of the machine answers. */
static inline void begin_desktop(void)
{
    static const char *const names[] = {
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
        "all_proxy",  "ALL_PROXY",  "no_proxy",    "XDG_CURRENT_DESKTOP"};
    char path[64];

    snprintf(folder, sizeof(folder), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    snprintf(path, sizeof(path), "%s:/bin", folder);
    ck_assert_int_eq(setenv("PATH", path, 1), 0);
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    put("gsettings", NO_SCHEMA, 0700);
    ck_assert_int_eq(setenv("XDG_DATA_DIRS", folder, 1), 0);
    put("nmcli", "#!/bin/sh\nexit 8\n", 0700);
    desktop_init(&d);
}

static inline void end_desktop(void)
{
    char command[64];

    desktop_clear(&d);
    snprintf(command, sizeof(command), "exec /bin/rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static inline void put_gsettings(const char *mode, const char *url)
{
    char text[256];

    snprintf(text, sizeof(text),
             "#!/bin/sh\n[ \"$1 $2\" = 'get org.gnome.system.proxy' ] || exit 1\n"
             "[ $3 = mode ] && echo \"'%s'\" || echo \"'%s'\"\n",
             mode, url);
    put("gsettings", text, 0700);
}

static inline void ck_answer(enum system_kind kind, const char *source,
                             const char *text)
{
    ck_assert_msg(d.answer.kind == kind, "%d: %.*s: %.*s", d.answer.kind,
                  SPAN_ARG(d.answer.source), SPAN_ARG(d.answer.text));
    ck_assert_msg(strstr(d.source.data, source) != NULL, "%.*s",
                  SPAN_ARG(d.answer.source));
    if (text != NULL)
        ck_text(d.answer.text, text);
}

#endif
