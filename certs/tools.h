/*
 * tools: by which variables the programs of a machine learn of a proxy and of
 * certificates, and what gets in the way. Data and lookups only.
 */
#ifndef CCGATE_CERTS_TOOLS_H
#define CCGATE_CERTS_TOOLS_H

#include "base/span.h"

/* What a variable is set to. */
enum tool_value {
    TOOL_PROXY,     /* the URL of the proxy */
    TOOL_NO_PROXY,  /* the hosts that are reached without it */
    TOOL_ON,        /* "1", where there is a proxy */
    TOOL_CORP_ONLY, /* a file of certificates that are added to the tool's own */
    TOOL_BUNDLE,    /* a file of certificates that take the place of the tool's own */
    TOOL_JAVA,      /* properties, for the proxy and for a trust store */
};

struct tool_variable {
    const char *name;
    enum tool_value value;
};

/* A variable that, if it is set, undoes what the others say. */
struct tool_spoiler {
    const char *name;
    const char *value; /* only with this value; NULL: with any */
    const char *why;   /* what the tool does then, as the end of a sentence */
};

struct tool {
    const char *name;
    bool on_request;  /* only set for whoever names it */
    bool environment; /* takes the proxy from tool_proxy_variables() */
    const struct tool_variable *variables; /* the others; ends with a NULL name */
    const struct tool_spoiler *spoilers;   /* ends with a NULL name; or NULL */
};

/* All tools; ends with a NULL name. */
const struct tool *tool_table(void);

/* The tool of that name, or NULL. */
const struct tool *tool_find(struct span name);

/* Those that all tools with `environment` read; ends with a NULL name. */
const struct tool_variable *tool_proxy_variables(void);

#endif
