/*
 * test_ca_install: `ccgate ca install` and `uninstall` in a home directory of the
 * test's own, which afterwards is as it was, byte for byte.
 */
#include <jansson.h>
#include <stdarg.h>

#include "ca_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define MANIFEST     "state/" CERTS_MANIFEST
#define ALL          "claude-code,npm,pip,curl,git,wget,aws"

static struct ca_choice choice;

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In the test's folder. */
static void sh(const char *format, ...)
{
    char command[2048];
    size_t n = (size_t)snprintf(command, sizeof(command), "cd %s && ", folder);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command + n, sizeof(command) - n, format, arguments);
    va_end(arguments);
    ck_assert_msg(system(command) == 0, "%s", command);
}

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
    ck_assert_ptr_nonnull(freopen("/dev/null", "r", stdin));
    for (size_t i = 0; i < sizeof(NOT_HERE) / sizeof(NOT_HERE[0]); i++)
        unsetenv(NOT_HERE[i]);
    sh("mkdir home");
    setenv("HOME", at("home"), 1);
    put("ca.d/corp.pem", "root sub");
    ck_assert_int_eq(run(ca_build), 0);
    choice = (struct ca_choice){.tools = ALL, .yes = true};
}

static int install(void)
{
    int status;

    capture_begin();
    status = ca_install(&ca, &choice);
    capture_end();
    return status;
}

static int uninstall(void)
{
    int status;

    capture_begin();
    status = ca_uninstall(&ca, &choice);
    capture_end();
    return status;
}

/* Names, links, modes, owners and content. */
#define LISTING                                                                        \
    "(cd home && find . -mindepth 1 -printf '%%p %%y %%m %%u %%g %%l\\n' | sort && "   \
    "find . -type f | sort | xargs -r sha256sum)"

static void remember_home(void)
{
    sh(LISTING " >before");
}

static void expect_home(void)
{
    sh(LISTING " | diff before - >&2");
}

static void expect_line(const char *file, const char *line)
{
    sh("grep -Fqx '%s' 'home/%s'", line, file);
}

/* ---- there and back ---- */

/* What stands in the home directory first. */
static const char *const HOMES[] = {
    ":",
    "mkdir home/.claude home/.aws home/.config",
    "mkdir -p home/.claude home/.pip; cd home; "
    "for f in .claude/settings.json .npmrc .pip/pip.conf .curlrc .gitconfig .wgetrc; do "
    ": >$f; chmod 640 $f; done",
    "cd home; printf 'a=b' >.npmrc; printf 'silent' >.curlrc; "
    "printf '[user]\\r\\n\\tname = x' >.gitconfig; printf '# x\\r\\n' >.wgetrc; "
    "mkdir -p .config/pip .aws .claude; printf '[global]' >.config/pip/pip.conf; "
    "printf '[default]\\nregion = x\\n' >.aws/config; chmod 600 .aws/config; "
    "printf '{\"env\": {\"A\": \"1\"}, \"b\": [ ] }' >.claude/settings.json",
    /* links stay links */
    ("mkdir -p dots/claude; printf 'silent\\n' >dots/curlrc; printf '{}' "
     ">dots/claude/settings.json; ln -s ../dots/curlrc home/.curlrc; "
     "ln -s ../dots/claude home/.claude"),
    ("mkdir -p home/.config/git; printf '[http]\\n' >home/.config/git/config; "
     "printf 'x\\n' >home/.config/curlrc"),
};

START_TEST(there_and_back)
{
    sh("%s", HOMES[_i]);
    remember_home();
    ck_assert_int_eq(install(), 0);
    sh("test \"$(cat home/.gitconfig home/.config/git/config 2>/dev/null | grep -c "
       "'sslCAInfo = %s/ca/bundle.pem')\" = 1",
       state);
    sh("grep -q 'NODE_EXTRA_CA_CERTS\": \"%s/ca/corp-only.pem\"' "
       "home/.claude/settings.json",
       state);
    sh("test $(stat -c %%a %s) = 600", MANIFEST);
    ck_assert_int_eq(install(), 0);
    expect("no changes");
    ck_assert_int_eq(uninstall(), 0);
    expect_home();
    ck_assert_int_ne(access(at(MANIFEST), F_OK), 0);
    ck_assert_int_eq(uninstall(), 0);
    expect("nothing of this is installed");
}
END_TEST

/* A link is not replaced by a file. */
START_TEST(a_link_stays)
{
    sh("mkdir dots; printf 'silent\\n' >dots/curlrc; ln -s ../dots/curlrc home/.curlrc");
    ck_assert_int_eq(install(), 0);
    sh("test -L home/.curlrc && grep -q ^cacert dots/curlrc");
    sh("rm dots/curlrc");
    choice.tools = "curl";
    ck_assert_int_eq(uninstall(), 0);
    ck_assert_int_eq(install(), 1);
    expect("is a link to a file that is not there");
}
END_TEST

START_TEST(owner_and_mode_stay)
{
    sh("printf 'silent\\n' >home/.curlrc; chmod 604 home/.curlrc");
    if (geteuid() == 0)
        sh("chown 12:34 home/.curlrc; printf 'x=y' >home/.npmrc; chown 0:34 home/.npmrc");
    remember_home();
    ck_assert_int_eq(install(), 0);
    if (geteuid() == 0)
        sh("test $(stat -c %%u:%%g home/.curlrc) = 12:34");
    sh("test $(stat -c %%a home/.curlrc) = 604");
    ck_assert_int_eq(uninstall(), 0);
    expect_home();
}
END_TEST

/* Each of them alone; the others stay. */
START_TEST(one_tool)
{
    ck_assert_int_eq(install(), 0);
    choice.tools = "git, npm";
    ck_assert_int_eq(uninstall(), 0);
    sh("! test -e home/.gitconfig && ! test -e home/.npmrc && test -e home/.wgetrc");
    choice.tools = NULL;
    ck_assert_int_eq(uninstall(), 0);
    sh("! test -e home/.wgetrc");
}
END_TEST

START_TEST(only_tools_that_are_there)
{
    sh("mkdir bin home/.aws; : >home/.aws/config; : >bin/git; chmod 755 bin/git");
    setenv("PATH", "/nowhere", 1);
    setenv("PATH", at("bin"), 1);
    choice.tools = NULL;
    ck_assert_int_eq(install(), 0);
    setenv("PATH", "/usr/bin:/bin", 1);
    sh("test -s home/.gitconfig && test -s home/.aws/config && ! test -e home/.npmrc");
}
END_TEST

/* ---- what is there already ---- */

START_TEST(another_value_stays)
{
    sh("printf 'cacert = /old\\n' >home/.curlrc; printf '[http]\\n\\tsslcainfo=/old' "
       ">home/.gitconfig");
    remember_home();
    choice.tools = "curl,git";
    ck_assert_int_eq(install(), 1);
    expect(
        "home/.curlrc: cacert is /old already, and stays so; --replace takes it over");
    expect_home();
    choice.replace = true;
    ck_assert_int_eq(install(), 0);
    expect("-cacert: /old\n+cacert: \"");
    sh("! grep -q /old home/.curlrc home/.gitconfig");
    choice.replace = false;
    ck_assert_int_eq(install(), 0);
    expect("no changes");
    ck_assert_int_eq(uninstall(), 0);
    expect_home();
}
END_TEST

/* What the user has set himself is not ours to take out. */
START_TEST(the_same_value_stays)
{
    sh("printf 'cacert = \"%s/ca/bundle.pem\"' >home/.curlrc", state);
    remember_home();
    choice.tools = "curl";
    ck_assert_int_eq(install(), 0);
    expect("cacert is set already");
    ck_assert_int_eq(uninstall(), 0);
    expect("nothing of this is installed");
    expect_home();
}
END_TEST

/* The state folder has moved: the old path goes, the new one comes, the way back is
 * one.
 */
START_TEST(another_state_folder)
{
    sh("printf 'silent' >home/.curlrc");
    remember_home();
    ck_assert_int_eq(install(), 0);
    sh("mv state moved");
    ca.places.state_dir = at("moved");
    ck_assert_int_eq(install(), 0);
    sh("! grep -rq /state/ca home && grep -q /moved/ca home/.curlrc");
    ck_assert_int_eq(uninstall(), 0);
    expect_home();
}
END_TEST

/* ---- crashes ---- */

/* The manifest was written, and then nothing more was. */
START_TEST(a_crash_before_the_edit)
{
    sh("printf 'silent' >home/.curlrc");
    remember_home();
    ck_assert_int_eq(install(), 0);
    sh("cp %s kept", MANIFEST);
    ck_assert_int_eq(uninstall(), 0);
    sh("cp kept %s", MANIFEST);
    if (_i == 1)
        ck_assert_int_eq(install(), 0);
    ck_assert_int_eq(uninstall(), 0);
    if (_i == 0)
        expect("home/.curlrc: nothing of ccgate's is there any more");
    expect_home();
    ck_assert_int_ne(access(at(MANIFEST), F_OK), 0);
}
END_TEST

/* Folders that were made before it. */
START_TEST(a_crash_after_the_folders)
{
    remember_home();
    choice.tools = "aws";
    ck_assert_int_eq(install(), 0);
    sh("rm home/.aws/config");
    ck_assert_int_eq(uninstall(), 0);
    expect_home();
}
END_TEST

/* ---- somebody else was there ---- */

START_TEST(a_changed_file)
{
    sh("printf 'silent\\n' >home/.curlrc");
    ck_assert_int_eq(install(), 0);
    sh("printf 'fail\\n' >>home/.curlrc; printf '[user]\\n\\tname = x\\n' "
       ">>home/.gitconfig; sed -i 's/^{/{\\n  \"model\": \"x\",/' "
       "home/.claude/settings.json");
    ck_assert_int_eq(uninstall(), 0);
    sh("printf 'silent\\nfail\\n' | cmp - home/.curlrc");
    sh("printf '[user]\\n\\tname = x\\n' | cmp - home/.gitconfig");
    sh("printf '{\\n  \"model\": \"x\"\\n}\\n' | cmp - home/.claude/settings.json");
    sh("! test -e home/.npmrc && ! test -e home/.aws");
}
END_TEST

START_TEST(a_value_of_somebody)
{
    sh("printf 'cacert = /old\\n' >home/.curlrc");
    choice.replace = true;
    ck_assert_int_eq(install(), 0);
    sh("printf 'cacert = /mine\\n' >home/.curlrc; echo cafile=/mine >home/.npmrc");
    ck_assert_int_eq(uninstall(), 1);
    expect(
        "home/.curlrc: cacert is neither what ccgate has put there nor what was there "
        "before (/old); it stays");
    expect("home/.npmrc: cafile is not what ccgate has put there; it stays");
    expect_line(".curlrc", "cacert = /mine");
    expect_line(".npmrc", "cafile=/mine");
    ck_assert_int_ne(access(at(MANIFEST), F_OK), 0);
}
END_TEST

START_TEST(a_file_that_broke)
{
    choice.tools = "claude-code,git";
    sh("mkdir home/.claude; printf '{\"a\": }' >home/.claude/settings.json");
    ck_assert_int_eq(install(), 1);
    expect(
        "home/.claude/settings.json: is no JSON that can be read; put it right first");
    sh("grep -q sslCAInfo home/.gitconfig");
    sh("printf '{}' >home/.claude/settings.json");
    ck_assert_int_eq(install(), 0);
    sh("cp home/.claude/settings.json good; printf '{' >>home/.claude/settings.json");
    ck_assert_int_eq(uninstall(), 1);
    sh("! test -e home/.gitconfig");
    sh("cp good home/.claude/settings.json");
    ck_assert_int_eq(uninstall(), 0);
    sh("printf '{}' | cmp - home/.claude/settings.json");
}
END_TEST

/* ---- nothing is changed ---- */

START_TEST(only_shown)
{
    remember_home();
    choice.yes = false;
    choice.dry_run = _i == 0;
    ck_assert_int_eq(install(), _i == 0 ? 0 : 1);
    expect("--- /dev/null\n+++ ");
    expect("+[http]\n+\t# by \"ccgate ca install\"\n+\tsslCAInfo = ");
    if (_i == 1)
        expect("there is no terminal to ask on; --yes does it");
    expect_home();
    ck_assert_int_ne(access(at(MANIFEST), F_OK), 0);
}
END_TEST

/* What stands around a change may be secret. */
START_TEST(only_the_change_is_shown)
{
    sh("mkdir home/.claude; printf '{\"env\":{\"KEY\":\"hush\"}}' "
       ">home/.claude/settings.json; printf '_authToken=hush\\n' >home/.npmrc");
    ck_assert_int_eq(install(), 0);
    expect_not("hush");
    sh("! grep -q hush %s", MANIFEST);
    ck_assert_int_eq(uninstall(), 0);
    expect_not("hush");
}
END_TEST

START_TEST(not_built)
{
    sh("rm state/ca/corp-only.pem");
    ck_assert_int_eq(install(), 1);
    expect("corp-only.pem is not current: run \"ccgate ca build\" first");
    sh("rm -r ca.d");
    ck_assert_int_eq(install(), 1);
    expect("no certificate of the company is held: \"ccgate ca import FILE\"");
    choice.tools = "gti";
    ck_assert_int_eq(install(), 2);
    expect("there is no \"gti\"; there is claude-code, node");
}
END_TEST

START_TEST(by_the_environment_alone)
{
    choice.tools = "node,java,go";
    ck_assert_int_eq(install(), 0);
    expect("node: goes by the environment alone: \"ccgate env --tool node\"");
    expect("java: goes by the environment alone");
    expect("no changes");
    sh("test -z \"$(ls -A home)\"");
}
END_TEST

START_TEST(a_home_of_another_user)
{
    if (geteuid() != 0)
        return;
    sh("chown 12 home");
    ck_assert_int_eq(install(), 1);
    expect("belongs to another user");
    sh("test -z \"$(ls -A home)\"");
}
END_TEST

static const struct {
    const char *spoil, *said;
} MANIFESTS[] = {
    {"chmod 666 " MANIFEST, "can be written to by other users"},
    {"echo '{}' >" MANIFEST, "cannot be read: it is damaged, or of another version"},
    {"sed -i 's/\"version\": 1/\"version\": 2/' " MANIFEST, "or of another version"},
    {"mv " MANIFEST " m; ln -s ../../m " MANIFEST, "is a symbolic link"},
};

START_TEST(a_manifest_that_cannot_be_trusted)
{
    ck_assert_int_eq(install(), 0);
    sh("%s", MANIFESTS[_i].spoil);
    remember_home();
    ck_assert_int_eq(uninstall(), 1);
    expect(MANIFESTS[_i].said);
    ck_assert_int_eq(install(), 1);
    expect_home();
}
END_TEST

START_TEST(as_json)
{
    json_t *json, *steps;

    ca.json = true;
    choice.tools = "curl,node";
    ck_assert_int_eq(install(), 0);
    json = json_loads(captured, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert(json_is_true(json_object_get(json, "done")));
    steps = json_object_get(json, "steps");
    ck_assert_uint_eq(json_array_size(steps), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *step = json_array_get(steps, i);
        const char *tool = json_string_value(json_object_get(step, "tool"));
        const char *todo = json_string_value(json_object_get(step, "do"));

        ck_assert_str_eq(todo, strcmp(tool, "curl") == 0 ? "add" : "environment");
    }
    json_decref(json);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ca_install");
    TCase *c = tcase_create("ca_install");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, begin, ca_end);
    tcase_add_loop_test(c, there_and_back, 0, COUNT(HOMES));
    tcase_add_test(c, a_link_stays);
    tcase_add_test(c, owner_and_mode_stay);
    tcase_add_test(c, one_tool);
    tcase_add_test(c, only_tools_that_are_there);
    tcase_add_test(c, another_value_stays);
    tcase_add_test(c, the_same_value_stays);
    tcase_add_test(c, another_state_folder);
    tcase_add_loop_test(c, a_crash_before_the_edit, 0, 2);
    tcase_add_test(c, a_crash_after_the_folders);
    tcase_add_test(c, a_changed_file);
    tcase_add_test(c, a_value_of_somebody);
    tcase_add_test(c, a_file_that_broke);
    tcase_add_loop_test(c, only_shown, 0, 2);
    tcase_add_test(c, only_the_change_is_shown);
    tcase_add_test(c, not_built);
    tcase_add_test(c, by_the_environment_alone);
    tcase_add_test(c, a_home_of_another_user);
    tcase_add_loop_test(c, a_manifest_that_cannot_be_trusted, 0, COUNT(MANIFESTS));
    tcase_add_test(c, as_json);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
