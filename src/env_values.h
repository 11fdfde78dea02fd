/*
 * env_values: what the variables of tools are set to: the proxy, the hosts without it,
 * and the files of certificates. Pure.
 */
#ifndef CCGATE_ENV_VALUES_H
#define CCGATE_ENV_VALUES_H

#include "certs/tools.h"
#include "config/config.h"
#include "env_form.h"

enum { ENV_TOOLS = 32, ENV_VARIABLES = 32 }; /* at most */

/* What there is to be told; NULL: nothing, and no variable says it. */
struct env_sources {
    const struct tool *tools[ENV_TOOLS];
    size_t tool_count;
    const struct netaddr *proxy;
    const struct config_patterns *noproxy;
    const char *corp_only; /* the paths of files */
    const char *bundle;
    const char *java_store;   /* NULL, too, where Java is not among the tools */
    const char *java_options; /* that are set already, or NULL */
};

struct env_values {
    struct env_variable list[ENV_VARIABLES];
    size_t count;
};

/*
 * Chooses the tools: those in a list separated by commas, or with NULL all but those
 * that are set on request only. False with a line in messages.
 */
bool env_choose_tools(struct env_sources *sources, const char *names,
                      struct buf *messages);

/*
 * The variables of the tools, each once, always in the same order. False when memory
 * is out. env_values_clear() is due in both cases.
 */
bool env_values_make(struct env_values *values, const struct env_sources *sources);
void env_values_clear(struct env_values *values);

/*
 * Appends the entries of noproxy in the one form that all tools read: commas, no
 * blanks, loopback first, each domain as "a.b,.a.b", each address alone. What has no
 * such form (networks, ports, wildcards) is left out: such a request comes to ccgate,
 * which knows. 0 or a buf error.
 */
int env_no_proxy(const struct config_patterns *noproxy, struct buf *out);

#endif
