/*
 * setting_internal: what the formats of setting are made of. Nobody else includes this.
 */
#ifndef CCGATE_CERTS_SETTING_INTERNAL_H
#define CCGATE_CERTS_SETTING_INTERNAL_H

#include "certs/setting.h"

/* Where a setting stands. */
struct setting_spot {
    bool found;
    size_t at;        /* of the value as it is written, with its quotes; */
    size_t len;       /* of that */
    size_t line;      /* where the line, or the member, begins; */
    size_t line_end;  /* behind it */
    struct buf value; /* what it means */
};

struct setting_kind {
    const char *name;
    /* See setting_fault(); NULL: nothing can be wrong. */
    const char *(*fault)(const struct setting *setting, struct span text);
    /* spot is zero but for a value to append to. 0 or an error of buf_append(). */
    int (*find)(const struct setting *setting, struct span text,
                struct setting_spot *spot);
    /* Appends the value as it is written. */
    int (*write)(const struct setting *setting, struct buf *out);
    /* Where the setting, which is not there, goes; and its text. */
    int (*insert)(const struct setting *setting, struct span text, size_t *at,
                  struct buf *in);
    /* What is to go; NULL: its line, and our comment above it. */
    void (*extent)(const struct setting *setting, struct span text, bool section,
                   struct setting_spot *spot);
};

extern const struct setting_kind SETTING_CURL_KIND, SETTING_WGET_KIND, SETTING_NPM_KIND,
    SETTING_INI_KIND, SETTING_GIT_KIND, SETTING_JSON_KIND;

#define SETTING_COMMENT "# by \"ccgate ca install\""

/*
 * The next line, without its end, and where it begins; *next is where the one after it
 * does. False at the end.
 */
bool setting_line(struct span text, size_t *next, size_t *at, struct span *line);

/* Where a part of a text begins. */
size_t setting_offset(struct span text, struct span part);

/* How lines end here. */
const char *setting_line_end(struct span text);

/* Appends a line of its own; at is where the text so far goes in. */
int setting_put_line(struct span text, size_t at, const char *line, struct buf *in);

/* Appends the value in double quotes, `"` and `\` escaped; and what was meant by it. */
int setting_quote(const char *value, struct buf *out);
int setting_unquote(struct span quoted, struct buf *out);

/* A found spot for a value within a line. */
void setting_spot_set(struct setting_spot *spot, struct span text, size_t line_at,
                      size_t next, struct span value);

#endif
