/*
 * tool_files: in which file of its own a tool is told of certificates. Data and
 * lookups; looks whether files are there, and reads none.
 */
#ifndef CCGATE_CERTS_TOOL_FILES_H
#define CCGATE_CERTS_TOOL_FILES_H

#include "certs/setting.h"
#include "certs/tools.h"

struct tool_file {
    const char *tool;     /* of tool_table() */
    const char *programs; /* one of these, separated by commas, and the tool is there */
    const char *variable; /* the file, or its folder, if it is set; or NULL */
    const char *below;    /* the file in that folder; NULL: it names the file */
    /* Else the first of these that is there, or else the last of them; "~" is the home
     * directory, "@" that of configuration, "$NAME" what the variable says. */
    const char *const *places;
    enum tool_value value;  /* TOOL_CORP_ONLY or TOOL_BUNDLE */
    struct setting setting; /* but for its value */
};

/* All that have one; ends with a NULL tool. */
const struct tool_file *tool_files(void);

/* That of a tool; NULL: it only goes by the environment. */
const struct tool_file *tool_file_find(struct span tool);

/* The file, whether it is there or not. False: it has no absolute path that fits. */
bool tool_file_path(const struct tool_file *file, char *path, size_t size);

/* Whether one of its programs is found by PATH. */
bool tool_file_has_program(const struct tool_file *file);

#endif
