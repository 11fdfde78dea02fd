/*
 * Tests of config/secret_command: passwords from a command and from the keyring, whose
 * secret-tool is a script here.
 */
#include "config/secret_command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/command.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define CANARY       "s3cret-canary"

enum { LONG = 20000, SHORT = 300 };

static char why[512];
static char folder[64];
static char path[2048];

static void setup(void)
{
    memset(why, 'x', sizeof(why) - 1);
    snprintf(folder, sizeof(folder), "/tmp/test_keyring.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "/bin/rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* secret-tool is this script from now on; NULL: there is none. */
static void put_tool(const char *script)
{
    char file[128];
    int fd;

    /* The shell of the script itself is found without PATH. */
    snprintf(path, sizeof(path), "%s", folder);
    setenv("PATH", path, 1);
    if (script == NULL)
        return;
    snprintf(file, sizeof(file), "%s/secret-tool", folder);
    fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0700);
    ck_assert_int_ge(fd, 0);
    dprintf(fd, "#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", script);
    close(fd);
}

static const struct {
    const char *command;
    const char *password; /* NULL: refused */
    const char *why;
} commands[] = {
    {"echo " CANARY, CANARY, NULL},
    {"printf " CANARY, CANARY, NULL},
    {"printf '" CANARY "\\r\\nuser: alice\\nurl: x\\n'", CANARY, NULL},
    {"printf 'a b \\n'", "a b ", NULL},
    {"cat; echo " CANARY, CANARY, NULL}, /* standard input is empty */
    {"echo noise >&2; echo " CANARY, CANARY, NULL},
    {"head -c 100000 /dev/zero | tr '\\0' '\\n' | sed '1s/^/" CANARY "/'", CANARY,
     NULL},
    {"trap '' TERM; echo " CANARY, CANARY, NULL},
    {"echo $CCGATE_PASSWORD$OTHER", "kept", NULL},
    {"", NULL, "printed no password"},
    {"echo the keys are gone >&2", NULL, "printed no password: the keys are gone"},
    {"echo " CANARY "; echo locked >&2; exit 3", NULL, "exit status 3: locked"},
    {"printf '\\033[31mone\\ntwo\\n' >&2; exit 1", NULL, ":  [31mone two"},
    {"no-such-program", NULL, "exit status 127: "},
    {"echo " CANARY "; kill -9 $$", NULL, "signal 9"},
    {"printf '\\n" CANARY "'", NULL, "empty first line"},
    {"printf 'gr\\374n" CANARY "'", NULL, "not UTF-8"},
    {"printf 'a\\0" CANARY "\\n'", NULL, "NUL"},
    {"head -c 1025 /dev/zero | tr '\\0' a", NULL, "longer than a password"},
};

START_TEST(command)
{
    struct secret *secret;

    setenv("CCGATE_PASSWORD", "hidden", 1);
    setenv("OTHER", "kept", 1);
    secret = secret_from_command(commands[_i].command, LONG, 0, why, sizeof(why));
    if (commands[_i].password != NULL) {
        ck_assert_msg(secret != NULL, "%s: %s", commands[_i].command, why);
        ck_assert(span_equal(secret_reveal(secret), span_of(commands[_i].password)));
    } else {
        ck_assert_ptr_null(secret);
        ck_assert_msg(strstr(why, commands[_i].why) != NULL, "%s: %s",
                      commands[_i].command, why);
        ck_assert_ptr_null(strstr(why, CANARY));
    }
    secret_free(secret);
}
END_TEST

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Its children are ended with it, also those that hold on to its output. */
START_TEST(command_late)
{
    static const char slow[] = "echo asking >&2; (sleep 100; echo x) & sleep 100";
    int64_t start = now_ms();

    ck_assert_ptr_null(secret_from_command(slow, SHORT, 0, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "took longer than 1 s and was ended"));
    ck_assert_ptr_nonnull(strstr(why, ": asking"));
    ck_assert_int_ge(now_ms() - start, SHORT);
    ck_assert_int_lt(now_ms() - start, LONG);
}
END_TEST

/* An agent that it left running is not waited for, though it has our pipe. */
START_TEST(command_leaves_agent)
{
    int64_t start = now_ms();
    struct secret *secret =
        secret_from_command("sleep 30 & echo " CANARY, LONG, 0, why, sizeof(why));

    ck_assert_msg(secret != NULL, "%s", why);
    ck_assert_int_lt(now_ms() - start, LONG / 2);
    secret_free(secret);
}
END_TEST

START_TEST(command_stopped)
{
    int64_t start = now_ms();
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_ptr_null(
        secret_from_command("sleep 100", LONG, fds[0], why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "ccgate ends"));
    ck_assert_int_lt(now_ms() - start, LONG / 2);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* What a tool of that name does, and what is made of it. */
static const struct {
    const char *script;
    const char *password;
    const char *why;
} tools[] = {
    {"[ \"$*\" = 'lookup service ccgate username CORP\\alice' ] && printf " CANARY,
     CANARY, NULL},
    {"printf '" CANARY "\\nmore\\n'", NULL,
     "the entry in the keyring has a second line"},
    {NULL, NULL, "install the package libsecret-tools"},
    {"echo \"secret-tool: Cannot autolaunch D-Bus without X11 \\$DISPLAY\" >&2; exit 1",
     NULL, "there is no D-Bus session"},
    {"echo 'secret-tool: Could not connect: No such file' >&2; exit 1", NULL,
     "there is no D-Bus session"},
    {"echo 'secret-tool: The name org.freedesktop.secrets was not provided by any "
     ".service files' >&2; exit 1",
     NULL, "no keyring runs in this session"},
    {"[ $1 = search ] || exit 1\necho '[/1]'; echo 'label = x'", NULL,
     "the keyring is locked"},
    {"[ $1 = search ] || exit 1", NULL,
     "no password of CORP\\alice (attributes service=ccgate, username=CORP\\alice)"},
    {"echo 'secret-tool: odd' >&2; exit 9", NULL, "exit status 9: secret-tool: odd"},
};

START_TEST(keyring)
{
    struct secret *secret;

    put_tool(tools[_i].script);
    secret = secret_from_keyring("CORP\\alice", 0, why, sizeof(why));
    if (tools[_i].password != NULL) {
        ck_assert_msg(secret != NULL, "%s", why);
        ck_assert(span_equal(secret_reveal(secret), span_of(tools[_i].password)));
    } else {
        ck_assert_ptr_null(secret);
        ck_assert_msg(strstr(why, tools[_i].why) != NULL, "%s", why);
        ck_assert_ptr_null(strstr(why, CANARY));
    }
    secret_free(secret);
}
END_TEST

START_TEST(keyring_without_session)
{
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    setenv("XDG_RUNTIME_DIR", folder, 1);
    put_tool("exit 1");
    ck_assert_ptr_null(secret_from_keyring("alice", 0, why, sizeof(why)));
    ck_assert_msg(strstr(why, "there is no D-Bus session") != NULL, "%s", why);
    ck_assert(!secret_keyring_usable());
}
END_TEST

START_TEST(keyring_stores)
{
    struct secret *secret = secret_new(SPAN(CANARY)), *found;

    put_tool("case $1 in\n"
             "store) shift 3; echo \"$*\" >${0%/*}/who; cat >${0%/*}/what ;;\n"
             "lookup) shift; [ \"$*\" = \"$(cat ${0%/*}/who)\" ] && cat ${0%/*}/what\n"
             "esac");
    ck_assert_msg(secret_to_keyring("alice", secret, why, sizeof(why)), "%s", why);
    found = secret_from_keyring("alice", 0, why, sizeof(why));
    ck_assert_msg(found != NULL, "%s", why);
    ck_assert(secret_equal(found, secret));
    secret_free(found);
    ck_assert(secret_keyring_usable());
    secret_free(secret);
}
END_TEST

START_TEST(keyring_refuses)
{
    struct secret *secret = secret_new(SPAN(CANARY));

    put_tool("echo 'secret-tool: Could not connect: no' >&2; exit 1");
    ck_assert(!secret_to_keyring("alice", secret, why, sizeof(why)));
    ck_assert_ptr_nonnull(strstr(why, "no D-Bus session"));
    secret_free(secret);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("secret_command");
    TCase *c = tcase_create("secret_command");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, command, 0, COUNT(commands));
    tcase_add_test(c, command_late);
    tcase_add_test(c, command_leaves_agent);
    tcase_add_test(c, command_stopped);
    tcase_add_loop_test(c, keyring, 0, COUNT(tools));
    tcase_add_test(c, keyring_without_session);
    tcase_add_test(c, keyring_stores);
    tcase_add_test(c, keyring_refuses);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
