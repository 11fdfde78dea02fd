/*
 * pac_copy: see pac_copy.h. The file is lines of "key: value", an empty line and the
 * script.
 */
#include "route/pac_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define MAGIC     "ccgate-pac-copy 1"
#define PATH_ROOM 4096
#define FILE_LIMIT                                                                     \
    (PAC_SCRIPT_LIMIT + SYSTEM_URL_LIMIT + 2 * SYSTEM_HEADER_LIMIT + 1024)

static bool fail(char why[PAC_COPY_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char why[PAC_COPY_WHY], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, PAC_COPY_WHY, format, arguments);
    va_end(arguments);
    return false;
}

void pac_copy_clear(struct pac_copy *copy)
{
    free(copy->script);
    *copy = (struct pac_copy){0};
}

/* FNV-1a. Two URLs of one hash only replace each other's copy: the URL stands in it. */
static uint64_t url_hash(const char *url)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *url != '\0'; url++)
        hash = (hash ^ (unsigned char)*url) * 0x100000001b3u;
    return hash;
}

static bool path_make(const char *state_dir, const char *url, char path[PATH_ROOM])
{
    int n = snprintf(path, PATH_ROOM, "%s/pac/%016" PRIx64, state_dir, url_hash(url));

    return n > 0 && n < PATH_ROOM;
}

/* ---- reading ---- */

static bool copy_value(struct span value, char to[SYSTEM_HEADER_LIMIT + 1])
{
    if (value.len > SYSTEM_HEADER_LIMIT)
        return false;
    memcpy(to, value.at, value.len);
    to[value.len] = '\0';
    return true;
}

struct facts {
    struct span url;
    uint64_t length;
};

static bool take_line(struct span line, struct pac_copy *copy, struct facts *facts)
{
    size_t colon = span_find(line, ':');
    struct span key = {line.at, colon};
    struct span value = span_trim(span_skip(line, colon + 1));

    if (span_equal(key, SPAN("url")))
        facts->url = value;
    else if (span_equal(key, SPAN("etag")))
        return copy_value(value, copy->etag);
    else if (span_equal(key, SPAN("last-modified")))
        return copy_value(value, copy->last_modified);
    else if (span_equal(key, SPAN("checked")))
        return span_to_u64(value, &copy->checked);
    else if (span_equal(key, SPAN("length")))
        return span_to_u64(value, &facts->length);
    else
        return false;
    return true;
}

/* Whether it is whole; a copy of another URL is none. */
static bool parse(struct span text, const char *url, struct pac_copy *copy)
{
    struct facts facts = {.length = 0};
    struct span line = {NULL, 0};
    bool good = span_next(&text, "\n", &line) && span_equal(line, SPAN(MAGIC));

    while (good && span_next(&text, "\n", &line) && line.len > 0)
        good = take_line(line, copy, &facts);
    if (!good || line.len > 0 || facts.length == 0 || facts.length != text.len ||
        text.len > PAC_SCRIPT_LIMIT)
        return false;
    if (!span_equal(facts.url, span_of(url)))
        return true;
    copy->script = span_dup(text);
    copy->len = copy->script == NULL ? 0 : text.len;
    return copy->script != NULL;
}

bool pac_copy_load(const char *state_dir, const char *url, struct pac_copy *copy,
                   char why[PAC_COPY_WHY])
{
    char path[PATH_ROOM];
    const char *fault;
    struct buf text;
    struct stat st;
    bool good = false;
    int fd;

    if (!path_make(state_dir, url, path))
        return fail(why, "the path of the state folder is too long");
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return true;
    /* A script that somebody else put there would decide where our traffic goes. */
    fault = file_fault(fd, &st);
    buf_init(&text, FILE_LIMIT);
    if (fault != NULL)
        (void)fail(why, "%.300s: %s", path, fault);
    else if (file_read(fd, &text) != 0 || !parse(buf_span(&text), url, copy))
        (void)fail(why, "%.300s is damaged", path);
    else
        good = true;
    if (!good || copy->script == NULL)
        pac_copy_clear(copy);
    if (fd >= 0)
        (void)close(fd);
    buf_clear(&text);
    return good;
}

/* ---- writing ---- */

static int put_head(struct buf *out, const char *url, const struct pac_copy *copy)
{
    int error = buf_printf(out, MAGIC "\nurl: %s\n", url);

    if (error == 0 && copy->etag[0] != '\0')
        error = buf_printf(out, "etag: %s\n", copy->etag);
    if (error == 0 && copy->last_modified[0] != '\0')
        error = buf_printf(out, "last-modified: %s\n", copy->last_modified);
    if (error == 0)
        error = buf_printf(out, "checked: %" PRIu64 "\nlength: %zu\n\n", copy->checked,
                           copy->len);
    return error;
}

bool pac_copy_save(const char *state_dir, const char *url, const struct pac_copy *copy,
                   char why[PAC_COPY_WHY])
{
    char path[PATH_ROOM];
    struct buf text;
    int error;

    if (!path_make(state_dir, url, path))
        return fail(why, "the path of the state folder is too long");
    buf_init(&text, FILE_LIMIT);
    error = put_head(&text, url, copy);
    if (error == 0)
        error = buf_append(&text, copy->script, copy->len);
    if (error == 0)
        error = file_replace(path, buf_span(&text), 0600);
    buf_clear(&text);
    return error == 0 || fail(why, "%.300s: %s", path, strerror(-error));
}
