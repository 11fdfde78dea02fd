/*
 * paths: where the certificates of a company are kept, and the files built of them.
 */
#ifndef CCGATE_CERTS_PATHS_H
#define CCGATE_CERTS_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* In the state folder: */
#define CERTS_HELD      "ca/held"          /* a file for each certificate */
#define CERTS_CORP_ONLY "ca/corp-only.pem" /* for settings that add to the roots */
#define CERTS_BUNDLE    "ca/bundle.pem"    /* for settings that replace them */
#define CERTS_JAVA      "ca/java.p12"      /* the same for Java, by java_store() */
#define CERTS_HOSTS     "ca/hosts"         /* that were inspected at the last fetch */
#define CERTS_MANIFEST  "ca/manifest.json" /* what was changed for other programs */

/* Where the administrator drops files. */
#define CERTS_DROP_IN "/etc/ccgate/ca.d"

/* STATE_DIR/NAME into path. False if it does not fit. */
bool certs_path(char *path, size_t size, const char *state_dir, const char *name);

#endif
