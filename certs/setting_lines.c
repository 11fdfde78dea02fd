/*
 * setting_lines: files with a setting a line and no sections: .curlrc, .wgetrc, .npmrc.
 * Where one is set twice, the last one counts.
 */
#include <stdio.h>
#include <string.h>

#include "certs/setting_internal.h"

/* Appends our comment and the line, at the place where they go. */
static int put_lines(struct span text, size_t at, const char *before,
                     const struct setting *setting,
                     int (*write)(const struct setting *setting, struct buf *out),
                     struct buf *in)
{
    struct buf line;
    int error;

    buf_init(&line, 65536);
    error = buf_append_text(&line, before);
    if (error == 0)
        error = write(setting, &line);
    if (error == 0)
        error = buf_append(&line, "", 1);
    if (error == 0)
        error = setting_put_line(text, at, SETTING_COMMENT, in);
    if (error == 0)
        error = setting_put_line(text, at, buf_span(&line).at, in);
    buf_clear(&line);
    return error;
}

static int put_at_end(const struct setting *setting, struct span text, size_t *at,
                      int (*write)(const struct setting *setting, struct buf *out),
                      const char *between, struct buf *in)
{
    char before[64];

    snprintf(before, sizeof(before), "%s%s", setting->name, between);
    *at = text.len;
    return put_lines(text, *at, before, setting, write, in);
}

static int write_plain(const struct setting *setting, struct buf *out)
{
    return buf_append_text(out, setting->value);
}

static int write_quoted(const struct setting *setting, struct buf *out)
{
    return setting_quote(setting->value, out);
}

/* ---- curl ---- */

/* "--cacert FILE", "cacert = FILE", "cacert: \"FILE\"" (curl(1), --config). */
static bool curl_line(struct span line, struct span name, struct span *value)
{
    size_t n = 0;

    line = span_strip(line);
    while (line.len > 0 && line.at[0] == '-')
        line = span_skip(line, 1);
    if (!span_starts(line, name))
        return false;
    line = span_skip(line, name.len);
    if (line.len > 0 && !span_is_blank(line.at[0]) && line.at[0] != '=' &&
        line.at[0] != ':')
        return false;
    while (line.len > 0 &&
           (span_is_blank(line.at[0]) || line.at[0] == '=' || line.at[0] == ':'))
        line = span_skip(line, 1);
    if (line.len > 0 && line.at[0] == '"') {
        for (n = 1; n < line.len && line.at[n] != '"'; n++)
            if (line.at[n] == '\\' && n + 1 < line.len)
                n++;
        n += n < line.len;
    } else {
        while (n < line.len && !span_is_blank(line.at[n]))
            n++;
    }
    *value = (struct span){line.at, n};
    return true;
}

static int curl_find(const struct setting *setting, struct span text,
                     struct setting_spot *spot)
{
    struct span line, value;
    size_t next = 0, at;
    int error = 0;

    while (error == 0 && setting_line(text, &next, &at, &line)) {
        if (!curl_line(line, span_of(setting->name), &value))
            continue;
        setting_spot_set(spot, text, at, next, value);
        if (value.len > 0 && value.at[0] == '"')
            error = setting_unquote(value, &spot->value);
        else
            error = buf_append_span(&spot->value, value);
    }
    return error;
}

static int curl_insert(const struct setting *setting, struct span text, size_t *at,
                       struct buf *in)
{
    return put_at_end(setting, text, at, write_quoted, " = ", in);
}

const struct setting_kind SETTING_CURL_KIND = {
    .name = "curl",
    .find = curl_find,
    .write = write_quoted,
    .insert = curl_insert,
};

/* ---- wget ---- */

/* Case, "-" and "_" do not count in names. */
static bool is_wget_name(struct span there, struct span name)
{
    size_t n = 0;

    for (size_t i = 0; i < there.len; i++) {
        if (there.at[i] == '-' || there.at[i] == '_')
            continue;
        while (n < name.len && name.at[n] == '_')
            n++;
        if (n == name.len || (there.at[i] | 0x20) != name.at[n])
            return false;
        n++;
    }
    return n == name.len;
}

/* "NAME = VALUE", blanks at both ends left out. False: the line is none. */
static bool split_line(struct span line, struct span *name, struct span *value)
{
    size_t equals;

    line = span_strip(line);
    equals = span_find(line, '=');
    *name = span_strip((struct span){line.at, equals});
    *value = span_strip(span_skip(line, equals + 1));
    return equals < line.len && line.at[0] != '#';
}

static int wget_find(const struct setting *setting, struct span text,
                     struct setting_spot *spot)
{
    struct span line, name, value;
    size_t next = 0, at;
    int error = 0;

    while (error == 0 && setting_line(text, &next, &at, &line)) {
        if (!split_line(line, &name, &value) ||
            !is_wget_name(name, span_of(setting->name)))
            continue;
        setting_spot_set(spot, text, at, next, value);
        error = buf_append_span(&spot->value, value);
    }
    return error;
}

static int wget_insert(const struct setting *setting, struct span text, size_t *at,
                       struct buf *in)
{
    return put_at_end(setting, text, at, write_plain, " = ", in);
}

const struct setting_kind SETTING_WGET_KIND = {
    .name = "wget",
    .find = wget_find,
    .write = write_plain,
    .insert = wget_insert,
};

/* ---- npm ---- */

/* An unquoted value ends where a comment begins. */
static struct span npm_value(struct span value)
{
    struct span rest = value, item;

    if (value.len > 1 && (value.at[0] == '"' || value.at[0] == '\'') &&
        value.at[value.len - 1] == value.at[0])
        return value;
    return span_next(&rest, ";#", &item) ? span_strip(item) : value;
}

static int npm_append(struct span value, struct buf *out)
{
    if (value.len > 1 && value.at[0] == '"')
        return setting_unquote(value, out);
    if (value.len > 1 && value.at[0] == '\'')
        value = (struct span){value.at + 1, value.len - 2};
    return buf_append_span(out, value);
}

static bool is_section(struct span line)
{
    line = span_strip(line);
    return line.len > 0 && line.at[0] == '[';
}

/* "NAME[] = VALUE": then npm makes a list of it, also of one set before or later. */
static bool has_list(struct span text, struct span wanted)
{
    struct span line, name, value;
    size_t next = 0, at;

    while (setting_line(text, &next, &at, &line) && !is_section(line))
        if (split_line(line, &name, &value) && span_starts(name, wanted) &&
            span_equal(span_skip(name, wanted.len), SPAN("[]")))
            return true;
    return false;
}

static const char *npm_fault(const struct setting *setting, struct span text)
{
    if (strstr(setting->value, "${") != NULL)
        return "can name no file whose path has \"${\", which npm takes for a variable";
    return has_list(text, span_of(setting->name))
               ? "has the setting as a list (with \"[]\"), which npm does not read; "
                 "take it out first"
               : NULL;
}

/* Settings stand before the first section. */
static int npm_find(const struct setting *setting, struct span text,
                    struct setting_spot *spot)
{
    struct span line, name, value;
    size_t next = 0, at;
    int error = 0;

    while (error == 0 && setting_line(text, &next, &at, &line) && !is_section(line)) {
        if (!split_line(line, &name, &value) || name.len == 0 || name.at[0] == ';' ||
            !span_equal(name, span_of(setting->name)))
            continue;
        value = npm_value(value);
        setting_spot_set(spot, text, at, next, value);
        error = npm_append(value, &spot->value);
    }
    return error;
}

static int npm_write(const struct setting *setting, struct buf *out)
{
    return strpbrk(setting->value, ";#\"'\\=") != NULL ? write_quoted(setting, out)
                                                       : write_plain(setting, out);
}

static int npm_insert(const struct setting *setting, struct span text, size_t *at,
                      struct buf *in)
{
    struct span line;
    char before[64];
    size_t next = 0, here;

    snprintf(before, sizeof(before), "%s=", setting->name);
    *at = text.len;
    while (*at == text.len && setting_line(text, &next, &here, &line))
        if (is_section(line))
            *at = here;
    return put_lines(text, *at, before, setting, npm_write, in);
}

const struct setting_kind SETTING_NPM_KIND = {
    .name = "npm",
    .fault = npm_fault,
    .find = npm_find,
    .write = npm_write,
    .insert = npm_insert,
};
