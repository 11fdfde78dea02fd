/*
 * test_alloc_ca: `ccgate ca build`, `install` and `uninstall` while memory is out: what
 * was built stays whole, and what was installed can be taken back, byte for byte.
 */
#include <stdlib.h>

#include "alloc_rig.h"
#include "ca_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define LISTING                                                                        \
    "(cd home && find . -mindepth 1 -printf '%p %y %m %l\\n' | sort && "               \
    "find . -type f | sort | xargs cat)"

static struct ca_choice choice = {.tools = "claude-code,npm,pip,curl", .yes = true};

static bool sh(const char *line)
{
    char command[1024];

    snprintf(command, sizeof(command), "cd %s && %s", folder, line);
    return system(command) == 0;
}

static int put_in(void)
{
    return ca_install(&ca, &choice);
}

static int take_out(void)
{
    return ca_uninstall(&ca, &choice);
}

static int build_all(void)
{
    return ca_build(&ca);
}

/* Allocations fail only while it runs, and only if it may fail; not afterwards. */
static int verb(int (*act)(void), bool may_fail)
{
    bool arm = armed && may_fail;
    int status;

    armed = false;
    capture_begin();
    armed = arm;
    status = act();
    armed = false;
    capture_end();
    return status;
}

/* A second look finds nothing to do. */
static bool is_done(int (*act)(void))
{
    choice.dry_run = true;
    int status = verb(act, false);
    choice.dry_run = false;
    return status == EXIT_SUCCESS && strstr(captured, "no changes") != NULL;
}

static const char *taken_back(void)
{
    if (verb(take_out, false) != EXIT_SUCCESS)
        return "uninstall fails afterwards";
    return sh(LISTING " | cmp -s - before") ? NULL : "the files are not as before";
}

/* ---- the scenarios ---- */

static const char *build(bool whole)
{
    bool kept = armed;

    armed = false;
    if (!sh("rm -f state/ca/*.pem"))
        return "what was built stays";
    armed = kept;
    int status = verb(build_all, true);

    if (whole && status != EXIT_SUCCESS)
        return "it fails";
    if (status == EXIT_SUCCESS && !sh("test $(ls state/ca/*.pem | wc -l) = 2"))
        return "a file is missing, and nobody says so";
    return sh("for f in state/ca/*.pem; do "
              "! test -e $f || cmp -s $f built/${f##*/} || exit 1; done")
               ? NULL
               : "another file";
}

static const char *install(bool whole)
{
    int status = verb(put_in, true);

    if (whole && status != EXIT_SUCCESS)
        return "it fails";
    if (status == EXIT_SUCCESS && !is_done(put_in))
        return "something is missing, and nobody says so";
    return taken_back();
}

static const char *uninstall(bool whole)
{
    bool kept = armed;

    if (verb(put_in, false) != EXIT_SUCCESS)
        return "install fails before";
    armed = kept;
    int status = verb(take_out, true);

    if (whole && status != EXIT_SUCCESS)
        return "it fails";
    if (status == EXIT_SUCCESS && !sh(LISTING " | cmp -s - before"))
        return "something stays, and nobody says so";
    return taken_back();
}

static scenario *const scenarios[] = {build, install, uninstall};

START_TEST(any_allocation_may_fail)
{
    const char *wrong = scenarios[_i](true);

    ck_assert_msg(wrong == NULL, "without a failure: %s: %s", wrong, captured);
    exhaust(scenarios[_i]);
}
END_TEST

static void begin(void)
{
    static const char *const NOT_HERE[] = {
        "CLAUDE_CONFIG_DIR",
        "npm_config_userconfig",
        "PIP_CONFIG_FILE",
        "CURL_HOME",
        "XDG_CONFIG_HOME",
        "GIT_CONFIG_GLOBAL",
        "WGETRC",
        "AWS_CONFIG_FILE",
    };

    ca_begin();
    for (int i = 0; i < COUNT(NOT_HERE); i++)
        unsetenv(NOT_HERE[i]);
    ck_assert(
        sh("mkdir -p home/.aws && cd home && printf 'a=b' >.npmrc && "
           "printf '[user]\\r\\n\\tname = x' >.gitconfig && "
           "printf '[default]\\nregion = x\\n' >.aws/config && ln -s .x .curlrc && "
           "printf silent >.x && chmod 640 .npmrc"));
    setenv("HOME", at("home"), 1);
    put("ca.d/corp.pem", "root sub");
    ck_assert_int_eq(verb(build_all, false), EXIT_SUCCESS);
    ck_assert(sh(LISTING " >before && mkdir built && cp state/ca/*.pem built"));
}

int main(void)
{
    Suite *suite = suite_create("alloc_ca");
    TCase *tcase = tcase_create("alloc_ca");

    tcase_add_checked_fixture(tcase, begin, ca_end);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, any_allocation_may_fail, 0, COUNT(scenarios));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
