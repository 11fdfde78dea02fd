/*
 * fetch_local: file: and data: URLs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "pac/fetch.h"

/* Decodes %XX; what is none stays as it is, as in the URL standard. */
static int append_decoded(struct buf *out, struct span s)
{
    int error = 0;

    for (size_t i = 0; i < s.len && error == 0; i++) {
        char c = s.at[i];

        if (c == '%' && i + 2 < s.len && span_hex_digit(s.at[i + 1]) >= 0 &&
            span_hex_digit(s.at[i + 2]) >= 0) {
            c = (char)(span_hex_digit(s.at[i + 1]) << 4 | span_hex_digit(s.at[i + 2]));
            i += 2;
        }
        error = buf_append(out, &c, 1);
    }
    return error;
}

/* ---- file: (RFC 8089) ---- */

static bool read_file(struct fetch *fetch, int fd, const char *path)
{
    struct stat st;
    int error;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fetch_fail(fetch, SYSTEM_FILE, "%s is no regular file", path);
    error = file_read(fd, &fetch->bytes);
    if (error == -EMSGSIZE)
        return fetch_fail(fetch, SYSTEM_TOO_LONG, "is longer than 1 MiB");
    if (error != 0)
        return fetch_fail(fetch, SYSTEM_FILE, "%s: %s", path, strerror(-error));
    return true;
}

bool fetch_file(struct fetch *fetch, struct span url)
{
    struct span path = span_skip(url, strlen("file:"));
    struct buf name;
    bool done = false;
    int fd;

    buf_init(&name, 4096);
    if (span_starts(path, SPAN("//")))
        path = span_skip(path, 2);
    if (span_starts_nocase(path, SPAN("localhost/")))
        path = span_skip(path, strlen("localhost"));
    if (path.len == 0 || path.at[0] != '/')
        return fetch_fail(fetch, SYSTEM_BAD_URL,
                          "names a file of another host, or none with its whole path "
                          "(file:///etc/proxy.pac)");
    path.len = span_find(path, '#');
    if (append_decoded(&name, path) != 0 || buf_append(&name, "", 1) != 0 ||
        memchr(name.data, '\0', name.len - 1) != NULL) {
        buf_clear(&name);
        return fetch_fail(fetch, SYSTEM_BAD_URL,
                          "names no file: it is too long or holds a NUL");
    }
    /* A pipe must not be waited for. */
    fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        (void)fetch_fail(fetch, SYSTEM_FILE, "%s: %s", name.data, strerror(errno));
    else
        done = read_file(fetch, fd, name.data);
    if (fd >= 0)
        (void)close(fd);
    buf_clear(&name);
    return done;
}

/* ---- data: (RFC 2397) ---- */

static int sextet(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* RFC 4648 section 4; with or without its '=', blanks are passed over. */
static bool append_base64(struct fetch *fetch, struct span s)
{
    uint32_t bits = 0;
    size_t count = 0;
    int error = 0;

    for (size_t i = 0; i < s.len && error == 0; i++) {
        int value = sextet(s.at[i]);

        if (s.at[i] == '=')
            break;
        if (strchr(" \t\r\n", s.at[i]) != NULL && s.at[i] != '\0')
            continue;
        if (value < 0)
            return fetch_fail(fetch, SYSTEM_BAD_URL, "holds no base64");
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 != 1) {
            char c = (char)(bits >> (6 - 2 * ((count - 1) % 4)) & 0xff);

            error = buf_append(&fetch->bytes, &c, 1);
        }
    }
    if (error != 0)
        return fetch_fail(fetch, SYSTEM_TOO_LONG, "is longer than 1 MiB");
    if (count % 4 == 1)
        return fetch_fail(fetch, SYSTEM_BAD_URL, "holds no whole base64");
    return true;
}

bool fetch_data(struct fetch *fetch, struct span url)
{
    struct span rest = span_skip(url, strlen("data:"));
    size_t comma = span_find(rest, ',');
    struct span type = {rest.at, comma};
    struct buf decoded;
    bool base64 = span_ends_nocase(type, SPAN(";base64"));
    bool done;

    if (comma == rest.len)
        return fetch_fail(fetch, SYSTEM_BAD_URL, "has no comma before its data");
    if (base64)
        type.len -= strlen(";base64");
    if (type.len < sizeof(fetch->content_type)) {
        memcpy(fetch->content_type, type.at, type.len);
        fetch->content_type[type.len] = '\0';
    }
    rest = span_skip(rest, comma + 1);
    rest.len = span_find(rest, '#');
    if (!base64) {
        if (append_decoded(&fetch->bytes, rest) != 0)
            return fetch_fail(fetch, SYSTEM_TOO_LONG, "is longer than 1 MiB");
        return true;
    }
    buf_init(&decoded, SYSTEM_URL_LIMIT);
    if (append_decoded(&decoded, rest) != 0)
        done = fetch_fail(fetch, SYSTEM_TOO_LONG, "is longer than 1 MiB");
    else
        done = append_base64(fetch, buf_span(&decoded));
    buf_clear(&decoded);
    return done;
}
