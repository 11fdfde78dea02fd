/*
 * ca_internal: what the verbs of ca share. Nobody else includes this.
 */
#ifndef CCGATE_CA_CA_INTERNAL_H
#define CCGATE_CA_CA_INTERNAL_H

#include "ca/ca.h"
#include "certs/json.h"

/* All that is held, vetted. */
void ca_read_held(const struct ca *ca, struct bundle *bundle);

/* The public roots, as they are. False after a message if there are none. */
bool ca_read_roots(const struct ca *ca, struct bundle *roots);

/* Problems as lines on standard error; notes only if they are asked for. */
void ca_say_problems(const struct bundle *bundle, bool notes);

/* Prints and frees it. The exit status: 1 if memory is out, else the one given. */
int ca_print_json(json_t *json, int status);
void ca_print(const struct buf *text);

/* "held", "drop-in" or "tls.ca" */
const char *ca_place(const struct ca *ca, const struct bundle_entry *entry);

/* Where a certificate is held. False if the path is too long. */
bool ca_held_path(const struct ca *ca, const struct cert *cert, char *path,
                  size_t size);

/* ---- ca_import.c ---- */

/* 0: is held now; 1: was held already; or -errno. held: all that was held before. */
int ca_hold(const struct ca *ca, const struct bundle *held, const struct cert *cert);

/* Shows it, with what was done; as JSON into list, unless that is NULL. */
void ca_report(const struct ca *ca, const struct cert *cert, const char *done,
               json_t *list);

/* Says what would still be missing of what is held. */
void ca_say_incomplete(const struct ca *ca);

/* ---- ca_build.c ---- */

enum { CA_CORP_ONLY, CA_BUNDLE, CA_JAVA, CA_FILES };

/* What is to stand in the files. */
struct ca_composed {
    struct bundle corporate, roots;
    struct buf text[CA_FILES];
};

/*
 * Certificates in gone (or NULL) are in no case kept from the last build. False after a
 * message; ca_composed_clear() is due in both cases.
 */
bool ca_compose(const struct ca *ca, const struct bundle *gone,
                struct ca_composed *composed);
void ca_composed_clear(struct ca_composed *composed);

/* Writes the files; done says what became of each. False after a message. */
bool ca_put_files(const struct ca *ca, const struct ca_composed *composed,
                  const char *done[CA_FILES]);

enum ca_state { CA_MISSING, CA_CURRENT, CA_OUTDATED };

/* How the file on the disk stands to the text; an empty text wants no file. */
enum ca_state ca_state(const struct ca *ca, int file, struct span text);

const char *ca_file_name(int file); /* CERTS_CORP_ONLY ... */

#endif
