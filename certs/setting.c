/*
 * setting: see setting.h.
 */
#include "certs/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/setting_internal.h"

enum { TEXT_LIMIT = 8 * 1024 * 1024 };

static const struct setting_kind *const KINDS[SETTING_FORMATS] = {
    [SETTING_CURL] = &SETTING_CURL_KIND, [SETTING_WGET] = &SETTING_WGET_KIND,
    [SETTING_NPM] = &SETTING_NPM_KIND,   [SETTING_INI] = &SETTING_INI_KIND,
    [SETTING_GIT] = &SETTING_GIT_KIND,   [SETTING_JSON] = &SETTING_JSON_KIND,
};

const char *setting_format_name(enum setting_format format)
{
    return KINDS[format]->name;
}

bool setting_format_find(const char *name, enum setting_format *format)
{
    for (int i = 0; i < SETTING_FORMATS; i++)
        if (strcmp(KINDS[i]->name, name) == 0) {
            *format = (enum setting_format)i;
            return true;
        }
    return false;
}

/* ---- for the formats ---- */

bool setting_line(struct span text, size_t *next, size_t *at, struct span *line)
{
    struct span rest = span_skip(text, *next);

    if (rest.len == 0)
        return false;
    *at = *next;
    *line = (struct span){rest.at, span_find(rest, '\n')};
    *next += line->len + (line->len < rest.len);
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

size_t setting_offset(struct span text, struct span part)
{
    return (size_t)(part.at - text.at);
}

const char *setting_line_end(struct span text)
{
    size_t end = span_find(text, '\n');

    return end > 0 && end < text.len && text.at[end - 1] == '\r' ? "\r\n" : "\n";
}

int setting_put_line(struct span text, size_t at, const char *line, struct buf *in)
{
    const char *end = setting_line_end(text);
    bool glued = in->len == 0 && at > 0 && text.at[at - 1] != '\n';

    return buf_printf(in, "%s%s%s", glued ? end : "", line, end);
}

int setting_quote(const char *value, struct buf *out)
{
    int error = buf_append_text(out, "\"");

    for (; *value != '\0' && error == 0; value++) {
        if (*value == '"' || *value == '\\')
            error = buf_append_text(out, "\\");
        if (error == 0)
            error = buf_append(out, value, 1);
    }
    return error != 0 ? error : buf_append_text(out, "\"");
}

int setting_unquote(struct span quoted, struct buf *out)
{
    int error = 0;

    for (size_t i = 1; i < quoted.len && quoted.at[i] != '"' && error == 0; i++) {
        if (quoted.at[i] == '\\' && i + 1 < quoted.len)
            i++;
        error = buf_append(out, quoted.at + i, 1);
    }
    return error;
}

void setting_spot_set(struct setting_spot *spot, struct span text, size_t line_at,
                      size_t next, struct span value)
{
    spot->found = true;
    spot->at = setting_offset(text, value);
    spot->len = value.len;
    spot->line = line_at;
    spot->line_end = next;
    buf_reset(&spot->value);
}

/* ---- looking ---- */

static int find(const struct setting *setting, struct span text,
                struct setting_spot *spot)
{
    *spot = (struct setting_spot){.found = false};
    buf_init(&spot->value, TEXT_LIMIT);
    return KINDS[setting->format]->find(setting, text, spot);
}

/* Whether there is something that can be put back. */
static const char *value_fault(const struct setting *setting, struct span text)
{
    struct setting_spot spot;
    int error = find(setting, text, &spot);
    bool empty = spot.found && spot.len == 0;

    buf_clear(&spot.value);
    if (error != 0)
        return "cannot be read: memory is out";
    return empty
               ? "has the setting without a value, or with one of several lines; take it "
                 "out first"
               : NULL;
}

const char *setting_fault(const struct setting *setting, struct span text)
{
    const struct setting_kind *kind = KINDS[setting->format];
    const char *fault;

    for (const char *p = setting->value; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return "can name no file whose path has control characters";
    if (text.len > 0 && memchr(text.at, '\0', text.len) != NULL)
        return "is no text (it has NUL bytes, as UTF-16 does)";
    fault = kind->fault != NULL ? kind->fault(setting, text) : NULL;
    return fault != NULL ? fault : value_fault(setting, text);
}

int setting_find(const struct setting *setting, struct span text, char **value)
{
    struct setting_spot spot;
    int error = find(setting, text, &spot);

    *value = NULL;
    if (error == 0 && spot.found) {
        *value = span_dup(buf_span(&spot.value));
        error = *value != NULL ? 0 : -ENOMEM;
    }
    buf_clear(&spot.value);
    return error;
}

/* ---- edits ---- */

void setting_edit_clear(struct setting_edit *edit)
{
    free(edit->out);
    free(edit->in);
    *edit = (struct setting_edit){.at = 0};
}

/* 0 or -ENOMEM. */
static int edit_init(struct setting_edit *edit, size_t at, struct span out,
                     struct span in)
{
    *edit = (struct setting_edit){.at = at, .out = span_dup(out), .in = span_dup(in)};
    if (edit->out != NULL && edit->in != NULL)
        return 0;
    setting_edit_clear(edit);
    return -ENOMEM;
}

int setting_set(const struct setting *setting, struct span text,
                struct setting_edit *edit)
{
    const struct setting_kind *kind = KINDS[setting->format];
    struct setting_spot spot;
    struct span out = SPAN("");
    struct buf in;
    int error = find(setting, text, &spot);

    buf_init(&in, TEXT_LIMIT);
    *edit = (struct setting_edit){.at = 0};
    if (error == 0 && spot.found) {
        out = (struct span){text.at + spot.at, spot.len};
        error = kind->write(setting, &in);
    } else if (error == 0) {
        error = kind->insert(setting, text, &spot.at, &in);
    }
    if (error == 0)
        error = edit_init(edit, spot.at, out, buf_span(&in));
    buf_clear(&in);
    buf_clear(&spot.value);
    return error;
}

/* A comment of ours in the line above goes, too. */
static void take_comment(struct span text, struct setting_spot *spot)
{
    size_t next = 0, at;
    struct span line;

    while (next < spot->line && setting_line(text, &next, &at, &line))
        if (next == spot->line && span_equal(span_strip(line), SPAN(SETTING_COMMENT)))
            spot->line = at;
}

/* Where the only occurrence of a part is, or text.len. */
static size_t find_only(struct span text, struct span part)
{
    size_t at = text.len;

    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (memcmp(text.at + i, part.at, part.len) != 0)
            continue;
        if (at < text.len)
            return text.len;
        at = i;
    }
    return at;
}

/* Whether no setting follows that somebody has put below our header. */
static bool is_section_over(struct span rest)
{
    rest = span_strip(rest);
    return rest.len == 0 || rest.at[0] == '[';
}

/* The length of the end of a line that a text begins with, or 0. */
static size_t leading_end(struct span text)
{
    return span_starts(text, SPAN("\r\n")) ? 2 : span_starts(text, SPAN("\n"));
}

/*
 * What was inserted, if it still stands there as it was, else the line. The end that an
 * insertion gave to the line before it stays if there is a line behind it now.
 */
static void find_extent(const struct setting *setting, struct span text,
                        struct span inserted, struct setting_spot *spot)
{
    const struct setting_kind *kind = KINDS[setting->format];
    size_t at;

    if (kind->extent != NULL) {
        char quoted[64];

        snprintf(quoted, sizeof(quoted), "\"%s\"", setting->section);
        kind->extent(setting, text, find_only(inserted, span_of(quoted)) < inserted.len,
                     spot);
        return;
    }
    at = find_only(text, inserted);
    if (at <= spot->at && spot->at < at + inserted.len &&
        (setting->section == NULL ||
         is_section_over(span_skip(text, at + inserted.len)))) {
        spot->line = at;
        spot->line_end = at + inserted.len;
        if (spot->line_end < text.len)
            spot->line += leading_end(inserted);
    } else {
        take_comment(text, spot);
    }
}

int setting_unset(const struct setting *setting, struct span text,
                  const struct setting_edit *edit, struct setting_edit *back)
{
    struct setting_spot spot;
    int error = find(setting, text, &spot);

    *back = (struct setting_edit){.at = 0};
    if (error == 0 && !spot.found)
        error = edit_init(back, 0, SPAN(""), SPAN(""));
    else if (error == 0 && edit->out[0] != '\0')
        error = edit_init(back, spot.at, (struct span){text.at + spot.at, spot.len},
                          span_of(edit->out));
    else if (error == 0) {
        find_extent(setting, text, span_of(edit->in), &spot);
        error = edit_init(back, spot.line,
                          (struct span){text.at + spot.line, spot.line_end - spot.line},
                          SPAN(""));
    }
    buf_clear(&spot.value);
    return error;
}

bool setting_is_bare(const struct setting *setting, struct span text)
{
    text = span_strip(text);
    if (setting->format == SETTING_JSON && text.len >= 2 && text.at[0] == '{' &&
        text.at[text.len - 1] == '}')
        text = span_strip((struct span){text.at + 1, text.len - 2});
    return text.len == 0;
}

static int exchange(struct span text, size_t at, const char *out, const char *in,
                    struct buf *result)
{
    struct span gone = span_of(out);
    int error;

    if (at > text.len || !span_starts(span_skip(text, at), gone))
        return -EINVAL;
    error = buf_append(result, text.at, at);
    if (error == 0)
        error = buf_append_text(result, in);
    if (error == 0)
        error = buf_append_span(result, span_skip(text, at + gone.len));
    return error;
}

int setting_edit_apply(const struct setting_edit *edit, struct span text,
                       struct buf *out)
{
    return exchange(text, edit->at, edit->out, edit->in, out);
}

int setting_edit_reverse(const struct setting_edit *edit, struct span text,
                         struct buf *out)
{
    return exchange(text, edit->at, edit->in, edit->out, out);
}
