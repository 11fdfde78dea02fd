/*
 * test_request_id: ids of requests as text.
 */
#include "base/request_id.h"
#include "suite.h"

static const struct {
    uint16_t process;
    uint64_t count;
    const char *text;
} IDS[] = {
    {0x1f0c, 17, "1f0c-17"},
    {0, 1, "0000-1"},
    {0xffff, (UINT64_C(1) << 48) - 1, "ffff-281474976710655"},
};

START_TEST(there_and_back)
{
    request_id id = request_id_first(IDS[_i].process) + IDS[_i].count;
    char text[REQUEST_ID_TEXT];
    request_id back = 0;

    request_id_format(id, text);
    ck_assert_str_eq(text, IDS[_i].text);
    ck_assert(request_id_parse(span_of(text), &back));
    ck_assert_uint_eq(back, id);
    ck_assert(request_id_same_process(id, request_id_first(IDS[_i].process)));
    ck_assert(!request_id_same_process(id, request_id_first(0x1234)));
}
END_TEST

START_TEST(none_is_empty)
{
    char text[REQUEST_ID_TEXT] = "x";

    request_id_format(0, text);
    ck_assert_str_eq(text, "");
}
END_TEST

static const char *const WRONG[] = {
    "",        "1",
    "1f0c",    "1f0c-",
    "1f0c-0",  "1f0c17",
    "1f0c-1x", "1f0g-1",
    "1f0c--1", "1f0c- 1",
    "-1f0c-1", "01f0c-1",
    "1f0c-1/", "1f0c-281474976710656",
    "1f0c-+1", "1f0c-1f0c-1",
};

START_TEST(others_are_refused)
{
    request_id id;

    ck_assert_msg(!request_id_parse(span_of(WRONG[_i]), &id), "%s", WRONG[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request_id");
    TCase *c = tcase_create("request_id");

    tcase_add_loop_test(c, there_and_back, 0, sizeof(IDS) / sizeof(IDS[0]));
    tcase_add_test(c, none_is_empty);
    tcase_add_loop_test(c, others_are_refused, 0, sizeof(WRONG) / sizeof(WRONG[0]));
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
