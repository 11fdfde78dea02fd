/*
 * ca: the verbs of `ccgate ca` that need no network: what is held, and what is built of
 * it. Each prints to standard output (with json, one object), complains on standard
 * error, and returns the exit status.
 */
#ifndef CCGATE_CA_CA_H
#define CCGATE_CA_CA_H

#include "certs/held.h"

struct ca {
    struct held_places places;
    const char *roots; /* file of public roots; NULL: the distribution's */
    int64_t now;
    bool json;
};

/*
 * Puts what can be trusted in these files or folders ("-": standard input) beside what
 * is held. 1 if something had to be left out.
 */
int ca_import(const struct ca *ca, const char *const *files, size_t count);

int ca_list(const struct ca *ca);

/*
 * Explains files: a server's chain, or certificates of CAs; without any, all that is
 * held. 1 if something in them is wrong.
 */
int ca_check(const struct ca *ca, const char *const *files, size_t count);

/*
 * Gives up certificates, named by fingerprint (or at least 8 digits of it) or by name,
 * and takes them out of what was built.
 */
int ca_remove(const struct ca *ca, const char *const *names, size_t count);

/*
 * Writes CERTS_CORP_ONLY, CERTS_BUNDLE and CERTS_JAVA; files that would not change are
 * not touched. Without a certificate of the company there is no corp-only.pem.
 */
int ca_build(const struct ca *ca);

/* 1 if something expires within 60 days, cannot be used, or is not built. */
int ca_status(const struct ca *ca);

#endif
