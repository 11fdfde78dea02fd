/*
 * gss_mit: tokens of Kerberos within SPNEGO (RFC 4178, RFC 4559) by GSSAPI (RFC 2743),
 * with the extensions of MIT Kerberos for keytabs.
 *
 * SPNEGO is kept to Kerberos: other mechanisms that happen to be installed, as NTLM,
 * would log in with passwords behind the guard's back. The credentials are acquired
 * anew for each context, so that a new ticket counts at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/gss_symbols.h"
#include "base/buf.h"
#include "config/secret.h"

#define OID(bytes)                                                                     \
    {                                                                                  \
        .length = sizeof(bytes) - 1, .elements = (void *)(uintptr_t)(bytes)            \
    }

static gss_OID_desc spnego = OID("\x2b\x06\x01\x05\x05\x02");
static gss_OID_desc krb5 = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
static gss_OID_desc nt_service = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
static gss_OID_desc nt_principal = OID("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01");

struct gss_security {
    gss_ctx_id_t context;
    gss_cred_id_t credentials;
    gss_name_t service;
    gss_OID mechanism;
};

/* How a call of the library failed; major 0: it did not. */
struct failure {
    OM_uint32 major, minor;
};

/* ---- reasons ---- */

/* The KDC counts it as a failed login. */
static const char OUT_OF_DATE[] = "the keytab is out of date: have it made anew";

/* What the library's text means for the user; the first one that fits. */
static const struct advice {
    const char *text;
    const char *user, *keytab;
} ADVICE[] = {
    {"Ticket expired", "the Kerberos ticket has expired: run kinit", NULL},
    {"credentials have expired", "the Kerberos ticket has expired: run kinit", NULL},
    {"Credentials cache is empty", "there is no Kerberos ticket: run kinit", NULL},
    {"No Kerberos credentials available", "there is no Kerberos ticket: run kinit",
     NULL},
    {"Matching credential not found",
     "there is no Kerberos ticket of this principal: run kinit", NULL},
    {"Can't find client principal",
     "there is no Kerberos ticket of this principal: run kinit", NULL},
    {"No credentials cache found", "there is no Kerberos ticket: run kinit", NULL},
    {"Clock skew",
     "the clocks of this machine and of the KDC differ too much: set the clock",
     "the clocks of this machine and of the KDC differ too much: set the clock"},
    {"not yet valid", "the Kerberos ticket begins in the future: set the clock",
     "the Kerberos ticket begins in the future: set the clock"},
    {"Cannot contact any KDC", "the KDC cannot be reached (VPN, network)",
     "the KDC cannot be reached (VPN, network)"},
    {"Cannot find KDC", "no KDC is known for the realm (krb5.conf, DNS)",
     "no KDC is known for the realm (krb5.conf, DNS)"},
    {"Client '", NULL, "the KDC does not know the principal of the keytab"},
    {"not found in Kerberos database",
     "the KDC does not know the service HTTP of this name: name the proxy as "
     "Kerberos does",
     "the KDC does not know the service HTTP of this name: name the proxy as "
     "Kerberos does"},
    {"Preauthentication failed", NULL, OUT_OF_DATE},
    {"Password incorrect", NULL, OUT_OF_DATE},
};

static const char *advice_find(const char *text, bool keytab)
{
    for (size_t i = 0; i < sizeof(ADVICE) / sizeof(ADVICE[0]); i++) {
        const char *advice = keytab ? ADVICE[i].keytab : ADVICE[i].user;

        if (advice != NULL && strcasestr(text, ADVICE[i].text) != NULL)
            return advice;
    }
    return keytab ? "there is no Kerberos ticket by this keytab"
                  : "Kerberos gives no ticket for the proxy";
}

/* Appends what the library says of a status, in printable ASCII. */
static void add_status(const struct gss_symbols *library, OM_uint32 status, int type,
                       gss_OID mechanism, char *text, size_t size)
{
    gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, more = 0;
    size_t n = strlen(text);

    if (library->display_status(&minor, status, type, mechanism, &more, &message) != 0)
        return;
    for (size_t i = 0; i < message.length && n + 1 < size; i++) {
        char c = ((const char *)message.value)[i];

        text[n++] = c >= ' ' && c <= '~' ? c : '?';
    }
    text[n] = '\0';
    (void)library->release_buffer(&minor, &message);
}

static void explain(const struct gss_symbols *library, struct failure failure,
                    const struct gss_target *target, gss_OID mechanism,
                    struct gss_result *result)
{
    char text[160] = "";
    const char *advice;

    /* The mechanism's text says more than GSSAPI's, where it has one. */
    if (failure.minor != 0)
        add_status(library, failure.minor, GSS_C_MECH_CODE, mechanism, text,
                   sizeof(text));
    if (text[0] == '\0')
        add_status(library, failure.major, GSS_C_GSS_CODE, GSS_C_NO_OID, text,
                   sizeof(text));
    advice = advice_find(text, target->keytab != NULL);
    result->rejected = advice == OUT_OF_DATE;
    (void)snprintf(result->why, sizeof(result->why), "%s (%s)", advice, text);
}

/* ---- names and credentials ---- */

static struct failure import(const struct gss_symbols *library, const char *text,
                             gss_OID type, gss_name_t *name)
{
    gss_buffer_desc buffer = {strlen(text), (void *)(uintptr_t)text};
    struct failure f = {0, 0};

    f.major = library->import_name(&f.minor, &buffer, type, name);
    return f;
}

static struct failure import_service(const struct gss_symbols *library,
                                     const char *host, gss_name_t *name)
{
    struct failure f = {GSS_S_FAILURE, 0};
    struct buf text;

    buf_init(&text, 1024);
    if (buf_printf(&text, "HTTP@%s", host) == 0 && buf_append(&text, "", 1) == 0)
        f = import(library, buf_span(&text).at, &nt_service, name);
    buf_clear(&text);
    return f;
}

/* Where the tickets come from: the user's cache, or one in memory by way of a keytab.
 */
static struct failure acquire_from(const struct gss_symbols *library,
                                   const struct gss_target *target, gss_name_t name,
                                   gss_OID mechanism, gss_cred_id_t *credentials)
{
    gss_key_value_element_desc elements[2] = {{"client_keytab", target->keytab},
                                              {"ccache", NULL}};
    gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc mechanisms = {1, mechanism};
    struct failure f = {GSS_S_FAILURE, 0};
    struct buf cache;

    buf_init(&cache, 8192);
    if (buf_printf(&cache, "MEMORY:ccgate %s %s", target->keytab ? target->keytab : "",
                   target->principal ? target->principal : "") != 0 ||
        buf_append(&cache, "", 1) != 0)
        goto out;
    elements[1].value = buf_span(&cache).at;
    f.major = library->acquire_cred_from(
        &f.minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
        target->keytab ? &store : GSS_C_NO_CRED_STORE, credentials, NULL, NULL);
out:
    buf_clear(&cache);
    return f;
}

/* Kerberos is asked first: SPNEGO would not say what is wrong with the tickets. */
static struct failure acquire(const struct gss_symbols *library,
                              const struct gss_target *target, gss_name_t name,
                              struct gss_security *s)
{
    gss_OID_set_desc only = {1, &krb5};
    gss_cred_id_t wrapped = GSS_C_NO_CREDENTIAL;
    struct failure f = acquire_from(library, target, name, &krb5, &s->credentials);
    OM_uint32 minor;

    s->mechanism = &krb5;
    if (f.major != 0)
        return f;
    if (acquire_from(library, target, name, &spnego, &wrapped).major != 0 ||
        library->set_neg_mechs(&minor, wrapped, &only) != 0) {
        /* Proxies take Kerberos without SPNEGO too, as old browsers send it. */
        if (wrapped != GSS_C_NO_CREDENTIAL)
            (void)library->release_cred(&minor, &wrapped);
        return f;
    }
    (void)library->release_cred(&minor, &s->credentials);
    s->credentials = wrapped;
    s->mechanism = &spnego;
    return f;
}

static struct failure prepare(const struct gss_symbols *library,
                              const struct gss_target *target, struct gss_security *s)
{
    struct failure f = import_service(library, target->host, &s->service);
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor;

    s->mechanism = &krb5;
    if (f.major == 0 && target->principal != NULL)
        f = import(library, target->principal, &nt_principal, &name);
    if (f.major == 0)
        f = acquire(library, target, name, s);
    if (name != GSS_C_NO_NAME)
        (void)library->release_name(&minor, &name);
    return f;
}

/* ---- a step ---- */

/* Moves the token over; the library's copy is wiped. */
static void take_token(const struct gss_symbols *library, gss_buffer_t token,
                       struct gss_result *result)
{
    OM_uint32 minor;

    if (token->length > 0) {
        result->token = malloc(token->length);
        if (result->token != NULL) {
            memcpy(result->token, token->value, token->length);
            result->token_len = token->length;
        }
        secret_wipe(token->value, token->length);
    }
    (void)library->release_buffer(&minor, token);
}

static struct failure speak(const struct gss_symbols *library,
                            const struct gss_target *target, struct gss_security *s,
                            struct span input, struct gss_result *result)
{
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc peer = {input.len, (void *)(uintptr_t)input.at};
    struct gss_channel_bindings_struct binding = {
        .application_data = {target->binding_len, target->binding},
    };
    struct failure f = {0, 0};

    f.major = library->init_sec_context(
        &f.minor, s->credentials, &s->context, s->service, s->mechanism,
        GSS_C_MUTUAL_FLAG, 0,
        target->binding_len > 0 ? &binding : GSS_C_NO_CHANNEL_BINDINGS,
        input.len > 0 ? &peer : GSS_C_NO_BUFFER, NULL, &token, NULL, NULL);
    take_token(library, &token, result);
    if (GSS_ERROR(f.major))
        return f;
    result->verdict = f.major & GSS_S_CONTINUE_NEEDED ? GSS_GOES_ON : GSS_COMPLETE;
    return (struct failure){0, 0};
}

void gss_mit_step(const struct gss_symbols *library, struct gss_security **security,
                  const struct gss_target *target, struct span input,
                  struct gss_result *result)
{
    struct gss_security *s = *security;
    bool first = s == NULL;
    struct failure f = {0, 0};

    result->verdict = GSS_UNABLE;
    if (first) {
        s = *security = calloc(1, sizeof(*s));
        if (s == NULL) {
            (void)snprintf(result->why, sizeof(result->why), "memory is out");
            return;
        }
        f = prepare(library, target, s);
    }
    if (f.major == 0)
        f = speak(library, target, s, input, result);
    if (f.major == 0)
        return;
    gss_result_clear(result); /* an error token helps nobody here */
    explain(library, f, target, s->mechanism, result);
    result->verdict = first ? GSS_UNABLE : GSS_BAD_PEER;
}

void gss_mit_release(const struct gss_symbols *library, struct gss_security *s)
{
    OM_uint32 minor;

    if (s == NULL)
        return;
    if (s->context != GSS_C_NO_CONTEXT)
        (void)library->delete_sec_context(&minor, &s->context, GSS_C_NO_BUFFER);
    if (s->credentials != GSS_C_NO_CREDENTIAL)
        (void)library->release_cred(&minor, &s->credentials);
    if (s->service != GSS_C_NO_NAME)
        (void)library->release_name(&minor, &s->service);
    free(s);
}
