/*
 * plan: see plan.h.
 */
#include "ca/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs/tools.h"

static const char *const KIND_NAMES[] = {
    [STEP_ADD] = "add",
    [STEP_REPLACE] = "replace",
    [STEP_REMOVE] = "remove",
    [STEP_FORGET] = "gone",
    [STEP_SAME] = "unchanged",
    [STEP_OTHER] = "other-value",
    [STEP_ENVIRONMENT] = "environment",
    [STEP_FAULT] = "fault",
};

struct step *plan_step(struct plan *plan, enum step_kind kind, const char *tool,
                       const char *file)
{
    struct step *step;

    if (plan->count == plan->room) {
        size_t room = 2 * plan->room + 16;
        struct step *more = realloc(plan->steps, room * sizeof(*more));

        if (more == NULL) {
            fputs("ccgate: memory is out\n", stderr);
            return NULL;
        }
        plan->steps = more;
        plan->room = room;
    }
    step = &plan->steps[plan->count++];
    *step = (struct step){.kind = kind};
    buf_init(&step->before, CHANGE_TEXT_LIMIT);
    buf_init(&step->undo.now, 0);
    buf_init(&step->undo.then, 0);
    snprintf(step->tool, sizeof(step->tool), "%s", tool);
    snprintf(step->file, sizeof(step->file), "%s", file);
    return step;
}

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        change_clear(&plan->steps[i].change);
        buf_wipe(&plan->steps[i].before);
        undo_clear(&plan->steps[i].undo);
    }
    free(plan->steps);
    json_decref(plan->listed);
    manifest_close(&plan->manifest);
}

void step_say(struct step *step, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(step->message, sizeof(step->message), format, arguments);
    va_end(arguments);
}

static bool is_work(const struct step *step)
{
    return step->kind <= STEP_FORGET;
}

bool plan_has_work(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (is_work(&plan->steps[i]))
            return true;
    return plan->store != NULL;
}

/* ---- what is chosen ---- */

bool plan_chooses(const struct plan *plan, const char *tool)
{
    const struct ca_choice *choice = plan->choice;
    struct span rest = span_of(choice->tools), name;

    if (strcmp(tool, CHANGE_SYSTEM) == 0)
        return choice->system;
    while (span_next(&rest, ",", &name))
        if (span_equal(span_trim(name), span_of(tool)))
            return true;
    return false;
}

bool plan_check_choice(const struct ca_choice *choice)
{
    struct span rest = span_of(choice->tools), name;

    while (span_next(&rest, ",", &name)) {
        name = span_trim(name);
        if (tool_find(name) != NULL)
            continue;
        fprintf(stderr, "ccgate: --tool: there is no \"%.*s\"; there is",
                SPAN_ARG(name));
        for (const struct tool *tool = tool_table(); tool->name != NULL; tool++)
            fprintf(stderr, "%s %s", tool != tool_table() ? "," : "", tool->name);
        fputs("\n", stderr);
        return false;
    }
    return true;
}

/* ---- showing ---- */

/* Lines of a file of somebody, without what a terminal would obey. */
static void print_lines(FILE *out, char sign, const char *label, const char *text)
{
    while (*text == '\n' || *text == '\r') /* that the line before it lacked */
        text++;
    while (*text != '\0') {
        fprintf(out, "%c%s", sign, label);
        for (; *text != '\0' && *text != '\n'; text++)
            if (*text != '\r')
                fputc((unsigned char)*text < ' ' && *text != '\t' ? '?' : *text, out);
        fputc('\n', out);
        text += *text == '\n';
    }
}

static size_t line_of(const struct buf *text, size_t at)
{
    size_t line = 1;

    for (size_t i = 0; i < at && i < text->len; i++)
        line += buf_span(text).at[i] == '\n';
    return line;
}

/* Only what changes: lines around it may have a password in them. */
static void print_edit(FILE *out, const struct step *step,
                       const struct setting_edit *edit, const struct buf *before,
                       const struct setting *setting, bool created, bool removed)
{
    bool value = edit->out[0] != '\0' && edit->in[0] != '\0';
    char label[64] = "";

    if (value && setting->name != NULL)
        snprintf(label, sizeof(label), "%s: ", setting->name);
    fprintf(out, "--- %s\n+++ %s\n@@ line %zu @@\n", created ? "/dev/null" : step->file,
            removed ? "/dev/null" : step->file, line_of(before, edit->at));
    print_lines(out, '-', label, edit->out);
    print_lines(out, '+', label, edit->in);
}

static void print_step(FILE *out, const struct step *step)
{
    const struct undo *undo = &step->undo;

    if (step->kind == STEP_REMOVE)
        print_edit(out, step, &undo->edit, &undo->now, &step->change.setting, false,
                   undo->remove);
    else if (step->kind == STEP_ADD || step->kind == STEP_REPLACE)
        print_edit(out, step, &step->change.edit, &step->before, &step->change.setting,
                   step->change.created, false);
}

static void print_message(FILE *out, const struct step *step)
{
    if (step->message[0] != '\0')
        fprintf(step->trouble ? stderr : out, "%s%s: %s\n",
                step->trouble ? "ccgate: ca: " : "", step->tool, step->message);
}

static json_t *step_json(const struct step *step)
{
    const struct setting_edit *edit =
        step->kind == STEP_REMOVE ? &step->undo.edit : &step->change.edit;
    bool work = step->kind <= STEP_REMOVE;

    return json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "tool", step->tool, "do",
                     KIND_NAMES[step->kind], "file",
                     step->file[0] != '\0' ? step->file : NULL, "message",
                     step->message[0] != '\0' ? step->message : NULL, "out",
                     work ? edit->out : NULL, "in", work ? edit->in : NULL);
}

static void list_steps(struct plan *plan)
{
    plan->listed = json_array();
    for (size_t i = 0; i < plan->count; i++)
        json_array_append_new(plan->listed, step_json(&plan->steps[i]));
}

void plan_print(struct plan *plan)
{
    bool quiet = plan->ca->json && (plan->choice->yes || plan->choice->dry_run);
    FILE *out = plan->ca->json ? stderr : stdout;
    char command[64];

    if (plan->ca->json)
        list_steps(plan);
    for (size_t i = 0; i < plan->count && !quiet; i++)
        print_step(out, &plan->steps[i]);
    fflush(out);
    for (size_t i = 0; i < plan->count; i++)
        if (!quiet || plan->steps[i].trouble)
            print_message(out, &plan->steps[i]);
    if (plan->store == NULL || quiet)
        return;
    store_command(plan->store, plan->fresh, command, sizeof(command));
    fprintf(out, "then: %s\n", command);
}

/* ---- asking ---- */

static bool ask(void)
{
    char answer[16];

    fputs("Do this? [y/N] ", stderr);
    return fgets(answer, sizeof(answer), stdin) != NULL &&
           (answer[0] == 'y' || answer[0] == 'Y');
}

static bool has_trouble(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].trouble)
            return true;
    return false;
}

bool plan_may_do(const struct plan *plan, int *status)
{
    *status = has_trouble(plan) ? EXIT_FAILURE : EXIT_SUCCESS;
    if (!plan_has_work(plan) || plan->choice->dry_run)
        return false;
    if (plan->choice->yes)
        return true;
    fflush(stdout);
    if (isatty(STDIN_FILENO) != 1) {
        fputs("ccgate: nothing is changed: there is no terminal to ask on; --yes does "
              "it, --dry-run only shows it\n",
              stderr);
    } else if (ask()) {
        return true;
    } else {
        fputs("ccgate: nothing is changed\n", stderr);
    }
    *status = EXIT_FAILURE;
    return false;
}

int plan_end(struct plan *plan, int status)
{
    bool done = status == EXIT_SUCCESS && !plan->choice->dry_run;

    if (!plan->ca->json)
        return status;
    return ca_print_json(json_pack("{s:b, s:b, s:O}", "done", done, "dry_run",
                                   plan->choice->dry_run, "steps", plan->listed),
                         status);
}
