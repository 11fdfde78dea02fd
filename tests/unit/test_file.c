/*
 * test_file: reading whole files up to a ceiling, and putting files in place.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char folder[64];
static char path[128];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/test_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a/b/c", folder);
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static int read_with(size_t ceiling, struct buf *content)
{
    int fd = open(path, O_RDONLY);
    int error;

    ck_assert_int_ge(fd, 0);
    buf_clear(content);
    buf_init(content, ceiling);
    error = file_read(fd, content);
    close(fd);
    return error;
}

START_TEST(put_and_read)
{
    struct buf content;
    struct stat st;

    buf_init(&content, 0);
    ck_assert_int_eq(file_replace(path, SPAN("first"), 0644), 0);
    ck_assert_int_eq(file_replace(path, SPAN("0123456789"), 0640), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    ck_assert_int_eq(read_with(100, &content), 0);
    ck_assert(span_equal(buf_span(&content), SPAN("0123456789")));
    ck_assert_int_eq(read_with(10, &content), 0);
    ck_assert_uint_eq(content.len, 10);
    ck_assert_int_eq(read_with(9, &content), -EMSGSIZE);
    buf_clear(&content);
}
END_TEST

START_TEST(what_fails_leaves_nothing)
{
    char below[160];
    struct stat st;

    ck_assert_int_eq(file_replace(path, SPAN("x"), 0600), 0);
    snprintf(below, sizeof(below), "%s/d", path);
    ck_assert_int_eq(file_replace(below, SPAN("y"), 0600), -ENOTDIR);
    /* a folder cannot be replaced by a file, and the scratch file goes */
    snprintf(below, sizeof(below), "%s/a/b", folder);
    ck_assert_int_lt(file_replace(below, SPAN("y"), 0600), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(below), 0);
    *strrchr(below, '/') = '\0';
    ck_assert_int_eq(rmdir(below), 0);
    ck_assert_int_ne(stat(below, &st), 0);
}
END_TEST

static const char *fault_of(const char *name)
{
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    const char *fault = file_fault(fd, &st);

    if (fd >= 0)
        close(fd);
    return fault;
}

START_TEST(whom_to_trust)
{
    char link[160];

    ck_assert_str_eq(fault_of(path), strerror(ENOENT));
    ck_assert_int_eq(file_replace(path, SPAN("x"), 0644), 0);
    ck_assert_ptr_null(fault_of(path));
    ck_assert_int_eq(chmod(path, 0620), 0);
    ck_assert_ptr_nonnull(strstr(fault_of(path), "can be written to by other users"));
    ck_assert_str_eq(fault_of(folder), "is no regular file");
    snprintf(link, sizeof(link), "%s/link", folder);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_str_eq(fault_of(link), "is a symbolic link");
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 1, 1), 0);
        ck_assert_str_eq(fault_of(path), "belongs to another user");
    }
}
END_TEST

/* Only root can give a file to somebody, and so is the only one that has to. */
START_TEST(the_owner_stays)
{
    struct stat st;

    ck_assert_int_eq(file_replace(path, SPAN("x"), 0600), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(chown(path, 1, 2), 0);
    ck_assert_int_eq(file_replace(path, SPAN("y"), 0600), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_uid, geteuid() == 0 ? 1 : geteuid());
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("file");
    TCase *c = tcase_create("file");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, put_and_read);
    tcase_add_test(c, what_fails_leaves_nothing);
    tcase_add_test(c, whom_to_trust);
    tcase_add_test(c, the_owner_stays);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
