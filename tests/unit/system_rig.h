/*
 * system_rig: a folder with a ccgate-system of the test's own, a shell script, in the
 * place of the real one.
 */
#ifndef CCGATE_TESTS_UNIT_SYSTEM_RIG_H
#define CCGATE_TESTS_UNIT_SYSTEM_RIG_H

#include <sys/stat.h>

#include "base/system_protocol.h"
#include "loop_rig.h"

static char system_folder[32];

static inline const char *system_path(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", system_folder, name);
    return path;
}

static inline void system_write(const char *name, struct span text, mode_t mode)
{
    FILE *file = fopen(system_path(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.at, 1, text.len, file), text.len);
    ck_assert_int_eq(fchmod(fileno(file), mode), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void system_begin(void)
{
    loop_begin();
    snprintf(system_folder, sizeof(system_folder), "/tmp/ccgate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(system_folder));
}

static inline void system_end(void)
{
    static const char *const names[] = {"ccgate-system", "hello", "answer",    "pid",
                                        "proxy.pac",     "asked", "ccgate-pac"};

    for (int i = 0; i < COUNT(names); i++)
        unlink(system_path(names[i]));
    ck_assert_int_eq(rmdir(system_folder), 0);
    loop_end();
}

/* The real program again. */
static inline void system_real(void)
{
    const char *program = getenv("SYSTEM_PROGRAM");
    char folder[4096];

    snprintf(folder, sizeof(folder), "%s", program == NULL ? "./x" : program);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(setenv("CCGATE_LIBEXEC", folder, 1), 0);
}

/* What runs instead; `here` is the folder, "$here/hello" a sound greeting. */
static inline void system_fake(const char *script)
{
    struct system_hello hello = {.fetcher = SPAN("fake")};
    char text[16384];
    struct buf out;

    buf_init(&out, 1024);
    ck_assert_int_eq(system_put_hello(&out, &hello), 0);
    system_write("hello", buf_span(&out), 0600);
    buf_clear(&out);
    snprintf(text, sizeof(text), "#!/bin/sh\nhere=%s\necho $$ >$here/pid\n%s\n",
             system_folder, script);
    system_write("ccgate-system", span_of(text), 0700);
    ck_assert_int_eq(setenv("CCGATE_LIBEXEC", system_folder, 1), 0);
}

/* The answer that it may `cat $here/answer >&3`. */
static inline void system_answer(const struct system_fetched *fetched)
{
    struct buf out;

    buf_init(&out, SYSTEM_MESSAGE_LIMIT);
    ck_assert_int_eq(system_put_fetched(&out, fetched), 0);
    system_write("answer", buf_span(&out), 0600);
    buf_clear(&out);
}

#endif
