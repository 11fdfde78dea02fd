/*
 * test_md4: the vectors of RFC 1320, and lengths around the end of a block.
 */
#include "auth/md4.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void expect_digest(struct span input, const char *hex)
{
    unsigned char digest[MD4_SIZE];
    char text[2 * MD4_SIZE + 1];

    md4(input, digest);
    for (size_t i = 0; i < MD4_SIZE; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(text, hex);
}

/* RFC 1320 section A.5 */
static const struct {
    const char *input, *digest;
} vectors[] = {
    {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
    {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
    {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
    {"message digest", "d9130a8164549fe818874806e1c7014b"},
    {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "043f8582f241db351ce627e153e7f0e4"},
    {"1234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "0",
     "e33b4ddc9c38f2199c3e7b164fcc0536"},
};

START_TEST(vector)
{
    expect_digest(span_of(vectors[_i].input), vectors[_i].digest);
}
END_TEST

/* Computed with OpenSSL's legacy provider. */
static const struct {
    size_t len;
    const char *digest;
} lengths[] = {
    {55, "c889c81dd86c4d2e025778944ea02881"},
    {56, "d5f9a9e9257077a5f08b0b92f348b0ad"},
    {63, "7ea3da77432d44c323671097d1348fc8"},
    {64, "52f5076fabd22680234a3fa9f9dc5732"},
    {65, "330e377bf231f3cacfecc2c182fe7e5b"},
    {119, "e65dd227ccef97fa1d34d70189120f76"},
    {120, "b03ddbd470b47c013e0c7ab2ddd763db"},
    {128, "cb4a20a561558e29460190c91dced59f"},
    {200, "e4720c787792df1ec36423b1f3fb0ee6"},
};

START_TEST(length)
{
    char input[256];

    memset(input, 'a', sizeof(input));
    expect_digest((struct span){input, lengths[_i].len}, lengths[_i].digest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("md4");
    TCase *tcase = tcase_create("md4");

    tcase_add_loop_test(tcase, vector, 0, COUNT(vectors));
    tcase_add_loop_test(tcase, length, 0, COUNT(lengths));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
