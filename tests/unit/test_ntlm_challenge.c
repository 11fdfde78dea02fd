/*
 * test_ntlm_challenge: NTLM challenges that must be refused, and odd ones that need
 * not.
 */
#include "ntlm_rig.h"

/* One byte changed in a good challenge, or its end cut off. */
static const struct {
    size_t at;
    unsigned char byte;
    size_t size; /* 0: all */
    const char *what;
} faults[] = {
    {0, 'n', 0, "no NTLM message"},
    {7, 'x', 0, "no NTLM message"},
    {8, 1, 0, "wrong type"},
    {8, 3, 0, "wrong type"},
    {11, 1, 0, "wrong type"},
    {0, 'N', 11, "no NTLM message"},
    {0, 'N', 12, "truncated"},
    {0, 'N', 31, "truncated"},
    {12, 0xff, 0, "target name"},
    {13, 0xff, 0, "target name"},
    {16, 0xff, 0, "target name"},
    {19, 0xff, 0, "target name"},
    {20, 0x32, 0, "Unicode"},
    {21, 0x80, 0, "NTLMv1"},
    {22, 0x82, 0, "NTLMv1"},
    {40, 0xff, 0, "outside"},
    {41, 0xff, 0, "outside"},
    {44, 0x45, 0, "outside"},
    {47, 0xff, 0, "outside"},
    {40, 0x20, 0, "without an end"},
    {40, 0x23, 0, "broken target information"},
    {40, 0x21, 0, "broken target information"},
    {70, 0xff, 0, "broken target information"},
    {71, 0xff, 0, "broken target information"},
    {68, 6, 0, "broken target information"}, /* flags of 12 bytes */
    {68, 7, 0, "broken target information"}, /* a time of 12 bytes */
    {0, 'N', 103, "outside"},
};

START_TEST(fault)
{
    unsigned char bytes[sizeof(type2_v2)];
    size_t size = faults[_i].size == 0 ? sizeof(bytes) : faults[_i].size;
    struct ntlm_challenge c;
    unsigned char *exact = malloc(size); /* so that a byte too far is found */
    const char *what;

    memcpy(bytes, type2_v2, sizeof(bytes));
    bytes[faults[_i].at] = faults[_i].byte;
    memcpy(exact, bytes, size);
    what = ntlm_challenge_parse(&c, (struct span){(const char *)exact, size});
    ck_assert_ptr_nonnull(what);
    ck_assert_msg(strstr(what, faults[_i].what) != NULL, "%s", what);
    free(exact);
}
END_TEST

START_TEST(oversized)
{
    char *bytes = calloc(1, NTLM_CHALLENGE_LIMIT + 1);
    struct ntlm_challenge c;
    struct span message = {bytes, NTLM_CHALLENGE_LIMIT};

    memcpy(bytes, type2_v2, sizeof(type2_v2));
    ck_assert_ptr_null(ntlm_challenge_parse(&c, message));
    message.len++;
    ck_assert_str_eq(ntlm_challenge_parse(&c, message), "is too large");
    ck_assert_ptr_nonnull(ntlm_challenge_parse(&c, SPAN("")));
    free(bytes);
}
END_TEST

/* Servers that send no more than 32 bytes, or TargetInfo without its flag. */
START_TEST(short_challenges)
{
    struct ntlm_challenge c;
    char bytes[64];

    memcpy(bytes, type2_v2, sizeof(bytes));
    bytes[12] = 0;
    ck_assert_ptr_null(ntlm_challenge_parse(&c, (struct span){bytes, 32}));
    ck_assert_uint_eq(c.pairs.len, 0);
    ck_assert_ptr_null(ntlm_challenge_parse(&c, (struct span){bytes, 47}));
    bytes[22] = 0x0a;
    ck_assert_ptr_null(ntlm_challenge_parse(&c, (struct span){bytes, 60}));
    ck_assert_uint_eq(c.pairs.len, 0);
}
END_TEST

/* ---- the security buffers ---- */

/* A copy of its own size, so that a byte too far is found. */
static char *exact_copy(const void *bytes, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static void put_number(unsigned char *at, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> 8 * i & 0xff);
}

/* Whatever was taken apart lies inside of the message, and can be answered. */
static void expect_sound(const struct ntlm_challenge *c)
{
    struct ntlm_answer a = answer_of_the_specification();
    struct buf out;

    if (c->pairs.len > 0) {
        ck_assert(c->pairs.at >= c->message.at);
        ck_assert_uint_le((size_t)(c->pairs.at - c->message.at) + c->pairs.len,
                          c->message.len);
    }
    a.mic = c->has_time;
    buf_init(&out, SIZE_MAX);
    ck_assert_int_eq(ntlm_type3(&out, c, &a), 0);
    ck_assert_uint_ge(field(buf_span(&out), 20).len, 44);
    buf_clear(&out);
}

static const struct {
    size_t at; /* of the security buffer */
    const char *what;
} buffers[] = {{12, "target name outside"}, {40, "target information outside"}};

static const uint32_t edges[] = {
    0,          1,          31,         32,         47,    48,         55,
    56,         67,         68,         103,        104,   105,        0x7fff,
    0x8000,     0xff98,     0xfffe,     0xffff,     65536, 0x7fffffff, 0x80000000,
    0xffffff98, 0xffffff99, 0xfffffffe, 0xffffffff,
};

/* Length and offset, each with all that is on this and that side of an edge. */
START_TEST(every_field_out_of_range)
{
    unsigned char bytes[sizeof(type2_v2)];
    struct ntlm_challenge c;
    int refused = 0;

    for (int l = 0; l < COUNT(edges); l++) {
        for (int o = 0; edges[l] <= 0xffff && o < COUNT(edges); o++) {
            bool outside =
                edges[l] > 0 && (uint64_t)edges[l] + edges[o] > sizeof(bytes);
            const char *what;
            char *exact;

            memcpy(bytes, type2_v2, sizeof(bytes));
            put_number(bytes + buffers[_i].at, edges[l], 2);
            put_number(bytes + buffers[_i].at + 4, edges[o], 4);
            exact = exact_copy(bytes, sizeof(bytes));
            what = ntlm_challenge_parse(&c, (struct span){exact, sizeof(bytes)});
            if (outside)
                ck_assert_msg(what != NULL && strstr(what, buffers[_i].what) != NULL,
                              "length %u at %u: %s", edges[l], edges[o], what);
            else if (what == NULL)
                expect_sound(&c);
            refused += outside;
            free(exact);
        }
    }
    ck_assert_int_gt(refused, 100);
}
END_TEST

/* The allocated length is ignored (section 2.2.1.2). */
START_TEST(maximum_lengths_are_ignored)
{
    unsigned char bytes[sizeof(type2_v2)];
    struct ntlm_challenge c;

    memcpy(bytes, type2_v2, sizeof(bytes));
    put_number(bytes + buffers[_i].at + 2, 0xffff, 2);
    ck_assert_ptr_null(ntlm_challenge_parse(&c, BYTES(bytes)));
    put_number(bytes + buffers[_i].at + 2, 0, 2);
    ck_assert_ptr_null(ntlm_challenge_parse(&c, BYTES(bytes)));
    ck_assert_uint_eq(c.pairs.len, 32);
}
END_TEST

/* Every byte changed to every other value, and every end cut off. */
START_TEST(any_change_is_refused_or_sound)
{
    struct ntlm_challenge c;

    for (size_t at = 0; at < sizeof(type2_v2); at++) {
        for (unsigned value = 0; value < 256; value++) {
            char *exact = exact_copy(type2_v2, sizeof(type2_v2));

            exact[at] = (char)value;
            if (ntlm_challenge_parse(&c, (struct span){exact, sizeof(type2_v2)}) ==
                NULL)
                expect_sound(&c);
            free(exact);
        }
    }
    for (size_t size = 0; size < sizeof(type2_v2); size++) {
        char *exact = exact_copy(type2_v2, size);

        ck_assert_ptr_nonnull(ntlm_challenge_parse(&c, (struct span){exact, size}));
        free(exact);
    }
}
END_TEST

/* ---- AV pairs ---- */

#define FLAGS_PAIR "\x06\x00\x04\x00\x01\x00\x00\x00"
#define TIME_PAIR  "\x07\x00\x08\x00\x01\x02\x03\x04\x05\x06\x07\x08"
#define END_PAIR   "\x00\x00\x00\x00"
#define INFO(text)                                                                     \
    {                                                                                  \
        text, sizeof(text) - 1                                                         \
    }

static const struct {
    struct span info;
    const char *what; /* NULL: it is fine */
} infos[] = {
    {INFO(END_PAIR), NULL},
    {INFO(TIME_PAIR END_PAIR), NULL},
    {INFO(TIME_PAIR), "without an end"},
    {INFO("\x63\x00\x01\x00?"), "without an end"},
    {INFO(TIME_PAIR "\x00"), "broken"},
    {INFO(TIME_PAIR "\x00\x00\x00"), "broken"},
    {INFO("\x01\x00\xff\xff" END_PAIR), "broken"},
    {INFO("\x01\x00\x05\x00" END_PAIR), "broken"},
    {INFO("\xff\xff\xff\xff\xff\xff\xff\xff"), "broken"},
    {INFO("\x01\x00\x04\x00" END_PAIR), "without an end"}, /* inside of a name */
    {INFO("\x07\x00\x00\x00" END_PAIR), "broken"},
    {INFO("\x06\x00\x00\x00" END_PAIR), "broken"},
    {INFO("\x06\x00\x08\x00\x01\x00\x00\x00\x01\x00\x00\x00" END_PAIR), "broken"},
    /* the end has a length of its own, which is passed over with it */
    {INFO("\x00\x00\x02\x00xx"), NULL},
    {INFO("\x00\x00\x03\x00xx"), "broken"},
    {INFO(END_PAIR "\x01\x00\xff\xff"), NULL},
};

START_TEST(target_information)
{
    char message[256];
    size_t size = challenge_with(message, infos[_i].info);
    char *exact = exact_copy(message, size);
    struct ntlm_challenge c;
    const char *what = ntlm_challenge_parse(&c, (struct span){exact, size});

    if (infos[_i].what == NULL) {
        ck_assert_msg(what == NULL, "%s", what);
        expect_sound(&c);
    } else {
        ck_assert_ptr_nonnull(what);
        ck_assert_msg(strstr(what, infos[_i].what) != NULL, "%s", what);
    }
    free(exact);
}
END_TEST

/* Nothing says which of two counts: they go back as they came, in order. */
START_TEST(duplicate_pairs)
{
    static const char info[] = FLAGS_PAIR TIME_PAIR
        "\x07\x00\x08\x00\x11\x12\x13\x14\x15\x16\x17\x18" FLAGS_PAIR END_PAIR;
    struct ntlm_answer a = answer_of_the_specification();
    char message[256];
    size_t size = challenge_with(message, (struct span){info, sizeof(info) - 1});
    struct ntlm_challenge c;
    struct buf out;

    ck_assert_ptr_null(ntlm_challenge_parse(&c, (struct span){message, size}));
    a.mic = true;
    buf_init(&out, 4096);
    ck_assert_int_eq(ntlm_type3(&out, &c, &a), 0);
    expect_hex(span_skip(field(buf_span(&out), 20), 16), "0101000000000000"
                                                         "1112131415161718"
                                                         "aaaaaaaaaaaaaaaa"
                                                         "00000000"
                                                         "0600040003000000"
                                                         "070008000102030405060708"
                                                         "070008001112131415161718"
                                                         "0600040003000000"
                                                         "00000000"
                                                         "00000000");
    buf_clear(&out);
}
END_TEST

/* The longest there are: the response's length still fits its 16 bits. */
START_TEST(longest_target_information)
{
    size_t size = NTLM_CHALLENGE_LIMIT, info = size - 48;
    unsigned char *bytes = calloc(1, size);
    struct ntlm_challenge c;

    memcpy(bytes, type2_v2, 48);
    put_number(bytes + 12, 0, 2);
    put_number(bytes + 40, (uint32_t)info, 2);
    put_number(bytes + 44, 48, 4);
    put_number(bytes + 48, 1, 2);
    put_number(bytes + 50, (uint32_t)info - 8, 2);
    ck_assert_ptr_null(
        ntlm_challenge_parse(&c, (struct span){(const char *)bytes, size}));
    ck_assert_uint_eq(c.pairs.len, info - 4);
    expect_sound(&c);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ntlm challenge");
    TCase *tcase = tcase_create("ntlm challenge");

    tcase_set_timeout(tcase, 60); /* tens of thousands of messages, each with checks */
    tcase_add_loop_test(tcase, fault, 0, COUNT(faults));
    tcase_add_test(tcase, oversized);
    tcase_add_test(tcase, short_challenges);
    tcase_add_loop_test(tcase, every_field_out_of_range, 0, COUNT(buffers));
    tcase_add_loop_test(tcase, maximum_lengths_are_ignored, 0, COUNT(buffers));
    tcase_add_test(tcase, any_change_is_refused_or_sound);
    tcase_add_loop_test(tcase, target_information, 0, COUNT(infos));
    tcase_add_test(tcase, duplicate_pairs);
    tcase_add_test(tcase, longest_target_information);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
