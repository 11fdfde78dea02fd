/*
 * gss_none: stands in for gss_library and gss_mit where the headers of GSSAPI were
 * missing when ccgate was built.
 */
#include <stdio.h>

#include "auth/gss_maker.h"

static void none_step(void **context, const struct gss_target *target,
                      struct span input, struct gss_result *result)
{
    (void)context;
    (void)target;
    (void)input;
    result->verdict = GSS_UNABLE;
    (void)snprintf(result->why, sizeof(result->why), "ccgate was built without GSSAPI");
}

static void none_release(void *context)
{
    (void)context;
}

const struct gss_maker gss_library = {
    .step = none_step,
    .release = none_release,
};
