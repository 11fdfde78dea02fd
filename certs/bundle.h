/*
 * bundle: a set of certificates that was read from files, and what was wrong with them.
 *
 * PEM in any state, DER and PKCS#7 are read. What cannot be used is left out with a
 * problem, a line that names file, certificate number, fault and fix; the rest stays. A
 * file with a private key is refused as a whole, and what was read of it is wiped.
 */
#ifndef CCGATE_CERTS_BUNDLE_H
#define CCGATE_CERTS_BUNDLE_H

#include "certs/cert.h"

enum {
    BUNDLE_FILE_LIMIT = 8 * 1024 * 1024, /* bytes of a file */
    BUNDLE_CERT_LIMIT = 2000,            /* certificates in the set */
    BUNDLE_PROBLEM_LIMIT = 200,          /* of one file */
};

enum bundle_fault {
    /* of a file, which is left out */
    BUNDLE_UNREADABLE,
    BUNDLE_NO_FILE, /* a folder, a pipe */
    BUNDLE_TOO_LARGE,
    BUNDLE_EMPTY,
    BUNDLE_HTML,
    BUNDLE_UTF16,
    BUNDLE_PRIVATE_KEY,
    BUNDLE_PKCS12,
    BUNDLE_NO_CERTIFICATE,
    BUNDLE_TOO_MANY,
    BUNDLE_UNSAFE, /* others can write to it */
    /* of a certificate, which is left out */
    BUNDLE_BROKEN,
    BUNDLE_LEAF,
    BUNDLE_EXPIRED,
    BUNDLE_DUPLICATE,
    /* of a certificate that stays in */
    BUNDLE_NOT_YET,
    BUNDLE_WEAK_KEY,
    BUNDLE_WEAK_SIGNATURE,
    BUNDLE_NOT_STRICT,
    BUNDLE_NOT_FOR_SERVERS,
    BUNDLE_NO_ISSUER,
    /* of how it was written, which is put right */
    BUNDLE_GLUED,
    BUNDLE_CR_LF,
    BUNDLE_MARK,
    BUNDLE_NOT_PEM,
    BUNDLE_OTHER_BLOCK,
    BUNDLE_TRUST_SETTINGS,
};

enum bundle_weight {
    BUNDLE_NOTE,    /* was put right */
    BUNDLE_WARNING, /* stays in, and may fail somewhere */
    BUNDLE_ERROR,   /* left out */
};

struct bundle_problem {
    enum bundle_fault fault;
    enum bundle_weight weight;
    char *file;
    size_t number; /* of the certificate in the file, from 1; 0: about the file */
    char *text;    /* "FILE: certificate 2 (Corp Root): expired on ...; ask for ..." */
};

struct bundle_entry {
    struct cert *cert;
    char *file;
    size_t number;
};

struct bundle {
    bool vet;                     /* leaves out what is no CA that can be trusted now */
    int64_t now;                  /* of which it is judged */
    struct bundle_entry *entries; /* in the order in which they were read */
    size_t count;
    struct bundle_problem *problems;
    size_t problem_count;
    bool no_memory; /* something is missing for that reason */
};

/*
 * vet: for certificates to trust. Without it leaves and expired ones are kept, as in
 * the chain of a server or the distribution's own file; the form is checked in both
 * cases.
 */
void bundle_init(struct bundle *bundle, bool vet, int64_t now);
void bundle_clear(struct bundle *bundle);

/* Takes what the bytes of a file hold; name is for the problems. */
void bundle_add(struct bundle *bundle, const char *name, struct span bytes);

/* Takes certificates that a server has sent, in that order. */
void bundle_add_chain(struct bundle *bundle, const char *name,
                      const STACK_OF(X509) * chain);

/* The same as bundle_add() for a file, or for standard input as "-". */
void bundle_read(struct bundle *bundle, const char *path);

/*
 * The same for the files in a folder that are called *.pem, *.crt, *.cer, *.der, *.p7b
 * or *.p7c, in the order of their names; hidden ones do not count. Folder and files
 * must be ours or root's, and nobody else's to write to. A folder that is not there is
 * empty.
 */
void bundle_read_folder(struct bundle *bundle, const char *folder);

/* The place of the same certificate, or bundle->count. */
size_t bundle_find(const struct bundle *bundle, const struct cert *cert);

/* Takes a certificate of another set, if it is not in this one yet. */
void bundle_take(struct bundle *bundle, const struct bundle_entry *entry);

/* Takes all of another set, by the rules of this one. */
void bundle_vet(struct bundle *bundle, const struct bundle *from);

/* The heaviest weight of all problems, or -1 if there is none. */
int bundle_worst(const struct bundle *bundle);

const char *bundle_fault_name(enum bundle_fault fault); /* "private-key" */
const char *bundle_weight_name(enum bundle_weight weight);

/* Adds a problem: number and cert (or NULL) say which certificate. */
void bundle_complain(struct bundle *bundle, enum bundle_fault fault, const char *file,
                     size_t number, const struct cert *cert, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
