/*
 * test_pac_copy: the last good copy goes to the disk and comes back, and what is not
 * ours or not whole does not.
 */
#include <sys/stat.h>

#include "route/pac_copy.h"
#include "state_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define URL          "http://pac.example/proxy.pac"
#define NAME         "pac/908c96a0564d2898"

static struct pac_copy copy;
static char why[PAC_COPY_WHY];

static struct pac_copy sample(void)
{
    struct pac_copy it = {.checked = 1784118645};

    it.script = span_dup(SPAN("a\n\nb"));
    it.len = 4;
    snprintf(it.etag, sizeof(it.etag), "W/\"1: 2\"");
    return it;
}

static void begin(void)
{
    state_begin();
    memset(&copy, 0, sizeof(copy));
}

static void end(void)
{
    pac_copy_clear(&copy);
    unlink(state_path(NAME));
    rmdir(state_path("pac"));
    state_end();
}

static void save(const char *url)
{
    struct pac_copy it = sample();

    ck_assert_msg(pac_copy_save(state_dir, url, &it, why), "%s", why);
    pac_copy_clear(&it);
}

START_TEST(test_there_and_back)
{
    struct stat st;

    ck_assert(pac_copy_load(state_dir, URL, &copy, why)); /* nothing yet */
    ck_assert_ptr_null(copy.script);
    save(URL);
    save(URL); /* over the first */
    ck_assert_int_eq(stat(state_path(NAME), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(state_path("pac"), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
    ck_assert_msg(pac_copy_load(state_dir, URL, &copy, why), "%s", why);
    ck_assert_str_eq(copy.script, "a\n\nb");
    ck_assert_uint_eq(copy.len, 4);
    ck_assert_str_eq(copy.etag, "W/\"1: 2\"");
    ck_assert_str_eq(copy.last_modified, "");
    ck_assert_uint_eq(copy.checked, 1784118645);
}
END_TEST

#define HEAD "ccgate-pac-copy 1\nurl: " URL "\n"

static const struct {
    const char *text;
    bool good;
    bool there;
} files[] = {
    {HEAD "checked: 5\nlength: 3\n\nabc", true, true},
    {HEAD "length: 3\n\nabc", true, true},
    {"ccgate-pac-copy 1\nurl: http://b.example/\nlength: 3\n\nabc", true, false},
    {HEAD "length: 4\n\nabc", false, false}, /* cut off */
    {HEAD "length: 2\n\nabc", false, false},
    {HEAD "length: 0\n\n", false, false},
    {HEAD "length: 3\nabc", false, false},
    {HEAD "length: -3\n\nabc", false, false},
    {HEAD "checked: x\nlength: 3\n\nabc", false, false},
    {HEAD "what: x\nlength: 3\n\nabc", false, false},
    {"ccgate-pac-copy 2\nurl: " URL "\nlength: 3\n\nabc", false, false},
    {"length: 3\n\nabc", false, false},
    {"", false, false},
};

static void put(const char *text, mode_t mode)
{
    char folder[128];

    save(URL);
    snprintf(folder, sizeof(folder), "%s", state_path("pac"));
    state_put(NAME, text, mode);
}

START_TEST(test_file)
{
    put(files[_i].text, 0600);
    ck_assert_int_eq(pac_copy_load(state_dir, URL, &copy, why), files[_i].good);
    ck_assert_int_eq(copy.script != NULL, files[_i].there);
    ck_assert(files[_i].good || strstr(why, "is damaged") != NULL);
}
END_TEST

START_TEST(test_foreign)
{
    put(HEAD "length: 3\n\nabc", 0620);
    ck_assert(!pac_copy_load(state_dir, URL, &copy, why));
    ck_assert_ptr_nonnull(strstr(why, "written to by other users"));
    ck_assert_int_eq(unlink(state_path(NAME)), 0);
    ck_assert_int_eq(symlink("/dev/null", state_path(NAME)), 0);
    ck_assert(!pac_copy_load(state_dir, URL, &copy, why));
    save(URL); /* replaced, not followed */
    ck_assert(pac_copy_load(state_dir, URL, &copy, why));
    ck_assert_ptr_nonnull(copy.script);
}
END_TEST

START_TEST(test_no_folder)
{
    struct pac_copy it = sample();

    ck_assert(!pac_copy_save("/dev/null/x", URL, &it, why));
    ck_assert_ptr_nonnull(strstr(why, "/dev/null/x/pac/"));
    pac_copy_clear(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pac_copy");
    TCase *tcase = tcase_create("copy");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, test_there_and_back);
    tcase_add_loop_test(tcase, test_file, 0, COUNT(files));
    tcase_add_test(tcase, test_foreign);
    tcase_add_test(tcase, test_no_folder);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
