/*
 * test_listener_unix: the file of a Unix socket: its mode, and who may replace or
 * remove it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4() */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "listener_rig.h"

static char directory[64];
static char path[96];

static void unix_setup(void)
{
    setup();
    snprintf(directory, sizeof(directory), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/sock", directory);
}

static void unix_teardown(void)
{
    teardown();
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

static struct netaddr addr_unix(void)
{
    struct netaddr a;

    ck_assert(netaddr_from_path(&a, span_of(path)));
    return a;
}

static struct listener *open_unix(uint32_t mode)
{
    struct listener_options options = options_at(addr_unix());

    options.unix_mode = mode;
    return listener_open(&options);
}

static void bind_and_leave(bool keep_open, int *fd)
{
    struct netaddr a = addr_unix();

    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(*fd, &a.u.sa, a.len), 0);
    ck_assert_int_eq(listen(*fd, 1), 0);
    if (!keep_open)
        close(*fd);
}

START_TEST(unix_mode_and_removal)
{
    mode_t old = umask(022);
    struct stat st;
    int client;

    listener = open_unix(_i == 0 ? 0600 : 0666);
    ck_assert_ptr_nonnull(listener);
    ck_assert_uint_eq(umask(old), 022);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 0777, _i == 0 ? 0600 : 0666);
    client = client_to(addr_unix());
    loop_run(loop);
    ck_assert_int_eq(taken_count, 1);
    ck_assert_int_eq(taken_local.u.sa.sa_family, AF_UNIX);
    ck_assert_str_eq(taken_local.u.un.sun_path, path);
    ck_assert_int_eq(taken_remote.u.sa.sa_family, AF_UNIX);
    close(client);
    listener_close(listener);
    listener = NULL;
    ck_assert_int_ne(lstat(path, &st), 0);
}
END_TEST

START_TEST(unix_mode_is_changed)
{
    struct stat st;
    int fd;

    listener = open_unix(0600);
    ck_assert_ptr_nonnull(listener);
    ck_assert(listener_set_unix_mode(listener, 0666));
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0666);
    ck_assert(listener_set_unix_mode(listener, 0600));
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    /* What somebody else has put in its place stays as it is. */
    ck_assert_int_eq(unlink(path), 0);
    bind_and_leave(true, &fd);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert(listener_set_unix_mode(listener, 0666));
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    close(fd);
}
END_TEST

START_TEST(unix_stale_is_replaced)
{
    int fd;

    bind_and_leave(false, &fd);
    listener = open_unix(0600);
    ck_assert_ptr_nonnull(listener);
    close(client_to(addr_unix()));
}
END_TEST

START_TEST(unix_live_is_left_alone)
{
    int fd;

    bind_and_leave(true, &fd);
    ck_assert_ptr_null(open_unix(0600));
    ck_assert_int_eq(errno, EADDRINUSE);
    close(client_to(addr_unix()));
    close(fd);
}
END_TEST

START_TEST(unix_file_is_left_alone)
{
    struct stat st;
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_ptr_null(open_unix(0600));
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(unix_successor_is_not_unlinked)
{
    int fd;

    listener = open_unix(0600);
    ck_assert_ptr_nonnull(listener);
    ck_assert_int_eq(unlink(path), 0);
    bind_and_leave(true, &fd);
    listener_close(listener);
    listener = NULL;
    close(client_to(addr_unix()));
    close(fd);
}
END_TEST

int main(void)
{
    const struct log_options quiet = {.to = "/dev/null", .level = LOG_LEVEL_INFO};
    Suite *suite = suite_create("listener_unix");
    TCase *local = tcase_create("unix");

    setvbuf(stdout, NULL, _IOLBF, 0);
    log_open(&quiet);
    tcase_add_checked_fixture(local, unix_setup, unix_teardown);
    tcase_add_loop_test(local, unix_mode_and_removal, 0, 2);
    tcase_add_test(local, unix_mode_is_changed);
    tcase_add_test(local, unix_stale_is_replaced);
    tcase_add_test(local, unix_live_is_left_alone);
    tcase_add_test(local, unix_file_is_left_alone);
    tcase_add_test(local, unix_successor_is_not_unlinked);
    suite_add_tcase(suite, local);
    return suite_run(suite);
}
