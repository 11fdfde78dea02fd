/*
 * plan: what installing or uninstalling would do, step by step; how it is shown, and
 * the answer of whoever is asked. Only ca_install and ca_uninstall include this.
 */
#ifndef CCGATE_CA_PLAN_H
#define CCGATE_CA_PLAN_H

#include "ca/ca_internal.h"
#include "ca/manifest.h"
#include "ca/store.h"

enum step_kind {
    STEP_ADD,
    STEP_REPLACE,
    STEP_REMOVE,      /* undo */
    STEP_FORGET,      /* undo: nothing of ours is there any more */
    STEP_SAME,        /* install: there already */
    STEP_OTHER,       /* install: another value is there, and stays */
    STEP_ENVIRONMENT, /* the tool has no file for it */
    STEP_FAULT,
};

struct step {
    enum step_kind kind;
    char tool[32];
    char file[4096];      /* "": none */
    char message[8192];   /* a line, or "" */
    struct change change; /* install */
    struct buf before;    /* install: the content that it is for */
    bool trouble;         /* something is not as it was asked for */
    bool has_old;     /* one in the manifest is undone (before the change is made): */
    struct undo undo; /* so */
};

struct plan {
    const struct ca *ca;
    const struct ca_choice *choice;
    struct manifest manifest;
    struct step *steps;
    size_t count, room;
    const struct store *store; /* whose command is to be run; or NULL */
    bool fresh;                /* with that */
    json_t *listed;            /* with json: the steps, as they were planned */
};

/* One more, or NULL after a message. */
struct step *plan_step(struct plan *plan, enum step_kind kind, const char *tool,
                       const char *file);
void plan_clear(struct plan *plan);

void step_say(struct step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether one of the steps does something. */
bool plan_has_work(const struct plan *plan);

/* Shows it; on standard error with json, if somebody is going to be asked. */
void plan_print(struct plan *plan);

/* Whether it may be done; if so or not, *status is the exit status so far. */
bool plan_may_do(const struct plan *plan, int *status);

/* Prints what was done with json, and returns the exit status. */
int plan_end(struct plan *plan, int status);

/* Whether a tool is among those chosen, or none is chosen. */
bool plan_chooses(const struct plan *plan, const char *tool);

/* False after a message: no tool has one of the names. */
bool plan_check_choice(const struct ca_choice *choice);

#endif
