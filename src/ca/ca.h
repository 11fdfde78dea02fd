/*
 * ca: the verbs of `ccgate ca`: what is held, what is built of it, and what servers
 * show. Each prints to standard output (with json, one object), complains on standard
 * error, and returns the exit status. None turns verification off, and only ca_fetch()
 * and ca_import() add anything to what is held.
 */
#ifndef CCGATE_CA_CA_H
#define CCGATE_CA_CA_H

#include "ca/wire.h"
#include "certs/held.h"

/* Nobody has confirmed what was to be added. */
enum { CA_UNCONFIRMED = 4 };

struct ca {
    struct held_places places;
    const char *roots; /* file of public roots; NULL: the distribution's */
    int64_t now;
    bool json;
    const struct wire_way *way; /* out; NULL: nobody is asked */
};

/*
 * Puts what can be trusted in these files or folders ("-": standard input) beside what
 * is held. 1 if something had to be left out.
 */
int ca_import(const struct ca *ca, const char *const *files, size_t count);

int ca_list(const struct ca *ca);

/*
 * Takes the chains of at least two hosts from the wire. Where two or more end in one CA
 * that no public program is shipped with, shows that, and why it looks like inspection,
 * and holds it with what stands below it, once somebody has confirmed its fingerprint:
 * by pin, or, without one, by typing it on the terminal. CA_UNCONFIRMED if nobody did;
 * 1 if there is no such CA, or if it cannot be trusted.
 */
int ca_fetch(const struct ca *ca, const char *const *hosts, size_t count,
             const unsigned char pin[CERT_HASH]);

/*
 * Explains what each of the words names: a file, with a server's chain or certificates
 * of CAs ("-": standard input), or else a host, which is asked; without any, all that
 * is held. 1 if something in them is wrong.
 */
int ca_check(const struct ca *ca, const char *const *words, size_t count);

/* Whether that needs a way out, and the passwords that belong to it. */
bool ca_check_asks(const char *const *words, size_t count);

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

/*
 * Asks these hosts, or those of the last fetch. 1 if something expires within 60 days,
 * cannot be used, or is not built, or if a host could not be asked or shows a chain
 * that does not end in what is held.
 */
int ca_status(const struct ca *ca, const char *const *hosts, size_t count);

/* As ca_check_asks(). */
bool ca_status_asks(const struct ca *ca, size_t count);

/*
 * Logs what ca_status() would complain of, but for what is not built: once, with the
 * same exit status, or, with an interval, again and again what has not been said yet.
 */
int ca_watch(const struct ca *ca, const char *const *hosts, size_t count,
             uint64_t interval_ms);

struct ca_choice {
    const char *tools; /* names, separated by commas; NULL: not these */
    bool system;       /* the distribution's trust store */
    bool replace;      /* takes other values over, which come back when it is undone */
    bool dry_run;      /* only shows what would be done */
    bool yes;          /* does not ask */
};

/*
 * Puts what was built into the files of programs, where they are, and of the
 * distribution: those chosen, or those of all programs that are there. 1 if something
 * was not done.
 */
int ca_install(const struct ca *ca, const struct ca_choice *choice);

/* Undoes that: for those chosen, or all. */
int ca_uninstall(const struct ca *ca, const struct ca_choice *choice);

#endif
