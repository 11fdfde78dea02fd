/*
 * store: see store.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif

#include "ca/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "certs/held.h"

struct store {
    const char *folder;
    const char *suffix; /* the command takes no other files */
    char program[32];
    char update[16]; /* its argument, or "" */
    char fresh[16];
};

static const struct store STORES[] = {
    /* Fedora, RHEL */
    {"/etc/pki/ca-trust/source/anchors", ".pem", "update-ca-trust", "extract",
     "extract"},
    /* Debian, Alpine; without --fresh, links to files that have gone may stay */
    {"/usr/local/share/ca-certificates", ".crt", "update-ca-certificates", "",
     "--fresh"},
    /* Arch */
    {"/etc/ca-certificates/trust-source/anchors", ".crt", "trust", "extract-compat",
     "extract-compat"},
    /* SUSE */
    {"/usr/share/pki/trust/anchors", ".pem", "update-ca-certificates", "", "--fresh"},
};

static bool find_program(const char *program, char *path, size_t size)
{
    static const char *const FOLDERS[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        snprintf(path, size, "%s/%s", FOLDERS[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

const struct store *store_find(void)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(STORES) / sizeof(STORES[0]); i++)
        if (access(STORES[i].folder, F_OK) == 0 &&
            find_program(STORES[i].program, path, sizeof(path)))
            return &STORES[i];
    return NULL;
}

const char *store_folder(const struct store *store)
{
    return store->folder;
}

bool store_path(const struct store *store, const struct cert *cert, char *path,
                size_t size)
{
    int n = snprintf(path, size, "%s/ccgate-%s%s", store->folder, cert->fingerprint,
                     store->suffix);

    return n > 0 && (size_t)n < size;
}

void store_command(const struct store *store, bool fresh, char *text, size_t size)
{
    const char *word = fresh ? store->fresh : store->update;

    snprintf(text, size, "%s%s%s", store->program, word[0] != '\0' ? " " : "", word);
}

/* Its exit status, or -errno. */
static int run(const struct store *store, bool fresh)
{
    static const struct spawn_fd FDS[] = {
        {0, -1}, {1, STDERR_FILENO}, {2, STDERR_FILENO}};
    char path[PATH_MAX];
    struct store own = *store; /* of which arguments may be made */
    char *word = fresh ? own.fresh : own.update;
    char *argv[] = {own.program, word[0] != '\0' ? word : NULL, NULL};
    int status, error;
    pid_t pid;

    if (!find_program(store->program, path, sizeof(path)))
        return -ENOENT;
    error = spawn_start(&pid, &(struct spawn_options){
                                  .program = path,
                                  .argv = argv,
                                  .environment = environ,
                                  .fds = FDS,
                                  .fd_count = sizeof(FDS) / sizeof(FDS[0]),
                              });
    if (error != 0)
        return error;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool store_update(const struct store *store, bool fresh)
{
    char command[64];
    int status = run(store, fresh);

    if (status == 0)
        return true;
    store_command(store, fresh, command, sizeof(command));
    if (status < 0)
        fprintf(stderr, "ccgate: ca: %s: %s\n", command, strerror(-status));
    else
        fprintf(stderr, "ccgate: ca: %s: ended with %d\n", command, status);
    return false;
}

void store_read(struct bundle *bundle, int64_t now)
{
    const char *file = held_system_roots();

    bundle_init(bundle, false, now);
    if (file != NULL)
        bundle_read(bundle, file);
}
