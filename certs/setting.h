/*
 * setting: one setting in the text of a program's own file: whether it stands there,
 * and what to put in or take out so that it does, or no longer does. All other bytes
 * stay. Pure.
 */
#ifndef CCGATE_CERTS_SETTING_H
#define CCGATE_CERTS_SETTING_H

#include "base/buf.h"

enum setting_format {
    SETTING_CURL, /* .curlrc */
    SETTING_WGET, /* .wgetrc */
    SETTING_NPM,  /* .npmrc */
    SETTING_INI,  /* as Python's configparser reads it: pip, AWS */
    SETTING_GIT,  /* .gitconfig */
    SETTING_JSON, /* an object of objects: settings.json of Claude Code */
    SETTING_FORMATS
};

struct setting {
    enum setting_format format;
    const char *section; /* INI, git, JSON; else NULL */
    const char *name;
    const char *value;
};

/* At this place `in` comes, and `out` goes; both NULL: nothing. */
struct setting_edit {
    size_t at;
    char *out;
    char *in;
};

void setting_edit_clear(struct setting_edit *edit);

/* "json" */
const char *setting_format_name(enum setting_format format);
bool setting_format_find(const char *name, enum setting_format *format);

/*
 * Why a text cannot be edited, or a value not be written there, as the end of a
 * sentence that begins with the name of the file; NULL: both can be.
 */
const char *setting_fault(const struct setting *setting, struct span text);

/* The functions below are for texts without a fault, and return 0 or -ENOMEM. */

/* The value that the setting has there, to be freed; NULL: it is not set. */
int setting_find(const struct setting *setting, struct span text, char **value);

/* What gives it the value, whether it has another one or none. */
int setting_set(const struct setting *setting, struct span text,
                struct setting_edit *edit);

/*
 * What takes back the edit that set it, in a text that somebody has changed since, and
 * in which the setting still has the value.
 */
int setting_unset(const struct setting *setting, struct span text,
                  const struct setting_edit *edit, struct setting_edit *back);

/* Whether a text says nothing at all, as an empty file does. */
bool setting_is_bare(const struct setting *setting, struct span text);

/* Appends the text after an edit, which must fit. -EINVAL: it does not. */
int setting_edit_apply(const struct setting_edit *edit, struct span text,
                       struct buf *out);
/* The same for the text before it. */
int setting_edit_reverse(const struct setting_edit *edit, struct span text,
                         struct buf *out);

#endif
