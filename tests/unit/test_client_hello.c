/*
 * test_client_hello: what may be sent a second time, byte by byte.
 */
#include "up/client_hello.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

/*
 * The stored inputs of the fuzz target, and what each of them is in the end. All that
 * is in front of the end of a whole one is a part.
 */
static const struct {
    const char *file;
    enum client_hello verdict;
} cases[] = {
    {"tls13", CLIENT_HELLO_WHOLE},
    {"tls12", CLIENT_HELLO_WHOLE},
    {"no-extensions", CLIENT_HELLO_WHOLE},
    {"fragments", CLIENT_HELLO_WHOLE},
    {"empty", CLIENT_HELLO_PART},
    {"half", CLIENT_HELLO_PART},
    {"header-only", CLIENT_HELLO_PART},
    {"early-data", CLIENT_HELLO_NOT},
    {"two-hellos", CLIENT_HELLO_NOT},
    {"behind-in-record", CLIENT_HELLO_NOT},
    {"ccs-behind", CLIENT_HELLO_NOT},
    {"sslv2", CLIENT_HELLO_NOT},
    {"server-hello", CLIENT_HELLO_NOT},
    {"extension-too-long", CLIENT_HELLO_NOT},
    {"session-too-long", CLIENT_HELLO_NOT},
    {"empty-record", CLIENT_HELLO_NOT},
    {"huge-record", CLIENT_HELLO_NOT},
    {"huge-message", CLIENT_HELLO_NOT},
    {"http", CLIENT_HELLO_NOT},
};

static size_t input(const char *name, char *bytes, size_t size)
{
    const char *source = getenv("srcdir");
    char path[512];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/tests/corpus/client_hello/%s",
             source ? source : ".", name);
    file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    n = fread(bytes, 1, size, file);
    fclose(file);
    ck_assert_uint_lt(n, size);
    return n;
}

START_TEST(judged)
{
    static char bytes[16384];
    size_t n = input(cases[_i].file, bytes, sizeof(bytes));
    enum client_hello verdict = client_hello_judge((struct span){bytes, n});

    ck_assert_msg(verdict == cases[_i].verdict, "%s: %d", cases[_i].file, (int)verdict);
    if (verdict == CLIENT_HELLO_NOT)
        return;
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(client_hello_judge((struct span){bytes, i}) == CLIENT_HELLO_PART,
                      "%s: %zu bytes", cases[_i].file, i);
    if (verdict != CLIENT_HELLO_WHOLE)
        return;
    for (int more = 0; more < 256; more++) {
        bytes[n] = (char)more;
        ck_assert_int_eq(client_hello_judge((struct span){bytes, n + 1}),
                         CLIENT_HELLO_NOT);
    }
}
END_TEST

/* Early data is found before the rest of the message has come. */
START_TEST(early_data_at_once)
{
    static char bytes[16384];
    size_t n = input("early-data", bytes, sizeof(bytes));

    ck_assert_int_eq(client_hello_judge((struct span){bytes, n - 2}), CLIENT_HELLO_NOT);
    ck_assert_int_eq(client_hello_judge((struct span){bytes, n - 3}),
                     CLIENT_HELLO_PART);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_hello");
    TCase *tcase = tcase_create("client_hello");

    tcase_add_loop_test(tcase, judged, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tcase, early_data_at_once);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
