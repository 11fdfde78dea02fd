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
#include <sys/stat.h>
#include <unistd.h>

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

static bool path_make(const char *state_dir, const char *url, const char *tail,
                      char path[PATH_ROOM])
{
    int n = snprintf(path, PATH_ROOM, "%s/pac/%016" PRIx64 "%s", state_dir,
                     url_hash(url), tail);

    return n > 0 && n < PATH_ROOM;
}

/* ---- reading ---- */

/* A script that somebody else put there would decide where our traffic goes. */
static const char *file_fault(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "is no regular file";
    if (st.st_uid != geteuid())
        return "belongs to another user";
    if ((st.st_mode & 022) != 0)
        return "can be written to by other users";
    return NULL;
}

static bool read_all(int fd, struct buf *text)
{
    ssize_t n;

    do {
        if (buf_reserve(text, 1) != 0)
            return false;
        n = read(fd, buf_tail(text), buf_room(text));
        if (n > 0)
            buf_commit(text, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0;
}

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
    bool good = false;
    int fd;

    if (!path_make(state_dir, url, "", path))
        return fail(why, "the path of the state folder is too long");
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return fail(why, "%.300s: %s", path, strerror(errno));
    buf_init(&text, FILE_LIMIT);
    fault = file_fault(fd);
    if (fault != NULL)
        (void)fail(why, "%.300s %s", path, fault);
    else if (!read_all(fd, &text) || !parse(buf_span(&text), url, copy))
        (void)fail(why, "%.300s is damaged", path);
    else
        good = true;
    if (!good || copy->script == NULL)
        pac_copy_clear(copy);
    (void)close(fd);
    buf_clear(&text);
    return good;
}

/* ---- writing ---- */

static void make_folders(const char *state_dir)
{
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof(path), "%s/pac/", state_dir);

    for (int i = 1; i < n && n < PATH_ROOM; i++) {
        if (path[i] != '/')
            continue;
        path[i] = '\0';
        (void)mkdir(path, 0700); /* what fails is seen when the file is opened */
        path[i] = '/';
    }
}

static bool write_all(int fd, struct span s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.at, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = span_skip(s, (size_t)n);
    }
    return true;
}

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
    char path[PATH_ROOM], fresh[PATH_ROOM], tail[32];
    struct buf head;
    bool good;
    int fd;

    (void)snprintf(tail, sizeof(tail), ".%d", (int)getpid());
    if (!path_make(state_dir, url, "", path) || !path_make(state_dir, url, tail, fresh))
        return fail(why, "the path of the state folder is too long");
    make_folders(state_dir);
    (void)unlink(fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(why, "%.300s: %s", fresh, strerror(errno));
    buf_init(&head, FILE_LIMIT);
    good = put_head(&head, url, copy) == 0 && write_all(fd, buf_span(&head)) &&
           write_all(fd, (struct span){copy->script, copy->len}) && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (!good || rename(fresh, path) != 0) {
        good = fail(why, "%.300s: %s", fresh, strerror(errno));
        (void)unlink(fresh);
    }
    buf_clear(&head);
    return good;
}
