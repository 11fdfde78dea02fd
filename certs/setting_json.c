/*
 * setting_json: a string in an object within the object that a file is. The text is
 * edited, not written anew: the order, the blanks and everything else stay.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/setting_internal.h"

/* A member of an object. */
struct member {
    size_t key, key_end;     /* of the string, with its quotes */
    size_t value, value_end; /* */
};

struct object {
    size_t open, close; /* the braces */
};

static struct span without_mark(struct span text)
{
    return span_starts(text, SPAN("\xef\xbb\xbf")) ? span_skip(text, 3) : text;
}

static size_t skip_blanks(struct span text, size_t at)
{
    while (at < text.len && span_is_blank(text.at[at]))
        at++;
    return at;
}

/* ---- reading; the text is well-formed, or the ends just stop ---- */

static size_t skip_string(struct span text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++)
        if (text.at[at] == '\\')
            at++;
    return at < text.len ? at + 1 : text.len;
}

static size_t skip_value(struct span text, size_t at)
{
    size_t depth = 0;

    while (at < text.len) {
        char c = text.at[at];

        if (c == '"') {
            at = skip_string(text, at);
            if (depth == 0)
                return at;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || span_is_blank(c)))
            return at;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
        if (depth == 0 && (c == '}' || c == ']'))
            return at;
    }
    return at;
}

static bool open_object(struct span text, size_t at, struct object *object)
{
    if (at >= text.len || text.at[at] != '{')
        return false;
    *object = (struct object){at, skip_value(text, at) - 1};
    return object->close > at && text.at[object->close] == '}';
}

/* The member that begins behind *at, which then is behind it. */
static bool next_member(struct span text, const struct object *object, size_t *at,
                        struct member *member)
{
    size_t i = skip_blanks(text, *at);

    if (i < object->close && text.at[i] == ',')
        i = skip_blanks(text, i + 1);
    if (i >= object->close || text.at[i] != '"')
        return false;
    member->key = i;
    member->key_end = skip_string(text, i);
    i = skip_blanks(text, member->key_end);
    if (i >= object->close || text.at[i] != ':')
        return false;
    member->value = skip_blanks(text, i + 1);
    member->value_end = *at = skip_value(text, member->value);
    return *at <= object->close;
}

/* Of two of that name, the later counts. */
static bool find_member(struct span text, const struct object *object, const char *name,
                        struct member *found)
{
    struct span wanted = span_of(name);
    size_t at = object->open + 1;
    struct member member;
    bool is_there = false;

    while (next_member(text, object, &at, &member)) {
        struct span key = {text.at + member.key + 1, member.key_end - member.key - 2};

        if (!span_equal(key, wanted))
            continue;
        *found = member;
        is_there = true;
    }
    return is_there;
}

static bool find_top(struct span text, struct object *top)
{
    return open_object(text, skip_blanks(text, text.len - without_mark(text).len), top);
}

static bool find_section(const struct setting *setting, struct span text,
                         struct object *top, struct member *member,
                         struct object *section)
{
    return find_top(text, top) && find_member(text, top, setting->section, member) &&
           open_object(text, member->value, section);
}

static int find(const struct setting *setting, struct span text,
                struct setting_spot *spot)
{
    struct object top, section;
    struct member env, member;
    struct span value;
    json_t *json;
    int error;

    if (!find_section(setting, text, &top, &env, &section) ||
        !find_member(text, &section, setting->name, &member))
        return 0;
    value = (struct span){text.at + member.value, member.value_end - member.value};
    setting_spot_set(spot, text, member.key, member.value_end, value);
    json = json_loadb(value.at, value.len, JSON_DECODE_ANY, NULL);
    error = json_is_string(json) ? buf_append(&spot->value, json_string_value(json),
                                              json_string_length(json))
                                 : buf_append_span(&spot->value, value);
    json_decref(json);
    return error;
}

/* ---- what speaks against it ---- */

static const char *check(const struct setting *setting, struct span text,
                         const json_t *json)
{
    const json_t *section = json_object_get(json, setting->section);
    struct object top, object;
    struct member env, member;
    bool found;

    if (!json_is_object(json))
        return "is no JSON object";
    if (section != NULL && !json_is_object(section))
        return "has no object where the settings go";
    found = find_section(setting, text, &top, &env, &object);
    if (found != (section != NULL) ||
        (found && find_member(text, &object, setting->name, &member) !=
                      (json_object_get(section, setting->name) != NULL)))
        return "is written in a way that cannot be edited (names with escapes)";
    return NULL;
}

/* RFC 8259 section 2 knows four blanks. */
static bool is_blank(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(" \t\r\n", text.at[i]) == NULL)
            return false;
    return true;
}

static const char *json_fault(const struct setting *setting, struct span text)
{
    struct span body = without_mark(text);
    const char *fault;
    json_t *json;

    if (is_blank(body))
        return NULL;
    json = json_loadb(body.at, body.len, 0, NULL);
    fault = json == NULL ? "is no JSON that can be read; put it right first"
                         : check(setting, text, json);
    json_decref(json);
    return fault;
}

/* ---- writing ---- */

static int write_value(const struct setting *setting, struct buf *out)
{
    json_t *json = json_string(setting->value);
    char *text = json != NULL ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    int error = buf_append_text(out, text != NULL ? text : "");

    if (text == NULL && error == 0)
        error = -ENOMEM;
    free(text);
    json_decref(json);
    return error;
}

static int put_member(const struct setting *setting, struct buf *in)
{
    int error = buf_printf(in, "\"%s\": ", setting->name);

    return error != 0 ? error : write_value(setting, in);
}

/* The blanks between a brace and what follows it. */
static struct span blanks_behind(struct span text, size_t brace)
{
    size_t end = skip_blanks(text, brace + 1);

    return (struct span){text.at + brace + 1, end - brace - 1};
}

static bool is_empty(struct span text, const struct object *object)
{
    return skip_blanks(text, object->open + 1) == object->close;
}

/* What stands before the first thing in the line of this place. */
static struct span indentation_of(struct span text, size_t at)
{
    size_t from = at, to;

    while (from > 0 && text.at[from - 1] != '\n')
        from--;
    for (to = from; to < at && (text.at[to] == ' ' || text.at[to] == '\t');)
        to++;
    return (struct span){text.at + from, to - from};
}

static int put_in_section(const struct setting *setting, struct span text,
                          const struct object *section, struct buf *in)
{
    const char *end = setting_line_end(text);
    struct span blanks = blanks_behind(text, section->open);
    struct span outer = indentation_of(text, section->open);
    int error;

    if (!is_empty(text, section)) {
        error = buf_append_span(in, blanks);
        if (error == 0)
            error = put_member(setting, in);
        return error != 0 ? error : buf_append_text(in, ",");
    }
    error = buf_printf(in, "%s%.*s  ", end, SPAN_ARG(outer));
    if (error == 0)
        error = put_member(setting, in);
    if (error == 0 && blanks.len == 0)
        error = buf_printf(in, "%s%.*s", end, SPAN_ARG(outer));
    return error;
}

/* A section with the one setting, on lines of its own if there are lines. */
static int put_section(const struct setting *setting, struct span blanks,
                       const char *end, struct buf *in)
{
    struct span unit = SPAN("");
    bool lines = span_find(blanks, '\n') < blanks.len;
    int error;

    if (lines)
        for (unit = blanks; span_find(unit, '\n') < unit.len;)
            unit = span_skip(unit, span_find(unit, '\n') + 1);
    if (!lines)
        blanks = SPAN("");
    error =
        buf_printf(in, "%.*s\"%s\": {%s%.*s%.*s", SPAN_ARG(blanks), setting->section,
                   lines ? end : "", SPAN_ARG(unit), SPAN_ARG(unit));
    if (error == 0)
        error = put_member(setting, in);
    if (error == 0 && lines)
        error = buf_printf(in, "%s%.*s", end, SPAN_ARG(unit));
    return error != 0 ? error : buf_append_text(in, "}");
}

static int insert(const struct setting *setting, struct span text, size_t *at,
                  struct buf *in)
{
    const char *end = setting_line_end(text);
    struct object top, section;
    struct member env;
    char blanks[8];
    int error;

    snprintf(blanks, sizeof(blanks), "%s  ", end);
    if (!find_top(text, &top)) { /* an empty file */
        *at = text.len;
        error = buf_append_text(in, "{");
        if (error == 0)
            error = put_section(setting, span_of(blanks), end, in);
        return error != 0 ? error : buf_printf(in, "%s}%s", end, end);
    }
    *at = top.open + 1;
    if (find_section(setting, text, &top, &env, &section)) {
        *at = section.open + 1;
        return put_in_section(setting, text, &section, in);
    }
    if (!is_empty(text, &top)) {
        error = put_section(setting, blanks_behind(text, top.open), end, in);
        return error != 0 ? error : buf_append_text(in, ",");
    }
    error = put_section(setting, span_of(blanks), end, in);
    if (error == 0 && blanks_behind(text, top.open).len == 0)
        error = buf_append_text(in, end);
    return error;
}

/* ---- taking out ---- */

/* From behind the brace or comma before it, to behind the comma after it. */
static void find_whole(struct span text, const struct object *object,
                       const struct member *member, struct setting_spot *spot)
{
    size_t after = skip_blanks(text, member->value_end);

    spot->line = member->key;
    while (spot->line > object->open + 1 && span_is_blank(text.at[spot->line - 1]))
        spot->line--;
    spot->line_end = member->value_end;
    if (after < object->close && text.at[after] == ',') {
        spot->line_end = after + 1;
    } else if (text.at[spot->line - 1] == ',') {
        spot->line--;
    } else {
        spot->line_end = after; /* the only one: the blanks go, too */
    }
}

static void find_extent(const struct setting *setting, struct span text, bool ours,
                        struct setting_spot *spot)
{
    struct object top, section;
    struct member env, member;

    if (!find_section(setting, text, &top, &env, &section) ||
        !find_member(text, &section, setting->name, &member))
        return;
    find_whole(text, &section, &member, spot);
    /* A section that was made for it goes, if nothing else is in it by now. */
    if (ours && skip_blanks(text, section.open + 1) == member.key &&
        skip_blanks(text, member.value_end) == section.close)
        find_whole(text, &top, &env, spot);
}

const struct setting_kind SETTING_JSON_KIND = {
    .name = "json",
    .fault = json_fault,
    .find = find,
    .write = write_value,
    .insert = insert,
    .extent = find_extent,
};
