/*
 * test_challenge: challenges in Proxy-Authenticate values.
 */
#include "auth/challenge.h"

#include <stdio.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* read: "scheme<parameters>" for each, with "!" for a token68. */
static const struct {
    const char *value;
    const char *read;
} cases[] = {
    {"", ""},
    {" \t, ,", ""},
    {"Basic", "Basic<>"},
    {"Basic realm=\"x\"", "Basic<realm=\"x\">"},
    {"bAsIc realm=x", "bAsIc<realm=x>"},
    {"Basic   realm = \"x\"", "Basic<realm = \"x\">"},
    {"Negotiate, NTLM, Basic realm=\"x\"", "Negotiate<>NTLM<>Basic<realm=\"x\">"},
    {"NTLM,,Negotiate ,\tBasic\trealm=x", "NTLM<>Negotiate<>Basic<realm=x>"},
    {"Negotiate YII+/=, Basic realm=\"x\"", "Negotiate<YII+/=>!Basic<realm=\"x\">"},
    {"NTLM TlRMTVNTUAAC==", "NTLM<TlRMTVNTUAAC==>!"},
    {"NTLM abc, stray=1, Basic", "NTLM<abc>!Basic<>"},
    /* commas and names of schemes in quotes */
    {"Basic realm=\"a, NTLM b\"", "Basic<realm=\"a, NTLM b\">"},
    {"Basic realm=\"a\\\", NTLM b\", Negotiate",
     "Basic<realm=\"a\\\", NTLM b\">Negotiate<>"},
    {"Basic realm=\"a\\\\\", NTLM", "Basic<realm=\"a\\\\\">NTLM<>"},
    {"Basic realm=\"open, NTLM", "Basic<realm=\"open, NTLM>"},
    /* several parameters, and blanks around the equals sign */
    {"Digest realm=\"x\", nonce=\"n,n\", stale=FALSE, qop=\"auth,auth-int\"",
     "Digest<realm=\"x\", nonce=\"n,n\", stale=FALSE, qop=\"auth,auth-int\">"},
    {"Digest realm=\"x\" , nonce =\"y\", Basic realm=\"z\"",
     "Digest<realm=\"x\" , nonce =\"y\">Basic<realm=\"z\">"},
    {"Digest algorithm=MD5,realm=\"x\",NTLM",
     "Digest<algorithm=MD5,realm=\"x\">NTLM<>"},
    {"Newauth , realm=\"x\", Basic realm=\"y\"",
     "Newauth<realm=\"x\">Basic<realm=\"y\">"},
    {"Basic realm=\"x\",", "Basic<realm=\"x\">"},
    /* not quite right, and met in the field */
    {"Basic realm=Corp Proxy, NTLM", "Basic<realm=Corp Proxy>NTLM<>"},
    {"realm=\"x\", Basic", "Basic<>"},
    {"\"quoted\", Basic", "Basic<>"},
    {"\"quoted, Basic", ""},
    {"Basic\"x\", NTLM", "NTLM<>"},
    {"Basic: realm=x", ""},
    {"Basic realm=", "Basic<realm=>!"},
};

START_TEST(reads)
{
    char shown[512] = "";
    size_t n = 0;
    struct span rest = span_of(cases[_i].value);
    struct challenge challenge;

    while (challenge_next(&rest, &challenge))
        n += (size_t)snprintf(
            shown + n, sizeof(shown) - n, "%.*s<%.*s>%s", SPAN_ARG(challenge.scheme),
            SPAN_ARG(challenge.parameters), challenge.token68 ? "!" : "");
    ck_assert_str_eq(shown, cases[_i].read);
    ck_assert_uint_eq(rest.len, 0);
}
END_TEST

static const struct {
    const char *value;
    const char *name;
    const char *found; /* NULL: not there */
} parameters[] = {
    {"Basic realm=\"Corp, Inc.\", charset=\"UTF-8\"", "realm", "Corp, Inc."},
    {"Basic realm=\"Corp, Inc.\", charset=\"UTF-8\"", "CHARSET", "UTF-8"},
    {"Basic realm=\"x\"", "charset", NULL},
    {"Basic REALM = x", "realm", "x"},
    {"Basic realm=\"a \\\" b\"", "realm", "a \\\" b"},
    {"Basic realm=\"\"", "realm", ""},
    {"Basic realm=\"open", "realm", "open"},
    {"Basic realm=\"open\\", "realm", "open\\"},
    {"Basic xrealm=\"1\", realm=\"2\"", "realm", "2"},
    {"Basic title=\"realm=no\", realm=yes", "realm", "yes"},
    {"Basic , ,realm=x", "realm", "x"},
    {"Basic", "realm", NULL},
    {"NTLM realm=", "realm", NULL},
};

START_TEST(finds_parameters)
{
    struct span rest = span_of(parameters[_i].value);
    struct span value = {NULL, 0};
    struct challenge challenge;
    bool found;

    ck_assert(challenge_next(&rest, &challenge));
    found = challenge_parameter(&challenge, span_of(parameters[_i].name), &value);
    ck_assert_int_eq(found, parameters[_i].found != NULL);
    if (found)
        ck_assert_msg(span_equal(value, span_of(parameters[_i].found)),
                      "%s: got <%.*s>", parameters[_i].value, SPAN_ARG(value));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("challenge");
    TCase *tcase = tcase_create("challenge");

    tcase_add_loop_test(tcase, reads, 0, COUNT(cases));
    tcase_add_loop_test(tcase, finds_parameters, 0, COUNT(parameters));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
