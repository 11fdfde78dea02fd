/*
 * test_gss_mit: how GSSAPI is spoken, with functions in place of the library's.
 */
#include <stdio.h>
#include <string.h>

#include "auth/gss_symbols.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

enum { NAME, CREDENTIALS, CONTEXT, MESSAGE, KINDS };

/* What the library is like, and what it saw. */
static struct {
    OM_uint32 krb5_major, spnego_major, init_major;
    const char *text; /* of a minor status */
    int held[KINDS];  /* objects handed out and not given back */
    char names[256];
    char store[256];
    bool kept_to_krb5;
    char mechanism; /* 's'pnego or 'k'rb5 */
    OM_uint32 flags;
    size_t binding_len, input_len;
} lib;

static char objects[KINDS];

static void *hand_out(int kind)
{
    lib.held[kind]++;
    return &objects[kind];
}

static char mechanism_of(const gss_OID_desc *oid)
{
    return oid->length == 6 && memcmp(oid->elements, "\x2b\x06\x01\x05\x05\x02", 6) == 0
               ? 's'
           : oid->length == 9 ? 'k'
                              : '?';
}

static OM_uint32 fake_import_name(OM_uint32 *minor, gss_buffer_t text, gss_OID type,
                                  gss_name_t *name)
{
    size_t n = strlen(lib.names);

    (void)type;
    *minor = 0;
    (void)snprintf(lib.names + n, sizeof(lib.names) - n, "%.*s ", (int)text->length,
                   (char *)text->value);
    *name = hand_out(NAME);
    return 0;
}

static OM_uint32 fake_release_name(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    *name = GSS_C_NO_NAME;
    lib.held[NAME]--;
    return 0;
}

static OM_uint32 fake_acquire_cred_from(OM_uint32 *minor, gss_name_t name,
                                        OM_uint32 time, gss_OID_set mechanisms,
                                        gss_cred_usage_t usage,
                                        gss_const_key_value_set_t store,
                                        gss_cred_id_t *credentials, gss_OID_set *actual,
                                        OM_uint32 *left)
{
    char mechanism = mechanism_of(&mechanisms->elements[0]);
    OM_uint32 major = mechanism == 'k' ? lib.krb5_major : lib.spnego_major;

    (void)name;
    (void)time;
    (void)actual;
    if (left != NULL)
        *left = 60;
    ck_assert_uint_eq(mechanisms->count, 1);
    ck_assert_int_eq(usage, GSS_C_INITIATE);
    lib.store[0] = '\0';
    for (OM_uint32 i = 0; store != NULL && i < store->count; i++) {
        size_t n = strlen(lib.store);

        (void)snprintf(lib.store + n, sizeof(lib.store) - n, "%s=%s;",
                       store->elements[i].key, store->elements[i].value);
    }
    *minor = major == 0 ? 0 : 77;
    if (major == 0)
        *credentials = hand_out(CREDENTIALS);
    return major;
}

static OM_uint32 fake_release_cred(OM_uint32 *minor, gss_cred_id_t *credentials)
{
    *minor = 0;
    *credentials = GSS_C_NO_CREDENTIAL;
    lib.held[CREDENTIALS]--;
    return 0;
}

static OM_uint32 fake_set_neg_mechs(OM_uint32 *minor, gss_cred_id_t credentials,
                                    const gss_OID_set mechanisms) /* NOLINT */
{
    (void)credentials;
    *minor = 0;
    lib.kept_to_krb5 =
        mechanisms->count == 1 && mechanism_of(&mechanisms->elements[0]) == 'k';
    return 0;
}

static OM_uint32 fake_init_sec_context(OM_uint32 *minor, gss_cred_id_t credentials,
                                       gss_ctx_id_t *context, gss_name_t service,
                                       gss_OID mechanism, OM_uint32 flags,
                                       OM_uint32 time, gss_channel_bindings_t binding,
                                       gss_buffer_t input, gss_OID *actual,
                                       gss_buffer_t token, OM_uint32 *got,
                                       OM_uint32 *left)
{
    (void)time;
    (void)actual;
    if (got != NULL)
        *got = flags;
    if (left != NULL)
        *left = 60;
    ck_assert_ptr_nonnull(credentials);
    ck_assert_ptr_nonnull(service);
    lib.mechanism = mechanism_of(mechanism);
    lib.flags = flags;
    lib.binding_len = binding == NULL ? 0 : binding->application_data.length;
    lib.input_len = input == NULL ? 0 : input->length;
    *minor = GSS_ERROR(lib.init_major) ? 77 : 0;
    if (*context == GSS_C_NO_CONTEXT)
        *context = hand_out(CONTEXT);
    token->value = strdup("token"); /* with an error there may be one, too */
    token->length = 5;
    lib.held[MESSAGE]++;
    return lib.init_major;
}

static OM_uint32 fake_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
                                         gss_buffer_t token)
{
    (void)token;
    *minor = 0;
    *context = GSS_C_NO_CONTEXT;
    lib.held[CONTEXT]--;
    return 0;
}

static OM_uint32 fake_display_status(OM_uint32 *minor, OM_uint32 status, int type,
                                     gss_OID mechanism, OM_uint32 *more,
                                     gss_buffer_t text)
{
    (void)status;
    (void)mechanism;
    *minor = *more = 0;
    text->value = strdup(type == GSS_C_MECH_CODE ? lib.text : "general failure");
    text->length = strlen(text->value);
    lib.held[MESSAGE]++;
    return 0;
}

static OM_uint32 fake_release_buffer(OM_uint32 *minor, gss_buffer_t buffer)
{
    *minor = 0;
    if (buffer->value != NULL)
        lib.held[MESSAGE]--;
    free(buffer->value);
    *buffer = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    return 0;
}

#define FAKE(name) .name = fake_##name,

static const struct gss_symbols fake = {GSS_SYMBOLS(FAKE)};

/* ---- the rig ---- */

static struct gss_security *security;
static struct gss_target target;
static struct gss_result result;

static void begin_test(void)
{
    memset(&lib, 0, sizeof(lib));
    lib.init_major = GSS_S_CONTINUE_NEEDED;
    security = NULL;
    target = (struct gss_target){.host = (char *)(uintptr_t) "wp1.corp"};
    memset(&result, 0, sizeof(result));
}

/* Whatever happened, all is given back. */
static void end_test(void)
{
    gss_result_clear(&result);
    gss_mit_release(&fake, security);
    for (int i = 0; i < KINDS; i++)
        ck_assert_msg(lib.held[i] == 0, "%d of kind %d are held", lib.held[i], i);
}

static void step(const char *input)
{
    gss_result_clear(&result);
    gss_mit_step(&fake, &security, &target, span_of(input), &result);
}

/* ---- tests ---- */

START_TEST(a_token)
{
    step("");
    ck_assert_int_eq(result.verdict, GSS_GOES_ON);
    ck_assert_uint_eq(result.token_len, 5);
    ck_assert_mem_eq(result.token, "token", 5);
    ck_assert_str_eq(lib.names, "HTTP@wp1.corp ");
    ck_assert_int_eq(lib.mechanism, 's');
    ck_assert(lib.kept_to_krb5);
    ck_assert_uint_eq(lib.flags, GSS_C_MUTUAL_FLAG);
    ck_assert_uint_eq(lib.binding_len, 0);
    ck_assert_str_eq(lib.store, "");
    lib.init_major = GSS_S_COMPLETE;
    step("answer");
    ck_assert_int_eq(result.verdict, GSS_COMPLETE);
    ck_assert_uint_eq(lib.input_len, 6);
}
END_TEST

START_TEST(without_spnego)
{
    lib.spnego_major = GSS_S_BAD_MECH;
    step("");
    ck_assert_int_eq(result.verdict, GSS_GOES_ON);
    ck_assert_int_eq(lib.mechanism, 'k');
}
END_TEST

START_TEST(keytab_and_principal)
{
    target.keytab = (char *)(uintptr_t) "/etc/k";
    target.principal = (char *)(uintptr_t) "bot@CORP";
    target.binding = (char *)(uintptr_t) "bound";
    target.binding_len = 5;
    step("");
    ck_assert_int_eq(result.verdict, GSS_GOES_ON);
    ck_assert_str_eq(lib.names, "HTTP@wp1.corp bot@CORP ");
    ck_assert_str_eq(lib.store,
                     "client_keytab=/etc/k;ccache=MEMORY:ccgate /etc/k bot@CORP;");
    ck_assert_uint_eq(lib.binding_len, 5);
}
END_TEST

/* A peer that does not continue as it should. */
START_TEST(a_bad_peer)
{
    step("");
    lib.init_major = GSS_S_DEFECTIVE_TOKEN;
    lib.text = "ASN.1 failed";
    step("nonsense");
    ck_assert_int_eq(result.verdict, GSS_BAD_PEER);
    ck_assert_ptr_null(result.token);
    ck_assert_ptr_nonnull(strstr(result.why, "(ASN.1 failed)"));
}
END_TEST

/* As MIT Kerberos 1.20 says it, and what people are told first. */
static const struct {
    const char *text, *user, *keytab;
} REASONS[] = {
    {"No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_1000)",
     "there is no Kerberos ticket: run kinit (", "there is no Kerberos ticket by this"},
    {"No credentials cache found", "there is no Kerberos ticket: run kinit (",
     "there is no Kerberos ticket by this keytab"},
    {"Ticket expired", "the Kerberos ticket has expired: run kinit (",
     "there is no Kerberos ticket by this keytab"},
    {"Cannot contact any KDC for realm 'CORP'", "the KDC cannot be reached",
     "the KDC cannot be reached"},
    {"Clock skew too great", "the clocks of this machine and of the KDC differ",
     "the clocks of this machine and of the KDC differ"},
    {"Ticket not yet valid", "the Kerberos ticket begins in the future: set the clock",
     "the Kerberos ticket begins in the future: set the clock"},
    {"Server HTTP/wp1.corp@CORP not found in Kerberos database",
     "the KDC does not know the service HTTP of this name",
     "the KDC does not know the service HTTP of this name"},
    {"Client 'bot@CORP' not found in Kerberos database",
     "the KDC does not know the service", /* a user without a ticket is never told so */
     "the KDC does not know the principal of the keytab"},
    {"Preauthentication failed", "Kerberos gives no ticket",
     "the keytab is out of date"},
    {"Something\nnew", "Kerberos gives no ticket for the proxy (Something?new)",
     "there is no Kerberos ticket by this keytab (Something?new)"},
    {"", "Kerberos gives no ticket for the proxy (general failure)",
     "there is no Kerberos ticket by this keytab (general failure)"},
};

static void expect_reason(const char *reason)
{
    ck_assert_int_eq(result.verdict, GSS_UNABLE);
    ck_assert_ptr_null(result.token);
    ck_assert_msg(strncmp(result.why, reason, strlen(reason)) == 0, "%s", result.why);
}

START_TEST(reasons)
{
    lib.text = REASONS[_i].text;
    lib.krb5_major = GSS_S_NO_CRED;
    step("");
    expect_reason(REASONS[_i].user);
    gss_mit_release(&fake, security);
    security = NULL;
    /* the same, said later */
    lib.krb5_major = 0;
    lib.init_major = GSS_S_FAILURE;
    step("");
    expect_reason(REASONS[_i].user);
    gss_mit_release(&fake, security);
    security = NULL;
    target.keytab = (char *)(uintptr_t) "/etc/k";
    step("");
    expect_reason(REASONS[_i].keytab);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gss mit");
    TCase *tc = tcase_create("gss mit");

    tcase_add_checked_fixture(tc, begin_test, end_test);
    tcase_add_test(tc, a_token);
    tcase_add_test(tc, without_spnego);
    tcase_add_test(tc, keytab_and_principal);
    tcase_add_test(tc, a_bad_peer);
    tcase_add_loop_test(tc, reasons, 0, COUNT(REASONS));
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
