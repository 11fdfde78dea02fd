/*
 * import: `ccgate import FILE` turns the configuration of cntlm or px into one of
 * ccgate. What the files of src/import*.c share.
 */
#ifndef CCGATE_IMPORT_H
#define CCGATE_IMPORT_H

#include "config/config.h"

/* The keys that can come out of it, in the order in which they are printed. */
enum import_key {
    IMPORT_LISTEN,
    IMPORT_PROXY,
    IMPORT_NOPROXY,
    IMPORT_AUTH,
    IMPORT_USERNAME,
    IMPORT_DOMAIN,
    IMPORT_WORKSTATION,
    IMPORT_HEADER,
    IMPORT_ALLOW,
    IMPORT_COUNT
};

struct import {
    struct buf values[IMPORT_COUNT]; /* one a line */
    struct buf notes;                /* comments without the '#', one a line */
    bool no_memory;
    size_t line; /* of the file that is imported, for the notes */
    struct secret *secret;
    enum config_password type;
    bool secret_found; /* one, also if it could not be taken */
};

/* A line of what could not be carried over, and why. */
void import_note(struct import *import, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Adds a value, if check-config would take it; a single one replaces that before. The
 * note says what it was called there, and why it was left out.
 */
void import_value(struct import *import, enum import_key key, const char *name,
                  struct span value);

/* The same for each item of a list. */
void import_list(struct import *import, enum import_key key, const char *name,
                 struct span list, const char *separators);

/* Adds [addr:]port to `listen`; addr empty: loopback. */
void import_listen(struct import *import, const char *name, struct span addr,
                   struct span port);

/* Takes a password, or digits of a hash; the first one that is given counts. */
void import_secret(struct import *import, const char *name, enum config_password type,
                   struct span value);

/* yes, on, true, 1 */
bool import_truth(struct span value);

/* Whether the text is of this kind, and the reading of it. */
bool import_is_cntlm(struct span text);
void import_cntlm(struct import *import, struct span text);
bool import_is_px(struct span text);
void import_px(struct import *import, struct span text);

#endif
