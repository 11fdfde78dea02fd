/*
 * ca_rig: `ccgate ca` in a folder of the test's own, with the test PKI: running a verb,
 * what it said, and which certificates stand in a file.
 */
#ifndef CCGATE_TESTS_UNIT_CA_RIG_H
#define CCGATE_TESTS_UNIT_CA_RIG_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ca/ca.h"
#include "capture_rig.h"
#include "certs/build.h"
#include "certs/java.h"
#include "certs/paths.h"
#include "pki_rig.h"

static char folder[64], state[96], drop_in[96], roots[96];
static struct ca ca;

/* In the test's folder. */
static inline const char *at(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

/* The certificates of these names, one behind the other. */
static inline void put(const char *path, const char *names)
{
    struct span rest = span_of(names), word;
    struct buf text;

    buf_init(&text, 1024 * 1024);
    while (span_next(&rest, " ", &word)) {
        char name[32];

        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(word));
        pki_pem(name, &text);
    }
    ck_assert_int_eq(file_replace(at(path), buf_span(&text), 0644), 0);
    buf_clear(&text);
}

static inline void put_text(const char *path, const char *text)
{
    ck_assert_int_eq(file_replace(at(path), span_of(text), 0644), 0);
}

static inline void ca_begin(void)
{
    pki_begin();
    snprintf(folder, sizeof(folder), "/tmp/test_ca.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(state, sizeof(state), "%s/state", folder);
    snprintf(drop_in, sizeof(drop_in), "%s/ca.d", folder);
    snprintf(roots, sizeof(roots), "%s/roots.pem", folder);
    put("roots.pem", "other");
    ca = (struct ca){
        .places = {.state_dir = state, .drop_in = drop_in},
        .roots = roots,
        .now = PKI_NOW,
    };
}

static inline void ca_end(void)
{
    char command[128];

    pki_end();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- running a verb ---- */

static inline int import(const char *path)
{
    const char *const files[] = {at(path)};
    int status;

    capture_begin();
    status = ca_import(&ca, files, 1);
    capture_end();
    return status;
}

static inline int give_up(const char *name)
{
    int status;

    capture_begin();
    status = ca_remove(&ca, &name, 1);
    capture_end();
    return status;
}

static inline int check(const char *path)
{
    const char *const files[] = {path != NULL ? at(path) : NULL};
    int status;

    capture_begin();
    status = ca_check(&ca, files, path != NULL ? 1 : 0);
    capture_end();
    return status;
}

static inline int run(int (*verb)(const struct ca *))
{
    int status;

    capture_begin();
    status = verb(&ca);
    capture_end();
    return status;
}

/* A verb for run(): nobody is asked. */
static inline int status(const struct ca *now)
{
    return ca_status(now, NULL, 0);
}

static inline void expect(const char *part)
{
    ck_assert_msg(strstr(captured, part) != NULL, "%s\nin\n%s", part, captured);
}

static inline void expect_not(const char *part)
{
    ck_assert_msg(strstr(captured, part) == NULL, "%s\nin\n%s", part, captured);
}

/* ---- what stands in a file ---- */

/* Which of the names are in it. */
static inline void expect_certs(const char *path, const char *names)
{
    struct span rest = span_of(names), word;
    struct bundle bundle;
    size_t count = 0;

    bundle_init(&bundle, false, PKI_NOW);
    if (access(at(path), F_OK) == 0)
        bundle_read(&bundle, at(path));
    ck_assert_uint_eq(bundle.problem_count, 0);
    while (span_next(&rest, " ", &word)) {
        char name[32];
        struct cert *cert;

        snprintf(name, sizeof(name), "%.*s", SPAN_ARG(word));
        cert = cert_new(pki_cert(name));
        ck_assert_msg(bundle_find(&bundle, cert) < bundle.count, "%s", name);
        cert_free(cert);
        count++;
    }
    ck_assert_uint_eq(bundle.count, count);
    bundle_clear(&bundle);
}

#define CORP_ONLY "state/" CERTS_CORP_ONLY
#define BUNDLE    "state/" CERTS_BUNDLE

/* bundle.pem and the store for Java are of one set. */
static inline void expect_java(void)
{
    struct buf store, there;
    struct bundle bundle;
    int fd = open(at("state/" CERTS_JAVA), O_RDONLY);

    buf_init(&store, 1024 * 1024);
    buf_init(&there, 1024 * 1024);
    bundle_init(&bundle, false, PKI_NOW);
    bundle_read(&bundle, at(BUNDLE));
    ck_assert_int_eq(java_store(&bundle, &store), 0);
    ck_assert_int_eq(file_read(fd, &there), 0);
    ck_assert(span_equal(buf_span(&store), buf_span(&there)));
    bundle_clear(&bundle);
    buf_clear(&store);
    buf_clear(&there);
    close(fd);
}

static inline void expect_built(const char *corporate, const char *all)
{
    expect_certs(CORP_ONLY, corporate);
    expect_certs(BUNDLE, all);
    expect_java();
}

static inline void expect_held(const char *names)
{
    char command[256];

    snprintf(command, sizeof(command),
             "cat %s/ca/held/*.pem >%s 2>/dev/null || :", state, at("all.pem"));
    ck_assert_int_eq(system(command), 0);
    if (names[0] == '\0')
        unlink(at("all.pem"));
    expect_certs("all.pem", names);
}

static inline const char *fingerprint(const char *name, size_t digits)
{
    static char text[CERT_FINGERPRINT];
    struct cert *cert = cert_new(pki_cert(name));

    snprintf(text, sizeof(text), "%.*s", (int)digits, cert->fingerprint);
    cert_free(cert);
    return text;
}

#endif
