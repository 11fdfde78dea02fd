/*
 * change: see change.h.
 */
#include "ca/change.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void change_clear(struct change *change)
{
    free(change->tool);
    free(change->file);
    free(change->section);
    free(change->name);
    free(change->value);
    setting_edit_clear(&change->edit);
    *change = (struct change){.tool = NULL};
}

int change_set(struct change *change, const struct setting *setting)
{
    change->whole = setting == NULL;
    if (change->whole)
        return 0;
    change->section = setting->section != NULL ? strdup(setting->section) : NULL;
    change->name = strdup(setting->name);
    change->value = strdup(setting->value);
    change->setting = (struct setting){
        .format = setting->format,
        .section = change->section,
        .name = change->name,
        .value = change->value,
    };
    return change->name == NULL || change->value == NULL ||
                   (change->section == NULL && setting->section != NULL)
               ? -ENOMEM
               : 0;
}

bool change_hash(struct span content, char hash[CHANGE_HASH])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];

    hash[0] = '\0';
    if (EVP_Digest(content.len > 0 ? content.at : "", content.len, bytes, NULL,
                   EVP_sha256(), NULL) != 1)
        return false;
    for (size_t i = 0; i < (CHANGE_HASH - 1) / 2; i++)
        snprintf(hash + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* ---- files ---- */

static const char *read_open(int fd, struct buf *content, mode_t *mode)
{
    struct stat st;
    int error;

    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "is no regular file";
    if (st.st_uid != geteuid() && geteuid() != 0)
        return "belongs to another user";
    error = file_read(fd, content);
    *mode = st.st_mode & 07777;
    return error == -EMSGSIZE ? "is too large" : error != 0 ? strerror(-error) : NULL;
}

const char *change_read(const char *file, struct buf *content, mode_t *mode)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    const char *fault;

    *mode = 0;
    if (fd < 0)
        return errno == ENOENT  ? NULL
               : errno == ELOOP ? "has become a symbolic link"
                                : strerror(errno);
    fault = read_open(fd, content, mode);
    (void)close(fd);
    return fault;
}

/* Cuts the last part off a path. False: that was the root. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return false;
    *slash = '\0';
    return true;
}

unsigned change_missing_folders(const char *file)
{
    char path[PATH_MAX];
    unsigned missing = 0;

    snprintf(path, sizeof(path), "%s", file);
    while (go_up(path) && access(path, F_OK) != 0)
        missing++;
    return missing;
}

/* Those that somebody has put something into stay. */
static void remove_folders(const struct change *change)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", change->file);
    for (unsigned i = 0; i < change->folders && go_up(path); i++)
        if (rmdir(path) != 0)
            return;
}

/* ---- doing ---- */

static bool is_content(struct span content, mode_t mode, const char *hash)
{
    char now[CHANGE_HASH];

    if (mode == 0)
        return hash[0] == '\0';
    return change_hash(content, now) && strcmp(now, hash) == 0;
}

/* The file must still be what the plan was made of. */
static const char *check_same(const char *file, struct span content, mode_t mode)
{
    struct buf now;
    mode_t mode_now;
    const char *fault;

    buf_init(&now, CHANGE_TEXT_LIMIT);
    fault = change_read(file, &now, &mode_now);
    if (fault == NULL && (mode != mode_now || !span_equal(content, buf_span(&now))))
        fault = "has changed meanwhile; try again";
    buf_clear(&now);
    return fault;
}

static const char *put(const char *file, struct span content, mode_t mode)
{
    int error = file_replace(file, content, mode);

    return error != 0 ? strerror(-error) : NULL;
}

const char *change_apply(const struct change *change, struct span before)
{
    const char *fault =
        check_same(change->file, before, change->created ? 0 : change->mode);
    struct buf after;
    int error;

    if (fault != NULL)
        return fault;
    buf_init(&after, 2 * CHANGE_TEXT_LIMIT);
    error = setting_edit_apply(&change->edit, before, &after);
    if (error != 0)
        fault = strerror(-error);
    else
        fault = put(change->file, buf_span(&after), change->mode);
    buf_clear(&after);
    return fault;
}

/* ---- undoing ---- */

static int exact(const struct change *change, struct undo *undo)
{
    int error = setting_edit_reverse(&change->edit, buf_span(&undo->now), &undo->then);

    if (error == 0) {
        undo->kind = CHANGE_RESTORED;
        undo->remove = change->created;
        undo->edit.at = change->edit.at;
        undo->edit.out = strdup(change->edit.in);
        undo->edit.in = strdup(change->edit.out);
    }
    return undo->edit.out != NULL && undo->edit.in != NULL ? error : -ENOMEM;
}

static int partly(const struct change *change, struct undo *undo)
{
    struct span now = buf_span(&undo->now);
    char *value = NULL;
    int error;

    undo->fault = setting_fault(&change->setting, now);
    if (undo->fault != NULL) {
        undo->kind = CHANGE_FAULTY;
        return 0;
    }
    error = setting_find(&change->setting, now, &value);
    if (error == 0 && (value == NULL || strcmp(value, change->setting.value) != 0)) {
        undo->kind = value == NULL ? CHANGE_GONE : CHANGE_FOREIGN;
        free(value);
        return 0;
    }
    free(value);
    if (error == 0)
        error = setting_unset(&change->setting, now, &change->edit, &undo->edit);
    if (error == 0)
        error = setting_edit_apply(&undo->edit, now, &undo->then);
    if (error != 0)
        return error;
    undo->kind = CHANGE_TAKEN_OUT;
    undo->remove =
        change->created && setting_is_bare(&change->setting, buf_span(&undo->then));
    return 0;
}

int undo_plan(const struct change *change, struct undo *undo)
{
    struct span now;

    *undo = (struct undo){.kind = CHANGE_FAULTY};
    buf_init(&undo->now, CHANGE_TEXT_LIMIT);
    buf_init(&undo->then, 2 * CHANGE_TEXT_LIMIT);
    undo->fault = change_read(change->file, &undo->now, &undo->mode);
    if (undo->fault != NULL)
        return 0;
    now = buf_span(&undo->now);
    if (is_content(now, undo->mode, change->before)) {
        undo->kind = CHANGE_NOT_DONE;
        return 0;
    }
    if (undo->mode == 0) {
        undo->kind = CHANGE_GONE;
        return 0;
    }
    if (is_content(now, undo->mode, change->after))
        return exact(change, undo);
    if (change->whole) {
        undo->kind = CHANGE_FOREIGN;
        return 0;
    }
    return partly(change, undo);
}

void undo_clear(struct undo *undo)
{
    setting_edit_clear(&undo->edit);
    buf_wipe(&undo->now); /* the file may have a password in it */
    buf_wipe(&undo->then);
}

const char *undo_apply(const struct change *change, const struct undo *undo)
{
    const char *fault;

    if (undo->kind != CHANGE_RESTORED && undo->kind != CHANGE_TAKEN_OUT) {
        /* It was not done any more after the folders, or was taken out. */
        if (undo->mode == 0)
            remove_folders(change);
        return NULL;
    }
    fault = check_same(change->file, buf_span(&undo->now), undo->mode);
    if (fault != NULL)
        return fault;
    if (!undo->remove)
        return put(change->file, buf_span(&undo->then), undo->mode);
    if (unlink(change->file) != 0)
        return strerror(errno);
    remove_folders(change);
    return NULL;
}
