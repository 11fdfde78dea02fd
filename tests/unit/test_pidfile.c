/*
 * test_pidfile: one living process per pidfile, and nothing else is ever overwritten.
 * The runtime folder, which has rules of the same kind, is tested here, too.
 */
#include "pidfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "background.h"
#include "suite.h"

static char folder[64];
static char path[128];
static struct buf messages;

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/it", folder);
    buf_init(&messages, 65536);
}

static void teardown(void)
{
    unlink(path);
    rmdir(path);
    rmdir(folder);
    buf_clear(&messages);
}

static void put(const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static const char *content(void)
{
    static char text[256];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    close(fd);
    return text;
}

static const char *own_pid(void)
{
    static char text[32];

    snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    return text;
}

static const char *said(void)
{
    ck_assert_int_eq(buf_append(&messages, "", 1), 0);
    return buf_span(&messages).at;
}

START_TEST(holds_the_process_id_and_goes)
{
    struct pidfile *pidfile = pidfile_open(path, &messages);

    ck_assert_ptr_nonnull(pidfile);
    ck_assert_str_eq(content(), own_pid());
    pidfile_close(pidfile);
    ck_assert_int_ne(access(path, F_OK), 0);
    pidfile_close(NULL);
}
END_TEST

START_TEST(living_holder_is_named)
{
    struct pidfile *pidfile = pidfile_open(path, &messages);
    char number[32];

    snprintf(number, sizeof(number), "process %ld holds it", (long)getpid());
    ck_assert_ptr_null(pidfile_open(path, &messages));
    ck_assert_ptr_nonnull(strstr(said(), number));
    ck_assert_str_eq(content(), own_pid());
    pidfile_close(pidfile);
}
END_TEST

START_TEST(file_of_a_dead_process_is_taken_over)
{
    struct pidfile *pidfile;

    put("123456789\n");
    pidfile = pidfile_open(path, &messages);
    ck_assert_ptr_nonnull(pidfile);
    ck_assert_str_eq(content(), own_pid());
    pidfile_close(pidfile);
}
END_TEST

START_TEST(other_content_is_left_alone)
{
    put("export PATH=/bin\n");
    ck_assert_ptr_null(pidfile_open(path, &messages));
    ck_assert_ptr_nonnull(strstr(said(), "something else"));
    ck_assert_str_eq(content(), "export PATH=/bin\n");
}
END_TEST

START_TEST(link_is_refused)
{
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    ck_assert_ptr_null(pidfile_open(path, &messages));
    ck_assert_uint_gt(messages.len, 0);
}
END_TEST

START_TEST(file_of_a_successor_stays)
{
    struct pidfile *pidfile = pidfile_open(path, &messages);

    ck_assert_int_eq(unlink(path), 0);
    put("77\n");
    pidfile_close(pidfile);
    ck_assert_str_eq(content(), "77\n");
}
END_TEST

START_TEST(folder_is_made_for_us_alone)
{
    struct stat st;

    ck_assert(background_make_folder(path, &messages));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
    ck_assert(background_make_folder(path, &messages));
}
END_TEST

START_TEST(folder_of_others_is_refused)
{
    ck_assert(background_make_folder(path, &messages));
    ck_assert_int_eq(chmod(path, 0770), 0);
    ck_assert(!background_make_folder(path, &messages));
    ck_assert_ptr_nonnull(strstr(said(), "can be written to by other users"));
    if (getuid() != 0)
        return;
    ck_assert_int_eq(chmod(path, 0700), 0);
    ck_assert_int_eq(chown(path, 65533, 65533), 0);
    ck_assert(!background_make_folder(path, &messages));
}
END_TEST

START_TEST(folder_behind_a_link_is_refused)
{
    ck_assert_int_eq(symlink(folder, path), 0);
    ck_assert(!background_make_folder(path, &messages));
    ck_assert_ptr_nonnull(strstr(said(), "symbolic link"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pidfile");
    TCase *c = tcase_create("pidfile");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, holds_the_process_id_and_goes);
    tcase_add_test(c, living_holder_is_named);
    tcase_add_test(c, file_of_a_dead_process_is_taken_over);
    tcase_add_test(c, other_content_is_left_alone);
    tcase_add_test(c, link_is_refused);
    tcase_add_test(c, file_of_a_successor_stays);
    tcase_add_test(c, folder_is_made_for_us_alone);
    tcase_add_test(c, folder_of_others_is_refused);
    tcase_add_test(c, folder_behind_a_link_is_refused);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
