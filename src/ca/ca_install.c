/*
 * ca_install: `ccgate ca install`: what was built is put into the files of programs,
 * and into the distribution's trust store.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/plan.h"
#include "certs/build.h"
#include "certs/paths.h"
#include "certs/tool_files.h"

enum { FILE_MODE = 0600, STORE_MODE = 0644 };

static void fail(struct step *step, const char *fault)
{
    step->kind = STEP_FAULT;
    step->trouble = true;
    step_say(step, "%s: %s", step->file, fault);
}

/* ---- the file of a tool ---- */

/* The file itself where it is a link: the link stays. NULL, or what is wrong. */
static const char *resolve(char *path, size_t size)
{
    char real[PATH_MAX];
    struct stat st;

    if (realpath(path, real) != NULL) {
        snprintf(path, size, "%s", real);
        return NULL;
    }
    if (errno != ENOENT)
        return strerror(errno);
    return lstat(path, &st) == 0 ? "is a link to a file that is not there" : NULL;
}

/* 0 or -ENOMEM. */
static int name_change(struct change *change, const char *tool, const char *file,
                       const struct setting *setting)
{
    change->tool = strdup(tool);
    change->file = strdup(file);
    return change->tool != NULL && change->file != NULL ? change_set(change, setting)
                                                        : -ENOMEM;
}

/* The content before and after. 0 or an error of a buffer. */
static int hash_both(struct change *change, struct span before)
{
    struct buf after;
    int error;

    buf_init(&after, 2 * CHANGE_TEXT_LIMIT);
    error = setting_edit_apply(&change->edit, before, &after);
    change->before[0] = '\0';
    if (error == 0 && ((!change->created && !change_hash(before, change->before)) ||
                       !change_hash(buf_span(&after), change->after)))
        error = -ENOTSUP;
    buf_clear(&after);
    return error;
}

/* What was done before, if it can be undone, is, and comes anew. */
static int undo_first(struct plan *plan, struct step *step)
{
    struct change *old = manifest_find(&plan->manifest, step->tool, step->file);
    struct undo *undo = &step->undo;
    int error;

    if (old == NULL)
        return 0;
    step->has_old = true;
    error = undo_plan(old, undo);
    if (undo->mode == 0) /* a crash may have left them */
        step->change.folders = old->folders;
    if (error != 0 || (undo->kind != CHANGE_RESTORED && undo->kind != CHANGE_TAKEN_OUT))
        return error;
    buf_reset(&step->before);
    step->change.created = undo->remove;
    if (undo->remove)
        step->change.folders = old->folders;
    return undo->remove ? 0 : buf_append_span(&step->before, buf_span(&undo->then));
}

/* Why another value that stands there stays, or that it goes. */
static void weigh(struct plan *plan, struct step *step, const struct setting *setting,
                  const char *value)
{
    char text[1024];

    snprintf(text, sizeof(text), "%s", value);
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ')
            *p = '?';
    if (plan->choice->replace) {
        step->kind = STEP_REPLACE;
        return;
    }
    step->kind = STEP_OTHER;
    step->trouble = true;
    step_say(step,
             "%s: %s is %s already, and stays so; --replace takes it over, and "
             "\"ccgate ca uninstall\" puts it back",
             step->file, setting->name, text);
}

/* 0 or an error. */
static int plan_change(struct plan *plan, struct step *step,
                       const struct setting *setting)
{
    char *value = NULL;
    int error = setting_find(setting, buf_span(&step->before), &value);

    if (error == 0 && value != NULL && strcmp(value, setting->value) == 0) {
        step->kind = STEP_SAME;
        step_say(step, "%s: %s is set already", step->file, setting->name);
        free(value);
        return 0;
    }
    free(value);
    value = NULL;
    if (error == 0)
        error = undo_first(plan, step);
    if (error == 0)
        error = setting_find(setting, buf_span(&step->before), &value);
    if (error == 0 && value != NULL)
        weigh(plan, step, setting, value);
    free(value);
    if (error == 0 && step->kind != STEP_OTHER)
        error = setting_set(setting, buf_span(&step->before), &step->change.edit);
    if (error == 0 && step->kind != STEP_OTHER)
        error = hash_both(&step->change, buf_span(&step->before));
    return error != 0 ? error
                      : name_change(&step->change, step->tool, step->file, setting);
}

static bool plan_file(struct plan *plan, const struct tool_file *file, char *path,
                      size_t size)
{
    const char *fault = resolve(path, size);
    struct step *step = plan_step(plan, STEP_ADD, file->tool, path);
    struct setting setting = file->setting;
    char value[PATH_MAX];
    mode_t mode = 0;
    int error;

    if (step == NULL)
        return false;
    setting.value = value;
    if (!certs_path(value, sizeof(value), plan->ca->places.state_dir,
                    file->value == TOOL_CORP_ONLY ? CERTS_CORP_ONLY : CERTS_BUNDLE))
        fault = strerror(ENAMETOOLONG);
    if (fault == NULL)
        fault = change_read(path, &step->before, &mode);
    if (fault == NULL)
        fault = setting_fault(&setting, buf_span(&step->before));
    if (fault != NULL) {
        fail(step, fault);
        return true;
    }
    step->change.created = mode == 0;
    step->change.mode = mode != 0 ? mode : FILE_MODE;
    step->change.folders = mode != 0 ? 0 : change_missing_folders(path);
    error = plan_change(plan, step, &setting);
    if (error != 0)
        fail(step, strerror(-error));
    return true;
}

/* Of tools that were not named, only those that are there. */
static bool plan_tool(struct plan *plan, const struct tool_file *file, bool named)
{
    char path[PATH_MAX];
    struct step *step;

    if (!tool_file_path(file, path, sizeof(path))) {
        step = plan_step(plan, STEP_FAULT, file->tool, "");
        if (step != NULL) {
            step->trouble = true;
            step_say(step,
                     "its file has no path: HOME, or a variable that names it, is "
                     "no absolute path");
        }
        return step != NULL;
    }
    if (!named && access(path, F_OK) != 0 && !tool_file_has_program(file))
        return true;
    return plan_file(plan, file, path, sizeof(path));
}

static bool plan_environment(struct plan *plan, const char *tool)
{
    struct step *step = plan_step(plan, STEP_ENVIRONMENT, tool, "");

    if (step != NULL)
        step_say(step, "goes by the environment alone: \"ccgate env --tool %s\"", tool);
    return step != NULL;
}

static bool plan_tools(struct plan *plan)
{
    bool all = plan->choice->tools == NULL && !plan->choice->system;

    for (const struct tool *tool = tool_table(); tool->name != NULL; tool++) {
        const struct tool_file *file = tool_file_find(span_of(tool->name));
        bool named = plan_chooses(plan, tool->name);

        if (file != NULL && (named || all) && !plan_tool(plan, file, named))
            return false;
        if (file == NULL && named && !plan_environment(plan, tool->name))
            return false;
    }
    return true;
}

/* ---- the distribution's store ---- */

static int plan_store_file(struct plan *plan, struct step *step,
                           const struct cert *cert)
{
    struct change *change = &step->change;
    struct buf text;
    int error;

    change->created = true;
    change->mode = STORE_MODE;
    buf_init(&text, 1024 * 1024);
    error = build_certificate(cert, &text);
    change->edit =
        (struct setting_edit){.out = strdup(""), .in = span_dup(buf_span(&text))};
    buf_clear(&text);
    if (error == 0 && (change->edit.in == NULL || change->edit.out == NULL))
        error = -ENOMEM;
    if (error == 0)
        error = hash_both(change, SPAN(""));
    step->has_old = manifest_find(&plan->manifest, step->tool, step->file) != NULL;
    return error != 0 ? error : name_change(change, step->tool, step->file, NULL);
}

static bool plan_certificate(struct plan *plan, const struct store *store,
                             const struct cert *cert, bool trusted)
{
    struct step *step = plan_step(plan, STEP_SAME, CHANGE_SYSTEM, "");
    const char *fault;
    mode_t mode;
    int error;

    if (step == NULL)
        return false;
    if (trusted) {
        step_say(step, "trusts %s already", cert->name);
        return true;
    }
    if (!store_path(store, cert, step->file, sizeof(step->file)))
        fail(step, strerror(ENAMETOOLONG));
    fault = change_read(step->file, &step->before, &mode);
    if (fault == NULL && access(store_folder(store), W_OK) != 0)
        fault =
            "only root can write there; root's ccgate holds certificates of its own, "
            "or is told of these by --state-dir";
    if (fault != NULL) {
        fail(step, fault);
        return true;
    }
    plan->store = store;
    if (mode != 0) { /* the command was not run, or failed */
        step_say(step, "%s is there already", step->file);
        return true;
    }
    step->kind = STEP_ADD;
    error = plan_store_file(plan, step, cert);
    if (error != 0)
        fail(step, strerror(-error));
    return true;
}

static bool plan_system(struct plan *plan, const struct bundle *corporate)
{
    const struct store *store = store_find();
    struct bundle trusted;
    struct step *step;
    bool good = true;

    if (store == NULL) {
        step = plan_step(plan, STEP_FAULT, CHANGE_SYSTEM, "");
        if (step == NULL)
            return false;
        step->trouble = true;
        step_say(step, "none of the stores that ccgate knows is there (the folder and "
                       "the command of ca-certificates, or of p11-kit)");
        return true;
    }
    store_read(&trusted, plan->ca->now);
    for (size_t i = 0; i < corporate->count && good; i++) {
        const struct cert *cert = corporate->entries[i].cert;

        good = plan_certificate(plan, store, cert,
                                bundle_find(&trusted, cert) < trusted.count);
    }
    bundle_clear(&trusted);
    return good;
}

/* ---- doing it ---- */

static bool complain(const struct step *step, const char *fault)
{
    fprintf(stderr, "ccgate: ca: %s: %s: %s\n", step->tool, step->file, fault);
    return false;
}

/* The manifest first: whatever happens then can be undone. */
static bool do_step(struct plan *plan, struct step *step)
{
    struct manifest *manifest = &plan->manifest;
    struct change *change = manifest_find(manifest, step->tool, step->file);
    const char *fault = NULL;

    if (change != NULL && step->has_old) {
        fault = undo_apply(change, &step->undo);
        if (fault != NULL)
            return complain(step, fault);
        if (!manifest_drop(manifest, change))
            return false;
    }
    if (!manifest_add(manifest, &step->change))
        return false;
    change = manifest_find(manifest, step->tool, step->file);
    fault = change_apply(change, buf_span(&step->before));
    if (fault == NULL)
        return true;
    (void)manifest_drop(manifest, change);
    return complain(step, fault);
}

/* What the command has made must hold them all. */
static bool check_store(const struct plan *plan, const struct bundle *corporate)
{
    struct bundle trusted;
    bool good = true;

    store_read(&trusted, plan->ca->now);
    for (size_t i = 0; i < corporate->count; i++) {
        const struct cert *cert = corporate->entries[i].cert;

        if (bundle_find(&trusted, cert) < trusted.count)
            continue;
        good = false;
        fprintf(stderr,
                "ccgate: ca: system: %s is not trusted, although the command "
                "has not failed\n",
                cert->name);
    }
    bundle_clear(&trusted);
    return good;
}

static bool do_all(struct plan *plan, const struct bundle *corporate)
{
    bool good = true;

    for (size_t i = 0; i < plan->count; i++) {
        struct step *step = &plan->steps[i];

        if ((step->kind == STEP_ADD || step->kind == STEP_REPLACE) &&
            !do_step(plan, step))
            good = false;
    }
    if (plan->store != NULL)
        good = store_update(plan->store, plan->fresh) && check_store(plan, corporate) &&
               good;
    return good;
}

/* ---- the verb ---- */

/* sudo may keep HOME: files of root in there would be in the user's way. */
static bool check_home(void)
{
    const char *home = getenv("HOME");
    struct stat st;

    if (home == NULL || stat(home, &st) != 0 || st.st_uid == geteuid())
        return true;
    fprintf(stderr,
            "ccgate: ca: HOME is %s, which belongs to another user: install for tools "
            "as that user, and only --system as root\n",
            home);
    return false;
}

static bool is_built(const struct ca *ca, const struct ca_composed *composed)
{
    if (composed->corporate.count == 0) {
        fputs("ccgate: ca: no certificate of the company is held: \"ccgate ca import "
              "FILE\" takes one\n",
              stderr);
        return false;
    }
    for (int i = 0; i < CA_FILES; i++)
        if (ca_state(ca, i, buf_span(&composed->text[i])) != CA_CURRENT) {
            fprintf(stderr,
                    "ccgate: ca: %s/%s is not current: run \"ccgate ca build\" "
                    "first\n",
                    ca->places.state_dir, ca_file_name(i));
            return false;
        }
    return true;
}

static int install(struct plan *plan, const struct bundle *corporate)
{
    const struct ca_choice *choice = plan->choice;
    bool tools = choice->tools != NULL || !choice->system;
    int status = EXIT_FAILURE;

    if ((tools && !plan_tools(plan)) ||
        (choice->system && !plan_system(plan, corporate)))
        return EXIT_FAILURE;
    plan_print(plan);
    if (plan_may_do(plan, &status) && !do_all(plan, corporate))
        status = EXIT_FAILURE;
    if (!plan_has_work(plan) && !plan->ca->json)
        puts("no changes");
    return plan_end(plan, status);
}

int ca_install(const struct ca *ca, const struct ca_choice *choice)
{
    struct plan plan = {.ca = ca, .choice = choice, .manifest = {.lock = -1}};
    struct ca_composed composed;
    int status = EXIT_FAILURE;

    if (!plan_check_choice(choice))
        return 2;
    if ((choice->tools != NULL || !choice->system) && !check_home())
        return EXIT_FAILURE;
    if (ca_compose(ca, NULL, &composed) && is_built(ca, &composed) &&
        manifest_open(&plan.manifest, ca->places.state_dir, !choice->dry_run))
        status = install(&plan, &composed.corporate);
    plan_clear(&plan);
    ca_composed_clear(&composed);
    return status;
}
