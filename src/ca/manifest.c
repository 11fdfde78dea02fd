/*
 * manifest: see manifest.h.
 */
#include "ca/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/paths.h"

enum { MANIFEST_VERSION = 1, FILE_MODE = 0600, FILE_LIMIT = 32 * 1024 * 1024 };

static bool complain(const struct manifest *manifest, const char *why)
{
    fprintf(stderr, "ccgate: ca: %s/%s: %s\n", manifest->state_dir, CERTS_MANIFEST,
            why);
    return false;
}

/* ---- as JSON ---- */

static json_t *setting_json(const struct setting *setting)
{
    return json_pack("{s:s, s:s*, s:s, s:s}", "format",
                     setting_format_name(setting->format), "section", setting->section,
                     "name", setting->name, "value", setting->value);
}

static json_t *change_json(const struct change *change)
{
    return json_pack("{s:s, s:s, s:b, s:i, s:i, s:s, s:s, s:o*, s:I, s:s, s:s}", "tool",
                     change->tool, "file", change->file, "created", change->created,
                     "folders", (int)change->folders, "mode", (int)change->mode,
                     "before", change->before, "after", change->after, "setting",
                     change->whole ? NULL : setting_json(&change->setting), "at",
                     (json_int_t)change->edit.at, "out", change->edit.out, "in",
                     change->edit.in);
}

/* NULL: memory is out, or some text is no UTF-8. */
static char *manifest_text(const struct manifest *manifest)
{
    json_t *list = json_array();
    json_t *json;
    char *text = NULL;
    int error = 0;

    for (size_t i = 0; i < manifest->count && error == 0; i++)
        error = json_array_append_new(list, change_json(&manifest->changes[i]));
    json = json_pack("{s:i, s:O}", "version", MANIFEST_VERSION, "changes", list);
    if (error == 0 && json != NULL)
        text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    json_decref(list);
    return text;
}

static bool take_setting(struct change *change, json_t *json)
{
    struct setting s = {.section = NULL};
    const char *format;

    if (json == NULL)
        return change_set(change, NULL) == 0;
    return json_unpack(json, "{s:s, s?s, s:s, s:s}", "format", &format, "section",
                       &s.section, "name", &s.name, "value", &s.value) == 0 &&
           setting_format_find(format, &s.format) && change_set(change, &s) == 0;
}

static bool take_hash(char hash[CHANGE_HASH], const char *text)
{
    size_t len = strlen(text);

    snprintf(hash, CHANGE_HASH, "%s", text);
    return len == 0 || len == CHANGE_HASH - 1;
}

static bool take_change(struct change *change, json_t *json)
{
    const char *tool, *file, *before, *after, *out, *in;
    json_t *setting = NULL;
    json_int_t at;
    int created, folders, mode;

    if (json_unpack(json, "{s:s, s:s, s:b, s:i, s:i, s:s, s:s, s?o, s:I, s:s, s:s}",
                    "tool", &tool, "file", &file, "created", &created, "folders",
                    &folders, "mode", &mode, "before", &before, "after", &after,
                    "setting", &setting, "at", &at, "out", &out, "in", &in) != 0 ||
        at < 0 || folders < 0 || file[0] != '/')
        return false;
    change->tool = strdup(tool);
    change->file = strdup(file);
    change->created = created != 0;
    change->folders = (unsigned)folders;
    change->mode = (mode_t)mode & 07777;
    change->edit = (struct setting_edit){(size_t)at, strdup(out), strdup(in)};
    return change->tool != NULL && change->file != NULL && change->edit.out != NULL &&
           change->edit.in != NULL && take_hash(change->before, before) &&
           take_hash(change->after, after) && take_setting(change, setting);
}

static bool take_all(struct manifest *manifest, json_t *json)
{
    json_t *list, *item;
    int version;
    size_t i;

    if (json_unpack(json, "{s:i, s:o}", "version", &version, "changes", &list) != 0 ||
        version != MANIFEST_VERSION)
        return false;
    manifest->changes = calloc(json_array_size(list) + 1, sizeof(struct change));
    if (manifest->changes == NULL)
        return false;
    json_array_foreach(list, i, item)
    {
        manifest->count++;
        if (!take_change(&manifest->changes[i], item))
            return false;
    }
    return true;
}

/* ---- the file ---- */

static bool read_text(struct manifest *manifest, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const char *fault;
    struct stat st;
    struct buf text;
    json_t *json = NULL;
    int error;

    if (fd < 0 && errno == ENOENT)
        return true;
    /* What it says is written to files of the user. */
    fault = file_fault(fd, &st);
    buf_init(&text, FILE_LIMIT);
    if (fault == NULL) {
        error = file_read(fd, &text);
        fault = error != 0 ? strerror(-error) : NULL;
    }
    if (fd >= 0)
        (void)close(fd);
    if (fault == NULL)
        json = json_loadb(buf_span(&text).at, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (fault == NULL && (json == NULL || !take_all(manifest, json)))
        fault = "cannot be read: it is damaged, or of another version";
    json_decref(json);
    buf_clear(&text);
    return fault == NULL || complain(manifest, fault);
}

/* The folder, so that no file is left for it. */
static bool lock(struct manifest *manifest, const char *path, bool create)
{
    char folder[PATH_MAX];
    int error = create ? file_make_folders(path) : 0;

    if (error != 0)
        return complain(manifest, strerror(-error));
    snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    manifest->lock = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (manifest->lock < 0)
        return errno == ENOENT || complain(manifest, strerror(errno));
    return flock(manifest->lock, LOCK_EX | LOCK_NB) == 0 ||
           complain(manifest, errno == EWOULDBLOCK
                                  ? "another \"ccgate ca\" is at it; try again"
                                  : strerror(errno));
}

bool manifest_open(struct manifest *manifest, const char *state_dir, bool create)
{
    char path[PATH_MAX];

    *manifest = (struct manifest){.state_dir = state_dir, .lock = -1};
    if (!certs_path(path, sizeof(path), state_dir, CERTS_MANIFEST))
        return complain(manifest, strerror(ENAMETOOLONG));
    return lock(manifest, path, create) && read_text(manifest, path);
}

void manifest_close(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->count; i++)
        change_clear(&manifest->changes[i]);
    free(manifest->changes);
    if (manifest->lock >= 0)
        (void)close(manifest->lock);
    *manifest = (struct manifest){.lock = -1};
}

static bool write_text(const struct manifest *manifest)
{
    char path[PATH_MAX];
    char *text;
    int error;

    if (!certs_path(path, sizeof(path), manifest->state_dir, CERTS_MANIFEST))
        return complain(manifest, strerror(ENAMETOOLONG));
    if (manifest->count == 0)
        return unlink(path) == 0 || errno == ENOENT ||
               complain(manifest, strerror(errno));
    text = manifest_text(manifest);
    if (text == NULL)
        return complain(manifest, "memory is out, or a path or value is no UTF-8");
    error = file_replace(path, span_of(text), FILE_MODE);
    free(text);
    return error == 0 || complain(manifest, strerror(-error));
}

struct change *manifest_find(const struct manifest *manifest, const char *tool,
                             const char *file)
{
    for (size_t i = 0; i < manifest->count; i++)
        if (strcmp(manifest->changes[i].tool, tool) == 0 &&
            strcmp(manifest->changes[i].file, file) == 0)
            return &manifest->changes[i];
    return NULL;
}

bool manifest_add(struct manifest *manifest, struct change *change)
{
    struct change *more =
        realloc(manifest->changes, (manifest->count + 1) * sizeof(struct change));

    if (more == NULL)
        return complain(manifest, strerror(ENOMEM));
    manifest->changes = more;
    more[manifest->count++] = *change;
    if (write_text(manifest)) {
        *change = (struct change){.tool = NULL};
        return true;
    }
    manifest->count--;
    return false;
}

bool manifest_drop(struct manifest *manifest, struct change *change)
{
    size_t at = (size_t)(change - manifest->changes);
    struct change gone = *change;

    manifest->count--;
    memmove(change, change + 1, (manifest->count - at) * sizeof(struct change));
    if (write_text(manifest)) {
        change_clear(&gone);
        return true;
    }
    memmove(change + 1, change, (manifest->count - at) * sizeof(struct change));
    *change = gone;
    manifest->count++;
    return false;
}
