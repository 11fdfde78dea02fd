/*
 * test_offers: which scheme is taken of those that a proxy offers, and why none.
 */
#include "auth/offers.h"

#include "auth/memory.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define HOP          "http://wp1.corp:8080"
#define HOLD_MS      60000

static struct loop *loop;
static struct auth_memory *memory;
static struct guard *guard;
static struct config_login login;
static struct auth_options options;

static void setup(void)
{
    loop = loop_new();
    memory = auth_memory_new();
    guard = guard_new(loop, NULL);
    login = (struct config_login){.auth = CONFIG_AUTH_AUTO};
    login.login_name = span_dup(SPAN("alice"));
    login.password = secret_new(SPAN("sesame"));
    options = (struct auth_options){
        .loop = loop,
        .guard = guard,
        .memory = memory,
        .hop = HOP,
        .host = "wp1.corp",
        .clear = true,
        .login = &login,
    };
}

static void teardown(void)
{
    free(login.login_name);
    secret_free(login.password);
    auth_memory_free(memory);
    guard_free(guard);
    ck_assert_int_eq(loop_free(loop), 0);
}

/* The name of what is chosen of these lines, or "". */
static const char *chosen(const char *lines, struct choice *choice)
{
    struct offers offers;

    offers_read(&offers, span_of(lines));
    auth_memory_asks(memory, HOP, &offers);
    choose(choice, &options, &offers, 0);
    return choice->scheme == NULL ? "" : choice->scheme->name;
}

#define NONCE "nonce=\"x\", qop=\"auth\""

static const struct {
    const char *lines, *name, *parameters;
} TAKEN[] = {
    {"Basic realm=\"a\"\nNTLM\n", "NTLM", ""},
    {"NTLM\nNTLM TlRMTVNTUAAC\n", "NTLM", "TlRMTVNTUAAC"},
    {"NTLM TlRMTVNTUAAC\nNTLM\n", "NTLM", "TlRMTVNTUAAC"},
    {"Basic realm=\"a, NTLM\", Digest realm=\"b\", " NONCE "\n", "Digest",
     "realm=\"b\", " NONCE},
    {"basic realm=\"a\"", "Basic", "realm=\"a\""},
    /* a line that is broken spoils no other */
    {"Basic realm=\"a\nntlm\n", "NTLM", ""},
};

START_TEST(the_strongest_is_taken)
{
    struct choice choice;
    struct offers offers;

    offers_read(&offers, span_of(TAKEN[_i].lines));
    ck_assert_str_eq(chosen(TAKEN[_i].lines, &choice), TAKEN[_i].name);
    ck_assert(span_equal(offers.challenge[scheme_place(choice.scheme)].parameters,
                         span_of(TAKEN[_i].parameters)));
}
END_TEST

START_TEST(one_that_cannot_work_is_passed_over)
{
    const char *lines = "NTLM\nBasic realm=\"a\"\n";
    struct choice choice;

    login.auth = CONFIG_AUTH_NTLM | CONFIG_AUTH_BASIC << 4;
    auth_memory_unable(memory, HOP, &auth_scheme_ntlm, loop_now(loop) + HOLD_MS,
                       "it is Monday");
    ck_assert_str_eq(chosen(lines, &choice), "Basic");
    ck_assert_str_eq(auth_memory_note(memory, HOP), "NTLM: it is Monday");
    ck_assert_str_eq(chosen("NTLM\n", &choice), "");
    ck_assert_int_eq(choice.outcome, OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(choice.detail, "it is Monday"));
    /* why stays known when it is tried again, until it works */
    auth_memory_unable(memory, HOP, &auth_scheme_ntlm, loop_now(loop), "it is late");
    ck_assert_str_eq(chosen(lines, &choice), "NTLM");
    ck_assert_ptr_nonnull(auth_memory_note(memory, HOP));
    auth_memory_able(memory, HOP, &auth_scheme_ntlm);
    ck_assert_ptr_null(auth_memory_note(memory, HOP));
}
END_TEST

START_TEST(those_without_are_not_taken)
{
    struct choice choice;
    struct offers offers;

    offers_read(&offers, SPAN("NTLM\nBasic realm=\"a\"\n"));
    choose(&choice, &options, &offers, scheme_bit(&auth_scheme_ntlm));
    ck_assert_ptr_eq(choice.scheme, &auth_scheme_basic);
}
END_TEST

/* A hop that offered better once is not given the password in clear. */
START_TEST(downgrade_is_refused)
{
    const char *basic = "Basic realm=\"a\"\n";
    struct choice choice;

    ck_assert_str_eq(chosen(basic, &choice), "Basic");
    ck_assert_str_eq(chosen("NTLM\nBasic realm=\"a\"\n", &choice), "NTLM");
    ck_assert_str_eq(chosen(basic, &choice), "");
    ck_assert_int_eq(choice.outcome, OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(strstr(choice.detail, "offered better before"));
    ck_assert_ptr_nonnull(strstr(choice.detail, "auth: basic"));
    options.clear = false;
    ck_assert_str_eq(chosen(basic, &choice), "Basic");
    options.clear = true;
    login.auth = CONFIG_AUTH_NTLM | CONFIG_AUTH_BASIC << 4;
    ck_assert_str_eq(chosen(basic, &choice), "Basic");
    login.auth = CONFIG_AUTH_AUTO;
    options.hop = "http://wp2.corp:8080";
    ck_assert_str_eq(chosen(basic, &choice), "Basic");
}
END_TEST

/* Nor does one that offers better now, which cannot be used here. */
START_TEST(basic_is_no_way_out)
{
    const char *lines = "NTLM\nBasic realm=\"a\"\n";
    struct choice choice;

    auth_memory_unable(memory, HOP, &auth_scheme_ntlm, loop_now(loop) + HOLD_MS,
                       "it is Monday");
    ck_assert_str_eq(chosen(lines, &choice), "");
    ck_assert_ptr_nonnull(strstr(choice.detail, "NTLM: it is Monday"));
    ck_assert_ptr_nonnull(strstr(choice.detail, "name it in `auth:`"));
    options.clear = false;
    ck_assert_str_eq(chosen(lines, &choice), "Basic");
}
END_TEST

START_TEST(a_hash_is_no_password)
{
    static const char lines[] = "Digest realm=\"b\", " NONCE "\nBasic realm=\"a\"\n";
    struct choice choice;

    login.password_type = CONFIG_PASSWORD_NT_HASH;
    ck_assert_str_eq(chosen(lines, &choice), "");
    ck_assert_int_eq(choice.outcome, OUTCOME_LOGIN_SCHEME);
    ck_assert_ptr_nonnull(
        strstr(choice.detail, "needs the password itself, not a hash"));
    ck_assert_str_eq(chosen("NTLM\nBasic realm=\"a\"\n", &choice), "NTLM");
    login.auth = CONFIG_AUTH_BASIC;
    ck_assert_str_eq(chosen("NTLM\nBasic realm=\"a\"\n", &choice), "");
    ck_assert_ptr_nonnull(strstr(choice.detail, "Basic needs the password itself"));
    login.auth = CONFIG_AUTH_AUTO;
    login.password_type = CONFIG_PASSWORD_PLAIN;
    ck_assert_str_eq(chosen(lines, &choice), "Digest");
}
END_TEST

START_TEST(what_is_missing_is_said)
{
    struct choice choice;

    options.clear = false;
    secret_free(login.password);
    login.password = NULL;
    auth_memory_unable(memory, HOP, &auth_scheme_digest, loop_now(loop) + HOLD_MS,
                       "it is Monday");
    ck_assert_str_eq(
        chosen("Digest realm=\"b\", " NONCE "\nBasic realm=\"a\"\n", &choice), "");
    ck_assert_int_eq(choice.outcome, OUTCOME_LOGIN_NO_CREDENTIALS);
    ck_assert_ptr_nonnull(strstr(choice.detail, "realm \"a\""));
    ck_assert_ptr_nonnull(strstr(choice.detail, "no password of alice"));
    ck_assert_ptr_nonnull(strstr(choice.detail, "Digest: it is Monday"));
}
END_TEST

START_TEST(a_login_withheld_is_not_given)
{
    struct choice choice;

    options.withheld = true;
    ck_assert_str_eq(chosen("NTLM\nBasic realm=\"a\"\n", &choice), "");
    ck_assert_int_eq(choice.outcome, OUTCOME_LOGIN_NO_CREDENTIALS);
    ck_assert_ptr_nonnull(strstr(choice.detail, "`auth_hosts:`"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("offers");
    TCase *c = tcase_create("offers");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, the_strongest_is_taken, 0, COUNT(TAKEN));
    tcase_add_test(c, one_that_cannot_work_is_passed_over);
    tcase_add_test(c, those_without_are_not_taken);
    tcase_add_test(c, downgrade_is_refused);
    tcase_add_test(c, basic_is_no_way_out);
    tcase_add_test(c, a_hash_is_no_password);
    tcase_add_test(c, what_is_missing_is_said);
    tcase_add_test(c, a_login_withheld_is_not_given);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
