/*
 * ca_uninstall: `ccgate ca uninstall`: takes back what is in the manifest, and nothing
 * else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/plan.h"

static bool is_system(const char *tool)
{
    return strcmp(tool, CHANGE_SYSTEM) == 0;
}

/* ---- planning ---- */

static void say_foreign(struct step *step, const struct change *change)
{
    step->trouble = true;
    if (change->whole) {
        step_say(step, "%s: somebody has changed this file since; it stays",
                 step->file);
    } else if (change->edit.out[0] != '\0') {
        step_say(
            step,
            "%s: %s is neither what ccgate has put there nor what was there before "
            "(%s); it stays",
            step->file, change->setting.name, change->edit.out);
    } else {
        step_say(step, "%s: %s is not what ccgate has put there; it stays", step->file,
                 change->setting.name);
    }
}

static void judge(struct step *step, const struct change *change)
{
    switch (step->undo.kind) {
    case CHANGE_RESTORED:
    case CHANGE_TAKEN_OUT:
        step->kind = STEP_REMOVE;
        break;
    case CHANGE_NOT_DONE:
    case CHANGE_GONE:
        step->kind = STEP_FORGET;
        step_say(step, "%s: nothing of ccgate's is there any more", step->file);
        break;
    case CHANGE_FOREIGN:
        step->kind = STEP_FORGET;
        say_foreign(step, change);
        break;
    case CHANGE_FAULTY:
        step->kind = STEP_FAULT;
        step->trouble = true;
        step_say(step, "%s: %s", step->file, step->undo.fault);
        break;
    }
}

static bool plan_undo(struct plan *plan, const struct change *change)
{
    struct step *step = plan_step(plan, STEP_REMOVE, change->tool, change->file);

    if (step == NULL)
        return false;
    if (undo_plan(change, &step->undo) != 0 ||
        change_set(&step->change, change->whole ? NULL : &change->setting) != 0) {
        fputs("ccgate: memory is out\n", stderr);
        return false;
    }
    judge(step, change);
    if (is_system(change->tool) && step->kind != STEP_FAULT) {
        plan->store = store_find();
        plan->fresh = true;
    }
    return true;
}

static bool plan_all(struct plan *plan)
{
    const struct ca_choice *choice = plan->choice;
    bool all = choice->tools == NULL && !choice->system;

    for (size_t i = 0; i < plan->manifest.count; i++) {
        const struct change *change = &plan->manifest.changes[i];

        if ((all || plan_chooses(plan, change->tool)) && !plan_undo(plan, change))
            return false;
    }
    return true;
}

/* ---- doing it ---- */

static bool undo_step(struct plan *plan, struct step *step)
{
    const struct change *change =
        manifest_find(&plan->manifest, step->tool, step->file);
    const char *fault = undo_apply(change, &step->undo);

    if (fault == NULL)
        return true;
    fprintf(stderr, "ccgate: ca: %s: %s: %s\n", step->tool, step->file, fault);
    step->kind = STEP_FAULT;
    return false;
}

static bool forget(struct plan *plan, const struct step *step)
{
    struct change *change = manifest_find(&plan->manifest, step->tool, step->file);

    return change == NULL || manifest_drop(&plan->manifest, change);
}

/* What was taken out of the store may be in it by another file. */
static bool check_store(const struct plan *plan)
{
    struct bundle gone, trusted;
    bool good = true;

    bundle_init(&gone, false, plan->ca->now);
    store_read(&trusted, plan->ca->now);
    for (size_t i = 0; i < plan->count; i++)
        if (is_system(plan->steps[i].tool) && plan->steps[i].kind == STEP_REMOVE)
            bundle_add(&gone, plan->steps[i].file, buf_span(&plan->steps[i].undo.now));
    for (size_t i = 0; i < gone.count; i++) {
        if (bundle_find(&trusted, gone.entries[i].cert) == trusted.count)
            continue;
        good = false;
        fprintf(
            stderr,
            "ccgate: ca: system: %s is still trusted: another file of the store has "
            "it\n",
            gone.entries[i].cert->name);
    }
    bundle_clear(&gone);
    bundle_clear(&trusted);
    return good;
}

/* The manifest remembers the store's files until its command has succeeded. */
static bool do_all(struct plan *plan)
{
    bool good = true, updated = true;

    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind != STEP_FAULT && !undo_step(plan, &plan->steps[i]))
            good = false;
    if (plan->store != NULL)
        updated = store_update(plan->store, plan->fresh);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind != STEP_FAULT &&
            (updated || !is_system(plan->steps[i].tool)) &&
            !forget(plan, &plan->steps[i]))
            good = false;
    if (plan->store != NULL && updated)
        good = check_store(plan) && good;
    return good && updated;
}

/* ---- the verb ---- */

static int uninstall(struct plan *plan)
{
    int status = EXIT_FAILURE;

    if (!plan_all(plan))
        return EXIT_FAILURE;
    plan_print(plan);
    if (plan_may_do(plan, &status) && !do_all(plan))
        status = EXIT_FAILURE;
    if (plan->count == 0 && !plan->ca->json)
        puts("nothing of this is installed");
    return plan_end(plan, status);
}

int ca_uninstall(const struct ca *ca, const struct ca_choice *choice)
{
    struct plan plan = {.ca = ca, .choice = choice, .manifest = {.lock = -1}};
    int status = EXIT_FAILURE;

    if (!plan_check_choice(choice))
        return 2;
    if (manifest_open(&plan.manifest, ca->places.state_dir, false))
        status = uninstall(&plan);
    plan_clear(&plan);
    return status;
}
