/*
 * test_ntlm: NTLM messages against known ones.
 */
#include <errno.h>

#include "auth/utf16.h"
#include "ntlm_rig.h"

static const unsigned char binding[NTLM_HASH_SIZE] = {
    0x65, 0x86, 0xe9, 0x9d, 0x81, 0xc2, 0xfc, 0x98,
    0x4e, 0x47, 0x17, 0x2f, 0xd4, 0xdd, 0x03, 0x10,
};
static const unsigned char no_binding[NTLM_HASH_SIZE];

START_TEST(type1)
{
    struct buf out;

    buf_init(&out, 1024);
    ck_assert_int_eq(ntlm_type1(&out), 0);
    ck_assert_uint_eq(out.len, NTLM_TYPE1_SIZE);
    expect_hex(buf_span(&out), "4e544c4d5353500001000000078208020000000028000000"
                               "0000000028000000060070170000000f");
    buf_clear(&out);
}
END_TEST

START_TEST(key)
{
    struct ntlm_answer a = answer_of_the_specification();
    unsigned char key_of[NTLM_HASH_SIZE];

    ck_assert_int_eq(ntlm_key(&a, key_of), 0);
    expect_hex(BYTES(key_of), "0c868a403bfd7a93a3001ef22ef02e3f");
    /* as another implementation computes it: cntlm's account of its manual */
    a.user = SPAN("testuser");
    a.domain = SPAN("corp-uk");
    a.password = SPAN("password");
    ck_assert_int_eq(ntlm_key(&a, key_of), 0);
    expect_hex(BYTES(key_of), "b3ec5326a7b3ed5977a59db999fc7092");
}
END_TEST

/* What cntlm computes for the account of its manual: -M prints these. */
#define CNTLM_NT "\x88\x46\xf7\xea\xee\x8f\xb1\x17\xad\x06\xbd\xd8\x30\xb7\x58\x6c"
#define CNTLM_V2 "\xe0\x97\xc6\x11\xea\x19\xc6\x76\xcd\x79\x30\x9a\x3a\x2f\x59\xa3"

static struct ntlm_answer answer_with_hash(enum config_password type, struct span hash)
{
    struct ntlm_answer a = answer_of_the_specification();

    a.user = SPAN("testuser");
    a.domain = SPAN("corp-uk");
    a.password = hash;
    a.password_type = type;
    return a;
}

START_TEST(key_of_a_hash)
{
    struct ntlm_answer a = answer_with_hash(CONFIG_PASSWORD_NT_HASH, SPAN(CNTLM_NT));
    unsigned char key_of[NTLM_HASH_SIZE];

    ck_assert_int_eq(ntlm_key(&a, key_of), 0);
    expect_hex(BYTES(key_of), "b3ec5326a7b3ed5977a59db999fc7092");
    a.domain = SPAN("CORP-UK");
    ck_assert_int_eq(ntlm_key(&a, key_of), 0);
    expect_hex(BYTES(key_of), "e097c611ea19c676cd79309a3a2f59a3");
    a.password.len--;
    ck_assert_int_eq(ntlm_key(&a, key_of), -EINVAL);
    a = answer_with_hash(CONFIG_PASSWORD_NTLMV2_HASH, SPAN(CNTLM_V2));
    ck_assert_int_eq(ntlm_key(&a, key_of), 0);
    expect_hex(BYTES(key_of), "e097c611ea19c676cd79309a3a2f59a3");
    a.password.len--;
    ck_assert_int_eq(ntlm_key(&a, key_of), -EINVAL);
}
END_TEST

/* The server computes the key with the domain that it is told. */
START_TEST(domain_of_a_hash)
{
    struct ntlm_answer a[2] = {
        answer_with_hash(CONFIG_PASSWORD_NTLMV2_HASH, SPAN(CNTLM_V2)),
        answer_with_hash(CONFIG_PASSWORD_PLAIN, SPAN("password")),
    };
    struct ntlm_challenge c;
    struct buf out[2];

    a[1].domain = SPAN("CORP-UK");
    ck_assert_ptr_null(ntlm_challenge_parse(&c, BYTES(type2_v2)));
    for (size_t i = 0; i < 2; i++) {
        buf_init(&out[i], 4096);
        ck_assert_int_eq(ntlm_type3(&out[i], &c, &a[i]), 0);
    }
    expect_hex(field(buf_span(&out[0]), 28), "43004f00520050002d0055004b00");
    ck_assert(span_equal(buf_span(&out[0]), buf_span(&out[1])));
    buf_clear(&out[0]);
    buf_clear(&out[1]);
}
END_TEST

START_TEST(channel_binding)
{
    static const unsigned char hash[] = {
        0xea, 0x05, 0xfe, 0xfe, 0xcc, 0x6b, 0x0b, 0xd5, 0x71, 0xdb, 0xbc,
        0x5b, 0xaa, 0x3e, 0xd4, 0x53, 0x86, 0xd0, 0x44, 0x68, 0x35, 0xf7,
        0xb7, 0x4c, 0x85, 0x62, 0x1b, 0x99, 0x83, 0x47, 0x5f, 0x95,
    };
    unsigned char made[NTLM_HASH_SIZE];

    ck_assert_int_eq(ntlm_binding(BYTES(hash), made), 0);
    ck_assert_mem_eq(made, binding, sizeof(made));
    ck_assert_int_eq(ntlm_binding(SPAN(""), made), 0);
    ck_assert_mem_eq(made, no_binding, sizeof(made));
}
END_TEST

/* Known answers: the specification's, and those with what browsers add to it. */
static const struct {
    const unsigned char *type2;
    size_t type2_size;
    const char *target;
    const unsigned char *binding;
    uint64_t time;
    bool mic;
    size_t size;
    const char *proof, *code;
} known[] = {
    {type2_v2, sizeof(type2_v2), "", NULL, 0, false, 232,
     "68cd0ab851e51c96aabc927bebef6a1c", "00000000000000000000000000000000"},
    {type2_v2, sizeof(type2_v2), "HTTP/Server", binding, 131400439870000000, true, 286,
     "8c0260dbef690662af9c42d50782d2ed", "f7361633f0ad9bdf4a7c421bc6b824a3"},
    {type2_v2, sizeof(type2_v2), "HTTP/server", no_binding, 131400439870000000, true,
     286, "fe4dec67cf4dbdf8c7a78089b1c546a7", "a737506959feea74aa77a1c05be239a2"},
    {type2_plain, sizeof(type2_plain), "HTTP/Server", binding, 131400439870000000, true,
     254, "bed9a94220c2252b916e9ce39d973a2d", "3137d69e5cc87d7a9f7cf41a5a19dc25"},
};

START_TEST(known_answer)
{
    struct ntlm_answer a = answer_of_the_specification();
    struct ntlm_challenge c;
    struct span t3;
    struct buf out;

    ck_assert_ptr_null(ntlm_challenge_parse(
        &c, (struct span){(const char *)known[_i].type2, known[_i].type2_size}));
    a.target = span_of(known[_i].target);
    a.binding = known[_i].binding;
    a.time = known[_i].time;
    a.mic = known[_i].mic;
    buf_init(&out, 4096);
    ck_assert_int_eq(buf_append_text(&out, "NTLM "), 0);
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), 0);
    t3 = span_skip(buf_span(&out), 5);
    expect_hex(part(t3, 0, 12), "4e544c4d5353500003000000");
    ck_assert_uint_eq(t3.len, known[_i].size);
    expect_hex(field(t3, 12), "000000000000000000000000000000000000000000000000");
    expect_hex(part(field(t3, 20), 0, 16), known[_i].proof);
    expect_hex(field(t3, 28), "44006f006d00610069006e00");
    expect_hex(field(t3, 36), "5500730065007200");
    expect_hex(field(t3, 44), "43004f004d0050005500540045005200");
    ck_assert_uint_eq(number(t3, 52, 2), 0);
    ck_assert_uint_eq(number(t3, 60, 4), 0x00088203);
    expect_hex(part(t3, 64, 8), "0000000000000000");
    expect_hex(part(t3, 72, 16), known[_i].code);
    buf_clear(&out);
}
END_TEST

/* VERSION is answered even if the challenge does not name it. */
START_TEST(version_is_always_sent)
{
    struct ntlm_answer a = answer_of_the_specification();
    struct ntlm_challenge c;
    struct buf first, out;

    buf_init(&first, 64);
    buf_init(&out, 4096);
    ck_assert_int_eq(ntlm_type1(&first), 0);
    a.type1 = buf_span(&first);
    ck_assert_ptr_null(ntlm_challenge_parse(&c, BYTES(type2_plain)));
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), 0);
    ck_assert_uint_eq(number(buf_span(&out), 60, 4), 0x02088203);
    expect_hex(part(buf_span(&out), 64, 8), "060070170000000f");
    buf_clear(&out);
    buf_clear(&first);
}
END_TEST

/* ---- challenges ---- */

START_TEST(server_pairs_are_kept)
{
    /* a flag of the server's, its time, and a target name that is ours to say */
    static const char info[] = "\x06\x00\x04\x00\x01\x00\x00\x00"
                               "\x07\x00\x08\x00\x01\x02\x03\x04\x05\x06\x07\x08"
                               "\x09\x00\x02\x00x\x00"
                               "\x63\x00\x01\x00?"
                               "\x00\x00\x00\x00 behind the end";
    struct ntlm_answer a = answer_of_the_specification();
    struct ntlm_challenge c;
    char message[256];
    size_t size = challenge_with(message, (struct span){info, sizeof(info) - 1});
    struct span nt;
    struct buf out;

    ck_assert_ptr_null(ntlm_challenge_parse(&c, (struct span){message, size}));
    ck_assert(c.has_time);
    ck_assert(c.time == 0x0807060504030201);
    a.target = SPAN("HTTP/p");
    a.binding = no_binding;
    a.time = 4711;
    a.mic = true;
    buf_init(&out, 4096);
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), 0);
    nt = field(buf_span(&out), 20);
    expect_hex(span_skip(nt, 16), "0101000000000000" /* the server's time, not ours: */
                                  "0102030405060708"
                                  "aaaaaaaaaaaaaaaa"
                                  "00000000"
                                  "0600040003000000"
                                  "070008000102030405060708"
                                  "630001003f"
                                  "0a00100000000000000000000000000000000000"
                                  "09000c0048005400540050002f007000"
                                  "00000000"
                                  "00000000");
    buf_clear(&out);
}
END_TEST

START_TEST(not_utf8)
{
    struct ntlm_answer a = answer_of_the_specification();
    struct ntlm_challenge c;
    struct buf out;

    ck_assert_ptr_null(ntlm_challenge_parse(&c, BYTES(type2_v2)));
    buf_init(&out, 4096);
    a.password = SPAN("caf\xe9");
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), -EINVAL);
    a.password = SPAN("x");
    a.user = SPAN("\xff");
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), -EINVAL);
    ck_assert_uint_eq(out.len, 0);
    buf_clear(&out);
}
END_TEST

/* ---- UTF-16 ---- */

static const struct {
    const char *text;
    bool upper;
    const char *hex; /* NULL: no UTF-8 */
} texts[] = {
    {"", false, ""},
    {"aZ9", false, "61005a003900"},
    {"aZ9", true, "41005a003900"},
    {"\xc3\xa4\xc3\x9f\xc3\xb7\xc3\xbf", true, "c400df00f7007801"},
    {"\xc5\x81\xc5\x82\xc4\x8d\xc4\xb1", true, "410141010c013101"},
    {"\xce\xac\xce\xb1\xcf\x82\xcf\x8e", true, "86039103a3038f03"},
    {"\xd1\x8f\xd1\x91\xd0\xaf", true, "2f0401042f04"},
    {"\xe2\x82\xac", true, "ac20"},
    {"\xf0\x9f\x94\x91", true, "3dd811dd"},
    {"\xed\xa0\x80", false, NULL},
    {"\xc0\x80", false, NULL},
    {"\xe2\x82", false, NULL},
    {"\xe2\x82z", false, NULL},
    {"\x80", false, NULL},
    {"\xf4\x90\x80\x80", false, NULL},
    {"\xf8\x88\x80\x80\x80", false, NULL},
};

START_TEST(utf16)
{
    struct buf out;

    buf_init(&out, 256);
    if (texts[_i].hex == NULL) {
        ck_assert_int_eq(utf16_append(&out, span_of(texts[_i].text), false), -EINVAL);
    } else {
        ck_assert_int_eq(utf16_append(&out, span_of(texts[_i].text), texts[_i].upper),
                         0);
        expect_hex(buf_span(&out), texts[_i].hex);
    }
    buf_clear(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntlm");
    TCase *tcase = tcase_create("ntlm");

    tcase_add_test(tcase, type1);
    tcase_add_test(tcase, key);
    tcase_add_test(tcase, key_of_a_hash);
    tcase_add_test(tcase, domain_of_a_hash);
    tcase_add_test(tcase, channel_binding);
    tcase_add_loop_test(tcase, known_answer, 0, COUNT(known));
    tcase_add_test(tcase, version_is_always_sent);
    tcase_add_test(tcase, server_pairs_are_kept);
    tcase_add_test(tcase, not_utf8);
    tcase_add_loop_test(tcase, utf16, 0, COUNT(texts));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
