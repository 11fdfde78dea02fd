/*
 * test_digest: Digest challenges and answers, against those of the RFCs.
 */
#include "auth/digest_message.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* RFC 7616 section 3.9.1 */
#define RFC_PARAMETERS(algorithm)                                                      \
    "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" algorithm    \
    ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "                       \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC_ANSWER(algorithm, response)                                                \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "                    \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "                         \
    "uri=\"/dir/index.html\", algorithm=" algorithm ", response=\"" response           \
    "\", qop=auth, nc=00000001, "                                                      \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "                        \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
#define RFC_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

static const struct {
    const char *parameters;
    const char *user, *password, *method, *uri, *cnonce;
    uint32_t count;
    const char *value;
} known[] = {
    {RFC_PARAMETERS("MD5"), "Mufasa", "Circle of Life", "GET", "/dir/index.html",
     RFC_CNONCE, 1, RFC_ANSWER("MD5", "8ca523f5e9506fed4657c9700eebdbec")},
    {RFC_PARAMETERS("SHA-256"), "Mufasa", "Circle of Life", "GET", "/dir/index.html",
     RFC_CNONCE, 1,
     RFC_ANSWER("SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")},
    /* RFC 7616 section 3.9.2 as corrected by erratum 4897 */
    {"realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
     "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
     "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, "
     "userhash=true",
     "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?", "GET", "/doe.json",
     "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", 1,
     "Digest "
     "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", "
     "realm=\"api@example.org\", nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
     "uri=\"/doe.json\", algorithm=SHA-512-256, "
     "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", "
     "qop=auth, nc=00000001, cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", "
     "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", userhash=true"},
    /* RFC 2617 section 3.5: no algorithm named, none answered */
    {"realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
     "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
     "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b", 1,
     "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
     "response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, "
     "cnonce=\"0a4f113b\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""},
    /* computed with another implementation from here on: -sess, a later count */
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\", algorithm=MD5-sess", "alice",
     "sesame", "CONNECT", "origin.test:443", "abc", 2,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n1\", uri=\"origin.test:443\", algorithm=MD5-sess, response=\"d611b87ffe7d8bc7d6ba745ac5082576\", qop=auth, nc=00000002, cnonce=\"abc\""},
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256-sess", "alice",
     "sesame", "CONNECT", "origin.test:443", "abc", 6699,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n1\", uri=\"origin.test:443\", algorithm=SHA-256-sess, response=\"bfee18ab3f3b7ef23546e19ee88cf47452250c4e23b07da3bf446df398f1c730\", qop=auth, nc=00001a2b, cnonce=\"abc\""},
    /* without qop (RFC 2617 section 3.2.2.1) */
    {"realm=\"corp\", nonce=\"n1\"", "alice", "sesame", "GET", "http://origin.test/x?y",
     "abc", 1,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n1\", uri=\"http://origin.test/x?y\", response=\"0ee9253faed013a3606203d8b66007bc\""},
    {"realm=\"corp\", nonce=\"n1\", algorithm=MD5-sess", "alice", "sesame", "GET", "/",
     "abc", 1,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n1\", uri=\"/\", algorithm=MD5-sess, response=\"753ffc23f318e3d185be1ad74c7ff298\", cnonce=\"abc\""},
    /* user names: hashed, extended, as they are, with quotes */
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256, userhash=true, charset=\"UTF-8\"",
     "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?", "GET", "/doe.json", "abc", 1,
     "Digest username=\"00b02f16a603bd748fbecfad9f89be97a6ca3ac5590e32368f6524fe5aa74fa9\", realm=\"corp\", nonce=\"n1\", uri=\"/doe.json\", algorithm=SHA-256, response=\"93fd6cd5583e2e322ccee2dc908f320b4fc0f9340e30c728351e0d10cc1a3010\", qop=auth, nc=00000001, cnonce=\"abc\", userhash=true"},
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\", charset=UTF-8",
     "J\xc3\xa4s\xc3\xb8n Doe", "x", "GET", "/", "abc", 1,
     "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"corp\", nonce=\"n1\", uri=\"/\", response=\"97647e7f52139dd8ac9d7132774b6437\", qop=auth, nc=00000001, cnonce=\"abc\""},
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\"", "J\xc3\xa4s\xc3\xb8n Doe", "x",
     "GET", "/", "abc", 1,
     "Digest username=\"J\xc3\xa4s\xc3\xb8n Doe\", realm=\"corp\", nonce=\"n1\", uri=\"/\", response=\"97647e7f52139dd8ac9d7132774b6437\", qop=auth, nc=00000001, cnonce=\"abc\""},
    {"realm=\"a \\\"b\\\" c\", nonce=\"n1\", qop=\"auth\", opaque=\"\"",
     "CORP\\al\"ice", "x", "GET", "/", "abc", 1,
     "Digest username=\"CORP\\\\al\\\"ice\", realm=\"a \\\"b\\\" c\", nonce=\"n1\", uri=\"/\", response=\"ad754de34ded94fb623ddd1704421d0b\", qop=auth, nc=00000001, cnonce=\"abc\", opaque=\"\""},
    /* quoted-pairs in all that goes back: H() is over the text without them */
    {"realm=\"c\\orp\", nonce=\"n\\\\1\\\"x, y=z\", qop=\"auth\", opaque=\"\\\"\\\\\"",
     "alice", "sesame", "GET", "/", "abc", 1,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n\\\\1\\\"x, y=z\", uri=\"/\", response=\"df36c3245d30363a8b8194f5686417d0\", qop=auth, nc=00000001, cnonce=\"abc\", opaque=\"\\\"\\\\\""},
    /* an empty password */
    {"realm=\"corp\", nonce=\"n1\", qop=\"auth\"", "alice", "", "GET", "/", "abc", 1,
     "Digest username=\"alice\", realm=\"corp\", nonce=\"n1\", uri=\"/\", response=\"4c5ad8eb7507166a5aecfc19cbe1c2e2\", qop=auth, nc=00000001, cnonce=\"abc\""},
};

static int answer_to(struct buf *out, const char *parameters,
                     const struct digest_answer *answer)
{
    struct digest_challenge c;
    int error = digest_challenge_parse(&c, span_of(parameters));

    if (error == 0) {
        error = digest_value(out, &c, answer);
        digest_challenge_clear(&c);
    }
    return error;
}

START_TEST(known_answer)
{
    const struct digest_answer answer = {
        .user = span_of(known[_i].user),
        .password = span_of(known[_i].password),
        .method = span_of(known[_i].method),
        .uri = span_of(known[_i].uri),
        .cnonce = span_of(known[_i].cnonce),
        .count = known[_i].count,
    };
    struct buf out;

    buf_init(&out, 8192);
    ck_assert_int_eq(answer_to(&out, known[_i].parameters, &answer), 0);
    ck_assert_int_eq(buf_append(&out, "", 1), 0);
    ck_assert_str_eq(out.data + out.start, known[_i].value);
    buf_clear(&out);
}
END_TEST

static const struct {
    const char *parameters;
    bool fits;
    int error;
} challenges[] = {
    {"realm=\"\", nonce=n", true, 0},
    {"realm=r, nonce=n, algorithm=md5-SESS, qop=AUTH", true, 0},
    {"realm=r, nonce=n, algorithm=SHA-256-sess", true, 0},
    {"realm=r, nonce=n, algorithm=SHA-512-256-sess", true, 0},
    {"realm=r, nonce=n, qop=\"auth-int,auth\"", true, 0},
    {"realm=r, nonce=n, qop=\"auth-int, token\"", false, -EINVAL},
    {"realm=r, nonce=n, algorithm=SHA-512", false, -EINVAL},
    {"realm=r, nonce=n, algorithm=SHA-1", false, -EINVAL},
    {"realm=r, nonce=n, algorithm=-sess", false, -EINVAL},
    {"realm=r, nonce=n, algorithm=\"\"", false, -EINVAL},
    {"realm=r, nonce=n, qop=\"auth-int\"", false, -EINVAL},
    {"realm=r, nonce=n, qop=\"\"", false, -EINVAL},
    {"realm=r", true, -EINVAL},
    {"nonce=n", true, -EINVAL},
    {"", true, -EINVAL},
};

START_TEST(challenge)
{
    struct span parameters = span_of(challenges[_i].parameters);
    struct digest_challenge c;

    ck_assert_int_eq(digest_challenge_fits(parameters), challenges[_i].fits);
    ck_assert_int_eq(digest_challenge_parse(&c, parameters), challenges[_i].error);
    digest_challenge_clear(&c);
}
END_TEST

START_TEST(flags)
{
    struct digest_challenge c;

    ck_assert_int_eq(digest_challenge_parse(&c, SPAN("REALM=\"a \\\"b\\\\\", nonce=n")),
                     0);
    ck_assert_str_eq(c.realm, "a \"b\\");
    ck_assert(!c.stale && !c.userhash && !c.utf8 && !c.qop && !c.named && !c.session);
    digest_challenge_clear(&c);
    ck_assert_int_eq(
        digest_challenge_parse(&c, SPAN("realm=r, nonce=n, stale=TRUE, userhash=true, "
                                        "charset=utf-8, qop=auth, algorithm=MD5-sess")),
        0);
    ck_assert(c.stale && c.userhash && c.utf8 && c.qop && c.named && c.session);
    digest_challenge_clear(&c);
}
END_TEST

START_TEST(control_characters)
{
    struct digest_answer a = {
        .user = SPAN("al\nice"),
        .password = SPAN("x"),
        .method = SPAN("GET"),
        .uri = SPAN("/"),
        .cnonce = SPAN("c"),
        .count = 1,
    };
    struct buf out;

    buf_init(&out, 8192);
    ck_assert_int_eq(answer_to(&out, "realm=r, nonce=n", &a), -EINVAL);
    a.user = SPAN("alice");
    ck_assert_int_eq(answer_to(&out, "realm=\"a\001b\", nonce=n", &a), -EINVAL);
    ck_assert_int_eq(answer_to(&out, "realm=r, nonce=\"\tn\"", &a), -EINVAL);
    ck_assert_uint_eq(out.len, 0);
    buf_clear(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TCase *tcase = tcase_create("digest");

    tcase_add_loop_test(tcase, known_answer, 0, COUNT(known));
    tcase_add_loop_test(tcase, challenge, 0, COUNT(challenges));
    tcase_add_test(tcase, flags);
    tcase_add_test(tcase, control_characters);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
