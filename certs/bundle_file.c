/*
 * bundle_file: files and folders of certificates. See bundle.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/bundle.h"

static void unreadable(struct bundle *bundle, const char *path, int error)
{
    bundle_complain(bundle, BUNDLE_UNREADABLE, path, 0, NULL, "cannot be read (%s)",
                    strerror(error));
}

/*
 * room: bytes that are expected. There may be a key among them: the buffer is not to
 * grow, which would leave copies behind, and is wiped.
 */
static void read_fd(struct bundle *bundle, const char *name, int fd, size_t room)
{
    struct buf content;
    int error;

    buf_init(&content, BUNDLE_FILE_LIMIT + 1);
    error = buf_reserve(&content, room);
    if (error == 0)
        error = file_read(fd, &content);
    if (error == -ENOMEM)
        bundle->no_memory = true;
    else if (error == -EMSGSIZE)
        bundle_complain(bundle, BUNDLE_TOO_LARGE, name, 0, NULL,
                        "has more than the %d MiB that are read",
                        BUNDLE_FILE_LIMIT / (1024 * 1024));
    else if (error != 0)
        unreadable(bundle, name, -error);
    else
        bundle_add(bundle, name, buf_span(&content));
    buf_wipe(&content);
}

static bool is_unsafe(const struct stat *st)
{
    return (st->st_uid != geteuid() && st->st_uid != 0) ||
           (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static void read_open(struct bundle *bundle, const char *path, int fd, bool ours)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        unreadable(bundle, path, errno);
    else if (!S_ISREG(st.st_mode))
        bundle_complain(bundle, BUNDLE_NO_FILE, path, 0, NULL, "is no regular file");
    else if (ours && is_unsafe(&st))
        bundle_complain(bundle, BUNDLE_UNSAFE, path, 0, NULL,
                        "could be changed by other users");
    else if (st.st_size > BUNDLE_FILE_LIMIT)
        bundle_complain(bundle, BUNDLE_TOO_LARGE, path, 0, NULL,
                        "has %.1f MiB, more than the %d MiB that are read",
                        (double)st.st_size / (1024.0 * 1024.0),
                        BUNDLE_FILE_LIMIT / (1024 * 1024));
    else
        read_fd(bundle, path, fd, (size_t)st.st_size + 1);
}

static void read_path(struct bundle *bundle, const char *path, bool ours)
{
    /* A pipe without a writer is not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        unreadable(bundle, path, errno);
        return;
    }
    read_open(bundle, path, fd, ours);
    (void)close(fd);
}

void bundle_read(struct bundle *bundle, const char *path)
{
    if (strcmp(path, "-") == 0)
        read_fd(bundle, "standard input", STDIN_FILENO, BUNDLE_FILE_LIMIT + 1);
    else
        read_path(bundle, path, false);
}

static int is_candidate(const struct dirent *entry)
{
    static const char *const ENDS[] = {".pem", ".crt", ".cer", ".der", ".p7b", ".p7c"};
    struct span name = span_of(entry->d_name);

    if (name.at[0] == '.')
        return 0;
    for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++)
        if (span_ends_nocase(name, span_of(ENDS[i])))
            return 1;
    return 0;
}

/* By bytes, whatever the locale is. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

void bundle_read_folder(struct bundle *bundle, const char *folder)
{
    struct dirent **entries = NULL;
    char path[PATH_MAX];
    struct stat st;
    int count;

    if (stat(folder, &st) == 0 && is_unsafe(&st)) {
        bundle_complain(bundle, BUNDLE_UNSAFE, folder, 0, NULL,
                        "could be changed by other users");
        return;
    }
    count = scandir(folder, &entries, is_candidate, by_name);
    if (count < 0 && errno != ENOENT)
        unreadable(bundle, folder, errno);
    for (int i = 0; i < count; i++) {
        int n = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);

        if (n > 0 && (size_t)n < sizeof(path))
            read_path(bundle, path, true);
        free(entries[i]);
    }
    free(entries);
}
