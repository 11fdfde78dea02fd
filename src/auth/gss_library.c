/*
 * gss_library: opens libgssapi_krb5 at first need, once per process, and never closes
 * it. A library that is missing is looked for again at the next call.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/gss_symbols.h"

#define LIBRARY "libgssapi_krb5.so.2"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gss_symbols symbols; /* complete once opened */
static bool opened;

#define LOOK_UP(name)                                                                  \
    {                                                                                  \
        void *symbol = dlsym(handle, "gss_" #name);                                    \
        memcpy(&symbols.name, &symbol, sizeof(symbol));                                \
        complete = complete && symbol != NULL;                                         \
    }

/* Why it did not work, or NULL. */
static const char *library_open(void)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool complete = true;

    if (handle == NULL)
        return "the Kerberos library " LIBRARY
               " is not installed (Debian: libgssapi-krb5-2)";
    GSS_SYMBOLS(LOOK_UP)
    if (complete)
        return NULL;
    dlclose(handle);
    return "the Kerberos library " LIBRARY " lacks functions; it is too old";
}

static void library_step(void **context, const struct gss_target *target,
                         struct span input, struct gss_result *result)
{
    const char *why;

    pthread_mutex_lock(&mutex);
    why = opened ? NULL : library_open();
    opened = why == NULL;
    pthread_mutex_unlock(&mutex);
    if (why == NULL) {
        gss_mit_step(&symbols, (struct gss_security **)context, target, input, result);
        return;
    }
    result->verdict = GSS_UNABLE;
    (void)snprintf(result->why, sizeof(result->why), "%s", why);
}

/* There is no context without the library. */
static void library_release(void *context)
{
    gss_mit_release(&symbols, context);
}

const struct gss_maker gss_library = {
    .step = library_step,
    .release = library_release,
};
