/*
 * env_form: see env_form.h.
 */
#include "env_form.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {
    [ENV_SH] = "sh",           [ENV_FISH] = "fish",     [ENV_PWSH] = "pwsh",
    [ENV_SYSTEMD] = "systemd", [ENV_DOCKER] = "docker", [ENV_JSON] = "json",
    [ENV_CLAUDE] = "claude",
};

bool env_form_find(struct span name, enum env_form *form)
{
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (span_equal(name, span_of(NAMES[i]))) {
            *form = (enum env_form)i;
            return true;
        }
    return false;
}

bool env_form_unsets(enum env_form form)
{
    return form == ENV_SH || form == ENV_FISH || form == ENV_PWSH;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);
    bool is = string != NULL;

    json_decref(string);
    return is;
}

const char *env_form_fault(enum env_form form, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "holds a control character";
    switch (form) {
    case ENV_SYSTEMD:
        /* environment.d expands it after the quotes are gone, EnvironmentFile= never.
         */
        if (strchr(value, '$') != NULL)
            return "holds a dollar sign, which systemd reads in two ways";
        break;
    case ENV_PWSH:
    case ENV_JSON:
    case ENV_CLAUDE:
        if (!is_utf8(value))
            return "is not UTF-8";
        break;
    case ENV_SH:
    case ENV_FISH:
    case ENV_DOCKER:
        break;
    }
    return NULL;
}

/* ---- quoting ---- */

/* PowerShell takes the typographic ones, U+2018 to U+201B, for single quotes. */
static size_t pwsh_quote_length(const char *at)
{
    if (*at == '\'')
        return 1;
    if (strncmp(at, "\xe2\x80", 2) == 0 && (unsigned char)at[2] >= 0x98 &&
        (unsigned char)at[2] <= 0x9b)
        return 3;
    return 0;
}

static int put_pwsh(struct buf *out, const char *value)
{
    int error = 0;

    for (const char *c = value; *c != '\0' && error == 0;) {
        size_t quote = pwsh_quote_length(c);
        size_t n = quote > 0 ? quote : 1;

        error = buf_append(out, c, n);
        if (error == 0 && quote > 0)
            error = buf_append(out, c, n);
        c += n;
    }
    return error;
}

/* With `before` in front of each of the special ones. */
static int put_escaped(struct buf *out, const char *value, const char *special,
                       const char *before)
{
    int error = 0;

    for (const char *c = value; *c != '\0' && error == 0; c++) {
        if (strchr(special, *c) != NULL)
            error = buf_append_text(out, before);
        if (error == 0)
            error = buf_append(out, c, 1);
    }
    return error;
}

/* ---- one variable ---- */

static int put_value(enum env_form form, const char *value, struct buf *out)
{
    switch (form) {
    case ENV_SH:
        /* 'it'\''s': nothing is special between single quotes. */
        for (const char *c = value; *c != '\0'; c++) {
            int error =
                *c == '\'' ? buf_append_text(out, "'\\''") : buf_append(out, c, 1);

            if (error != 0)
                return error;
        }
        return 0;
    case ENV_FISH:
        return put_escaped(out, value, "'\\", "\\");
    case ENV_PWSH:
        return put_pwsh(out, value);
    case ENV_SYSTEMD:
        return put_escaped(out, value, "\"\\`", "\\");
    case ENV_DOCKER:
    case ENV_JSON:
    case ENV_CLAUDE:
        break;
    }
    return buf_append_text(out, value);
}

/* What stands around the value, or, to unset it, around the name. */
static const struct {
    const char *before, *between, *behind;
    const char *unset, *unset_behind;
} LINES[] = {
    [ENV_SH] = {"export ", "='", "'\n", "unset ", "\n"},
    [ENV_FISH] = {"set -gx ", " '", "'\n", "set -e ", "\n"},
    [ENV_PWSH] = {"$env:", " = '", "'\n", "$env:", " = $null\n"},
    [ENV_SYSTEMD] = {"", "=\"", "\"\n", NULL, NULL},
    [ENV_DOCKER] = {"", "=", "\n", NULL, NULL},
};

static int put_line(enum env_form form, const struct env_variable *v, struct buf *out)
{
    bool set = v->value != NULL;
    int error = buf_append_text(out, set ? LINES[form].before : LINES[form].unset);

    if (error == 0)
        error = buf_append_text(out, v->name);
    if (error == 0 && set)
        error = buf_append_text(out, LINES[form].between);
    if (error == 0 && set)
        error = put_value(form, v->value, out);
    if (error == 0)
        error =
            buf_append_text(out, set ? LINES[form].behind : LINES[form].unset_behind);
    return error;
}

/* ---- JSON ---- */

static int put_json(bool wrapped, const struct env_variable *variables, size_t count,
                    struct buf *out)
{
    json_t *object = json_object();
    json_t *all = wrapped ? json_pack("{s:O?}", "env", object) : json_incref(object);
    int error = -ENOMEM;
    char *text = NULL;

    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, variables[i].name,
                                json_string(variables[i].value)) != 0)
            goto out;
    text = json_dumps(all, JSON_INDENT(2));
    if (text != NULL)
        error = buf_printf(out, "%s\n", text);
out:
    free(text);
    json_decref(all);
    json_decref(object);
    return error;
}

int env_form_write(enum env_form form, const struct env_variable *variables,
                   size_t count, struct buf *out)
{
    int error = 0;

    if (form == ENV_JSON || form == ENV_CLAUDE)
        return put_json(form == ENV_CLAUDE, variables, count, out);
    for (size_t i = 0; i < count && error == 0; i++)
        error = put_line(form, &variables[i], out);
    return error;
}
