/*
 * env_form: variables as text that a shell or another program reads without a mistake.
 * Pure.
 */
#ifndef CCGATE_ENV_FORM_H
#define CCGATE_ENV_FORM_H

#include "base/buf.h"

enum env_form {
    ENV_SH,      /* export NAME='value' */
    ENV_FISH,    /* set -gx NAME 'value' */
    ENV_PWSH,    /* $env:NAME = 'value' */
    ENV_SYSTEMD, /* NAME="value": environment.d(5) and EnvironmentFile= */
    ENV_DOCKER,  /* NAME=value: docker run --env-file */
    ENV_JSON,    /* an object */
    ENV_CLAUDE,  /* the same as "env" in an object, for Claude Code's settings.json */
};

/* The names of all forms, for messages. */
#define ENV_FORMS "sh|fish|pwsh|systemd|docker|json|claude"

/* The form of that name; false if there is none. */
bool env_form_find(struct span name, enum env_form *form);

/* Whether variables can be unset in this form. */
bool env_form_unsets(enum env_form form);

/* One variable. value NULL: it is to be unset. */
struct env_variable {
    const char *name;
    char *value;
};

/*
 * NULL, or what keeps a value from being written in that form, as the end of a
 * sentence.
 */
const char *env_form_fault(enum env_form form, const char *value);

/* Appends the variables, which must be without fault. 0 or a buf error. */
int env_form_write(enum env_form form, const struct env_variable *variables,
                   size_t count, struct buf *out);

#endif
