/*
 * gss_symbols: the functions of a GSSAPI library, as a table, so that the library is
 * not linked and tests can stand in for it. Private to src/auth/gss*; only where its
 * headers are.
 */
#ifndef CCGATE_AUTH_GSS_SYMBOLS_H
#define CCGATE_AUTH_GSS_SYMBOLS_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

#include "auth/gss_maker.h"

/* All names of the table, without gss_. */
#define GSS_SYMBOLS(each)                                                              \
    each(import_name) each(release_name) each(acquire_cred_from) each(release_cred)    \
        each(set_neg_mechs) each(init_sec_context) each(delete_sec_context)            \
            each(display_status) each(release_buffer)

#define GSS_SYMBOL_MEMBER(name) __typeof__(gss_##name) *(name);

struct gss_symbols {
    GSS_SYMBOLS(GSS_SYMBOL_MEMBER)
};

struct gss_security; /* a security context */

/* What gss_maker's functions do, with this library. */
void gss_mit_step(const struct gss_symbols *library, struct gss_security **security,
                  const struct gss_target *target, struct span input,
                  struct gss_result *result);
void gss_mit_release(const struct gss_symbols *library, struct gss_security *security);

#endif
