/*
 * libproxy: see libproxy.h. Its functions are those of proxy.h, which are the same in
 * 0.4 and 0.5; no header and no link is needed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr() */
#endif

#include "pac/libproxy.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libproxy.so.1" /* the same of 0.4 and 0.5 */
#define ENTRIES 64

struct library {
    void *handle;
    void *(*factory_new)(void);
    char **(*get_proxies)(void *factory, const char *url);
    void (*free_proxies)(char **proxies); /* NULL before 0.4.16 */
    bool newer;                           /* 0.5 */
};

/* POSIX wants it done so: a function is no object in C. */
static void symbol(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof(found));
}

static const struct library *library(void)
{
    static struct library l;
    void *copy = NULL;

    if (l.handle != NULL)
        return &l;
    l.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (l.handle == NULL)
        return NULL;
    symbol(l.handle, "px_proxy_factory_new", &l.factory_new);
    symbol(l.handle, "px_proxy_factory_get_proxies", &l.get_proxies);
    symbol(l.handle, "px_proxy_factory_free_proxies", &l.free_proxies);
    symbol(l.handle, "px_proxy_factory_copy", &copy); /* new in 0.5 */
    l.newer = copy != NULL;
    if (l.factory_new != NULL && l.get_proxies != NULL)
        return &l;
    (void)dlclose(l.handle);
    l.handle = NULL;
    return NULL;
}

/* 0.4 runs PAC scripts with a plugin, in a package of its own: libproxy/V/modules. */
static bool has_engine(const struct library *l)
{
    Dl_info info;
    char pattern[4096];
    glob_t found;
    const char *slash;
    void *address;
    bool there;

    if (l->newer)
        return true;
    memcpy(&address, &l->get_proxies, sizeof(address));
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
        return false;
    slash = strrchr(info.dli_fname, '/');
    if (slash == NULL || slash - info.dli_fname > 4000)
        return false;
    (void)snprintf(pattern, sizeof(pattern), "%.*s/libproxy/*/modules/pacrunner_*.so",
                   (int)(slash - info.dli_fname), info.dli_fname);
    there = glob(pattern, 0, NULL, &found) == 0;
    if (there)
        globfree(&found);
    return there;
}

const char *libproxy_describe(void)
{
    const struct library *l = library();

    if (l == NULL)
        return "no libproxy";
    if (l->newer)
        return "libproxy 0.5";
    return has_engine(l) ? "libproxy 0.4"
                         : "libproxy 0.4 without a PAC engine of its own";
}

struct span libproxy_entry(const char *entry, char *out, size_t size)
{
    struct span s = span_of(entry);
    size_t colon = span_find(s, ':');
    struct span rest = span_skip(s, colon + 3);
    size_t at = 0;
    int n;

    if (!span_starts(span_skip(s, colon), SPAN("://")))
        return (struct span){NULL, 0};
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > 0x7e)
            return (struct span){NULL, 0};
    for (size_t i = 0; i < rest.len && rest.at[i] != '/'; i++)
        if (rest.at[i] == '@')
            at = i + 1;
    rest = span_skip(rest, at);
    n = snprintf(out, size, "%.*s%.*s", (int)colon + 3, s.at, SPAN_ARG(rest));
    if (n < 0 || (size_t)n >= size)
        return (struct span){NULL, 0};
    return (struct span){out, (size_t)n};
}

static bool take_entries(char **entries, struct buf *out)
{
    size_t before = out->len;
    char text[1024];

    for (size_t i = 0; i < ENTRIES && entries[i] != NULL; i++) {
        struct span entry = libproxy_entry(entries[i], text, sizeof(text));

        if (entry.len == 0)
            continue;
        if (out->len > before)
            (void)buf_append(out, "\n", 1);
        if (buf_append_span(out, entry) != 0)
            break;
    }
    return out->len > before;
}

bool libproxy_ask(const char *url, struct buf *out)
{
    static void *factory; /* never freed: it may have threads of its own */
    const struct library *l = library();
    char **entries;
    bool said;

    if (l != NULL && factory == NULL)
        factory = l->factory_new();
    if (factory == NULL)
        return false;
    entries = l->get_proxies(factory, url);
    if (entries == NULL)
        return false;
    said = take_entries(entries, out);
    if (l->free_proxies != NULL)
        l->free_proxies(entries);
    return said;
}
