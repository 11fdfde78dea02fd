/*
 * files: the layers that are files, in their order, and whom a managed file must belong
 * to.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/internal.h"

/* root + a + b + c, to be freed; NULL after a report. */
static char *join(struct loader *l, const char *a, const char *b, const char *c)
{
    struct buf path;
    char *result = NULL;

    buf_init(&path, SIZE_MAX);
    if (buf_append_text(&path, a) == 0 && buf_append_text(&path, b) == 0 &&
        buf_append_text(&path, c) == 0)
        result = span_dup(buf_span(&path));
    buf_clear(&path);
    if (result == NULL)
        report_no_memory(&l->report);
    return result;
}

static const char *root(const struct loader *l)
{
    return l->from->root == NULL ? "" : l->from->root;
}

/* ---- one file ---- */

/* 0 or an errno; EFBIG for a file that is too large. */
static int read_text(int fd, struct buf *text)
{
    for (;;) {
        ssize_t n;
        int error = buf_reserve(text, 4096);

        if (error != 0)
            return error == -EMSGSIZE ? EFBIG : -error;
        n = read(fd, buf_tail(text), buf_room(text));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return text->len > FILE_MAX ? EFBIG : 0;
        buf_commit(text, (size_t)n);
    }
}

static void set_folder(struct loader *l, struct source *source)
{
    const char *slash = strrchr(source->name, '/');
    struct span folder = {source->name,
                          slash == NULL ? 0 : (size_t)(slash - source->name)};
    char *text = span_dup(folder);

    if (text == NULL) {
        report_no_memory(&l->report);
        return;
    }
    if (source->name[0] == '/') {
        source->folder = text;
        return;
    }
    if (l->folder != NULL)
        source->folder = join(l, l->folder, text[0] == '\0' ? "" : "/", text);
    free(text);
}

static void read_fd(struct loader *l, struct source *source, int fd)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct span content;
    struct stat st;
    struct buf text;
    int error;

    buf_init(&text, FILE_MAX + 8192);
    /* Room for the whole: growing would leave copies of passwords behind. */
    if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= FILE_MAX)
        (void)buf_reserve(&text, (size_t)st.st_size + 4096);
    error = read_text(fd, &text);
    if (error == EFBIG) {
        report_name(&l->report, false, source->name, "this file is too large");
        goto out;
    }
    if (error != 0) {
        report_name(&l->report, false, source->name, "cannot be read: %s",
                    strerror(error));
        goto out;
    }
    content = buf_span(&text);
    if (span_starts(content, span_of(bom)))
        content = span_skip(content, 3);
    source->text = span_dup(content);
    source->len = content.len;
    if (source->text == NULL)
        report_no_memory(&l->report);
    else
        loader_yaml(l, source);
out:
    buf_wipe(&text);
}

static void load_fd(struct loader *l, enum layer layer, const char *name, int fd)
{
    struct source *source = loader_source(l, layer, name);
    struct stat st;

    if (source == NULL)
        return;
    set_folder(l, source);
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        report_name(&l->report, false, name, "is not a file");
        return;
    }
    source->exposed = (st.st_mode & 077) != 0;
    if (!l->report.no_memory)
        read_fd(l, source, fd);
}

/* A file that may be missing; in one that must not be, a pipe will do. */
static void load_file(struct loader *l, const char *name, bool required)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (required ? 0 : O_NONBLOCK));

    if (fd < 0) {
        if (required || (errno != ENOENT && errno != ENOTDIR))
            report_name(&l->report, false, name, "cannot be opened: %s",
                        strerror(errno));
        return;
    }
    load_fd(l, LAYER_FILE, name, fd);
    close(fd);
}

/* ---- folders ---- */

struct names {
    char **name;
    size_t count;
};

static void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

static bool names_add(struct names *names, const char *name)
{
    char **larger = realloc(names->name, (names->count + 1) * sizeof(*larger));

    if (larger == NULL)
        return false;
    names->name = larger;
    larger[names->count] = span_dup(span_of(name));
    return larger[names->count++] != NULL;
}

static int compare(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

static void list_names(struct loader *l, const char *folder, DIR *dir,
                       struct names *names)
{
    struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        struct span name = span_of(entry->d_name);

        if (name.at[0] == '.')
            continue;
        if (span_ends_nocase(name, SPAN(".yml")))
            report_name(&l->report, true, folder,
                        "%s is not read: its name does not end in .yaml", name.at);
        if (!span_ends_nocase(name, SPAN(".yaml")))
            continue;
        if (!names_add(names, entry->d_name)) {
            report_no_memory(&l->report);
            return;
        }
    }
    if (names->count > 1)
        qsort(names->name, names->count, sizeof(*names->name), compare);
}

static void load_conf_d(struct loader *l)
{
    char *folder = join(l, root(l), "/etc/ccgate/conf.d", "");
    struct names names = {NULL, 0};
    DIR *dir;

    if (folder == NULL)
        return;
    dir = opendir(folder);
    if (dir == NULL) {
        if (errno != ENOENT && errno != ENOTDIR)
            report_name(&l->report, false, folder, "cannot be opened: %s",
                        strerror(errno));
        goto out;
    }
    list_names(l, folder, dir, &names);
    closedir(dir);
    for (size_t i = 0; i < names.count && !l->report.no_memory; i++) {
        char *path = join(l, folder, "/", names.name[i]);

        if (path != NULL)
            load_file(l, path, false);
        free(path);
    }
out:
    names_clear(&names);
    free(folder);
}

static void load_user_file(struct loader *l)
{
    const char *folder = environment_get(l->from, "XDG_CONFIG_HOME");
    char *path = NULL;

    if (folder != NULL && folder[0] == '/')
        path = join(l, folder, "/ccgate/ccgate.yaml", "");
    else if (l->home != NULL)
        path = join(l, l->home, "/.config/ccgate/ccgate.yaml", "");
    if (path != NULL)
        load_file(l, path, false);
    free(path);
}

void loader_files(struct loader *l)
{
    static const char *const fixed[] = {
        "/usr/lib/ccgate/ccgate.yaml",
        "/etc/ccgate/ccgate.yaml",
    };

    if (l->from->file != NULL) {
        load_file(l, l->from->file, true);
        return;
    }
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        char *path = join(l, root(l), fixed[i], "");

        if (path == NULL)
            return;
        load_file(l, path, false);
        free(path);
    }
    load_conf_d(l);
    if (!l->report.no_memory)
        load_user_file(l);
}

/* ---- managed.d ---- */

/* Managed values override the user's, so nobody but root may be able to write them. */
static bool is_managed(struct loader *l, const char *name, int fd, bool folder)
{
    struct stat st;
    bool test = l->from->root != NULL;

    if (fstat(fd, &st) != 0)
        report_name(&l->report, false, name, "cannot be examined: %s", strerror(errno));
    else if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
        report_name(&l->report, false, name, "is not a %s",
                    folder ? "directory" : "regular file");
    else if (st.st_uid != 0 && !(test && st.st_uid == geteuid()))
        report_name(&l->report, false, name,
                    "must belong to root, but belongs to uid %lu",
                    (unsigned long)st.st_uid);
    else if ((st.st_mode & 022) != 0)
        report_name(&l->report, false, name,
                    "may be written by others (mode %04o): run chmod go-w %s",
                    (unsigned)(st.st_mode & 07777), name);
    else
        return true;
    return false;
}

static void load_managed_file(struct loader *l, const char *folder, int at,
                              const char *name)
{
    char *path = join(l, folder, "/", name);
    int fd =
        openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

    if (path == NULL)
        goto out;
    if (fd < 0 && errno == ELOOP)
        report_name(&l->report, false, path, "a managed file cannot be a link");
    else if (fd < 0)
        report_name(&l->report, false, path, "cannot be opened: %s", strerror(errno));
    else if (is_managed(l, path, fd, false))
        load_fd(l, LAYER_MANAGED, path, fd);
out:
    if (fd >= 0)
        close(fd);
    free(path);
}

void loader_managed(struct loader *l)
{
    char *folder = join(l, root(l), "/etc/ccgate/managed.d", "");
    struct names names = {NULL, 0};
    DIR *dir = folder == NULL ? NULL : opendir(folder);

    if (folder == NULL)
        return;
    if (dir == NULL) {
        if (errno != ENOENT && errno != ENOTDIR)
            report_name(&l->report, false, folder, "cannot be opened: %s",
                        strerror(errno));
        goto out;
    }
    if (!is_managed(l, folder, dirfd(dir), true))
        goto out;
    list_names(l, folder, dir, &names);
    for (size_t i = 0; i < names.count && !l->report.no_memory; i++)
        load_managed_file(l, folder, dirfd(dir), names.name[i]);
out:
    if (dir != NULL)
        closedir(dir);
    names_clear(&names);
    free(folder);
}
