/*
 * Tests of config/secret: what is taken as a password, and from whom.
 */
#include "config/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char folder[64];
static char path[128];
static char why[256];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/test_secret.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/password", folder);
    memset(why, 'x', sizeof(why) - 1);
}

static void teardown(void)
{
    unlink(path);
    rmdir(folder);
}

static void write_file(const char *content, size_t len, mode_t mode)
{
    int fd;

    unlink(path); /* an older one may be read-only */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static const struct {
    struct span content;
    const char *password; /* NULL: refused */
    const char *why;
} contents[] = {
    {SPAN("hunter2"), "hunter2", NULL},
    {SPAN("hunter2\n"), "hunter2", NULL},
    {SPAN("hunter2\r\n"), "hunter2", NULL},
    {SPAN(" a b \t\n"), " a b \t", NULL},
    {SPAN("cr\r"), "cr\r", NULL},
    {SPAN("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f", NULL},
    {SPAN("\xf0\x9f\x94\x91\n"), "\xf0\x9f\x94\x91", NULL},
    {SPAN(""), NULL, "empty"},
    {SPAN("\n"), NULL, "empty"},
    {SPAN("\r\n"), NULL, "empty"},
    {SPAN("\nhunter2"), NULL, "second line"},
    {SPAN("hunter2\n\n"), NULL, "second line"},
    {SPAN("hunter2\nmore"), NULL, "second line"},
    {SPAN("hun\0ter"), NULL, "NUL"},
    {SPAN("hunter2\n\0"), NULL, "NUL"},
    {SPAN("gr\xfc\xdf"), NULL, "UTF-8"},
    {SPAN("\xc0\xaf"), NULL, "UTF-8"},
    {SPAN("\xed\xa0\x80"), NULL, "UTF-8"},
    {SPAN("\xf4\x90\x80\x80"), NULL, "UTF-8"},
    {SPAN("\xe2\x82"), NULL, "UTF-8"},
};

START_TEST(file_content)
{
    struct secret *secret;

    write_file(contents[_i].content.at, contents[_i].content.len, 0600);
    secret = secret_from_file(path, why, sizeof(why));
    if (contents[_i].password == NULL) {
        ck_assert_ptr_null(secret);
        ck_assert_msg(strstr(why, contents[_i].why) != NULL, "%s", why);
        ck_assert_ptr_null(strstr(why, "hunter2"));
    } else {
        ck_assert_msg(secret != NULL, "%s", why);
        ck_assert(span_equal(secret_reveal(secret), span_of(contents[_i].password)));
    }
    secret_free(secret);
}
END_TEST

START_TEST(file_length)
{
    char line[SECRET_LIMIT + 3];
    struct secret *secret;

    memset(line, 'a', sizeof(line));
    line[SECRET_LIMIT] = '\r';
    line[SECRET_LIMIT + 1] = '\n';
    write_file(line, SECRET_LIMIT + 2, 0600);
    secret = secret_from_file(path, why, sizeof(why));
    ck_assert_msg(secret != NULL, "%s", why);
    ck_assert_uint_eq(secret_reveal(secret).len, SECRET_LIMIT);
    secret_free(secret);
    line[SECRET_LIMIT] = 'a';
    write_file(line, SECRET_LIMIT + 2, 0600);
    ck_assert_ptr_null(secret_from_file(path, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "longer"));
}
END_TEST

START_TEST(file_mode)
{
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0644, 0666, 0610};
    struct secret *secret;

    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        write_file("hunter2", 7, open_modes[i]);
        ck_assert_ptr_null(secret_from_file(path, why, sizeof(why)));
        ck_assert_msg(strstr(why, "chmod 0600") != NULL, "%s", why);
    }
    write_file("hunter2", 7, 0400);
    secret = secret_from_file(path, why, sizeof(why));
    ck_assert_msg(secret != NULL, "%s", why);
    secret_free(secret);
}
END_TEST

START_TEST(file_kind)
{
    ck_assert_ptr_null(secret_from_file(path, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "No such file"));
    ck_assert_ptr_null(secret_from_file(folder, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "not a regular file"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(secret_from_file(path, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "not a regular file"));
}
END_TEST

START_TEST(file_link)
{
    char link_path[160];
    struct secret *secret;

    write_file("hunter2", 7, 0600);
    snprintf(link_path, sizeof(link_path), "%s/link", folder);
    ck_assert_int_eq(symlink("password", link_path), 0);
    secret = secret_from_file(link_path, why, sizeof(why));
    ck_assert_msg(secret != NULL, "%s", why);
    secret_free(secret);
    if (geteuid() == 0) { /* only root can make a link that belongs to another user */
        ck_assert_int_eq(lchown(link_path, 65534, 65534), 0);
        ck_assert_ptr_null(secret_from_file(link_path, why, sizeof(why)));
        ck_assert_ptr_nonnull(strstr(why, "somebody else"));
        ck_assert_int_eq(chown(path, 65534, 65534), 0);
        ck_assert_ptr_null(secret_from_file(path, why, sizeof(why)));
        ck_assert_ptr_nonnull(strstr(why, "somebody else"));
    }
    unlink(link_path);
}
END_TEST

static mode_t mode_of(const char *file)
{
    struct stat st;

    ck_assert_int_eq(lstat(file, &st), 0);
    return st.st_mode & (S_IFMT | 0777);
}

/* What is stored is found again; an older file is replaced, a link is not. */
START_TEST(stored_in_a_file)
{
    struct secret *first = secret_new(SPAN("first one")), *found;
    struct secret *second = secret_new(SPAN("second"));
    char deep[160], link[160];

    snprintf(deep, sizeof(deep), "%s/a/b/password", folder);
    snprintf(link, sizeof(link), "%s/link", folder);
    ck_assert_msg(secret_to_file(deep, first, why, sizeof(why)), "%s", why);
    ck_assert_uint_eq(mode_of(deep), S_IFREG | 0600);
    *strrchr(deep, '/') = '\0';
    ck_assert_uint_eq(mode_of(deep), S_IFDIR | 0700);
    deep[strlen(deep)] = '/';
    ck_assert_int_eq(symlink(deep, link), 0);
    ck_assert_int_eq(chmod(deep, 0644), 0);
    ck_assert(secret_to_file(link, second, why, sizeof(why)));
    ck_assert_uint_eq(mode_of(link) & S_IFMT, S_IFLNK);
    ck_assert_uint_eq(mode_of(deep), S_IFREG | 0600);
    found = secret_from_file(deep, why, sizeof(why));
    ck_assert_msg(found != NULL, "%s", why);
    ck_assert(secret_equal(found, second));
    secret_free(found);
    /* nothing is left of the file that was written first */
    ck_assert_int_eq(unlink(link) + unlink(deep), 0);
    *strrchr(deep, '/') = '\0';
    ck_assert_int_eq(rmdir(deep), 0);
    *strrchr(deep, '/') = '\0';
    ck_assert_int_eq(rmdir(deep), 0);
    ck_assert(!secret_to_file("/proc/no/password", first, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "/proc/no/password: "));
    secret_free(first);
    secret_free(second);
}
END_TEST

START_TEST(credential)
{
    struct secret *secret;

    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert_ptr_null(secret_from_credential("password", why, sizeof(why)));
    ck_assert_str_eq(why, "");
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    ck_assert_ptr_null(secret_from_credential("password", why, sizeof(why)));
    ck_assert_str_eq(why, "");
    write_file("hunter2\n", 8, 0444); /* the service manager looks after the mode */
    secret = secret_from_credential("password", why, sizeof(why));
    ck_assert_msg(secret != NULL, "%s", why);
    ck_assert(span_equal(secret_reveal(secret), SPAN("hunter2")));
    secret_free(secret);
    write_file("a\nb\n", 4, 0400);
    ck_assert_ptr_null(secret_from_credential("password", why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "second line"));
}
END_TEST

START_TEST(environment)
{
    struct secret *secret;

    unsetenv("TEST_SECRET");
    ck_assert_ptr_null(secret_from_environment("TEST_SECRET", why, sizeof(why)));
    ck_assert_str_eq(why, "");
    setenv("TEST_SECRET", "hunter2", 1);
    secret = secret_from_environment("TEST_SECRET", why, sizeof(why));
    ck_assert(span_equal(secret_reveal(secret), SPAN("hunter2")));
    ck_assert_ptr_null(getenv("TEST_SECRET"));
    secret_free(secret);
    setenv("TEST_SECRET", "", 1);
    ck_assert_ptr_null(secret_from_environment("TEST_SECRET", why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "empty"));
}
END_TEST

START_TEST(equality)
{
    struct secret *a = secret_new(SPAN("hunter2"));
    struct secret *b = secret_new(SPAN("hunter2"));
    struct secret *c = secret_new(SPAN("hunter3"));
    struct secret *d = secret_new(SPAN("hunter"));

    ck_assert(secret_equal(a, a));
    ck_assert(secret_equal(a, b));
    ck_assert(!secret_equal(a, c));
    ck_assert(!secret_equal(a, d));
    ck_assert(!secret_equal(a, NULL));
    ck_assert(secret_equal(NULL, NULL));
    ck_assert_ptr_eq(secret_ref(a), a);
    secret_free(a);
    ck_assert(secret_equal(a, b)); /* the second reference holds */
    secret_free(a);
    secret_free(b);
    secret_free(c);
    secret_free(d);
    secret_free(NULL);
}
END_TEST

static const struct {
    struct span digits;
    const char *bytes; /* NULL: refused */
} hashes[] = {
    {SPAN("00112233445566778899aAbBcCdDeEfF"),
     "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"},
    {SPAN("00112233445566778899aAbBcCdDeEf"), NULL},
    {SPAN("00112233445566778899aAbBcCdDeEfF0"), NULL},
    {SPAN("00112233445566778899aAbBcCdDeEfFFF"), NULL},
    {SPAN("00112233445566778899aAbBcCdDeEgF"), NULL},
    {SPAN("00112233445566778899aAbBcCdDeEf "), NULL},
    {SPAN(""), NULL},
};

START_TEST(hash)
{
    struct secret *digits = secret_new(hashes[_i].digits);
    struct secret *bytes = secret_from_hex(digits, why, sizeof(why));

    if (hashes[_i].bytes != NULL) {
        ck_assert_uint_eq(secret_reveal(bytes).len, 16);
        ck_assert_mem_eq(secret_reveal(bytes).at, hashes[_i].bytes, 16);
    } else {
        ck_assert_ptr_null(bytes);
        ck_assert_str_eq(why, "is not 32 hexadecimal digits");
    }
    secret_free(digits);
    secret_free(bytes);
}
END_TEST

START_TEST(limits)
{
    char bytes[SECRET_LIMIT + 1] = {0};
    struct secret *secret = secret_new((struct span){bytes, SECRET_LIMIT});

    ck_assert_ptr_nonnull(secret);
    secret_free(secret);
    ck_assert_ptr_null(secret_new((struct span){bytes, sizeof(bytes)}));
    secret_wipe(bytes, 0);
    memset(bytes, 'x', sizeof(bytes));
    secret_wipe(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        ck_assert_int_eq(bytes[i], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *files = tcase_create("sources");
    TCase *values = tcase_create("values");

    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_loop_test(files, file_content, 0,
                        (int)(sizeof(contents) / sizeof(contents[0])));
    tcase_add_test(files, file_length);
    tcase_add_test(files, file_mode);
    tcase_add_test(files, file_kind);
    tcase_add_test(files, file_link);
    tcase_add_test(files, stored_in_a_file);
    tcase_add_test(files, credential);
    tcase_add_test(files, environment);
    tcase_add_test(values, equality);
    tcase_add_loop_test(values, hash, 0, (int)(sizeof(hashes) / sizeof(hashes[0])));
    tcase_add_test(values, limits);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, values);
    return suite_run(suite);
}
