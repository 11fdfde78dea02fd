/*
 * setting_ini: files with sections: pip.conf and the configuration of AWS, which
 * Python's configparser reads, and git's. A section that is there twice is an error to
 * configparser, so a setting goes into the one that is there.
 */
#include <stdio.h>
#include <string.h>

#include "certs/setting_internal.h"

struct reader {
    struct span text;
    const struct setting *setting;
    bool git;
    /* the line */
    size_t next, at;
    struct span line;
    struct span lead; /* the blanks before it */
    /* where it stands */
    bool inside;        /* the section */
    bool continued;     /* a line of git's ended with a backslash */
    bool has_key;       /* in this section, before this line; */
    size_t indentation; /* of it */
    /* what it is */
    bool header;
    bool more;               /* of the value of the line before */
    struct span name, value; /* of a setting, else empty */
};

/* The length of what stands in brackets, or 0. To configparser, the last one counts. */
static size_t name_length(struct span line, bool git)
{
    size_t len = 0;
    bool quoted = false;

    for (size_t i = 1; i < line.len; i++) {
        quoted ^= git && line.at[i] == '"';
        if (quoted || line.at[i] != ']')
            continue;
        len = i - 1;
        if (git)
            break;
    }
    return len;
}

/* "[http]", not "[http \"URL\"]". Behind it git takes a setting on the same line. */
static bool read_header(struct reader *r, struct span line)
{
    struct span wanted = span_of(r->setting->section);
    struct span name = {line.at + 1, 0};

    if (line.len == 0 || line.at[0] != '[')
        return false;
    name.len = name_length(line, r->git);
    if (name.len == 0)
        return false;
    r->header = true;
    r->has_key = false;
    r->value = r->name = SPAN("");
    r->inside =
        r->git ? span_equal_nocase(span_strip(name), wanted) : span_equal(name, wanted);
    return true;
}

/* What git makes of a value ends where a comment begins. */
static struct span git_value(struct span value)
{
    bool quoted = false;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '\\')
            i++;
        else if (value.at[i] == '"')
            quoted = !quoted;
        else if (!quoted && (value.at[i] == '#' || value.at[i] == ';'))
            value.len = i;
    }
    return span_strip(value);
}

/* Neither empty nor a comment. */
static bool is_solid(struct span line)
{
    return line.len > 0 && line.at[0] != '#' && line.at[0] != ';';
}

static void read_setting(struct reader *r, struct span line)
{
    size_t end = 0;

    r->name = r->value = SPAN("");
    if (!is_solid(line))
        return;
    while (end < line.len && line.at[end] != '=' && (r->git || line.at[end] != ':'))
        end++;
    r->name = span_strip((struct span){line.at, end});
    r->value = span_strip(span_skip(line, end + 1));
    if (r->git)
        r->value = git_value(r->value);
}

static bool ends_with_backslash(struct span line)
{
    size_t n = 0;

    while (n < line.len && line.at[line.len - 1 - n] == '\\')
        n++;
    return n % 2 == 1;
}

/* To configparser, a line that is further in than a setting goes on with its value. */
static bool is_continuation(const struct reader *r, struct span line,
                            size_t indentation)
{
    if (r->git)
        return r->continued;
    return is_solid(line) && r->has_key && indentation > r->indentation;
}

static bool read_line(struct reader *r)
{
    struct span line, rest;
    size_t indentation;

    if (!setting_line(r->text, &r->next, &r->at, &r->line))
        return false;
    line = r->line;
    if (r->at == 0 && span_starts(line, SPAN("\xef\xbb\xbf")))
        line = span_skip(line, 3);
    rest = span_strip(line);
    indentation = rest.len > 0 ? (size_t)(rest.at - line.at) : 0;
    r->lead = (struct span){line.at, indentation};
    r->header = false;
    r->name = r->value = SPAN("");
    r->more = is_continuation(r, rest, indentation);
    r->continued = r->git && ends_with_backslash(r->line);
    if (r->more)
        return true;
    if (read_header(r, rest)) {
        size_t end = span_find(rest, ']');

        if (r->git && r->inside)
            read_setting(r, span_strip(span_skip(rest, end + 1)));
        return true;
    }
    read_setting(r, rest);
    if (is_solid(rest)) {
        r->has_key = true;
        r->indentation = indentation;
    }
    return true;
}

static bool is_it(const struct reader *r)
{
    return r->inside && span_equal_nocase(r->name, span_of(r->setting->name));
}

/* Quotes and backslashes of git's may stand anywhere in a value. */
static int append_git(struct span value, struct buf *out)
{
    int error = 0;

    for (size_t i = 0; i < value.len && error == 0; i++) {
        if (value.at[i] == '"')
            continue;
        if (value.at[i] == '\\' && i + 1 < value.len)
            i++;
        error = buf_append(out, value.at + i, 1);
    }
    return error;
}

static int find(const struct setting *setting, struct span text,
                struct setting_spot *spot)
{
    struct reader r = {
        .text = text, .setting = setting, .git = setting->format == SETTING_GIT};
    bool ours = false; /* the line before */
    int error = 0;

    while (error == 0 && read_line(&r)) {
        if (ours && r.more)
            spot->len = 0; /* cannot be taken over as a whole */
        ours = is_it(&r) || (ours && r.more);
        if (!is_it(&r))
            continue;
        setting_spot_set(spot, text, r.at, r.next, r.value);
        if (r.header) /* the section stays */
            spot->line = setting_offset(text, r.name);
        error = r.git ? append_git(r.value, &spot->value)
                      : buf_append_span(&spot->value, r.value);
    }
    return error;
}

static int write_ini(const struct setting *setting, struct buf *out)
{
    return buf_append_text(out, setting->value);
}

static int write_git(const struct setting *setting, struct buf *out)
{
    return strpbrk(setting->value, "#;\"\\") != NULL
               ? setting_quote(setting->value, out)
               : buf_append_text(out, setting->value);
}

/* Behind the header of the section, and how far in its settings stand. */
static bool find_section(const struct setting *setting, struct span text, size_t *at,
                         struct span *indentation)
{
    struct reader r = {
        .text = text, .setting = setting, .git = setting->format == SETTING_GIT};
    bool found = false, continued = false;

    while (read_line(&r)) {
        if ((r.header && r.inside) || continued) {
            found = true;
            *at = r.next;
            continued = r.continued;
        } else if (found && (r.inside || r.header) && is_solid(span_strip(r.line))) {
            /* What is further in than ours would go on with our value. */
            if (!r.header || !r.git)
                *indentation = r.lead;
            return true;
        }
    }
    return found;
}

static int put_setting(const struct setting *setting, struct span text, size_t at,
                       struct span indentation, struct buf *in)
{
    struct buf line;
    int error;

    buf_init(&line, 65536);
    error = buf_printf(&line, "%.*s%s", SPAN_ARG(indentation), SETTING_COMMENT);
    if (error == 0)
        error = buf_append(&line, "", 1);
    if (error == 0)
        error = setting_put_line(text, at, buf_span(&line).at, in);
    buf_reset(&line);
    if (error == 0)
        error = buf_printf(&line, "%.*s%s = ", SPAN_ARG(indentation), setting->name);
    if (error == 0)
        error =
            (setting->format == SETTING_GIT ? write_git : write_ini)(setting, &line);
    if (error == 0)
        error = buf_append(&line, "", 1);
    if (error == 0)
        error = setting_put_line(text, at, buf_span(&line).at, in);
    buf_clear(&line);
    return error;
}

static int insert(const struct setting *setting, struct span text, size_t *at,
                  struct buf *in)
{
    struct span indentation = setting->format == SETTING_GIT ? SPAN("\t") : SPAN("");
    char header[64];
    int error = 0;

    if (!find_section(setting, text, at, &indentation)) {
        *at = text.len;
        snprintf(header, sizeof(header), "[%s]", setting->section);
        error = setting_put_line(text, *at, header, in);
    }
    return error != 0 ? error : put_setting(setting, text, *at, indentation, in);
}

/* A byte order mark makes Python refuse the file anyway. */
static const char *ini_fault(const struct setting *setting, struct span text)
{
    (void)setting;
    return span_starts(text, SPAN("\xef\xbb\xbf"))
               ? "begins with a byte order mark, which Python does not read; take it out"
               : NULL;
}

/* What is put behind it would be taken for more of it. */
static const char *git_fault(const struct setting *setting, struct span text)
{
    (void)setting;
    if (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    return ends_with_backslash(text) ? "ends within a value; put it right first" : NULL;
}

const struct setting_kind SETTING_INI_KIND = {
    .name = "ini",
    .fault = ini_fault,
    .find = find,
    .write = write_ini,
    .insert = insert,
};

const struct setting_kind SETTING_GIT_KIND = {
    .name = "git",
    .fault = git_fault,
    .find = find,
    .write = write_git,
    .insert = insert,
};
