/*
 * test_ca_fetch: `ccgate ca fetch` behind a proxy that inspects: what is held, and what
 * is refused.
 */
#include <jansson.h>
#include <pty.h>

#include "ca/agreement.h"
#include "inspector_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static unsigned char pin_bytes[CERT_HASH];
static const unsigned char *pin;

static void set_pin(const char *name)
{
    struct cert *cert = cert_new(pki_cert(name));

    ck_assert_ptr_nonnull(cert);
    memcpy(pin_bytes, cert->sha256, CERT_HASH);
    cert_free(cert);
    pin = pin_bytes;
}

static int with_pin(const struct ca *now, const char *const *hosts, size_t count)
{
    return ca_fetch(now, hosts, count, pin);
}

static int fetch(const char *hosts)
{
    return with_hosts(hosts, with_pin);
}

static void begin(void)
{
    pin = NULL;
    inspector_begin();
}

/* ---- what comes of it ---- */

#define TWO  "one.test two.test"
#define FOUR "one.test two.test three.test four.test"

static const struct shown FULL[] = {{"one.test", "server sub root", false},
                                    {"two.test", "server sub root", false},
                                    {NULL, NULL, false}},
                          ONE_REFUSED[] = {{"one.test", "server sub root", false},
                                           {"two.test", NULL, false},
                                           {NULL, NULL, false}},
                          NO_ROOT[] = {{"one.test", "server sub", false},
                                       {"two.test", "server sub", false},
                                       {NULL, NULL, false}},
                          LEAVES[] = {{"one.test", "server", false},
                                      {"two.test", "server", false},
                                      {NULL, NULL, false}},
                          ROTATING[] = {{"one.test", "server sub root", false},
                                        {"two.test", "rotated-server rotated", false},
                                        {NULL, NULL, false}},
                          ODD[] = {{"one.test", "server sub root", false},
                                   {"two.test", "server sub root", false},
                                   {"three.test", "vendor-server vendor", false},
                                   {NULL, NULL, false}},
                          TIE[] = {{"one.test", "server sub root", false},
                                   {"two.test", "server sub root", false},
                                   {"three.test", "vendor-server vendor", false},
                                   {"four.test", "vendor-server vendor", false},
                                   {NULL, NULL, false}},
                          OLD[] = {{"one.test", "old-server old", false},
                                   {"two.test", "old-server old", false},
                                   {NULL, NULL, false}},
                          BOTH_WAYS[] = {{"one.test", "direct", false},
                                         {"two.test", "server sub", false},
                                         {NULL, NULL, false}};

static const struct {
    const struct shown *shown;
    const char *hosts;
    const char *pin;   /* NULL: none */
    const char *roots; /* of the system; NULL: others */
    int status;
    const char *held;
    const char *said[3];
} CASES[] = {
    {FULL,
     TWO,
     "root",
     NULL,
     0,
     "root sub",
     {"2 hosts end in this CA\n  subject     CN=Test Corp Root CA",
      "added: Test Corp Root CA", "then: ccgate ca build"}},
    {FULL,
     TWO,
     NULL,
     NULL,
     CA_UNCONFIRMED,
     "",
     {"nobody has confirmed it", "inspection    likely", "no public root"}},
    {FULL, TWO, "other", NULL, CA_UNCONFIRMED, "", {"not the one that was expected"}},
    {FULL, TWO, "sub", NULL, CA_UNCONFIRMED, "", {"not the one that was expected"}},
    {FULL, "one.test one.test:444", "root", NULL, 1, "", {"it takes two hosts"}},
    {ONE_REFUSED,
     TWO,
     "root",
     NULL,
     1,
     "",
     {"ccgate: ca fetch: two.test:443: ", "one.test:443 by http://127.0.0.1:",
      "it takes two hosts"}},
    {NO_ROOT,
     TWO,
     "root",
     NULL,
     1,
     "",
     {"the root was not sent", "O=Test Corp, which was not sent",
      "get it from those who run the proxy"}},
    {NO_ROOT, TWO, "sub", NULL, 1, "", {"the root was not sent"}},
    {LEAVES, TWO, NULL, NULL, 1, "", {"it takes two hosts"}},
    {NO_ROOT,
     TWO,
     "root",
     "root other",
     0,
     "root sub",
     {"added: Test Corp Inspection"}},
    {ROTATING, TWO, "root", NULL, 1, "", {"it takes two hosts"}},
    {ODD,
     FOUR,
     "root",
     NULL,
     0,
     "root sub",
     {"ends in     CN=Zscaler Root CA", "another one than that of the others",
      "ccgate: ca fetch: four.test:443: "}},
    {TIE, FOUR, NULL, NULL, 1, "", {"as many hosts end in another CA"}},
    {TIE,
     FOUR,
     "vendor",
     NULL,
     0,
     "vendor",
     {"its names are those of Zscaler", "added: Zscaler Root CA"}},
    {OLD, TWO, "old", NULL, 1, "", {"expired", "that CA cannot be trusted"}},
    {BOTH_WAYS, TWO, "root", "root", 0, "root sub", {"added: Test Corp Root CA"}},
};

START_TEST(fetched)
{
    if (CASES[_i].roots != NULL)
        put("roots.pem", CASES[_i].roots);
    if (CASES[_i].pin != NULL)
        set_pin(CASES[_i].pin);
    inspector_show(CASES[_i].shown);
    ck_assert_msg(fetch(CASES[_i].hosts) == CASES[_i].status, "%s", captured);
    for (int i = 0; i < 3 && CASES[_i].said[i] != NULL; i++)
        expect(CASES[_i].said[i]);
    expect_held(CASES[_i].held);
    ck_assert_int_eq(access(at("state/ca/hosts"), F_OK),
                     CASES[_i].status == 0 ? 0 : -1);
}
END_TEST

START_TEST(what_is_held_needs_no_confirmation)
{
    inspector_show(FULL);
    set_pin("root");
    ck_assert_int_eq(fetch(TWO), 0);
    pin = NULL;
    ck_assert_int_eq(fetch(TWO), 0);
    expect("held already: Test Corp Root CA");
    expect_not("then: ");
    set_pin("other");
    ck_assert_int_eq(fetch(TWO), CA_UNCONFIRMED);
    expect_held("root sub");
}
END_TEST

static const char *const WRONG[] = {"http://one.test/ two.test", "one.test:0 two.test",
                                    "two.test one.test:99999", "one.test https://"};

START_TEST(targets_are_judged)
{
    ck_assert_int_eq(fetch(WRONG[_i]), 2);
    expect("ccgate: ca fetch: ");
    ck_assert_uint_eq(inspector.asked, 0);
}
END_TEST

/* ---- typed ---- */

static const struct {
    const char *name; /* whose fingerprint is typed; NULL: none */
    const char *before, *after;
    int status;
} TYPED[] = {
    {"root", "", "\n", 0},
    {"root", "SHA256:", " \n", 0},
    {"other", "", "\n", CA_UNCONFIRMED},
    {"root", "", "0\n", CA_UNCONFIRMED},
    {NULL, "", "\n", CA_UNCONFIRMED},
    {NULL, "", "yes\n", CA_UNCONFIRMED},
};

static int on_terminal(const struct ca *now, const char *const *hosts, size_t count)
{
    int kept = dup(STDERR_FILENO);
    int result;

    ck_assert_int_eq(dup2(STDIN_FILENO, STDERR_FILENO), STDERR_FILENO);
    result = ca_fetch(now, hosts, count, NULL);
    ck_assert_int_eq(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    return result;
}

START_TEST(typed)
{
    int master, slave;
    char line[128];

    ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
    ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    snprintf(line, sizeof(line), "%s%s%s", TYPED[_i].before,
             TYPED[_i].name != NULL ? fingerprint(TYPED[_i].name, 64) : "",
             TYPED[_i].after);
    ck_assert_int_eq(write(master, line, strlen(line)), (ssize_t)strlen(line));
    inspector_show(FULL);
    ck_assert_int_eq(with_hosts(TWO, on_terminal), TYPED[_i].status);
    expect_held(TYPED[_i].status == 0 ? "root sub" : "");
    close(slave);
    close(master);
}
END_TEST

/* ---- JSON ---- */

START_TEST(as_json)
{
    json_t *json;

    ca.json = true;
    set_pin("root");
    inspector_show(FULL);
    ck_assert_int_eq(fetch(TWO), 0);
    json = json_loads(captured, 0, NULL);
    ck_assert_msg(json != NULL, "%s", captured);
    ck_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "added");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "agree")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "hosts")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "certificates")), 2);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(json, "ca"), "sha256")),
        fingerprint("root", 64));
    json_decref(json);
}
END_TEST

/* ---- who agrees ---- */

#define HOSTS 5

static struct bundle shown[HOSTS], public, none;
static struct chain *chains[HOSTS];

static void chain_of(size_t i)
{
    struct chain_options options = {
        .shown = &shown[i], .roots = &public, .corporate = &none, .now = PKI_NOW};
    STACK_OF(X509) *stack = sk_X509_new_null();

    ck_assert_int_gt(sk_X509_push(stack, pki_cert("direct")), 0);
    ck_assert_int_gt(sk_X509_push(stack, pki_cert("root")), 0);
    bundle_init(&shown[i], false, PKI_NOW);
    bundle_add_chain(&shown[i], "wire", stack);
    sk_X509_free(stack);
    chains[i] = chain_new(&options);
    ck_assert_ptr_nonnull(chains[i]);
    ck_assert_uint_eq(chains[i]->step_count, 2);
}

/* A host with a public chain is none of those that agree, whatever it ends in. */
START_TEST(public_chains_do_not_count)
{
    static const char *const NAMES[HOSTS] = {"a", "b", "c", "c.", "d"};
    struct agreement agreement;

    bundle_init(&public, false, PKI_NOW);
    bundle_init(&none, false, PKI_NOW);
    for (size_t i = 0; i < HOSTS - 1; i++)
        chain_of(i);
    chains[0]->steps[1].public_root = true;
    agreement = agreement_of(NAMES, chains, HOSTS, NULL);
    ck_assert_uint_eq(agreement.count, 2);
    ck_assert(!agreement.tie);
    ck_assert(!agreement_has(&agreement, chains, 0));
    ck_assert(agreement_has(&agreement, chains, 3));
    ck_assert(!agreement_has(&agreement, chains, 4));
    for (size_t i = 1; i < HOSTS - 1; i++)
        chains[i]->steps[1].public_root = true;
    agreement = agreement_of(NAMES, chains, HOSTS, NULL);
    ck_assert_uint_eq(agreement.count, 0);
    for (size_t i = 0; i < HOSTS - 1; i++) {
        chain_free(chains[i]);
        bundle_clear(&shown[i]);
    }
    bundle_clear(&public);
    bundle_clear(&none);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ca_fetch");
    TCase *c = tcase_create("fetch"), *a = tcase_create("agreement");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, begin, inspector_end);
    tcase_add_loop_test(c, fetched, 0, COUNT(CASES));
    tcase_add_test(c, what_is_held_needs_no_confirmation);
    tcase_add_loop_test(c, targets_are_judged, 0, COUNT(WRONG));
    tcase_add_loop_test(c, typed, 0, COUNT(TYPED));
    tcase_add_test(c, as_json);
    suite_add_tcase(s, c);
    tcase_set_timeout(a, 60);
    tcase_add_checked_fixture(a, pki_begin, pki_end);
    tcase_add_test(a, public_chains_do_not_count);
    suite_add_tcase(s, a);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
