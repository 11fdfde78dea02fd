/*
 * change: one file of another program that `ccgate ca install` has changed or made,
 * what exactly was done to it, and how that is undone: byte for byte if nobody has
 * touched the file since, else only what is still ours.
 */
#ifndef CCGATE_CA_CHANGE_H
#define CCGATE_CA_CHANGE_H

#include <sys/types.h>

#include "certs/setting.h"

#define CHANGE_SYSTEM "system" /* the tool of files in the distribution's store */

enum {
    CHANGE_HASH = 65,                   /* room for a SHA-256 in hexadecimal */
    CHANGE_TEXT_LIMIT = 8 * 1024 * 1024 /* bytes of a file */
};

struct change {
    char *tool;
    char *file;       /* no link is on the way to it */
    bool created;     /* it was not there; */
    unsigned folders; /* so many of those above it were not, either */
    mode_t mode;
    char before[CHANGE_HASH]; /* of the content; "": no file */
    char after[CHANGE_HASH];
    bool whole;             /* all of the file is ours, and there is no setting */
    struct setting setting; /* of these strings: */
    char *section, *name, *value;
    struct setting_edit edit;
};

void change_clear(struct change *change);

/* Copies what is set; NULL: the whole file. 0 or -ENOMEM. */
int change_set(struct change *change, const struct setting *setting);

/* The SHA-256 of a content. False, and "", if OpenSSL cannot make it. */
bool change_hash(struct span content, char hash[CHANGE_HASH]);

/*
 * Reads a regular file of ours (or, for root, of anybody). *mode is 0 if there is none.
 * NULL, or what is wrong as the end of a sentence.
 */
const char *change_read(const char *file, struct buf *content, mode_t *mode);

/* How many of the folders above a file are missing. */
unsigned change_missing_folders(const char *file);

/*
 * Does it, if the file still is as before. Needs the content before then. NULL, or what
 * is wrong.
 */
const char *change_apply(const struct change *change, struct span before);

enum change_undo {
    CHANGE_NOT_DONE,  /* the file is as it was before */
    CHANGE_RESTORED,  /* byte for byte as before */
    CHANGE_TAKEN_OUT, /* of a file that somebody else has changed, too */
    CHANGE_GONE,      /* somebody has taken it out already */
    CHANGE_FOREIGN,   /* somebody has put something else there, which stays */
    CHANGE_FAULTY,    /* nothing can be done, now */
};

/* What is to be done to undo it. */
struct undo {
    enum change_undo kind;
    const char *fault; /* CHANGE_FAULTY: why */
    bool remove;       /* the file, and the folders that were made for it */
    mode_t mode;
    struct setting_edit edit; /* of the content as it is; also for showing it */
    struct buf now, then;     /* the content */
};

/* 0 or -ENOMEM; undo_clear() is due in both cases. */
int undo_plan(const struct change *change, struct undo *undo);
void undo_clear(struct undo *undo);

/* NULL, or what is wrong. */
const char *undo_apply(const struct change *change, const struct undo *undo);

#endif
